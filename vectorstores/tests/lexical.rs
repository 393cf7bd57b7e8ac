//! The laws of the `LexicalIndex` port, and what changes from one opening to the next.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use std::sync::Arc;

use async_trait::async_trait;
use gori_core::{ErrorKind, LexicalIndex, Metadata, Point, Result, Selection};
use gori_testkit::MapStore;
use gori_testkit::conformance::lexical::{LexicalFactory, Scoring, check};
use gori_vectorstores::lexical::{Analyzer, Bm25, Language, LexicalStore, MemoryLexical, Options};
use gori_vectorstores::{LocalStore, local};

fn scoring() -> Scoring<'static> {
    let (analyzer, bm25) = (Analyzer::default(), Bm25::default());
    Scoring {
        text: Box::new(move |text| analyzer.terms(text)),
        question: Box::new(move |text| analyzer.question_terms(text)),
        k1: bm25.k1.into(),
        b: bm25.b.into(),
    }
}

struct Memory;

#[async_trait]
impl LexicalFactory for Memory {
    type Index = MemoryLexical;
    async fn fresh(&self) -> Result<MemoryLexical> {
        Ok(MemoryLexical::default())
    }
    fn scoring(&self) -> Option<Scoring<'_>> {
        Some(scoring())
    }
}

struct Erased;

#[async_trait]
impl LexicalFactory for Erased {
    type Index = Arc<dyn LexicalIndex>;
    async fn fresh(&self) -> Result<Self::Index> {
        Ok(Arc::new(MemoryLexical::default()))
    }
    fn sequences(&self) -> u32 {
        24
    }
}

struct Map;

#[async_trait]
impl LexicalFactory for Map {
    type Index = MapStore;
    async fn fresh(&self) -> Result<MapStore> {
        Ok(MapStore::new(1))
    }
    fn sequences(&self) -> u32 {
        24
    }
}

struct Durable {
    home: tempfile::TempDir,
    seal_after: usize,
}

impl Durable {
    fn sealing_after(seal_after: usize) -> Self {
        let home = tempfile::tempdir().unwrap();
        Self { home, seal_after }
    }
    fn options(&self) -> Options {
        Options::new().seal_after(self.seal_after)
    }
}

#[async_trait]
impl LexicalFactory for Durable {
    type Index = LexicalStore;
    async fn fresh(&self) -> Result<LexicalStore> {
        let dir = tempfile::tempdir_in(self.home.path()).unwrap().keep();
        LexicalStore::create_or_open(dir, self.options())
    }
    async fn reopen(&self, index: LexicalStore) -> Result<LexicalStore> {
        let dir = index.dir().to_owned();
        drop(index);
        LexicalStore::create_or_open(dir, self.options())
    }
    fn scoring(&self) -> Option<Scoring<'_>> {
        Some(scoring())
    }
    fn sequences(&self) -> u32 {
        24
    }
}

#[tokio::test]
async fn memory() {
    check(&Memory).await;
}

#[tokio::test]
async fn behind_a_pointer() {
    check(&Erased).await;
}

#[tokio::test]
async fn the_map_of_the_testkit() {
    check(&Map).await;
}

#[tokio::test]
async fn durable() {
    check(&Durable::sealing_after(5)).await;
}

#[tokio::test]
async fn durable_that_seals_every_write() {
    check(&Durable::sealing_after(1)).await;
}

#[tokio::test]
async fn durable_that_never_seals() {
    check(&Durable::sealing_after(usize::MAX)).await;
}

fn text(id: usize, text: &str) -> Point {
    Point {
        id: format!("t{id:05}"),
        vector: Vec::new(),
        text: text.to_owned(),
        metadata: Metadata::new(),
    }
}

#[test]
fn another_language_indexes_anew_what_is_there() {
    let home = tempfile::tempdir().unwrap();
    let open = |language| {
        LexicalStore::create_or_open(home.path(), Options::new().language(language).seal_after(2))
            .unwrap()
    };
    let index = open(Language::English);
    let texts = [
        "Die Häuser stehen.",
        "Der Hund.",
        "Ein Haus am See.",
        "Die Katze.",
    ];
    for (id, each) in texts.iter().enumerate() {
        index.blocking_upsert(&[text(id, each)]).unwrap();
    }
    let before = index.blocking_search("Haus", 9, None).unwrap().len();
    assert_eq!(before, 1, "English knows no plural of Haus");
    drop(index);
    let index = open(Language::German);
    assert!(!index.report().rebuilt.is_empty());
    assert_eq!(index.blocking_search("Haus", 9, None).unwrap().len(), 2);
    drop(index);
    let index = open(Language::German);
    assert!(index.report().rebuilt.is_empty(), "once is enough");
    assert_eq!(index.blocking_search("Haus", 9, None).unwrap().len(), 2);
}

