//! From sources to a searchable store, again and again.
//!
//! A run brings the store to what the loader shows: new sources are added, changed ones
//! replaced, vanished ones deleted, unchanged ones not even parsed. It holds a bounded part of
//! the corpus in memory: while one batch is embedded and stored the next is loaded and split,
//! and no further one.
//!
//! # Crash safety
//! Three rules make a run that is killed anywhere harmless:
//! 1. Before the first point of a source is stored, the source is recorded as begun.
//! 2. A source is recorded as done only after the store acknowledged all of its points and the
//!    points of its earlier content are deleted.
//! 3. The id of a point follows from its source, place and text, so that storing it twice is
//!    storing it once.
//!
//! The next run therefore finds every source that may have left traces, and brings it to its
//! whole content or to nothing.

mod batch;
mod journal;
mod records;
mod report;
mod run;

use std::fmt;
use std::future::{Future, IntoFuture};
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::Arc;

use gori_core::{Context, Embedder, LexicalIndex, Loader, Result, Splitter, VectorStore};

pub(crate) use batch::REVISION;
pub use journal::Journal;
pub use records::{MemoryRecords, Record, Records};
pub use report::{Progress, Report, Seconds};

/// Where points go. Made by [`ingest`]; await it to run it.
#[must_use = "nothing is ingested until it is awaited"]
pub struct Ingest<'a> {
    pub(crate) loader: &'a dyn Loader,
    pub(crate) splitter: &'a dyn Splitter,
    pub(crate) embedder: &'a dyn Embedder,
    pub(crate) store: &'a dyn VectorStore,
    pub(crate) lexical: Option<&'a dyn LexicalIndex>,
    pub(crate) records: Option<&'a dyn Records>,
    pub(crate) batch: NonZeroUsize,
    pub(crate) progress: Option<ProgressFn<'a>>,
    pub(crate) cx: Context,
}

type ProgressFn<'a> = Arc<dyn Fn(&Progress) + Send + Sync + 'a>;

impl fmt::Debug for Ingest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ingest")
            .field("loader", &self.loader)
            .field("splitter", &self.splitter)
            .field("embedder", &self.embedder)
            .field("store", &self.store)
            .field("lexical", &self.lexical)
            .field("batch", &self.batch)
            .finish_non_exhaustive()
    }
}

const DEFAULT_BATCH: NonZeroUsize = NonZeroUsize::new(256).unwrap();

/// Loads, splits, embeds and stores.
///
/// Without [`records`](Ingest::records) every run embeds everything again and deletes nothing,
/// since it cannot know what an earlier run did.
///
/// ```
/// use gori_chains::ingest::{MemoryRecords, ingest};
/// # use gori_core::{Chunk, Document, Result, Splitter};
/// # use gori_testkit::{HashEmbedder, MapStore};
/// # #[derive(Debug)]
/// # struct Lines;
/// # impl Splitter for Lines {
/// #     fn split<'d>(&self, d: &'d Document) -> Vec<Chunk<'d>> {
/// #         Chunk::new(&d.text, 0..d.text.len()).into_iter().collect()
/// #     }
/// # }
/// # async fn run() -> Result<()> {
/// let docs = vec![Document::new("a.md", "Ropes are measured in fathoms.")];
/// let (embedder, store) = (HashEmbedder::new(32), MapStore::new(32));
/// let records = MemoryRecords::default();
///
/// let report = ingest(&docs, &Lines, &embedder, &store).records(&records).await?;
/// assert_eq!((report.added, report.chunks), (1, 1));
/// let report = ingest(&docs, &Lines, &embedder, &store).records(&records).await?;
/// assert_eq!((report.unchanged, report.embedded), (1, 0));
/// # Ok(()) }
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(run()).unwrap();
/// ```
pub fn ingest<'a>(
    loader: &'a dyn Loader,
    splitter: &'a dyn Splitter,
    embedder: &'a dyn Embedder,
    store: &'a dyn VectorStore,
) -> Ingest<'a> {
    Ingest {
        loader,
        splitter,
        embedder,
        store,
        lexical: None,
        records: None,
        batch: DEFAULT_BATCH,
        progress: None,
        cx: Context::new(),
    }
}

impl<'a> Ingest<'a> {
    /// Also keeps the texts in an index by words.
    pub fn lexical(mut self, index: &'a dyn LexicalIndex) -> Self {
        self.lexical = Some(index);
        self
    }

    /// Remembers what was ingested, so that the next run does only what changed.
    pub fn records(mut self, records: &'a dyn Records) -> Self {
        self.records = Some(records);
        self
    }

    /// So many chunks are embedded and stored at a time (256 by default). Two such batches are
    /// in memory at most, beside the document being split.
    pub fn batch(mut self, chunks: NonZeroUsize) -> Self {
        self.batch = chunks;
        self
    }

    /// Is told after every source and batch how far the run is.
    pub fn progress(mut self, tell: impl Fn(&Progress) + Send + Sync + 'a) -> Self {
        self.progress = Some(Arc::new(tell));
        self
    }

    /// With this context instead of a new one.
    pub fn context(mut self, cx: &Context) -> Self {
        self.cx = cx.clone();
        self
    }
}

impl<'a> IntoFuture for Ingest<'a> {
    type Output = Result<Report>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<Report>> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(run::run(self))
    }
}
