//! What a local store promises beyond the port: what it recovers, what it refuses.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use std::fs;
use std::path::{Path, PathBuf};

use gori_core::{ErrorKind, Metadata, Metric, Point, Search, Selection, VectorStore as _};
use gori_vectorstores::{LocalStore, Options};

fn point(id: &str, vector: [f32; 2]) -> Point {
    Point {
        id: id.into(),
        vector: vector.into(),
        text: format!("text of {id}"),
        metadata: Metadata::new(),
    }
}

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
