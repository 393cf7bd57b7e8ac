//! Sizes in tokens, exactly, at little more than the cost of counting the text once.
//!
//! The text is counted from [seam](TokenCounter::seam) to seam, each stretch once and only
//! when it is needed. The size of a chunk is then the sum of the stretches in it, and only
//! its two ends, from the chunk's border to the nearest seam, are counted anew. Without seams
//! whole candidates are counted, which is as exact and takes longer.

use std::ops::Range;

use gori_core::TokenCounter;

use super::Measure;
use crate::borders::Borders;
use crate::trim::trim;

/// Stretches are at least this long in bytes, so that a word is not a call of its own.
const STRETCH: usize = 32;

/// Where no seam is found within this many bytes, the text is skipped and will be counted
/// candidate by candidate.
const PATIENCE: usize = 4096;

/// A token is taken to be at most this long in bytes on the average of a chunk. Some
/// encodings give one token to a word of any length, and a file without a blank would
/// otherwise be one chunk.
const LONGEST: usize = 64;

#[derive(Debug)]
pub(crate) struct Tokens<'t> {
    text: &'t str,
    counter: &'t dyn TokenCounter,
    size: usize,
    overlap: usize,
    seams: Vec<Seam>,
    /// What was counted last from a border to the seam behind it.
    head: Option<(Range<usize>, usize)>,
    /// Bytes and tokens counted so far, which foretell the next border where seams do not.
    seen: (usize, usize),
}

/// A place where counting can start afresh.
#[derive(Clone, Copy, Debug)]
struct Seam {
    at: usize,
    /// Tokens before it, without those of the gaps.
    tokens: usize,
    /// Stretches before it that were too long to be counted.
    gaps: usize,
}

impl<'t> Tokens<'t> {
    /// Measures the text from `start` on, which is taken as a seam: nothing before is asked.
    pub(crate) fn new(
        text: &'t str,
        counter: &'t dyn TokenCounter,
        size: usize,
        overlap: usize,
        start: usize,
    ) -> Self {
        let origin = Seam {
            at: start,
            tokens: 0,
            gaps: 0,
        };
        Self {
            text,
            counter,
            size,
            overlap,
            seams: vec![origin],
            head: None,
            seen: (4, 1),
        }
    }

    fn plain(&mut self, range: Range<usize>) -> usize {
        let tokens = self
            .text
            .get(range.clone())
            .map_or(0, |text| self.counter.count(text));
        self.seen = (self.seen.0 + range.len(), self.seen.1 + tokens);
        tokens
    }

    /// How many bytes this many tokens are likely to have.
    fn likely(&self, tokens: usize) -> usize {
        let (bytes, seen) = self.seen;
        let likely = (tokens as u128 * bytes as u128).div_ceil(seen.max(1) as u128);
        usize::try_from(likely).unwrap_or(usize::MAX).max(1)
    }

    /// Counts on until a seam lies at or behind `at`, or the text ends.
    fn count_until(&mut self, at: usize) {
        while let Some(last) = self.seams.last().copied() {
            if last.at >= at || last.at >= self.text.len() {
                return;
            }
            let seam = self.next_seam(last);
            self.seams.push(seam);
        }
    }

    /// The seam behind the last one, its stretch counted.
    fn next_seam(&mut self, last: Seam) -> Seam {
        let rest = self.text.get(last.at..).unwrap_or_default();
        let mut before = None;
        for (offset, char) in rest.char_indices() {
            let here =
                offset >= STRETCH && before.is_some_and(|before| self.counter.seam(before, char));
            if here {
                let at = last.at + offset;
                let tokens = last.tokens + self.plain(last.at..at);
                return Seam { at, tokens, ..last };
            }
            if offset >= PATIENCE {
                break;
            }
            before = Some(char);
        }
        self.skip(last, rest)
    }

    /// The seam at the end of a stretch that has none for too long.
    fn skip(&mut self, last: Seam, rest: &str) -> Seam {
        if rest.len() <= PATIENCE {
            let at = self.text.len();
            let tokens = last.tokens + self.plain(last.at..at);
            return Seam { at, tokens, ..last };
        }
        let mut chars = rest.char_indices().skip_while(|(at, _)| *at < PATIENCE);
        let mut before = chars.next().map(|(_, char)| char);
        let seam = chars.find(|(_, char)| {
            let seam = before.is_some_and(|before| self.counter.seam(before, *char));
            before = Some(*char);
            seam
        });
        Seam {
            at: seam.map_or(self.text.len(), |(offset, _)| last.at + offset),
            tokens: last.tokens,
            gaps: last.gaps + 1,
        }
    }

