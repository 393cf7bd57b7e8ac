//! The forward pass against the formulas, written down slowly in `f64`.

use std::io::Cursor;

use gori_core::{ErrorKind, Stop};

use super::file::{Gguf, HEADS, INNER, KEY_HEADS, LAYERS, WIDTH};
use crate::gguf::forward::Cache;
use crate::gguf::header::Header;
use crate::gguf::model::Model;

fn load(file: &Gguf) -> Model {
    let bytes = file.bytes();
    let header = Header::read(Cursor::new(&bytes), bytes.len() as u64).unwrap();
    Model::load(&mut Cursor::new(&bytes), &header, &Stop::new()).unwrap()
}

type Rows = Vec<Vec<f64>>;

fn norm(x: &[f64], weights: &[f32]) -> Vec<f64> {
    let square = x.iter().map(|x| x * x).sum::<f64>() / x.len() as f64;
    let scale = 1.0 / (square + 1e-5).sqrt();
    x.iter()
        .zip(weights)
        .map(|(x, w)| x * scale * f64::from(*w))
        .collect()
}

fn product(x: &[f64], weights: &[f32]) -> Vec<f64> {
    let rows = weights.chunks_exact(x.len());
    rows.map(|row| row.iter().zip(x).map(|(w, x)| f64::from(*w) * x).sum())
        .collect()
}

/// The score of each token to follow the last.
fn reference(file: &Gguf, halves: bool, tokens: &[usize]) -> Vec<f64> {
    let size = WIDTH / HEADS;
    let embedding = file.numbers("token_embd.weight");
    let row = |token: &usize| -> Vec<f64> {
        let row = &embedding[token * WIDTH..][..WIDTH];
        row.iter().map(|x| f64::from(*x)).collect()
    };
    let mut states: Rows = tokens.iter().map(row).collect();
    let turned = |mut x: Vec<f64>, position: usize| {
        for head in x.chunks_exact_mut(size) {
            for i in 0..size / 2 {
                let (a, b) = if halves {
                    (i, i + size / 2)
                } else {
                    (2 * i, 2 * i + 1)
                };
                let angle = position as f64 * 10_000_f64.powf(-2.0 * i as f64 / size as f64);
                let (sin, cos) = angle.sin_cos();
                (head[a], head[b]) = (head[a] * cos - head[b] * sin, head[a] * sin + head[b] * cos);
            }
        }
        x
    };
    for layer in 0..LAYERS {
        let weights = |name: &str| file.numbers(&format!("blk.{layer}.{name}"));
        let biased = |x: &[f64], part: &str| {
            let mut y = product(x, &weights(&format!("attn_{part}.weight")));
            if halves {
                let bias = weights(&format!("attn_{part}.bias"));
                y.iter_mut().zip(bias).for_each(|(y, b)| *y += f64::from(b));
            }
            y
        };
        let normal: Rows = states
            .iter()
            .map(|x| norm(x, &weights("attn_norm.weight")))
            .collect();
        let all = |part| normal.iter().map(|x| biased(x, part)).collect::<Rows>();
        let turn = |rows: Rows| {
            rows.into_iter()
                .enumerate()
                .map(|(p, x)| turned(x, p))
                .collect::<Rows>()
        };
        let (queries, keys, values) = (turn(all("q")), turn(all("k")), all("v"));
        for (position, state) in states.iter_mut().enumerate() {
            let mut attended = Vec::new();
            for head in 0..HEADS {
                let query = &queries[position][head * size..][..size];
                let from = head / (HEADS / KEY_HEADS) * size;
                let score = |key: &Vec<f64>| {
                    let key = &key[from..from + size];
                    let dot: f64 = query.iter().zip(key).map(|(q, k)| q * k).sum();
                    (dot / (size as f64).sqrt()).exp()
                };
                let scores: Vec<f64> = keys[..=position].iter().map(score).collect();
                let total: f64 = scores.iter().sum();
                attended.extend((0..size).map(|i| {
                    let weighted = scores.iter().zip(&values).map(|(s, v)| s * v[from + i]);
                    weighted.sum::<f64>() / total
                }));
            }
            let more = product(&attended, &weights("attn_output.weight"));
            state.iter_mut().zip(more).for_each(|(x, y)| *x += y);
            let normal = norm(state, &weights("ffn_norm.weight"));
            let gate = product(&normal, &weights("ffn_gate.weight"));
            let up = product(&normal, &weights("ffn_up.weight"));
            let gated: Vec<f64> = gate
                .iter()
                .zip(up)
                .map(|(g, u)| g / (1.0 + (-g).exp()) * u)
                .collect();
            assert_eq!(gated.len(), INNER);
            let more = product(&gated, &weights("ffn_down.weight"));
            state.iter_mut().zip(more).for_each(|(x, y)| *x += y);
        }
    }
    let last = norm(states.last().unwrap(), &file.numbers("output_norm.weight"));
    product(&last, &embedding)
}

