//! What a local store promises beyond the port: what it recovers, what it refuses.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gori_core::{ErrorKind, Filter, Metadata, Metric, Point, Search, Selection, VectorStore as _};
use gori_vectorstores::{Durability, LocalStore, MemoryStore, Options};

fn point(id: &str, vector: [f32; 2]) -> Point {
    Point {
        id: id.into(),
        vector: vector.into(),
        text: format!("text of {id}"),
        metadata: Metadata::new(),
    }
}

/// So that many small writes do not wait for the disk.
const SELDOM: Durability = Durability::Group(Duration::from_secs(3600));

fn filled(dir: &Path, count: usize) -> LocalStore {
    let store = LocalStore::create_or_open(dir, Options::new(2).embedder("model-a")).unwrap();
    for i in 0..count {
        store
            .blocking_upsert(&[point(&format!("p{i}"), [1.0, i as f32])])
            .unwrap();
    }
    store
}

fn log(dir: &Path) -> PathBuf {
    let names = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    names
        .into_iter()
        .find(|path| path.to_string_lossy().contains("log-"))
        .unwrap()
}

fn ids(store: &LocalStore) -> Vec<String> {
    store
        .points()
        .unwrap()
        .map(|point| point.unwrap().id)
        .collect()
}

#[test]
fn a_torn_tail_is_cut_and_reported() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(dir.path(), 3));
    let whole = fs::read(log(dir.path())).unwrap();
    for cut in 1..60 {
        fs::write(log(dir.path()), &whole[..whole.len() - cut]).unwrap();
        let store = LocalStore::open(dir.path()).unwrap();
        assert_eq!(ids(&store), ["p0", "p1"], "{cut} bytes missing");
        assert!(store.report().torn_bytes > 0);
        store.blocking_upsert(&[point("new", [1.0, 1.0])]).unwrap();
        drop(store);
        let store = LocalStore::open(dir.path()).unwrap();
        assert_eq!(ids(&store), ["p0", "p1", "new"]);
        assert_eq!(store.report().torn_bytes, 0);
        drop(store);
    }
}

#[test]
fn damage_to_what_was_acknowledged_is_refused_and_nothing_is_changed() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(dir.path(), 3));
    let mut bytes = fs::read(log(dir.path())).unwrap();
    let place = bytes.len() / 2;
    bytes[place] ^= 1;
    fs::write(log(dir.path()), &bytes).unwrap();
    let error = LocalStore::open(dir.path()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.to_string().contains("repair"), "{error}");
    assert_eq!(fs::read(log(dir.path())).unwrap(), bytes);
}

#[test]
fn a_store_is_only_opened_for_what_it_was_made_for() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(dir.path(), 1));
    let open = |options| LocalStore::create_or_open(dir.path(), options);
    let error = open(Options::new(2).embedder("model-b")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("model-a") && error.to_string().contains("model-b"));
    let error = open(Options::new(3).embedder("model-a")).unwrap_err();
    assert!(error.to_string().contains(" 2 numbers") && error.to_string().contains(" 3 numbers"));
    assert!(open(Options::new(2).metric(Metric::L2)).is_err());
    assert!(open(Options::new(0)).is_err());
    let store = open(Options::new(2)).unwrap();
    assert_eq!(store.capabilities().embedder.as_deref(), Some("model-a"));
}

#[test]
fn a_lost_current_is_not_mistaken_for_a_new_store() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(dir.path(), 1));
    fs::remove_file(dir.path().join("CURRENT")).unwrap();
    for error in [
        LocalStore::open(dir.path()).unwrap_err(),
        LocalStore::create_or_open(dir.path(), Options::new(2)).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    }
}

#[test]
fn one_writes_and_many_read() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(dir.path(), 2);
    assert_eq!(
        LocalStore::open(dir.path()).unwrap_err().kind(),
        ErrorKind::Busy
    );
    let readers: Vec<_> = (0..2)
        .map(|_| LocalStore::open_to_read(dir.path()).unwrap())
        .collect();
    let error = readers[0]
        .blocking_upsert(&[point("x", [1.0, 0.0])])
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ReadOnly);
    store.blocking_upsert(&[point("late", [5.0, 0.0])]).unwrap();
    store.blocking_delete(&Selection::Ids(&["p0"])).unwrap();
    for reader in &readers {
        assert_eq!(ids(reader), ["p1", "late"]);
        let hits = reader
            .blocking_search(&Search::new(&[1.0, 0.0], 1))
            .unwrap();
        assert_eq!(hits[0].id, "late");
    }
}

