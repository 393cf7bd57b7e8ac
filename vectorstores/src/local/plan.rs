//! What is to be done to keep house.

use std::ops::Range;
use std::sync::Arc;

use super::build::has_graph;
use super::log::Log;
use super::manifest::Manifest;
use super::names::Span;
use super::options::Tuning;
use super::view::{Data, Part, View};

/// Fewer dead points than this are not worth a rewriting.
const WORTHWHILE: usize = 1024;

/// What is to be done: one segment made from these parts of the view.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Job {
    pub(super) parts: Range<usize>,
    pub(super) logs: Vec<Span>,
    /// Whether the logs are rewritten too, without what is dead.
    pub(super) rewrite: bool,
}

/// The sealed parts of a view, and their logs.
struct Held<'v> {
    parts: &'v [Part],
    /// Oldest first.
    logs: Vec<Span>,
}

/// What is left to do after this, if anything. `all` leaves nothing dead, and segments as large
/// as they may be.
pub(super) fn plan(view: &View, manifest: &Manifest, tuning: &Tuning, all: bool) -> Option<Job> {
    let logs: Vec<Span> = manifest.sealed.iter().map(|sealed| sealed.log).collect();
    let is_sealed = |part: &Part| logs.iter().any(|span| part.is_of(*span));
    let end = view.parts.iter().take_while(|part| is_sealed(part)).count();
    let parts = view.parts.get(..end)?;
    let held = Held { parts, logs };
    if let Some(parts) = held.wasteful(manifest, tuning, all) {
        return held.job(parts, true);
    }
    let is_done = covered(held.parts) == held.logs.len();
    match held.unmerged(is_done, tuning, all) {
        Some(parts) => held.job(parts, false),
        // All is indexed and nothing to be merged; but what was sealed large has no graph yet.
        None if is_done => {
            let bare = held.parts.iter().position(|part| is_bare(part, tuning))?;
            held.job(bare..bare + 1, false)
        }
        None => None,
    }
}

impl Held<'_> {
    /// The first run of parts whose logs are worth rewriting.
    ///
    /// What came before it must hold nothing dead, since it may be a record of this run that
    /// says so, and only points are copied: were the index lost that also says so, what was
    /// deleted would be back.
    fn wasteful(&self, manifest: &Manifest, tuning: &Tuning, all: bool) -> Option<Range<usize>> {
        let mut start = 0;
        while start < self.parts.len() {
            let run = self.run(start, tuning);
            let parts = self.parts.get(run.clone())?;
            let live: usize = parts.iter().map(live).sum();
            let records: usize = parts.iter().map(|part| records(part, manifest)).sum();
            let dead = records.saturating_sub(live);
            let is_worth_it = dead >= WORTHWHILE && dead * 2 > records;
            if is_worth_it || all && dead > 0 {
                return Some(run);
            }
            if dead > 0 {
                return None;
            }
            start = run.end;
        }
        None
    }

    /// As many parts from here on as fit one segment, and one at least. Those that are not
    /// indexed yet stay together, since some of them may be of the same log.
    fn run(&self, start: usize, tuning: &Tuning) -> Range<usize> {
        let segments = segments(self.parts);
        let (mut end, mut size) = (start, 0);
        while end < self.parts.len() {
            let next = match end < segments {
                true => end + 1,
                false => self.parts.len(),
            };
            let more = self.parts.get(end..next).unwrap_or_default();
            size += more.iter().map(live).sum::<usize>();
            if end > start && size > tuning.largest_segment {
                break;
            }
            end = next;
        }
        start..end
    }

    /// What is to be indexed or merged: the last part where all `is_done`, else all that is not
    /// indexed, with those before that are of about its size, so that every point is merged a
    /// logarithmic number of times.
    fn unmerged(&self, is_done: bool, tuning: &Tuning, all: bool) -> Option<Range<usize>> {
        let first = match is_done {
            true => segments(self.parts).checked_sub(1)?,
            false => segments(self.parts),
        };
        let mut size: usize = self.parts.get(first..)?.iter().map(Part::len).sum();
        let mut start = first;
        while let Some(before) = start.checked_sub(1).and_then(|at| self.parts.get(at)) {
            let is_near = all || before.len() <= 2 * size;
            if size + before.len() > tuning.largest_segment || !is_near {
                break;
            }
            size += before.len();
            start -= 1;
        }
        (!is_done || start < first).then_some(start..self.parts.len())
    }

    fn job(&self, parts: Range<usize>, rewrite: bool) -> Option<Job> {
        let older = covered(self.parts.get(..parts.start)?);
        let logs = match parts.end == self.parts.len() {
            // Logs that hold no point, and so have no part, come along.
            true => self.logs.get(older..)?,
            false => {
                let count = covered(self.parts.get(parts.clone())?);
                self.logs.get(older..older + count)?
            }
        };
        Some(Job {
            parts,
            logs: logs.to_vec(),
            rewrite,
        })
    }
}

