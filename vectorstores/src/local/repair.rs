//! Saving what is whole of a damaged store.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use gori_core::{Error, ErrorKind, Result, Stop};

use super::codec::Put;
use super::engine::take_lock;
use super::fs::Fs;
use super::keep::copy_points;
use super::log::{Log, LogWriter, Tip};
use super::manifest::{Identity, Manifest, SealedLog};
use super::names::{CURRENT, Span};
use super::record::Kind;
use super::replay::{End, replay, salvage};

/// What a repair saved and what it could not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Repaired {
    /// Points that were saved.
    pub points: u64,
    /// Bytes of logs that hold no whole record.
    pub lost_bytes: u64,
    /// The old files, under the names they have now. Nothing was thrown away.
    pub kept: Vec<String>,
}

/// Makes a store of every whole record of a damaged one, the newest for each id. The old files
/// stay under other names.
pub(crate) fn repair(fs: &dyn Fs, dir: &Path) -> Result<Repaired> {
    let about = |error| Error::io(dir.display(), error);
    let _lock = take_lock(fs, dir)?;
    let names = fs.list(dir).map_err(about)?;
    let manifest = match Manifest::read(fs, dir) {
        Ok(manifest) => manifest,
        Err(error) if error.kind() == ErrorKind::Corrupt => None,
        Err(error) => return Err(error),
    };
    let spans: Vec<Span> = names.iter().filter_map(|name| Span::of_log(name)).collect();
    let identity = identify(fs, dir, manifest.as_ref(), &spans)?;
    let logs = choose(fs, dir, &identity, manifest.as_ref(), spans.clone())?;
    let mut repaired = Repaired::default();
    let mut live = HashMap::new();
    for (number, log) in logs.iter().enumerate() {
        repaired.lost_bytes += collect(log, number, &mut live)?;
    }
    let mut sources: Vec<(usize, u64)> = live.into_values().collect();
    sources.sort_unstable();
    repaired.points = sources.len() as u64;

    let last = spans.iter().map(|span| span.last).max().unwrap_or(0);
    let rev = spans.iter().map(|span| span.rev).max().unwrap_or(0);
    let rev = 1 + rev.max(manifest.as_ref().map_or(0, |manifest| manifest.rev));
    let span = Span {
        first: 1,
        last: last.max(1),
        rev,
    };
    let (_, tip, _) = copy_points(fs, dir, &identity, span, 1, &logs, &sources, &Stop::new())?;
    let active = Span::one(span.last + 1);
    LogWriter::create(fs, dir, &identity, active, tip.seq)?;
    let manifest = Manifest {
        identity,
        active,
        next: active.last + 1,
        rev,
        sealed: vec![SealedLog { log: span, tip }],
        segments: Vec::new(),
    };
    manifest.commit(fs, dir).map_err(|failed| failed.error)?;
    for name in names {
        let is_ours = Span::of_log(&name)
            .or_else(|| Span::of_index(&name))
            .is_some();
        if is_ours && name != span.log() && name != active.log() {
            let kept = format!("old-{rev}-{name}");
            fs.rename(&dir.join(&name), &dir.join(&kept))
                .map_err(about)?;
            repaired.kept.push(kept);
        }
    }
    fs.sync_dir(dir).map_err(about)?;
    Ok(repaired)
}

/// Whose store it is: CURRENT says so, or the logs do.
fn identify(
    fs: &dyn Fs,
    dir: &Path,
    manifest: Option<&Manifest>,
    spans: &[Span],
) -> Result<Identity> {
    if let Some(manifest) = manifest {
        return Ok(manifest.identity.clone());
    }
    let mut logs = spans
        .iter()
        .filter_map(|span| Log::open(fs, dir, *span).ok());
    logs.next().map(|(_, identity)| identity).ok_or_else(|| {
        Error::new(
            ErrorKind::Corrupt,
            format!("neither {CURRENT} nor any log says what store this was"),
        )
        .about(dir.display())
    })
}

/// The logs that count, oldest first.
fn choose(
    fs: &dyn Fs,
    dir: &Path,
    identity: &Identity,
    manifest: Option<&Manifest>,
    mut spans: Vec<Span>,
) -> Result<Vec<Arc<Log>>> {
    // A log over a wider range was made from those within it, and counts when it was ended.
    spans.sort_by_key(|span| (span.first, std::cmp::Reverse((span.last, span.rev))));
    let mut logs: Vec<Arc<Log>> = Vec::new();
    for span in spans {
        let named = manifest.is_some_and(|manifest| {
            manifest.active == span || manifest.sealed.iter().any(|sealed| sealed.log == span)
        });
        let covered = logs.last().is_some_and(|log| log.span.last >= span.last);
        if covered && !named {
            continue;
        }
        let log = match Log::open(fs, dir, span) {
            Ok((log, other)) if other == *identity => log,
            // Of another store, so not ours to save.
            Ok(_) => continue,
            Err(error) if error.kind() == ErrorKind::Corrupt => {
                Log::headless(fs, dir, span, identity)?
            }
            Err(error) => return Err(error),
        };
        if span.rev == 0 || named || is_ended(&log)? {
            logs.push(Arc::new(log));
        }
    }
    Ok(logs)
}

fn is_ended(log: &Log) -> Result<bool> {
    let mut sealed = false;
    let note = |sealed: &mut bool, record: super::replay::Record<'_>| {
        *sealed = record.header.kind == Kind::Seal;
        Ok(())
    };
    let (_, end): (Tip, End) = replay(log, log.origin(), &mut sealed, note, |_| Ok(()))?;
    Ok(sealed && end == End::Whole)
}

/// Applies every whole record of a log; gives how many bytes hold none.
fn collect(log: &Arc<Log>, number: usize, live: &mut HashMap<String, (usize, u64)>) -> Result<u64> {
    let mut unfinished: Vec<(String, Option<(usize, u64)>)> = Vec::new();
    let apply = |ops: &mut Vec<(String, Option<(usize, u64)>)>,
                 live: &mut HashMap<String, (usize, u64)>| {
        for (id, place) in ops.drain(..) {
            match place {
                Some(place) => live.insert(id, place),
                None => live.remove(&id),
            };
        }
    };
    let lost = salvage(log, |record| {
        let Some(record) = record else {
            // Something whole follows a gap, so what came before it had been acknowledged.
            apply(&mut unfinished, live);
            return;
        };
        match record.header.kind {
            Kind::Put => {
                let put = Put::decode(record.body, log.dims);
                if let Some(put) = put.filter(|put| put.metadata().is_some()) {
                    unfinished.push((put.id.to_owned(), Some((number, record.at))));
                }
            }
            Kind::Delete => {
                let id = String::from_utf8_lossy(record.body).into_owned();
                unfinished.push((id, None));
            }
            Kind::Seal | Kind::Mark => {}
        }
        // A batch without an end at the end of a log was never acknowledged.
        if record.header.last {
            apply(&mut unfinished, live);
        }
    })?;
    Ok(lost)
}
