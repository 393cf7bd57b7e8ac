//! Units of size: how far a chunk may reach from where it starts.

mod bytes;
mod chars;
mod tokens;

pub(crate) use bytes::Bytes;
pub(crate) use chars::Chars;
pub(crate) use tokens::Tokens;

use crate::borders::Borders;

/// Measures the text of one document against one limit.
///
/// Characters and bytes are measured with the blanks at the ends of a chunk, tokens without
/// them: a blank may be part of a token, so that only the chunk as it will be given out can be
/// counted exactly.
pub(crate) trait Measure {
    /// Whether the text between two offsets is within the limit.
    fn fits(&mut self, from: usize, to: usize) -> bool;

    /// The last border behind `from`, up to `end` (which is one), within the limit.
    fn last_fit(&mut self, borders: &impl Borders, from: usize, end: usize) -> Option<usize>;

    /// Where the next chunk starts, if this one is `from..to` and the next must hold
    /// `to..next`: the first border behind `from` that shares no more than the overlap and
    /// leaves room for what must come; `to` when there is none.
    fn share(&mut self, borders: &impl Borders, from: usize, to: usize, next: usize) -> usize;

    /// Whether chunks share anything at all.
    fn shares(&self) -> bool;
}
