//! Keeping house: sealed logs are indexed, small segments merged, and logs that are mostly
//! garbage rewritten. Reads go on on the old files meanwhile, writes but for the commit.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use gori_core::{Error, ErrorKind, Result, Stop};

use super::bits::Bits;
use super::build::{Site, Source, build};
use super::engine::{Engine, lock};
use super::fs::Fs;
use super::index::Index;
use super::log::{Log, LogWriter, Tip};
use super::manifest::{Identity, Indexed, Manifest, SealedLog};
use super::names::Span;
use super::open::open_log;
use super::record::{Frames, Kind};
use super::segment::Segment;
use super::view::{Address, Data, Part, View};

/// The most points in a segment. A larger one would take too much memory to merge.
const MOST: usize = 1 << 16;

/// Fewer dead points than this are not worth a rewriting.
const WORTHWHILE: usize = 1024;

/// What is to be done: one segment made from these parts of the view.
#[derive(Debug)]
struct Job {
    parts: Range<usize>,
    logs: Vec<Span>,
    /// Whether the logs are rewritten too, without what is dead.
    rewrite: bool,
}

/// What is left to do after this, if anything. `all` leaves nothing dead and one segment.
fn plan(view: &View, manifest: &Manifest, all: bool) -> Option<Job> {
    let sealed: Vec<Span> = manifest.sealed.iter().map(|sealed| sealed.log).collect();
    let is_sealed = |part: &Part| sealed.iter().any(|span| part.is_of(*span));
    let end = view.parts.iter().take_while(|part| is_sealed(part)).count();
    let held = view.parts.get(..end)?;
    let (rows, dead): (usize, usize) = (
        held.iter().map(Part::len).sum(),
        held.iter().map(|part| part.dead.len()).sum(),
    );
    let wasteful = if all {
        dead > 0
    } else {
        dead >= WORTHWHILE && dead * 2 > rows
    };
    if wasteful && rows - dead <= MOST {
        return Some(Job {
            parts: 0..end,
            logs: sealed,
            rewrite: true,
        });
    }
    let segments = held
        .iter()
        .take_while(|part| matches!(part.data, Data::Segment(_)))
        .count();
    let covered: usize = held
        .iter()
        .map(|part| match &part.data {
            Data::Segment(segment) => segment.index.foot.logs.len(),
            Data::Chunk(_) => 0,
        })
        .sum();
    let is_done = covered == sealed.len();
    let mut start = segments;
    let mut size: usize = held.get(segments..)?.iter().map(Part::len).sum();
    if is_done {
        // Nothing new: only a compaction joins what stands apart by its size.
        if !all || segments < 2 {
            return None;
        }
        start = segments - 1;
        size = held.last().map_or(0, Part::len);
    }
    let first = start;
    while let Some(before) = start.checked_sub(1).and_then(|at| held.get(at)) {
        if size + before.len() > MOST || !(all || before.len() <= 2 * size) {
            break;
        }
        size += before.len();
        start -= 1;
    }
    if is_done && start == first {
        return None;
    }
    let older: usize = held
        .get(..start)?
        .iter()
        .map(|part| match &part.data {
            Data::Segment(segment) => segment.index.foot.logs.len(),
            Data::Chunk(_) => 0,
        })
        .sum();
    Some(Job {
        parts: start..end,
        logs: sealed.get(older..)?.to_vec(),
        rewrite: false,
    })
}

impl Engine {
    /// Indexes what is sealed, merges and rewrites as far as that pays, or all when asked.
    pub(crate) fn maintain(&self, all: bool) -> Result<()> {
        let Some(writer) = self.writer() else {
            return Err(
                Error::new(ErrorKind::ReadOnly, "the store was opened to read")
                    .about(self.dir.display()),
            );
        };
        let _one_at_a_time = lock(&self.maintenance);
        if all {
            let mut writer = lock(writer);
            if writer.log.tip.len > writer.source.start {
                writer.seal(&*self.fs, &self.dir)?;
            }
        }
        loop {
            let (view, manifest) = {
                let writer = lock(writer);
                (self.seen(), writer.manifest.clone())
            };
            let Some(job) = plan(&view, &manifest, all) else {
                return Ok(());
            };
            self.work(&job, &view, &manifest)?;
        }
    }

    fn work(&self, job: &Job, view: &View, manifest: &Manifest) -> Result<()> {
        let rev = manifest.rev + 1;
        let (Some(first), Some(last)) = (job.logs.first(), job.logs.last()) else {
            return Ok(());
        };
        let span = Span {
            first: first.first,
            last: last.last,
            rev,
        };
        let rows = rows(job, view)?;
        let mut logs = Vec::new();
        for log in &job.logs {
            logs.push(open_log(&*self.fs, &self.dir, manifest, *log)?);
        }
        let mut sources = rows.iter().map(|(_, source)| *source).collect::<Vec<_>>();
        let mut replaced = None;
        if job.rewrite {
            let seq = logs.first().map_or(1, |log| log.seq);
            let (fs, dir, identity) = (&*self.fs, &self.dir, &manifest.identity);
            let (log, tip, places) =
                copy_points(fs, dir, identity, span, seq, &logs, &sources, &self.stop)?;
            sources = places.into_iter().map(|at| (0, at)).collect();
            logs = vec![log];
            replaced = Some(SealedLog { log: span, tip });
        }
        let site = Site {
            fs: &*self.fs,
            dir: &self.dir,
            identity: &manifest.identity,
            tuning: &self.tuning,
            stop: &self.stop,
        };
        let foot = build(&site, span, &logs, &sources)?;
        self.fs
            .sync_dir(&self.dir)
            .map_err(|error| Error::io(self.dir.display(), error))?;
        let index = Index::open(&*self.fs, &self.dir, span, foot)?;
        let segment = Arc::new(Segment::open(&*self.fs, &self.dir, index)?);
        let garbage = self.adopt(job, &rows, segment, foot, replaced)?;
        for name in garbage {
            // What stays behind is swept when the store is next opened.
            let _ = self.fs.remove(&self.dir.join(name));
        }
        Ok(())
    }

