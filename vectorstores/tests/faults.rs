//! Failing disks, flipped bits and killed processes.
//!
//! `GORI_CAMPAIGN=full cargo test --release -p gori-vectorstores --test faults` tries all that
//! a plain run samples.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod support;

use std::io::BufRead as _;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use gori_core::{ErrorKind, Point, Selection};
use gori_vectorstores::{Durability, LocalStore, Options};
use proptest::prelude::*;
use support::fault_fs::{Cut, Disk, Failure, FaultFs};
use support::meanwhile::Meanwhile;
use support::script::{Model, Step, Subject as _, steps};
use support::vectors::{DIMS, point};
use support::{Rng, full, runs};

fn options(seal_after: usize) -> Options {
    // A graph from as few points on as one log holds, so that every kind of section is there.
    Options::new(DIMS)
        .seal_after(seal_after)
        .graph_from(8)
        .background(false)
}

fn open(fs: &FaultFs) -> gori_core::Result<LocalStore> {
    LocalStore::create_or_open_on(Arc::new(fs.clone()), "/store", options(12))
}

#[test]
fn an_operation_that_fails_loses_nothing_earlier() {
    assert!(runs::fail_everywhere(open) > 400);
}

#[test]
fn after_a_failed_sync_nothing_is_written_any_more() {
    let fs = FaultFs::default();
    let store = open(&fs).unwrap();
    let mut rng = Rng(1);
    store.blocking_upsert(&[point(&mut rng, 5)]).unwrap();
    let before = store.content().unwrap();
    // The write itself succeeds, the sync after it does not.
    fs.fail_after(1, Failure::Io, true);
    assert_eq!(
        store
            .blocking_upsert(&[point(&mut rng, 5)])
            .unwrap_err()
            .kind(),
        ErrorKind::Io
    );
    let again = store.blocking_upsert(&[point(&mut rng, 5)]).unwrap_err();
    assert_eq!(again.kind(), ErrorKind::ReadOnly, "{again}");
    assert_eq!(store.content().unwrap(), before);
}

#[test]
fn a_point_replaced_while_an_index_is_made_is_there_after_a_power_cut() {
    let disk = Meanwhile::default();
    // The period never comes: what is replaced below is acknowledged and not synced.
    let options = options(12).durability(Durability::Group(Duration::from_secs(3600)));
    let store = LocalStore::create_or_open_on(Arc::new(disk.clone()), "/store", options);
    let store = Arc::new(store.unwrap());
    let mut rng = Rng(5);
    let named = |rng: &mut Rng, number: usize| Point {
        id: format!("p{number}"),
        ..point(rng, 1)
    };
    let points: Vec<Point> = (0..10).map(|number| named(&mut rng, number)).collect();
    store.blocking_upsert(&points).unwrap();
    let (writer, again) = (Arc::clone(&store), named(&mut rng, 0));
    disk.at_the_next_index(move || writer.blocking_upsert(&[again]).unwrap());
    store.blocking_compact().unwrap();
    assert!(disk.is_done(), "no index was made");
    let mut left = Disk::default();
    disk.fs.events().iter().for_each(|event| left.happen(event));
    let left = open(&left.cut(Cut::Drop, &mut rng)).unwrap();
    assert_eq!(left.content().unwrap().len(), points.len());
}

/// A small store with all kinds of files in it, and what it held after each write.
fn small_store() -> (FaultFs, Vec<Model>) {
    let fs = FaultFs::default();
    let mut rng = Rng(3);
    let store = open(&fs).unwrap();
    let mut history = vec![Model::new()];
    let mut put = |count| {
        for _ in 0..count {
            let points: Vec<_> = (0..3).map(|_| point(&mut rng, 30)).collect();
            store.blocking_upsert(&points).unwrap();
            history.push(store.content().unwrap());
        }
    };
    put(9);
    store.blocking_compact().unwrap();
    put(6);
    store
        .blocking_delete(&Selection::Ids(&["p1", "p2"]))
        .unwrap();
    history.push(store.content().unwrap());
    drop(store);
    (fs, history)
}