#[tokio::test]
async fn points_that_were_listed_are_not_changed_by_later_writes() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(dir.path(), 3);
    let points = store.points().unwrap();
    assert_eq!(points.len(), 3);
    store.delete(&Selection::All).await.unwrap();
    assert_eq!(
        points.map(|point| point.unwrap().id).collect::<Vec<_>>(),
        ["p0", "p1", "p2"]
    );
    assert_eq!(store.stats().unwrap().points, 0);
}

#[test]
fn it_works_without_a_runtime() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(dir.path(), 1);
    let points = [point("async", [1.0, 0.0])];
    let mut write = std::pin::pin!(store.upsert(&points));
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    while write.as_mut().poll(&mut cx).is_pending() {
        std::thread::yield_now();
    }
    assert_eq!(ids(&store).len(), 2);
}

/// Points around some centres, as texts lie around topics.
fn clustered(count: usize, dims: usize) -> Vec<Point> {
    let mut state = 1_u64;
    let mut random = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    let centres: Vec<Vec<f32>> = (0..40)
        .map(|_| (0..dims).map(|_| random()).collect())
        .collect();
    (0..count)
        .map(|i| {
            let near = centres[i % 40].iter().map(|x| x + 0.7 * random());
            Point {
                id: format!("p{i}"),
                vector: near.collect(),
                text: String::new(),
                metadata: [("n".into(), ((i / 40 % 100) as i64).into())].into(),
            }
        })
        .collect()
}

#[test]
fn a_graph_finds_nearly_all_of_the_nearest_and_nothing_that_is_gone() {
    const DIMS: usize = 24;
    const K: usize = 5;
    let dir = tempfile::tempdir().unwrap();
    let options = Options::new(DIMS)
        .graph_from(2)
        // So narrow that the graph is walked with the filter that keeps half of the points too.
        .beam(16)
        .seal_after(20_000)
        .background(false);
    let store = LocalStore::create_or_open(dir.path(), options).unwrap();
    let points = clustered(12_000, DIMS);
    for batch in points.chunks(500) {
        store.blocking_upsert(batch).unwrap();
    }
    store.blocking_compact().unwrap();
    assert!(!store.capabilities().exact);
    let gone = Filter::less_than("n", 10);
    store.blocking_delete(&Selection::Filter(&gone)).unwrap();
    let filters = [
        None,
        Some(Filter::less_than("n", 55)),
        Some(Filter::eq("n", 77)),
    ];
    for filter in filters {
        let (mut found, mut asked) = (0, 0);
        for query in points.iter().step_by(97) {
            let mut search = Search::new(&query.vector, K);
            search.filter = filter.as_ref();
            let hits = store.blocking_search(&search).unwrap();
            let fits = |p: &&Point| {
                !gone.matches(&p.metadata) && filter.as_ref().is_none_or(|f| f.matches(&p.metadata))
            };
            let mut want: Vec<_> = points.iter().filter(fits).collect();
            want.sort_by(|a, b| {
                let score = |p: &Point| gori_core::cosine(&p.vector, &query.vector);
                score(b).total_cmp(&score(a))
            });
            want.truncate(K);
            assert_eq!(hits.len(), want.len());
            for hit in &hits {
                let point = points.iter().find(|p| p.id == hit.id).unwrap();
                assert!(fits(&point), "{}", hit.id);
                assert!((hit.score - gori_core::cosine(&point.vector, &query.vector)).abs() < 1e-5);
            }
            found += want
                .iter()
                .filter(|p| hits.iter().any(|hit| hit.id == p.id))
                .count();
            asked += want.len();
        }
        println!(
            "recall {:.4} of {asked} with {filter:?}",
            found as f64 / asked as f64
        );
        assert!(found as f64 >= 0.95 * asked as f64);
    }
}

