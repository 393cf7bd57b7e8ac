//! Keeping what may be among the best while scores are only roughly known.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::walk::Ranked;

/// What the `k` best of some scores reach, and no less than a floor.
#[derive(Debug)]
pub(super) struct Bar {
    k: usize,
    floor: f32,
    best: BinaryHeap<Reverse<Ranked>>,
}

impl Bar {
    pub(super) fn new(k: usize, floor: f32) -> Self {
        Self {
            k,
            floor,
            best: BinaryHeap::new(),
        }
    }

    pub(super) fn push(&mut self, score: f32) {
        self.best.push(Reverse(Ranked::new(score, 0)));
        if self.best.len() > self.k {
            self.best.pop();
        }
    }

    pub(super) fn height(&self) -> f32 {
        match self.best.peek() {
            Some(Reverse(last)) if self.best.len() >= self.k => last.score().max(self.floor),
            _ => self.floor,
        }
    }
}

/// The rows that score no more than a width below the `k` best: with twice the doubt of a score
/// for its width no row is missing that may truly be among them.
#[derive(Debug)]
pub(super) struct Near {
    width: f32,
    bar: Bar,
    /// What a row must score to be kept, by what was seen so far.
    least: f32,
    kept: Vec<Ranked>,
    /// How many are kept before those are dropped that fell behind.
    limit: usize,
}

impl Near {
    pub(super) fn new(k: usize, width: f32) -> Self {
        Self {
            width,
            bar: Bar::new(k, f32::NEG_INFINITY),
            least: f32::NEG_INFINITY,
            kept: Vec::new(),
            limit: Self::limit(k),
        }
    }

    fn limit(kept: usize) -> usize {
        kept.saturating_mul(2).saturating_add(64)
    }

    #[inline]
    pub(super) fn push(&mut self, score: f32, row: u32) {
        if score >= self.least {
            self.keep(score, row);
        }
    }

    fn keep(&mut self, score: f32, row: u32) {
        if score > self.bar.height() {
            self.bar.push(score);
            self.least = self.bar.height() - self.width;
        }
        self.kept.push(Ranked::new(score, row));
        if self.kept.len() >= self.limit {
            let least = self.least;
            self.kept.retain(|ranked| ranked.score() >= least);
            self.limit = Self::limit(self.kept.len());
        }
    }

    /// Best first.
    pub(super) fn into_sorted(mut self) -> Vec<Ranked> {
        let least = self.least;
        self.kept.retain(|ranked| ranked.score() >= least);
        self.kept.sort_unstable_by(|a, b| b.cmp(a));
        self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_keeps_what_lies_within_the_width(scores in prop::collection::vec(-20_i8..20, 0..400), k in 1_usize..20, width in 0_u8..5) {
            let scores: Vec<f32> = scores.into_iter().map(f32::from).collect();
            let width = f32::from(width);
            let mut near = Near::new(k, width);
            for (row, score) in (0..).zip(&scores) {
                near.push(*score, row);
            }
            let got: Vec<f32> = near.into_sorted().iter().map(|ranked| ranked.score()).collect();
            let mut want = scores;
            want.sort_by(|a, b| b.total_cmp(a));
            if let Some(last) = want.get(k - 1).copied() {
                want.retain(|score| *score >= last - width);
            }
            prop_assert_eq!(got, want);
        }
    }
}
