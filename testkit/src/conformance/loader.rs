//! The laws of the [`Loader`] port.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::StreamExt as _;
use gori_core::{Document, Loaded, Loader, LoaderExt as _, Result, Revision, Seen};

/// What the laws were tried on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tried {
    /// Sources that gave documents.
    pub sources: usize,
    /// Documents.
    pub documents: usize,
    /// Errors on the way.
    pub errors: usize,
}

/// Runs every law on a loader over a corpus that does not change meanwhile. Panics at the
/// first that does not hold.
///
/// A corpus that shows something has several sources, some with several parts, and one or
/// two that cannot be read.
pub async fn laws(loader: &dyn Loader) -> Tried {
    let first = load(loader, &()).await;
    let tried = Tried {
        sources: revisions(&first).len(),
        documents: documents(&first).count(),
        errors: first.iter().filter(|item| item.is_err()).count(),
    };
    assert!(
        tried.documents > 0,
        "a corpus without documents shows nothing"
    );
    sources_stand_together(&first);
    parts_come_in_order_with_one_revision(&first);
    every_load_gives_the_same(loader, &first).await;
    what_was_seen_is_unchanged(loader, &first).await;
    what_was_seen_otherwise_comes_again(loader, &first).await;
    a_dropped_stream_harms_nothing(loader, &first).await;
    documents_leave_the_rest_out(loader, &first).await;
    tried
}

async fn load(loader: &dyn Loader, seen: &dyn Seen) -> Vec<Result<Loaded>> {
    loader.load(seen).collect().await
}

fn documents(items: &[Result<Loaded>]) -> impl Iterator<Item = &Document> {
    items.iter().filter_map(|item| match item {
        Ok(Loaded::Document(document)) => Some(document),
        _ => None,
    })
}

/// The revision of each source that gave documents.
fn revisions(items: &[Result<Loaded>]) -> BTreeMap<Arc<str>, Revision> {
    documents(items)
        .map(|document| (document.source.clone(), document.revision))
        .collect()
}

/// The source that an item is about; none for an error of the loader itself.
fn source(item: &Result<Loaded>) -> Option<&str> {
    match item {
        Ok(loaded) => Some(loaded.source()),
        Err(error) => error.subject(),
    }
}

fn sources_stand_together(items: &[Result<Loaded>]) {
    let mut done = BTreeSet::new();
    let mut open = None;
    for source in items.iter().filter_map(source) {
        if open != Some(source) {
            done.extend(open.replace(source));
        }
        assert!(!done.contains(source), "came back to {source}");
    }
}

fn parts_come_in_order_with_one_revision(items: &[Result<Loaded>]) {
    let mut ids = BTreeSet::new();
    let mut before: Option<&Document> = None;
    for document in documents(items) {
        assert!(ids.insert(document.id()), "twice: {}", document.id());
        let same = before.filter(|before| before.source == document.source);
        if let Some(before) = same {
            assert_eq!(before.revision, document.revision, "{}", document.source);
            let named = matches!(document.part, gori_core::Part::Named(_));
            assert!(
                named || before.part < document.part,
                "{}: {} before {}",
                document.source,
                before.part,
                document.part
            );
        }
        before = Some(document);
    }
}

/// What can be compared of an item.
fn shown(items: &[Result<Loaded>]) -> Vec<std::result::Result<Loaded, String>> {
    items
        .iter()
        .map(|item| match item {
            Ok(loaded) => Ok(loaded.clone()),
            Err(error) => Err(error.to_string()),
        })
        .collect()
}

async fn every_load_gives_the_same(loader: &dyn Loader, first: &[Result<Loaded>]) {
    let again = load(loader, &()).await;
    assert_eq!(shown(&again), shown(first), "a second load differs");
}

/// Has seen what it is given.
struct Had(BTreeMap<Arc<str>, Revision>);

impl Seen for Had {
    fn revision(&self, source: &str) -> Option<Revision> {
        self.0.get(source).copied()
    }
}

async fn what_was_seen_is_unchanged(loader: &dyn Loader, first: &[Result<Loaded>]) {
    let had = Had(revisions(first));
    let items = load(loader, &had).await;
    let unchanged: BTreeSet<Arc<str>> = items
        .iter()
        .filter_map(|item| match item {
            Ok(Loaded::Unchanged(source)) => Some(source.clone()),
            _ => None,
        })
        .collect();
    let expected: BTreeSet<Arc<str>> = had.0.keys().cloned().collect();
    assert_eq!(unchanged, expected, "what was seen is told as unchanged");
    assert_eq!(documents(&items).count(), 0, "and gives no document");
    sources_stand_together(&items);
}

async fn what_was_seen_otherwise_comes_again(loader: &dyn Loader, first: &[Result<Loaded>]) {
    let stale = revisions(first)
        .into_keys()
        .map(|source| (source, Revision::of(b"some other content")))
        .collect();
    let items = load(loader, &Had(stale)).await;
    assert_eq!(shown(&items), shown(first), "what has changed comes whole");
}

async fn a_dropped_stream_harms_nothing(loader: &dyn Loader, first: &[Result<Loaded>]) {
    for taken in [0, 1, first.len() / 2] {
        let mut stream = loader.load(&());
        for _ in 0..taken {
            assert!(stream.next().await.is_some());
        }
        drop(stream);
    }
    let again = load(loader, &()).await;
    assert_eq!(
        shown(&again),
        shown(first),
        "a load after dropped ones differs"
    );
}

async fn documents_leave_the_rest_out(loader: &dyn Loader, first: &[Result<Loaded>]) {
    let all: Vec<Result<Document>> = loader.documents().collect().await;
    let errors = first.iter().filter(|item| item.is_err()).count();
    assert_eq!(all.iter().filter(|item| item.is_err()).count(), errors);
    let got: Vec<&Document> = all.iter().flatten().collect();
    assert!(documents(first).eq(got), "documents() gives the documents");
}
