//! Opening a store: which files count, what they hold, and what a crash left behind.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use gori_core::{Error, ErrorKind, Result};

use super::chunk::{Builder, Row};
use super::codec::Put;
use super::fs::Fs;
use super::index::Index;
use super::log::{Log, LogWriter, Place, Tip};
use super::manifest::{Identity, Indexed, Manifest};
use super::names::{CURRENT, CURRENT_NEW, Span};
use super::record::{HEADER, Kind};
use super::replay::{self, End, Record};
use super::report::Report;
use super::segment::Segment;
use super::view::{Data, Part, View};

/// A store as its files tell it.
#[derive(Debug)]
pub(crate) struct Opened {
    /// As it was read, but for indexes that are damaged.
    pub(crate) manifest: Manifest,
    pub(crate) log: Arc<Log>,
    pub(crate) view: View,
    pub(crate) tip: Tip,
    pub(crate) end: End,
    /// Indexes that were damaged; their points were read from the logs.
    pub(crate) damaged: Vec<String>,
}

/// Makes a new store. Whatever a crash left of an earlier try is overwritten.
pub(crate) fn create(fs: &dyn Fs, dir: &Path, identity: Identity) -> Result<()> {
    let active = Span::one(1);
    LogWriter::create(fs, dir, &identity, active, 1)?;
    let manifest = Manifest {
        identity,
        active,
        next: 2,
        rev: 0,
        sealed: Vec::new(),
        segments: Vec::new(),
    };
    manifest.commit(fs, dir).map_err(|failed| failed.error)
}

/// Refuses to make a new store where the points of another one lie.
pub(crate) fn check_vacant(fs: &dyn Fs, dir: &Path, names: &[String]) -> Result<()> {
    for span in names.iter().filter_map(|name| Span::of_log(name)) {
        // A log is made before CURRENT and filled after it, so one that is empty or cut
        // within its head is what a crash left of making the store.
        let Ok((log, _)) = Log::open(fs, dir, span) else {
            continue;
        };
        if log.len()? > log.start {
            return Err(Error::new(
                ErrorKind::Corrupt,
                format!("{CURRENT} is missing, but there are logs"),
            )
            .about(dir.display())
            .hint("`LocalStore::repair` makes it anew from the logs"));
        }
    }
    Ok(())
}

/// Reads all that the manifest names, but for the indexes that `distrust` names.
pub(crate) fn load(
    fs: &dyn Fs,
    dir: &Path,
    mut manifest: Manifest,
    distrust: &BTreeSet<Span>,
) -> Result<Opened> {
    let mut view = View::default();
    let mut damaged = Vec::new();
    let mut covered = BTreeSet::new();
    let mut whole = Vec::new();
    for entry in &manifest.segments {
        match open_segment(fs, dir, &manifest, entry, distrust) {
            Ok(segment) => {
                covered.extend(segment.index.foot.logs.iter().copied());
                let dead = entry.dead.iter().copied().collect();
                view.parts
                    .push(Part::new(Data::Segment(Arc::new(segment)), dead));
                whole.push(entry.clone());
            }
            // The logs are the truth: they are read again from the first that has no index.
            // The indexes of later ones go too, since what the earlier logs hold may be
            // replaced in them, and the order must be kept.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::Corrupt | ErrorKind::NotFound | ErrorKind::Unsupported
                ) =>
            {
                damaged.push(entry.index.index());
                break;
            }
            Err(error) => return Err(error),
        }
    }
    manifest.segments = whole;
    for sealed in manifest
        .sealed
        .iter()
        .filter(|sealed| !covered.contains(&sealed.log))
    {
        let log = open_log(fs, dir, &manifest, sealed.log)?;
        let (tip, _) = read_batches(&log, log.origin(), &mut view)?;
        if tip != sealed.tip {
            return Err(replay::refused(&log, tip.len));
        }
    }
    let log = open_log(fs, dir, &manifest, manifest.active)?;
    let (tip, end) = read_batches(&log, log.origin(), &mut view)?;
    Ok(Opened {
        manifest,
        log,
        view,
        tip,
        end,
        damaged,
    })
}

