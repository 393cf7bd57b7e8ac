//! What is done to every store: power cuts, failing disks, flipped bits, cut files, repairs.
//! Each counts what it tried.

use std::sync::Arc;

use gori_core::{Error, ErrorKind, Result};

use super::fault_fs::{CUTS, Cut, Disk, Event, Failure, FaultFs};
use super::script::{Model, Step, Subject, steps};
use super::{Rng, full};

/// What had to be there after so many operations of the file system.
pub struct Acknowledged {
    pub events: usize,
    pub content: Arc<Model>,
}

/// Runs a script, opening the store anew now and then.
fn run<S: Subject>(
    open: impl Fn(&FaultFs) -> Result<S>,
    rng: &mut Rng,
    writes: usize,
) -> (FaultFs, Vec<Acknowledged>) {
    let fs = FaultFs::default();
    let mut store = open(&fs).unwrap();
    let mut model = Model::new();
    let entry = |fs: &FaultFs, model: &Model| Acknowledged {
        events: fs.event_count(),
        content: Arc::new(model.clone()),
    };
    let mut history = vec![entry(&fs, &model)];
    for step in steps::<S>(rng, writes, 40) {
        step.run(&store).unwrap();
        step.apply(&mut model);
        if rng.below(50) == 0 {
            drop(store);
            store = open(&fs).unwrap();
        }
        history.push(entry(&fs, &model));
    }
    drop(store);
    (fs, history)
}

/// Cuts the power at every operation of a script and looks at what is found: all that was
/// acknowledged (up to the last sync, where writes are `grouped`), and of the write under way all
/// or nothing. Gives how many states were tried, and how many of them had a torn tail.
pub fn cut_everywhere<S: Subject>(
    open: impl Fn(&FaultFs) -> Result<S>,
    writes: usize,
    grouped: bool,
) -> (usize, usize) {
    let mut rng = Rng(7 + writes as u64);
    let (fs, history) = run(&open, &mut rng, writes);
    let (mut disk, mut done) = (Disk::default(), 0);
    let (mut states, mut torn) = (0, 0);
    // Up to where the disk was known to hold all that was acknowledged.
    let mut safe = 0;
    let events = fs.events();
    for (at, event) in events.iter().enumerate() {
        if matches!(event, Event::Sync(_)) {
            safe = done;
        }
        disk.happen(event);
        while history
            .get(done + 1)
            .is_some_and(|next| next.events <= at + 1)
        {
            done += 1;
        }
        for how in CUTS {
            let found = disk.cut(how, &mut rng);
            let store = open(&found)
                .unwrap_or_else(|error| panic!("{how:?} after {at} {event:?}: {error:?}"));
            torn += usize::from(store.report().torn_bytes > 0);
            // Once some of a group may be lost, any whole number of its writes may be there.
            let oldest = if grouped { safe.min(done) } else { done };
            let newest = (done + 1).min(history.len() - 1);
            let got = store.content().unwrap();
            let Some(fits) = (oldest..=newest).find(|i| *history[*i].content == got) else {
                panic!(
                    "{how:?} after operation {at} {event:?}: writes {oldest} to {newest}, found {got:#?}"
                );
            };
            if how != Cut::Drop && states % 5 == 0 {
                let well = store.searches_well(&history[fits].content, &mut rng);
                well.unwrap();
            }
            states += 1;
        }
    }
    println!(
        "crash states: {states} ({} operations of {writes} writes, {torn} with a torn tail)",
        events.len()
    );
    (states, torn)
}

/// Runs the script with one failure in it, and checks that nothing earlier is lost by it and
/// that a write that failed is there whole or not at all. Gives whether it came to the failure.
fn fail_once<S: Subject>(
    open: impl Fn(&FaultFs) -> Result<S>,
    seed: u64,
    after: usize,
    how: Failure,
    once: bool,
) -> bool {
    let fs = FaultFs::default();
    let mut rng = Rng(seed);
    let store = open(&fs).unwrap();
    let mut model = Model::new();
    // What may or may not be there, of writes that failed.
    let mut doubt: Option<Model> = None;
    fs.fail_after(after, how, once);
    for step in steps::<S>(&mut rng, 40, 15) {
        let mut next = model.clone();
        step.apply(&mut next);
        match step.run(&store) {
            Ok(()) => model = next,
            Err(error) => {
                let kind = error.kind();
                assert!(
                    matches!(kind, ErrorKind::Io | ErrorKind::ReadOnly),
                    "{error:?}"
                );
                let seen = store.content().unwrap();
                assert_eq!(seen, model, "a failed write must not be seen");
                if kind == ErrorKind::Io && !matches!(step, Step::Compact) {
                    doubt.get_or_insert(next);
                }
                if kind == ErrorKind::ReadOnly || !once {
                    break;
                }
            }
        }
    }
    let failed = fs.failed() > 0;
    fs.heal();
    drop(store);
    let store = open(&fs).unwrap_or_else(|error| panic!("{after} {how:?}: {error:?}"));
    let found = store.content().unwrap();
    assert!(
        found == model || doubt.is_some_and(|doubt| found == doubt),
        "after operation {after}, {how:?}: {found:#?}\ninstead of {model:#?}"
    );
    store.upsert(&[S::point(&mut rng, 5)]).unwrap();
    failed
}

