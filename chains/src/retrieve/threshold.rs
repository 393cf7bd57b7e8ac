//! What scores too low is left out.

use async_trait::async_trait;
use gori_core::{Context, Hit, Query, Result, Retriever};

/// Leaves out hits below a score: rather no answer than one from what only half fits.
///
/// The score is on the scale of the retriever within: a cosine of [`Dense`](super::Dense), a sum
/// of word weights of [`Lexical`](super::Lexical), a sum of reciprocal ranks of
/// [`Hybrid`](super::Hybrid). Since most of these have no meaning of their own, a share of the best
/// hit's score, or the score in one leg, is often the better measure.
#[derive(Clone, Debug)]
pub struct Threshold<R> {
    inner: R,
    least: Least,
}

#[derive(Clone, Copy, Debug)]
enum Least {
    Score(f32),
    ShareOfBest(f32),
    Leg(&'static str, f32),
}

impl<R: Retriever> Threshold<R> {
    /// At least this score.
    pub fn score(inner: R, score: f32) -> Self {
        let least = Least::Score(score);
        Self { inner, least }
    }

    /// At least this share of the best hit's score, such as 0.5.
    pub fn share_of_best(inner: R, share: f32) -> Self {
        let least = Least::ShareOfBest(share);
        Self { inner, least }
    }

    /// At least this score in the [leg](Hit::legs) of this name. Hits without the leg are left
    /// out.
    pub fn leg(inner: R, name: &'static str, score: f32) -> Self {
        let least = Least::Leg(name, score);
        Self { inner, least }
    }

    fn keeps(&self, hit: &Hit, best: f32) -> bool {
        match self.least {
            Least::Score(score) => hit.score >= score,
            Least::ShareOfBest(share) => hit.score >= share * best,
            Least::Leg(name, score) => {
                (hit.legs.iter()).any(|leg| leg.name == name && leg.score >= score)
            }
        }
    }
}

#[async_trait]
impl<R: Retriever> Retriever for Threshold<R> {
    async fn retrieve(&self, cx: &Context, query: &Query) -> Result<Vec<Hit>> {
        let mut hits = self.inner.retrieve(cx, query).await?;
        let best = hits.first().map_or(0.0, |hit| hit.score);
        hits.retain(|hit| self.keeps(hit, best));
        Ok(hits)
    }

    fn coverage(&self, question: &str) -> f32 {
        self.inner.coverage(question)
    }
}
