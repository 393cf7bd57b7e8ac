//! The loops in plain Rust, written so that the compiler makes vectors of them.

use super::{BLOCK, Head, Rows};

/// See [`Kernel::products`](super::Kernel::products).
#[inline(always)]
pub(super) fn products(weights: Rows<'_>, inputs: Rows<'_>, out: &mut [f32]) {
    let count = (inputs.values.len() / inputs.cols.max(1)).max(1);
    for (out, (weight, steps)) in out.chunks_exact_mut(count).zip(weights.iter()) {
        for (out, (input, scales)) in out.iter_mut().zip(inputs.iter()) {
            let blocks = weight.chunks_exact(BLOCK).zip(input.chunks_exact(BLOCK));
            let scales = steps.iter().zip(scales);
            *out = blocks
                .zip(scales)
                .map(|((w, x), (a, b))| {
                    let sum: i32 = w
                        .iter()
                        .zip(x)
                        .map(|(w, x)| i32::from(*w) * i32::from(*x))
                        .sum();
                    sum as f32 * (a * b)
                })
                .sum();
        }
    }
}

/// See [`Kernel::quantise`](super::Kernel::quantise).
#[inline(always)]
pub(super) fn quantise(from: &[f32], values: &mut [i8], scales: &mut [f32]) {
    let blocks = from.chunks_exact(BLOCK).zip(values.chunks_exact_mut(BLOCK));
    for ((from, values), scale) in blocks.zip(scales) {
        let largest = from.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
        *scale = largest / 127.0;
        let inverse = if largest > 0.0 { 127.0 / largest } else { 0.0 };
        for (value, x) in values.iter_mut().zip(from) {
            // A cast gives 0 for what is no number, and the nearest end for what is too large.
            *value = (x * inverse).round_ties_even() as i32 as i8;
        }
    }
}

/// The values of all positions, each weighted by the softmax of its key's product with the
/// query over the root of the head's size (Vaswani et al. 2017, equation 1). `scores` is only
/// room to work in.
#[inline(always)]
pub(super) fn attend(head: Head<'_>, scores: &mut Vec<f32>, out: &mut [f32]) {
    let size = head.query.len();
    let root = 1.0 / (size as f32).sqrt();
    let part = head.offset..head.offset + size;
    scores.clear();
    scores.extend(head.keys.chunks_exact(head.stride).map(|position| {
        let key = position.get(part.clone()).unwrap_or_default();
        dot(head.query, key) * root
    }));
    let most = scores.iter().copied().fold(f32::MIN, f32::max);
    let mut total = 0.0;
    for score in scores.iter_mut() {
        *score = (*score - most).exp();
        total += *score;
    }
    out.fill(0.0);
    let weight = 1.0 / total;
    for (score, position) in scores.iter().zip(head.values.chunks_exact(head.stride)) {
        let value = position.get(part.clone()).unwrap_or_default();
        let weight = score * weight;
        for (out, x) in out.iter_mut().zip(value) {
            *out += weight * x;
        }
    }
}

#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    const LANES: usize = 16;
    let mut sums = [0.0_f32; LANES];
    let (a, b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest = a.remainder().iter().zip(b.remainder());
    let rest: f32 = rest.map(|(a, b)| a * b).sum();
    for (a, b) in a.zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f32>() + rest
}
