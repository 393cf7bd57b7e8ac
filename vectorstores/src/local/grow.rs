//! Making the graph of a segment, row by row, straight into the lists that are stored.
//!
//! The rows are compared by their codes, so that nothing of the vectors is held: what is in
//! memory while a graph grows is the graph.

use gori_core::{Metric, Result, Stop};

use super::bits::Bits;
use super::coded::Scale;
use super::graph::{DEGREE, Graph, Layer, Lists, SPARSE, Upper};
use super::walk::{Goal, Ranked, Walk, climb, score_all};
use crate::kernel::{Kernel, best, prefetch};

/// The width of the beam that looks for the neighbours of a new row.
const BEAM: usize = 200;

/// Rows by their codes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows<'c> {
    pub(crate) metric: Metric,
    /// Codes of a row.
    pub(crate) width: usize,
    pub(crate) codes: &'c [i8],
    pub(crate) scales: &'c [Scale],
}

impl<'c> Rows<'c> {
    fn row(&self, row: u32) -> (&'c [i8], Scale) {
        let at = row as usize * self.width;
        let codes = self.codes.get(at..at + self.width).unwrap_or_default();
        let nothing = Scale {
            scale: 0.0,
            inverse: 0.0,
        };
        (
            codes,
            self.scales.get(row as usize).copied().unwrap_or(nothing),
        )
    }
}

/// The rows as one of them sees them.
struct Seen<'c> {
    rows: Rows<'c>,
    kernel: Kernel,
    codes: &'c [i8],
    scale: Scale,
}

impl<'c> Seen<'c> {
    fn by(rows: Rows<'c>, kernel: Kernel, row: u32) -> Self {
        let (codes, scale) = rows.row(row);
        Self {
            rows,
            kernel,
            codes,
            scale,
        }
    }
}

impl Goal for Seen<'_> {
    fn score(&self, row: u32) -> f32 {
        let (codes, scale) = self.rows.row(row);
        self.by_dot((self.kernel.dot_i8)(self.codes, codes), scale)
    }

    fn score4(&self, rows: [u32; 4]) -> [f32; 4] {
        let rows = rows.map(|row| self.rows.row(row));
        let dots = (self.kernel.dot4_i8)(self.codes, rows.map(|row| row.0));
        let mut scores = [0.0; 4];
        for ((score, dot), row) in scores.iter_mut().zip(dots).zip(rows) {
            *score = self.by_dot(dot, row.1);
        }
        scores
    }

    fn announce(&self, row: u32) {
        prefetch(self.rows.row(row).0);
    }
}

impl Seen<'_> {
    fn by_dot(&self, dot: i32, scale: Scale) -> f32 {
        #[expect(clippy::cast_precision_loss, reason = "codes are rough by nature")]
        let dot = dot as f32;
        match self.rows.metric {
            Metric::Cosine | Metric::Dot => {
                dot * ((self.scale.scale * self.scale.inverse) * (scale.scale * scale.inverse))
            }
            Metric::L2 => {
                let square = |scale: Scale| 1.0 / (scale.inverse * scale.inverse);
                2.0 * dot * (self.scale.scale * scale.scale) - (square(self.scale) + square(scale))
            }
        }
    }
}

/// A graph that grows.
struct Growing<'c> {
    rows: Rows<'c>,
    kernel: Kernel,
    links: Vec<u32>,
    upper: Upper,
    /// The layers that the rows so far reach up to.
    height: usize,
    walk: Walk,
}

/// The highest layer of a row: each holds one in [`SPARSE`] of the rows of the one below. By
/// a hash of the row, so that the same rows give the same graph. The hash is the last step of
/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
fn level(row: u32) -> usize {
    let mut z = u64::from(row)
        .wrapping_add(1)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^= z >> 31;
    (z.trailing_zeros() / SPARSE.ilog2()) as usize
}

