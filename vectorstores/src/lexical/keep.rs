//! Keeping house: the words of sealed logs go to disk, small files are merged, and logs that
//! are mostly garbage rewritten. The writer does it when a log is full; reads go on on the old
//! files meanwhile.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use gori_core::{Error, ErrorKind, Result};

use super::build::{Columns, build};
use super::chunk::Body;
use super::merge::{GONE, Renumbered};
use super::segment::Segment;
use super::view::{Data, Part, View};
use crate::local::bits::Bits;
use crate::local::fs::Fs;
use crate::local::index::Index;
use crate::local::log::{Log, LogWriter};
use crate::local::manifest::{Indexed, Manifest, SealedLog};
use crate::local::names::Span;
use crate::local::open::open_log;
use crate::local::record::{Frames, Kind};

/// The most texts in a file. When one is damaged its words are gathered anew in memory, which
/// takes about a kilobyte a text.
const MOST: usize = 1 << 17;

/// Fewer dead texts than this are not worth a rewriting.
const WORTHWHILE: usize = 1024;

/// Where the files are, and by which rules terms are made.
#[derive(Debug)]
pub(crate) struct House<'a> {
    pub(crate) fs: &'a dyn Fs,
    pub(crate) dir: &'a Path,
    pub(crate) analyzer: String,
}

/// How much is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effort {
    /// Only what is sealed and not on disk.
    Index,
    /// That, and what pays.
    Usual,
    /// Until nothing is dead and there is one file.
    All,
}

/// One file made from these parts of the view.
#[derive(Debug)]
struct Job {
    parts: Range<usize>,
    logs: Vec<Span>,
    /// Whether the logs are rewritten too, without what is dead.
    rewrite: bool,
}

/// The index after a piece of work, to be committed.
#[derive(Debug)]
pub(crate) struct Tidied {
    pub(crate) manifest: Manifest,
    pub(crate) view: View,
    /// Files that count no more once the manifest is committed.
    pub(crate) garbage: Vec<String>,
}

/// Does the next piece of work, if there is any.
pub(crate) fn tidy(
    house: &House<'_>,
    manifest: &Manifest,
    view: &View,
    effort: Effort,
) -> Result<Option<Tidied>> {
    plan(view, manifest, effort)
        .map(|job| work(house, &job, manifest, view))
        .transpose()
}

fn plan(view: &View, manifest: &Manifest, effort: Effort) -> Option<Job> {
    let sealed: Vec<Span> = manifest.sealed.iter().map(|sealed| sealed.log).collect();
    let is_sealed = |part: &&Part| part.logs().iter().any(|log| sealed.contains(log));
    let end = view.parts.iter().take_while(is_sealed).count();
    let held = view.parts.get(..end)?;
    let rows: usize = held.iter().map(Part::len).sum();
    let dead: usize = held.iter().map(|part| part.dead_rows).sum();
    let wasteful = match effort {
        Effort::Index => false,
        Effort::Usual => dead >= WORTHWHILE && dead * 2 > rows,
        Effort::All => dead > 0,
    };
    if wasteful && rows - dead <= MOST {
        return Some(Job {
            parts: 0..end,
            logs: sealed,
            rewrite: true,
        });
    }
    let on_disk = held.iter().take_while(|part| part.is_segment()).count();
    let logs_of = |parts: &[Part]| -> usize {
        let segments = parts.iter().filter(|part| part.is_segment());
        segments.map(|part| part.logs().len()).sum()
    };
    let is_done = logs_of(held) == sealed.len();
    let (mut start, mut size) = (
        on_disk,
        held.get(on_disk..)?.iter().map(Part::len).sum::<usize>(),
    );
    if is_done {
        // Nothing new: only a compaction joins what stands apart by its size.
        if effort != Effort::All || on_disk < 2 {
            return None;
        }
        (start, size) = (on_disk - 1, held.last().map_or(0, Part::len));
    }
    let first = start;
    while let Some(before) = start.checked_sub(1).and_then(|at| held.get(at)) {
        let pays = effort == Effort::All || effort == Effort::Usual && before.len() <= 2 * size;
        if !pays || size + before.len() > MOST {
            break;
        }
        (size, start) = (size + before.len(), start - 1);
    }
    if is_done && start == first {
        return None;
    }
    let older = logs_of(held.get(..start)?);
    Some(Job {
        parts: start..end,
        logs: sealed.get(older..)?.to_vec(),
        rewrite: false,
    })
}

fn internal(what: &'static str) -> Error {
    Error::new(ErrorKind::Internal, what)
}

