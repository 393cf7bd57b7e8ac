//! The store in Qdrant against a real Qdrant.
#![cfg(all(feature = "qdrant", target_os = "linux", target_arch = "x86_64"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

use async_trait::async_trait;
use gori_core::{
    ErrorKind, Filter, LexicalIndex, Metadata, Metric, Point, Range, Result, Search, Selection,
    Time, Value, VectorStore,
};
use gori_testkit::conformance::lexical::{self, LexicalFactory};
use gori_testkit::conformance::store::{StoreFactory, check};
use gori_testkit::servers::{Qdrant as Server, or_skip};
use gori_vectorstores::qdrant::{Options, Payload, Qdrant, Words};

/// One collection for each metric, emptied where a new store is asked for: making a collection
/// takes the server longer than a whole sequence of calls.
struct Collections {
    address: String,
    name: &'static str,
    set: fn(Options) -> Options,
}

impl Collections {
    async fn open(&self, dims: usize, metric: Metric) -> Result<Qdrant> {
        let name = format!("{}-{metric:?}", self.name);
        let options = (self.set)(Options::new(dims).metric(metric));
        Qdrant::open(&self.address, &name, options).await
    }
}

#[async_trait]
impl StoreFactory for Collections {
    type Store = Qdrant;

    async fn fresh(&self, dims: usize, metric: Metric) -> Result<Qdrant> {
        let store = self.open(dims, metric).await?;
        store.delete(&Selection::All).await?;
        Ok(store)
    }

    async fn reopen(&self, store: Qdrant) -> Result<Qdrant> {
        let made_for = store.capabilities();
        drop(store);
        self.open(made_for.dims, made_for.metric).await
    }

    /// Qdrant normalises what it compares by cosine, in single precision.
    fn tolerance(&self) -> f32 {
        1e-4
    }

    fn ids_decide_at_the_end(&self) -> bool {
        false
    }

    fn sequences(&self) -> u32 {
        16
    }
}

/// The same by words.
struct ByWords(String);

#[async_trait]
impl LexicalFactory for ByWords {
    type Index = Words;

    async fn fresh(&self) -> Result<Words> {
        let options = Options::new(4).words(Default::default());
        let store = Qdrant::open(&self.0, "by-words", options).await?;
        store.delete(&Selection::All).await?;
        store.words()
    }

