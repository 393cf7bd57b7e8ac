//! Measures the local store on vectors from a file, for the table of `benches/peers/store.py`.
//!
//! ```text
//! figures curve VECTORS DIMS POINTS QUERIES    recall and time, exact and by graph, and memory
//! figures build VECTORS DIMS POINTS DIR KIND   fills a store, `exact` or with a `graph`
//! figures filters VECTORS DIMS POINTS QUERIES  the same with filters
//! figures writes VECTORS DIMS POINTS           bytes written; syncs, when run under strace
//! figures fill VECTORS DIMS POINTS DIR         fills a store, mixing vectors when there are few
//! figures open VECTORS DIMS QUERIES DIR        opens it and asks
//! ```
//!
//! The file holds f32 rows; the first POINTS are stored, the last QUERIES are asked. Prints one
//! JSON object a line.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod machine;

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use gori_core::{Filter, Point, Search};
use gori_vectorstores::{Durability, LocalStore, Options};
use machine::{cpu_seconds, cpu_seconds_of_thread, fewest, reset_peak, status, written};

const K: usize = 10;
/// One in so many points fulfils the filter on the field of this name.
const SHARES: [(&str, i64); 4] = [
    ("half", 2),
    ("tenth", 10),
    ("hundredth", 100),
    ("thousandth", 1000),
];

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let number = |text: &str| text.parse::<usize>().unwrap();
    match args.as_slice() {
        ["curve", file, dims, points, queries] => {
            let all = Vectors::read(file, number(dims));
            let (stored, asked) = (all.stored(number(points)), all.asked(number(queries)));
            curve(file, &stored, &asked);
        }
        ["build", file, dims, points, dir, kind] => {
            build(file, number(dims), number(points), Path::new(dir), kind)
        }
        ["filters", file, dims, points, queries] => {
            let all = Vectors::read(file, number(dims));
            filters(&all.stored(number(points)), &all.asked(number(queries)));
        }
        ["writes", file, dims, points] => {
            writes(&Vectors::read(file, number(dims)).stored(number(points)))
        }
        ["fill", file, dims, points, dir] => {
            fill(file, number(dims), number(points), Path::new(dir))
        }
        ["open", file, dims, queries, dir] => {
            open(file, number(dims), number(queries), Path::new(dir))
        }
        _ => panic!("see the head of examples/figures/main.rs"),
    }
}

struct Vectors {
    dims: usize,
    all: Vec<f32>,
}

impl Vectors {
    fn read(file: &str, dims: usize) -> Self {
        let bytes = std::fs::read(file).unwrap();
        let (numbers, _) = bytes.as_chunks::<4>();
        let all = numbers.iter().map(|x| f32::from_le_bytes(*x)).collect();
        Self { dims, all }
    }

    fn stored(&self, points: usize) -> Vec<&[f32]> {
        self.all.chunks_exact(self.dims).take(points).collect()
    }

    fn asked(&self, queries: usize) -> Vec<&[f32]> {
        self.all.rchunks_exact(self.dims).take(queries).collect()
    }
}

fn point(number: usize, row: &[f32]) -> Point {
    let share =
        |(name, one_in): (&str, i64)| (name.to_owned(), (number as i64 * 7919 % one_in).into());
    Point {
        id: number.to_string(),
        vector: row.to_vec(),
        text: String::new(),
        metadata: SHARES.into_iter().map(share).collect(),
    }
}

fn ingest(store: &LocalStore, stored: &[&[f32]], with_metadata: bool) {
    for (batch, rows) in stored.chunks(512).enumerate() {
        let numbered = rows.iter().enumerate();
        let mut points: Vec<Point> = numbered
            .map(|(i, row)| point(batch * 512 + i, row))
            .collect();
        if !with_metadata {
            points.iter_mut().for_each(|point| point.metadata.clear());
        }
        store.blocking_upsert(&points).unwrap();
    }
}

fn plain() -> Durability {
    Durability::Group(Duration::from_millis(100))
}

