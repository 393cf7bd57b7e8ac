//! The port through which documents come in.

use std::fmt::Debug;
use std::sync::Arc;

use futures_core::stream::BoxStream;

use crate::{Document, Result, Revision};

/// What a loader gives, item by item.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Loaded {
    /// A document of a source.
    Document(Document),
    /// The source is as it was; it was not parsed.
    Unchanged(Arc<str>),
    /// The source is there but gives no document, for this reason: empty, binary, no text.
    Skipped {
        /// The source.
        source: Arc<str>,
        /// Why, in a few words.
        reason: String,
    },
    /// Something about a source whose documents come all the same: a page without text,
    /// a charset that was guessed.
    Warning {
        /// The source.
        source: Arc<str>,
        /// What, in a few words.
        message: String,
    },
}

impl Loaded {
    /// The source it is about.
    pub fn source(&self) -> &Arc<str> {
        match self {
            Self::Document(document) => &document.source,
            Self::Unchanged(source)
            | Self::Skipped { source, .. }
            | Self::Warning { source, .. } => source,
        }
    }
}

/// The revisions of sources that somebody already has.
pub trait Seen: Send + Sync {
    /// The revision that was seen last, if any.
    fn revision(&self, source: &str) -> Option<Revision>;
}

/// Nothing was seen.
impl Seen for () {
    fn revision(&self, _source: &str) -> Option<Revision> {
        None
    }
}

/// Where documents come from.
///
/// # For implementors
/// - Yield a source's items together, in the order of its parts; never return to a source.
/// - An error belongs to one source: name it by [`Error::about`](crate::Error::about) and go
///   on with the next. Only an error without a subject means that the loader itself failed,
///   and that sources may be missing from the stream.
/// - Hold a bounded part of the corpus in memory. Stop when the stream is dropped.
/// - Where the revision is cheaper than the parsing, ask `seen` and yield
///   [`Loaded::Unchanged`].
///
/// # For callers
/// An error is not the end: poll on until `None`.
pub trait Loader: Debug + Send + Sync {
    /// Loads everything that `seen` does not already have.
    fn load<'a>(&'a self, seen: &'a dyn Seen) -> BoxStream<'a, Result<Loaded>>;
}

impl<L: Loader + ?Sized> Loader for &L {
    fn load<'a>(&'a self, seen: &'a dyn Seen) -> BoxStream<'a, Result<Loaded>> {
        (**self).load(seen)
    }
}

impl<L: Loader + ?Sized> Loader for Arc<L> {
    fn load<'a>(&'a self, seen: &'a dyn Seen) -> BoxStream<'a, Result<Loaded>> {
        (**self).load(seen)
    }
}

impl<L: Loader + ?Sized> Loader for Box<L> {
    fn load<'a>(&'a self, seen: &'a dyn Seen) -> BoxStream<'a, Result<Loaded>> {
        (**self).load(seen)
    }
}

/// Documents that are already in memory, in the order given. Parts of a source stand together.
impl Loader for Vec<Document> {
    fn load<'a>(&'a self, seen: &'a dyn Seen) -> BoxStream<'a, Result<Loaded>> {
        let items = self.iter().map(|document| {
            let unchanged = seen.revision(&document.source) == Some(document.revision);
            Ok(if unchanged {
                Loaded::Unchanged(document.source.clone())
            } else {
                Loaded::Document(document.clone())
            })
        });
        Box::pin(futures_util::stream::iter(items))
    }
}

/// What every loader can do beside loading.
pub trait LoaderExt: Loader {
    /// Every document, leaving out what is skipped and warned of.
    fn documents(&self) -> BoxStream<'_, Result<Document>> {
        use futures_util::StreamExt as _;
        Box::pin(self.load(&()).filter_map(|item| async move {
            match item {
                Ok(Loaded::Document(document)) => Some(Ok(document)),
                Ok(_) => None,
                Err(error) => Some(Err(error)),
            }
        }))
    }
}

impl<L: Loader + ?Sized> LoaderExt for L {}
