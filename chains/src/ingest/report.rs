//! What a run did.

use std::sync::Arc;
use std::time::Duration;

use gori_core::Error;

/// What a run did. Sources are counted once each.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// Sources that were not there before.
    pub added: u64,
    /// Sources whose content, or whose recipe of splitter and embedder, changed.
    pub changed: u64,
    /// Sources that were as before.
    pub unchanged: u64,
    /// Sources that are gone.
    pub deleted: u64,
    /// Documents that were split.
    pub documents: u64,
    /// Chunks of those documents.
    pub chunks: u64,
    /// Chunks that were embedded and stored.
    pub embedded: u64,
    /// Sources that gave no document, with the reason.
    pub skipped: Vec<(Arc<str>, String)>,
    /// What was odd about sources that were ingested all the same.
    pub warnings: Vec<(Arc<str>, String)>,
    /// Sources that failed; what was stored of them before is as it was.
    pub failed: Vec<Error>,
    /// The seconds each stage took. Stages overlap.
    pub seconds: Seconds,
}

/// How long each stage was waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Seconds {
    /// The whole run.
    pub total: f64,
    /// Finding and parsing.
    pub load: f64,
    /// Splitting.
    pub split: f64,
    /// Embedding.
    pub embed: f64,
    /// Storing, in all stores, with the records.
    pub store: f64,
}

impl Seconds {
    pub(super) fn add(stage: &mut f64, time: Duration) {
        *stage += time.as_secs_f64();
    }
}

/// How far a run is.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// Sources seen so far.
    pub sources: u64,
    /// Documents split so far.
    pub documents: u64,
    /// Chunks cut so far.
    pub chunks: u64,
    /// Chunks embedded and stored so far.
    pub embedded: u64,
    /// The source seen last.
    pub source: Option<Arc<str>>,
}
