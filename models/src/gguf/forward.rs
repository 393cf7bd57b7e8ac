//! One step of a llama or qwen2 model: tokens in, the scores of the next token out.

use gori_core::{Error, ErrorKind, Result, Stop};
use rayon::prelude::*;

use super::kernel::Head;
use super::matrix::Inputs;
use super::model::{Layer, Model, Shape, Turn};

/// Tokens of a prompt that go through the layers together: enough that each weight is read
/// rarely, few enough that a caller who left is noticed soon.
const TOGETHER: usize = 64;
/// Numbers of keys that are worth a thread's while in attention.
const SHARE: usize = 1 << 14;

/// The tokens a model has seen, with their keys and values.
#[derive(Debug, Default)]
pub(super) struct Cache {
    pub(super) tokens: Vec<u32>,
    layers: Vec<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    keys: Vec<f32>,
    values: Vec<f32>,
}

impl Cache {
    /// Keeps what agrees with the beginning of `prompt`, but never all of it, since the last
    /// token must be run to know what follows. Gives how many tokens were kept.
    pub(super) fn keep(&mut self, prompt: &[u32], shape: &Shape) -> usize {
        let pairs = self.tokens.iter().zip(prompt);
        let agree = pairs.take_while(|(a, b)| a == b).count();
        let kept = agree.min(prompt.len().saturating_sub(1));
        self.tokens.truncate(kept);
        let numbers = kept * shape.key_heads * shape.head;
        for seen in &mut self.layers {
            seen.keys.truncate(numbers);
            seen.values.truncate(numbers);
        }
        kept
    }
}

impl Model {
    /// Runs the tokens after those of the cache; gives the score of every token of the
    /// vocabulary to come next.
    ///
    /// # Errors
    /// When it was told to stop (then the cache holds what was run), or when the scores are
    /// no numbers.
    pub(super) fn run(&self, cache: &mut Cache, tokens: &[u32], stop: &Stop) -> Result<Vec<f32>> {
        cache.layers.resize_with(self.layers.len(), Seen::default);
        let mut last = Vec::new();
        for some in tokens.chunks(TOGETHER) {
            let places = self.places(cache.tokens.len(), some.len());
            let mut states = Vec::with_capacity(some.len() * self.shape.width);
            for token in some {
                let row = self.embedding.row(*token as usize);
                states.extend(row.take(self.shape.width));
            }
            if states.len() != some.len() * self.shape.width {
                return Err(Error::new(
                    ErrorKind::Internal,
                    "a token is not in the vocabulary",
                ));
            }
            for (layer, seen) in self.layers.iter().zip(&mut cache.layers) {
                if let Err(stopped) = stop.check() {
                    let whole = cache.tokens.clone();
                    cache.keep_all(&whole, &self.shape);
                    return Err(stopped);
                }
                self.attention(layer, seen, &mut states, &places);
                self.inner(layer, &mut states);
            }
            cache.tokens.extend_from_slice(some);
            last = states.split_off(states.len() - self.shape.width);
        }
        let state = normed(&last, &self.norm, self.shape.epsilon);
        let head = self.head.as_ref().unwrap_or(&self.embedding);
        let scores = head.apply(&self.inputs(&state, self.shape.width), self.kernel);
        if scores.iter().all(|score| score.is_finite()) {
            Ok(scores)
        } else {
            Err(
                Error::new(ErrorKind::Corrupt, "the model's scores are no numbers")
                    .hint("its file is damaged: fetch it again"),
            )
        }
    }

    /// Cosine and sine of every pair's angle at each of the next positions.
    fn places(&self, first: usize, count: usize) -> Vec<Vec<(f32, f32)>> {
        let turn = |position: usize| {
            let angles = self.shape.angles.iter();
            angles
                .map(|angle| {
                    let (sin, cos) = (position as f32 * angle).sin_cos();
                    (cos, sin)
                })
                .collect()
        };
        (first..first + count).map(turn).collect()
    }

    fn inputs(&self, rows: &[f32], cols: usize) -> Inputs {
        Inputs::of(rows, cols, self.kernel)
    }

