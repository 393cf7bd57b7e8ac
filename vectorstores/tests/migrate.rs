//! Moving a local store to another one: broken off, killed, begun again, to real servers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

mod support;

use std::io::BufRead as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use gori_core::{ErrorKind, Metadata, Metric, Point, Result, Search, VectorStore};
use gori_vectorstores::{LocalStore, MemoryStore, Migration, Options};
use support::Rng;

const DIMS: usize = 8;

fn point(number: usize) -> Point {
    let mut rng = Rng(number as u64);
    let mut vector: Vec<f32> = (0..DIMS)
        .map(|_| rng.below(2001) as f32 / 1000.0 - 1.0)
        .collect();
    vector.push(1.5);
    vector.remove(0);
    Point {
        id: format!("p{number}"),
        vector,
        text: format!("the text of {number}"),
        metadata: Metadata::from([("n".to_owned(), (number as i64).into())]),
    }
}

fn options() -> Options {
    Options::new(DIMS).seal_after(300).embedder("script")
}

/// A store of so many points, of which some were replaced and some deleted.
fn filled(dir: &Path, points: usize) -> LocalStore {
    let store = LocalStore::create_or_open(dir, options()).unwrap();
    for numbers in (0..points + 40).collect::<Vec<_>>().chunks(100) {
        let batch: Vec<Point> = numbers.iter().map(|number| point(*number)).collect();
        store.blocking_upsert(&batch).unwrap();
    }
    let mut other = point(3);
    other.text = "another text".into();
    store.blocking_upsert(&[other]).unwrap();
    let gone: Vec<String> = (points..points + 40)
        .map(|number| format!("p{number}"))
        .collect();
    let gone: Vec<&str> = gone.iter().map(String::as_str).collect();
    store
        .blocking_delete(&gori_core::Selection::Ids(&gone))
        .unwrap();
    store
}

#[tokio::test]
async fn all_is_moved_and_told_of() {
    let home = tempfile::tempdir().unwrap();
    let store = filled(home.path(), 1_000);
    let other = MemoryStore::new(DIMS);
    let told = Mutex::new(Vec::new());
    let migration = Migration::new(&store, &other)
        .batch(64)
        .on_progress(|at| told.lock().unwrap().push((at.done, at.total)));
    let moved = migration.run().await.unwrap();
    assert_eq!(
        (moved.points, moved.written, moved.compared),
        (1_000, 1_000, 1_000)
    );
    let told = std::mem::take(&mut *told.lock().unwrap());
    assert_eq!((told.len(), told.last()), (16, Some(&(1_000, 1_000))));
    assert!(told.is_sorted());
    assert_eq!(other.get(&["p3"]).await.unwrap()[0].text, "another text");
    // What is there is not written again, and what differs is.
    other.upsert(&[point(3)]).await.unwrap();
    let moved = Migration::new(&store, &other).run().await.unwrap();
    assert_eq!((moved.points, moved.written), (1_000, 1));
}

#[tokio::test]
async fn a_move_that_is_dropped_anywhere_goes_on_where_it_stopped() {
    let home = tempfile::tempdir().unwrap();
    let store = filled(home.path(), 500);
    let (mut broken_off, mut written) = (0, 0);
    for batches in 0..12_u64 {
        let other = MemoryStore::new(DIMS);
        let reached = Mutex::new(0);
        {
            let migration = Migration::new(&store, &other)
                .batch(50)
                .on_progress(|at| *reached.lock().unwrap() = at.done);
            let mut run = std::pin::pin!(migration.run());
            // Polled until it told of so many batches, then dropped.
            while *reached.lock().unwrap() < batches * 50 {
                if futures_util::poll!(run.as_mut()).is_ready() {
                    break;
                }
                tokio::time::sleep(Duration::from_micros(200)).await;
            }
        }
        let before = other.count(None).await.unwrap();
        broken_off += u64::from(before < 500);
        let moved = Migration::new(&store, &other).run().await.unwrap();
        assert_eq!(
            (moved.points, moved.written),
            (500, 500 - before),
            "{batches}"
        );
        written += moved.written;
    }
    println!("moves broken off: {broken_off}, {written} points moved after");
    assert!(broken_off >= 8);
}

#[tokio::test]
async fn a_store_that_does_not_fit_is_refused_before_anything_is_moved() {
    let home = tempfile::tempdir().unwrap();
    let store = filled(home.path(), 50);
    let words = |error: gori_core::Error, words: [&str; 2]| {
        assert_eq!(error.kind(), ErrorKind::Config);
        let text = error.to_string();
        assert!(words.iter().all(|word| text.contains(word)), "{text}");
    };
    let other = MemoryStore::new(3);
    words(
        Migration::new(&store, &other).run().await.unwrap_err(),
        ["8", "3"],
    );
    let other = MemoryStore::with_metric(DIMS, Metric::L2);
    words(
        Migration::new(&store, &other).run().await.unwrap_err(),
        ["Cosine", "L2"],
    );
    assert_eq!(other.count(None).await.unwrap(), 0);
    let mut stranger = point(1);
    stranger.id = "stranger".into();
    let other = MemoryStore::new(DIMS);
    other.upsert(&[stranger]).await.unwrap();
    words(
        Migration::new(&store, &other).run().await.unwrap_err(),
        ["50", "51"],
    );
}

