//! Several lists of hits become one.

use std::collections::BTreeMap;

use gori_core::{Hit, Leg, sort_hits};

/// How lists of hits become one. Every list has a weight.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Fusion {
    /// Reciprocal rank fusion: a hit gets `weight / (k + rank)` from each list it is in. Only
    /// ranks count, so that scores of any scale go together. From Cormack, Clarke and
    /// Büttcher, "Reciprocal rank fusion outperforms Condorcet and individual rank learning
    /// methods" (2009), where k is 60 for lists of a thousand; for lists of fifty a smaller one
    /// tells the first places apart.
    Rrf {
        /// How little the first places stand out; above 0.
        k: f32,
    },
    /// A hit gets `weight x score / best score` from each list it is in: a convex combination,
    /// as in Bruch, Gai and Ingber, "An analysis of fusion functions for hybrid retrieval"
    /// (2023). By how much a hit is better counts too. For scores that are 0 where nothing is
    /// shared, such as BM25 and the cosine; lower ones count as 0.
    Scores,
}

impl Default for Fusion {
    fn default() -> Self {
        Self::Rrf { k: 10.0 }
    }
}

/// A list of hits, best first, and its weight.
#[derive(Debug)]
pub(super) struct List {
    pub(super) weight: f32,
    pub(super) hits: Vec<Hit>,
}

/// Fuses the lists. A hit of several lists has the legs of all; where lists share a leg, that
/// with the better rank stays.
pub(super) fn fuse(lists: Vec<List>, fusion: Fusion) -> Vec<Hit> {
    let mut fused = BTreeMap::<String, Hit>::new();
    for List { weight, hits } in lists {
        let best = hits.first().map_or(0.0, |hit| hit.score);
        for (rank, mut hit) in (1..).zip(hits) {
            let worth = weight * worth(fusion, rank, hit.score, best);
            match fused.get_mut(&hit.id) {
                Some(known) => {
                    known.score += worth;
                    known.vector = known.vector.take().or(hit.vector);
                    join(&mut known.legs, hit.legs);
                }
                None => {
                    hit.score = worth;
                    fused.insert(hit.id.clone(), hit);
                }
            }
        }
    }
    let mut hits: Vec<Hit> = fused.into_values().collect();
    sort_hits(&mut hits);
    hits
}

#[expect(clippy::cast_precision_loss, reason = "ranks are far below 2^24")]
fn worth(fusion: Fusion, rank: usize, score: f32, best: f32) -> f32 {
    match fusion {
        Fusion::Rrf { k } => 1.0 / (k + rank as f32),
        Fusion::Scores if best > 0.0 => (score / best).max(0.0),
        Fusion::Scores => 0.0,
    }
}

/// Adds legs, the better rank of each name.
pub(super) fn join(legs: &mut Vec<Leg>, more: Vec<Leg>) {
    for leg in more {
        match legs.iter_mut().find(|known| known.name == leg.name) {
            Some(known) if known.rank <= leg.rank => {}
            Some(known) => *known = leg,
            None => legs.push(leg),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn list(weight: f32, name: &'static str, hits: &[(&str, f32)]) -> List {
        let hits = hits.iter().zip(1..).map(|((id, score), rank)| Hit {
            id: (*id).to_owned(),
            score: *score,
            text: String::new(),
            metadata: Default::default(),
            vector: None,
            legs: vec![Leg {
                name,
                rank,
                score: *score,
            }],
        });
        List {
            weight,
            hits: hits.collect(),
        }
    }

    #[test]
    fn what_two_lists_agree_on_comes_first_and_tells_why() {
        let lists = || {
            vec![
                list(1.0, "lexical", &[("a", 9.0), ("b", 8.0)]),
                list(0.7, "dense", &[("b", 0.8), ("c", 0.4)]),
            ]
        };
        let hits = fuse(lists(), Fusion::Rrf { k: 20.0 });
        let ids: Vec<&str> = hits.iter().map(|hit| hit.id.as_str()).collect();
        assert_eq!(ids, ["b", "a", "c"]);
        let near = |a: f32, b: f32| (a - b).abs() < 1e-6;
        assert!(near(hits[0].score, 1.0 / 22.0 + 0.7 / 21.0));
        let legs: Vec<_> = hits[0]
            .legs
            .iter()
            .map(|leg| (leg.name, leg.rank))
            .collect();
        assert_eq!(legs, [("lexical", 2), ("dense", 1)]);
        let hits = fuse(lists(), Fusion::Scores);
        assert!(near(hits[0].score, 8.0 / 9.0 + 0.7) && near(hits[2].score, 0.35));
    }

    #[test]
    fn a_list_that_finds_nothing_takes_nothing_away() {
        for fusion in [Fusion::default(), Fusion::Scores] {
            let hits = fuse(
                vec![
                    list(1.0, "lexical", &[]),
                    list(0.7, "dense", &[("a", 0.5), ("b", 0.1)]),
                ],
                fusion,
            );
            assert_eq!(hits.len(), 2);
            assert_eq!(hits[0].id, "a");
        }
    }

    proptest! {
        #[test]
        fn better_in_every_list_is_better_fused(
            scores in prop::collection::vec((0.01_f32..10.0, 0.01_f32..1.0), 2..12), rrf: bool
        ) {
            let fusion = if rrf { Fusion::default() } else { Fusion::Scores };
            let one = |name, weight, of: &dyn Fn(&(f32, f32)) -> f32| {
                let mut rows: Vec<(String, f32)> = scores.iter().enumerate().map(|(i, s)| (format!("p{i:02}"), of(s))).collect();
                rows.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
                let rows: Vec<(&str, f32)> = rows.iter().map(|(id, s)| (id.as_str(), *s)).collect();
                list(weight, name, &rows)
            };
            let hits = fuse(vec![one("a", 1.0, &|s| s.0), one("b", 0.7, &|s| s.1)], fusion);
            let at = |i: usize| hits.iter().position(|hit| hit.id == format!("p{i:02}")).unwrap();
            for (i, a) in scores.iter().enumerate() {
                for (j, b) in scores.iter().enumerate() {
                    if a.0 > b.0 && a.1 > b.1 {
                        prop_assert!(at(i) < at(j) || hits[at(i)].score - hits[at(j)].score > -1e-6);
                    }
                }
            }
        }
    }
}
