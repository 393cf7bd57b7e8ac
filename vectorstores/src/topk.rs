//! The best of many, ties at the edge kept so that ids can decide them.

/// Keeps the `k` best scores seen, and all that are as good as the last of them.
#[derive(Debug)]
pub(crate) struct TopK<T> {
    k: usize,
    floor: f32,
    best: Vec<(f32, T)>,
    limit: usize,
}

impl<T> TopK<T> {
    /// The `k` best that score at least `floor`.
    pub(crate) fn new(k: usize, floor: Option<f32>) -> Self {
        Self {
            k,
            floor: floor.unwrap_or(f32::NEG_INFINITY),
            best: Vec::new(),
            limit: Self::limit(k, 0),
        }
    }

    fn limit(k: usize, kept: usize) -> usize {
        k.saturating_mul(2).max(kept.saturating_mul(2)).max(64)
    }

    pub(crate) fn push(&mut self, score: f32, item: T) {
        if score >= self.floor && self.k > 0 {
            self.best.push((score, item));
            if self.best.len() >= self.limit {
                self.prune();
                self.limit = Self::limit(self.k, self.best.len());
            }
        }
    }

    fn prune(&mut self) {
        if let Some(last) = self.k.checked_sub(1)
            && self.best.len() > self.k
        {
            let (_, edge, _) = self
                .best
                .select_nth_unstable_by(last, |a, b| b.0.total_cmp(&a.0));
            self.floor = edge.0;
            let floor = self.floor;
            self.best.retain(|(score, _)| *score >= floor);
        }
    }

    /// The best in no order: `k`, and more only where scores are equal at the edge.
    pub(crate) fn into_vec(mut self) -> Vec<(f32, T)> {
        self.prune();
        self.best
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_keeps_what_sorting_would(scores in prop::collection::vec(-5_i8..5, 0..300), k in 0_usize..20, floor in prop::option::of(-5_i8..5)) {
            let scores: Vec<f32> = scores.into_iter().map(f32::from).collect();
            let floor = floor.map(f32::from);
            let mut top = TopK::new(k, floor);
            for (i, score) in scores.iter().enumerate() {
                top.push(*score, i);
            }
            let mut got: Vec<_> = top.into_vec();
            got.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            let mut want: Vec<_> = scores.iter().copied().zip(0..).filter(|(s, _)| floor.is_none_or(|f| *s >= f)).collect();
            want.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            let edge = k.checked_sub(1).and_then(|last| want.get(last)).map(|x| x.0);
            want.retain(|x| k > 0 && edge.is_none_or(|edge| x.0 >= edge));
            prop_assert_eq!(got, want);
        }
    }
}