fn curve(file: &str, stored: &[&[f32]], asked: &[&[f32]]) {
    let (bandwidth, scan) = plain_scan(stored, asked);
    println!(
        "{{\"what\":\"memory\",\"gb_per_s\":{:.2},\"f32_scan_gb_per_s\":{:.2},\"f32_scan_us\":{:.1}}}",
        bandwidth / 1e9,
        raw(stored) / scan / 1e9,
        scan * 1e6
    );
    let truth: Vec<Vec<usize>> = asked
        .iter()
        .map(|query| nearest(stored, query, 1))
        .collect();
    let home = tempfile::tempdir().unwrap();
    let beams = [12, 16, 24, 32, 48, 64, 96, 128, 192, 256];
    for (kind, beams) in [("exact", &[64][..]), ("graph", &beams[..])] {
        let dir = home.path().join(kind);
        // In a process of its own, whose memory is the store's.
        let (dims, points) = (stored[0].len().to_string(), stored.len().to_string());
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["build", file, &dims, &points])
            .arg(&dir)
            .arg(kind)
            .status();
        assert!(status.unwrap().success());
        measure(kind, &dir, stored, asked, &truth, beams);
    }
}

fn raw(stored: &[&[f32]]) -> f64 {
    (stored.len() * stored[0].len() * 4) as f64
}

/// Bytes a second that one thread can read, and seconds of a scan in f32: of vectors that lie
/// one after the other and nothing else, the best that can be done without codes.
fn plain_scan(stored: &[&[f32]], asked: &[&[f32]]) -> (f64, f64) {
    let read = fewest(7, || {
        let mut sums = [0_u32; LANES];
        for row in stored {
            let (blocks, _) = row.as_chunks::<LANES>();
            for block in blocks {
                for (sum, x) in sums.iter_mut().zip(block) {
                    *sum ^= x.to_bits();
                }
            }
        }
        std::hint::black_box(sums);
    });
    let scan = fewest(7, || {
        let mut best: Vec<(f32, usize)> = Vec::new();
        let mut floor = f32::NEG_INFINITY;
        for (at, row) in stored.iter().enumerate() {
            let score = dot(row, asked[0]);
            if score > floor {
                best.push((score, at));
                best.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
                best.truncate(K);
                floor = best.get(K - 1).map_or(floor, |last| last.0);
            }
        }
        std::hint::black_box(best);
    });
    (raw(stored) / read, scan)
}

const LANES: usize = 32;

fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0; LANES];
    let (a, b) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.0.iter().zip(b.0) {
        for ((sum, x), y) in sums.iter_mut().zip(a).zip(b) {
            *sum += x * y;
        }
    }
    // By halves, since one sum after the other takes as long as a row.
    let mut half = LANES / 2;
    while half > 0 {
        let (left, right) = sums.split_at_mut(half);
        for (sum, more) in left.iter_mut().zip(right) {
            *sum += *more;
        }
        half /= 2;
    }
    sums[0] + gori_core::dot(a.1, b.1)
}

fn options(dims: usize, kind: &str) -> Options {
    let from = if kind == "graph" { 2 } else { usize::MAX };
    Options::new(dims).graph_from(from).durability(plain())
}

/// Fills a store as a program would that has one row after the other.
fn filled(file: &File, dims: usize, points: usize, dir: &Path, kind: &str) -> LocalStore {
    let store = LocalStore::create_or_open(dir, options(dims, kind)).unwrap();
    for batch in (0..points).collect::<Vec<_>>().chunks(256) {
        let bare = |number: &usize| {
            let mut point = point(*number, &row(file, dims, *number));
            point.metadata.clear();
            point
        };
        let points: Vec<_> = batch.iter().map(bare).collect();
        store.blocking_upsert(&points).unwrap();
    }
    store
}

