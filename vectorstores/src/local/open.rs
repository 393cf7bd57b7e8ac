//! Opening a store: which files count, what they hold, and what a crash left behind.

use std::path::Path;
use std::sync::Arc;

use gori_core::{Error, ErrorKind, Result};

use super::chunk::{Builder, Row};
use super::codec::Put;
use super::fs::Fs;
use super::log::{Log, LogWriter, Place, Tip};
use super::manifest::{Identity, Manifest};
use super::names::{CURRENT, CURRENT_NEW, Span};
use super::record::{HEADER, Kind};
use super::replay::{self, End, Record};
use super::report::Report;
use super::view::View;
use crate::score::inverse_norm;

/// A store as its files tell it.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) manifest: Manifest,
    pub(crate) log: Arc<Log>,
    pub(crate) view: View,
    pub(crate) tip: Tip,
    pub(crate) end: End,
}

/// Makes a new store. Whatever a crash left of an earlier try is overwritten.
pub(crate) fn create(fs: &dyn Fs, dir: &Path, identity: Identity) -> Result<()> {
    let active = Span::one(1);
    LogWriter::create(fs, dir, &identity, active, 1)?;
    let manifest = Manifest {
        identity,
        active,
        next: 2,
    };
    manifest.commit(fs, dir)
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

/// Reads all that the manifest names.
pub(crate) fn load(fs: &dyn Fs, dir: &Path, manifest: Manifest) -> Result<Opened> {
    let (log, identity) = Log::open(fs, dir, manifest.active)?;
    if identity != manifest.identity {
        return Err(
            Error::new(ErrorKind::Corrupt, "belongs to another store").about(log.path.display())
        );
    }
    let log = Arc::new(log);
    let from = Tip {
        len: log.start,
        seq: 1,
        prev: log.salt,
    };
    let mut view = View::default();
    let (tip, end) = read_batches(&log, from, &mut view)?;
    Ok(Opened {
        manifest,
        log,
        view,
        tip,
        end,
    })
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
        for id in batch
            .deletes
            .iter()
            .map(String::as_str)
            .chain(batch.puts.ids())
        {
            state.1.remove(id);
        }
        if !batch.puts.is_empty() {
            state.1.push(batch.puts.finish(Arc::clone(log)));
        }
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
                inverse: inverse_norm(&vector),
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
        let left = match Span::of_log(name) {
            Some(span) if span != manifest.active => {
                // A log is filled only once CURRENT names it. One that nobody names and that
                // holds points means that CURRENT is not the newest.
                match Log::open(fs, dir, span) {
                    Ok((log, _)) if span.first >= manifest.next && log.len()? > log.start => {
                        return Err(Error::new(
                            ErrorKind::Corrupt,
                            format!("{CURRENT} is older than {name}"),
                        )
                        .about(dir.display())
                        .hint("`LocalStore::repair` makes it anew from the logs"));
                    }
                    _ => true,
                }
            }
            Some(_) => false,
            None => name == CURRENT_NEW,
        };
        if left {
            fs.remove(&dir.join(name))
                .map_err(|error| Error::io(dir.join(name).display(), error))?;
            report.removed.push(name.clone());
        }
    }
    Ok(())
}