#[tokio::test]
async fn a_folder_of_vectors_is_refused_and_an_open_index_is_busy() {
    let home = tempfile::tempdir().unwrap();
    let (vectors, words) = (home.path().join("v"), home.path().join("w"));
    drop(LocalStore::create_or_open(&vectors, local::Options::new(3)).unwrap());
    let error = LexicalStore::create_or_open(&vectors, Options::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    let index = LexicalStore::create_or_open(&words, Options::new()).unwrap();
    let error = LexicalStore::create_or_open(&words, Options::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy, "{error}");
    drop(index);
    let error = LocalStore::create_or_open(&words, local::Options::new(3)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
}

#[tokio::test]
async fn a_compaction_gives_back_what_is_dead_and_changes_no_answer() {
    let home = tempfile::tempdir().unwrap();
    let index = LexicalStore::create_or_open(home.path(), Options::new().seal_after(100)).unwrap();
    for round in 0..6 {
        let filler = format!("round {round} {}", "filler ".repeat(30));
        let points: Vec<Point> = (0..200)
            .map(|i| text(i, &format!("{filler} word{}", i % 7)))
            .collect();
        for batch in points.chunks(50) {
            index.blocking_upsert(batch).unwrap();
        }
    }
    index.blocking_delete(&Selection::Ids(&["t00003"])).unwrap();
    let size = || -> u64 {
        let files = std::fs::read_dir(home.path()).unwrap();
        files
            .map(|file| file.unwrap().metadata().unwrap().len())
            .sum()
    };
    let (before, big) = (index.search("word3 round", 50, None).await.unwrap(), size());
    index.compact().await.unwrap();
    index.verify().await.unwrap();
    let (after, small) = (index.search("word3 round", 50, None).await.unwrap(), size());
    assert_eq!(before, after);
    assert!(small * 2 < big, "{small} of {big} bytes");
    drop(index);
    let index = LexicalStore::create_or_open(home.path(), Options::new()).unwrap();
    assert_eq!(index.search("word3 round", 50, None).await.unwrap(), after);
    assert_eq!(index.count().await.unwrap(), 199);
}

#[tokio::test]
async fn a_reader_sees_what_another_writes_merges_and_deletes() {
    let home = tempfile::tempdir().unwrap();
    let options = || Options::new().seal_after(30);
    let missing = LexicalStore::open_to_read(home.path(), options()).unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound, "{missing}");
    let index = LexicalStore::create_or_open(home.path(), options()).unwrap();
    let reader = LexicalStore::open_to_read(home.path(), options()).unwrap();
    let mut seen = 0;
    for round in 0..40_usize {
        let points: Vec<Point> = (0..10)
            .map(|i| text((round * 7 + i) % 100, &format!("round{round} word{i} door")))
            .collect();
        index.upsert(&points).await.unwrap();
        if round % 6 == 5 {
            let gone = [format!("t{:05}", round % 100)];
            index
                .delete(&Selection::Ids(&[gone[0].as_str()]))
                .await
                .unwrap();
        }
        if round % 11 == 10 {
            index.compact().await.unwrap();
        }
        for question in ["door", "word3", &format!("round{round}")] {
            let written = index.search(question, 200, None).await.unwrap();
            let read = reader.search(question, 200, None).await.unwrap();
            assert_eq!(written, read, "round {round}, {question}");
            seen += read.len();
        }
        assert_eq!(reader.count().await.unwrap(), index.count().await.unwrap());
    }
    reader.verify().await.unwrap();
    let refused = reader.upsert(&[text(1, "door")]).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ReadOnly, "{refused}");
    let refused = reader.compact().await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ReadOnly, "{refused}");
    drop(index);
    let last = reader.search("door", 200, None).await.unwrap();
    println!("hits read beside a writer: {seen}");
    assert!(seen > 2_000 && !last.is_empty());
}

#[test]
fn readers_see_whole_batches_while_all_goes_on() {
    let home = tempfile::tempdir().unwrap();
    let options = || Options::new().seal_after(40);
    let index = LexicalStore::create_or_open(home.path(), options()).unwrap();
    let batch = |round: usize| -> Vec<Point> {
        (0..5)
            .map(|i| text(i, &format!("member of round{round}")))
            .collect()
    };
    index.blocking_upsert(&batch(0)).unwrap();
    let done = std::sync::atomic::AtomicBool::new(false);
    let reads = std::sync::atomic::AtomicU64::new(0);
    let other = LexicalStore::open_to_read(home.path(), options()).unwrap();
    std::thread::scope(|scope| {
        for reader in [&index, &other] {
            scope.spawn(|| {
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    let hits = reader.blocking_search("member", 9, None).unwrap();
                    assert_eq!(hits.len(), 5, "a batch is there whole");
                    assert!(
                        hits.iter().all(|hit| hit.text == hits[0].text),
                        "of one round"
                    );
                    reads.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                }
            });
        }
        for round in 1..200 {
            index.blocking_upsert(&batch(round)).unwrap();
            if round % 50 == 0 {
                index.blocking_compact().unwrap();
            }
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    let reads = reads.into_inner();
    println!("reads beside writes and compactions: {reads}");
    assert!(reads > 100);
}
