//! What was found, in the order of who reads it closely.

mod embedder;
mod llm;

use async_trait::async_trait;
use gori_core::{
    Context, Error, ErrorKind, Hit, Query, Reranker, Result, ResultExt as _, Retriever, sort_hits,
};

pub use embedder::EmbedderReranker;
pub use llm::LlmReranker;

use super::{DEFAULT_K, asking_for, mark};

/// Asks a retriever for more than is wanted and a [`Reranker`] for the best of it. The reranker's
/// score becomes the hit's; the legs keep what the retriever gave, and a leg `rerank` is added.
#[derive(Clone, Debug)]
pub struct Rerank<R, K> {
    inner: R,
    reranker: K,
    pool: usize,
    k: usize,
}

impl<R: Retriever, K: Reranker> Rerank<R, K> {
    /// The name of its leg in [`Hit::legs`].
    pub const LEG: &'static str = "rerank";

    /// Looks at 20 hits, or at as many as are wanted where that is more.
    pub fn new(inner: R, reranker: K) -> Self {
        Self {
            inner,
            reranker,
            pool: 20,
            k: DEFAULT_K,
        }
    }

    /// How many hits are looked at.
    #[must_use]
    pub fn pool(mut self, hits: usize) -> Self {
        self.pool = hits.max(1);
        self
    }
}

#[async_trait]
impl<R: Retriever, K: Reranker> Retriever for Rerank<R, K> {
    async fn retrieve(&self, cx: &Context, query: &Query) -> Result<Vec<Hit>> {
        let k = query.k.unwrap_or(self.k);
        if k == 0 {
            return Ok(Vec::new());
        }
        let pool = asking_for(query, self.pool.max(k));
        let mut hits = self.inner.retrieve(cx, &pool).await?;
        let texts: Vec<&str> = hits.iter().map(|hit| hit.text.as_str()).collect();
        let scores = self
            .reranker
            .rerank(cx, &query.text, &texts)
            .await
            .at("rerank")?;
        if scores.len() != hits.len() || !scores.iter().all(|score| score.is_finite()) {
            let message = format!("{} usable scores for {} texts", scores.len(), hits.len());
            return Err(Error::new(ErrorKind::Model, message)
                .about(self.reranker.id())
                .at("rerank"));
        }
        for (hit, score) in hits.iter_mut().zip(scores) {
            hit.score = score;
        }
        sort_hits(&mut hits);
        hits.truncate(k);
        mark(&mut hits, Self::LEG);
        Ok(hits)
    }

    fn coverage(&self, question: &str) -> f32 {
        self.inner.coverage(question)
    }
}