#[test]
fn every_flipped_byte_is_seen_or_does_no_harm() {
    let (fs, history) = small_store();
    let (tried, seen) = runs::flip_everywhere(open, &fs, &history, 7);
    // Only the zeros after the head of a log are under no checksum.
    assert!(tried > 1_000 && tried - seen <= 7 * fs.names().len());
}

#[test]
fn a_file_cut_anywhere_is_seen_or_made_anew() {
    let (fs, history) = small_store();
    assert!(runs::cut_files(open, &fs, &history) > 100);
}

/// One thing done to a file: what, where, how much, and a number to do it with.
type Edit = (usize, prop::sample::Index, usize, u64);

fn edit(bytes: &mut Vec<u8>, other: &[u8], (what, at, count, number): &Edit) {
    let at = at.index(bytes.len().max(1)).min(bytes.len());
    let end = bytes.len().min(at + count);
    match what {
        0 => bytes[at..end]
            .iter_mut()
            .for_each(|byte| *byte ^= *number as u8),
        1 => bytes.truncate(at),
        2 => bytes[at..end].fill(0),
        3 => drop(bytes.splice(at..at, other.iter().take(*count).copied())),
        4 => drop(bytes.drain(at..end)),
        5 => {
            for (byte, new) in bytes[at..end].iter_mut().zip(number.to_le_bytes()) {
                *byte = new;
            }
        }
        6 => bytes.extend(Rng(*number).next().to_le_bytes()),
        _ => *bytes = other.to_vec(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if full() { 20_000 } else { 400 }))]
    #[test]
    fn files_changed_at_will_are_seen_or_do_no_harm(
        edits in prop::collection::vec((any::<prop::sample::Index>(), (0_usize..8, any::<prop::sample::Index>(), 1_usize..80, any::<u64>())), 1..4),
    ) {
        thread_local!(static STORE: (FaultFs, Vec<Model>) = small_store());
        let looked = STORE.with(|(fs, history)| {
            let names = fs.names();
            let mut damaged = fs.clone();
            for (file, change) in &edits {
                let name = &names[file.index(names.len())];
                let other = fs.file(&names[(file.index(names.len()) + 1) % names.len()]).unwrap();
                let mut bytes = damaged.file(name).unwrap();
                edit(&mut bytes, &other, change);
                damaged = damaged.with_file(name, bytes);
            }
            runs::look_at_damaged(open, &damaged, history, true)
        });
        prop_assert!(looked.is_ok(), "{}", looked.unwrap_err());
    }
}

#[test]
fn a_repair_keeps_what_is_whole() {
    let (fs, history) = small_store();
    assert!(runs::repair_everywhere(open, &fs, history.last().unwrap()) > 100);
}

const CHILD: &str = "GORI_TEST_STORE_TO_WRITE";

/// Writes until it is killed, telling each write that was acknowledged. Only does so when the
/// test below starts it.
#[test]
fn child_that_writes() {
    let Ok(dir) = std::env::var(CHILD) else {
        return;
    };
    let (dir, seed) = dir.rsplit_once('#').unwrap();
    let options = Options::new(DIMS).seal_after(25).graph_from(8);
    let store = LocalStore::create_or_open(dir, options).unwrap();
    for (i, step) in script(seed.parse().unwrap()).iter().enumerate() {
        step.run(&store).unwrap();
        println!("\nacknowledged {i}");
    }
}

fn script(seed: u64) -> Vec<Step> {
    steps::<LocalStore>(&mut Rng(seed), 4_000, 40)
}

