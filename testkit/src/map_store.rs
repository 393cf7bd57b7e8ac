//! A store that is a plain map: the model that others are compared with.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use gori_core::{
    Capabilities, Filter, Hit, LexicalIndex, Point, Result, Search, Selection, VectorStore, cosine,
    sort_hits,
};

/// Points in a map, searched one by one with the cosine.
#[derive(Debug)]
pub struct MapStore {
    dims: usize,
    points: Mutex<BTreeMap<String, Point>>,
}

impl MapStore {
    /// For vectors of so many numbers.
    pub fn new(dims: usize) -> Self {
        Self {
            dims,
            points: Mutex::default(),
        }
    }

    /// Everything in it.
    pub fn points(&self) -> BTreeMap<String, Point> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Point>> {
        self.points.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remove(&self, which: &Selection<'_>) -> u64 {
        let mut points = self.lock();
        let before = points.len();
        points.retain(|id, point| match which {
            Selection::Ids(ids) => !ids.contains(&id.as_str()),
            Selection::Filter(filter) => !filter.matches(&point.metadata),
            Selection::All => false,
        });
        (before - points.len()) as u64
    }

    fn hits(&self, filter: Option<&Filter>, score: impl Fn(&Point) -> f32) -> Vec<Hit> {
        let points = self.lock();
        let kept = points
            .values()
            .filter(|p| filter.is_none_or(|f| f.matches(&p.metadata)));
        let hit = |point: &Point| Hit {
            id: point.id.clone(),
            score: score(point),
            text: point.text.clone(),
            metadata: point.metadata.clone(),
            vector: Some(point.vector.clone()),
            legs: Vec::new(),
        };
        let mut hits: Vec<Hit> = kept.map(hit).collect();
        sort_hits(&mut hits);
        hits
    }
}

#[async_trait]
impl VectorStore for MapStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities::new(self.dims)
    }
    async fn upsert(&self, points: &[Point]) -> Result<()> {
        points.iter().try_for_each(|point| point.check(self.dims))?;
        self.lock()
            .extend(points.iter().map(|point| (point.id.clone(), point.clone())));
        Ok(())
    }
    async fn search(&self, query: &Search<'_>) -> Result<Vec<Hit>> {
        query.check(self.dims)?;
        let mut hits = self.hits(query.filter, |point| cosine(&point.vector, query.vector));
        hits.retain(|hit| query.min_score.is_none_or(|least| hit.score >= least));
        hits.truncate(query.k);
        if !query.with_vectors {
            hits.iter_mut().for_each(|hit| hit.vector = None);
        }
        Ok(hits)
    }
    async fn delete(&self, which: &Selection<'_>) -> Result<u64> {
        Ok(self.remove(which))
    }
    async fn get(&self, ids: &[&str]) -> Result<Vec<Point>> {
        let points = self.lock();
        Ok(ids
            .iter()
            .filter_map(|id| points.get(*id).cloned())
            .collect())
    }
    async fn count(&self, filter: Option<&Filter>) -> Result<u64> {
        let holds = |point: &&Point| filter.is_none_or(|f| f.matches(&point.metadata));
        Ok(self.lock().values().filter(holds).count() as u64)
    }
}

/// By the number of the question's words that a text holds.
#[async_trait]
impl LexicalIndex for MapStore {
    async fn upsert(&self, points: &[Point]) -> Result<()> {
        points.iter().try_for_each(Point::check_text)?;
        self.lock()
            .extend(points.iter().map(|point| (point.id.clone(), point.clone())));
        Ok(())
    }
    async fn search(&self, query: &str, k: usize, filter: Option<&Filter>) -> Result<Vec<Hit>> {
        let words: Vec<String> = query.split_whitespace().map(str::to_lowercase).collect();
        let mut hits = self.hits(filter, |point| {
            let text = point.text.to_lowercase();
            words
                .iter()
                .map(|word| f32::from(u8::from(text.contains(word.as_str()))))
                .sum()
        });
        hits.retain(|hit| hit.score > 0.0);
        hits.truncate(k);
        hits.iter_mut().for_each(|hit| hit.vector = None);
        Ok(hits)
    }
    async fn delete(&self, which: &Selection<'_>) -> Result<u64> {
        Ok(self.remove(which))
    }
    async fn count(&self) -> Result<u64> {
        Ok(self.lock().len() as u64)
    }
}
