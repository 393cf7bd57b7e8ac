//! Borders at one separator, by a byte search.

use memchr::memmem::{Finder, FinderRev};

use super::{Borders, Side};
use crate::trim::is_border;

/// One separator, prepared for searching in both directions.
#[derive(Clone, Debug)]
pub(crate) struct Literal {
    needle: Box<str>,
    side: Side,
    finder: Finder<'static>,
    reverse: FinderRev<'static>,
    shape: Shape,
}

/// How matches of the needle may overlap. They are taken from left to right and do not
/// overlap, so a search from the right must not be fooled by one that does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// They cannot.
    Plain,
    /// The same byte over and over: matches stand in runs of this byte.
    Run(u8),
    /// They can in some other way; such needles are searched from the left only.
    Folded,
}

impl Literal {
    /// The needle must not be empty.
    pub(crate) fn new(needle: &str, side: Side) -> Self {
        Self {
            needle: needle.into(),
            side,
            finder: Finder::new(needle.as_bytes()).into_owned(),
            reverse: FinderRev::new(needle.as_bytes()).into_owned(),
            shape: Shape::of(needle.as_bytes()),
        }
    }

    pub(crate) fn within<'t>(&'t self, text: &'t str) -> Within<'t> {
        Within {
            literal: self,
            text,
            bytes: text.as_bytes(),
        }
    }
}

impl Shape {
    fn of(needle: &[u8]) -> Self {
        match needle {
            [] | [_] => Self::Plain,
            [first, rest @ ..] if rest.iter().all(|byte| byte == first) => Self::Run(*first),
            _ if (1..needle.len()).any(|n| needle.ends_with(&needle[..n])) => Self::Folded,
            _ => Self::Plain,
        }
    }
}

/// A separator in a text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Within<'t> {
    literal: &'t Literal,
    text: &'t str,
    bytes: &'t [u8],
}

impl Within<'_> {
    fn len(&self) -> usize {
        self.literal.needle.len()
    }

    /// From where matches behind `from` are searched: not in the one that `from` is cut before.
    fn start(&self, from: usize) -> usize {
        match self.literal.side {
            Side::Before if self.bytes[from..].starts_with(self.literal.needle.as_bytes()) => {
                from + self.len()
            }
            _ => from,
        }
    }

    /// The border that a match at this offset makes.
    fn border(&self, matched: usize) -> usize {
        match self.literal.side {
            Side::Before => matched,
            Side::Behind => matched + self.len(),
        }
    }

    /// One past the last byte of the last match whose border is not behind `upto`.
    fn window_end(&self, upto: usize, end: usize) -> usize {
        match self.literal.side {
            Side::Before => upto.saturating_add(self.len()).min(end),
            Side::Behind => upto.min(end),
        }
    }

    fn find(&self, start: usize, end: usize) -> Option<usize> {
        let window = self.bytes.get(start..end)?;
        Some(start + self.literal.finder.find(window)?)
    }

    /// The last match between `start`, where matching begins, and `end`.
    fn rfind(&self, start: usize, end: usize) -> Option<usize> {
        let window = self.bytes.get(start..end)?;
        match self.literal.shape {
            Shape::Plain => Some(start + self.literal.reverse.rfind(window)?),
            Shape::Run(byte) => {
                let found = start + self.literal.reverse.rfind(window)?;
                let run = self.run_start(byte, start, found);
                Some(found - (found - run) % self.len())
            }
            Shape::Folded => self
                .literal
                .finder
                .find_iter(window)
                .last()
                .map(|at| start + at),
        }
    }

    /// The first match at or behind `at`, where matching begins at `start`.
    fn find_aligned(&self, start: usize, at: usize, end: usize) -> Option<usize> {
        let at = at.max(start);
        if at >= end {
            return None;
        }
        match self.literal.shape {
            Shape::Plain => self.find(at, end),
            Shape::Run(byte) => {
                let run = self.run_start(byte, start, at);
                let aligned = run + (at - run).next_multiple_of(self.len());
                let bytes = self.bytes.get(at..aligned.min(end))?;
                // What is left of a run that ends before the next match is too short for one,
                // and the run behind it is matched from its own start.
                let goes_on = bytes.iter().all(|b| *b == byte);
                self.find(if goes_on { aligned } else { at }, end)
            }
            Shape::Folded => {
                let window = self.bytes.get(start..end)?;
                let mut matches = self.literal.finder.find_iter(window).map(|f| start + f);
                matches.find(|found| *found >= at)
            }
        }
    }

    fn run_start(&self, byte: u8, start: usize, at: usize) -> usize {
        let before = self.bytes[start..at].iter().rev();
        at - before.take_while(|b| **b == byte).count()
    }
}

