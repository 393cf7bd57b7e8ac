//! Making a file from texts in logs whose words are known.

use std::path::Path;

use gori_core::{Metadata, Result};

use super::merge::{Renumbered, merge};
use crate::local::chunk::hash;
use crate::local::fields;
use crate::local::fs::Fs;
use crate::local::index::IndexWriter;
use crate::local::manifest::Identity;
use crate::local::names::Span;
use crate::local::segment::pack;

/// What a file keeps of its rows beside their words.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    places: Vec<u64>,
    hashes: Vec<(u64, u32)>,
    fields: fields::Builder,
}

impl Columns {
    /// Adds the next row.
    pub(crate) fn add(&mut self, id: &str, metadata: &Metadata) -> Result<u32> {
        let row = u32::try_from(self.hashes.len()).unwrap_or(u32::MAX);
        self.hashes.push((hash(id), row));
        self.fields.add(row, metadata)?;
        Ok(row)
    }

    /// Says where each row's record lies: which of the logs, and the byte in it.
    pub(crate) fn place(&mut self, sources: &[(usize, u64)]) {
        self.places = sources.iter().map(|(log, at)| pack(*log, *at)).collect();
    }
}

/// Writes the file, on disk but for its name. Gives where its foot lies.
pub(crate) fn build(
    fs: &dyn Fs,
    dir: &Path,
    (identity, analyzer): (&Identity, &str),
    (index, logs): (Span, Vec<Span>),
    words: &[Renumbered<'_>],
    mut columns: Columns,
) -> Result<u64> {
    let mut writer = IndexWriter::create(fs, dir, index)?;
    writer.begin("postings")?;
    let merged = merge(words, |bytes| writer.write(bytes))?;
    columns.hashes.sort_unstable();
    let (hashes, owners): (Vec<u64>, Vec<u32>) = columns.hashes.into_iter().unzip();
    let sections: [(&str, &[u8]); 8] = [
        ("names", &merged.names),
        ("terms", bytemuck::cast_slice(&merged.terms)),
        ("lengths", bytemuck::cast_slice(&merged.lengths)),
        ("places", bytemuck::cast_slice(&columns.places)),
        ("hashes", bytemuck::cast_slice(&hashes)),
        ("owners", bytemuck::cast_slice(&owners)),
        ("fields", &columns.fields.encode()),
        ("analyzer", analyzer.as_bytes()),
    ];
    for (name, bytes) in sections {
        writer.begin(name)?;
        writer.write(bytes)?;
    }
    let rows = u32::try_from(hashes.len()).unwrap_or(u32::MAX);
    writer.finish(identity, index, logs, rows, (0.0, 0.0))
}
