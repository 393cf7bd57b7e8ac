//! The forward pass over a batch of sequences of any lengths, with no padding: the tokens of all
//! sequences stand in one matrix, a row each, and only attention looks at where one ends.

use gori_core::{Result, Stop};

use super::Pooling;
use super::config::Config;
use super::weights::{Layer, Norm, Weights};
use crate::simd::{Kernels, Layout, Onto, multiply};

/// Rows that go through a feed-forward block at a time: the four times wider middle of so many
/// stays in the cache between the two products.
const BLOCK: usize = 128;

/// The buffers of a forward pass, kept from batch to batch.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    x: Vec<f32>,
    qkv: Vec<f32>,
    attended: Vec<f32>,
    middle: Vec<f32>,
    scores: Vec<f32>,
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
        let Scratch {
            x,
            qkv,
            attended,
            scores,
            ..
        } = scratch;
        let rows = x.len() / hidden;
        qkv.resize(rows * 3 * hidden, 0.0);
        attended.resize(rows * hidden, 0.0);
        layer.qkv.apply(x, qkv);
        let mut row = 0;
        for sequence in sequences {
            for head in 0..self.config.heads {
                self.attend_head(qkv, attended, scores, (row, sequence.len()), head);
            }
            row += sequence.len();
        }
        layer.attended.add(attended, x);
        self.normalise(&layer.attended_norm, x);
    }

    /// softmax(q kᵀ / √d) v, for one head of one sequence.
    fn attend_head(
        &self,
        qkv: &[f32],
        attended: &mut [f32],
        scores: &mut Vec<f32>,
        (first, length): (usize, usize),
        head: usize,
    ) {
        let hidden = self.config.hidden;
        let size = hidden / self.config.heads;
        if length == 0 {
            return;
        }
        let part = |index: usize| Layout {
            start: first * 3 * hidden + index * hidden + head * size,
            rows: length,
            columns: size,
            row_step: 3 * hidden,
            column_step: 1,
        };
        let square = Layout::dense(length, length);
        scores.resize(length * length, 0.0);
        multiply(
            (scores, square),
            Onto::Nothing,
            (qkv, part(0)),
            (qkv, part(1).transposed()),
        );
        let scale = 1.0 / (size as f32).sqrt();
        for row in scores.chunks_exact_mut(length) {
            self.kernels.softmax(row, scale);
        }
        let place = Layout {
            start: first * hidden + head * size,
            row_step: hidden,
            ..part(0)
        };
        multiply(
            (attended, place),
            Onto::Nothing,
            (scores, square),
            (qkv, part(2)),
        );
    }

    /// x = norm(x + W₂ gelu(W₁ x))
    fn feed_forward(&self, layer: &Layer, scratch: &mut Scratch) {
        let hidden = self.config.hidden;
        let Scratch { x, middle, .. } = scratch;
        for block in x.chunks_mut(BLOCK * hidden) {
            middle.resize(block.len() / hidden * layer.up.outputs(), 0.0);
            layer.up.apply(block, middle);
            self.kernels.gelu(middle);
            layer.down.add(middle, block);
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