impl Borders for Within<'_> {
    fn last(&self, from: usize, upto: usize, end: usize) -> Option<usize> {
        let start = self.start(from);
        let mut window_end = self.window_end(upto, end);
        loop {
            let matched = self.rfind(start, window_end)?;
            let border = self.border(matched);
            if border > from && border < end && is_border(self.text, from, border) {
                return Some(border);
            }
            // Everything before this match still ends where it begins.
            window_end = matched;
        }
    }

    fn next(&self, from: usize, upto: usize, end: usize) -> Option<usize> {
        let mut start = self.start(from);
        let window_end = self.window_end(upto, end);
        loop {
            let matched = self.find(start, window_end)?;
            let border = self.border(matched);
            if border >= end {
                return None;
            }
            if border > from && is_border(self.text, from, border) {
                return Some(border);
            }
            start = matched + self.len();
        }
    }

    fn first(&self, from: usize, at: usize, end: usize) -> Option<usize> {
        let start = self.start(from);
        let mut at = match self.literal.side {
            Side::Before => at.max(from + 1),
            Side::Behind => at.max(from + 1).saturating_sub(self.len()),
        };
        loop {
            let matched = self.find_aligned(start, at, end)?;
            let border = self.border(matched);
            if border >= end {
                return None;
            }
            if is_border(self.text, from, border) {
                return Some(border);
            }
            at = matched + self.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What the trait says, taken literally: matches from the left, one after the other.
    fn slow(text: &str, needle: &str, side: Side, from: usize, end: usize) -> Vec<usize> {
        let literal = Literal::new(needle, side);
        let within = literal.within(text);
        let (mut at, mut borders) = (within.start(from), Vec::new());
        while let Some(found) = text.get(at..end).and_then(|rest| rest.find(needle)) {
            let border = within.border(at + found);
            if border > from && border < end {
                borders.push(border);
            }
            at += found + needle.len();
        }
        borders
    }

    #[test]
    fn a_run_that_ends_before_the_next_match_does_not_hide_the_run_behind_it() {
        let literal = Literal::new("aaa", Side::Before);
        let within = literal.within("aaaaaaababaaa");
        assert_eq!(within.first(0, 9, 13), Some(10));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn searches_from_both_sides_agree_with_matching_from_the_left(
            text in "[ab]{0,40}", needle in "aa|a|ab|aba|aaa|bab",
            behind: bool, from in 0_usize..10, upto in 0_usize..45, end in 0_usize..45,
        ) {
            let end = end.min(text.len());
            let from = from.min(end);
            let upto = upto.clamp(from, end);
            let side = if behind { Side::Behind } else { Side::Before };
            let literal = Literal::new(&needle, side);
            let within = literal.within(&text);
            let borders = slow(&text, &needle, side, from, end);
            let last = borders.iter().rev().find(|b| **b <= upto).copied();
            prop_assert_eq!(within.last(from, upto, end), last);
            let next = borders.first().filter(|b| **b <= upto).copied();
            prop_assert_eq!(within.next(from, upto, end), next);
            let first = borders.iter().find(|b| **b >= upto).copied();
            prop_assert_eq!(within.first(from, upto, end), first);
        }
    }
}
