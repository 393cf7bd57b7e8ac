//! Bombs of every format and damaged PDF files: the process lives, and each file ends in time
//! and in memory in a result or in a typed error.
//!
//! `cargo test` tries a sample. `GORI_CAMPAIGN=full cargo test --release -p gori-loaders --test
//! hostile -- --nocapture` tries all of it, and prints what it tried.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use gori_core::{Loaded, Loader, Result};
use gori_loaders::{Archive, Dir, Formats, Json, Limits};
use support::hostile::{Bomb, archive, families, pdf, table};
use support::worker;

/// What one file may take, on the clock.
const TIME: Duration = Duration::from_secs(10);
const MEMORY: u64 = 512 << 20;

fn is_full() -> bool {
    std::env::var_os("GORI_CAMPAIGN").is_some_and(|value| value == "full")
}

/// What a process took at its peak, in bytes, since the last [`forget`].
fn peak(process: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or_default() << 10
}

/// Sets the peak back to what is in use now.
fn forget() {
    fs::write("/proc/self/clear_refs", "5").unwrap();
}

/// The workers that live.
fn children() -> Vec<String> {
    let tasks = fs::read_dir("/proc/self/task").unwrap().flatten();
    let children = tasks.flat_map(|task| {
        let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
        children
            .split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    });
    children.collect()
}

/// The peak of the worker that took most; it may be gone already.
fn workers() -> u64 {
    children()
        .iter()
        .map(|child| peak(child))
        .max()
        .unwrap_or_default()
}

/// Processor time of this program and of its workers, those that ended among them.
fn processor() -> Duration {
    const TICKS_A_SECOND: u64 = 100;
    let ticks = |process: &str| {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        // The fields are counted from behind the name, which may hold blanks.
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
        let times = fields.split_whitespace().skip(11).take(4);
        times
            .filter_map(|ticks| ticks.parse::<u64>().ok())
            .sum::<u64>()
    };
    let workers: u64 = children().iter().map(|child| ticks(child)).sum();
    Duration::from_millis((ticks("self") + workers) * 1000 / TICKS_A_SECOND)
}

/// What came of the bombs of a family.
#[derive(Default)]
struct Report {
    tried: usize,
    documents: usize,
    outcomes: BTreeMap<String, usize>,
    slowest: (Duration, String),
    /// Seconds of a processor.
    dearest: (Duration, String),
    faults: Vec<String>,
    /// Bytes above what the program held before, worker included.
    largest: (u64, String),
}

impl Report {
    fn print(&self, family: &str) {
        println!(
            "{family:8} {:5} tried: {:?}; {} documents; slowest {:.1?} ({}); most processor time \
             {:.1?} ({}); most memory {} MB ({})",
            self.tried,
            self.outcomes,
            self.documents,
            self.slowest.0,
            self.slowest.1,
            self.dearest.0,
            self.dearest.1,
            self.largest.0 >> 20,
            self.largest.1
        );
    }
}

/// Loads one file and takes note. What comes is dropped as it comes.
async fn load(loader: &dyn Loader, name: &str, report: &mut Report) {
    forget();
    let before = peak("self");
    let (start, processor_before) = (Instant::now(), processor());
    let mut outcome = "nothing".to_owned();
    let mut items = loader.load(&());
    while let Some(item) = items.next().await {
        match item {
            Ok(Loaded::Document(_)) => {
                report.documents += 1;
                outcome = "documents".to_owned();
            }
            Ok(Loaded::Skipped { .. }) => outcome = "skipped".to_owned(),
            Ok(_) => {}
            Err(error) => outcome = format!("{:?}", error.kind()),
        }
    }
    drop(items);
    let took = start.elapsed();
    let busy = processor().saturating_sub(processor_before);
    let memory = peak("self").saturating_sub(before) + workers();
    report.tried += 1;
    let fault = match outcome.as_str() {
        "nothing" => Some("neither gives anything nor says why".to_owned()),
        _ if took > TIME => Some(format!("{took:.1?}, {busy:.1?} of a processor")),
        _ if memory > MEMORY => Some(format!("{} MB", memory >> 20)),
        _ => None,
    };
    report
        .faults
        .extend(fault.map(|fault| format!("{name}: {fault}")));
    *report.outcomes.entry(outcome).or_default() += 1;
    if took > report.slowest.0 {
        report.slowest = (took, name.to_owned());
    }
    if busy > report.dearest.0 {
        report.dearest = (busy, name.to_owned());
    }
    if memory > report.largest.0 {
        report.largest = (memory, name.to_owned());
    }
}

