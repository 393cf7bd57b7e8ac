//! A file of sections, made from logs in one go and never changed: what makes searching the
//! logs fast. It can always be made anew from them.
//!
//! ```text
//! sections   each beginning at a multiple of 4096, zeros between
//! sums       CRC-32C of every 4096 bytes before, u32 each
//! foot       envelope `gori-idx`: which store, which logs, where the sections lie, and the
//!            CRC-32C of the sums
//! ```
//!
//! CURRENT says where the foot lies. The sums are checked when the file is opened, a section
//! when it is first used, so that opening does not read what no search needs.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use gori_core::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

use super::envelope;
use super::fs::{Fs, Map, WriteFile};
use super::manifest::Identity;
use super::names::Span;

const WORD: &str = "gori-idx";
const BLOCK: usize = 4096;

/// What an index says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Foot {
    pub(crate) identity: Identity,
    pub(crate) index: Span,
    /// The logs it was made from, oldest first.
    pub(crate) logs: Vec<Span>,
    pub(crate) rows: u32,
    /// The largest scale of a row for its vector at unit length, see `coded.rs`.
    pub(crate) spread: f32,
    /// The longest row.
    pub(crate) longest: f32,
    sections: Vec<Section>,
    sums_at: u64,
    sums_crc: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    name: String,
    at: u64,
    len: u64,
}

/// Writes an index, section after section.
#[derive(Debug)]
pub(crate) struct IndexWriter {
    path: PathBuf,
    file: Box<dyn WriteFile>,
    buffer: Vec<u8>,
    at: u64,
    sums: Vec<u32>,
    sections: Vec<Section>,
}

impl IndexWriter {
    pub(crate) fn create(fs: &dyn Fs, dir: &Path, index: Span) -> Result<Self> {
        let path = dir.join(index.index());
        let file = fs
            .create(&path)
            .map_err(|error| Error::io(path.display(), error))?;
        Ok(Self {
            path,
            file,
            buffer: Vec::new(),
            at: 0,
            sums: Vec::new(),
            sections: Vec::new(),
        })
    }

    pub(crate) fn begin(&mut self, name: &str) -> Result<()> {
        self.pad()?;
        self.sections.push(Section {
            name: name.to_owned(),
            at: self.at,
            len: 0,
        });
        Ok(())
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        if let Some(section) = self.sections.last_mut() {
            section.len += bytes.len() as u64;
        }
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= 64 * BLOCK {
            self.drain()?;
        }
        Ok(())
    }

    /// Writes all whole blocks.
    fn drain(&mut self) -> Result<()> {
        let (blocks, _) = self.buffer.as_chunks::<BLOCK>();
        self.sums
            .extend(blocks.iter().map(|block| crc32c::crc32c(block)));
        let whole = blocks.len() * BLOCK;
        let bytes = self.buffer.get(..whole).unwrap_or_default();
        self.file
            .write(bytes)
            .map_err(|error| Error::io(self.path.display(), error))?;
        self.at += whole as u64;
        self.buffer.drain(..whole);
        Ok(())
    }

    fn pad(&mut self) -> Result<()> {
        self.buffer
            .resize(self.buffer.len().next_multiple_of(BLOCK), 0);
        self.drain()
    }

    /// Makes what was written readable under the name of the file.
    pub(crate) fn pause(&mut self) -> Result<()> {
        self.pad()
    }

    /// Ends the file and makes it outlive a power cut, but for its name. Gives where the foot
    /// lies.
    pub(crate) fn finish(
        mut self,
        identity: &Identity,
        index: Span,
        logs: Vec<Span>,
        rows: u32,
        (spread, longest): (f32, f32),
    ) -> Result<u64> {
        self.pad()?;
        let sums: Vec<u8> = self.sums.iter().flat_map(|sum| sum.to_le_bytes()).collect();
        let foot = Foot {
            identity: identity.clone(),
            index,
            logs,
            rows,
            spread,
            longest,
            sections: self.sections,
            sums_at: self.at,
            sums_crc: crc32c::crc32c(&sums),
        };
        let foot_at = self.at + sums.len() as u64;
        let foot = envelope::seal(WORD, &foot)?;
        let mut end = || {
            self.file.write(&sums)?;
            self.file.write(&foot)?;
            self.file.sync()
        };
        end().map_err(|error| Error::io(self.path.display(), error))?;
        Ok(foot_at)
    }
}

