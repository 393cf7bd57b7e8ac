//! Points of sealed logs with the index made from them. Nothing of it is in memory but what
//! searches touch of the index, which is mapped. Records are read from the logs as they are
//! needed and not mapped: a map would let the vectors count as memory of the process, as many
//! as were ever scored, and be pushed out of it only when memory runs short.
//!
//! ```text
//! codes   rows x stride i8   the vectors, quantised, see kernel.rs
//! fine    rows x stride / 2  where between the bounds of its code each number lies, see coded.rs;
//!                            missing in older files
//! rows    rows x (f32 scale of the codes, f32 one over the length of the vector)
//! places  rows x u64         which of the index's logs << 40 | byte in it / 8
//! hashes  rows x u64         hashes of ids, ascending
//! owners  rows x u32         whose they are
//! fields                     see fields.rs
//! links, upper               see graph.rs
//! ```

use std::path::Path;
use std::sync::{Arc, OnceLock};

use gori_core::{Error, Result};

use super::codec::Put;
use super::coded::Coded;
use super::fields::Fields;
use super::fs::Fs;
use super::graph::{DEGREE, Graph, Lists, Upper};
use super::index::Index;
use super::log::Log;
use crate::kernel::stride;

const LOG_SHIFT: u32 = 40;

/// Where a row lies, as one number.
pub(crate) fn pack(log: usize, at: u64) -> u64 {
    ((log as u64) << LOG_SHIFT) | (at / 8)
}

/// Points of sealed logs with the index made from them.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) index: Index,
    pub(crate) logs: Vec<Arc<Log>>,
    fields: OnceLock<Option<Fields>>,
    upper: OnceLock<Option<Upper>>,
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
        Ok(Self {
            index,
            logs,
            fields: OnceLock::new(),
            upper: OnceLock::new(),
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.index.foot.rows as usize
    }

    pub(crate) fn coded(&self) -> Result<Coded<'_>> {
        let foot = &self.index.foot;
        let codes = self.len() * stride(foot.identity.dims);
        let fine = match self.index.has("fine") {
            true => self.whole("fine", self.index.rows("fine")?, codes / 2)?,
            // It was made before there were any, and is searched without until it is merged.
            false => &[],
        };
        Ok(Coded {
            codes: self.whole("codes", self.index.rows("codes")?, codes)?,
            fine,
            scales: self.whole("rows", self.index.rows("rows")?, self.len())?,
            spread: foot.spread,
            longest: foot.longest,
        })
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
        Put::decode(body, log.dims).ok_or_else(|| log.damaged(at))
    }

    fn source(&self, row: u32) -> Result<(&Log, u64)> {
        let (log, at) = self.place(row)?;
        let log = self.logs.get(log);
        Ok((log.ok_or_else(|| self.index.damaged("places"))?, at))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::fs::OsFs;
    use crate::local::index::IndexWriter;
    use crate::local::manifest::Manifest;
    use crate::{LocalStore, Options};
    use gori_core::{Metadata, Point, Search};

    /// Writes the index of a store once more, as it was before there were fine codes.
    fn forget_fine_codes(dir: &Path) {
        let mut manifest = Manifest::read(&OsFs, dir).unwrap().unwrap();
        let entry = &mut manifest.segments[0];
        let old = Index::open(&OsFs, dir, entry.index, entry.foot).unwrap();
        let sections = ["codes", "rows", "places", "hashes", "owners", "fields"];
        let sections = sections.map(|name| (name, old.section(name).unwrap().to_vec()));
        let foot = old.foot.clone();
        drop(old);
        let mut writer = IndexWriter::create(&OsFs, dir, entry.index).unwrap();
        for (name, bytes) in sections {
            writer.begin(name).unwrap();
            writer.write(&bytes).unwrap();
        }
        let spread = (foot.spread, foot.longest);
        let end = writer.finish(&foot.identity, entry.index, foot.logs, foot.rows, spread);
        entry.foot = end.unwrap();
        manifest
            .commit(&OsFs, dir)
            .map_err(|failed| failed.error)
            .unwrap();
    }

    #[test]
    fn an_index_of_before_there_were_fine_codes_is_searched_and_made_anew() {
        let dir = tempfile::tempdir().unwrap();
        let store = LocalStore::create_or_open(dir.path(), Options::new(3)).unwrap();
        let points: Vec<Point> = (0..200_u16)
            .map(|i| Point {
                id: i.to_string(),
                vector: vec![1.0, f32::from(i % 20), f32::from(i / 20)],
                text: String::new(),
                metadata: Metadata::new(),
            })
            .collect();
        store.blocking_upsert(&points).unwrap();
        store.blocking_compact().unwrap();
        let ask = |store: &LocalStore| {
            let search = |point: &Point| store.blocking_search(&Search::new(&point.vector, 7));
            let hits: Result<Vec<_>> = points.iter().map(search).collect();
            hits.unwrap()
        };
        let want = ask(&store);
        drop(store);
        forget_fine_codes(dir.path());
        let options = Options::new(3).background(false);
        let store = LocalStore::create_or_open(dir.path(), options).unwrap();
        assert!(store.report().rebuilt.is_empty());
        assert_eq!(ask(&store), want);
        store.blocking_compact().unwrap();
        drop(store);
        let manifest = Manifest::read(&OsFs, dir.path()).unwrap().unwrap();
        let entry = &manifest.segments[0];
        let index = Index::open(&OsFs, dir.path(), entry.index, entry.foot).unwrap();
        assert!(index.has("fine"));
    }
}
