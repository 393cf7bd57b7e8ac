//! Each hit with the chunks next to it.

use async_trait::async_trait;
use gori_core::{Context, Hit, Query, Result, Retriever, VectorStore};

use super::stitch::{around, span, widened};
use super::{DEFAULT_K, asking_for};

/// How far a neighbour is looked for, in bytes a neighbour.
const REACH: i64 = 4096;

/// Gives each hit with so many chunks before and behind it: where the chunks are sentences, the
/// sentence that is found and the window it is read in. A hit that already stands in the window
/// of a better one is left out.
#[derive(Clone, Debug)]
pub struct Window<R, S> {
    inner: R,
    store: S,
    chunks: usize,
    k: usize,
}

impl<R: Retriever, S: VectorStore> Window<R, S> {
    /// So many chunks on each side, read from the store that ingest filled.
    pub fn new(inner: R, store: S, chunks: usize) -> Self {
        Self {
            inner,
            store,
            chunks,
            k: DEFAULT_K,
        }
    }

    /// The chunks in the window of a hit.
    async fn window(&self, query: &Query, hit: &Hit) -> Result<Vec<Hit>> {
        let Some((from, to)) = span(&hit.metadata) else {
            return Ok(vec![hit.clone()]);
        };
        let reach = REACH.saturating_mul(i64::try_from(self.chunks).unwrap_or(i64::MAX));
        let bytes = (from.saturating_sub(reach), to.saturating_add(reach));
        let near = around(&self.store, query, hit, bytes).await?;
        let at = near
            .iter()
            .position(|other| other.id == hit.id)
            .unwrap_or(0);
        let window = at.saturating_sub(self.chunks)
            ..near
                .len()
                .min(at.saturating_add(self.chunks).saturating_add(1));
        Ok(near.get(window).unwrap_or_default().to_vec())
    }
}

#[async_trait]
impl<R: Retriever, S: VectorStore> Retriever for Window<R, S> {
    async fn retrieve(&self, cx: &Context, query: &Query) -> Result<Vec<Hit>> {
        let k = query.k.unwrap_or(self.k);
        let deep = asking_for(query, k.saturating_mul(2));
        let (mut hits, mut shown) = (Vec::new(), Vec::<String>::new());
        for hit in self.inner.retrieve(cx, &deep).await? {
            if hits.len() == k {
                break;
            }
            cx.check()?;
            if !shown.contains(&hit.id) {
                let window = self.window(query, &hit).await?;
                shown.extend(window.iter().map(|hit| hit.id.clone()));
                hits.push(widened(hit, &window));
            }
        }
        Ok(hits)
    }

    fn coverage(&self, question: &str) -> f32 {
        self.inner.coverage(question)
    }
}
