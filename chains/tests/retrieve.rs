//! The laws of the `Retriever` port, held by every retriever, and what each is for.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use futures_core::stream::BoxStream;
use gori_chains::retrieve::{
    Dense, EmbedderReranker, Fusion, Hybrid, Lexical, LlmReranker, Mmr, MultiQuery, Parent, Rerank,
    Threshold, Window,
};
use gori_core::{
    Completion, Context, Delta, Embedder, Embeddings, Error, ErrorKind, Filter, Finish, Hit,
    LayerExt as _, LexicalIndex, Limits, Llm, Metadata, Point, Prompt, Query, Result, Retriever,
    Role, Usage, VectorStore, field,
};
use gori_testkit::conformance::retriever::check;
use gori_testkit::{Faulty, HashEmbedder, MapStore};

const DIMS: usize = 64;

const TEXTS: &[&str] = &[
    "Every write is synced to the disk before it is acknowledged.",
    "The log is the truth and the graph is a cache.",
    "Keys are rotated every ninety days by the operator.",
    "The keys of the old quay are kept in a drawer.",
    "Ropes are measured in fathoms.",
    "A torn tail is cut off and reported.",
    "The graph is built anew when it is damaged.",
    "Damage in the middle of the log is refused.",
    "A reader sees whole batches while all goes on.",
    "Keys are rotated every ninety days by the operator, as written.",
];

/// Says the same whatever it is asked.
#[derive(Clone, Debug)]
struct Says(&'static str);

#[async_trait]
impl Llm for Says {
    fn id(&self) -> &str {
        "says"
    }
    fn limits(&self) -> Limits {
        Limits {
            window: gori_core::Window(4096),
            output: None,
        }
    }
    async fn complete(&self, _: &Context, _: &Prompt) -> Result<Completion> {
        Ok(Completion {
            text: self.0.to_owned(),
            tool_calls: Vec::new(),
            finish: Finish::Stop,
            usage: Usage::default(),
            model: "says".into(),
            extra: serde_json::Map::new(),
        })
    }
    async fn stream(&self, _: &Context, _: &Prompt) -> Result<BoxStream<'static, Result<Delta>>> {
        Err(Error::new(ErrorKind::Unsupported, "it does not stream"))
    }
}

/// An embedder that knows only Latin letters, and counts nothing else.
#[derive(Clone, Debug)]
struct Latin(HashEmbedder);

#[async_trait]
impl Embedder for Latin {
    fn id(&self) -> &str {
        self.0.id()
    }
    fn dims(&self) -> usize {
        self.0.dims()
    }
    async fn embed(&self, cx: &Context, texts: &[&str], role: Role) -> Result<Embeddings> {
        self.0.embed(cx, texts, role).await
    }
    fn coverage(&self, text: &str) -> f32 {
        let letters = text.chars().filter(|c| c.is_alphabetic());
        let (all, known) = letters.fold((0.0, 0.0), |(all, known), c| {
            (all + 1.0, known + f32::from(u8::from(c.is_ascii())))
        });
        if all > 0.0 { known / all } else { 1.0 }
    }
}

/// One document a three texts, each with its place, and the parents that its pairs have.
fn points(embedder: &HashEmbedder) -> Vec<Point> {
    let mut at = 0;
    TEXTS
        .iter()
        .enumerate()
        .map(|(i, text)| {
            if i % 3 == 0 {
                at = 0;
            }
            let (from, to) = (at, at + text.len());
            at = to + 1;
            let int = |n: usize| gori_core::Value::from(i64::try_from(n).unwrap());
            let mut metadata: Metadata = [
                (field::SOURCE.to_owned(), format!("doc{}.md", i / 3).into()),
                (field::BYTE.to_owned(), int(from)),
                (field::BYTE_END.to_owned(), int(to)),
                (field::LINE.to_owned(), int(i % 3 + 1)),
                (field::LINE_END.to_owned(), int(i % 3 + 1)),
                ("even".to_owned(), (i % 2 == 0).into()),
            ]
            .into();
            if i % 3 < 2 && i != 9 {
                let first = TEXTS[i / 3 * 3].len();
                metadata.insert(field::PARENT.to_owned(), int(0));
                metadata.insert(
                    field::PARENT_END.to_owned(),
                    int(first + 1 + TEXTS[i / 3 * 3 + 1].len()),
                );
            }
            Point {
                id: format!("p{i}"),
                vector: embedder.vector(text),
                text: (*text).to_owned(),
                metadata,
            }
        })
        .collect()
}

/// One map is both the store and the index by words.
async fn corpus() -> (HashEmbedder, Arc<MapStore>) {
    let embedder = HashEmbedder::new(DIMS);
    let store = Arc::new(MapStore::new(DIMS));
    VectorStore::upsert(&store, &points(&embedder))
        .await
        .unwrap();
    (embedder, store)
}

type Both = Hybrid<Lexical<Arc<MapStore>>, Dense<HashEmbedder, Arc<MapStore>>>;

async fn hybrid() -> (Both, HashEmbedder, Arc<MapStore>) {
    let (embedder, store) = corpus().await;
    let dense = Dense::new(embedder.clone(), Arc::clone(&store));
    (
        Hybrid::new(Lexical::new(Arc::clone(&store)), dense),
        embedder,
        store,
    )
}

