//! Making an index from points in logs.

use std::path::Path;
use std::sync::Arc;

use gori_core::{Error, ErrorKind, Metric, Result, Stop};

use super::chunk::hash;
use super::codec::Put;
use super::coded::Scale;
use super::fields;
use super::fs::Fs;
use super::grow::{Rows, grow};
use super::index::IndexWriter;
use super::log::Log;
use super::manifest::Identity;
use super::names::Span;
use super::options::Tuning;
use super::segment::pack;
use crate::kernel::{quantise, refine, stride};
use crate::score::inverse_norm;

/// A point to be indexed: which of the logs, and where in it.
pub(crate) type Source = (usize, u64);

/// What an index is made by and for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site<'a> {
    pub(crate) fs: &'a dyn Fs,
    pub(crate) dir: &'a Path,
    pub(crate) identity: &'a Identity,
    pub(crate) tuning: &'a Tuning,
    pub(crate) stop: &'a Stop,
}

/// Makes an index of these points, on disk but for its name. Gives where its foot lies.
pub(crate) fn build(
    site: &Site<'_>,
    index: Span,
    logs: &[Arc<Log>],
    sources: &[Source],
) -> Result<u64> {
    let Site {
        fs,
        dir,
        identity,
        tuning,
        ..
    } = *site;
    let rows = u32::try_from(sources.len())
        .map_err(|_| Error::new(ErrorKind::TooLarge, "a segment cannot hold 2^32 points"))?;
    let mut columns = Columns::default();
    let mut writer = IndexWriter::create(fs, dir, index)?;
    let mut codes = vec![0; stride(identity.dims)];
    writer.begin("codes")?;
    each(site, logs, sources, |row, put| {
        let (log, at) = sources.get(row as usize).copied().unwrap_or_default();
        columns.add(row, put, pack(log, at), &mut codes)?;
        writer.write(bytemuck::cast_slice(&codes))
    })?;
    // Read once more, so that no more than the codes of one row is ever held.
    let mut fine = vec![0; codes.len() / 2];
    writer.begin("fine")?;
    each(site, logs, sources, |_, put| {
        let vector: Vec<f32> = put.vector().collect();
        let scale = quantise(&vector, &mut codes);
        refine(&vector, scale, &codes, &mut fine);
        writer.write(&fine)
    })?;
    if has_graph(identity.metric, sources.len(), tuning) {
        writer.pause()?;
        add_graph(site, index, &columns.scales, &mut writer)?;
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

/// Reads these points from their logs, one after the other. The logs are read and not mapped,
/// so that they are not all in memory at the end.
fn each(
    site: &Site<'_>,
    logs: &[Arc<Log>],
    sources: &[Source],
    mut work: impl FnMut(u32, &Put<'_>) -> Result<()>,
) -> Result<()> {
    let mut body = Vec::new();
    for (row, (log, at)) in (0..).zip(sources) {
        if row % 256 == 0 {
            site.stop.check()?;
        }
        let log = logs.get(*log).ok_or_else(|| internal("an unknown log"))?;
        log.read_body(*at, &mut body)?;
        let put = Put::decode(&body, site.identity.dims).ok_or_else(|| log.damaged(*at))?;
        work(row, &put)?;
    }
    Ok(())
}

/// Whether so many rows get a graph. By dot product the nearest need not be near each other,
/// which a graph relies on.
pub(crate) fn has_graph(metric: Metric, rows: usize, tuning: &Tuning) -> bool {
    metric != Metric::Dot && rows >= tuning.graph_from
}

/// Adds the graph, over the codes as they were just written, which are mapped and not held.
fn add_graph(
    site: &Site<'_>,
    index: Span,
    scales: &[Scale],
    writer: &mut IndexWriter,
) -> Result<()> {
    let path = site.dir.join(index.index());
    let map = site.fs.map(&path);
    let map = map.map_err(|error| Error::io(path.display(), error))?;
    let width = stride(site.identity.dims);
    let codes = map.get(..width * scales.len()).unwrap_or_default();
    let rows = Rows {
        metric: site.identity.metric,
        width,
        codes: bytemuck::cast_slice(codes),
        scales,
    };
    let (links, upper) = grow(rows, site.stop)?;
    writer.begin("links")?;
    writer.write(bytemuck::cast_slice(&links))?;
    writer.begin("upper")?;
    writer.write(&upper.encode())
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
        let scale = Scale { scale, inverse };
        self.spread = self.spread.max(scale.spread());
        self.longest = self.longest.max(scale.length());
        self.scales.push(scale);
        self.places.push(place);
        self.hashes.push((hash(put.id), row));
        let metadata = put
            .metadata()
            .ok_or_else(|| internal("metadata that cannot be read"))?;
        self.fields.add(row, &metadata)
    }
}
