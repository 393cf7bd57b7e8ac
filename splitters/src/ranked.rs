//! Borders that a parser found, the outer ones before those within.

use std::ops::Range;

use crate::borders::Offsets;
use crate::cut::Cut;
use crate::measure::Measure;
use crate::separators::Separators;
use crate::trim::is_border;

/// What is nested deeper than this is cut as text, so that hostile nesting costs no stack.
pub(crate) const DEEPEST: usize = 48;

/// How a stretch is cut that has no border within and is above the limit all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Prose,
    Verbatim,
}

#[derive(Clone, Copy, Debug)]
struct Mark {
    at: usize,
    rank: usize,
    content: Content,
}

/// Borders in rising order, each with the depth at which it lies: 0 is outermost.
#[derive(Debug)]
pub(crate) struct Ranked<'t> {
    text: &'t str,
    marks: Vec<Mark>,
}

/// The separators for what a parser finds no border in.
#[derive(Clone, Debug)]
pub(crate) struct Inner {
    pub(crate) prose: Separators,
    pub(crate) verbatim: Separators,
}

impl<'t> Ranked<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        let marks = Vec::new();
        Self { text, marks }
    }

    /// Adds a border. One that would cut a grapheme cluster is none, and where one stands
    /// already, the outer rank counts and the content that was said last.
    pub(crate) fn mark(&mut self, at: usize, rank: usize, content: Content) {
        match self.marks.last_mut() {
            Some(last) if last.at == at => {
                last.rank = last.rank.min(rank);
                last.content = content;
            }
            Some(last) if last.at > at || !is_border(self.text, last.at, at) => {}
            None if !is_border(self.text, 0, at) => {}
            _ => self.marks.push(Mark { at, rank, content }),
        }
    }

    /// Cuts a range at the outermost borders in it, and what is too long at those within.
    pub(crate) fn cut<M: Measure>(&self, cut: &mut Cut<'_, M>, inner: &Inner, range: Range<usize>) {
        self.cut_behind(cut, inner, range.clone(), range.start);
    }

    /// Cuts a range at borders behind `known`, which those before were passed over to.
    fn cut_behind<M: Measure>(
        &self,
        cut: &mut Cut<'_, M>,
        inner: &Inner,
        range: Range<usize>,
        known: usize,
    ) {
        let first = self.marks.partition_point(|mark| mark.at <= known);
        let last = self.marks.partition_point(|mark| mark.at < range.end);
        let within = self.marks.get(first..last).unwrap_or_default();
        let Some(outermost) = within.iter().map(|mark| mark.rank).min() else {
            let here = first.checked_sub(1).and_then(|at| self.marks.get(at));
            let separators = match here.map(|mark| mark.content) {
                Some(Content::Prose) => &inner.prose,
                _ => &inner.verbatim,
            };
            cut.by_levels(&separators.levels, range);
            return;
        };
        let starts = within.iter().filter(|mark| mark.rank == outermost);
        let mut starts: Vec<_> = starts.map(|mark| mark.at).collect();
        let glued = self.glued(cut, &starts, &range);
        if glued.is_some() {
            starts.remove(0);
        }
        if let (Some(known), []) = (glued, &starts[..]) {
            self.cut_behind(cut, inner, range, known);
            return;
        }
        let start = range.start;
        cut.pack(&Offsets(&starts), range, &|cut, long| {
            let first = glued.filter(|_| long.start == start);
            let known = first.unwrap_or(long.start);
            self.cut_behind(cut, inner, long, known);
        });
    }

    /// The first border, where nothing but opening brackets stands before it, and what follows
    /// must be cut anyway: then they are no chunk of their own.
    fn glued<M: Measure>(
        &self,
        cut: &mut Cut<'_, M>,
        starts: &[usize],
        range: &Range<usize>,
    ) -> Option<usize> {
        let first = *starts.first()?;
        let before = self.text.get(range.start..first)?;
        let end = starts.get(1).copied().unwrap_or(range.end);
        let opens = |c: char| c.is_whitespace() || matches!(c, '{' | '[' | '(');
        (before.chars().all(opens) && !cut.fits(first, end)).then_some(first)
    }
}
