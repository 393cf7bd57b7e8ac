//! Ingest: whatever happens on the way, the store ends as an undisturbed run leaves it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_core::stream::BoxStream;
use futures_util::StreamExt as _;
use gori_chains::ingest::{MemoryRecords, Record, Records as _, Report, ingest};
use gori_core::{
    Chunk, Document, Error, ErrorKind, Filter, Loaded, Loader, Metadata, Part, Point, Result,
    Revision, Seen, Splitter, field,
};
use gori_testkit::{Faulty, HashEmbedder, MapStore};
use proptest::prelude::*;

/// A chunk a line.
#[derive(Debug)]
struct Lines;

impl Splitter for Lines {
    fn split<'d>(&self, document: &'d Document) -> Vec<Chunk<'d>> {
        let mut start = 0;
        let mut chunks = Vec::new();
        for line in document.text.split_inclusive('\n') {
            let end = start + line.len();
            if !line.trim().is_empty() {
                chunks.extend(Chunk::new(&document.text, start..end));
            }
            start = end;
        }
        chunks
    }
}

/// Sources by name; each text is a part of its own. `None` fails after the first part.
#[derive(Clone, Debug, Default)]
struct Corpus(BTreeMap<String, Vec<Option<String>>>);

impl Loader for Corpus {
    fn load<'a>(&'a self, seen: &'a dyn Seen) -> BoxStream<'a, Result<Loaded>> {
        let items = self.0.iter().flat_map(move |(source, parts)| {
            let revision = Revision::of(format!("{parts:?}").as_bytes());
            if seen.revision(source) == Some(revision) {
                return vec![Ok(Loaded::Unchanged(source.as_str().into()))];
            }
            let document = |(number, part): (u32, &Option<String>)| match part {
                Some(text) => Ok(Loaded::Document(Document {
                    source: source.as_str().into(),
                    part: Part::Page(number),
                    revision,
                    text: text.clone(),
                    metadata: Metadata::new(),
                })),
                None => Err(Error::new(ErrorKind::Corrupt, "a torn page").about(source)),
            };
            (1..).zip(parts).map(document).collect()
        });
        futures_util::stream::iter(items.collect::<Vec<_>>()).boxed()
    }
}

fn corpus(sources: &[(&str, &[&str])]) -> Corpus {
    let parts = |texts: &[&str]| texts.iter().map(|text| Some((*text).to_owned())).collect();
    Corpus(
        sources
            .iter()
            .map(|(name, texts)| ((*name).to_owned(), parts(texts)))
            .collect(),
    )
}

async fn run(corpus: &Corpus, store: &MapStore, records: &MemoryRecords) -> Report {
    let embedder = HashEmbedder::new(8);
    ingest(corpus, &Lines, &embedder, store)
        .records(records)
        .await
        .unwrap()
}

async fn fresh(corpus: &Corpus) -> BTreeMap<String, Point> {
    let store = MapStore::new(8);
    run(corpus, &store, &MemoryRecords::default()).await;
    store.points()
}

#[tokio::test]
async fn only_what_changed_is_embedded_and_what_vanished_is_deleted() {
    let (store, records) = (MapStore::new(8), MemoryRecords::default());
    let first = corpus(&[
        ("a", &["one\ntwo\n"]),
        ("b", &["three\n"]),
        ("c", &["four\n"]),
    ]);
    let report = run(&first, &store, &records).await;
    assert_eq!(
        (
            report.added,
            report.documents,
            report.chunks,
            report.embedded
        ),
        (3, 3, 4, 4)
    );
    let second = corpus(&[
        ("a", &["one\ntwo\n"]),
        ("b", &["three\nfive\n"]),
        ("d", &["six\n"]),
    ]);
    let report = run(&second, &store, &records).await;
    assert_eq!(
        (
            report.added,
            report.changed,
            report.unchanged,
            report.deleted
        ),
        (1, 1, 1, 1)
    );
    assert_eq!(report.embedded, 3, "both lines of b, and d");
    assert_eq!(store.points(), fresh(&second).await);
}

