//! Texts that are not sealed yet, with their words in memory.

use std::sync::Arc;

use gori_core::{Metadata, Point, Result};

use super::analyse::Analyzer;
use super::inverted::{Gather, Words};
use super::merge::{GONE, Renumbered, merge_in_memory};
use crate::local::bits::Bits;
use crate::local::chunk::hash;
use crate::local::codec::Put;
use crate::local::log::{Log, Place};

/// Where the text of a row is.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    /// In memory.
    Held(Arc<str>),
    /// In a log.
    Logged(Place),
}

/// What is kept of a text beside its words.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) id: Arc<str>,
    pub(crate) metadata: Arc<Metadata>,
    pub(crate) body: Body,
}

/// Some texts, never changed once made.
#[derive(Debug)]
pub(crate) struct Chunk {
    /// Where the texts are that are not in memory.
    pub(crate) log: Option<Arc<Log>>,
    pub(crate) rows: Vec<Row>,
    pub(crate) words: Words,
    /// Hashes of ids, sorted, with the row of each.
    by_hash: Vec<(u64, u32)>,
}

impl Chunk {
    fn new(log: Option<Arc<Log>>, rows: Vec<Row>, words: Words) -> Self {
        let hashes = rows.iter().map(|row| hash(&row.id));
        let mut by_hash: Vec<_> = hashes.zip(0..).collect();
        by_hash.sort_unstable();
        Self {
            log,
            rows,
            words,
            by_hash,
        }
    }

    pub(crate) fn row(&self, row: u32) -> Option<&Row> {
        self.rows.get(row as usize)
    }

    /// The rows of this id: at most one that is not dead.
    pub(crate) fn find(&self, hash: u64, id: &str) -> impl Iterator<Item = u32> {
        let start = self.by_hash.partition_point(|entry| entry.0 < hash);
        let same = self
            .by_hash
            .iter()
            .skip(start)
            .take_while(move |entry| entry.0 == hash);
        same.map(|entry| entry.1)
            .filter(move |row| self.row(*row).is_some_and(|row| &*row.id == id))
    }

    pub(crate) fn text(&self, row: &Row) -> Result<String> {
        match (&row.body, &self.log) {
            (Body::Held(text), _) => Ok(text.to_string()),
            (Body::Logged(place), Some(log)) => {
                let body = log.body(*place)?;
                let put = Put::decode(&body, log.dims).ok_or_else(|| log.damaged(place.at))?;
                Ok(put.text.to_owned())
            }
            (Body::Logged(_), None) => Ok(String::new()),
        }
    }

    /// Whether two neighbours should become one. Sizes that differ by no more than twice make
    /// every row move a logarithmic number of times.
    pub(crate) fn should_join(&self, next: &Self) -> bool {
        let same = match (&self.log, &next.log) {
            (Some(log), Some(next)) => log.span == next.span,
            (None, None) => true,
            _ => false,
        };
        same && self.rows.len() <= 2 * next.rows.len()
    }

    /// Both as one, without the dead rows of the first.
    pub(crate) fn join(&self, dead: &Bits, next: &Self) -> Self {
        Self::of(next.log.clone(), &[(self, dead), (next, &Bits::default())])
    }

    /// The same without the dead rows.
    pub(crate) fn without(&self, dead: &Bits) -> Self {
        Self::of(self.log.clone(), &[(self, dead)])
    }

    /// The rows of several chunks that are not dead.
    fn of(log: Option<Arc<Log>>, sources: &[(&Self, &Bits)]) -> Self {
        let mut rows = Vec::new();
        let mut numbers = Vec::new();
        for (chunk, dead) in sources {
            let mut new = Vec::with_capacity(chunk.rows.len());
            for (number, row) in (0..).zip(&chunk.rows) {
                if dead.has(number) {
                    new.push(GONE);
                } else {
                    new.push(u32::try_from(rows.len()).unwrap_or(GONE));
                    rows.push(row.clone());
                }
            }
            numbers.push(new);
        }
        let renumbered = sources
            .iter()
            .zip(&numbers)
            .map(|((chunk, _), numbers)| Renumbered {
                words: chunk.words.inverted(),
                numbers,
            });
        let words = merge_in_memory(&renumbered.collect::<Vec<_>>());
        Self::new(log, rows, words)
    }
}

/// Makes a chunk text by text.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    rows: Vec<Row>,
    gather: Gather,
}

impl Builder {
    /// Adds a text; the place of its body may still be counted from the start of its batch.
    pub(crate) fn add(&mut self, analyzer: &Analyzer, point: &Point, body: Body) {
        self.gather.row();
        let gather = &mut self.gather;
        analyzer.each_of(point, &mut |term| gather.term(term));
        self.rows.push(Row {
            id: point.id.as_str().into(),
            metadata: Arc::new(point.metadata.clone()),
            body,
        });
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        self.rows.iter().map(|row| &*row.id)
    }

    pub(crate) fn finish(self, log: Option<Arc<Log>>) -> Option<Chunk> {
        (!self.rows.is_empty()).then(|| Chunk::new(log, self.rows, self.gather.finish()))
    }
}