pub(crate) fn open_log(
    fs: &dyn Fs,
    dir: &Path,
    manifest: &Manifest,
    span: Span,
) -> Result<Arc<Log>> {
    let (log, identity) = Log::open(fs, dir, span)?;
    if identity == manifest.identity {
        Ok(Arc::new(log))
    } else {
        Err(Error::new(ErrorKind::Corrupt, "belongs to another store").about(log.path.display()))
    }
}

fn open_segment(
    fs: &dyn Fs,
    dir: &Path,
    manifest: &Manifest,
    entry: &Indexed,
    distrust: &BTreeSet<Span>,
) -> Result<Segment> {
    let index = Index::open(fs, dir, entry.index, entry.foot)?;
    if distrust.contains(&entry.index) || index.foot.identity != manifest.identity {
        return Err(index.damaged("foot"));
    }
    Segment::open(fs, dir, index)
}

#[derive(Default)]
struct Batch {
    puts: Builder,
    deletes: Vec<String>,
}

/// Applies all whole batches from `from` on to the view.
pub(crate) fn read_batches(log: &Arc<Log>, from: Tip, view: &mut View) -> Result<(Tip, End)> {
    let mut state = (Batch::default(), view);
    let record = |state: &mut (Batch, &mut View), record: Record<'_>| {
        stage(log, &mut state.0, &record).ok_or_else(|| log.damaged(record.at))
    };
    let batch = |state: &mut (Batch, &mut View)| {
        let batch = std::mem::take(&mut state.0);
        let ids = batch.deletes.iter().map(String::as_str);
        for id in ids.chain(batch.puts.ids()) {
            state.1.remove(id)?;
        }
        if !batch.puts.is_empty() {
            state.1.push(batch.puts.finish(Arc::clone(log)));
        }
        Ok(())
    };
    replay::replay(log, from, &mut state, record, batch)
}

fn stage(log: &Log, batch: &mut Batch, record: &Record<'_>) -> Option<()> {
    match record.header.kind {
        Kind::Put => {
            let put = Put::decode(record.body, log.dims)?;
            let vector: Vec<f32> = put.vector().collect();
            let row = Row {
                id: put.id.into(),
                metadata: Arc::new(put.metadata()?),
                place: Place {
                    at: record.at,
                    len: u32::try_from(HEADER + record.header.padded()).ok()?,
                },
            };
            batch.puts.push(row, &vector);
        }
        Kind::Delete => {
            let id = std::str::from_utf8(record.body).ok()?;
            batch.deletes.push(id.to_owned());
        }
        Kind::Seal | Kind::Mark => {}
    }
    Some(())
}

/// Removes what a crash left of unfinished work.
pub(crate) fn sweep(
    fs: &dyn Fs,
    dir: &Path,
    names: &[String],
    manifest: &Manifest,
    report: &mut Report,
) -> Result<()> {
    for name in names {
        let left = if let Some(span) = Span::of_log(name) {
            let known = manifest.sealed.iter().any(|sealed| sealed.log == span);
            if !known && span != manifest.active && is_newer(fs, dir, manifest, span)? {
                return Err(Error::new(
                    ErrorKind::Corrupt,
                    format!("{CURRENT} is older than {name}"),
                )
                .about(dir.display())
                .hint("`LocalStore::repair` makes it anew from the logs"));
            }
            !known && span != manifest.active
        } else if let Some(span) = Span::of_index(name) {
            manifest
                .segments
                .iter()
                .all(|segment| segment.index != span)
        } else {
            name == CURRENT_NEW
        };
        if left {
            fs.remove(&dir.join(name))
                .map_err(|error| Error::io(dir.join(name).display(), error))?;
            report.removed.push(name.clone());
        }
    }
    Ok(())
}

/// Whether a log that CURRENT does not name holds points that CURRENT cannot know of. A log is
/// filled only once CURRENT names it, so that is no crash: CURRENT is an old copy.
fn is_newer(fs: &dyn Fs, dir: &Path, manifest: &Manifest, span: Span) -> Result<bool> {
    if span.rev > 0 || span.first < manifest.next {
        return Ok(false);
    }
    match Log::open(fs, dir, span) {
        Ok((log, _)) => Ok(log.len()? > log.start),
        // Cut within its head, so made by a crash.
        Err(_) => Ok(false),
    }
}
