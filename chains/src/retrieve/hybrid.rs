//! Words and vectors together.

use async_trait::async_trait;
use gori_core::{Context, Hit, Query, Result, Retriever};

use super::fuse::{Fusion, List, fuse};
use super::{DEFAULT_K, asking_for};

/// A leg that can read less than this share of the question is not asked.
const READABLE: f32 = 0.5;

/// The least that each leg is asked for: what is second in both may be the best of all.
const DEPTH: usize = 50;

/// Asks two retrievers, by words and by vectors as a rule, and fuses what they find.
///
/// A leg steps back by itself when it cannot read the question: its weight is multiplied by its
/// [`coverage`](Retriever::coverage), and below a half it is not asked at all. An English
/// embedder gives a Korean question a vector all the same, near to nothing that matters; with
/// both legs at full weight such questions find the right paragraph half as often as by words
/// alone.
///
/// ```
/// # use gori_core::{LexicalIndex, Metadata, Point, Query, Retriever, VectorStore, Context};
/// # use gori_testkit::{HashEmbedder, MapStore};
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use gori_chains::retrieve::{Dense, Hybrid, Lexical};
/// # let (embedder, store, words) = (HashEmbedder::new(16), MapStore::new(16), MapStore::new(16));
/// # let text = "Keys are rotated every 90 days.";
/// # let point = Point { id: "a".into(), vector: embedder.vector(text), text: text.into(), metadata: Metadata::new() };
/// # VectorStore::upsert(&store, std::slice::from_ref(&point)).await?;
/// # LexicalIndex::upsert(&words, &[point]).await?;
///
/// let hybrid = Hybrid::new(Lexical::new(&words), Dense::new(&embedder, &store));
/// let hits = hybrid.retrieve(&Context::new(), &Query::new("rotated keys")).await?;
/// let legs: Vec<&str> = hits[0].legs.iter().map(|leg| leg.name).collect();
/// assert_eq!(legs, ["lexical", "dense"]);
/// # Ok::<(), gori_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct Hybrid<L, D> {
    lexical: L,
    dense: D,
    weights: (f32, f32),
    fusion: Fusion,
    k: usize,
}

impl<L: Retriever, D: Retriever> Hybrid<L, D> {
    /// Fuses by reciprocal ranks; the words weigh 1, the vectors 0.7. Around these numbers the
    /// result is flat, see `benches/RESULTS.md`. 8 hits unless the question says otherwise.
    pub fn new(lexical: L, dense: D) -> Self {
        Self {
            lexical,
            dense,
            weights: (1.0, 0.7),
            fusion: Fusion::default(),
            k: DEFAULT_K,
        }
    }

    /// What each leg weighs. Negative numbers count as 0, and a leg of weight 0 is not asked.
    #[must_use]
    pub fn weights(mut self, lexical: f32, dense: f32) -> Self {
        self.weights = (lexical.max(0.0), dense.max(0.0));
        self
    }

    /// How the lists are fused.
    #[must_use]
    pub fn fusion(mut self, fusion: Fusion) -> Self {
        self.fusion = fusion;
        self
    }

    /// The weights for a question, each leg's by what it can read of it. When neither can read
    /// it, both are asked.
    fn weights_for(&self, question: &str) -> (f32, f32) {
        let by = |weight: f32, coverage: f32| {
            let share = coverage.clamp(0.0, 1.0);
            if share < READABLE {
                0.0
            } else {
                weight * share
            }
        };
        let lexical = by(self.weights.0, self.lexical.coverage(question));
        let dense = by(self.weights.1, self.dense.coverage(question));
        if lexical > 0.0 || dense > 0.0 {
            (lexical, dense)
        } else {
            self.weights
        }
    }
}

async fn ask<R: Retriever>(
    retriever: &R,
    cx: &Context,
    query: &Query,
    weight: f32,
) -> Result<List> {
    let hits = if weight > 0.0 {
        retriever.retrieve(cx, query).await?
    } else {
        Vec::new()
    };
    Ok(List { weight, hits })
}

#[async_trait]
impl<L: Retriever, D: Retriever> Retriever for Hybrid<L, D> {
    async fn retrieve(&self, cx: &Context, query: &Query) -> Result<Vec<Hit>> {
        let k = query.k.unwrap_or(self.k);
        if k == 0 {
            return Ok(Vec::new());
        }
        let deep = asking_for(query, k.max(DEPTH));
        let (lexical, dense) = self.weights_for(&query.text);
        let (lexical, dense) = futures_util::try_join!(
            ask(&self.lexical, cx, &deep, lexical),
            ask(&self.dense, cx, &deep, dense),
        )?;
        let mut hits = fuse(vec![lexical, dense], self.fusion);
        hits.truncate(k);
        Ok(hits)
    }

    fn coverage(&self, question: &str) -> f32 {
        self.lexical
            .coverage(question)
            .max(self.dense.coverage(question))
    }
}
