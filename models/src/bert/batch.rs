//! Texts to units of work and back.

use std::sync::Mutex;

use gori_core::{Result, Stop};

use super::Inner;
use super::forward::Scratch;
use crate::work::lock;

/// Tokens that are worth a thread, and that a unit of work holds: enough to keep the products
/// busy, few enough that the buffers of a unit stay in the cache.
const UNIT: usize = 512;
/// Texts that are tokenized by one thread at a time.
const TEXTS: usize = 32;

impl Inner {
    pub(super) fn encode(&self, texts: &[&str], stop: &Stop) -> Result<Vec<f32>> {
        let ids = self.tokenize(texts, stop)?;
        let units = units(&ids);
        let dims = self.config.hidden;
        let rows: Vec<Mutex<Vec<f32>>> = units.iter().map(|_| Mutex::default()).collect();
        let forward = self.forward();
        self.cores.run(
            units.len(),
            units.len(),
            stop,
            |unit, scratch: &mut Scratch| {
                let Some((texts, rows)) = units.get(unit).zip(rows.get(unit)) else {
                    return Ok(());
                };
                let sequences: Vec<&[u32]> = texts
                    .iter()
                    .filter_map(|text| ids.get(*text).map(Vec::as_slice))
                    .collect();
                *lock(rows) = forward.run(&sequences, self.pooling, scratch, stop)?;
                Ok(())
            },
        )?;
        let mut out = vec![0.0; texts.len() * dims];
        for (texts, rows) in units.iter().zip(&rows) {
            for (text, row) in texts.iter().zip(lock(rows).chunks_exact(dims)) {
                if let Some(to) = out.get_mut(text * dims..(text + 1) * dims) {
                    to.copy_from_slice(row);
                }
            }
        }
        Ok(out)
    }

    /// The ids of every text, in order.
    fn tokenize(&self, texts: &[&str], stop: &Stop) -> Result<Vec<Vec<u32>>> {
        let groups: Vec<Mutex<Vec<Vec<u32>>>> =
            texts.chunks(TEXTS).map(|_| Mutex::default()).collect();
        self.cores
            .run(groups.len(), groups.len(), stop, |group, (): &mut ()| {
                let texts = texts.chunks(TEXTS).nth(group).unwrap_or_default();
                let ids: Result<_> = texts
                    .iter()
                    .map(|text| self.tokenizer.ids(text, stop))
                    .collect();
                if let Some(to) = groups.get(group) {
                    *lock(to) = ids?;
                }
                Ok(())
            })?;
        Ok(groups
            .iter()
            .flat_map(|group| std::mem::take(&mut *lock(group)))
            .collect())
    }
}

/// Puts texts of like length together, longest first, in units of about [`UNIT`] tokens. The
/// tokens are spread evenly, so that no thread is left with a long unit at the end.
fn units(ids: &[Vec<u32>]) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..ids.len()).collect();
    let length = |text: &usize| ids.get(*text).map_or(0, Vec::len);
    order.sort_by_key(|text| std::cmp::Reverse(length(text)));
    let total: usize = ids.iter().map(Vec::len).sum();
    let share = total.div_ceil(total.div_ceil(UNIT).max(1));
    let mut units = Vec::new();
    let (mut unit, mut tokens) = (Vec::new(), 0);
    for text in order {
        unit.push(text);
        tokens += length(&text);
        if tokens >= share {
            units.push(std::mem::take(&mut unit));
            tokens = 0;
        }
    }
    if !unit.is_empty() {
        units.push(unit);
    }
    units
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn units_hold_every_text_once_and_are_of_a_size(
            lengths in prop::collection::vec(0..256_usize, 0..200),
        ) {
            let ids: Vec<Vec<u32>> = lengths.iter().map(|n| vec![0; *n]).collect();
            let units = units(&ids);
            let mut texts: Vec<usize> = units.iter().flatten().copied().collect();
            texts.sort_unstable();
            prop_assert_eq!(texts, (0..ids.len()).collect::<Vec<_>>());
            for unit in &units {
                prop_assert!(!unit.is_empty());
                let tokens: usize = unit.iter().map(|text| lengths[*text]).sum();
                prop_assert!(tokens < UNIT + 256, "{tokens} tokens");
            }
        }
    }
}
