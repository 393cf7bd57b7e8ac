//! Points that are not indexed yet: their codes are in memory, the rest in the log.

use std::sync::Arc;

use gori_core::{Metadata, Point, Result};

use super::bits::Bits;
use super::codec::Put;
use super::coded::{Coded, Scale};
use super::log::{Log, Place};
use super::pages::Codes;
use crate::kernel::{quantise, stride};
use crate::score::inverse_norm;

/// The most rows that are joined into one chunk.
const FULL: usize = 1024;

/// What is kept in memory of a point, beside its codes.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) id: Arc<str>,
    pub(crate) metadata: Arc<Metadata>,
    pub(crate) place: Place,
}

/// Some points, never changed once made.
#[derive(Debug)]
pub(crate) struct Chunk {
    pub(crate) log: Arc<Log>,
    rows: Vec<Row>,
    codes: Codes,
    scales: Vec<Scale>,
    spread: f32,
    longest: f32,
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

    /// The rows in the order they came.
    pub(crate) fn rows(&self) -> &[Row] {
        &self.rows
    }

    pub(crate) fn coded(&self) -> Coded<'_> {
        Coded {
            codes: &self.codes,
            fine: &[],
            scales: &self.scales,
            spread: self.spread,
            longest: self.longest,
        }
    }

    /// Reads the record of a row into this buffer. Its checksums are verified.
    pub(crate) fn put<'b>(&self, row: u32, body: &'b mut Vec<u8>) -> Result<Option<Put<'b>>> {
        let Some(Place { at, .. }) = self.row(row).map(|row| row.place) else {
            return Ok(None);
        };
        self.log.read_body(at, body)?;
        let put = Put::decode(body, self.log.dims);
        put.ok_or_else(|| self.log.damaged(at)).map(Some)
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
    codes: Vec<i8>,
    scales: Vec<Scale>,
}

impl Builder {
    /// Adds a new point; `place` may still be counted from the start of its batch.
    pub(crate) fn add(&mut self, point: &Point, place: Place) {
        let row = Row {
            id: point.id.as_str().into(),
            metadata: Arc::new(point.metadata.clone()),
            place,
        };
        self.push(row, &point.vector);
    }

    pub(crate) fn push(&mut self, row: Row, vector: &[f32]) {
        let start = self.codes.len();
        self.codes.resize(start + stride(vector.len()), 0);
        let codes = self.codes.get_mut(start..).unwrap_or_default();
        self.scales.push(Scale {
            scale: quantise(vector, codes),
            inverse: inverse_norm(vector),
        });
        self.rows.push(row);
    }

    /// Adds the rows of a chunk that are not dead.
    pub(crate) fn join(&mut self, chunk: &Chunk, dead: &Bits) {
        let width = stride(chunk.log.dims);
        let rows = chunk.rows.iter().zip(chunk.codes.chunks_exact(width));
        for (number, ((row, codes), scale)) in (0..).zip(rows.zip(&chunk.scales)) {
            if !dead.has(number) {
                self.rows.push(row.clone());
                self.codes.extend_from_slice(codes);
                self.scales.push(*scale);
            }
        }
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

    pub(crate) fn finish(mut self, log: Arc<Log>) -> Chunk {
        self.rows.shrink_to_fit();
        self.scales.shrink_to_fit();
        let hashes = self.rows.iter().map(|row| hash(&row.id));
        let mut by_hash: Vec<_> = hashes.zip(0..).collect();
        by_hash.sort_unstable();
        let most = |of: fn(&Scale) -> f32| self.scales.iter().map(of).fold(0.0, f32::max);
        Chunk {
            log,
            spread: most(Scale::spread),
            longest: most(Scale::length),
            rows: self.rows,
            codes: self.codes.into(),
            scales: self.scales,
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
