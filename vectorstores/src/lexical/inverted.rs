//! Terms, with the rows that hold each: the one form of it, in memory and in files.
//!
//! ```text
//! names     the terms' bytes, ascending, one behind the other
//! terms     for each: where its postings begin u64 | where its name begins u32 | its rows u32
//! postings  for each row of a term: varint (rows since the last << 1 | occurs once),
//!           and where it occurs oftener: varint how often
//! lengths   rows x u32: how many terms each row has, counting each occurrence
//! ```
//!
//! A varint is seven bits a byte, the lowest first, the top bit set on all but the last: LEB128.

use std::collections::HashMap;

/// Where a term lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub(crate) struct Entry {
    pub(crate) postings: u64,
    pub(crate) name: u32,
    pub(crate) rows: u32,
}

/// Terms with their rows, wherever they lie.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inverted<'a> {
    pub(crate) names: &'a [u8],
    pub(crate) terms: &'a [Entry],
    pub(crate) postings: &'a [u8],
    pub(crate) lengths: &'a [u32],
}

impl<'a> Inverted<'a> {
    pub(crate) fn name(&self, at: usize) -> Option<&'a [u8]> {
        let start = self.terms.get(at)?.name as usize;
        let end = self
            .terms
            .get(at + 1)
            .map_or(self.names.len(), |next| next.name as usize);
        self.names.get(start..end)
    }

    /// The rows that hold a term, ascending, with how often each does.
    pub(crate) fn rows(&self, entry: Entry) -> Postings<'a> {
        let start = usize::try_from(entry.postings).unwrap_or(usize::MAX);
        Postings {
            bytes: self.postings.get(start..).unwrap_or_default(),
            left: entry.rows,
            next: 0,
        }
    }

    pub(crate) fn find(&self, term: &str) -> Option<Entry> {
        let (mut low, mut high) = (0, self.terms.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.name(middle)?.cmp(term.as_bytes()) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return self.terms.get(middle).copied(),
            }
        }
        None
    }
}

/// The rows of a term.
#[derive(Clone, Debug)]
pub(crate) struct Postings<'a> {
    bytes: &'a [u8],
    left: u32,
    next: u32,
}

impl Iterator for Postings<'_> {
    type Item = (u32, u32);

    fn next(&mut self) -> Option<(u32, u32)> {
        self.left = self.left.checked_sub(1)?;
        let head = varint(&mut self.bytes)?;
        let row = self.next.checked_add(u32::try_from(head >> 1).ok()?)?;
        let count = if head & 1 == 1 {
            1
        } else {
            u32::try_from(varint(&mut self.bytes)?).ok()?
        };
        self.next = row.saturating_add(1);
        Some((row, count))
    }
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn put_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        #[expect(clippy::cast_possible_truncation, reason = "seven bits are meant")]
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    #[expect(clippy::cast_possible_truncation, reason = "less than 0x80")]
    out.push(number as u8);
}

/// Writes the rows of one term.
#[derive(Debug, Default)]
pub(crate) struct Packer {
    pub(crate) bytes: Vec<u8>,
    pub(crate) rows: u32,
    next: u32,
}

impl Packer {
    /// Adds a row. Rows come ascending.
    pub(crate) fn push(&mut self, row: u32, count: u32) {
        let since = u64::from(row.saturating_sub(self.next));
        put_varint(&mut self.bytes, since << 1 | u64::from(count == 1));
        if count != 1 {
            put_varint(&mut self.bytes, count.into());
        }
        self.next = row.saturating_add(1);
        self.rows += 1;
    }

    /// Begins the next term.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        (self.rows, self.next) = (0, 0);
    }
}

/// Terms with their rows, in memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words {
    pub(crate) names: Vec<u8>,
    pub(crate) terms: Vec<Entry>,
    pub(crate) postings: Vec<u8>,
    pub(crate) lengths: Vec<u32>,
}

impl Words {
    pub(crate) fn inverted(&self) -> Inverted<'_> {
        Inverted {
            names: &self.names,
            terms: &self.terms,
            postings: &self.postings,
            lengths: &self.lengths,
        }
    }

    /// Ends a term whose rows lie in the packer. Terms come ascending. Nothing for a term
    /// without rows, or when there is no room for more names.
    pub(crate) fn add(&mut self, name: &[u8], packer: &Packer, postings: u64) {
        if let (Ok(at), 1..) = (u32::try_from(self.names.len()), packer.rows) {
            self.terms.push(Entry {
                postings,
                name: at,
                rows: packer.rows,
            });
            self.names.extend_from_slice(name);
        }
    }
}

/// Gathers the terms of rows.
#[derive(Debug, Default)]
pub(crate) struct Gather {
    terms: HashMap<Box<str>, Vec<(u32, u32)>>,
    lengths: Vec<u32>,
}

impl Gather {
    /// Begins the next row.
    pub(crate) fn row(&mut self) {
        self.lengths.push(0);
    }

    /// Adds a term to the last row begun.
    pub(crate) fn term(&mut self, term: &str) {
        let Some(row) = self.lengths.len().checked_sub(1) else {
            return;
        };
        if let Some(length) = self.lengths.last_mut() {
            *length = length.saturating_add(1);
        }
        let row = u32::try_from(row).unwrap_or(u32::MAX);
        if !self.terms.contains_key(term) {
            self.terms.insert(term.into(), Vec::new());
        }
        match self.terms.get_mut(term).map(|rows| (rows.last_mut(), row)) {
            Some((Some((last, count)), row)) if *last == row => *count = count.saturating_add(1),
            _ => {
                if let Some(rows) = self.terms.get_mut(term) {
                    rows.push((row, 1));
                }
            }
        }
    }

    pub(crate) fn finish(self) -> Words {
        let mut terms: Vec<_> = self.terms.into_iter().collect();
        terms.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let mut words = Words {
            lengths: self.lengths,
            ..Words::default()
        };
        let mut packer = Packer::default();
        for (name, rows) in terms {
            packer.clear();
            for (row, count) in rows {
                packer.push(row, count);
            }
            words.add(name.as_bytes(), &packer, words.postings.len() as u64);
            words.postings.extend_from_slice(&packer.bytes);
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn what_was_gathered_is_found(rows in prop::collection::vec(prop::collection::vec("[a-d가]{1,3}", 0..12), 0..20)) {
            let mut gather = Gather::default();
            let mut want = BTreeMap::<String, BTreeMap<u32, u32>>::new();
            for (row, terms) in (0..).zip(&rows) {
                gather.row();
                for term in terms {
                    gather.term(term);
                    *want.entry(term.clone()).or_default().entry(row).or_default() += 1;
                }
            }
            let words = gather.finish();
            let inverted = words.inverted();
            prop_assert_eq!(words.terms.len(), want.len());
            for (term, rows) in &want {
                let entry = inverted.find(term).unwrap();
                prop_assert_eq!(inverted.rows(entry).collect::<BTreeMap<_, _>>(), rows.clone());
            }
            prop_assert!(inverted.find("zz").is_none() && inverted.find("").is_none());
            let lengths: Vec<u32> = rows.iter().map(|terms| terms.len() as u32).collect();
            prop_assert_eq!(&words.lengths, &lengths);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..60), rows: u32) {
            let inverted = Inverted { names: &[], terms: &[], postings: &bytes, lengths: &[] };
            let entry = Entry { postings: 0, name: 0, rows };
            prop_assert!(inverted.rows(entry).count() <= bytes.len());
        }

        #[test]
        fn numbers_of_every_size_come_back(number: u64) {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, number);
            prop_assert_eq!(varint(&mut &bytes[..]), Some(number));
        }
    }
}
