//! SIGKILL during ingest at random moments: the run that follows ends in the same store.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use gori_chains::ingest::{Journal, Report, ingest};
use gori_core::{Chunk, Document, Embedder as _, Point, Splitter};
use gori_testkit::HashEmbedder;
use gori_vectorstores::{LocalStore, Options};

const FOLDER: &str = "GORI_KILL_FOLDER";
const ROUND: &str = "GORI_KILL_ROUND";

#[derive(Debug)]
struct Lines;

impl Splitter for Lines {
    fn split<'d>(&self, document: &'d Document) -> Vec<Chunk<'d>> {
        let mut start = 0;
        let lines = document.text.split_inclusive('\n').map(|line| {
            start += line.len();
            start - line.len()..start
        });
        lines
            .filter_map(|span| Chunk::new(&document.text, span))
            .collect()
    }
}

/// Sixty sources, of which every third changes, comes or goes from round to round.
fn corpus(round: u32) -> Vec<Document> {
    let there = |n: &u32| !n.is_multiple_of(3) || !(n + round).is_multiple_of(4);
    let version = |n: u32| if n.is_multiple_of(3) { round } else { 0 };
    let text = |n: u32| {
        (0..n % 7 + 1)
            .map(|line| format!("line {line} of {n} as of {}\n", version(n)))
            .collect::<String>()
    };
    (0..60)
        .filter(there)
        .map(|n| Document::new(format!("{n}.md"), text(n)))
        .collect()
}

async fn run(folder: &Path, round: u32) -> Report {
    let embedder = HashEmbedder::new(16);
    let options = Options::new(16).embedder(embedder.id());
    let store = LocalStore::create_or_open(folder.join("store"), options).unwrap();
    let journal = Journal::open(folder.join("journal")).unwrap();
    let batch = std::num::NonZeroUsize::new(8).unwrap();
    ingest(&corpus(round), &Lines, &embedder, &store)
        .records(&journal)
        .batch(batch)
        .await
        .unwrap()
}

fn content(folder: &Path) -> BTreeMap<String, Point> {
    let store = LocalStore::open(folder.join("store")).unwrap();
    let points = store.points().unwrap();
    points
        .map(|point| point.unwrap())
        .map(|point| (point.id.clone(), point))
        .collect()
}

/// What runs in the process that is killed. Alone it does nothing.
#[tokio::test]
async fn child() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        run(
            Path::new(&folder),
            std::env::var(ROUND).unwrap().parse().unwrap(),
        )
        .await;
    }
}

fn spawn(folder: &Path, round: u32) -> std::process::Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env(FOLDER, folder)
        .env(ROUND, round.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn killed_at_any_moment_it_resumes_with_nothing_lost_or_doubled() {
    let folder = tempfile::tempdir().unwrap();
    // How long a whole run takes here, so that the kills fall all over it.
    let start = Instant::now();
    assert!(spawn(folder.path(), 0).wait().unwrap().success());
    let whole = start.elapsed().max(Duration::from_millis(5));

    let (mut killed, mut state, mut span) = (0_u32, 7_u64, whole);
    let mut attempts = 0_u32;
    while killed < 200 {
        attempts += 1;
        assert!(attempts < 2000, "only {killed} kills hit a running ingest");
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let wait = span.mul_f64((state >> 40) as f64 / (1_u64 << 24) as f64);
        let mut child = spawn(folder.path(), attempts);
        std::thread::sleep(wait);
        child.kill().unwrap();
        let hit = !child.wait().unwrap().success();
        // A run takes as long as the machine lets it: the moments follow that.
        span = span.mul_f64(if hit { 1.05 } else { 0.85 });
        killed += u32::from(hit);
        if hit && killed.is_multiple_of(5) {
            compare(folder.path(), attempts).await;
        }
    }
    println!("{killed} kills of {attempts} runs, 40 comparisons");
}

/// A run after the kills ends in the store of an undisturbed one, and leaves nothing to do.
async fn compare(folder: &Path, round: u32) {
    run(folder, round).await;
    let undisturbed = tempfile::tempdir().unwrap();
    run(undisturbed.path(), round).await;
    assert!(
        content(folder) == content(undisturbed.path()),
        "round {round}"
    );
    let again = run(folder, round).await;
    assert_eq!((again.embedded, again.deleted), (0, 0), "round {round}");
}