/// The files of a store whose names begin like this, and their bytes.
fn files(dir: &Path, prefix: &str) -> (usize, u64) {
    let names = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    let named = names.filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix));
    let sizes: Vec<u64> = named.map(|file| file.metadata().unwrap().len()).collect();
    (sizes.len(), sizes.iter().sum())
}

#[test]
fn a_large_store_is_searched_exactly_by_its_codes() {
    const DIMS: usize = 24;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    for metric in [Metric::Cosine, Metric::Dot, Metric::L2] {
        // All of it unsealed, some of it indexed, and all of it in one segment.
        for (seal_after, compacted) in [(5000, false), (1000, false), (1000, true)] {
            let dir = tempfile::tempdir().unwrap();
            let options = Options::new(DIMS)
                .metric(metric)
                .seal_after(seal_after)
                .background(false);
            let store = LocalStore::create_or_open(dir.path(), options).unwrap();
            let points = clustered(2500, DIMS);
            for batch in points.chunks(100) {
                store.blocking_upsert(batch).unwrap();
            }
            if compacted {
                store.blocking_compact().unwrap();
            }
            let plain = MemoryStore::with_metric(DIMS, metric);
            runtime.block_on(plain.upsert(&points)).unwrap();
            for query in points.iter().step_by(41) {
                let mut search = Search::new(&query.vector, 10);
                let want = runtime.block_on(plain.search(&search)).unwrap();
                for least in [None, Some(want[5].score)] {
                    search.min_score = least;
                    let got = store.blocking_search(&search).unwrap();
                    let ids = |hits: &[gori_core::Hit]| {
                        hits.iter().map(|hit| hit.id.clone()).collect::<Vec<_>>()
                    };
                    let want = &want[..least.map_or(10, |_| 6)];
                    assert_eq!(
                        ids(&got),
                        ids(want),
                        "{metric:?}, sealed after {seal_after}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_log_leaves_the_memory_when_it_is_sealed_and_waits_for_no_merge() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options::new(2).seal_after(50).background(false);
    let store = LocalStore::create_or_open(dir.path(), options).unwrap();
    for i in 0..120 {
        store
            .blocking_upsert(&[point(&format!("p{i}"), [1.0, i as f32])])
            .unwrap();
    }
    assert_eq!(files(dir.path(), "idx-").0, 2);
    assert_eq!(ids(&store).len(), 120);
    store.blocking_compact().unwrap();
    assert_eq!(files(dir.path(), "idx-").0, 1);
    drop(store);
    assert_eq!(ids(&LocalStore::open(dir.path()).unwrap()).len(), 120);
}

#[test]
fn what_was_replaced_before_its_log_was_indexed_is_given_back_by_a_compaction() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options::new(2).seal_after(100).background(false);
    let store = LocalStore::create_or_open(dir.path(), options.durability(SELDOM)).unwrap();
    for round in 0..50 {
        for i in 0..10 {
            store
                .blocking_upsert(&[point(&format!("p{i}"), [1.0, round as f32])])
                .unwrap();
        }
    }
    let (_, before) = files(dir.path(), "log-");
    store.blocking_compact().unwrap();
    let (_, after) = files(dir.path(), "log-");
    assert!(after * 10 < before, "{before} bytes of logs, {after} after");
    assert_eq!(ids(&store).len(), 10);
}

#[test]
fn what_was_deleted_stays_so_in_a_store_of_many_segments_that_loses_its_indexes() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options::new(2)
        .seal_after(20)
        .largest_segment(50)
        .durability(SELDOM)
        .background(false);
    let store = LocalStore::create_or_open(dir.path(), options).unwrap();
    let mut want = Vec::new();
    for i in 0..400 {
        let id = format!("p{i}");
        let long = "x".repeat(100);
        let text = |point: Point| Point {
            text: long.clone(),
            ..point
        };
        store
            .blocking_upsert(&[text(point(&id, [1.0, i as f32]))])
            .unwrap();
        match i % 3 {
            // Long ago, just now, or never.
            0 if i >= 150 => {
                let old = format!("p{}", i - 150);
                store.blocking_delete(&Selection::Ids(&[&old])).unwrap();
                want.retain(|id| *id != old);
            }
            1 => drop(store.blocking_delete(&Selection::Ids(&[&id])).unwrap()),
            _ => {}
        }
        if i % 3 != 1 {
            want.push(id);
        }
    }
    let (_, before) = files(dir.path(), "log-");
    store.blocking_compact().unwrap();
    assert_eq!(store.stats().unwrap().dead, 0);
    let (count, after) = files(dir.path(), "log-");
    assert!(
        after * 3 < before * 2,
        "{before} bytes of logs, {after} after"
    );
    assert!(count > 3, "each segment has a log of its own");
    assert_eq!(ids(&store), want);
    drop(store);
    for entry in fs::read_dir(dir.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.to_string_lossy().contains("idx-") {
            fs::remove_file(path).unwrap();
        }
    }
    let store = LocalStore::open(dir.path()).unwrap();
    assert!(!store.report().rebuilt.is_empty());
    assert_eq!(ids(&store), want);
}

#[test]
fn a_damaged_index_is_made_anew_from_the_log() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(dir.path(), 30));
    let store = LocalStore::open(dir.path()).unwrap();
    store.blocking_compact().unwrap();
    let before = ids(&store);
    drop(store);
    let index = fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let index = index
        .into_iter()
        .find(|path| path.to_string_lossy().contains("idx-"))
        .unwrap();
    let mut bytes = fs::read(&index).unwrap();
    bytes[0] ^= 1;
    fs::write(&index, &bytes).unwrap();
    let store = LocalStore::open(dir.path()).unwrap();
    // The damage lies in the codes, which nothing reads before a search does.
    assert_eq!(
        store.blocking_search(&Search::new(&[1.0, 0.0], 1)).unwrap()[0].id,
        "p0"
    );
    assert_eq!(ids(&store), before);
    store.blocking_compact().unwrap();
    drop(store);
    fs::remove_file(&index).ok();
    for entry in fs::read_dir(dir.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.to_string_lossy().contains("idx-") {
            fs::remove_file(path).unwrap();
        }
    }
    let store = LocalStore::open(dir.path()).unwrap();
    assert_eq!(store.report().rebuilt.len(), 1);
    assert_eq!(ids(&store), before);
}

#[test]
fn a_damaged_graph_is_made_anew_from_the_log() {
    const DIMS: usize = 8;
    let home = tempfile::tempdir().unwrap();
    let options = || Options::new(DIMS).graph_from(2).background(false);
    let points = clustered(400, DIMS);
    let store = LocalStore::create_or_open(home.path(), options()).unwrap();
    store.blocking_upsert(&points).unwrap();
    store.blocking_compact().unwrap();
    assert!(!store.capabilities().exact);
    drop(store);
    let files: Vec<(String, Vec<u8>)> = fs::read_dir(home.path())
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            (
                entry.file_name().into_string().unwrap(),
                fs::read(entry.path()).unwrap(),
            )
        })
        .collect();
    let (mut tried, mut rebuilt) = (0, 0);
    let blocks = files
        .iter()
        .find(|file| file.0.starts_with("idx-"))
        .unwrap()
        .1
        .len()
        / 4096;
    for block in 0..blocks {
        let dir = tempfile::tempdir().unwrap();
        for (name, bytes) in &files {
            let mut bytes = bytes.clone();
            if name.starts_with("idx-") {
                bytes[block * 4096 + 5] ^= 64;
            }
            fs::write(dir.path().join(name), bytes).unwrap();
        }
        let store = LocalStore::create_or_open(dir.path(), options()).unwrap();
        for query in points.iter().step_by(67) {
            let hits = store
                .blocking_search(&Search::new(&query.vector, 5))
                .unwrap();
            assert_eq!(hits.len(), 5, "block {block}");
            assert!(
                hits[0].score > 0.999,
                "block {block}: the point itself is there"
            );
        }
        store.blocking_compact().unwrap();
        assert!(
            !store.capabilities().exact,
            "block {block}: the graph is there again"
        );
        store
            .blocking_search(&Search::new(&points[0].vector, 5))
            .unwrap();
        tried += 1;
        rebuilt += usize::from(!store.report().rebuilt.is_empty());
    }
    println!("blocks of an index damaged: {tried}, {rebuilt} seen when it was opened");
}