#[tokio::test]
async fn a_point_leads_back_to_its_source() {
    let store = MapStore::new(8);
    run(
        &corpus(&[("a.pdf", &["x\n", "one\n\ntwo\n"])]),
        &store,
        &MemoryRecords::default(),
    )
    .await;
    let points = store.points();
    let two = points.values().find(|point| point.text == "two\n").unwrap();
    let int = |name: &str| two.metadata[name].as_int().unwrap();
    assert_eq!(two.metadata[field::SOURCE].as_str(), Some("a.pdf"));
    assert_eq!(
        [field::PAGE, field::LINE, field::LINE_END].map(int),
        [2, 3, 3]
    );
    assert_eq!([field::BYTE, field::BYTE_END].map(int), [5, 9]);
}

#[tokio::test]
async fn another_splitter_or_embedder_makes_every_source_new() {
    let (store, records) = (MapStore::new(8), MemoryRecords::default());
    let docs = vec![Document::new("a", "one\n")];
    ingest(&docs, &Lines, &HashEmbedder::new(8), &store)
        .records(&records)
        .await
        .unwrap();
    #[derive(Debug)]
    struct OtherLines(Lines);
    impl Splitter for OtherLines {
        fn split<'d>(&self, document: &'d Document) -> Vec<Chunk<'d>> {
            self.0.split(document)
        }
    }
    let embedder = HashEmbedder::new(8);
    let report = ingest(&docs, &OtherLines(Lines), &embedder, &store)
        .records(&records)
        .await;
    assert_eq!(report.unwrap().changed, 1);
}