fn work(house: &House<'_>, job: &Job, manifest: &Manifest, view: &View) -> Result<Tidied> {
    let (first, last) = job
        .logs
        .first()
        .zip(job.logs.last())
        .ok_or_else(|| internal("no logs"))?;
    let span = Span {
        first: first.first,
        last: last.last,
        rev: manifest.rev + 1,
    };
    let parts = view.parts.get(job.parts.clone()).unwrap_or_default();
    let mut rows = Rows::default();
    for part in parts {
        rows.add(part, &job.logs)?;
    }
    let mut spans = job.logs.clone();
    let mut replaced = None;
    if job.rewrite {
        let (sealed, places) = rewrite(house, manifest, span, &job.logs, &rows.sources)?;
        rows.sources = places.into_iter().map(|at| (0, at)).collect();
        spans = vec![span];
        replaced = Some(sealed);
    }
    rows.columns.place(&rows.sources);
    let mut words = Vec::new();
    for (part, numbers) in parts.iter().zip(&rows.numbers) {
        words.push(Renumbered {
            words: part.words()?,
            numbers,
        });
    }
    let rules = (&manifest.identity, house.analyzer.as_str());
    let foot = build(
        house.fs,
        house.dir,
        rules,
        (span, spans),
        &words,
        rows.columns,
    )?;
    (house.fs.sync_dir(house.dir)).map_err(|error| Error::io(house.dir.display(), error))?;
    let index = Index::open(house.fs, house.dir, span, foot)?;
    let segment = Segment::open(house.fs, house.dir, index, &house.analyzer)?;
    let part = Part::new(Data::Segment(Arc::new(segment)), Bits::default())?;
    let mut next = view.clone();
    next.parts.splice(job.parts.clone(), [part]);
    Ok(adopt(job, manifest, next, (span, foot), replaced))
}

/// What the manifest says once the new file stands in the place of what it was made from.
fn adopt(
    job: &Job,
    manifest: &Manifest,
    view: View,
    (span, foot): (Span, u64),
    replaced: Option<SealedLog>,
) -> Tidied {
    let mut next = manifest.clone();
    next.rev += 1;
    let entry = |part: &Part| match &part.data {
        Data::Chunk(_) => None,
        Data::Segment(segment) => {
            let index = segment.rows.index.foot.index;
            let known = manifest.segments.iter().find(|old| old.index == index);
            Some(Indexed {
                index,
                foot: if index == span { foot } else { known?.foot },
                dead: part.dead.iter().collect(),
            })
        }
    };
    next.segments = view.parts.iter().filter_map(entry).collect();
    let left = |old: &&Indexed| next.segments.iter().all(|new| new.index != old.index);
    let mut garbage: Vec<String> = (manifest.segments.iter().filter(left))
        .map(|old| old.index.index())
        .collect();
    if let Some(log) = replaced {
        garbage.extend(job.logs.iter().map(|span| span.log()));
        next.sealed.retain(|sealed| !job.logs.contains(&sealed.log));
        next.sealed.insert(0, log);
    }
    Tidied {
        manifest: next,
        view,
        garbage,
    }
}

/// The rows of a new file.
#[derive(Debug, Default)]
struct Rows {
    columns: Columns,
    /// Which of the job's logs each lies in, and where.
    sources: Vec<(usize, u64)>,
    /// For each part, the new numbers of its rows.
    numbers: Vec<Vec<u32>>,
}

impl Rows {
    /// Adds the rows of a part that are there.
    fn add(&mut self, part: &Part, logs: &[Span]) -> Result<()> {
        let mut numbers = vec![GONE; part.len()];
        for row in part.select(None)?.iter() {
            let (span, at) = place(part, row)?;
            let log = logs.iter().position(|log| *log == span);
            let log = log.ok_or_else(|| internal("a part of a log that is not its own"))?;
            self.sources.push((log, at));
            let number = self.columns.add(&part.id(row)?, &part.metadata(row)?)?;
            if let Some(place) = numbers.get_mut(row as usize) {
                *place = number;
            }
        }
        self.numbers.push(numbers);
        Ok(())
    }
}

/// The log that a row lies in, and where.
fn place(part: &Part, row: u32) -> Result<(Span, u64)> {
    let lost = || internal("a row without a place");
    match &part.data {
        Data::Chunk(chunk) => match (chunk.row(row).map(|row| &row.body), &chunk.log) {
            (Some(Body::Logged(place)), Some(log)) => Ok((log.span, place.at)),
            _ => Err(lost()),
        },
        Data::Segment(segment) => {
            let (log, at) = segment.rows.place(row)?;
            let log = segment
                .rows
                .logs
                .get(log)
                .ok_or_else(|| segment.rows.error(row))?;
            Ok((log.span, at))
        }
    }
}

/// Copies texts into a new log. Gives it, and where each text lies in it.
fn rewrite(
    house: &House<'_>,
    manifest: &Manifest,
    span: Span,
    logs: &[Span],
    sources: &[(usize, u64)],
) -> Result<(SealedLog, Vec<u64>)> {
    let old: Vec<Arc<Log>> = (logs.iter())
        .map(|log| open_log(house.fs, house.dir, manifest, *log))
        .collect::<Result<_>>()?;
    let seq = old.first().map_or(1, |log| log.seq);
    let mut out = LogWriter::create(house.fs, house.dir, &manifest.identity, span, seq)?;
    let (mut places, mut body) = (Vec::with_capacity(sources.len()), Vec::new());
    for batch in sources.chunks(256) {
        let mut frames = Frames::default();
        for (log, at) in batch {
            let log = old.get(*log).ok_or_else(|| internal("an unknown log"))?;
            log.read_body(*at, &mut body)?;
            places.push(out.tip.len + frames.byte_len());
            let Ok(()) = frames.push(Kind::Put, |record| {
                record.extend_from_slice(&body);
                Ok::<(), std::convert::Infallible>(())
            });
        }
        out.append(&mut [frames])?;
    }
    let mut end = Frames::default();
    let Ok(()) = end.push(Kind::Seal, |_| Ok::<(), std::convert::Infallible>(()));
    out.append(&mut [end])?;
    out.sync()?;
    Ok((
        SealedLog {
            log: span,
            tip: out.tip,
        },
        places,
    ))
}
