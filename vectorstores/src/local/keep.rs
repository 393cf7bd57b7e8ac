//! Keeping house: sealed logs are indexed, small segments merged, and logs that are mostly
//! garbage rewritten. Reads go on on the old files meanwhile, and writes but for the commit and
//! for the indexing of a log that was just sealed, which takes no longer than writing it did.

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
use super::options::Tuning;
use super::plan::{Job, covered, plan, segments};
use super::record::{Frames, Kind};
use super::segment::Segment;
use super::view::{Address, Data, Part, View};
use super::write::Writer;

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
            let Some(job) = plan(&view, &manifest, &self.tuning, all) else {
                return Ok(());
            };
            self.work(&job, &view, &manifest)?;
        }
    }

    fn work(&self, job: &Job, view: &View, manifest: &Manifest) -> Result<()> {
        let made = self.make(job, view, manifest, &self.tuning)?;
        let Some(writer) = self.writer() else {
            return Ok(());
        };
        self.adopt(job, made, &mut lock(writer))
    }

    /// Indexes the log that was just sealed, so that it leaves the memory at once, however long
    /// merging takes: without a graph, which a merge adds.
    pub(crate) fn index_sealed(&self, writer: &mut Writer) -> Result<()> {
        let view = self.seen();
        let sealed = &writer.manifest.sealed;
        // A log that could not be indexed before waits for the next merge, and later ones too.
        let [log] = sealed.get(covered(&view.parts)..).unwrap_or_default() else {
            return Ok(());
        };
        let job = Job {
            parts: segments(&view.parts)..view.parts.len(),
            logs: vec![log.log],
            rewrite: false,
        };
        let tuning = Tuning {
            graph_from: usize::MAX,
            ..self.tuning
        };
        let made = self.make(&job, &view, &writer.manifest, &tuning)?;
        self.adopt(&job, made, writer)
    }

    /// Makes the new files.
    fn make(&self, job: &Job, view: &View, manifest: &Manifest, tuning: &Tuning) -> Result<Made> {
        let rev = manifest.rev + 1;
        let (Some(first), Some(last)) = (job.logs.first(), job.logs.last()) else {
            return Err(Error::new(ErrorKind::Internal, "an index of no logs"));
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
            tuning,
            stop: &self.stop,
        };
        let foot = build(&site, span, &logs, &sources)?;
        self.fs
            .sync_dir(&self.dir)
            .map_err(|error| Error::io(self.dir.display(), error))?;
        let index = Index::open(&*self.fs, &self.dir, span, foot)?;
        let segment = Arc::new(Segment::open(&*self.fs, &self.dir, index)?);
        Ok(Made {
            segment,
            foot,
            rows: rows.into_iter().map(|(from, _)| from).collect(),
            replaced,
        })
    }

    /// Puts the new segment in the place of what it was made from.
    fn adopt(&self, job: &Job, made: Made, writer: &mut Writer) -> Result<()> {
        let Made {
            segment,
            foot,
            rows,
            replaced,
        } = made;
        // What the manifest is about to call dead must be dead after a power cut too.
        writer.log.sync()?;
        let now = self.seen();
        let dead: Bits = (0..)
            .zip(rows)
            .filter(|(_, from)| {
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
            let is_old = |sealed: &SealedLog| job.logs.contains(&sealed.log);
            let at = manifest.sealed.iter().position(is_old);
            manifest.sealed.retain(|sealed| !is_old(sealed));
            manifest.sealed.insert(at.unwrap_or_default(), log);
        }
        writer.switch(&*self.fs, &self.dir, manifest)?;
        self.publish(next);
        for name in garbage {
            // What stays behind is swept when the store is next opened.
            let _ = self.fs.remove(&self.dir.join(name));
        }
        Ok(())
    }
}

/// A segment that was made, and how it differs from what it was made from.
#[derive(Debug)]
struct Made {
    segment: Arc<Segment>,
    foot: u64,
    /// Where its rows were before.
    rows: Vec<Address>,
    /// The log that takes the place of those it was made from, when they were rewritten.
    replaced: Option<SealedLog>,
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