#[tokio::test]
async fn an_embedder_of_other_dimensions_is_refused_before_anything_is_recorded() {
    let (store, records) = (MapStore::new(9), MemoryRecords::default());
    let docs = vec![Document::new("a", "one\n")];
    let embedder = HashEmbedder::new(8);
    let error = ingest(&docs, &Lines, &embedder, &store)
        .records(&records)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(records.all().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_source_that_fails_keeps_what_it_had_and_never_stops_the_others() {
    let (store, records) = (MapStore::new(8), MemoryRecords::default());
    run(
        &corpus(&[("a", &["old\n"]), ("b", &["bee\n"])]),
        &store,
        &records,
    )
    .await;
    let before = store.points();
    let mut torn = corpus(&[("a", &["new\n"]), ("c", &["sea\n"])]);
    torn.0.get_mut("a").unwrap().push(None);
    torn.0.insert("b".into(), vec![None]);
    let report = run(&torn, &store, &records).await;
    assert_eq!(report.failed.len(), 2);
    assert_eq!((report.added, report.deleted), (1, 0));
    let mut after = store.points();
    after.retain(|_, point| point.metadata[field::SOURCE].as_str() != Some("c"));
    assert_eq!(after, before);
}

#[tokio::test]
async fn a_loader_that_fails_as_a_whole_deletes_nothing() {
    #[derive(Debug)]
    struct Unplugged;
    impl Loader for Unplugged {
        fn load<'a>(&'a self, _seen: &'a dyn Seen) -> BoxStream<'a, Result<Loaded>> {
            futures_util::stream::iter([Err(Error::new(ErrorKind::Io, "unplugged"))]).boxed()
        }
    }
    let (store, records) = (MapStore::new(8), MemoryRecords::default());
    run(&corpus(&[("a", &["one\n"])]), &store, &records).await;
    let embedder = HashEmbedder::new(8);
    let report = ingest(&Unplugged, &Lines, &embedder, &store)
        .records(&records)
        .await
        .unwrap();
    assert_eq!(
        (report.deleted, report.failed.len(), store.points().len()),
        (0, 1, 1)
    );
}

#[tokio::test]
async fn memory_is_bounded_by_two_batches() {
    /// Counts documents that were handed out before the first point was stored.
    #[derive(Debug)]
    struct Endless(AtomicUsize);
    impl Loader for Endless {
        fn load<'a>(&'a self, _seen: &'a dyn Seen) -> BoxStream<'a, Result<Loaded>> {
            let documents = (0..1000).map(|n| {
                self.0.fetch_add(1, Ordering::SeqCst);
                Ok(Loaded::Document(Document::new(n.to_string(), "line\n")))
            });
            futures_util::stream::iter(documents).boxed()
        }
    }
    let (loader, store) = (Endless(AtomicUsize::new(0)), MapStore::new(8));
    let ahead = AtomicUsize::new(0);
    let embedder = HashEmbedder::new(8);
    let report = ingest(&loader, &Lines, &embedder, &store)
        .batch(NonZeroUsize::new(10).unwrap())
        .progress(|_| {
            let stored = store.points().len();
            ahead.fetch_max(loader.0.load(Ordering::SeqCst) - stored, Ordering::SeqCst);
        })
        .await
        .unwrap();
    assert_eq!(report.embedded, 1000);
    let ahead = ahead.load(Ordering::SeqCst);
    assert!(ahead <= 20, "{ahead} documents were in memory at once");
}

#[tokio::test]
async fn a_source_with_no_text_any_more_loses_its_points() {
    #[derive(Debug)]
    struct Emptied;
    impl Loader for Emptied {
        fn load<'a>(&'a self, _seen: &'a dyn Seen) -> BoxStream<'a, Result<Loaded>> {
            let skipped = Loaded::Skipped {
                source: "a".into(),
                reason: "empty".into(),
            };
            futures_util::stream::iter([Ok(skipped)]).boxed()
        }
    }
    let (store, records) = (MapStore::new(8), MemoryRecords::default());
    run(&corpus(&[("a", &["one\n"])]), &store, &records).await;
    let embedder = HashEmbedder::new(8);
    let report = ingest(&Emptied, &Lines, &embedder, &store)
        .records(&records)
        .await
        .unwrap();
    assert_eq!((report.skipped.len(), store.points().len()), (1, 0));
    assert!(matches!(
        records.all().await.unwrap()["a"],
        Record::Done { chunks: 0, .. }
    ));
}

fn corpora() -> impl Strategy<Value = Corpus> {
    let text = prop::collection::vec("[a-e]{1,2}\n", 0..6).prop_map(|lines| lines.concat());
    let source = prop::collection::vec(text.prop_map(Some), 1..3);
    prop::collection::btree_map("[a-d]", source, 0..5).prop_map(Corpus)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Runs over changing corpora, the embedder or the store failing now and then, end as one
    /// run over the last corpus does.
    #[test]
    fn after_any_history_the_store_is_what_a_fresh_run_makes(
        history in prop::collection::vec((corpora(), 0_usize..12, any::<bool>()), 1..5),
        last in corpora(),
        batch in 1_usize..8,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (store, records) = (MapStore::new(8), MemoryRecords::default());
            let batch = NonZeroUsize::new(batch).unwrap();
            for (corpus, calls, in_store) in history {
                let down = || Error::new(ErrorKind::Unavailable, "down");
                let plan = || (0..calls).map(|_| None).chain([Some(down())]);
                let embedder = Faulty::new(HashEmbedder::new(8), if in_store { vec![] } else { plan().collect() });
                let faulty = Faulty::new(&store, if in_store { plan().collect() } else { vec![] });
                let _ = ingest(&corpus, &Lines, &embedder, &faulty).records(&records).batch(batch).await;
            }
            run(&last, &store, &records).await;
            prop_assert_eq!(store.points(), fresh(&last).await);
            let report = run(&last, &store, &records).await;
            prop_assert_eq!((report.embedded, report.unchanged), (0, last.0.len() as u64));
            Ok(())
        })?;
    }
}

#[test]
fn a_filter_for_other_revisions_keeps_the_current_one() {
    let filter = Filter::eq(field::SOURCE, "a").and(Filter::ne("revision", "2"));
    let of = |revision: &str| {
        [
            (field::SOURCE.into(), "a".into()),
            ("revision".into(), revision.into()),
        ]
        .into()
    };
    assert!(filter.matches(&of("1")) && !filter.matches(&of("2")));
}
