//! The laws of the `VectorStore` port, held by the stores that need no server.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use std::sync::Arc;

use async_trait::async_trait;
use gori_core::{Metric, Result, VectorStore};
use gori_testkit::conformance::store::{StoreFactory, check};
use gori_vectorstores::{Durability, LocalStore, MemoryStore, Options};

struct Memory;

#[async_trait]
impl StoreFactory for Memory {
    type Store = MemoryStore;
    async fn fresh(&self, dims: usize, metric: Metric) -> Result<MemoryStore> {
        Ok(MemoryStore::with_metric(dims, metric))
    }
}

struct Erased;

#[async_trait]
impl StoreFactory for Erased {
    type Store = Arc<dyn VectorStore>;
    async fn fresh(&self, dims: usize, metric: Metric) -> Result<Self::Store> {
        Ok(Arc::new(MemoryStore::with_metric(dims, metric)))
    }
    fn sequences(&self) -> u32 {
        8
    }
}

struct Local {
    home: tempfile::TempDir,
    durability: Durability,
    seal_after: usize,
    graph_from: usize,
}

impl Local {
    fn new(durability: Durability) -> Self {
        let home = tempfile::tempdir().unwrap();
        Self {
            home,
            durability,
            seal_after: 3,
            graph_from: usize::MAX,
        }
    }
}

#[async_trait]
impl StoreFactory for Local {
    type Store = LocalStore;
    async fn fresh(&self, dims: usize, metric: Metric) -> Result<LocalStore> {
        let dir = tempfile::tempdir_in(self.home.path()).unwrap().keep();
        let options = Options::new(dims)
            .metric(metric)
            .durability(self.durability)
            .seal_after(self.seal_after)
            .graph_from(self.graph_from);
        LocalStore::create_or_open(dir, options)
    }
    fn sequences(&self) -> u32 {
        12
    }
    async fn reopen(&self, store: LocalStore) -> Result<LocalStore> {
        let dir = store.dir().to_owned();
        let capabilities = gori_core::VectorStore::capabilities(&store);
        drop(store);
        let options = Options::new(capabilities.dims)
            .metric(capabilities.metric)
            .durability(self.durability)
            .seal_after(self.seal_after)
            .graph_from(self.graph_from);
        LocalStore::create_or_open(dir, options)
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
async fn local() {
    check(&Local::new(Durability::Sync)).await;
}

#[tokio::test]
async fn local_that_seals_every_write() {
    let mut local = Local::new(Durability::Sync);
    local.seal_after = 1;
    check(&local).await;
}

#[tokio::test]
async fn local_that_never_seals() {
    let mut local = Local::new(Durability::Sync);
    local.seal_after = usize::MAX;
    check(&local).await;
}

#[tokio::test]
async fn local_in_groups() {
    check(&Local::new(Durability::Group(
        std::time::Duration::from_millis(5),
    )))
    .await;
}

/// Every merged segment gets a graph, whose rows are so few that all are looked at.
#[tokio::test]
async fn local_with_graphs() {
    let mut local = Local::new(Durability::Sync);
    local.graph_from = 2;
    check(&local).await;
}