    fn sequences(&self) -> u32 {
        24
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_qdrant_keeps_the_laws() {
    let Some(server) = or_skip(Server::start().await) else {
        return;
    };
    let address = server.grpc_url();
    let collections = |name, set| Collections {
        address: address.clone(),
        name,
        set,
    };
    check(&collections("plain", |options| options.exact(true))).await;
    // The fields of the laws hold values of every kind, so that an index of one kind sees some.
    let indexed = |options: Options| {
        options
            .words(Default::default())
            .payload_index("x", Payload::Keyword)
            .payload_index("y", Payload::Number)
            .payload_index("tags", Payload::Time)
            .shards(2)
    };
    check(&collections("indexed", indexed)).await;
    lexical::check(&ByWords(address.clone())).await;
    every_value_comes_back_as_it_was(&address).await;
    conditions_that_qdrant_has_not_hold_all_the_same(&address).await;
    words_and_vectors_are_found_together(&address).await;
    what_a_store_was_made_for_is_held_against_who_opens_it(&address).await;
}

fn point(number: usize) -> Point {
    let angle = number as f32 * 0.37;
    Point {
        id: format!("p{number:04}"),
        vector: vec![angle.sin(), angle.cos(), (angle * 0.3).sin(), 0.5],
        text: format!("the \0 text of {number}"),
        metadata: Metadata::from([("n".to_owned(), (number as i64).into())]),
    }
}

async fn every_value_comes_back_as_it_was(address: &str) {
    let store = Qdrant::open(address, "values", Options::new(4))
        .await
        .unwrap();
    let mut bits = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        bits = bits.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(1);
        bits
    };
    let points: Vec<Point> = (0..200)
        .map(|number| {
            let mut point = point(number);
            let floats =
                std::iter::repeat_with(|| f64::from_bits(next())).filter(|x| x.is_finite());
            let mut values: Vec<Value> = floats.take(9).map(Value::from).collect();
            values.extend([
                (next() as i64).into(),
                2.0.into(),
                (-0.0).into(),
                "\u{0}점".into(),
            ]);
            values.push(Time::from_millis(next() as i64).into());
            point
                .metadata
                .insert("a \"name\". $x[]".into(), values.into());
            point
        })
        .collect();
    store.upsert(&points).await.unwrap();
    let ids: Vec<&str> = points.iter().map(|point| point.id.as_str()).collect();
    let found = store.get(&ids).await.unwrap();
    assert_eq!(found.len(), points.len());
    for (found, point) in found.iter().zip(&points) {
        // Written out, since -0.0 equals 0.0.
        assert_eq!(
            format!("{:?}", found.metadata),
            format!("{:?}", point.metadata)
        );
        assert_eq!(found.text, point.text);
    }
}

async fn conditions_that_qdrant_has_not_hold_all_the_same(address: &str) {
    let store = Qdrant::open(address, "conditions", Options::new(4))
        .await
        .unwrap();
    let points: Vec<Point> = (0..3_000)
        .map(|number| {
            let mut point = point(number);
            let metadata = &mut point.metadata;
            metadata.insert("word".into(), format!("w{number:04}").into());
            metadata.insert("big".into(), (i64::MAX - number as i64).into());
            metadata.insert("a\"b".into(), (number.is_multiple_of(500)).into());
            point
        })
        .collect();
    store.upsert(&points).await.unwrap();
    let range = |gte: &str| {
        let range = Range {
            gte: Some(gte.into()),
            ..Range::default()
        };
        Filter::Range("word".into(), range)
    };
    for filter in [
        range("w2990"),
        range("w0010").not(),
        Filter::at_least("big", i64::MAX - 4),
        Filter::eq("big", i64::MAX - 2_000),
        Filter::eq("a\"b", true),
        range("w2000").and(Filter::eq("a\"b", true)),
    ] {
        let fits = |point: &&Point| filter.matches(&point.metadata);
        let mut want: Vec<&Point> = points.iter().filter(fits).collect();
        let search = Search::new(&points[1].vector, 5).filter(&filter);
        let hits = store.search(&search).await.unwrap();
        let near = |point: &&Point| gori_core::cosine(&point.vector, &points[1].vector);
        want.sort_by(|a, b| near(b).total_cmp(&near(a)));
        assert_eq!(hits.len(), want.len().min(5), "{filter:?}");
        for (hit, want) in hits.iter().zip(&want) {
            assert!((hit.score - near(want)).abs() < 1e-4, "{filter:?}");
        }
        let count = store.count(Some(&filter)).await.unwrap();
        assert_eq!(count, want.len() as u64, "{filter:?}");
    }
    let gone = store.delete(&Selection::Filter(&range("w2990"))).await;
    assert_eq!(gone.unwrap(), 10);
    assert_eq!(store.count(None).await.unwrap(), 2_990);
}

async fn words_and_vectors_are_found_together(address: &str) {
    let options = Options::new(4).words(Default::default());
    let store = Qdrant::open(address, "hybrid", options).await.unwrap();
    let mut points: Vec<Point> = (0..60).map(point).collect();
    points[41].text = "Keys are rotated every 90 days.".into();
    store.upsert(&points).await.unwrap();
    let words = store.words().unwrap();
    let found = words.search("rotating a key", 3, None).await.unwrap();
    assert_eq!(found[0].id, "p0041");
    let search = Search::new(&points[7].vector, 2).with_vectors();
    let both = store.hybrid(&search, "rotating a key").await.unwrap();
    let mut ids: Vec<&str> = both.iter().map(|hit| hit.id.as_str()).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["p0007", "p0041"]);
    assert!(
        both.iter()
            .all(|hit| hit.vector.as_ref().is_some_and(|v| v.len() == 4))
    );
    let plain = Qdrant::open(address, "values", Options::new(4))
        .await
        .unwrap();
    assert_eq!(plain.words().unwrap_err().kind(), ErrorKind::Config);
}

async fn what_a_store_was_made_for_is_held_against_who_opens_it(address: &str) {
    let open = |options| Qdrant::open(address, "made", options);
    open(Options::new(4).embedder("mini")).await.unwrap();
    for (options, words) in [
        (Options::new(5), ["4", "5"]),
        (Options::new(4).metric(Metric::L2), ["Cosine", "L2"]),
        (Options::new(4).embedder("large"), ["mini", "large"]),
        (
            Options::new(4).words(Default::default()),
            ["without", "words"],
        ),
    ] {
        let error = open(options).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(
            words.iter().all(|word| error.to_string().contains(word)),
            "{error}"
        );
    }
}

#[tokio::test]
async fn an_address_and_its_password_are_not_repeated() {
    let open = |address: &'static str, name| Qdrant::open(address, name, Options::new(4));
    for bad in ["http://me:hunter2@127.0.0.1:6334", "127.0.0.1:hunter2"] {
        let error = open(bad, "a").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
    let error = open("http://127.0.0.1:1", "a").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Network, "{error:?}");
    let error = open("http://127.0.0.1:1", "../a").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error:?}");
}
