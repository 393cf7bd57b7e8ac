use std::collections::BTreeMap;
use std::fmt;

use gori_core::Hit;

/// How well a retriever does over many questions, from the rank at which each found what it
/// should have.
///
/// The measures are those of Manning, Raghavan and Schütze, *Introduction to Information
/// Retrieval* (2008), chapter 8, for questions with one right passage: there the ideal DCG is 1,
/// so that nDCG is the mean of `1 / log2(rank + 1)` (Järvelin and Kekäläinen 2002). All lie
/// between 0 and 1, and without a question they are 0.
///
/// ```
/// use gori_chains::retrieve::Ranks;
///
/// let mut ranks = Ranks::default();
/// ranks.add(Some(1));
/// ranks.add(Some(3));
/// ranks.add(None);
/// assert_eq!(ranks.recall(1), 1.0 / 3.0);
/// assert_eq!(ranks.mrr(10), (1.0 + 1.0 / 3.0) / 3.0);
/// assert_eq!(ranks.ndcg(10), 0.5);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranks {
    found: BTreeMap<usize, u32>,
    questions: u32,
}

impl Ranks {
    /// Adds a question whose passage stood at this rank, counted from 1, or was not found.
    pub fn add(&mut self, rank: Option<usize>) {
        self.questions += 1;
        if let Some(rank) = rank {
            *self.found.entry(rank.max(1)).or_default() += 1;
        }
    }

    /// Adds a question for which these were found, best first, and this id was the right one.
    pub fn add_hits(&mut self, hits: &[Hit], right: &str) {
        let place = hits.iter().position(|hit| hit.id == right);
        self.add(place.map(|place| place + 1));
    }

    /// How many questions there were.
    #[must_use]
    pub fn questions(&self) -> u32 {
        self.questions
    }

    /// The share of the questions whose passage is among the first `k`.
    #[must_use]
    pub fn recall(&self, k: usize) -> f64 {
        self.mean(k, |_| 1.0)
    }

    /// The mean reciprocal rank, 0 for what is not among the first `k`.
    #[must_use]
    pub fn mrr(&self, k: usize) -> f64 {
        self.mean(k, |rank| 1.0 / rank)
    }

    /// The normalised discounted cumulative gain of the first `k`.
    #[must_use]
    pub fn ndcg(&self, k: usize) -> f64 {
        self.mean(k, |rank| 1.0 / (rank + 1.0).log2())
    }

    fn mean(&self, k: usize, gain: impl Fn(f64) -> f64) -> f64 {
        let gained = self.found.range(..=k).map(|(rank, count)| {
            let rank = u32::try_from(*rank).unwrap_or(u32::MAX);
            gain(f64::from(rank)) * f64::from(*count)
        });
        // A sum of no floats is -0.
        gained.fold(0.0, |sum, gain| sum + gain) / f64::from(self.questions.max(1))
    }
}

/// One line: `R@1=… R@5=… R@10=… MRR@10=… nDCG@10=…`.
impl fmt::Display for Ranks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "R@1={:.3} R@5={:.3} R@10={:.3} MRR@10={:.3} nDCG@10={:.3}",
            self.recall(1),
            self.recall(5),
            self.recall(10),
            self.mrr(10),
            self.ndcg(10),
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_measure_is_the_mean_over_the_questions(
            ranks in proptest::collection::vec(proptest::option::of(1_usize..15), 0..60), k in 1_usize..20
        ) {
            let mut all = Ranks::default();
            ranks.iter().for_each(|rank| all.add(*rank));
            let mean = |gain: &dyn Fn(f64) -> f64| {
                let within = ranks.iter().flatten().filter(|rank| **rank <= k);
                within.map(|rank| gain(*rank as f64)).sum::<f64>() / ranks.len().max(1) as f64
            };
            prop_assert!((all.recall(k) - mean(&|_| 1.0)).abs() < 1e-12);
            prop_assert!((all.mrr(k) - mean(&|r| 1.0 / r)).abs() < 1e-12);
            prop_assert!((all.ndcg(k) - mean(&|r| 1.0 / (r + 1.0).log2())).abs() < 1e-12);
            prop_assert!(all.mrr(k) <= all.ndcg(k) + 1e-12 && all.ndcg(k) <= all.recall(k) + 1e-12);
        }
    }

    #[test]
    fn no_question_gives_zeros_and_no_nan() {
        let none = Ranks::default().to_string();
        assert_eq!(
            none,
            "R@1=0.000 R@5=0.000 R@10=0.000 MRR@10=0.000 nDCG@10=0.000"
        );
    }
}
