//! A set of rows.

/// A set of rows, one bit each. Rows beyond the last word are not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bits(Vec<u64>);

impl Bits {
    /// The rows below `len`.
    pub(crate) fn all(len: usize) -> Self {
        let mut words = vec![u64::MAX; len / 64];
        if !len.is_multiple_of(64) {
            words.push((1 << (len % 64)) - 1);
        }
        Self(words)
    }

    /// No row, with room for those below `len`.
    pub(crate) fn none(len: usize) -> Self {
        Self(vec![0; len.div_ceil(64)])
    }

    /// Takes all rows out.
    pub(crate) fn clear(&mut self) {
        self.0.fill(0);
    }

    pub(crate) fn has(&self, row: u32) -> bool {
        let word = self.0.get(row as usize / 64);
        word.is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    /// Adds a row; whether it was new.
    pub(crate) fn add(&mut self, row: u32) -> bool {
        let at = row as usize / 64;
        if self.0.len() <= at {
            self.0.resize(at + 1, 0);
        }
        let Some(word) = self.0.get_mut(at) else {
            return false;
        };
        let old = std::mem::replace(word, *word | 1 << (row % 64));
        old != *word
    }

    pub(crate) fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Keeps what is in the other too.
    pub(crate) fn and(&mut self, other: &Self) {
        for (i, word) in self.0.iter_mut().enumerate() {
            *word &= other.0.get(i).copied().unwrap_or_default();
        }
    }

    /// Adds what is in the other.
    pub(crate) fn or(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (word, other) in self.0.iter_mut().zip(&other.0) {
            *word |= other;
        }
    }

    /// Takes out what is in the other.
    pub(crate) fn minus(&mut self, other: &Self) {
        for (word, other) in self.0.iter_mut().zip(&other.0) {
            *word &= !other;
        }
    }

    /// Sixty-four rows at a time: the first of them, and a bit for each.
    pub(crate) fn words(&self) -> impl Iterator<Item = (u32, u64)> {
        (0..).step_by(64).zip(self.0.iter().copied())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> {
        self.words().flat_map(|(first, word)| ones(first, word))
    }
}

/// The rows of one word.
pub(crate) fn ones(first: u32, word: u64) -> impl Iterator<Item = u32> {
    let mut left = word;
    std::iter::from_fn(move || {
        let bit = left.trailing_zeros();
        (left != 0).then(|| {
            left &= left - 1;
            first + bit
        })
    })
}

impl FromIterator<u32> for Bits {
    fn from_iter<I: IntoIterator<Item = u32>>(rows: I) -> Self {
        let mut bits = Self::default();
        for row in rows {
            bits.add(row);
        }
        bits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn it_is_a_set(a in prop::collection::btree_set(0_u32..300, 0..60), b in prop::collection::btree_set(0_u32..300, 0..60), len in 0_usize..300) {
            let bits = |set: &BTreeSet<u32>| set.iter().copied().collect::<Bits>();
            let list = |bits: &Bits| bits.iter().collect::<Vec<_>>();
            let (mut and, mut or, mut minus) = (bits(&a), bits(&a), bits(&a));
            and.and(&bits(&b));
            or.or(&bits(&b));
            minus.minus(&bits(&b));
            prop_assert_eq!(list(&and), a.intersection(&b).copied().collect::<Vec<_>>());
            prop_assert_eq!(list(&or), a.union(&b).copied().collect::<Vec<_>>());
            prop_assert_eq!(list(&minus), a.difference(&b).copied().collect::<Vec<_>>());
            prop_assert_eq!(or.len(), a.union(&b).count());
            prop_assert!((0..300).all(|row| bits(&a).has(row) == a.contains(&row)));
            prop_assert_eq!(Bits::all(len).iter().count(), len);
        }
    }
}
