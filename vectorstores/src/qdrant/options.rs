//! What a store is made for.

use std::fmt;
use std::time::Duration;

use gori_core::{Error, ErrorKind, Metric, Result};

use crate::lexical;

/// What a store is made for, and how it is reached.
#[derive(Clone, Debug)]
pub struct Options {
    pub(super) dims: usize,
    pub(super) metric: Metric,
    pub(super) embedder: Option<String>,
    pub(super) words: Option<lexical::Options>,
    pub(super) exact: bool,
    pub(super) hnsw: Option<(u16, u16)>,
    pub(super) ef_search: Option<u16>,
    pub(super) shards: Option<u32>,
    pub(super) replicas: Option<u32>,
    pub(super) write_consistency: Option<u32>,
    pub(super) on_disk: bool,
    pub(super) indexes: Vec<(String, Payload)>,
    pub(super) key: Option<Key>,
    pub(super) timeout: Duration,
}

/// What an index of Qdrant over a field of the metadata serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    /// Texts, asked for as a whole.
    Keyword,
    /// Numbers, equal and by range.
    Number,
    /// True and false.
    Bool,
    /// Times, equal and by range.
    Time,
}

/// A key that is shown to the server and to nobody else.
#[derive(Clone)]
pub(super) struct Key(pub(super) String);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Options {
    /// A store of vectors of so many numbers, by cosine, found by Qdrant's graph once it has
    /// built one.
    pub fn new(dims: usize) -> Self {
        Self {
            dims,
            metric: Metric::Cosine,
            embedder: None,
            words: None,
            exact: false,
            hnsw: None,
            ef_search: None,
            shards: None,
            replicas: None,
            write_consistency: None,
            on_disk: false,
            indexes: Vec::new(),
            key: None,
            timeout: Duration::from_secs(30),
        }
    }

    /// Another metric.
    #[must_use]
    pub fn metric(mut self, metric: Metric) -> Self {
        self.metric = metric;
        self
    }

    /// The embedder that the vectors come from; one of another is refused on opening.
    #[must_use]
    pub fn embedder(mut self, id: impl Into<String>) -> Self {
        self.embedder = Some(id.into());
        self
    }

    /// Points are found by their words too, see [`Qdrant::words`](super::Qdrant::words). Of the
    /// options the language and the numbers of BM25 count.
    #[must_use]
    pub fn words(mut self, options: lexical::Options) -> Self {
        self.words = Some(options);
        self
    }

    /// Every search looks at every point.
    #[must_use]
    pub fn exact(mut self, exact: bool) -> Self {
        self.exact = exact;
        self
    }

    /// Links of a node and candidates when one is put in, of the graph of a collection that is
    /// made. Qdrant takes 16 and 100 unless told otherwise.
    #[must_use]
    pub fn hnsw(mut self, m: u16, ef_construction: u16) -> Self {
        self.hnsw = Some((m, ef_construction));
        self
    }

    /// Candidates in a search of the graph.
    #[must_use]
    pub fn ef_search(mut self, candidates: u16) -> Self {
        self.ef_search = Some(candidates);
        self
    }

    /// Into how many shards a collection that is made is split, over the nodes of a cluster.
    #[must_use]
    pub fn shards(mut self, shards: u32) -> Self {
        self.shards = Some(shards);
        self
    }

    /// On how many nodes each shard of a collection that is made lies.
    #[must_use]
    pub fn replicas(mut self, replicas: u32) -> Self {
        self.replicas = Some(replicas);
        self
    }

    /// How many replicas must have a write before it is acknowledged, in a collection that is
    /// made.
    #[must_use]
    pub fn write_consistency(mut self, replicas: u32) -> Self {
        self.write_consistency = Some(replicas);
        self
    }

    /// The vectors of a collection that is made stay on the server's disk and are mapped.
    #[must_use]
    pub fn on_disk(mut self, on_disk: bool) -> Self {
        self.on_disk = on_disk;
        self
    }

    /// Indexes a field of the metadata, so that filters on it need not look at every point.
    #[must_use]
    pub fn payload_index(mut self, field: impl Into<String>, kind: Payload) -> Self {
        self.indexes.push((field.into(), kind));
        self
    }

    /// The server's API key. Without TLS (an `https` address) whoever listens can read it.
    #[must_use]
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(Key(key.into()));
        self
    }

    /// How long a call may take; 30 seconds unless said otherwise.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    pub(super) fn check(&self) -> Result<()> {
        const MOST: usize = 65_536;
        if (1..=MOST).contains(&self.dims) {
            return Ok(());
        }
        let message = format!(
            "Qdrant holds vectors of 1 to {MOST} numbers, not of {}",
            self.dims
        );
        Err(Error::new(ErrorKind::Config, message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_not_shown() {
        let options = Options::new(3).api_key("hunter2");
        assert!(!format!("{options:?}").contains("hunter2"));
    }

    #[test]
    fn vectors_of_no_number_are_refused() {
        assert!(Options::new(1).check().is_ok());
        for dims in [0, 65_537] {
            let error = Options::new(dims).check().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
        }
    }
}
