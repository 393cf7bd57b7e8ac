//! A plain store in memory: a map, and a look at every point.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use async_trait::async_trait;
use gori_core::{
    Capabilities, Filter, Hit, Metric, Point, Result, Search, Selection, VectorStore, sort_hits,
};

use crate::score::{Scorer, inverse_norm};
use crate::topk::TopK;

/// Points in memory, searched exactly. For tests, for what fits a screen, and as the plainest
/// example of a store; the local store is as quick to set up and survives its process.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// use gori_core::{Metadata, Point, Search, VectorStore};
/// use gori_vectorstores::MemoryStore;
///
/// let store = MemoryStore::new(2);
/// let cat = Point { id: "cat".into(), vector: vec![1.0, 0.1], text: "a cat".into(), metadata: Metadata::new() };
/// store.upsert(&[cat]).await?;
/// assert_eq!(store.search(&Search::new(&[1.0, 0.0], 1)).await?[0].id, "cat");
/// # Ok::<(), gori_core::Error>(()) }).unwrap();
/// ```
#[derive(Debug)]
pub struct MemoryStore {
    capabilities: Capabilities,
    points: RwLock<BTreeMap<String, (f32, Point)>>,
}

impl MemoryStore {
    /// An empty store of vectors of this many numbers, by cosine.
    pub fn new(dims: usize) -> Self {
        Self::with_metric(dims, Metric::Cosine)
    }

    /// An empty store with another metric.
    pub fn with_metric(dims: usize, metric: Metric) -> Self {
        let mut capabilities = Capabilities::new(dims);
        capabilities.metric = metric;
        Self {
            capabilities,
            points: RwLock::default(),
        }
    }
}

#[async_trait]
impl VectorStore for MemoryStore {
    fn capabilities(&self) -> Capabilities {
        self.capabilities.clone()
    }

    async fn upsert(&self, points: &[Point]) -> Result<()> {
        points
            .iter()
            .try_for_each(|point| point.check(self.capabilities.dims))?;
        let mut held = self.points.write().unwrap_or_else(PoisonError::into_inner);
        for point in points {
            let inverse = inverse_norm(&point.vector);
            held.insert(point.id.clone(), (inverse, point.clone()));
        }
        Ok(())
    }

    async fn search(&self, query: &Search<'_>) -> Result<Vec<Hit>> {
        query.check(self.capabilities.dims)?;
        let scorer = Scorer::new(self.capabilities.metric, query.vector);
        let held = self.points.read().unwrap_or_else(PoisonError::into_inner);
        let mut top = TopK::new(query.k, query.min_score);
        for (inverse, point) in held.values() {
            if query
                .filter
                .is_none_or(|filter| filter.matches(&point.metadata))
            {
                top.push(scorer.score(&point.vector, *inverse), point);
            }
        }
        let hit = |(score, point): (f32, &Point)| Hit {
            id: point.id.clone(),
            score,
            text: point.text.clone(),
            metadata: point.metadata.clone(),
            vector: query.with_vectors.then(|| point.vector.clone()),
            legs: Vec::new(),
        };
        let mut hits: Vec<Hit> = top.into_vec().into_iter().map(hit).collect();
        sort_hits(&mut hits);
        hits.truncate(query.k);
        Ok(hits)
    }

    async fn delete(&self, which: &Selection<'_>) -> Result<u64> {
        let mut held = self.points.write().unwrap_or_else(PoisonError::into_inner);
        let before = held.len();
        match which {
            Selection::Ids(ids) => {
                for id in *ids {
                    held.remove(*id);
                }
            }
            Selection::Filter(filter) => held.retain(|_, (_, p)| !filter.matches(&p.metadata)),
            Selection::All => held.clear(),
        }
        Ok((before - held.len()) as u64)
    }

    async fn get(&self, ids: &[&str]) -> Result<Vec<Point>> {
        let held = self.points.read().unwrap_or_else(PoisonError::into_inner);
        let found = ids.iter().filter_map(|id| held.get(*id));
        Ok(found.map(|(_, point)| point.clone()).collect())
    }

    async fn count(&self, filter: Option<&Filter>) -> Result<u64> {
        let held = self.points.read().unwrap_or_else(PoisonError::into_inner);
        let fits = |p: &Point| filter.is_none_or(|filter| filter.matches(&p.metadata));
        Ok(held.values().filter(|(_, point)| fits(point)).count() as u64)
    }
}
