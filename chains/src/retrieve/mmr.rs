//! Hits that do not repeat each other.

use async_trait::async_trait;
use gori_core::{
    Context, Embedder, Error, ErrorKind, Hit, Query, Result, ResultExt as _, Retriever, Role,
    cosine, sort_hits,
};

use super::{DEFAULT_K, asking_for, mark};

/// How many hits are looked at for each that is wanted.
const POOL: usize = 4;

/// Maximal marginal relevance: hit after hit, the one is taken that fits best and is least like
/// what was taken before.
///
/// A hit is worth `lambda x relevance - (1 - lambda) x likeness`, where relevance is its score as a
/// share of the best one's and likeness the largest cosine with a hit taken before. From
/// Carbonell and Goldstein, "The use of MMR, diversity-based reranking" (1998). That worth becomes
/// the score; the legs keep what the retriever within gave.
#[derive(Clone, Debug)]
pub struct Mmr<R, E> {
    inner: R,
    embedder: E,
    lambda: f32,
    k: usize,
}

impl<R: Retriever, E: Embedder> Mmr<R, E> {
    /// The name of its leg in [`Hit::legs`].
    pub const LEG: &'static str = "mmr";

    /// Chooses among what the retriever finds, with a lambda of 0.7. The embedder is asked for the
    /// vectors of those hits that come without.
    pub fn new(inner: R, embedder: E) -> Self {
        Self {
            inner,
            embedder,
            lambda: 0.7,
            k: DEFAULT_K,
        }
    }

    /// How much fitting counts against being new: 1 looks at nothing else, 0 not at all.
    #[must_use]
    pub fn lambda(mut self, lambda: f32) -> Self {
        self.lambda = lambda.clamp(0.0, 1.0);
        self
    }

    /// The vectors of the hits.
    async fn vectors(&self, cx: &Context, hits: &[Hit]) -> Result<Vec<Vec<f32>>> {
        let bare = || hits.iter().filter(|hit| hit.vector.is_none());
        let texts: Vec<&str> = bare().map(|hit| hit.text.as_str()).collect();
        let rows = if texts.is_empty() {
            Vec::new()
        } else {
            let rows = self
                .embedder
                .embed(cx, &texts, Role::Document)
                .await
                .at("mmr")?;
            rows.rows().map(<[f32]>::to_vec).collect()
        };
        if rows.len() != texts.len() {
            let message = format!("{} vectors for {} texts", rows.len(), texts.len());
            return Err(Error::new(ErrorKind::Model, message).at("mmr"));
        }
        let mut rows = rows.into_iter();
        let held = hits
            .iter()
            .map(|hit| hit.vector.clone().or_else(|| rows.next()));
        Ok(held.map(Option::unwrap_or_default).collect())
    }

    /// Takes hits one by one.
    fn choose(&self, hits: Vec<Hit>, vectors: Vec<Vec<f32>>, k: usize) -> Vec<Hit> {
        let best = hits.first().map_or(0.0, |hit| hit.score);
        let mut left: Vec<Candidate> = (hits.into_iter().zip(vectors))
            .map(|(hit, vector)| Candidate {
                relevance: if best > 0.0 { hit.score / best } else { 0.0 },
                likeness: 0.0,
                hit,
                vector,
            })
            .collect();
        let worth = |candidate: &Candidate| {
            self.lambda * candidate.relevance - (1.0 - self.lambda) * candidate.likeness
        };
        let mut taken = Vec::new();
        while taken.len() < k {
            let next = left.iter().enumerate().max_by(|(_, a), (_, b)| {
                worth(a)
                    .total_cmp(&worth(b))
                    .then_with(|| b.hit.id.cmp(&a.hit.id))
            });
            let Some((at, _)) = next else { break };
            let mut next = left.swap_remove(at);
            next.hit.score = worth(&next);
            for candidate in &mut left {
                let likeness = cosine(&candidate.vector, &next.vector);
                candidate.likeness = candidate.likeness.max(likeness);
            }
            taken.push(next.hit);
        }
        taken
    }
}

struct Candidate {
    hit: Hit,
    vector: Vec<f32>,
    relevance: f32,
    likeness: f32,
}

#[async_trait]
impl<R: Retriever, E: Embedder> Retriever for Mmr<R, E> {
    async fn retrieve(&self, cx: &Context, query: &Query) -> Result<Vec<Hit>> {
        let k = query.k.unwrap_or(self.k);
        let pool = asking_for(query, k.saturating_mul(POOL));
        let hits = self.inner.retrieve(cx, &pool).await?;
        let vectors = self.vectors(cx, &hits).await?;
        let mut taken = self.choose(hits, vectors, k);
        sort_hits(&mut taken);
        mark(&mut taken, Self::LEG);
        Ok(taken)
    }

    fn coverage(&self, question: &str) -> f32 {
        self.inner.coverage(question)
    }
}