/// Kills a writer at a random time, and gives how many writes it had acknowledged.
fn kill_one(seed: u64) -> usize {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("store");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_that_writes", "--nocapture"])
        .env(CHILD, format!("{}#{seed}", dir.display()))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
    let (begun, first) = std::sync::mpsc::channel();
    let told = std::thread::spawn(move || {
        let told = lines
            .map_while(Result::ok)
            .filter(|line| line.starts_with("acknowledged"))
            .inspect(|_| {
                let _ = begun.send(());
            });
        told.count()
    });
    let mut rng = Rng(seed);
    // Most are killed among their writes, however slowly the machine starts them; the others
    // wherever they are, which may be while the store is made.
    if !seed.is_multiple_of(4) {
        let _ = first.recv_timeout(Duration::from_secs(20));
    }
    std::thread::sleep(Duration::from_millis(5 + rng.next() % 200));
    child.kill().unwrap();
    child.wait().unwrap();
    let acknowledged = told.join().unwrap();
    let store = LocalStore::create_or_open(&dir, options(25)).unwrap();
    let found = store.content().unwrap();
    let mut model = Model::new();
    let script = script(seed);
    script[..acknowledged]
        .iter()
        .for_each(|step| step.apply(&mut model));
    if found != model {
        script[acknowledged].apply(&mut model);
    }
    assert_eq!(found, model, "kill {seed} after {acknowledged} writes");
    store.searches_well(&model, &mut rng).unwrap();
    acknowledged
}

#[test]
fn a_killed_writer_loses_nothing_acknowledged() {
    let kills: u64 = if full() { 5_000 } else { 500 };
    let next = std::sync::atomic::AtomicU64::new(0);
    let work = || {
        let seeds = std::iter::repeat_with(|| next.fetch_add(1, Relaxed));
        let told = seeds.take_while(|seed| *seed < kills).map(kill_one);
        told.filter(|told| *told > 0)
            .fold((0, 0), |(writers, writes), told| {
                (writers + 1, writes + told)
            })
    };
    // Most of the time a writer waits for the disk, so that several share a processor.
    let (writers, writes) = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..8).map(|_| scope.spawn(work)).collect();
        let counts = workers.into_iter().map(|worker| worker.join().unwrap());
        counts.fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1))
    });
    println!("kills: {kills}, {writers} of them after {writes} acknowledged writes, 0 lost");
    assert!(
        writers * 10 > kills,
        "most were killed before they wrote anything"
    );
}

#[test]
fn readers_see_whole_batches_while_all_goes_on() {
    let home = tempfile::tempdir().unwrap();
    let options = Options::new(DIMS)
        .seal_after(40)
        .durability(Durability::Group(Duration::from_millis(20)));
    let store = LocalStore::create_or_open(home.path(), options).unwrap();
    let batch = |round: i64| -> Vec<_> {
        let mut rng = Rng(round as u64);
        (0..5)
            .map(|i| {
                let mut point = point(&mut rng, 1);
                point.id = format!("member {i}");
                point.metadata.insert("round".into(), round.into());
                point
            })
            .collect()
    };
    store.blocking_upsert(&batch(0)).unwrap();
    let done = std::sync::atomic::AtomicBool::new(false);
    let reads = std::sync::atomic::AtomicU64::new(0);
    let other = LocalStore::open_to_read(home.path()).unwrap();
    std::thread::scope(|scope| {
        for reader in [&store, &store, &other] {
            scope.spawn(|| {
                let mut rng = Rng(9);
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    let query = point(&mut rng, 1).vector;
                    let hits = reader
                        .blocking_search(&gori_core::Search::new(&query, 9))
                        .unwrap();
                    assert_eq!(hits.len(), 5, "a batch is there whole");
                    let round = &hits[0].metadata["round"];
                    assert!(
                        hits.iter().all(|hit| hit.metadata["round"] == *round),
                        "of one round"
                    );
                    reads.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                }
            });
        }
        for round in 1..if full() { 2_000 } else { 300 } {
            store.blocking_upsert(&batch(round)).unwrap();
            if round % 50 == 0 {
                store.blocking_compact().unwrap();
            }
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    println!(
        "reads beside writes, merges and compactions: {}",
        reads.into_inner()
    );
}
