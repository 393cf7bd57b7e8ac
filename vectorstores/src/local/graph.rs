//! The graph of a segment: which rows lie near which, as flat lists.
//!
//! It is a hierarchical navigable small world (Malkov and Yashunin, "Efficient and robust
//! approximate nearest neighbor search using Hierarchical Navigable Small World graphs", 2016).
//! `grow` makes it, `walk` finds the way through it.
//!
//! ```text
//! links  rows x (count u32, DEGREE x u32)    the lowest layer
//! upper  entry u32, layers u32, then for each layer from 1 up:
//!        nodes u32, nodes x row u32, ascending, nodes x (count u32, SPARSE x u32)
//! ```

use super::codec::Bytes;

/// The most links a row has in the lowest layer.
pub(crate) const DEGREE: usize = 32;

/// The most links a row has in the layers above.
pub(crate) const SPARSE: usize = DEGREE / 2;

/// More layers than a graph of 2^32 rows comes to.
const MOST_LAYERS: u32 = 32;

/// Lists of links, all with room for the same number of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lists<'l> {
    pub(crate) words: &'l [u32],
    pub(crate) room: usize,
}

impl<'l> Lists<'l> {
    pub(crate) fn at(self, at: usize) -> &'l [u32] {
        match self.room_of(at) {
            [count, links @ ..] => links.get(..*count as usize).unwrap_or_default(),
            [] => &[],
        }
    }

    /// The count of a list and the room for its links.
    pub(crate) fn room_of(self, at: usize) -> &'l [u32] {
        let start = at * (self.room + 1);
        let room = self.words.get(start..start + self.room + 1);
        room.unwrap_or_default()
    }
}

/// The layers above the lowest: a tenth of the graph, so they are read into memory.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Upper {
    pub(crate) entry: u32,
    pub(crate) layers: Vec<Layer>,
}

/// One of the layers above the lowest.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Layer {
    /// The rows that are in it, ascending.
    pub(crate) rows: Vec<u32>,
    /// The list of each.
    pub(crate) links: Vec<u32>,
}

impl Layer {
    pub(crate) fn of(rows: Vec<u32>) -> Self {
        let links = vec![0; rows.len() * (SPARSE + 1)];
        Self { rows, links }
    }

    pub(crate) fn place(&self, row: u32) -> Option<usize> {
        self.rows.binary_search(&row).ok()
    }

    pub(crate) fn lists(&self) -> Lists<'_> {
        Lists {
            words: &self.links,
            room: SPARSE,
        }
    }

    pub(crate) fn links(&self, row: u32) -> &[u32] {
        self.place(row).map_or(&[], |at| self.lists().at(at))
    }
}

impl Upper {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let count = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
        let mut words = vec![self.entry, count(self.layers.len())];
        for layer in &self.layers {
            words.push(count(layer.rows.len()));
            words.extend(&layer.rows);
            words.extend(&layer.links);
        }
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    /// Reads what [`encode`](Self::encode) wrote for a segment of so many rows.
    pub(crate) fn read(section: &[u8], rows: u32) -> Option<Self> {
        let mut bytes = Bytes(section);
        let known = |row: u32| (row < rows).then_some(row);
        let entry = known(bytes.u32()?)?;
        let count = bytes.u32().filter(|count| *count <= MOST_LAYERS)?;
        let mut layers = Vec::new();
        for _ in 0..count {
            let nodes = usize::try_from(bytes.u32()?).ok()?;
            let rows: Option<Vec<u32>> = words(&mut bytes, nodes)?.map(known).collect();
            let links = words(&mut bytes, nodes.checked_mul(SPARSE + 1)?)?.collect();
            layers.push(Layer { rows: rows?, links });
        }
        let is_whole = layers.iter().all(|layer: &Layer| {
            layer.rows.is_sorted()
                && (0..layer.rows.len())
                    .all(|at| layer.lists().at(at).iter().all(|row| *row < rows))
        });
        is_whole.then_some(Self { entry, layers })
    }
}

fn words<'b>(bytes: &mut Bytes<'b>, count: usize) -> Option<impl Iterator<Item = u32> + use<'b>> {
    let (words, _) = bytes.take(count.checked_mul(4)?)?.as_chunks::<4>();
    Some(words.iter().map(|word| u32::from_le_bytes(*word)))
}

/// A graph as it is searched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Graph<'s> {
    /// The lowest layer, a list for each row.
    pub(crate) lowest: Lists<'s>,
    pub(crate) upper: &'s Upper,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(words in prop::collection::vec(0_u32..5, 0..200)) {
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
            if let Some(upper) = Upper::read(&bytes, 3) {
                prop_assert!(bytes.starts_with(&upper.encode()));
            }
        }

        #[test]
        fn what_is_written_is_read(entry in 0_u32..9, rows in prop::collection::btree_set(0_u32..9, 0..5)) {
            let mut layer = Layer::of(rows.into_iter().collect());
            for (at, word) in layer.links.iter_mut().enumerate() {
                *word = u32::try_from(at % (SPARSE + 1)).unwrap() % 9;
            }
            let upper = Upper { entry, layers: vec![layer, Layer::default()] };
            prop_assert_eq!(Upper::read(&upper.encode(), 9), Some(upper));
        }
    }
}
