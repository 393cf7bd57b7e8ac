//! Points of sealed logs with the index made from them. Nothing of it is in memory but what
//! searches touch of the index, which is mapped. Records are read from the logs as they are
//! needed and not mapped: a map would let the vectors count as memory of the process, as many
//! as were ever scored, and be pushed out of it only when memory runs short.
//!
//! ```text
//! codes   rows x stride i8   the vectors, quantised, see kernel.rs
//! rows    rows x (f32 scale of the codes, f32 one over the length of the vector)
//! places  rows x u64         which of the index's logs << 40 | byte in it / 8
//! hashes  rows x u64         hashes of ids, ascending
//! owners  rows x u32         whose they are
//! fields                     see fields.rs
//! links, upper               see graph.rs
//! ```

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use gori_core::{Error, Result};

use super::codec::Put;
use super::fields::Fields;
use super::fs::Fs;
use super::graph::{DEGREE, Graph, Lists, Upper};
use super::index::Index;
use super::log::Log;
use super::record::HEADER;
use crate::kernel::stride;

const LOG_SHIFT: u32 = 40;

/// Where a row lies, as one number.
pub(crate) fn pack(log: usize, at: u64) -> u64 {
    ((log as u64) << LOG_SHIFT) | (at / 8)
}

/// What scoring needs of a row beside its codes.
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub(crate) struct Scale {
    /// What a code of 1 stands for.
    pub(crate) scale: f32,
    /// One over the length of the vector.
    pub(crate) inverse: f32,
}

/// Room to read rows into, used again for each.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub(crate) vector: Vec<f32>,
    body: Vec<u8>,
}

/// Points of sealed logs with the index made from them.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) index: Index,
    pub(crate) logs: Vec<Arc<Log>>,
    fields: OnceLock<Option<Fields>>,
    upper: OnceLock<Option<Upper>>,
    /// A bit for each row whose record was read before and found whole.
    checked: Vec<AtomicU64>,
}

impl Segment {
    pub(crate) fn open(fs: &dyn Fs, dir: &Path, index: Index) -> Result<Self> {
        let mut logs = Vec::new();
        for span in &index.foot.logs {
            let (log, identity) = Log::open(fs, dir, *span)?;
            if identity != index.foot.identity {
                return Err(index.damaged("foot"));
            }
            logs.push(Arc::new(log));
        }
        let words = (index.foot.rows as usize).div_ceil(64);
        Ok(Self {
            index,
            logs,
            fields: OnceLock::new(),
            upper: OnceLock::new(),
            checked: (0..words).map(|_| AtomicU64::new(0)).collect(),
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.index.foot.rows as usize
    }

    pub(crate) fn codes(&self) -> Result<&[i8]> {
        let codes: &[i8] = self.index.rows("codes")?;
        self.whole(
            "codes",
            codes,
            self.len() * stride(self.index.foot.identity.dims),
        )
    }

    pub(crate) fn scales(&self) -> Result<&[Scale]> {
        let scales = self.index.rows("rows")?;
        self.whole("rows", scales, self.len())
    }

    fn whole<'s, T>(&self, name: &str, rows: &'s [T], len: usize) -> Result<&'s [T]> {
        if rows.len() == len {
            Ok(rows)
        } else {
            Err(self.index.damaged(name))
        }
    }

    /// Which log a row lies in, and where.
    pub(crate) fn place(&self, row: u32) -> Result<(usize, u64)> {
        let places: &[u64] = self.index.rows("places")?;
        let place = places
            .get(row as usize)
            .ok_or_else(|| self.index.damaged("places"))?;
        let log = usize::try_from(place >> LOG_SHIFT).unwrap_or(usize::MAX);
        Ok((log, (place & ((1 << LOG_SHIFT) - 1)) * 8))
    }

    /// Reads the record of a row into this buffer. Its checksums are verified.
    pub(crate) fn put<'b>(&self, row: u32, body: &'b mut Vec<u8>) -> Result<Put<'b>> {
        let (log, at) = self.source(row)?;
        log.read_body(at, body)?;
        let put = Put::decode(body, log.dims).ok_or_else(|| log.damaged(at))?;
        if let Some(word) = self.checked.get(row as usize / 64) {
            word.fetch_or(1 << (row % 64), Ordering::Relaxed);
        }
        Ok(put)
    }

    fn source(&self, row: u32) -> Result<(&Log, u64)> {
        let (log, at) = self.place(row)?;
        let log = self.logs.get(log);
        Ok((log.ok_or_else(|| self.index.damaged("places"))?, at))
    }

    fn is_checked(&self, row: u32) -> bool {
        let word = self.checked.get(row as usize / 64);
        word.is_some_and(|word| word.load(Ordering::Relaxed) >> (row % 64) & 1 == 1)
    }

    /// Reads the vector of a row, as it was put in. The record around it is verified when it is
    /// read for the first time.
    pub(crate) fn vector(&self, row: u32, scratch: &mut Scratch) -> Result<()> {
        let Scratch { vector, body } = scratch;
        if self.is_checked(row) {
            let (log, at) = self.source(row)?;
            vector.resize(log.dims, 0.0);
            log.read(at + HEADER as u64, bytemuck::cast_slice_mut(vector))
        } else {
            let put = self.put(row, body)?;
            vector.clear();
            vector.extend(put.vector());
            Ok(())
        }
    }

    /// The rows of this id: at most one that is not dead.
    pub(crate) fn find(&self, hash: u64, id: &str) -> Result<Vec<u32>> {
        let hashes: &[u64] = self.index.rows("hashes")?;
        let owners: &[u32] = self.index.rows("owners")?;
        let start = hashes.partition_point(|other| *other < hash);
        let same = hashes
            .iter()
            .zip(owners)
            .skip(start)
            .take_while(|x| *x.0 == hash);
        let (mut rows, mut body) = (Vec::new(), Vec::new());
        for (_, row) in same {
            if self.put(*row, &mut body)?.id == id {
                rows.push(*row);
            }
        }
        Ok(rows)
    }

    /// The fields, with the section they were read from.
    pub(crate) fn fields(&self) -> Result<(&Fields, &[u8])> {
        let section = self.index.section("fields")?;
        let fields = self.fields.get_or_init(|| Fields::read(section));
        let fields = fields
            .as_ref()
            .ok_or_else(|| self.index.damaged("fields"))?;
        Ok((fields, section))
    }

    /// The graph; none in a segment that is small enough to be scanned.
    pub(crate) fn graph(&self) -> Result<Option<Graph<'_>>> {
        if !self.index.has("links") {
            return Ok(None);
        }
        let links: &[u32] = self.index.rows("links")?;
        let links = self.whole("links", links, self.len() * (DEGREE + 1))?;
        let section = self.index.section("upper")?;
        let upper = self
            .upper
            .get_or_init(|| Upper::read(section, self.index.foot.rows));
        Ok(Some(Graph {
            lowest: Lists {
                words: links,
                room: DEGREE,
            },
            upper: upper.as_ref().ok_or_else(|| self.index.damaged("upper"))?,
        }))
    }

    /// Checks the index, and every record that it points to.
    pub(crate) fn verify(&self) -> Result<()> {
        self.index.verify()?;
        let mut body = Vec::new();
        for row in 0..self.index.foot.rows {
            self.put(row, &mut body)?;
        }
        Ok(())
    }

    pub(crate) fn error(&self, row: u32) -> Error {
        self.index.damaged(&format!("row {row}"))
    }
}
