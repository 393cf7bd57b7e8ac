//! The store in Postgres against a real Postgres with pgvector.
#![cfg(all(feature = "pgvector", target_os = "linux", target_arch = "x86_64"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use gori_core::{ErrorKind, Filter, Metadata, Metric, Point, Result, Search, VectorStore};
use gori_testkit::conformance::store::{StoreFactory, check};
use gori_testkit::servers::{Postgres, or_skip};
use gori_vectorstores::pgvector::{Index, Options, PgVector};

/// Makes a table for each store.
struct Tables {
    address: String,
    made: AtomicU32,
    index: Index,
}

impl Tables {
    fn of(server: &Postgres, index: Index) -> Self {
        Self {
            address: server.connection_string(),
            made: AtomicU32::new(0),
            index,
        }
    }

    fn last(&self) -> String {
        let kind = match self.index {
            Index::Exact => "exact",
            Index::Hnsw { .. } => "graph",
        };
        format!("{kind}_{}", self.made.load(Ordering::SeqCst))
    }
}

#[async_trait]
impl StoreFactory for Tables {
    type Store = PgVector;

    async fn fresh(&self, dims: usize, metric: Metric) -> Result<PgVector> {
        self.made.fetch_add(1, Ordering::SeqCst);
        let options = Options::new(dims).metric(metric).index(self.index);
        PgVector::open(&self.address, &self.last(), options).await
    }

    async fn reopen(&self, store: PgVector) -> Result<PgVector> {
        let made_for = store.capabilities();
        drop(store);
        let options = Options::new(made_for.dims)
            .metric(made_for.metric)
            .index(self.index);
        PgVector::open(&self.address, &self.last(), options).await
    }

    /// pgvector sums in single precision.
    fn tolerance(&self) -> f32 {
        1e-4
    }

    fn ids_decide_at_the_end(&self) -> bool {
        self.index == Index::Exact
    }

    fn sequences(&self) -> u32 {
        16
    }
}

const GRAPH: Index = Index::Hnsw {
    m: 16,
    ef_construction: 64,
    ef_search: 200,
};

fn point(number: usize) -> Point {
    let angle = number as f32 * 0.37;
    Point {
        id: format!("p{number:04}"),
        vector: vec![angle.sin(), angle.cos(), (angle * 0.3).sin(), 0.5],
        text: format!("the \0 text of {number}"),
        metadata: Metadata::from([("even".to_owned(), number.is_multiple_of(2).into())]),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_postgres_keeps_the_laws() {
    let Some(server) = or_skip(Postgres::start().await) else {
        return;
    };
    check(&Tables::of(&server, Index::Exact)).await;
    check(&Tables::of(&server, GRAPH)).await;
    the_graph_is_used_and_finds_nearly_all(&server).await;
    what_a_store_was_made_for_is_held_against_who_opens_it(&server).await;
    a_broken_connection_is_made_again(&server).await;
}

async fn the_graph_is_used_and_finds_nearly_all(server: &Postgres) {
    let address = server.connection_string();
    let open = |name, index| PgVector::open(&address, name, Options::new(4).index(index));
    let (exact, graph) = (
        open("plain", Index::Exact).await.unwrap(),
        open("graphed", GRAPH).await.unwrap(),
    );
    let points: Vec<Point> = (0..3_000).map(point).collect();
    for store in [&exact, &graph] {
        store.upsert(&points).await.unwrap();
    }
    let (mut same, mut all) = (0, 0);
    let even = Filter::eq("even", true);
    for number in (0..3_000).step_by(97) {
        let vector = [(number as f32).sin(), 0.3, 0.1, 0.5];
        let search = Search::new(&vector, 10);
        let near = exact.search(&search).await.unwrap();
        let found = graph.search(&search).await.unwrap();
        all += near.len();
        same += near
            .iter()
            .filter(|hit| found.iter().any(|f| f.id == hit.id))
            .count();
        let search = search.filter(&even);
        let (near, found) = (
            exact.search(&search).await.unwrap(),
            graph.search(&search).await.unwrap(),
        );
        assert_eq!(near, found, "with a filter both look at every row");
        assert_eq!(found.len(), 10);
    }
    println!("{same} of {all} found by the graph");
    assert!(same * 100 >= all * 95, "{same} of {all}");
    // So few rows are read faster without any index: the other ways are closed.
    let plan = "SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off;
                EXPLAIN SELECT id FROM graphed ORDER BY embedding <=> '[1,0,0,0]' LIMIT 5";
    let plan = server.sql(plan).unwrap();
    assert!(
        plan.contains("graphed_hnsw"),
        "the index can serve it: {plan}"
    );
    assert_eq!(
        exact.get(&["p0007"]).await.unwrap()[0].text,
        "the \0 text of 7"
    );
}

async fn what_a_store_was_made_for_is_held_against_who_opens_it(server: &Postgres) {
    let address = server.connection_string();
    let open = |options| PgVector::open(&address, "made", options);
    open(Options::new(4).embedder("mini")).await.unwrap();
    for (options, words) in [
        (Options::new(5), ["4", "5"]),
        (Options::new(4).embedder("large"), ["mini", "large"]),
    ] {
        let error = open(options).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(
            words.iter().all(|word| error.to_string().contains(word)),
            "{error}"
        );
    }
}

async fn a_broken_connection_is_made_again(server: &Postgres) {
    let store = PgVector::open(&server.connection_string(), "broken", Options::new(4))
        .await
        .unwrap();
    store.upsert(&[point(1)]).await.unwrap();
    let others = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                  WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
    server.sql(others).unwrap();
    // The first call may meet the broken one; whoever retries meets the new one.
    let mut failed = 0;
    while let Err(error) = store.count(None).await {
        assert!(error.is_transient(), "{error:?}");
        failed += 1;
        assert!(failed < 20, "{error:?}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(store.count(None).await.unwrap(), 1);
}

#[tokio::test]
async fn an_address_and_its_password_are_not_repeated() {
    let open = |address: &'static str| PgVector::open(address, "a", Options::new(4));
    let error = open("postgres://me:hunter2@127.0.0.1:bad/db")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    let error = open("postgres://me:hunter2@127.0.0.1:1/db")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Network, "{error:?}");
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
}