/// The sections `links` and `upper` of a graph over these rows.
pub(crate) fn grow(rows: Rows<'_>, stop: &Stop) -> Result<(Vec<u32>, Upper)> {
    let count = rows.scales.len();
    let numbers = || (0_u32..).take(count);
    let mut layers = Vec::new();
    for above in 1.. {
        let reach: Vec<u32> = numbers().filter(|row| level(*row) >= above).collect();
        if reach.is_empty() {
            break;
        }
        layers.push(Layer::of(reach));
    }
    let mut growing = Growing {
        rows,
        kernel: best(),
        links: vec![0; count * (DEGREE + 1)],
        upper: Upper { entry: 0, layers },
        height: level(0),
        walk: Walk::new(count),
    };
    for row in numbers().skip(1) {
        if row.is_multiple_of(64) {
            stop.check()?;
        }
        growing.insert(row);
    }
    growing.reach_all();
    Ok((growing.links, growing.upper))
}

impl Growing<'_> {
    fn insert(&mut self, row: u32) {
        let goal = Seen::by(self.rows, self.kernel, row);
        let level = level(row);
        let mut near = vec![goal.ranked(self.upper.entry)];
        for layer in (0..=self.height.max(level)).rev() {
            if layer > self.height {
                continue;
            }
            if layer > level {
                if let (Some(layer), Some(best)) = (self.layer(layer), near.first_mut()) {
                    *best = climb(&goal, *best, layer);
                }
                continue;
            }
            near = self.look_around(&goal, &near, layer);
            let chosen = self.choose(&near, SPARSE);
            self.set(layer, row, &chosen);
            for other in chosen {
                self.link(layer, other.row(), Ranked::new(other.score(), row));
            }
        }
        if level > self.height {
            self.upper.entry = row;
            self.height = level;
        }
    }

    fn layer(&self, layer: usize) -> Option<&Layer> {
        self.upper.layers.get(layer.checked_sub(1)?)
    }

    /// The rows near the goal, best first.
    fn look_around(&mut self, goal: &Seen<'_>, from: &[Ranked], layer: usize) -> Vec<Ranked> {
        let limits = (BEAM, usize::MAX);
        match layer
            .checked_sub(1)
            .and_then(|at| self.upper.layers.get(at))
        {
            Some(layer) => self.walk.run(goal, from, layer, |_| true, limits),
            None => {
                let lowest = Lists {
                    words: &self.links,
                    room: DEGREE,
                };
                self.walk.run(goal, from, &lowest, |_| true, limits)
            }
        };
        self.walk.found()
    }

    /// Of rows, best first, those worth a link: a row that is nearer to one chosen before than
    /// to where the links start is reached by way of that one.
    fn choose(&self, near: &[Ranked], most: usize) -> Vec<Ranked> {
        let mut chosen: Vec<Ranked> = Vec::with_capacity(most);
        for ranked in near {
            if chosen.len() >= most {
                break;
            }
            let seen = Seen::by(self.rows, self.kernel, ranked.row());
            if chosen
                .iter()
                .all(|before| seen.score(before.row()) < ranked.score())
            {
                chosen.push(*ranked);
            }
        }
        chosen
    }

    fn list(&mut self, layer: usize, row: u32) -> &mut [u32] {
        let (words, at, room) = match layer.checked_sub(1) {
            None => (&mut self.links, Some(row as usize), DEGREE),
            Some(above) => match self.upper.layers.get_mut(above) {
                Some(layer) => {
                    let at = layer.place(row);
                    (&mut layer.links, at, SPARSE)
                }
                None => return &mut [],
            },
        };
        let start = at.map(|at| at * (room + 1));
        start
            .and_then(|start| words.get_mut(start..start + room + 1))
            .unwrap_or_default()
    }

    fn set(&mut self, layer: usize, row: u32, links: &[Ranked]) {
        if let [count, places @ ..] = self.list(layer, row) {
            *count = 0;
            for (place, link) in places.iter_mut().zip(links) {
                *place = link.row();
                *count += 1;
            }
        }
    }

    /// Adds a link to a row; where there is no room for it, the links are chosen anew.
    fn link(&mut self, layer: usize, row: u32, to: Ranked) {
        let [count, places @ ..] = self.list(layer, row) else {
            return;
        };
        let room = places.len();
        if let Some(place) = places.get_mut(*count as usize) {
            *place = to.row();
            *count += 1;
            return;
        }
        let old = places.to_vec();
        let goal = Seen::by(self.rows, self.kernel, row);
        let mut all: Vec<Ranked> = Vec::with_capacity(room + 1);
        score_all(
            &goal,
            old.iter().copied().chain([to.row()]),
            |score, row| {
                all.push(Ranked::new(score, row));
            },
        );
        all.sort_unstable_by(|a, b| b.cmp(a));
        let chosen = self.choose(&all, room);
        self.set(layer, row, &chosen);
    }

    /// Links to every row that no way leads to, which choosing links anew may have left.
    fn reach_all(&mut self) {
        let count = self.rows.scales.len();
        let mut reached = Bits::none(count);
        self.spread(self.upper.entry, &mut reached);
        for row in (0_u32..).take(count) {
            if reached.has(row) {
                continue;
            }
            let goal = Seen::by(self.rows, self.kernel, row);
            let graph = Graph {
                lowest: Lists {
                    words: &self.links,
                    room: DEGREE,
                },
                upper: &self.upper,
            };
            let from = graph.enter(&goal);
            let near = self.look_around(&goal, &[from], 0);
            for other in near.iter().filter(|other| reached.has(other.row())) {
                let [count, places @ ..] = self.list(0, other.row()) else {
                    continue;
                };
                if let Some(place) = places.get_mut(*count as usize) {
                    *place = row;
                    *count += 1;
                    self.spread(row, &mut reached);
                    break;
                }
            }
        }
    }

    /// Adds all rows that a way leads to from this one.
    fn spread(&self, from: u32, reached: &mut Bits) {
        let lists = Lists {
            words: &self.links,
            room: DEGREE,
        };
        let mut left = vec![from];
        reached.add(from);
        while let Some(row) = left.pop() {
            left.extend(
                lists
                    .at(row as usize)
                    .iter()
                    .filter(|next| reached.add(**next)),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{quantise, stride};
    use crate::score::inverse_norm;
    use proptest::prelude::*;

    /// The codes and scales of rows of three numbers.
    fn coded(rows: &[[i8; 3]]) -> (Vec<i8>, Vec<Scale>) {
        let width = stride(3);
        let mut codes = vec![0; width * rows.len()];
        let scales = codes.chunks_exact_mut(width).zip(rows).map(|(codes, row)| {
            let vector = row.map(|x| f32::from(x) + 0.5);
            Scale {
                scale: quantise(&vector, codes),
                inverse: inverse_norm(&vector),
            }
        });
        let scales = scales.collect();
        (codes, scales)
    }

    fn check(metric: Metric, rows: &[[i8; 3]]) -> std::result::Result<(), TestCaseError> {
        let (codes, scales) = coded(rows);
        let rows = Rows {
            metric,
            width: stride(3),
            codes: &codes,
            scales: &scales,
        };
        let (links, upper) = grow(rows, &Stop::new()).unwrap();
        let lists = Lists {
            words: &links,
            room: DEGREE,
        };
        let mut reached = Bits::none(scales.len());
        let mut left = vec![upper.entry];
        reached.add(upper.entry);
        while let Some(row) = left.pop() {
            let list = lists.at(row as usize);
            prop_assert!(!list.contains(&row), "{row} is linked to itself");
            let mut distinct = list.to_vec();
            distinct.sort_unstable();
            distinct.dedup();
            prop_assert_eq!(distinct.len(), list.len(), "{} has a link twice", row);
            left.extend(list.iter().filter(|next| reached.add(**next)));
        }
        prop_assert_eq!(reached.len(), scales.len(), "a way leads to every row");
        let bytes = upper.encode();
        prop_assert_eq!(
            Upper::read(&bytes, u32::try_from(scales.len()).unwrap()),
            Some(upper)
        );
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_way_leads_to_every_row(rows in prop::collection::vec([any::<i8>(), any::<i8>(), any::<i8>()], 1..300), by_distance: bool) {
            check(if by_distance { Metric::L2 } else { Metric::Cosine }, &rows)?;
        }

        #[test]
        fn rows_that_are_all_alike_hide_no_other(copies in 200_usize..600, others in prop::collection::vec([any::<i8>(), any::<i8>(), any::<i8>()], 0..50)) {
            let mut rows = vec![[1, 2, 3]; copies];
            rows.extend(others);
            check(Metric::Cosine, &rows)?;
        }
    }
}