    /// Puts the new segment in the place of what it was made from.
    fn adopt(
        &self,
        job: &Job,
        rows: &[(Address, Source)],
        segment: Arc<Segment>,
        foot: u64,
        replaced: Option<SealedLog>,
    ) -> Result<Vec<String>> {
        let Some(writer) = self.writer() else {
            return Ok(Vec::new());
        };
        let mut writer = lock(writer);
        // What the manifest is about to call dead must be dead after a power cut too.
        writer.log.sync()?;
        let now = self.seen();
        let dead: Bits = (0..)
            .zip(rows)
            .filter(|(_, (from, _))| {
                now.parts
                    .get(from.part)
                    .is_some_and(|part| part.dead.has(from.row))
            })
            .map(|(row, _)| row)
            .collect();
        let mut parts = now.parts.clone();
        parts.splice(
            job.parts.clone(),
            [Part::new(Data::Segment(Arc::clone(&segment)), dead)],
        );
        let next = View { parts };
        let mut manifest = writer.manifest.clone();
        manifest.rev += 1;
        let mut garbage: Vec<String> = manifest
            .segments
            .iter()
            .map(|old| old.index.index())
            .collect();
        manifest.segments = describe(&next, &manifest, segment.index.foot.index, foot);
        garbage.retain(|name| {
            manifest
                .segments
                .iter()
                .all(|new| new.index.index() != *name)
        });
        if let Some(log) = replaced {
            garbage.extend(job.logs.iter().map(|span| span.log()));
            manifest
                .sealed
                .retain(|sealed| !job.logs.contains(&sealed.log));
            manifest.sealed.insert(0, log);
        }
        writer.switch(&*self.fs, &self.dir, manifest)?;
        self.publish(next);
        Ok(garbage)
    }
}

/// Copies points into a new log. Gives it, its end, and where each point lies.
#[expect(
    clippy::too_many_arguments,
    reason = "two callers, and each thing is another"
)]
pub(crate) fn copy_points(
    fs: &dyn Fs,
    dir: &Path,
    identity: &Identity,
    span: Span,
    seq: u64,
    logs: &[Arc<Log>],
    sources: &[Source],
    stop: &Stop,
) -> Result<(Arc<Log>, Tip, Vec<u64>)> {
    let mut out = LogWriter::create(fs, dir, identity, span, seq)?;
    let mut record = Vec::new();
    let mut places = Vec::with_capacity(sources.len());
    for batch in sources.chunks(256) {
        stop.check()?;
        let mut frames = Frames::default();
        for (log, at) in batch {
            let Some(log) = logs.get(*log) else { continue };
            log.read_body(*at, &mut record)?;
            places.push(out.tip.len + frames.byte_len());
            let Ok(()) = frames.push(Kind::Put, |body| {
                body.extend_from_slice(&record);
                Ok::<(), std::convert::Infallible>(())
            });
        }
        out.append(&mut [frames])?;
    }
    let mut end = Frames::default();
    let Ok(()) = end.push(Kind::Seal, |_| Ok::<(), std::convert::Infallible>(()));
    out.append(&mut [end])?;
    out.sync()?;
    let (log, _) = Log::open(fs, dir, span)?;
    Ok((Arc::new(log), out.tip, places))
}

/// The points of a job that are there, and where they lie among its logs.
fn rows(job: &Job, view: &View) -> Result<Vec<(Address, Source)>> {
    let number = |span: Span| {
        let found = job.logs.iter().position(|log| *log == span);
        found.ok_or_else(|| Error::new(ErrorKind::Internal, "a part of a log that is not its own"))
    };
    let mut rows = Vec::new();
    for (part, held) in view
        .parts
        .iter()
        .enumerate()
        .take(job.parts.end)
        .skip(job.parts.start)
    {
        for row in held.select(None)?.iter() {
            let source = match &held.data {
                Data::Chunk(chunk) => {
                    let at = chunk.row(row).map_or(0, |row| row.place.at);
                    (number(chunk.log.span)?, at)
                }
                Data::Segment(segment) => {
                    let (log, at) = segment.place(row)?;
                    let span = segment.logs.get(log).map(|log| log.span);
                    (number(span.ok_or_else(|| segment.error(row))?)?, at)
                }
            };
            rows.push((Address { part, row }, source));
        }
    }
    Ok(rows)
}

/// What the manifest says of the segments of a view.
fn describe(view: &View, old: &Manifest, new: Span, foot: u64) -> Vec<Indexed> {
    let entry = |part: &Part| match &part.data {
        Data::Chunk(_) => None,
        Data::Segment(segment) => {
            let index = segment.index.foot.index;
            let known = old.segments.iter().find(|old| old.index == index);
            Some(Indexed {
                index,
                foot: if index == new { foot } else { known?.foot },
                dead: part.dead.iter().collect(),
            })
        }
    };
    view.parts.iter().filter_map(entry).collect()
}
