//! Several sets of terms become one, without what is dead.

use gori_core::Result;

use super::inverted::{Inverted, Packer, Words};

/// The number that stands for a row that is left out.
pub(crate) const GONE: u32 = u32::MAX;

/// Terms whose rows get other numbers: the row at place `i` gets `numbers[i]`, or is [`GONE`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Renumbered<'a> {
    pub(crate) words: Inverted<'a>,
    pub(crate) numbers: &'a [u32],
}

/// Merges. The new numbers ascend within a source and from each to the next. The postings are
/// given to `sink` as they come, so that only the dictionary is in memory.
pub(crate) fn merge(
    sources: &[Renumbered<'_>],
    mut sink: impl FnMut(&[u8]) -> Result<()>,
) -> Result<Words> {
    let mut merged = Words::default();
    for source in sources {
        let kept = source.words.lengths.iter().zip(source.numbers);
        merged.lengths.extend(
            kept.filter(|(_, number)| **number != GONE)
                .map(|(length, _)| length),
        );
    }
    let mut heads = vec![0_usize; sources.len()];
    let (mut packer, mut written) = (Packer::default(), 0_u64);
    loop {
        let names = sources
            .iter()
            .zip(&heads)
            .filter_map(|(source, head)| source.words.name(*head));
        let Some(name) = names.min() else { break };
        packer.clear();
        for (source, head) in sources.iter().zip(&mut heads) {
            if source.words.name(*head) != Some(name) {
                continue;
            }
            if let Some(entry) = source.words.terms.get(*head) {
                for (row, count) in source.words.rows(*entry) {
                    match source.numbers.get(row as usize) {
                        Some(number) if *number != GONE => packer.push(*number, count),
                        _ => {}
                    }
                }
            }
            *head += 1;
        }
        merged.add(name, &packer, written);
        if packer.rows > 0 {
            sink(&packer.bytes)?;
            written += packer.bytes.len() as u64;
        }
    }
    Ok(merged)
}

/// As [`merge`], with the postings in memory too.
pub(crate) fn merge_in_memory(sources: &[Renumbered<'_>]) -> Words {
    let mut postings = Vec::new();
    let merged = merge(sources, |bytes| {
        postings.extend_from_slice(bytes);
        Ok(())
    });
    // Writing to memory does not fail.
    let mut words = merged.unwrap_or_default();
    words.postings = postings;
    words
}

#[cfg(test)]
mod tests {
    use super::super::inverted::Gather;
    use super::*;
    use proptest::prelude::*;

    type Rows = Vec<(Vec<String>, bool)>;

    fn gathered<'r>(rows: impl Iterator<Item = &'r Vec<String>>) -> Words {
        let mut gather = Gather::default();
        for terms in rows {
            gather.row();
            terms.iter().for_each(|term| gather.term(term));
        }
        gather.finish()
    }

    proptest! {
        #[test]
        fn a_merge_is_what_gathering_the_living_would_give(
            sources in prop::collection::vec(
                prop::collection::vec((prop::collection::vec("[a-c]{1,2}", 0..6), any::<bool>()), 0..8), 0..5)
        ) {
            let sources: Vec<Rows> = sources;
            let words: Vec<Words> = sources.iter().map(|rows| gathered(rows.iter().map(|row| &row.0))).collect();
            let mut next = 0;
            let numbers: Vec<Vec<u32>> = sources.iter().map(|rows| rows.iter().map(|(_, alive)| {
                if *alive { next += 1; next - 1 } else { GONE }
            }).collect()).collect();
            let renumbered: Vec<Renumbered<'_>> = words.iter().zip(&numbers)
                .map(|(words, numbers)| Renumbered { words: words.inverted(), numbers }).collect();
            let merged = merge_in_memory(&renumbered);
            let want = gathered(sources.iter().flatten().filter(|row| row.1).map(|row| &row.0));
            prop_assert_eq!(merged.names, want.names);
            prop_assert_eq!(merged.terms, want.terms);
            prop_assert_eq!(merged.postings, want.postings);
            prop_assert_eq!(merged.lengths, want.lengths);
        }
    }
}
