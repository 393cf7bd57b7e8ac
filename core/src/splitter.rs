//! The port that cuts documents into chunks.

use std::fmt::Debug;
use std::sync::Arc;

use crate::{Chunk, Document};

/// Cuts a document into chunks: pure, without I/O, borrowing the text.
///
/// # For implementors
/// - Every character that is not white space lies in at least one chunk.
/// - Chunks come in the order of their starts, each starts and ends later than the one before.
/// - No chunk is above the limit except one that holds a single atom; that one is marked
///   [`oversize`](Chunk::oversize).
/// - Grapheme clusters are not cut. The same document gives the same chunks.
/// - It does not fail: what could be wrong is refused when the splitter is built.
///
/// # For callers
/// Blank text gives no chunks. Chunks may overlap when the splitter was told so.
pub trait Splitter: Debug + Send + Sync {
    /// The chunks of the document.
    fn split<'d>(&self, document: &'d Document) -> Vec<Chunk<'d>>;

    /// Names what it does and with which settings, so that a stored corpus can tell that it
    /// was cut in another way.
    fn id(&self) -> String {
        format!("{self:?}")
    }
}

impl<S: Splitter + ?Sized> Splitter for &S {
    fn split<'d>(&self, document: &'d Document) -> Vec<Chunk<'d>> {
        (**self).split(document)
    }
    fn id(&self) -> String {
        (**self).id()
    }
}

impl<S: Splitter + ?Sized> Splitter for Arc<S> {
    fn split<'d>(&self, document: &'d Document) -> Vec<Chunk<'d>> {
        (**self).split(document)
    }
    fn id(&self) -> String {
        (**self).id()
    }
}

impl<S: Splitter + ?Sized> Splitter for Box<S> {
    fn split<'d>(&self, document: &'d Document) -> Vec<Chunk<'d>> {
        (**self).split(document)
    }
    fn id(&self) -> String {
        (**self).id()
    }
}