/// A store that keeps one point otherwise than it was given.
#[derive(Debug)]
struct Forgetful(MemoryStore, &'static str);

#[async_trait::async_trait]
impl VectorStore for Forgetful {
    fn capabilities(&self) -> gori_core::Capabilities {
        self.0.capabilities()
    }
    async fn upsert(&self, points: &[Point]) -> Result<()> {
        let mut points = points.to_vec();
        for point in points.iter_mut().filter(|point| point.id == self.1) {
            point.vector[2] += 0.3;
        }
        self.0.upsert(&points).await
    }
    async fn search(&self, query: &Search<'_>) -> Result<Vec<gori_core::Hit>> {
        self.0.search(query).await
    }
    async fn delete(&self, which: &gori_core::Selection<'_>) -> Result<u64> {
        self.0.delete(which).await
    }
    async fn get(&self, ids: &[&str]) -> Result<Vec<Point>> {
        self.0.get(ids).await
    }
    async fn count(&self, filter: Option<&gori_core::Filter>) -> Result<u64> {
        self.0.count(filter).await
    }
}

#[tokio::test]
async fn a_point_that_is_not_read_back_as_it_was_is_named() {
    let home = tempfile::tempdir().unwrap();
    let store = filled(home.path(), 300);
    let other = Forgetful(MemoryStore::new(DIMS), "p217");
    let error = Migration::new(&store, &other).run().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert_eq!(error.subject(), Some("p217"));
}

const CHILD: &str = "GORI_TEST_STORES_TO_MOVE";

/// Moves one local store into another until it is killed. Only does so when the test below
/// starts it.
#[tokio::test]
async fn child_that_moves() {
    let Ok(dir) = std::env::var(CHILD) else {
        return;
    };
    let dir = Path::new(&dir);
    let store = LocalStore::open_to_read(dir.join("from")).unwrap();
    let other = LocalStore::create_or_open(dir.join("to"), options()).unwrap();
    Migration::new(&store, &other)
        .batch(10)
        .on_progress(|at| println!("\nmoved {}", at.done))
        .run()
        .await
        .unwrap();
}

#[tokio::test]
async fn a_move_that_is_killed_anywhere_is_ended_by_the_next() {
    let home = tempfile::tempdir().unwrap();
    let store = filled(&home.path().join("from"), 1_000);
    let (mut kills, mut resumed) = (0, 0);
    let mut rng = Rng(5);
    for _ in 0..12 {
        let to = home.path().join("to");
        let _ = std::fs::remove_dir_all(&to);
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_that_moves", "--nocapture"])
            .env(CHILD, home.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // After so many batches, however quick the machine is.
        let lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
        let told = lines.map_while(|line| line.ok());
        let moved = told.filter(|line| line.starts_with("moved"));
        let _ = moved.take(1 + rng.below(80)).count();
        child.kill().unwrap();
        child.wait().unwrap();
        let other = LocalStore::create_or_open(&to, options()).unwrap();
        let before = other.count(None).await.unwrap();
        resumed += usize::from((1..1_000).contains(&before));
        kills += 1;
        let migration = Migration::new(&store, &other).sample(u64::MAX);
        let moved = migration.run().await.unwrap();
        assert_eq!(
            (moved.points, moved.written, moved.compared),
            (1_000, 1_000 - before, 1_000)
        );
    }
    println!("kills: {kills}, {resumed} of them within a move");
    assert!(resumed >= 3, "{resumed} of {kills}");
}

/// Breaks a move off after some batches, ends it, and compares every point.
#[cfg(all(
    any(feature = "qdrant", feature = "pgvector"),
    target_os = "linux",
    target_arch = "x86_64"
))]
async fn moved_in_two_goes(other: &dyn VectorStore) {
    let home = tempfile::tempdir().unwrap();
    let store = filled(home.path(), 2_000);
    let (halfway, mut reached) = tokio::sync::mpsc::unbounded_channel();
    let migration = Migration::new(&store, other)
        .batch(100)
        .on_progress(move |at| {
            let _ = halfway.send(at.done);
        });
    tokio::select! {
        _ = migration.run() => panic!("ended before it was broken off"),
        () = async { while reached.recv().await.is_some_and(|done| done < 700) {} } => {}
    }
    drop(migration);
    let before = other.count(None).await.unwrap();
    assert!((700..2_000).contains(&before), "{before}");
    let migration = Migration::new(&store, other).sample(u64::MAX);
    let moved = migration.run().await.unwrap();
    assert_eq!((moved.points, moved.compared), (2_000, 2_000));
    // The call that was under way when the move was dropped may have ended in between.
    assert!((1..=2_000 - before).contains(&moved.written), "{moved:?}");
    let query = point(7).vector;
    let search = Search::new(&query, 5);
    let (here, there) = (
        store.search(&search).await.unwrap(),
        other.search(&search).await.unwrap(),
    );
    let ids = |hits: &[gori_core::Hit]| hits.iter().map(|hit| hit.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&here), ids(&there));
}

#[cfg(all(feature = "qdrant", target_os = "linux", target_arch = "x86_64"))]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_moves_to_a_real_qdrant() {
    use gori_testkit::servers::{Qdrant as Server, or_skip};
    use gori_vectorstores::qdrant::{Options, Qdrant};

    let Some(server) = or_skip(Server::start().await) else {
        return;
    };
    let options = Options::new(DIMS).embedder("script").exact(true);
    let other = Qdrant::open(&server.grpc_url(), "moved", options)
        .await
        .unwrap();
    moved_in_two_goes(&other).await;
}

#[cfg(all(feature = "pgvector", target_os = "linux", target_arch = "x86_64"))]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_moves_to_a_real_postgres() {
    use gori_testkit::servers::{Postgres, or_skip};
    use gori_vectorstores::pgvector::{Options, PgVector};

    let Some(server) = or_skip(Postgres::start().await) else {
        return;
    };
    let options = Options::new(DIMS).embedder("script");
    let other = PgVector::open(&server.connection_string(), "moved", options)
        .await
        .unwrap();
    moved_in_two_goes(&other).await;
}
