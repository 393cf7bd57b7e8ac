//! A store of your own: implement one port, and every chain works with it.
//!
//! `cargo run --release --example custom_store`
#![allow(clippy::print_stdout, reason = "it talks to a person")]
mod support;

use async_trait::async_trait;
use gori::{ingest::ingest, retrieve::*, splitters::Auto, *};
use tokio::sync::Mutex;

/// Points in a list. The documentation of [`VectorStore`] says what is asked of it.
#[derive(Debug)]
struct List(usize, Mutex<Vec<Point>>);

#[async_trait]
impl VectorStore for List {
    fn capabilities(&self) -> Capabilities {
        Capabilities::new(self.0)
    }
    async fn upsert(&self, new: &[Point]) -> Result<()> {
        new.iter().try_for_each(|point| point.check(self.0))?;
        let mut points = self.1.lock().await;
        for point in new {
            points.retain(|old| old.id != point.id);
            points.push(point.clone());
        }
        Ok(())
    }
    async fn search(&self, query: &Search<'_>) -> Result<Vec<Hit>> {
        query.check(self.0)?;
        let points = self.1.lock().await;
        let mut hits: Vec<Hit> = points.iter().filter_map(|p| wanted(p, query)).collect();
        sort_hits(&mut hits);
        hits.truncate(query.k);
        Ok(hits)
    }
    async fn delete(&self, which: &Selection<'_>) -> Result<u64> {
        let gone = |point: &mut Point| match which {
            Selection::Ids(ids) => ids.contains(&point.id.as_str()),
            Selection::Filter(filter) => filter.matches(&point.metadata),
            Selection::All => true,
        };
        Ok(self.1.lock().await.extract_if(.., gone).count() as u64)
    }
    async fn get(&self, ids: &[&str]) -> Result<Vec<Point>> {
        let points = self.1.lock().await;
        let find = |id: &&str| points.iter().find(|point| point.id == *id).cloned();
        Ok(ids.iter().filter_map(find).collect())
    }
    async fn count(&self, filter: Option<&Filter>) -> Result<u64> {
        let kept = |point: &&Point| filter.is_none_or(|f| f.matches(&point.metadata));
        Ok(self.1.lock().await.iter().filter(kept).count() as u64)
    }
}

#[rustfmt::skip]
fn wanted(point: &Point, query: &Search<'_>) -> Option<Hit> {
    let score = cosine(&point.vector, query.vector);
    let kept = query.filter.is_none_or(|filter| filter.matches(&point.metadata));
    let Point { id, vector, text, metadata } = point.clone();
    (kept && score >= query.min_score.unwrap_or(-1.0)).then_some(Hit { id, score, text, metadata, vector: query.with_vectors.then_some(vector), legs: vec![] })
}

#[tokio::main]
async fn main() -> Result<()> {
    let embedder = support::encoder("all-minilm-l6-v2").await?;
    let store = List(embedder.dims(), Mutex::default());
    let quay = Document::new("quay.md", "Ropes on the quay are measured in fathoms.");
    let disk = Document::new("disk.md", "Every write is synced before it counts.");
    let docs = vec![quay, disk];
    ingest(&docs, &Auto::chars(900), &embedder, &store).await?;
    let chain = retrieve(Dense::new(&embedder, &store), 8);
    let question = Query::new("How long is a rope?");
    let found = chain.call(&Context::new(), question).await?;
    for hit in found.hits {
        println!("{:.3}  {}", hit.score, hit.text);
    }
    Ok(())
}
