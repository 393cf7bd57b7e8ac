//! How a store is made and opened.

use std::time::Duration;

use gori_core::{Error, Metric, Result};

/// When a write is sure to be on disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// Before it is acknowledged. Writes that wait at the same time share one sync.
    #[default]
    Sync,
    /// At most this long after it is acknowledged, plus the time of one sync. A power cut
    /// loses what was acknowledged in that time and nothing older; the end of the process
    /// alone, killed or not, loses nothing. [`flush`](super::LocalStore::flush) waits for
    /// what was written so far.
    Group(Duration),
}

/// What a store is made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    pub(crate) dims: usize,
    pub(crate) metric: Metric,
    pub(crate) embedder: Option<String>,
    pub(crate) durability: Durability,
    pub(crate) tuning: Tuning,
}

/// How a store keeps house.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tuning {
    /// Points after which a log is sealed.
    pub(crate) seal_after: usize,
    /// Rows from which a segment gets a graph.
    pub(crate) graph_from: usize,
    /// The most rows that are merged into one segment.
    pub(crate) largest_segment: usize,
    /// Points a walk through a graph keeps in view.
    pub(crate) beam: usize,
    /// Whether a thread of its own merges.
    pub(crate) background: bool,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            seal_after: 8192,
            graph_from: 10_000,
            largest_segment: 1 << 16,
            beam: 96,
            background: true,
        }
    }
}

impl Options {
    /// The most numbers a vector can have.
    pub const MAX_DIMS: usize = 1 << 16;

    /// A store of vectors of this many numbers, by cosine, every write durable.
    pub fn new(dims: usize) -> Self {
        Self {
            dims,
            metric: Metric::default(),
            embedder: None,
            durability: Durability::default(),
            tuning: Tuning::default(),
        }
    }

    /// After how many points a log is sealed and indexed; 8,192 unless said otherwise. Fewer
    /// mean less memory and more files.
    #[must_use]
    pub fn seal_after(mut self, points: usize) -> Self {
        self.tuning.seal_after = points.max(1);
        self
    }

    /// From how many points on a segment gets a graph; 10,000 unless said otherwise, about where
    /// walking it becomes quicker than looking at every point. `usize::MAX` keeps every search
    /// exact.
    #[must_use]
    pub fn graph_from(mut self, points: usize) -> Self {
        self.tuning.graph_from = points.max(2);
        self
    }

    /// How many points are merged into one segment at most; 65,536 unless said otherwise. Fewer mean
    /// that merging takes less memory, and a search more time.
    #[must_use]
    pub fn largest_segment(mut self, points: usize) -> Self {
        self.tuning.largest_segment = points.max(1);
        self
    }

    /// How many points a walk through a graph keeps in view; 96 unless said otherwise. More
    /// find more of the nearest, and take longer.
    #[must_use]
    pub fn beam(mut self, points: usize) -> Self {
        self.tuning.beam = points.max(1);
        self
    }

    /// Whether a thread merges segments and makes their graphs while the store is open, which is
    /// so unless said otherwise. Without it [`compact`](super::LocalStore::compact) does.
    #[must_use]
    pub fn background(mut self, background: bool) -> Self {
        self.tuning.background = background;
        self
    }

    /// How likeness is measured.
    #[must_use]
    pub fn metric(mut self, metric: Metric) -> Self {
        self.metric = metric;
        self
    }

    /// The [id](gori_core::Embedder::id) of the embedder that the vectors come from. It is
    /// stored, and opening the store with another is an error.
    #[must_use]
    pub fn embedder(mut self, id: impl Into<String>) -> Self {
        self.embedder = Some(id.into());
        self
    }

    /// When a write is sure to be on disk.
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    pub(crate) fn check(&self) -> Result<()> {
        if self.dims == 0 || self.dims > Self::MAX_DIMS {
            return Err(Error::invalid(format!(
                "vectors of {} numbers cannot be stored; it must be 1 to {}",
                self.dims,
                Self::MAX_DIMS
            )));
        }
        if self.embedder.as_ref().is_some_and(|id| id.len() > 4096) {
            return Err(Error::invalid(
                "the embedder's id is longer than 4096 bytes",
            ));
        }
        Ok(())
    }
}
