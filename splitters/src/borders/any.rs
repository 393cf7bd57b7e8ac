//! Borders at any of several separators of the same rank.

use std::sync::Arc;

use aho_corasick::{AhoCorasick, Input, Match, MatchKind};
use gori_core::{Error, ErrorKind, Result};

use super::{Borders, Side};
use crate::trim::is_border;

/// Several separators, searched together from the left.
#[derive(Clone, Debug)]
pub(crate) struct Any {
    automaton: AhoCorasick,
    sides: Arc<[Side]>,
    longest: usize,
}

impl Any {
    /// No needle must be empty. Where two match at one place, the longer one does.
    pub(crate) fn new(needles: &[(&str, Side)]) -> Result<Self> {
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(needles.iter().map(|(needle, _)| needle))
            .map_err(|error| {
                Error::new(
                    ErrorKind::Config,
                    "these separators are too many or too long",
                )
                .caused_by(error)
            })?;
        Ok(Self {
            automaton,
            sides: needles.iter().map(|(_, side)| *side).collect(),
            longest: needles.iter().map(|(n, _)| n.len()).max().unwrap_or(1),
        })
    }

    pub(crate) fn within<'t>(&'t self, text: &'t str) -> Within<'t> {
        Within { any: self, text }
    }
}

/// Several separators in a text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Within<'t> {
    any: &'t Any,
    text: &'t str,
}

impl<'t> Within<'t> {
    /// The borders behind `from` whose matches end at `end` or before, in rising order.
    fn borders(&self, from: usize, end: usize) -> impl Iterator<Item = usize> + use<'t> {
        let Self { any, text } = *self;
        let input = Input::new(text).range(from..end.max(from));
        let border = |found: Match| match any.sides.get(found.pattern().as_usize()) {
            Some(Side::Before) => found.start(),
            _ => found.end(),
        };
        any.automaton
            .find_iter(input)
            .map(border)
            .filter(move |at| *at > from && is_border(text, from, *at))
    }

    fn window_end(&self, upto: usize, end: usize) -> usize {
        upto.saturating_add(self.any.longest).min(end)
    }
}

impl Borders for Within<'_> {
    fn last(&self, from: usize, upto: usize, end: usize) -> Option<usize> {
        let borders = self.borders(from, self.window_end(upto, end));
        borders.take_while(|at| *at <= upto && *at < end).last()
    }

    fn next(&self, from: usize, upto: usize, end: usize) -> Option<usize> {
        let mut borders = self.borders(from, self.window_end(upto, end));
        borders.next().filter(|at| *at <= upto && *at < end)
    }

    fn first(&self, from: usize, at: usize, end: usize) -> Option<usize> {
        self.borders(from, end)
            .find(|border| *border >= at)
            .filter(|border| *border < end)
    }
}