    fn attention(
        &self,
        layer: &Layer,
        seen: &mut Seen,
        states: &mut [f32],
        places: &[Vec<(f32, f32)>],
    ) {
        let shape = &self.shape;
        let (queries, keys) = (shape.heads * shape.head, shape.key_heads * shape.head);
        let normal = normed(states, &layer.attention_norm, shape.epsilon);
        let mut all = layer
            .attend
            .apply(&self.inputs(&normal, shape.width), self.kernel);
        for (row, place) in all.chunks_exact_mut(queries + 2 * keys).zip(places) {
            for (x, bias) in row.iter_mut().zip(&layer.bias) {
                *x += bias;
            }
            let (turned, value) = row.split_at_mut(queries + keys);
            for head in turned.chunks_exact_mut(shape.head) {
                rotate(head, place, shape.turn);
            }
            seen.keys
                .extend_from_slice(turned.get(queries..).unwrap_or_default());
            seen.values.extend_from_slice(value);
        }
        let mut attended = vec![0.0; places.len() * queries];
        let before = seen.keys.len() / keys - places.len();
        let group = shape.heads / shape.key_heads;
        let one = |scores: &mut Vec<f32>, (at, out): (usize, &mut [f32])| {
            let (input, head) = (at / shape.heads, at % shape.heads);
            let from = input * (queries + 2 * keys) + head * shape.head;
            let until = (before + input + 1) * keys;
            let head = Head {
                query: all.get(from..from + shape.head).unwrap_or_default(),
                keys: seen.keys.get(..until).unwrap_or_default(),
                values: seen.values.get(..until).unwrap_or_default(),
                stride: keys,
                offset: head / group * shape.head,
            };
            self.kernel.attend(head, scores, out);
        };
        let work = (before + places.len()) * shape.head;
        attended
            .par_chunks_mut(shape.head)
            .enumerate()
            .with_min_len(SHARE.div_ceil(work))
            .for_each_init(Vec::new, one);
        add(
            states,
            &layer
                .output
                .apply(&self.inputs(&attended, queries), self.kernel),
        );
    }

    fn inner(&self, layer: &Layer, states: &mut [f32]) {
        let shape = &self.shape;
        let normal = normed(states, &layer.inner_norm, shape.epsilon);
        let both = layer
            .widen
            .apply(&self.inputs(&normal, shape.width), self.kernel);
        let mut gated = Vec::with_capacity(both.len() / 2);
        for row in both.chunks_exact(2 * shape.inner) {
            let (gate, up) = row.split_at(shape.inner);
            // SwiGLU, Shazeer 2020.
            gated.extend(gate.iter().zip(up).map(|(g, u)| g / (1.0 + (-g).exp()) * u));
        }
        add(
            states,
            &layer
                .narrow
                .apply(&self.inputs(&gated, shape.inner), self.kernel),
        );
    }
}

impl Cache {
    /// Forgets the keys and values of a step that was broken off.
    fn keep_all(&mut self, tokens: &[u32], shape: &Shape) {
        let numbers = tokens.len() * shape.key_heads * shape.head;
        for seen in &mut self.layers {
            seen.keys.truncate(numbers);
            seen.values.truncate(numbers);
        }
    }
}

/// Each row over its root mean square, weighted (Zhang and Sennrich 2019).
fn normed(rows: &[f32], weights: &[f32], epsilon: f32) -> Vec<f32> {
    let mut out = Vec::with_capacity(rows.len());
    for row in rows.chunks_exact(weights.len()) {
        let square: f32 = row.iter().map(|x| x * x).sum::<f32>() / row.len() as f32;
        let scale = 1.0 / (square + epsilon).sqrt();
        out.extend(row.iter().zip(weights).map(|(x, w)| x * scale * w));
    }
    out
}

fn add(states: &mut [f32], more: &[f32]) {
    for (state, more) in states.iter_mut().zip(more) {
        *state += more;
    }
}

/// Turns the pairs of a head by the angles of its position (Su et al. 2021, equation 34).
fn rotate(head: &mut [f32], place: &[(f32, f32)], turn: Turn) {
    match turn {
        Turn::Neighbours => {
            for (pair, (cos, sin)) in head.as_chunks_mut::<2>().0.iter_mut().zip(place) {
                let [a, b] = *pair;
                *pair = [a * cos - b * sin, a * sin + b * cos];
            }
        }
        Turn::Halves => {
            let (first, second) = head.split_at_mut(place.len());
            for ((a, b), (cos, sin)) in first.iter_mut().zip(second).zip(place) {
                (*a, *b) = (*a * cos - *b * sin, *a * sin + *b * cos);
            }
        }
    }
}