#[tokio::test]
async fn every_retriever_holds_the_laws() {
    let (both, embedder, store) = hybrid().await;
    let dense = || Dense::new(embedder.clone(), Arc::clone(&store));
    let llm = Says("How are keys turned?\n2. Who rotates keys");
    let all: Vec<Arc<dyn Retriever>> = vec![
        Arc::new(dense()),
        Arc::new(Lexical::new(Arc::clone(&store))),
        Arc::new(both.clone()),
        Arc::new(both.clone().fusion(Fusion::Scores)),
        Arc::new(Mmr::new(both.clone(), embedder.clone())),
        Arc::new(Mmr::new(dense().with_vectors(), embedder.clone()).lambda(0.2)),
        Arc::new(MultiQuery::new(both.clone(), llm.clone())),
        Arc::new(Rerank::new(both.clone(), LlmReranker::new(Says("3, 1")))),
        Arc::new(Rerank::new(
            both.clone(),
            EmbedderReranker::new(embedder.clone()),
        )),
        Arc::new(Threshold::share_of_best(both.clone(), 0.5)),
        Arc::new(Threshold::leg(both.clone(), "lexical", 1.0)),
        Arc::new(
            both.clone()
                .retry(2)
                .timeout(std::time::Duration::from_secs(60)),
        ),
        Arc::new(Window::new(
            Threshold::score(
                Rerank::new(both.clone(), EmbedderReranker::new(&embedder)),
                0.0,
            ),
            &store,
            0,
        )),
    ];
    let known: BTreeSet<String> = (0..TEXTS.len()).map(|i| format!("p{i}")).collect();
    let questions = ["How are the keys rotated?", "log", "fathoms of rope", "zzz"];
    let filters = [
        Filter::eq("even", true),
        Filter::eq(field::SOURCE, "doc1.md"),
    ];
    let mut tried = 0;
    for retriever in &all {
        tried += check(retriever.as_ref(), &known, &questions, &filters).await;
    }
    // These change a hit's text and place, so that only filters on what stays can be checked.
    for retriever in [
        Arc::new(Parent::new(both.clone(), &store)) as Arc<dyn Retriever>,
        Arc::new(Window::new(both.clone(), &store, 1)),
    ] {
        tried += check(retriever.as_ref(), &known, &questions, &filters).await;
    }
    println!(
        "retrievals judged: {tried}, by {} retrievers",
        all.len() + 2
    );
}

async fn ask(retriever: &dyn Retriever, question: &str, k: usize) -> Vec<Hit> {
    retriever
        .retrieve(&Context::new(), &Query::new(question).k(k))
        .await
        .unwrap()
}

fn legs(hit: &Hit) -> Vec<&str> {
    hit.legs.iter().map(|leg| leg.name).collect()
}

#[tokio::test]
async fn a_leg_that_cannot_read_the_question_is_not_asked() {
    let (embedder, store) = corpus().await;
    let key = Point {
        id: "k".into(),
        vector: embedder.vector("something else"),
        text: "열쇠는 서랍에".into(),
        metadata: Metadata::new(),
    };
    VectorStore::upsert(&store, &[key]).await.unwrap();
    let counted = Faulty::new(Latin(embedder), []);
    let hybrid = Hybrid::new(Lexical::new(&store), Dense::new(&counted, &store));
    let hits = ask(&hybrid, "열쇠는 어디에", 3).await;
    assert_eq!(
        (hits.len(), hits[0].id.as_str(), counted.calls()),
        (1, "k", 0)
    );
    assert_eq!(legs(&hits[0]), ["lexical"]);
    let hits = ask(&hybrid, "keys", 3).await;
    assert_eq!(counted.calls(), 1);
    assert!(hits.iter().any(|hit| legs(hit) == ["lexical", "dense"]));
}

#[tokio::test]
async fn a_leg_that_fails_fails_the_search_and_says_where() {
    let (embedder, store) = corpus().await;
    let broken = Faulty::new(embedder, [Some(Error::new(ErrorKind::Network, "gone"))]);
    let hybrid = Hybrid::new(Lexical::new(&store), Dense::new(&broken, &store));
    let error = hybrid
        .retrieve(&Context::new(), &"keys".into())
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.path().collect::<Vec<_>>()),
        (ErrorKind::Network, vec!["embed"])
    );
}

#[tokio::test]
async fn mmr_passes_over_what_repeats() {
    let (_, embedder, store) = hybrid().await;
    let dense = Dense::new(embedder.clone(), Arc::clone(&store));
    let question = "Keys are rotated every ninety days by the operator";
    let plain: Vec<String> = ask(&dense, question, 2)
        .await
        .into_iter()
        .map(|hit| hit.id)
        .collect();
    assert_eq!(plain, ["p2", "p9"], "the same text twice");
    let hits = ask(&Mmr::new(dense, &embedder).lambda(0.3), question, 2).await;
    assert_eq!(hits[0].id, "p2");
    assert_ne!(hits[1].id, "p9");
    assert_eq!(legs(&hits[0]), ["dense", "mmr"]);
}

