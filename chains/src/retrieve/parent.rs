//! Small chunks are searched, the larger ones they were cut from are read.

use std::collections::BTreeSet;

use async_trait::async_trait;
use gori_core::{Context, Hit, Query, Result, Retriever, Value, VectorStore, field};

use super::stitch::{around, widened};
use super::{DEFAULT_K, asking_for};

/// Gives in the place of each hit the [parent](gori_core::Chunk::parent) that its splitter cut it
/// from, put together from the chunks of it in the store. Hits of one parent become one, at the
/// place of the best. A hit without a parent stays as it is.
#[derive(Clone, Debug)]
pub struct Parent<R, S> {
    inner: R,
    store: S,
    k: usize,
}

impl<R: Retriever, S: VectorStore> Parent<R, S> {
    /// Reads parents from the store that ingest filled.
    pub fn new(inner: R, store: S) -> Self {
        Self {
            inner,
            store,
            k: DEFAULT_K,
        }
    }
}

/// What tells a parent: source, part, and its bytes.
type Key = (Option<String>, Option<i64>, Option<String>, (i64, i64));

fn key(hit: &Hit) -> Option<Key> {
    let value = |name: &'static str| hit.metadata.get(name);
    let text = |name| value(name).and_then(Value::as_str).map(str::to_owned);
    let int = |name| value(name).and_then(Value::as_int);
    let bytes = (int(field::PARENT)?, int(field::PARENT_END)?);
    Some((
        text(field::SOURCE),
        int(field::PAGE),
        text(field::PART),
        bytes,
    ))
}

#[async_trait]
impl<R: Retriever, S: VectorStore> Retriever for Parent<R, S> {
    async fn retrieve(&self, cx: &Context, query: &Query) -> Result<Vec<Hit>> {
        let k = query.k.unwrap_or(self.k);
        let deep = asking_for(query, k.saturating_mul(4));
        let (mut parents, mut seen) = (Vec::new(), BTreeSet::new());
        for hit in self.inner.retrieve(cx, &deep).await? {
            if parents.len() == k {
                break;
            }
            cx.check()?;
            match key(&hit) {
                Some(key) if seen.contains(&key) => {}
                Some(key) => {
                    let chunks = around(&self.store, query, &hit, key.3).await?;
                    parents.push(widened(hit, &chunks));
                    seen.insert(key);
                }
                None => parents.push(hit),
            }
        }
        Ok(parents)
    }

    fn coverage(&self, question: &str) -> f32 {
        self.inner.coverage(question)
    }
}
