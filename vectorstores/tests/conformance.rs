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
}

impl Local {
    fn new(durability: Durability) -> Self {
        let home = tempfile::tempdir().unwrap();
        Self { home, durability }
    }
}

#[async_trait]
impl StoreFactory for Local {
    type Store = LocalStore;
    async fn fresh(&self, dims: usize, metric: Metric) -> Result<LocalStore> {
        let dir = tempfile::tempdir_in(self.home.path()).unwrap().keep();
        let options = Options::new(dims)
            .metric(metric)
            .durability(self.durability);
        LocalStore::create_or_open(dir, options)
    }
    async fn reopen(&self, store: LocalStore) -> Result<LocalStore> {
        let dir = store.dir().to_owned();
        drop(store);
        LocalStore::open(dir)
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
async fn local_in_groups() {
    check(&Local::new(Durability::Group(
        std::time::Duration::from_millis(5),
    )))
    .await;
}
