//! Sizes in tokens, exactly, at little more than the cost of counting the text once.
//!
//! The text is counted from [seam](TokenCounter::seam) to seam, and what was counted is kept.
//! Stretches end at the last seam before a border that is tried, so that the size of a chunk is
//! the sum of the stretches in it and of its two ends, a word or a mark each, which are counted
//! anew. Where a border falls into a stretch, the shorter side of it is counted and the other is
//! the rest. Without seams whole candidates are counted, which is as exact and takes longer.

use std::ops::Range;

use gori_core::TokenCounter;

use super::Measure;
use crate::borders::Borders;
use crate::trim::trim;

/// Stretches towards the limit have at least so many bytes, since counting a single word is
/// mostly overhead.
const SHORT: usize = 32;

/// Stretches have at most so many bytes, since half of one that a border lies in is counted
/// again. What is longer and of no chunk so far is skipped.
const LONG: usize = 512;

/// After so many bytes the density of the text is half forgotten.
const FORGET: usize = 16 << 10;

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
    /// Stretches before it that were not counted.
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

    /// The first place in a range where counting can start afresh.
    fn first_seam(&self, range: Range<usize>) -> Option<usize> {
        let from = ceil_char(self.text, range.start);
        let mut before = self.text.get(..from)?.chars().next_back()?;
        let mut chars = self.text.get(from..)?.char_indices();
        let (offset, _) = chars
            .by_ref()
            .take_while(|(offset, _)| from + offset <= range.end)
            .find(|(_, char)| {
                let seam = self.counter.seam(before, *char);
                before = *char;
                seam
            })?;
        Some(from + offset)
    }

    /// The last such place behind `after` and up to `end`. The end of the text is one.
    fn last_seam(&self, after: usize, end: usize) -> Option<usize> {
        let Some(mut behind) = self.text.get(end..)?.chars().next() else {
            return Some(end).filter(|end| *end > after);
        };
        let before = self.text.get(after..end)?.char_indices().rev();
        let mut at = end;
        for (offset, char) in before {
            if self.counter.seam(char, behind) {
                return Some(at);
            }
            (at, behind) = (after + offset, char);
        }
        None
    }

    /// The tokens of the text between two offsets, without the blanks at its ends, and where it
    /// ends. It may be cut off where it is above the limit already.
    fn count(&mut self, from: usize, to: usize) -> (usize, usize) {
        let Some(range) = trim(self.text, from..to) else {
            return (0, to);
        };
        let Some(first) = self.seam_behind(&range) else {
            let tokens = self.plain(range.clone());
            self.learn(range.len(), tokens);
            return (tokens, range.end);
        };
        let head = self.count_head(range.start..first.at);
        let last = self.count_until(first, range.end);
        if last.gaps != first.gaps {
            return (self.plain(range.clone()), range.end);
        }
        let inner = last.tokens - first.tokens;
        if inner > self.size || last.at == range.end {
            return (head + inner, last.at);
        }
        (head + inner + self.plain(last.at..range.end), range.end)
    }

    /// The first seam in a range.
    fn seam_behind(&mut self, range: &Range<usize>) -> Option<Seam> {
        let known = self.seams.partition_point(|seam| seam.at < range.start);
        if let Some(seam) = self.seams.get(known).filter(|seam| seam.at == range.start) {
            return Some(*seam);
        }
        let at = self.first_seam(range.clone())?;
        let last = self.seams.last().copied()?;
        if at <= last.at {
            return self.split(at);
        }
        let gap = at - last.at > LONG;
        let tokens = if gap { 0 } else { self.plain(last.at..at) };
        let seam = Seam {
            at,
            tokens: last.tokens + tokens,
            gaps: last.gaps + usize::from(gap),
        };
        self.seams.push(seam);
        Some(seam)
    }

    /// The last seam up to `end`, all between it and the first counted; or an earlier one with
    /// more than the limit between.
    fn count_until(&mut self, first: Seam, end: usize) -> Seam {
        while let Some(last) = self.seams.last().copied() {
            let left = self.size.checked_sub(last.tokens - first.tokens);
            let Some(left) = left.filter(|_| last.at < end) else {
                break;
            };
            let near = last.at + self.likely(left).clamp(SHORT, LONG);
            let at = match near < end {
                true => self.first_seam(near..end),
                false => None,
            };
            let Some(at) = at.or_else(|| self.last_seam(last.at, end)) else {
                return last;
            };
            let tokens = self.plain(last.at..at);
            self.learn(at - last.at, tokens);
            self.seams.push(Seam {
                at,
                tokens: last.tokens + tokens,
                ..last
            });
        }
        let behind = self.seams.partition_point(|seam| seam.at <= end);
        let known = behind.checked_sub(1).and_then(|i| self.seams.get(i));
        let known = known.copied().unwrap_or(first);
        if known.tokens - first.tokens > self.size {
            return known;
        }
        let at = self.last_seam(known.at, end);
        at.and_then(|at| self.split(at)).unwrap_or(known)
    }

    /// The seam at a place that has been passed. Where it lies within a stretch, the shorter
    /// side of it is counted; none where the stretch was not counted.
    fn split(&mut self, at: usize) -> Option<Seam> {
        let index = self.seams.partition_point(|seam| seam.at < at);
        let behind = *self.seams.get(index)?;
        if behind.at == at {
            return Some(behind);
        }
        let before = *self.seams.get(index.checked_sub(1)?)?;
        if before.gaps != behind.gaps {
            return None;
        }
        let tokens = match at - before.at <= behind.at - at {
            true => before.tokens + self.plain(before.at..at),
            false => behind.tokens.checked_sub(self.plain(at..behind.at))?,
        };
        let seam = Seam {
            at,
            tokens,
            ..before
        };
        self.seams.insert(index, seam);
        Some(seam)
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
}

impl Measure for Tokens<'_> {
    fn fits(&mut self, from: usize, to: usize) -> bool {
        to - from <= self.size.saturating_mul(LONGEST) && self.count(from, to).0 <= self.size
    }

    fn last_fit(&mut self, borders: &impl Borders, from: usize, end: usize) -> Option<usize> {
        let cap = end.min(from.saturating_add(self.size.saturating_mul(LONGEST)));
        let mut reach = cap.min(from.saturating_add(self.likely(self.size)));
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
            let (tokens, counted) = self.count(from, to);
            let scaled = scale(counted - from, self.size, tokens);
            if tokens <= self.size {
                if to == end {
                    return Some(end);
                }
                best = Some(to);
                reach = from.saturating_add(scaled).clamp(to, beyond - 1);
            } else {
                beyond = to;
                reach = from.saturating_add(scaled).min(to - 1);
            }
        }
    }

    fn share(&mut self, borders: &impl Borders, from: usize, to: usize, next: usize) -> usize {
        let mut at = to.saturating_sub(self.likely(self.overlap));
        while let Some(start) = borders.first(from, at, to) {
            if self.fits(start, next) && self.count(start, to).0 <= self.overlap {
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
