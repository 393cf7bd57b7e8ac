//! Making an index from points in logs.

use std::path::Path;
use std::sync::Arc;

use gori_core::{Error, ErrorKind, Result, Stop};

use super::chunk::hash;
use super::codec::Put;
use super::fields;
use super::fs::Fs;
use super::index::IndexWriter;
use super::log::Log;
use super::manifest::Identity;
use super::names::Span;
use super::segment::{Scale, Sealed, pack};
use crate::kernel::{quantise, stride};
use crate::score::inverse_norm;

/// A point to be indexed: which of the logs, and where in it.
pub(crate) type Source = (usize, u64);

/// Makes an index of these points, on disk but for its name. Gives where its foot lies.
pub(crate) fn build(
    fs: &dyn Fs,
    dir: &Path,
    identity: &Identity,
    index: Span,
    logs: &[Arc<Log>],
    sources: &[Source],
    stop: &Stop,
) -> Result<u64> {
    let rows = u32::try_from(sources.len())
        .map_err(|_| Error::new(ErrorKind::TooLarge, "a segment cannot hold 2^32 points"))?;
    let sealed: Vec<Sealed> = logs
        .iter()
        .map(|log| Sealed::open(fs, Arc::clone(log)))
        .collect::<Result<_>>()?;
    let mut columns = Columns::default();
    let mut writer = IndexWriter::create(fs, dir, index)?;
    writer.begin("codes")?;
    let mut codes = vec![0; stride(identity.dims)];
    for (row, (log, at)) in (0..).zip(sources) {
        if row % 256 == 0 {
            stop.check()?;
        }
        let sealed = sealed.get(*log).ok_or_else(|| internal("an unknown log"))?;
        let put = sealed.put(*at, false)?;
        columns.add(row, &put, pack(*log, *at), &mut codes)?;
        writer.write(bytemuck::cast_slice(&codes))?;
    }
    writer.begin("rows")?;
    writer.write(bytemuck::cast_slice(&columns.scales))?;
    writer.begin("places")?;
    writer.write(bytemuck::cast_slice(&columns.places))?;
    columns.hashes.sort_unstable();
    let (hashes, owners): (Vec<u64>, Vec<u32>) = columns.hashes.iter().copied().unzip();
    writer.begin("hashes")?;
    writer.write(bytemuck::cast_slice(&hashes))?;
    writer.begin("owners")?;
    writer.write(bytemuck::cast_slice(&owners))?;
    writer.begin("fields")?;
    writer.write(&columns.fields.encode())?;
    let spans = logs.iter().map(|log| log.span).collect();
    writer.finish(
        identity,
        index,
        spans,
        rows,
        (columns.spread, columns.longest),
    )
}

fn internal(what: &'static str) -> Error {
    Error::new(ErrorKind::Internal, what)
}

/// What is gathered of the rows while their codes are written.
#[derive(Debug, Default)]
struct Columns {
    scales: Vec<Scale>,
    places: Vec<u64>,
    hashes: Vec<(u64, u32)>,
    fields: fields::Builder,
    spread: f32,
    longest: f32,
}

impl Columns {
    fn add(&mut self, row: u32, put: &Put<'_>, place: u64, codes: &mut [i8]) -> Result<()> {
        let vector: Vec<f32> = put.vector().collect();
        let scale = quantise(&vector, codes);
        let inverse = inverse_norm(&vector);
        self.spread = self.spread.max(scale * inverse);
        self.longest = self.longest.max(1.0 / inverse);
        self.scales.push(Scale { scale, inverse });
        self.places.push(place);
        self.hashes.push((hash(put.id), row));
        let metadata = put
            .metadata()
            .ok_or_else(|| internal("metadata that cannot be read"))?;
        self.fields.add(row, &metadata)
    }
}