/// Lets every operation of a script fail, by EIO and by ENOSPC, once and for good.
pub fn fail_everywhere<S: Subject>(open: impl Fn(&FaultFs) -> Result<S>) -> usize {
    let mut tried = 0;
    for seed in 0..if full() { 20 } else { 2 } {
        for how in [Failure::Io, Failure::Full] {
            for once in [true, false] {
                let mut after = 0;
                while fail_once(&open, seed, after, how, once) {
                    after += 1;
                    tried += 1;
                }
            }
        }
    }
    println!("failing operations: {tried}, EIO and ENOSPC, once and for good");
    tried
}

/// What a damaged store may do: say so, or answer as if nothing were wrong. Gives whether it
/// said so. Where a log may have been `cut` between two batches the later ones may be missing,
/// since nothing tells that from their never having been written.
pub fn look_at_damaged<S: Subject>(
    open: impl Fn(&FaultFs) -> Result<S>,
    fs: &FaultFs,
    history: &[Model],
    cut: bool,
) -> std::result::Result<bool, String> {
    let refused = |error: Error| match error.kind() {
        ErrorKind::Corrupt | ErrorKind::Unsupported => Ok(true),
        _ => Err(format!("{error:?}")),
    };
    let store = match open(fs) {
        Ok(store) => store,
        Err(error) => return refused(error),
    };
    let verified = match store.verify() {
        Ok(()) => false,
        Err(error) => refused(error)?,
    };
    let found = match store.content() {
        Ok(found) => found,
        Err(error) => return refused(error),
    };
    // The last batch may pass for one that was never acknowledged; then it is reported.
    let reported = store.report().torn_bytes > 0;
    if history.last() != Some(&found) && !(history.contains(&found) && (reported || cut)) {
        return Err(format!("other content: {found:#?}"));
    }
    for i in 0..3 {
        match store.searches_well(&found, &mut Rng(i)) {
            Ok(()) => {}
            Err(why) if why.contains("corrupt data") => return Ok(true),
            Err(why) => return Err(why),
        }
    }
    Ok(verified || reported || !store.report().rebuilt.is_empty())
}

/// Each byte of each file, or one in `step` of them, with one bit flipped.
fn flips(fs: &FaultFs, step: usize) -> impl Iterator<Item = (String, FaultFs)> {
    let step = if full() { 1 } else { step };
    fs.names().into_iter().flat_map(move |name| {
        let bytes = fs.file(&name).unwrap();
        (0..bytes.len()).step_by(step).map(move |at| {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << (at % 8);
            let place = format!("{} at {at}", name.display());
            (place, fs.with_file(&name, damaged))
        })
    })
}

/// Flips a bit of every byte. Gives how many were tried and how many were noticed when the store
/// was opened, verified or asked.
pub fn flip_everywhere<S: Subject>(
    open: impl Fn(&FaultFs) -> Result<S>,
    fs: &FaultFs,
    history: &[Model],
    step: usize,
) -> (usize, usize) {
    let (mut tried, mut seen) = (0, 0);
    for (place, damaged) in flips(fs, step) {
        let look = look_at_damaged(&open, &damaged, history, false);
        let noticed = look.unwrap_or_else(|why| panic!("{place}: {why}"));
        if !noticed {
            println!("unnoticed and harmless: {place}");
        }
        seen += usize::from(noticed);
        tried += 1;
    }
    println!("flipped bytes: {tried}, {seen} noticed, the rest harmless, 0 wrong answers");
    (tried, seen)
}

/// Cuts every file everywhere.
pub fn cut_files<S: Subject>(
    open: impl Fn(&FaultFs) -> Result<S>,
    fs: &FaultFs,
    history: &[Model],
) -> usize {
    let mut tried = 0;
    for name in fs.names() {
        let bytes = fs.file(&name).unwrap();
        for len in (0..bytes.len()).step_by(if full() { 1 } else { 61 }) {
            let damaged = fs.with_file(&name, bytes[..len].to_vec());
            let look = look_at_damaged(&open, &damaged, history, true);
            look.unwrap_or_else(|why| panic!("{} cut to {len}: {why}", name.display()));
            tried += 1;
        }
    }
    println!("cut files: {tried}, 0 wrong answers");
    tried
}

/// Repairs a store of which a byte was flipped: one record may be lost, and no other.
pub fn repair_everywhere<S: Subject>(
    open: impl Fn(&FaultFs) -> Result<S>,
    fs: &FaultFs,
    model: &Model,
) -> usize {
    let (mut tried, mut lost) = (0, 0);
    for (place, damaged) in flips(fs, 83) {
        S::repair(&damaged).unwrap();
        let store = open(&damaged).unwrap();
        let found = store.content().unwrap();
        store.searches_well(&found, &mut Rng(1)).unwrap();
        // The lost record may be a point, or bring back what it had replaced or deleted.
        let same = model
            .iter()
            .filter(|(id, point)| found.get(*id) == Some(point))
            .count();
        assert!(
            same + 1 >= model.len() && found.len() <= model.len() + 1,
            "{place}"
        );
        lost += usize::from(found != *model);
        tried += 1;
    }
    println!("repairs: {tried}, {lost} lost one record, the others none");
    tried
}
