//! Texts of sealed logs with the file made from them. Nothing of it is in memory but what
//! searches touch. Beside the sections `names`, `terms`, `postings` and `lengths`, see
//! `inverted.rs`, it has `places`, `hashes`, `owners` and `fields` as those of the local store
//! do, and `analyzer`, the rules by which its terms were made.

use std::path::Path;

use gori_core::Result;

use super::inverted::Inverted;
use crate::local::fs::Fs;
use crate::local::index::Index;
use crate::local::segment::Segment as Rows;

/// Texts of sealed logs with the file made from them.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) rows: Rows,
}

impl Segment {
    /// Opens it, unless its terms were made by other rules.
    pub(crate) fn open(fs: &dyn Fs, dir: &Path, index: Index, analyzer: &str) -> Result<Self> {
        if index.section("analyzer")? != analyzer.as_bytes() {
            return Err(index.damaged("analyzer"));
        }
        Ok(Self {
            rows: Rows::open(fs, dir, index)?,
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn words(&self) -> Result<Inverted<'_>> {
        let index = &self.rows.index;
        let words = Inverted {
            names: index.section("names")?,
            terms: index.rows("terms")?,
            postings: index.section("postings")?,
            lengths: index.rows("lengths")?,
        };
        if words.lengths.len() == self.len() {
            Ok(words)
        } else {
            Err(index.damaged("lengths"))
        }
    }
}
