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

/// Stretches have at least so many bytes, since counting a single word is mostly overhead.
const SHORT: usize = 32;

/// Stretches have at most so many bytes, since one that a border lies in is counted again.
const LONG: usize = 256;

/// Stretches grow shorter towards the limit: this part of what is left.
const PART: usize = 3;

/// After so many bytes the density of the text is half forgotten.
const FORGET: usize = 16 << 10;

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

    fn plain(&self, range: Range<usize>) -> usize {
        let text = self.text.get(range);
        text.map_or(0, |text| self.counter.count(text))
    }

    /// Notes how many tokens so many bytes had. What lies far back counts for less.
    fn learn(&mut self, bytes: usize, tokens: usize) {
        let keep = if self.seen.0 > FORGET { 2 } else { 1 };
        self.seen = (self.seen.0 / keep + bytes, self.seen.1 / keep + tokens);
    }

    /// How many bytes this many tokens are likely to have.
    fn likely(&self, tokens: usize) -> usize {
        let (bytes, seen) = self.seen;
        let likely = (tokens as u128 * bytes as u128).div_ceil(seen.max(1) as u128);
        usize::try_from(likely).unwrap_or(usize::MAX).max(1)
    }

    /// Counts on until a seam lies at or behind `at`, or the text ends.
    fn count_until(&mut self, at: usize, stretch: usize) {
        while let Some(last) = self.seams.last().copied() {
            if last.at >= at || last.at >= self.text.len() {
                return;
            }
            let seam = self.next_seam(last, stretch);
            if seam.gaps == last.gaps {
                self.learn(seam.at - last.at, seam.tokens - last.tokens);
            }
            self.seams.push(seam);
        }
    }

    /// The seam behind the last one, its stretch counted unless it is too long.
    fn next_seam(&self, last: Seam, stretch: usize) -> Seam {
        let (near, patience) = (last.at + stretch, last.at + PATIENCE);
        let rest = self.text.len() <= patience;
        let Some(at) = self
            .find_seam(near, patience)
            .or(rest.then_some(self.text.len()))
        else {
            let far = self.find_seam(patience, self.text.len());
            return Seam {
                at: far.unwrap_or(self.text.len()),
                gaps: last.gaps + 1,
                ..last
            };
        };
        let tokens = last.tokens + self.plain(last.at..at);
        Seam { at, tokens, ..last }
    }

    /// The first seam at or behind `from` and before `end`.
    fn find_seam(&self, from: usize, end: usize) -> Option<usize> {
        let from = ceil_char(self.text, from);
        let end = ceil_char(self.text, end);
        let mut before = self.text.get(..from)?.chars().next_back()?;
        let mut chars = self.text.get(from..end)?.char_indices();
        let (offset, _) = chars.find(|(_, char)| {
            let seam = self.counter.seam(before, *char);
            before = *char;
            seam
        })?;
        Some(from + offset)
    }

    /// The tokens of the text between two offsets, without the blanks at its ends; any number
    /// above the limit when it is above.
    fn count(&mut self, from: usize, to: usize) -> usize {
        let Some(range) = trim(self.text, from..to) else {
            return 0;
        };
        let Some((first, last)) = self.seams_in(&range) else {
            let tokens = self.plain(range.clone());
            self.learn(range.len(), tokens);
            return tokens;
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

    /// The tokens from the start of a chunk to the first seam in it, which every candidate for
    /// its end has in common.
    fn count_head(&mut self, range: Range<usize>) -> usize {
        match &self.head {
            Some((counted, tokens)) if *counted == range => *tokens,
            _ if range.is_empty() => 0,
            _ => {
                let tokens = self.plain(range.clone());
                self.head = Some((range, tokens));
                tokens
            }
        }
    }

    /// The first and the last seam in a range with no gap between; `None` when there are none.
    fn seams_in(&mut self, range: &Range<usize>) -> Option<(Seam, Seam)> {
        self.count_until(range.end, SHORT);
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
            self.count_until((from + 1).min(cap), SHORT);
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
                Some(last) => {
                    let left = self.size - (last.tokens - first.tokens);
                    let stretch = (self.likely(left) / PART).clamp(SHORT, LONG);
                    self.count_until(last.at + 1, stretch);
                }
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

/// The first border between characters at or behind `at`, at most the end of the text.
fn ceil_char(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at += 1;
    }
    at
}

/// How many of these bytes are likely within the limit, if all of them have so many tokens.
fn scale(bytes: usize, size: usize, tokens: usize) -> usize {
    let scaled = bytes as u128 * size as u128 / tokens.max(1) as u128;
    usize::try_from(scaled).unwrap_or(usize::MAX)
}
