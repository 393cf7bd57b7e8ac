//! The forward pass over a batch of sequences of any lengths, with no padding: the tokens of all
//! sequences stand in one matrix, a row each, and only attention looks at where one ends.

use gori_core::{Result, Stop};

use super::Pooling;
use super::config::Config;
use super::weights::{Layer, Norm, Weights};
use crate::simd::{Finish, Kernels, Packed, Rows, Start};

/// Rows that go through attention or a feed-forward block at a time: the scores, and the four
/// times wider middle, of so many stay in the cache between the two products.
const BLOCK: usize = 48;

/// The buffers of a forward pass, kept from batch to batch.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    x: Vec<f32>,
    qkv: Vec<f32>,
    attended: Vec<f32>,
    middle: Vec<f32>,
    scores: Vec<f32>,
    keys: Packed,
    values: Packed,
}

/// A model and what it runs on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Forward<'m> {
    pub(super) config: &'m Config,
    pub(super) weights: &'m Weights,
    pub(super) kernels: Kernels,
}

impl Forward<'_> {
    /// A row of unit length for each sequence, in order. Ids must be in the vocabulary and
    /// sequences no longer than the window: the caller has checked.
    pub(super) fn run(
        &self,
        sequences: &[&[u32]],
        pooling: Pooling,
        scratch: &mut Scratch,
        stop: &Stop,
    ) -> Result<Vec<f32>> {
        self.embed(sequences, scratch);
        for layer in &self.weights.layers {
            stop.check()?;
            self.attend(layer, sequences, scratch);
            self.feed_forward(layer, scratch);
        }
        Ok(self.pool(sequences, pooling, &scratch.x))
    }

    /// Word, position and type of every token, added and normalised.
    fn embed(&self, sequences: &[&[u32]], scratch: &mut Scratch) {
        let hidden = self.config.hidden;
        let x = &mut scratch.x;
        x.clear();
        let first = self.config.first_position * hidden;
        let positions = self.weights.positions.get(first..).unwrap_or_default();
        for sequence in sequences {
            for (id, position) in sequence.iter().zip(positions.chunks_exact(hidden)) {
                let start = x.len();
                x.extend_from_slice(position);
                let row = x.get_mut(start..).unwrap_or_default();
                self.weights.words.add_to(*id as usize * hidden, row);
            }
        }
        self.normalise(&self.weights.norm, x);
    }

    fn normalise(&self, norm: &Norm, x: &mut [f32]) {
        self.kernels
            .layer_norm(x, &norm.gain, &norm.bias, self.config.epsilon);
    }

    /// x = norm(x + attention(x))
    fn attend(&self, layer: &Layer, sequences: &[&[u32]], scratch: &mut Scratch) {
        let hidden = self.config.hidden;
        let rows = scratch.x.len() / hidden;
        scratch.qkv.resize(rows * 3 * hidden, 0.0);
        scratch.attended.resize(rows * hidden, 0.0);
        layer
            .qkv
            .apply(self.kernels, &scratch.x, &mut scratch.qkv, Finish::Plain);
        let mut first = 0;
        for sequence in sequences {
            for head in 0..self.config.heads {
                self.attend_head(scratch, (first, sequence.len()), head);
            }
            first += sequence.len();
        }
        layer
            .attended
            .add(self.kernels, &scratch.attended, &mut scratch.x);
        self.normalise(&layer.attended_norm, &mut scratch.x);
    }

    /// softmax(q kᵀ / √d) v, for one head of one sequence.
    fn attend_head(&self, scratch: &mut Scratch, (first, length): (usize, usize), head: usize) {
        let Scratch {
            qkv,
            attended,
            scores,
            keys,
            values,
            ..
        } = scratch;
        let hidden = self.config.hidden;
        let size = hidden / self.config.heads;
        let step = 3 * hidden;
        let part = |index: usize, row: usize| {
            let start = (first + row) * step + index * hidden + head * size;
            qkv.get(start..).unwrap_or_default()
        };
        // Whole panels of scores are quicker than a last one in part. What the columns past the
        // sequence hold is not looked at.
        let wide = length.next_multiple_of(self.kernels.panel());
        keys.columns(self.kernels, part(1, 0), step, (size, wide));
        values.rows(self.kernels, part(2, 0), step, (length, size));
        let scale = 1.0 / (size as f32).sqrt();
        for row in (0..length).step_by(BLOCK) {
            let count = BLOCK.min(length - row);
            scores.resize(count * wide, 0.0);
            let queries = Rows {
                numbers: part(0, row),
                step,
            };
            let to = Rows {
                numbers: scores.as_mut_slice(),
                step: wide,
            };
            (self.kernels).product(count, queries, keys, to, Start::Zero, Finish::Plain);
            for scores in scores.chunks_exact_mut(wide) {
                self.kernels
                    .softmax(scores.get_mut(..length).unwrap_or_default(), scale);
            }
            let weights = Rows {
                numbers: scores.as_slice(),
                step: wide,
            };
            let place = (first + row) * hidden + head * size;
            let place = attended.get_mut(place..).unwrap_or_default();
            let to = Rows {
                numbers: place,
                step: hidden,
            };
            (self.kernels).product(count, weights, values, to, Start::Zero, Finish::Plain);
        }
    }

    /// x = norm(x + W₂ gelu(W₁ x))
    fn feed_forward(&self, layer: &Layer, scratch: &mut Scratch) {
        let hidden = self.config.hidden;
        let Scratch { x, middle, .. } = scratch;
        for block in x.chunks_mut(BLOCK * hidden) {
            middle.resize(block.len() / hidden * layer.up.outputs(), 0.0);
            layer.up.apply(self.kernels, block, middle, Finish::Gelu);
            layer.down.add(self.kernels, middle, block);
            self.normalise(&layer.down_norm, block);
        }
    }

    /// One unit vector a sequence.
    fn pool(&self, sequences: &[&[u32]], pooling: Pooling, x: &[f32]) -> Vec<f32> {
        let hidden = self.config.hidden;
        let mut out = vec![0.0; sequences.len() * hidden];
        let mut tokens = x.chunks_exact(hidden);
        for (sequence, row) in sequences.iter().zip(out.chunks_exact_mut(hidden)) {
            for (place, token) in tokens.by_ref().take(sequence.len()).enumerate() {
                if pooling == Pooling::Mean || place == 0 {
                    for (sum, x) in row.iter_mut().zip(token) {
                        *sum += x;
                    }
                }
            }
            crate::unit::normalise(row);
        }
        out
    }
}
