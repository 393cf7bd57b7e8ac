//! The walk over a text that all splitters with a limit share.

use std::ops::Range;

use gori_core::Chunk;

use crate::borders::{Borders, Clusters};
use crate::measure::Measure;
use crate::separators::Level;
use crate::trim::trim;

/// A text being cut: its measure and the chunks so far.
#[derive(Debug)]
pub(crate) struct Cut<'d, M> {
    text: &'d str,
    measure: M,
    chunks: Vec<Chunk<'d>>,
}

impl<'d, M: Measure> Cut<'d, M> {
    pub(crate) fn new(text: &'d str, measure: M) -> Self {
        Self {
            text,
            measure,
            chunks: Vec::new(),
        }
    }

    pub(crate) fn text(&self) -> &'d str {
        self.text
    }

    pub(crate) fn finish(self) -> Vec<Chunk<'d>> {
        self.chunks
    }

    /// The chunks from this one on, to write on them what they have in common.
    pub(crate) fn chunks_from(&mut self, first: usize) -> &mut [Chunk<'d>] {
        self.chunks.get_mut(first..).unwrap_or_default()
    }

    /// How many chunks there are so far.
    pub(crate) fn len(&self) -> usize {
        self.chunks.len()
    }

    /// Whether the text between two offsets is within the limit.
    pub(crate) fn fits(&mut self, from: usize, to: usize) -> bool {
        self.measure.fits(from, to)
    }

    /// Fills chunks with the pieces between the borders, as many as the limit allows, and
    /// hands every piece that is too long alone to `long`, in its place.
    ///
    /// These are the rules of LangChain's text splitters: a chunk is filled until the next
    /// piece does not fit; a piece too long for a chunk closes the chunk before it, is cut
    /// by finer separators on its own, and shares nothing with its neighbours.
    pub(crate) fn pack(
        &mut self,
        borders: &impl Borders,
        range: Range<usize>,
        long: &dyn Fn(&mut Self, Range<usize>),
    ) {
        let Range { start, end } = range;
        let mut from = start;
        while from < end {
            let Some(to) = self.measure.last_fit(borders, from, end) else {
                let to = borders.next(from, end, end).unwrap_or(end);
                long(self, from..to);
                from = to;
                continue;
            };
            self.push(from..to, false);
            from = self.following(borders, from, to, end);
        }
    }

    /// Where the chunk behind `from..to` starts.
    fn following(&mut self, borders: &impl Borders, from: usize, to: usize, end: usize) -> usize {
        if to == end || !self.measure.shares() {
            return to;
        }
        let next = borders.next(to, end, end).unwrap_or(end);
        if !self.measure.fits(to, next) {
            return to;
        }
        self.measure.share(borders, from, to, next)
    }

    /// Cuts a range by separators of falling rank, and in the end between grapheme clusters.
    pub(crate) fn by_levels(&mut self, levels: &[Level], range: Range<usize>) {
        match levels.split_first() {
            Some((level, finer)) => {
                self.by_level(level, range, &|cut, long| cut.by_levels(finer, long));
            }
            None => self.pack(&Clusters(self.text), range, &|cut, atom| {
                cut.push(atom, true)
            }),
        }
    }

    /// Cuts a range by the separators of one rank.
    pub(crate) fn by_level(
        &mut self,
        level: &Level,
        range: Range<usize>,
        long: &dyn Fn(&mut Self, Range<usize>),
    ) {
        let text = self.text;
        match level {
            Level::One(literal) => self.pack(&literal.within(text), range, long),
            Level::Any(any) => self.pack(&any.within(text), range, long),
        }
    }

    /// Makes a chunk of a range without the blanks at its ends, unless nothing is left or the
    /// chunk before holds it all.
    fn push(&mut self, range: Range<usize>, oversize: bool) {
        let Some(span) = trim(self.text, range) else {
            return;
        };
        if let Some(before) = self.chunks.last().map(Chunk::span) {
            if span.end <= before.end {
                return;
            }
            // What is shared was blank up to where the chunk before started.
            if span.start <= before.start {
                self.chunks.pop();
            }
        }
        let oversize = oversize && !self.measure.fits(span.start, span.end);
        if let Some(mut chunk) = Chunk::new(self.text, span) {
            chunk.oversize = oversize;
            self.chunks.push(chunk);
        }
    }
}