fn live(part: &Part) -> usize {
    part.len() - part.dead.len()
}

/// How many records the logs of a part hold, with those of points that were replaced or deleted
/// before it was made.
fn records(part: &Part, manifest: &Manifest) -> usize {
    let Data::Segment(segment) = &part.data else {
        return part.len();
    };
    let records = |log: &Arc<Log>| {
        let sealed = manifest.sealed.iter().find(|sealed| sealed.log == log.span);
        // The last record is the seal.
        sealed.map_or(0, |sealed| sealed.tip.seq.saturating_sub(log.seq + 1))
    };
    let records: u64 = segment.logs.iter().map(records).sum();
    usize::try_from(records).unwrap_or(usize::MAX)
}

/// How many parts are indexed before the first that is not.
pub(super) fn segments(parts: &[Part]) -> usize {
    let is_segment = |part: &&Part| matches!(part.data, Data::Segment(_));
    parts.iter().take_while(is_segment).count()
}

/// How many logs the segments among these parts index.
pub(super) fn covered(parts: &[Part]) -> usize {
    let logs = |part: &Part| match &part.data {
        Data::Segment(segment) => segment.index.foot.logs.len(),
        Data::Chunk(_) => 0,
    };
    parts.iter().map(logs).sum()
}

/// Whether an index lacks what it would have if it were made now: a graph, or the fine codes
/// that an older version did not know.
fn is_bare(part: &Part, tuning: &Tuning) -> bool {
    match &part.data {
        Data::Segment(segment) => {
            let has = |name| segment.index.has(name);
            let metric = segment.index.foot.identity.metric;
            !has("fine") || !has("links") && has_graph(metric, live(part), tuning)
        }
        Data::Chunk(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::super::engine::Engine;
    use super::super::fs::OsFs;
    use super::super::write::{Which, Write};
    use super::*;
    use crate::{Durability, Options};
    use gori_core::{Metadata, Point};

    fn open(dir: &Path) -> Engine {
        let durability = Durability::Group(Duration::from_secs(3600));
        let options = Options::new(2)
            .durability(durability)
            .seal_after(1500)
            .largest_segment(3000);
        Engine::open(Arc::new(OsFs), dir.to_owned(), Some(&options), durability).unwrap()
    }

    fn put(engine: &Engine, name: &str) {
        let points: Vec<Point> = (0..3000)
            .map(|i| Point {
                id: format!("{name}{i}"),
                vector: vec![1.0, 0.5],
                text: String::new(),
                metadata: Metadata::new(),
            })
            .collect();
        for batch in points.chunks(500) {
            let write = Write::upsert(batch, 2).unwrap();
            engine.write(write).unwrap();
        }
    }

    fn delete(engine: &Engine, name: &str, count: usize) {
        let ids = (0..count).map(|i| format!("{name}{i}"));
        let write = Write::Delete(Which::Ids(ids.collect()));
        engine.write(write).unwrap();
    }

    #[test]
    fn the_record_of_a_deletion_outlives_the_rewriting_of_its_log() {
        let dir = tempfile::tempdir().unwrap();
        let engine = open(dir.path());
        put(&engine, "old");
        engine.maintain(false).unwrap();
        // In the same log: one deletion of what lies in the first, and many of what lies beside.
        put(&engine, "new");
        delete(&engine, "old", 1);
        delete(&engine, "new", 2000);
        put(&engine, "more");
        engine.maintain(false).unwrap();
        let ids = |engine: &Engine| {
            let view = engine.view().unwrap();
            let all = view.select(None).unwrap().into_iter();
            let ids: gori_core::Result<Vec<_>> = all.map(|at| view.id(at)).collect();
            ids.unwrap()
        };
        let want = ids(&engine);
        assert_eq!(want.len(), 2999 + 1000 + 3000);
        drop(engine);
        for entry in std::fs::read_dir(dir.path()).unwrap() {
            let path = entry.unwrap().path();
            if path.to_string_lossy().contains("idx-") {
                std::fs::remove_file(path).unwrap();
            }
        }
        assert_eq!(ids(&open(dir.path())), want);
    }
}