/// Fills a store and merges it at the end. The program's own code, which is read from its file
/// as it runs, is no memory of a vector: a small store is made first, and is not counted.
fn build(file: &str, dims: usize, points: usize, dir: &Path, kind: &str) {
    let file = File::open(file).unwrap();
    let small = tempfile::tempdir().unwrap();
    let first = filled(&file, dims, points.min(500), small.path(), kind);
    first.blocking_compact().unwrap();
    drop(first);
    let before = (cpu_seconds(), status("VmRSS:"));
    reset_peak();
    let store = filled(&file, dims, points, dir, kind);
    let ingested = cpu_seconds();
    store.blocking_compact().unwrap();
    let raw = (points * dims * 4) as f64;
    println!(
        "{{\"what\":\"build\",\"store\":\"{kind}\",\"points\":{points},\"ingest_cpu_s\":{:.2},\"build_cpu_s\":{:.2},\
         \"peak_resident_of_raw\":{:.3},\"disk_of_raw\":{:.3}}}",
        ingested - before.0,
        cpu_seconds() - ingested,
        (status("VmHWM:") - before.1) / raw,
        store.stats().unwrap().disk_bytes as f64 / raw
    );
}

fn measure(
    name: &str,
    dir: &Path,
    stored: &[&[f32]],
    asked: &[&[f32]],
    truth: &[Vec<usize>],
    beams: &[usize],
) {
    let (raw, options) = (raw(stored), options(stored[0].len(), name));
    for beam in beams {
        let base = status("VmRSS:");
        let started = Instant::now();
        let store = LocalStore::create_or_open(dir, options.clone().beam(*beam)).unwrap();
        let first = store.blocking_search(&Search::new(asked[0], K)).unwrap();
        let open_ms = started.elapsed().as_secs_f64() * 1e3;
        assert_eq!(first.len(), K);
        let (recall, seconds) = ask(&store, asked, truth, None);
        println!(
            "{{\"what\":\"search\",\"store\":\"{name}\",\"points\":{},\"beam\":{beam},\"recall\":{recall:.4},\
             \"us\":{:.1},\"open_ms\":{open_ms:.1},\"resident_of_raw\":{:.3}}}",
            stored.len(),
            seconds * 1e6,
            (status("VmRSS:") - base) / raw
        );
    }
}

/// The share of what should be found that is, and seconds for each question.
fn ask(
    store: &LocalStore,
    asked: &[&[f32]],
    truth: &[Vec<usize>],
    filter: Option<&Filter>,
) -> (f64, f64) {
    let search = |query| {
        let mut search = Search::new(query, K);
        search.filter = filter;
        store.blocking_search(&search).unwrap()
    };
    let mut found = 0;
    for (query, truth) in asked.iter().zip(truth) {
        let hits = search(query);
        found += hits
            .iter()
            .filter(|hit| truth.contains(&hit.id.parse().unwrap()))
            .count();
    }
    let seconds = fewest(3, || {
        for query in asked {
            std::hint::black_box(search(query));
        }
    });
    let wanted: usize = truth.iter().map(Vec::len).sum();
    (found as f64 / wanted as f64, seconds / asked.len() as f64)
}

/// The nearest of every `one_in`th point.
fn nearest(stored: &[&[f32]], query: &[f32], one_in: i64) -> Vec<usize> {
    let kept = stored
        .iter()
        .zip(0..)
        .filter(|(_, i): &(_, usize)| *i as i64 * 7919 % one_in == 0);
    let mut scores: Vec<(f32, usize)> = kept
        .map(|(row, i)| (gori_core::cosine(row, query), i))
        .collect();
    scores.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    scores.truncate(K);
    scores.into_iter().map(|x| x.1).collect()
}

fn filters(stored: &[&[f32]], asked: &[&[f32]]) {
    let home = tempfile::tempdir().unwrap();
    let make = |name: &str, from: usize| {
        let options = Options::new(stored[0].len())
            .graph_from(from)
            .background(false)
            .durability(plain());
        let store = LocalStore::create_or_open(home.path().join(name), options).unwrap();
        ingest(&store, stored, true);
        store.blocking_compact().unwrap();
        store
    };
    let (exact, graph) = (make("exact", usize::MAX), make("graph", 2));
    for (name, one_in) in SHARES {
        let filter = Filter::eq(name, 0);
        let truth: Vec<Vec<usize>> = asked
            .iter()
            .map(|query| nearest(stored, query, one_in))
            .collect();
        let (_, scan) = ask(&exact, asked, &truth, Some(&filter));
        let (recall, seconds) = ask(&graph, asked, &truth, Some(&filter));
        println!(
            "{{\"what\":\"filter\",\"points\":{},\"one_in\":{one_in},\"recall\":{recall:.4},\"us\":{:.1},\"exact_us\":{:.1}}}",
            stored.len(),
            seconds * 1e6,
            scan * 1e6
        );
    }
}

