//! Power cuts, failing disks and flipped bits under the index by words. A script of writes runs
//! on a file system that remembers what is on disk, and whatever is found must hold all that was
//! acknowledged, and of the write that was under way all or nothing.
//!
//! `GORI_CAMPAIGN=full cargo test --release -p gori-vectorstores --test lexical_faults` tries all
//! that a plain run samples.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use gori_core::{ErrorKind, Filter, Metadata, Point, Result, Selection};
use gori_vectorstores::lexical::{LexicalStore, Options};
use support::fault_fs::{CUTS, Disk, Failure, FaultFs};
use support::{Rng, full};

/// What must be there: text and metadata by id.
type Model = BTreeMap<String, (String, Metadata)>;

#[derive(Clone, Debug)]
enum Step {
    Upsert(Vec<Point>),
    Delete(Vec<String>),
    DeleteWhere(Filter),
    Compact,
}

fn point(rng: &mut Rng, ids: usize) -> Point {
    let word = |rng: &mut Rng| ["key", "lock", "door", "열쇠", "LocalStore"][rng.below(5)];
    let words: Vec<&str> = (0..rng.below(9)).map(|_| word(rng)).collect();
    let mut metadata = Metadata::new();
    metadata.insert("n".into(), (rng.below(10) as i64).into());
    Point {
        id: format!("p{}", rng.below(ids)),
        vector: Vec::new(),
        // The word by which every text is found.
        text: format!("all {}", words.join(" ")),
        metadata,
    }
}

fn steps(rng: &mut Rng, count: usize, ids: usize) -> Vec<Step> {
    let step = |_| match rng.below(40) {
        0 => Step::DeleteWhere(Filter::eq("n", rng.below(10) as i64)),
        1 => Step::Compact,
        2..8 => Step::Delete(
            (0..1 + rng.below(3))
                .map(|_| format!("p{}", rng.below(ids)))
                .collect(),
        ),
        _ => Step::Upsert((0..1 + rng.below(5)).map(|_| point(rng, ids)).collect()),
    };
    (0..count).map(step).collect()
}

impl Step {
    fn run(&self, index: &LexicalStore) -> Result<()> {
        match self {
            Self::Upsert(points) => index.blocking_upsert(points),
            Self::Delete(ids) => {
                let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
                index.blocking_delete(&Selection::Ids(&ids)).map(drop)
            }
            Self::DeleteWhere(filter) => {
                index.blocking_delete(&Selection::Filter(filter)).map(drop)
            }
            Self::Compact => index.blocking_compact(),
        }
    }

    fn apply(&self, model: &mut Model) {
        match self {
            Self::Upsert(points) => model.extend(points.iter().map(|point| {
                (
                    point.id.clone(),
                    (point.text.clone(), point.metadata.clone()),
                )
            })),
            Self::Delete(ids) => model.retain(|id, _| !ids.contains(id)),
            Self::DeleteWhere(filter) => model.retain(|_, (_, metadata)| !filter.matches(metadata)),
            Self::Compact => {}
        }
    }
}

fn open(fs: &FaultFs) -> Result<LexicalStore> {
    LexicalStore::create_or_open_on(
        Arc::new(fs.clone()),
        "/words",
        Options::new().seal_after(12),
    )
}

fn content(index: &LexicalStore) -> Result<Model> {
    let hits = index.blocking_search("all", 10_000, None)?;
    Ok(hits
        .into_iter()
        .map(|hit| (hit.id, (hit.text, hit.metadata)))
        .collect())
}

/// Whether a word finds the texts that hold it and no others.
fn searches_well(index: &LexicalStore, model: &Model) -> std::result::Result<(), String> {
    for word in ["lock", "열쇠"] {
        let hits = index
            .blocking_search(word, 10_000, None)
            .map_err(|error| error.to_string())?;
        let mut found: Vec<&String> = hits.iter().map(|hit| &hit.id).collect();
        found.sort();
        let want: Vec<&String> = model
            .iter()
            .filter(|(_, (text, _))| text.contains(word))
            .map(|x| x.0)
            .collect();
        if found != want {
            return Err(format!("{word}: {found:?} instead of {want:?}"));
        }
    }
    Ok(())
}