    /// The tokens of the text between two offsets, without the blanks at its ends; any number
    /// above the limit when it is above.
    fn count(&mut self, from: usize, to: usize) -> usize {
        let Some(range) = trim(self.text, from..to) else {
            return 0;
        };
        let Some((first, last)) = self.seams_in(&range) else {
            return self.plain(range);
        };
        let inner = last.tokens - first.tokens;
        if inner > self.size {
            return inner;
        }
        let head = self.count_head(range.start..first.at);
        if last.at == range.end {
            return head + inner;
        }
        head + inner + self.plain(last.at..range.end)
    }

    fn count_head(&mut self, range: Range<usize>) -> usize {
        match &self.head {
            Some((counted, tokens)) if *counted == range => *tokens,
            _ => {
                let tokens = if range.is_empty() {
                    0
                } else {
                    self.plain(range.clone())
                };
                self.head = Some((range, tokens));
                tokens
            }
        }
    }

    /// The first and the last seam in a range with no gap between; `None` when there are none.
    fn seams_in(&mut self, range: &Range<usize>) -> Option<(Seam, Seam)> {
        self.count_until(range.end);
        let first = self.seams.partition_point(|seam| seam.at < range.start);
        let last = self.seams.partition_point(|seam| seam.at <= range.end);
        let (first, last) = (
            *self.seams.get(first)?,
            *self.seams.get(last.checked_sub(1)?)?,
        );
        (first.at <= last.at && first.gaps == last.gaps).then_some((first, last))
    }

    /// An offset that lies likely a little behind the limit, seen from here.
    fn reach(&mut self, from: usize, cap: usize) -> usize {
        let index = self.seams.partition_point(|seam| seam.at < from);
        let Some(first) = self.seams.get(index).copied() else {
            self.count_until((from + 1).min(cap));
            // Nothing was counted here yet: a first stretch shows how dense the text is.
            return match self.seams.last() {
                Some(seam) if seam.at >= from && seam.at < cap => self.reach(from, cap),
                _ => cap.min(from + self.likely(self.size)),
            };
        };
        loop {
            match self.seams.last().copied() {
                Some(last) if last.gaps > first.gaps => break,
                Some(last) if last.tokens - first.tokens > self.size || last.at >= cap => break,
                Some(last) => self.count_until(last.at + 1),
                None => break,
            }
        }
        let within =
            |seam: &Seam| seam.gaps == first.gaps && seam.tokens - first.tokens <= self.size;
        let beyond = index
            + self
                .seams
                .get(index..)
                .map_or(0, |s| s.partition_point(within));
        match self.seams.get(beyond) {
            Some(seam) if seam.gaps == first.gaps => seam.at.min(cap),
            _ => cap.min(from + self.likely(self.size)),
        }
    }
}

impl Measure for Tokens<'_> {
    fn fits(&mut self, from: usize, to: usize) -> bool {
        to - from <= self.size.saturating_mul(LONGEST) && self.count(from, to) <= self.size
    }

    fn last_fit(&mut self, borders: &impl Borders, from: usize, end: usize) -> Option<usize> {
        let cap = end.min(from.saturating_add(self.size.saturating_mul(LONGEST)));
        let mut reach = self.reach(from, cap);
        // The best border that is known to fit, and the offset where those that do not begin.
        let (mut best, mut beyond) = (None, cap + 1);
        loop {
            let floor = best.unwrap_or(from);
            let to = match reach {
                reach if reach >= end => Some(end),
                reach => borders.last(from, reach, end).filter(|to| *to > floor),
            };
            // No border between what fits and the foretold place: try the first one behind.
            let to = to.or_else(|| {
                let next = borders.next(floor, cap, end);
                next.or((cap == end).then_some(end))
            });
            let Some(to) = to.filter(|to| *to < beyond) else {
                return best;
            };
            let tokens = self.count(from, to);
            let scaled = scale(to - from, self.size, tokens);
            if tokens <= self.size {
                if to == end {
                    return Some(end);
                }
                best = Some(to);
                reach = (from + scaled).clamp(to, beyond - 1);
            } else {
                beyond = to;
                reach = (from + scaled).min(to - 1);
            }
        }
    }

    fn share(&mut self, borders: &impl Borders, from: usize, to: usize, next: usize) -> usize {
        let mut at = to.saturating_sub(self.likely(self.overlap));
        while let Some(start) = borders.first(from, at, to) {
            if self.fits(start, next) && self.count(start, to) <= self.overlap {
                return start;
            }
            at = start + (to - start).div_ceil(4);
        }
        to
    }

    fn shares(&self) -> bool {
        self.overlap > 0
    }
}

/// How many of these bytes are likely within the limit, if all of them have so many tokens.
fn scale(bytes: usize, size: usize, tokens: usize) -> usize {
    let scaled = bytes as u128 * size as u128 / tokens.max(1) as u128;
    usize::try_from(scaled).unwrap_or(usize::MAX)
}
