//! Writes on their way into the log. Those that wait for the same sync share it.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use gori_core::{Error, Filter, Point, Result, Selection};

use super::chunk::Builder;
use super::codec::Put;
use super::fs::Fs;
use super::log::{Log, LogWriter, Place};
use super::manifest::{Manifest, SealedLog};
use super::names::Span;
use super::open::open_log;
use super::options::Durability;
use super::record::{Frames, Kind, MAX_BODY};
use super::view::{Address, View};

/// One write, ready to be appended.
#[derive(Debug)]
pub(crate) enum Write {
    Upsert { frames: Frames, points: Builder },
    Delete(Which),
}

/// A [`Selection`] that borrows nothing.
#[derive(Debug)]
pub(crate) enum Which {
    Ids(Vec<String>),
    Filter(Filter),
    All,
}

impl Which {
    pub(crate) fn of(which: &Selection<'_>) -> Self {
        match which {
            Selection::Ids(ids) => Self::Ids(ids.iter().map(|id| (*id).to_owned()).collect()),
            Selection::Filter(filter) => Self::Filter((*filter).clone()),
            Selection::All => Self::All,
        }
    }

    fn find(&self, view: &View) -> Result<Vec<Address>> {
        match self {
            Self::Ids(ids) => {
                let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
                view.selected(&Selection::Ids(&ids))
            }
            Self::Filter(filter) => view.selected(&Selection::Filter(filter)),
            Self::All => view.selected(&Selection::All),
        }
    }
}

impl Write {
    /// Checks all points, then encodes them. Of equal ids the last counts.
    pub(crate) fn upsert(points: &[Point], dims: usize) -> Result<Self> {
        points.iter().try_for_each(|point| point.check(dims))?;
        let last: std::collections::HashMap<&str, usize> = points
            .iter()
            .map(|point| point.id.as_str())
            .zip(0..)
            .collect();
        let (mut frames, mut rows) = (Frames::default(), Builder::default());
        for (point, at) in points.iter().zip(0..) {
            if last.get(point.id.as_str()) != Some(&at) {
                continue;
            }
            let start = frames.byte_len();
            frames.push(Kind::Put, |body| {
                let before = body.len();
                Put::encode(point, body)?;
                if body.len() - before > MAX_BODY as usize {
                    return Err(Error::new(
                        gori_core::ErrorKind::TooLarge,
                        format!(
                            "a point of {} bytes is larger than {MAX_BODY}",
                            body.len() - before
                        ),
                    )
                    .about(&point.id));
                }
                Ok(())
            })?;
            let len = u32::try_from(frames.byte_len() - start).unwrap_or(u32::MAX);
            rows.add(point, Place { at: start, len });
        }
        Ok(Self::Upsert {
            frames,
            points: rows,
        })
    }

    fn points(&self) -> usize {
        match self {
            Self::Upsert { frames, .. } => frames.len(),
            Self::Delete(_) => 0,
        }
    }

    /// Applies the write to the view as if it lay at byte `at` of the log, and gives what to
    /// append and how many points it took out or put in.
    fn stage(self, log: &Arc<Log>, at: u64, view: &mut View) -> Result<(Frames, u64)> {
        match self {
            Self::Upsert { frames, mut points } => {
                points.shift(at);
                for id in points.ids() {
                    view.remove(id)?;
                }
                if !points.is_empty() {
                    view.push(points.finish(Arc::clone(log)));
                }
                let count = frames.len() as u64;
                Ok((frames, count))
            }
            Self::Delete(which) => {
                let mut frames = Frames::default();
                let found = which.find(view)?;
                for address in &found {
                    if let Some(id) = view.id(*address)? {
                        let Ok(()) = frames.push(Kind::Delete, |body| {
                            body.extend_from_slice(id.as_bytes());
                            Ok::<(), std::convert::Infallible>(())
                        });
                    }
                    view.kill(*address);
                }
                Ok((frames, found.len() as u64))
            }
        }
    }
}

/// Where the answer to a write is put.
pub(crate) type Slot = Arc<Mutex<Option<Result<u64>>>>;

/// The writes that wait.
#[derive(Debug, Default)]
pub(crate) struct Queue(Mutex<Vec<(Write, Slot)>>);

impl Queue {
    pub(crate) fn push(&self, write: Write) -> Slot {
        let slot = Slot::default();
        self.lock().push((write, Arc::clone(&slot)));
        slot
    }

    pub(crate) fn take(&self) -> Vec<(Write, Slot)> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(Write, Slot)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) fn answer(slot: &Slot) -> Option<Result<u64>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// What only the one writer touches.
#[derive(Debug)]
pub(crate) struct Writer {
    pub(crate) log: LogWriter,
    pub(crate) source: Arc<Log>,
    pub(crate) manifest: Manifest,
    pub(crate) durability: Durability,
    /// Points in the active log, dead ones too.
    pub(crate) points: usize,
}

impl Writer {
    /// Appends the writes, syncs once for all, and gives the next view. All are there or, after
    /// an error, none.
    pub(crate) fn commit(&mut self, writes: Vec<Write>, view: &View) -> Result<(View, Vec<u64>)> {
        let mut next = view.clone();
        let (mut batches, mut counts) = (Vec::new(), Vec::new());
        let (mut at, mut points) = (self.log.tip.len, 0);
        for write in writes {
            points += write.points();
            let (frames, count) = write.stage(&self.source, at, &mut next)?;
            at += frames.byte_len();
            batches.push(frames);
            counts.push(count);
        }
        batches.retain(|frames| frames.len() > 0);
        self.log.append(&mut batches)?;
        if self.durability == Durability::Sync {
            self.log.sync()?;
        }
        self.points += points;
        Ok((next, counts))
    }

    /// Ends the active log and begins the next.
    pub(crate) fn seal(&mut self, fs: &dyn Fs, dir: &Path) -> Result<()> {
        // Should this fail, the next try waits for as many points again.
        self.points = 0;
        let mut end = Frames::default();
        let Ok(()) = end.push(Kind::Seal, |_| Ok::<(), std::convert::Infallible>(()));
        self.log.append(&mut [end])?;
        self.log.sync()?;
        let mut manifest = self.manifest.clone();
        let active = Span::one(manifest.next);
        let tip = self.log.tip;
        let log = LogWriter::create(fs, dir, &manifest.identity, active, tip.seq)?;
        let source = open_log(fs, dir, &manifest, active)?;
        manifest.sealed.push(SealedLog {
            log: manifest.active,
            tip,
        });
        manifest.active = active;
        manifest.next += 1;
        self.switch(fs, dir, manifest)?;
        (self.log, self.source) = (log, source);
        Ok(())
    }

    /// Commits another manifest. When nobody can say whether that took place, nothing may be
    /// written any more: it might go where the next opening does not look.
    pub(crate) fn switch(&mut self, fs: &dyn Fs, dir: &Path, manifest: Manifest) -> Result<()> {
        match manifest.commit(fs, dir) {
            Ok(()) => {
                self.manifest = manifest;
                Ok(())
            }
            Err(failed) => {
                if failed.in_doubt {
                    self.log
                        .close(format!("CURRENT is in doubt: {}", failed.error));
                }
                Err(failed.error)
            }
        }
    }
}

/// The same error once more, for each of the writes that failed together.
pub(crate) fn copy(error: &Error) -> Error {
    let mut copy = Error::new(error.kind(), error.message().to_owned());
    if let Some(subject) = error.subject() {
        copy = copy.about(subject);
    }
    if let Some(advice) = error.advice() {
        copy = copy.hint(advice.to_owned());
    }
    copy
}
