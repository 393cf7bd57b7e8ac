//! Retrieval by the nearness of vectors.

use async_trait::async_trait;
use gori_core::{
    Context, Embedder, Error, ErrorKind, Hit, Query, Result, ResultExt as _, Retriever, Role,
    Search, VectorStore,
};

use super::{DEFAULT_K, mark};

/// Embeds the question and takes the nearest points.
#[derive(Clone, Debug)]
pub struct Dense<E, S> {
    embedder: E,
    store: S,
    k: usize,
    min_score: Option<f32>,
    with_vectors: bool,
}

impl<E: Embedder, S: VectorStore> Dense<E, S> {
    /// The name of its leg in [`Hit::legs`].
    pub const LEG: &'static str = "dense";

    /// Searches the store with the embedder's vectors; 8 hits unless the question says
    /// otherwise.
    pub fn new(embedder: E, store: S) -> Self {
        Self {
            embedder,
            store,
            k: DEFAULT_K,
            min_score: None,
            with_vectors: false,
        }
    }

    /// Only points that score at least this.
    #[must_use]
    pub fn min_score(mut self, score: f32) -> Self {
        self.min_score = Some(score);
        self
    }

    /// Hits carry their vectors, which saves a following [`Mmr`](super::Mmr) from embedding
    /// their texts.
    #[must_use]
    pub fn with_vectors(mut self) -> Self {
        self.with_vectors = true;
        self
    }
}

#[async_trait]
impl<E: Embedder, S: VectorStore> Retriever for Dense<E, S> {
    async fn retrieve(&self, cx: &Context, query: &Query) -> Result<Vec<Hit>> {
        let rows = self
            .embedder
            .embed(cx, &[&query.text], Role::Query)
            .await
            .at("embed")?;
        let vector = rows.row(0).ok_or_else(|| {
            Error::new(
                ErrorKind::Model,
                "the embedder gave no vector for the question",
            )
        })?;
        let mut search = Search::new(vector, query.k.unwrap_or(self.k));
        search.filter = query.filter.as_ref();
        search.min_score = self.min_score;
        search.with_vectors = self.with_vectors;
        let mut hits = self.store.search(&search).await.at("search")?;
        mark(&mut hits, Self::LEG);
        Ok(hits)
    }

    fn coverage(&self, question: &str) -> f32 {
        self.embedder.coverage(question)
    }
}