/// An open index.
#[derive(Debug)]
pub(crate) struct Index {
    path: PathBuf,
    map: Map,
    pub(crate) foot: Foot,
    checked: Vec<OnceLock<bool>>,
}

impl Index {
    pub(crate) fn open(fs: &dyn Fs, dir: &Path, index: Span, foot_at: u64) -> Result<Self> {
        let path = dir.join(index.index());
        let map = fs
            .map(&path)
            .map_err(|error| Error::io(path.display(), error))?;
        let read = || {
            let bad = |what: &'static str| Error::new(ErrorKind::Corrupt, what);
            let at = usize::try_from(foot_at).map_err(|_| bad("is too large"))?;
            let bytes = map.get(at..).ok_or_else(|| bad("is cut"))?;
            let foot: Foot = envelope::promise(WORD, bytes)?
                .keep(WORD, bytes.get(envelope::HEAD..).unwrap_or_default())?;
            let sums = slice(&map, foot.sums_at, foot_at.saturating_sub(foot.sums_at));
            let sums = sums.ok_or_else(|| bad("is cut"))?;
            if foot.index != index || crc32c::crc32c(sums) != foot.sums_crc {
                return Err(bad("its list of checksums is damaged"));
            }
            Ok(foot)
        };
        let foot = read().map_err(|error| error.about(path.display()))?;
        let checked = foot.sections.iter().map(|_| OnceLock::new()).collect();
        Ok(Self {
            path,
            map,
            foot,
            checked,
        })
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.foot
            .sections
            .iter()
            .any(|section| section.name == name)
    }

    /// The bytes of a section; none when there is no such section. Checked when first used.
    pub(crate) fn section(&self, name: &str) -> Result<&[u8]> {
        let mut sections = self.foot.sections.iter().zip(&self.checked);
        let Some((section, checked)) = sections.find(|(section, _)| section.name == name) else {
            return Ok(&[]);
        };
        let bytes = slice(&self.map, section.at, section.len);
        match bytes {
            Some(bytes) if *checked.get_or_init(|| self.is_whole(section)) => Ok(bytes),
            _ => Err(self.damaged(name)),
        }
    }

    /// A section as rows of one type. The file is little-endian, and so are all the processors
    /// that this compiles for, see `mod.rs`.
    pub(crate) fn rows<T: bytemuck::AnyBitPattern>(&self, name: &str) -> Result<&[T]> {
        bytemuck::try_cast_slice(self.section(name)?).map_err(|_| self.damaged(name))
    }

    pub(crate) fn damaged(&self, name: &str) -> Error {
        Error::new(
            ErrorKind::Corrupt,
            format!("the section `{name}` is damaged"),
        )
        .about(self.path.display())
        .hint("it is made anew from the logs when the store is next opened")
    }

    fn is_whole(&self, section: &Section) -> bool {
        let whole = || {
            let first = usize::try_from(section.at).ok()? / BLOCK;
            let count = usize::try_from(section.len).ok()?.div_ceil(BLOCK);
            let blocks = slice(&self.map, section.at, (count * BLOCK) as u64)?;
            let sums = slice(
                &self.map,
                self.foot.sums_at + first as u64 * 4,
                count as u64 * 4,
            )?;
            let (sums, _) = sums.as_chunks::<4>();
            let (blocks, _) = blocks.as_chunks::<BLOCK>();
            let mut pairs = blocks.iter().zip(sums);
            Some(pairs.all(|(block, sum)| crc32c::crc32c(block) == u32::from_le_bytes(*sum)))
        };
        whole().unwrap_or(false)
    }

    /// Whether damage has shown so far.
    pub(crate) fn is_damaged(&self) -> bool {
        self.checked
            .iter()
            .any(|checked| checked.get() == Some(&false))
    }

    /// Checks every section.
    pub(crate) fn verify(&self) -> Result<()> {
        let whole = |section: &&Section| !self.is_whole(section);
        match self.foot.sections.iter().find(whole) {
            Some(section) => Err(self.damaged(&section.name)),
            None => Ok(()),
        }
    }
}

fn slice(bytes: &[u8], at: u64, len: u64) -> Option<&[u8]> {
    let start = usize::try_from(at).ok()?;
    bytes.get(start..start.checked_add(usize::try_from(len).ok()?)?)
}