/// Every bomb, or every `step`th in a short run.
async fn run(
    family: &str,
    bombs: Vec<Bomb>,
    step: usize,
    open: impl Fn(&Path) -> Result<Box<dyn Loader>>,
) -> Vec<String> {
    let least = bombs.len();
    assert!(least >= 60, "{family}: {least} bombs");
    let folder = tempfile::tempdir().unwrap();
    let mut report = Report::default();
    for bomb in bombs.iter().step_by(if is_full() { 1 } else { step }) {
        let path = folder.path().join("bomb").with_extension(family);
        fs::write(&path, (bomb.make)()).unwrap();
        let name = format!("{family}: {}", bomb.name);
        load(&*open(&path).unwrap(), &name, &mut report).await;
        fs::remove_file(&path).unwrap();
    }
    report.print(family);
    report.faults
}

#[tokio::test]
async fn every_bomb_ends_in_time_and_in_memory() {
    let mut reader = worker();
    if !is_full() {
        // The sample is to be quick; the whole campaign keeps the limits of everybody.
        reader = reader.limits(Limits {
            time: Duration::from_secs(2),
            parts: 50_000,
            ..Limits::default()
        });
    }
    let file = |path: &Path| -> Result<Box<dyn Loader>> {
        Ok(Box::new(Dir::new(path).reader(reader.clone())))
    };
    let only = std::env::var("GORI_FORMAT").ok();
    let wanted = |family: &str| only.as_deref().is_none_or(|only| only == family);
    let mut faults = Vec::new();
    for (family, bombs) in families() {
        if wanted(family) {
            faults.extend(run(family, bombs, 9, file).await);
        }
    }
    // What a pointer leads to is parsed; without one JSON comes as it stands.
    let pointed = Json::default()
        .records("/records")
        .unwrap()
        .text("/text")
        .unwrap();
    let pointed = reader.clone().formats(Formats::default().with(pointed));
    let record = |path: &Path| -> Result<Box<dyn Loader>> {
        Ok(Box::new(Dir::new(path).reader(pointed.clone())))
    };
    for (family, bombs) in [("json", table::json()), ("jsonl", table::json_lines())] {
        if wanted(family) {
            faults.extend(run(family, bombs, 9, record).await);
        }
    }
    let packed = |path: &Path| -> Result<Box<dyn Loader>> {
        Ok(Box::new(Archive::new(path).reader(reader.clone())))
    };
    for (family, bombs) in [("zip", archive::zips()), ("tar", archive::tars())] {
        if wanted(family) {
            faults.extend(run(family, bombs, 9, packed).await);
        }
    }
    if wanted("damaged") {
        let mutations = pdf::mutations(if is_full() { 12_000 } else { 400 });
        faults.extend(run("pdf", mutations, 1, file).await);
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[tokio::test]
async fn what_is_to_be_damaged_is_sound() {
    let folder = tempfile::tempdir().unwrap();
    for (number, file) in pdf::sound().into_iter().enumerate() {
        let path = folder.path().join(format!("{number}.pdf"));
        fs::write(&path, file).unwrap();
        let items = support::load(&Dir::new(&path).reader(worker())).await;
        assert!(
            !support::documents(&items).is_empty(),
            "{number}: {items:?}"
        );
    }
}
