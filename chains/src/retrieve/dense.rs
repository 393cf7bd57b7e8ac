//! Retrieval by the nearness of vectors.

use async_trait::async_trait;
use gori_core::{
    Context, Embedder, Error, ErrorKind, Hit, Leg, Query, Result, ResultExt as _, Retriever, Role,
    Search, VectorStore,
};

/// Embeds the question and takes the nearest points.
#[derive(Clone, Debug)]
pub struct Dense<E, S> {
    embedder: E,
    store: S,
    k: usize,
    min_score: Option<f32>,
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
            k: 8,
            min_score: None,
        }
    }

    /// Only points that score at least this.
    #[must_use]
    pub fn min_score(mut self, score: f32) -> Self {
        self.min_score = Some(score);
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
        let mut hits = self.store.search(&search).await.at("search")?;
        for (rank, hit) in (1..).zip(&mut hits) {
            hit.legs = vec![Leg {
                name: Self::LEG,
                rank,
                score: hit.score,
            }];
        }
        Ok(hits)
    }
}
