//! Finding the way through a graph towards the rows that score best.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::bits::Bits;
use super::graph::{DEGREE, Graph, Layer, Lists};
use crate::kernel::prefetch;

/// A score and its row as one number that sorts by score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ranked(u64);

impl Ranked {
    pub(crate) fn new(score: f32, row: u32) -> Self {
        let bits = score.to_bits();
        let ordered = if bits >> 31 == 0 {
            bits | 1 << 31
        } else {
            !bits
        };
        Self((u64::from(ordered) << 32) | u64::from(row))
    }

    #[expect(clippy::cast_possible_truncation, reason = "the row is the lower half")]
    pub(crate) fn row(self) -> u32 {
        self.0 as u32
    }

    pub(crate) fn score(self) -> f32 {
        let ordered = (self.0 >> 32) as u32;
        f32::from_bits(if ordered >> 31 == 1 {
            ordered & !(1 << 31)
        } else {
            !ordered
        })
    }
}

/// What a walk is towards: gives rows their scores.
pub(crate) trait Goal {
    /// How well a row fits; higher is better.
    fn score(&self, row: u32) -> f32;

    /// Says that the score of a row is asked for soon.
    fn announce(&self, row: u32);

    /// The scores of four rows.
    fn score4(&self, rows: [u32; 4]) -> [f32; 4];

    fn ranked(&self, row: u32) -> Ranked {
        Ranked::new(self.score(row), row)
    }
}

/// Where the links of rows are found.
pub(crate) trait Links {
    /// The rows that a row is linked to.
    fn of(&self, row: u32) -> &[u32];

    /// Says that the links of a row may be asked for soon.
    fn announce(&self, row: u32);
}

impl Links for Lists<'_> {
    fn of(&self, row: u32) -> &[u32] {
        self.at(row as usize)
    }

    fn announce(&self, row: u32) {
        prefetch(bytemuck::cast_slice(self.room_of(row as usize)));
    }
}

impl Links for Layer {
    fn of(&self, row: u32) -> &[u32] {
        self.links(row)
    }

    /// To find them is most of the work.
    fn announce(&self, _: u32) {}
}

/// Gives each of these rows with its score, in their order.
pub(crate) fn score_all(
    goal: &impl Goal,
    mut rows: impl Iterator<Item = u32>,
    mut each: impl FnMut(f32, u32),
) {
    let mut next = [0; 4];
    loop {
        let mut count = 0;
        for (place, row) in next.iter_mut().zip(&mut rows) {
            *place = row;
            count += 1;
        }
        if count < next.len() {
            for row in next.iter().take(count) {
                each(goal.score(*row), *row);
            }
            return;
        }
        for (score, row) in goal.score4(next).into_iter().zip(next) {
            each(score, row);
        }
    }
}

/// Steps from row to row as long as that leads to a better one.
pub(crate) fn climb(goal: &impl Goal, mut best: Ranked, links: &impl Links) -> Ranked {
    loop {
        let before = best;
        let near = links.of(best.row());
        near.iter().for_each(|row| goal.announce(*row));
        score_all(goal, near.iter().copied(), |score, row| {
            best = best.max(Ranked::new(score, row));
        });
        if best == before {
            return best;
        }
    }
}

impl Graph<'_> {
    /// Where the lowest layer is entered: the best that the layers above come to.
    pub(crate) fn enter(&self, goal: &impl Goal) -> Ranked {
        let entry = goal.ranked(self.upper.entry);
        let layers = self.upper.layers.iter().rev();
        layers.fold(entry, |best, layer| climb(goal, best, layer))
    }
}

/// A walk with a beam: it goes on from the best row it knows of, until no row it could go on
/// from is as good as the worst of the beam.
#[derive(Debug)]
pub(crate) struct Walk {
    rows: usize,
    seen: Bits,
    frontier: BinaryHeap<Ranked>,
    best: BinaryHeap<Reverse<Ranked>>,
    fresh: Vec<u32>,
    /// Rows that were given a score.
    pub(crate) scored: usize,
}

impl Walk {
    /// For graphs of so many rows.
    pub(crate) fn new(rows: usize) -> Self {
        Self {
            rows,
            seen: Bits::none(rows),
            frontier: BinaryHeap::new(),
            best: BinaryHeap::new(),
            fresh: Vec::with_capacity(DEGREE),
            scored: 0,
        }
    }

    /// Walks the lists from these rows on. Only rows that are wanted get into the beam; the
    /// others are walked over. Whether it came to its end before it had scored more rows than
    /// the budget allows.
    pub(crate) fn run(
        &mut self,
        goal: &impl Goal,
        from: &[Ranked],
        links: &impl Links,
        wanted: impl Fn(u32) -> bool,
        (beam, budget): (usize, usize),
    ) -> bool {
        self.seen.clear();
        self.frontier.clear();
        self.best.clear();
        self.scored = from.len();
        for first in from {
            if self.seen.add(first.row()) {
                self.meet(*first, links, &wanted, beam);
            }
        }
        while let Some(next) = self.frontier.pop() {
            if self.best.len() >= beam && self.best.peek().is_some_and(|worst| next < worst.0) {
                break;
            }
            self.fresh.clear();
            for row in links.of(next.row()) {
                if (*row as usize) < self.rows && self.seen.add(*row) {
                    goal.announce(*row);
                    self.fresh.push(*row);
                }
            }
            self.scored += self.fresh.len();
            if self.scored > budget {
                return false;
            }
            let fresh = std::mem::take(&mut self.fresh);
            score_all(goal, fresh.iter().copied(), |score, row| {
                self.meet(Ranked::new(score, row), links, &wanted, beam);
            });
            self.fresh = fresh;
        }
        true
    }

    fn meet(
        &mut self,
        ranked: Ranked,
        links: &impl Links,
        wanted: &impl Fn(u32) -> bool,
        beam: usize,
    ) {
        let full = self.best.len() >= beam;
        if full && self.best.peek().is_some_and(|worst| ranked < worst.0) {
            return;
        }
        links.announce(ranked.row());
        self.frontier.push(ranked);
        if wanted(ranked.row()) {
            if full {
                self.best.pop();
            }
            self.best.push(Reverse(ranked));
        }
    }

    /// The beam, best first.
    pub(crate) fn found(&mut self) -> Vec<Ranked> {
        let mut found: Vec<Ranked> = self.best.drain().map(|ranked| ranked.0).collect();
        found.sort_unstable_by(|a, b| b.cmp(a));
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ranks_sort_as_scores_do(a in -1e9_f32..1e9, b in -1e9_f32..1e9, row: u32) {
            prop_assert_eq!(Ranked::new(a, row).cmp(&Ranked::new(b, row)), a.total_cmp(&b));
            prop_assert_eq!((Ranked::new(a, row).score(), Ranked::new(a, row).row()), (a, row));
        }
    }
}
