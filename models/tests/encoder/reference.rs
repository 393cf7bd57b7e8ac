//! The definition of the model in double precision, as plainly as it can be written.

use std::collections::BTreeMap;

use crate::tiny::{self, Shape, Tensor};

type Row = Vec<f64>;

/// The ids of a text of words of small letters, cut at `max` tokens.
pub(crate) fn ids(text: &str, max: usize) -> Vec<u32> {
    let mut ids = vec![tiny::CLS];
    for word in text.split_whitespace() {
        // WordPiece gives up on a word of more than 100 characters.
        if word.chars().count() > 100 {
            ids.push(tiny::UNKNOWN);
            continue;
        }
        for (i, c) in word.chars().enumerate() {
            ids.push(if i == 0 {
                tiny::first_letter(c)
            } else {
                tiny::next_letter(c)
            });
        }
    }
    ids.truncate(max - 1);
    ids.push(tiny::SEP);
    ids
}

/// The error function: its Taylor series near zero, the continued fraction of its complement
/// beyond.
fn erf(x: f64) -> f64 {
    if x.abs() > 2.0 {
        let a = x.abs();
        let fraction = (1..200)
            .rev()
            .fold(a, |below, n| a + f64::from(n) / 2.0 / below);
        return x.signum() * (1.0 - (-a * a).exp() / (fraction * std::f64::consts::PI.sqrt()));
    }
    let (mut term, mut sum, mut n) = (x, x, 0.0);
    while term.abs() > 1e-18 {
        n += 1.0;
        term *= -x * x / n;
        sum += term / (2.0 * n + 1.0);
    }
    sum * std::f64::consts::FRAC_2_SQRT_PI
}

struct Net<'t>(&'t BTreeMap<String, Tensor>);

impl Net<'_> {
    fn tensor(&self, name: &str) -> Row {
        self.0[name].1.iter().map(|x| f64::from(*x)).collect()
    }

    fn row(&self, name: &str, row: usize) -> Row {
        let width = self.0[name].0[1];
        self.tensor(name)[row * width..(row + 1) * width].to_vec()
    }

    fn linear(&self, name: &str, x: &[f64]) -> Row {
        let bias = self.tensor(&format!("{name}.bias"));
        let weight = self.tensor(&format!("{name}.weight"));
        (bias.iter().zip(weight.chunks(x.len())))
            .map(|(b, w)| b + w.iter().zip(x).map(|(w, x)| w * x).sum::<f64>())
            .collect()
    }

    fn norm(&self, name: &str, x: &[f64]) -> Row {
        let mean = x.iter().sum::<f64>() / x.len() as f64;
        let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / x.len() as f64;
        let gain = self.tensor(&format!("{name}.weight"));
        let bias = self.tensor(&format!("{name}.bias"));
        (x.iter().zip(&gain).zip(&bias))
            .map(|((x, g), b)| (x - mean) / (variance + 1e-12).sqrt() * g + b)
            .collect()
    }
}

fn add(a: &[f64], b: &[f64]) -> Row {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

/// The unit vector of a sequence: the mean of its tokens, or the first one's.
pub(crate) fn encode(
    shape: &Shape,
    tensors: &BTreeMap<String, Tensor>,
    ids: &[u32],
    mean: bool,
) -> Row {
    let net = Net(tensors);
    let mut x: Vec<Row> = (ids.iter().enumerate())
        .map(|(place, id)| {
            let word = net.row("embeddings.word_embeddings.weight", *id as usize);
            let position = net.row("embeddings.position_embeddings.weight", place);
            let kind = net.row("embeddings.token_type_embeddings.weight", 0);
            net.norm("embeddings.LayerNorm", &add(&add(&word, &position), &kind))
        })
        .collect();
    for i in 0..shape.layers {
        let l = format!("encoder.layer.{i}");
        let part = |part: &str| -> Vec<Row> {
            x.iter()
                .map(|x| net.linear(&format!("{l}.attention.self.{part}"), x))
                .collect()
        };
        let (q, k, v) = (part("query"), part("key"), part("value"));
        let attended = attend(shape, &q, &k, &v);
        for (x, attended) in x.iter_mut().zip(&attended) {
            let out = net.linear(&format!("{l}.attention.output.dense"), attended);
            *x = net.norm(&format!("{l}.attention.output.LayerNorm"), &add(x, &out));
            let up = net.linear(&format!("{l}.intermediate.dense"), x);
            let up: Row = up
                .iter()
                .map(|u| 0.5 * u * (1.0 + erf(u / std::f64::consts::SQRT_2)))
                .collect();
            let down = net.linear(&format!("{l}.output.dense"), &up);
            *x = net.norm(&format!("{l}.output.LayerNorm"), &add(x, &down));
        }
    }
    let taken = if mean { x.len() } else { 1 };
    let sum = (x[..taken].iter()).fold(vec![0.0; shape.hidden()], |sum, x| add(&sum, x));
    let length = sum.iter().map(|x| x * x).sum::<f64>().sqrt();
    sum.iter().map(|x| x / length).collect()
}

fn attend(shape: &Shape, q: &[Row], k: &[Row], v: &[Row]) -> Vec<Row> {
    let mut out = vec![vec![0.0; shape.hidden()]; q.len()];
    for head in 0..shape.heads {
        let at = head * shape.head..(head + 1) * shape.head;
        for (q, out) in q.iter().zip(&mut out) {
            let dot = |k: &Row| -> f64 {
                let products = q[at.clone()].iter().zip(&k[at.clone()]).map(|(q, k)| q * k);
                products.sum::<f64>() / (shape.head as f64).sqrt()
            };
            let weights: Row = k.iter().map(|k| dot(k).exp()).collect();
            let sum: f64 = weights.iter().sum();
            for (weight, v) in weights.iter().zip(v) {
                for (out, v) in out[at.clone()].iter_mut().zip(&v[at.clone()]) {
                    *out += weight / sum * v;
                }
            }
        }
    }
    out
}