#[test]
fn a_power_cut_loses_nothing_acknowledged_and_leaves_nothing_half_there() {
    let writes = if full() { 2_000 } else { 160 };
    let mut rng = Rng(11 + writes as u64);
    let fs = FaultFs::default();
    let mut index = open(&fs).unwrap();
    let mut model = Model::new();
    let mut history = vec![(fs.event_count(), Arc::new(model.clone()))];
    for step in steps(&mut rng, writes, 40) {
        step.run(&index).unwrap();
        step.apply(&mut model);
        if rng.below(50) == 0 {
            drop(index);
            index = open(&fs).unwrap();
        }
        history.push((fs.event_count(), Arc::new(model.clone())));
    }
    drop(index);
    let (mut disk, mut done, mut states, mut torn) = (Disk::default(), 0, 0, 0);
    let events = fs.events();
    for (at, event) in events.iter().enumerate() {
        disk.happen(event);
        while history.get(done + 1).is_some_and(|next| next.0 <= at + 1) {
            done += 1;
        }
        for how in CUTS {
            let found = disk.cut(how, &mut rng);
            let index = open(&found)
                .unwrap_or_else(|error| panic!("{how:?} after {at} {event:?}: {error:?}"));
            torn += usize::from(index.report().torn_bytes > 0);
            let got = content(&index).unwrap();
            let newest = (done + 1).min(history.len() - 1);
            let Some(fits) = (done..=newest).find(|i| *history[*i].1 == got) else {
                panic!(
                    "{how:?} after operation {at} {event:?}: writes {done} to {newest}, found {got:#?}"
                );
            };
            if states % 5 == 0 {
                searches_well(&index, &history[fits].1).unwrap();
            }
            states += 1;
        }
    }
    println!(
        "crash states: {states} ({} operations of {writes} writes, {torn} with a torn tail)",
        events.len()
    );
    assert!(states > 1_000 && torn > 50);
}

/// Runs the script with one failure in it. Gives whether it came to the failure.
fn fail_once(after: usize, how: Failure) -> bool {
    let fs = FaultFs::default();
    let mut rng = Rng(5);
    let index = open(&fs).unwrap();
    let (mut model, mut doubt) = (Model::new(), None);
    fs.fail_after(after, how, true);
    for step in steps(&mut rng, 30, 15) {
        let mut next = model.clone();
        step.apply(&mut next);
        match step.run(&index) {
            Ok(()) => model = next,
            Err(error) => {
                assert!(
                    matches!(error.kind(), ErrorKind::Io | ErrorKind::ReadOnly),
                    "{error:?}"
                );
                assert_eq!(
                    content(&index).unwrap(),
                    model,
                    "a failed write must not be seen"
                );
                if !matches!(step, Step::Compact) {
                    doubt.get_or_insert(next);
                }
                if error.kind() == ErrorKind::ReadOnly {
                    break;
                }
            }
        }
    }
    let failed = fs.failed() > 0;
    fs.heal();
    drop(index);
    let index = open(&fs).unwrap_or_else(|error| panic!("{after} {how:?}: {error:?}"));
    let found = content(&index).unwrap();
    assert!(
        found == model || doubt.is_some_and(|doubt| found == doubt),
        "after operation {after}, {how:?}"
    );
    index.blocking_upsert(&[point(&mut rng, 5)]).unwrap();
    failed
}

#[test]
fn an_operation_that_fails_loses_nothing_earlier() {
    let mut tried = 0;
    for how in [Failure::Io, Failure::Full] {
        let mut after = 0;
        while fail_once(after, how) {
            after += 1;
            tried += 1;
        }
    }
    println!("failing operations: {tried}, EIO and ENOSPC");
    assert!(tried > 100);
}

#[test]
fn every_flipped_byte_is_seen_or_does_no_harm() {
    let fs = FaultFs::default();
    let mut rng = Rng(3);
    let index = open(&fs).unwrap();
    for _ in 0..9 {
        let points: Vec<_> = (0..3).map(|_| point(&mut rng, 30)).collect();
        index.blocking_upsert(&points).unwrap();
    }
    index
        .blocking_delete(&Selection::Ids(&["p1", "p2"]))
        .unwrap();
    let model = content(&index).unwrap();
    drop(index);
    let (mut tried, mut seen) = (0, 0);
    for name in fs.names() {
        let bytes = fs.file(&name).unwrap();
        for at in (0..bytes.len()).step_by(if full() { 1 } else { 13 }) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << (at % 8);
            let damaged = fs.with_file(&name, damaged);
            seen += usize::from(is_seen(&damaged, &model).unwrap_or_else(|why| {
                panic!("{} byte {at}: {why}", name.display());
            }));
            tried += 1;
        }
    }
    println!("flipped bytes: {tried}, {seen} reported, the rest harmless, 0 wrong answers");
    assert!(tried > 500 && seen > 50);
}

/// Opens what may be damaged: it must say so, mend it, or answer as if nothing were wrong.
fn is_seen(fs: &FaultFs, model: &Model) -> std::result::Result<bool, String> {
    let refused = |error: gori_core::Error| match error.kind() {
        ErrorKind::Corrupt | ErrorKind::Unsupported => Ok(true),
        _ => Err(format!("{error:?}")),
    };
    let index = match open(fs) {
        Ok(index) => index,
        Err(error) => return refused(error),
    };
    let found = match content(&index) {
        Ok(found) => found,
        Err(error) => return refused(error),
    };
    if found != *model {
        // The last batch may pass for one that was never acknowledged; then it is reported.
        return if index.report().torn_bytes > 0 {
            Ok(true)
        } else {
            Err(format!("other content: {found:#?}"))
        };
    }
    match searches_well(&index, model) {
        Ok(()) => Ok(!index.report().rebuilt.is_empty()),
        Err(why) if why.contains("damaged") => Ok(true),
        Err(why) => Err(why),
    }
}