fn writes(stored: &[&[f32]]) {
    let home = tempfile::tempdir_in(".").unwrap();
    let options = Options::new(stored[0].len()).durability(plain());
    let store = LocalStore::create_or_open(home.path(), options).unwrap();
    let (before, started) = (written(), Instant::now());
    for (number, row) in stored.iter().enumerate() {
        store.blocking_upsert(&[point(number, row)]).unwrap();
    }
    let seconds = started.elapsed().as_secs_f64();
    // What is left to index at the end is part of what storing the points costs.
    store.blocking_compact().unwrap();
    drop(store);
    println!(
        "{{\"what\":\"writes\",\"points\":{},\"seconds\":{seconds:.2},\"written_of_raw\":{:.3}}}",
        stored.len(),
        (written() - before) / raw(stored)
    );
}

/// Reads one row and no more, so that the measured memory is the store's.
fn row(file: &File, dims: usize, number: usize) -> Vec<f32> {
    let mut bytes = vec![0; dims * 4];
    file.read_exact_at(&mut bytes, (number * dims * 4) as u64)
        .unwrap();
    let (numbers, _) = bytes.as_chunks::<4>();
    numbers.iter().map(|x| f32::from_le_bytes(*x)).collect()
}

fn fill(file: &str, dims: usize, points: usize, dir: &Path) {
    let file = File::open(file).unwrap();
    let held = usize::try_from(file.metadata().unwrap().len()).unwrap() / (dims * 4);
    let started = cpu_seconds();
    let store = LocalStore::create_or_open(dir, Options::new(dims).durability(plain())).unwrap();
    for batch in (0..points).collect::<Vec<_>>().chunks(256) {
        let mixed = |number: &usize| {
            let mut vector = row(&file, dims, number % held);
            if *number >= held {
                let other = row(&file, dims, number * 31 % held);
                vector
                    .iter_mut()
                    .zip(other)
                    .for_each(|(x, y)| *x += 0.6 * y);
            }
            point(*number, &vector)
        };
        store
            .blocking_upsert(&batch.iter().map(mixed).collect::<Vec<_>>())
            .unwrap();
    }
    store.blocking_compact().unwrap();
    println!(
        "{{\"what\":\"fill\",\"points\":{points},\"cpu_s\":{:.1},\"peak_resident_mb\":{:.1},\"peak_of_raw\":{:.3}}}",
        cpu_seconds() - started,
        status("VmHWM:") / 1e6,
        status("VmHWM:") / (points * dims * 4) as f64
    );
}

fn open(file: &str, dims: usize, queries: usize, dir: &Path) {
    let file = File::open(file).unwrap();
    let started = (Instant::now(), cpu_seconds_of_thread());
    let store = LocalStore::open(dir).unwrap();
    let first = store
        .blocking_search(&Search::new(&row(&file, dims, 1), K))
        .unwrap();
    let (wall, cpu) = (started.0.elapsed(), cpu_seconds_of_thread() - started.1);
    let after_first = status("VmRSS:");
    for number in 0..queries {
        store
            .blocking_search(&Search::new(&row(&file, dims, number * 61), K))
            .unwrap();
    }
    println!(
        "{{\"what\":\"open\",\"points\":{},\"hits\":{},\"ms\":{:.1},\"cpu_ms\":{:.1},\"resident_mb\":{:.1},\"after_queries_mb\":{:.1}}}",
        store.stats().unwrap().points,
        first.len(),
        wall.as_secs_f64() * 1e3,
        cpu * 1e3,
        after_first / 1e6,
        status("VmRSS:") / 1e6
    );
}