fn cosine(a: &[f32], b: &[f64]) -> f64 {
    let dot: f64 = a.iter().zip(b).map(|(a, b)| f64::from(*a) * b).sum();
    let square = |x: f64| x * x;
    let a: f64 = a.iter().map(|x| square(f64::from(*x))).sum();
    let b: f64 = b.iter().map(|x| square(*x)).sum();
    dot / (a * b).sqrt()
}

#[test]
fn scores_are_those_of_the_formulas_within_what_eight_bits_lose() {
    for (architecture, halves) in [("llama", false), ("qwen2", true)] {
        let file = Gguf::tiny(architecture);
        let model = load(&file);
        let tokens: Vec<u32> = (0..90).map(|i| 3 + i * 37 % 256).collect();
        for length in [1, 2, 7, 90] {
            let tokens = &tokens[..length];
            let got = model
                .run(&mut Cache::default(), tokens, &Stop::new())
                .unwrap();
            let slow: Vec<usize> = tokens.iter().map(|token| *token as usize).collect();
            let likeness = cosine(&got, &reference(&file, halves, &slow));
            assert!(
                likeness > 0.9995,
                "{architecture}, {length} tokens: {likeness}"
            );
            // The other way of turning is not nearly as like, so the test can fail.
            if length > 2 && !halves {
                let wrong = cosine(&got, &reference(&file, false, &slow[1..]));
                assert!(wrong < 0.999, "{wrong}");
            }
        }
    }
}

#[test]
fn tokens_one_by_one_and_all_at_once_give_the_same_scores() {
    let model = load(&Gguf::tiny("llama"));
    let tokens: Vec<u32> = (0..150).map(|i| 3 + i * 31 % 256).collect();
    let at_once = model
        .run(&mut Cache::default(), &tokens, &Stop::new())
        .unwrap();
    let mut cache = Cache::default();
    let mut last = Vec::new();
    for token in &tokens {
        last = model.run(&mut cache, &[*token], &Stop::new()).unwrap();
    }
    let most = at_once
        .iter()
        .zip(&last)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max);
    assert!(most < 1e-4, "{most}");
}

#[test]
fn a_kept_beginning_gives_the_scores_of_the_whole() {
    let model = load(&Gguf::tiny("llama"));
    let run = |cache: &mut Cache, tokens: &[u32]| {
        let kept = cache.keep(tokens, &model.shape);
        (
            kept,
            model.run(cache, &tokens[kept..], &Stop::new()).unwrap(),
        )
    };
    let tokens: Vec<u32> = (0..100).map(|i| 3 + i * 29 % 256).collect();
    let mut other = tokens.clone();
    other[80] = 5;
    let mut cache = Cache::default();
    run(&mut cache, &tokens);
    let (kept, scores) = run(&mut cache, &other);
    assert_eq!(kept, 80);
    let fresh = model
        .run(&mut Cache::default(), &other, &Stop::new())
        .unwrap();
    let most = scores
        .iter()
        .zip(&fresh)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max);
    assert!(most < 1e-4, "{most}");
    assert_eq!(run(&mut cache, &other).0, 99, "the last token is run again");
}

#[test]
fn a_step_that_was_stopped_leaves_a_cache_that_can_be_gone_on_from() {
    let model = load(&Gguf::tiny("llama"));
    let tokens: Vec<u32> = (0..40).map(|i| 3 + i).collect();
    let mut cache = Cache::default();
    model.run(&mut cache, &tokens[..20], &Stop::new()).unwrap();
    let stop = Stop::new();
    stop.raise();
    let stopped = model.run(&mut cache, &tokens[20..], &stop).unwrap_err();
    assert_eq!(
        (stopped.kind(), cache.tokens.len()),
        (ErrorKind::Cancelled, 20)
    );
    let scores = model.run(&mut cache, &tokens[20..], &Stop::new()).unwrap();
    let fresh = model
        .run(&mut Cache::default(), &tokens, &Stop::new())
        .unwrap();
    let most = scores
        .iter()
        .zip(&fresh)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max);
    assert!(most < 1e-4, "{most}");
}

#[test]
fn weights_that_are_no_numbers_are_an_error_and_no_answer() {
    for name in ["output_norm.weight", "blk.1.ffn_down.weight"] {
        let mut file = Gguf::tiny("llama");
        let tensor = file.tensors.iter_mut().find(|tensor| tensor.name == name);
        tensor.unwrap().data[8..12].copy_from_slice(&f32::NAN.to_le_bytes());
        let bytes = file.bytes();
        let header = Header::read(Cursor::new(&bytes), bytes.len() as u64).unwrap();
        let error = Model::load(&mut Cursor::new(&bytes), &header, &Stop::new()).unwrap_err();
        assert_eq!(
            (error.kind(), error.subject()),
            (ErrorKind::Corrupt, Some(name))
        );
    }
}
