//! Points of sealed logs with the index made from them. Nothing of it is in memory but what
//! searches touch.
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
use super::fs::{Fs, Map};
use super::graph::{DEGREE, Graph, Lists, Upper};
use super::index::Index;
use super::log::Log;
use super::record::{HEADER, Header};
use crate::kernel::{prefetch, stride};

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

/// A sealed log and its bytes.
#[derive(Debug)]
pub(crate) struct Sealed {
    pub(crate) log: Arc<Log>,
    pub(crate) map: Map,
}

impl Sealed {
    pub(crate) fn open(fs: &dyn Fs, log: Arc<Log>) -> Result<Self> {
        let map = fs.map(&log.path).map_err(|error| log.error(error))?;
        Ok(Self { log, map })
    }

    fn body(&self, at: u64, checked: bool) -> Option<&[u8]> {
        let rest = self.map.get(usize::try_from(at).ok()?..)?;
        let header = Header::decode(rest.first_chunk()?, self.log.salt)?;
        let body = rest.get(HEADER..HEADER + header.padded())?;
        if !checked && crc32c::crc32c(body) != header.body_sum {
            return None;
        }
        body.get(..header.len as usize)
    }

    /// The vector of the point at this byte, whose checksums were found to fit before.
    fn vector(&self, at: u64) -> Option<&[u8]> {
        let start = usize::try_from(at).ok()?.checked_add(HEADER)?;
        self.map.get(start..start.checked_add(self.log.dims * 4)?)
    }

    /// The point at this byte. `checked` says that its checksums were found to fit before.
    pub(crate) fn put(&self, at: u64, checked: bool) -> Result<Put<'_>> {
        let put = self
            .body(at, checked)
            .and_then(|body| Put::decode(body, self.log.dims));
        put.ok_or_else(|| self.log.damaged(at))
    }
}

/// Points of sealed logs with the index made from them.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) index: Index,
    pub(crate) logs: Vec<Sealed>,
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
            logs.push(Sealed::open(fs, Arc::new(log))?);
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

    pub(crate) fn put(&self, row: u32) -> Result<Put<'_>> {
        let (log, at) = self.source(row)?;
        let checked = self.is_checked(row);
        let put = log.put(at, checked)?;
        if let (false, Some(word)) = (checked, self.checked.get(row as usize / 64)) {
            word.fetch_or(1 << (row % 64), Ordering::Relaxed);
        }
        Ok(put)
    }

    fn source(&self, row: u32) -> Result<(&Sealed, u64)> {
        let (log, at) = self.place(row)?;
        let log = self.logs.get(log);
        Ok((log.ok_or_else(|| self.index.damaged("places"))?, at))
    }

    fn is_checked(&self, row: u32) -> bool {
        let word = self.checked.get(row as usize / 64);
        word.is_some_and(|word| word.load(Ordering::Relaxed) >> (row % 64) & 1 == 1)
    }

    /// The vector of a row, as it was put in.
    pub(crate) fn vector(&self, row: u32) -> Result<&[f32]> {
        let vector = if self.is_checked(row) {
            let (log, at) = self.source(row)?;
            log.vector(at).ok_or_else(|| log.log.damaged(at))?
        } else {
            self.put(row)?.vector
        };
        bytemuck::try_cast_slice(vector).map_err(|_| self.index.damaged("places"))
    }

    /// Asks the processor for what [`vector`](Self::vector) reads of a row that is needed soon.
    pub(crate) fn announce(&self, row: u32) {
        if let Ok((log, at)) = self.source(row)
            && let Some(vector) = log.vector(at)
        {
            prefetch(bytemuck::cast_slice(vector));
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
        let mut rows = Vec::new();
        for (_, row) in same {
            if self.put(*row)?.id == id {
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
        for row in 0..self.index.foot.rows {
            let (log, at) = self.place(row)?;
            let log = self
                .logs
                .get(log)
                .ok_or_else(|| self.index.damaged("places"))?;
            log.put(at, false)?;
        }
        Ok(())
    }

    pub(crate) fn error(&self, row: u32) -> Error {
        self.index.damaged(&format!("row {row}"))
    }
}