#[tokio::test]
async fn other_wordings_find_what_the_question_does_not() {
    let (_, _, store) = hybrid().await;
    let lexical = Lexical::new(&store);
    let found = |hits: &[Hit]| hits.iter().any(|hit| hit.id == "p4");
    assert!(!found(&ask(&lexical, "cordage", 5).await));
    let hits = ask(
        &MultiQuery::new(&lexical, Says("ropes fathoms")),
        "cordage",
        5,
    )
    .await;
    assert!(found(&hits));
    // What the model writes is a question and nothing else.
    let hits = ask(&MultiQuery::new(&lexical, Says("")), "log", 5).await;
    assert_eq!(hits.len(), ask(&lexical, "log", 5).await.len());
}

#[tokio::test]
async fn a_reranker_decides_and_the_legs_remember() {
    let (both, embedder, _) = hybrid().await;
    let plain = ask(&both, "keys log", 5).await;
    let hits = ask(
        &Rerank::new(&both, LlmReranker::new(Says("2"))),
        "keys log",
        5,
    )
    .await;
    assert_eq!(hits[0].id, plain[1].id);
    assert_eq!(hits[1].id, plain[0].id);
    assert!(legs(&hits[0]).contains(&"rerank") && legs(&hits[0]).len() > 1);
    let by_vectors = Rerank::new(&both, EmbedderReranker::new(&embedder));
    let hits = ask(&by_vectors, "Ropes are measured in fathoms.", 2).await;
    assert_eq!(hits[0].id, "p4");
}

#[tokio::test]
async fn a_threshold_would_rather_find_nothing() {
    let (both, _, _) = hybrid().await;
    assert!(
        ask(&Threshold::leg(&both, "lexical", 2.0), "fathoms", 5)
            .await
            .is_empty()
    );
    assert_eq!(
        ask(&Threshold::leg(&both, "lexical", 1.0), "fathoms", 5)
            .await
            .len(),
        1
    );
    assert!(
        ask(&Threshold::score(&both, 1.0), "fathoms", 5)
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn the_parent_is_read_once_and_whole() {
    let (_, _, store) = hybrid().await;
    let hits = ask(
        &Parent::new(Lexical::new(&store), &store),
        "graph synced torn",
        5,
    )
    .await;
    let parent = hits
        .iter()
        .find(|hit| hit.metadata[field::SOURCE] == "doc0.md".into())
        .unwrap();
    assert_eq!(parent.text, format!("{}\n{}", TEXTS[0], TEXTS[1]));
    assert_eq!(parent.metadata[field::LINE_END], 2.into());
    let of_doc0 = hits
        .iter()
        .filter(|hit| hit.metadata[field::SOURCE] == "doc0.md".into());
    assert_eq!(of_doc0.count(), 1, "two children, one parent");
    let torn = hits.iter().find(|hit| hit.id == "p5").unwrap();
    assert_eq!(torn.text, TEXTS[5], "one without a parent stays");
}

#[tokio::test]
async fn a_window_has_the_neighbours_and_no_hit_stands_in_a_better_ones() {
    let (_, _, store) = hybrid().await;
    let hits = ask(
        &Window::new(Lexical::new(&store), &store, 1),
        "truth keys synced",
        5,
    )
    .await;
    assert!(
        hits.iter().all(|hit| hit.id != "p1"),
        "it stands in the window of p0: {hits:#?}"
    );
    let wide = hits.iter().find(|hit| hit.id == "p0").unwrap();
    assert_eq!(wide.text, format!("{}\n{}", TEXTS[0], TEXTS[1]));
    let alone = ask(&Window::new(Lexical::new(&store), &store, 0), "fathoms", 1).await;
    assert_eq!(alone[0].text, TEXTS[4]);
}

#[tokio::test]
async fn an_index_by_words_that_was_lost_is_filled_again() {
    use gori_chains::ingest::{MemoryRecords, ingest};
    use gori_core::{Chunk, Document, Splitter};
    #[derive(Debug)]
    struct Whole;
    impl Splitter for Whole {
        fn split<'d>(&self, document: &'d Document) -> Vec<Chunk<'d>> {
            Chunk::new(&document.text, 0..document.text.len())
                .into_iter()
                .collect()
        }
    }
    let (embedder, store, words) = (HashEmbedder::new(8), MapStore::new(8), MapStore::new(8));
    let docs = vec![Document::new("a.md", "Ropes are measured in fathoms.")];
    let records = MemoryRecords::default();
    ingest(&docs, &Whole, &embedder, &store)
        .records(&records)
        .await
        .unwrap();
    let report = ingest(&docs, &Whole, &embedder, &store)
        .records(&records)
        .lexical(&words)
        .await
        .unwrap();
    assert_eq!(
        (report.unchanged, LexicalIndex::count(&words).await.unwrap()),
        (0, 1)
    );
    let report = ingest(&docs, &Whole, &embedder, &store)
        .records(&records)
        .lexical(&words)
        .await
        .unwrap();
    assert_eq!((report.unchanged, report.embedded), (1, 0));
}
