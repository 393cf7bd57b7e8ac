//! Opening an index: which files count, what they hold, and what a crash left behind.

use std::collections::BTreeSet;
use std::sync::Arc;

use gori_core::{Error, ErrorKind, Result};

use super::analyse::Analyzer;
use super::chunk::{Body, Builder};
use super::keep::{Effort, House, tidy};
use super::segment::Segment;
use super::view::{Data, Part, View};
use crate::local::codec::Put;
use crate::local::index::Index;
use crate::local::log::{Log, Place, Tip};
use crate::local::manifest::{Indexed, Manifest};
use crate::local::names::Span;
use crate::local::open::open_log;
use crate::local::record::{HEADER, Kind};
use crate::local::replay::{self, End, Record};

/// An index as its files tell it.
#[derive(Debug)]
pub(crate) struct Opened {
    /// As it was read, but for files that were made anew and are not committed yet.
    pub(crate) manifest: Manifest,
    pub(crate) log: Arc<Log>,
    pub(crate) view: View,
    pub(crate) tip: Tip,
    pub(crate) end: End,
    /// Files that were damaged or of other rules, and were made anew.
    pub(crate) rebuilt: Vec<String>,
}

/// What is done about words of sealed logs that have no file, or none that can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lacking {
    /// A file is made, log by log, so that no more than one log's words are in memory.
    Made,
    /// They stay in memory: only who writes may make files.
    Held,
}

/// Reads all that the manifest names.
pub(crate) fn load(
    house: &House<'_>,
    analyzer: &Analyzer,
    mut manifest: Manifest,
    distrust: &BTreeSet<Span>,
    lacking: Lacking,
) -> Result<Opened> {
    let mut view = View::default();
    let (mut rebuilt, mut covered, mut whole) = (Vec::new(), BTreeSet::new(), Vec::new());
    for entry in &manifest.segments {
        match open_part(house, &manifest, entry, distrust) {
            Ok(part) => {
                covered.extend(part.logs().iter().copied());
                view.parts.push(part);
                whole.push(entry.clone());
            }
            // Those that follow go too: earlier texts may be replaced in them, and the order
            // must be kept.
            Err(error) if is_mendable(&error) => {
                rebuilt.push(entry.index.index());
                break;
            }
            Err(error) => return Err(error),
        }
    }
    manifest.segments = whole;
    for (number, sealed) in (1..).zip(manifest.sealed.clone()) {
        if covered.contains(&sealed.log) {
            continue;
        }
        let log = open_log(house.fs, house.dir, &manifest, sealed.log)?;
        let (tip, _) = read_batches(analyzer, &log, log.origin(), &mut view)?;
        if tip != sealed.tip {
            return Err(replay::refused(&log, tip.len));
        }
        if lacking == Lacking::Held {
            continue;
        }
        let mut so_far = manifest.clone();
        so_far.sealed.truncate(number);
        while let Some(next) = tidy(house, &so_far, &view, Effort::Index)? {
            (so_far, view) = (next.manifest, next.view);
        }
        (manifest.segments, manifest.rev) = (so_far.segments, so_far.rev);
    }
    let log = open_log(house.fs, house.dir, &manifest, manifest.active)?;
    let (tip, end) = read_batches(analyzer, &log, log.origin(), &mut view)?;
    Ok(Opened {
        manifest,
        log,
        view,
        tip,
        end,
        rebuilt,
    })
}

fn is_mendable(error: &Error) -> bool {
    use ErrorKind::{Corrupt, NotFound, Unsupported};
    matches!(error.kind(), Corrupt | NotFound | Unsupported)
}

fn open_part(
    house: &House<'_>,
    manifest: &Manifest,
    entry: &Indexed,
    distrust: &BTreeSet<Span>,
) -> Result<Part> {
    let index = Index::open(house.fs, house.dir, entry.index, entry.foot)?;
    if distrust.contains(&entry.index) || index.foot.identity != manifest.identity {
        return Err(index.damaged("foot"));
    }
    let segment = Segment::open(house.fs, house.dir, index, &house.analyzer)?;
    let dead = entry.dead.iter().copied().collect();
    Part::new(Data::Segment(Arc::new(segment)), dead)
}

#[derive(Default)]
struct Batch {
    puts: Builder,
    deletes: Vec<String>,
}

/// Applies all whole batches from `from` on to the view.
pub(crate) fn read_batches(
    analyzer: &Analyzer,
    log: &Arc<Log>,
    from: Tip,
    view: &mut View,
) -> Result<(Tip, End)> {
    let mut state = (Batch::default(), view);
    let record = |state: &mut (Batch, &mut View), record: Record<'_>| {
        stage(analyzer, log, &mut state.0, &record).ok_or_else(|| log.damaged(record.at))
    };
    let batch = |state: &mut (Batch, &mut View)| {
        let batch = std::mem::take(&mut state.0);
        for id in batch
            .deletes
            .iter()
            .map(String::as_str)
            .chain(batch.puts.ids())
        {
            state.1.remove(id)?;
        }
        match batch.puts.finish(Some(Arc::clone(log))) {
            Some(chunk) => state.1.push(chunk),
            None => Ok(()),
        }
    };
    replay::replay(log, from, &mut state, record, batch)
}

fn stage(analyzer: &Analyzer, log: &Log, batch: &mut Batch, record: &Record<'_>) -> Option<()> {
    match record.header.kind {
        Kind::Put => {
            let point = Put::decode(record.body, log.dims)?.point()?;
            let place = Place {
                at: record.at,
                len: u32::try_from(HEADER + record.header.padded()).ok()?,
            };
            batch.puts.add(analyzer, &point, Body::Logged(place));
        }
        Kind::Delete => {
            let id = std::str::from_utf8(record.body).ok()?;
            batch.deletes.push(id.to_owned());
        }
        Kind::Seal | Kind::Mark => {}
    }
    Some(())
}
