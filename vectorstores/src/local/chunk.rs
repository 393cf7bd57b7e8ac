//! Points that are not sealed yet: what a search needs is in memory, the rest in the log.

use std::sync::Arc;

use gori_core::{Metadata, Point};

use super::log::{Log, Place};
use crate::score::inverse_norm;

/// The most rows that are joined into one chunk.
const FULL: usize = 1024;

/// What is kept in memory of a point, beside its vector.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) id: Arc<str>,
    pub(crate) metadata: Arc<Metadata>,
    pub(crate) place: Place,
    pub(crate) inverse: f32,
}

/// Some points, never changed once made.
#[derive(Debug)]
pub(crate) struct Chunk {
    pub(crate) log: Arc<Log>,
    rows: Vec<Row>,
    vectors: Vec<f32>,
    /// Hashes of ids, sorted, with the row of each.
    by_hash: Vec<(u64, u32)>,
}

impl Chunk {
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn row(&self, row: u32) -> Option<&Row> {
        self.rows.get(row as usize)
    }

    /// The rows with their vectors, in the order they came.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&Row, &[f32])> {
        self.rows
            .iter()
            .zip(self.vectors.chunks_exact(self.log.dims))
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

    /// Whether two neighbours should become one. Sizes that differ by no more than twice
    /// make every row move a logarithmic number of times.
    pub(crate) fn should_join(&self, next: &Self) -> bool {
        self.len() <= 2 * next.len()
            && self.len() + next.len() <= FULL
            && self.log.span == next.log.span
    }
}

/// Makes a chunk row by row.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    rows: Vec<Row>,
    vectors: Vec<f32>,
}

impl Builder {
    /// Adds a new point; `place` may still be counted from the start of its batch.
    pub(crate) fn add(&mut self, point: &Point, place: Place) {
        let row = Row {
            id: point.id.as_str().into(),
            metadata: Arc::new(point.metadata.clone()),
            place,
            inverse: inverse_norm(&point.vector),
        };
        self.push(row, &point.vector);
    }

    pub(crate) fn push(&mut self, row: Row, vector: &[f32]) {
        self.rows.push(row);
        self.vectors.extend_from_slice(vector);
    }

    /// Says where in the log the batch begins.
    pub(crate) fn shift(&mut self, by: u64) {
        for row in &mut self.rows {
            row.place.at += by;
        }
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        self.rows.iter().map(|row| &*row.id)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(crate) fn finish(self, log: Arc<Log>) -> Chunk {
        let hashes = self.rows.iter().map(|row| hash(&row.id));
        let mut by_hash: Vec<_> = hashes.zip(0..).collect();
        by_hash.sort_unstable();
        Chunk {
            log,
            rows: self.rows,
            vectors: self.vectors,
            by_hash,
        }
    }
}

/// The hash of an id: FNV-1a with 64 bits, the same for all time since it is stored.
pub(crate) fn hash(id: &str) -> u64 {
    id.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
