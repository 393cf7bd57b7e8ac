//! The loops for x86-64 processors with AVX2, FMA and F16C.
#![allow(unsafe_code)]
// Why unsafe: instructions that not every x86-64 processor has may only be reached once the
// processor was asked for them, which the compiler cannot check, and they load their operands
// through pointers.

use std::arch::x86_64::{
    __m256, __m256i, _mm_add_ps, _mm_add_ss, _mm_cvtss_f32, _mm_movehl_ps, _mm_shuffle_ps,
    _mm256_castps256_ps128, _mm256_cvtepi32_ps, _mm256_extractf128_ps, _mm256_fmadd_ps,
    _mm256_loadu_si256, _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_set1_epi16, _mm256_set1_ps,
    _mm256_setzero_ps, _mm256_sign_epi8,
};

use super::{BLOCK, Head, Rows, plain};

/// The proof that this processor has AVX2, FMA and F16C: only [`Avx2::detect`] makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Avx2(());

impl Avx2 {
    pub(super) fn detect() -> Option<Self> {
        let has = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("f16c");
        has.then_some(Self(()))
    }

    pub(super) fn products(self, weights: Rows<'_>, inputs: Rows<'_>, out: &mut [f32]) {
        // SAFETY: `self` proves that the processor has the instructions.
        unsafe { products(weights, inputs, out) }
    }

    pub(super) fn quantise(self, from: &[f32], values: &mut [i8], scales: &mut [f32]) {
        // SAFETY: `self` proves that the processor has the instructions.
        unsafe { quantise(from, values, scales) }
    }

    pub(super) fn attend(self, head: Head<'_>, scores: &mut Vec<f32>, out: &mut [f32]) {
        // SAFETY: `self` proves that the processor has the instructions.
        unsafe { attend(head, scores, out) }
    }
}

#[target_feature(enable = "avx2,fma,f16c")]
fn quantise(from: &[f32], values: &mut [i8], scales: &mut [f32]) {
    plain::quantise(from, values, scales);
}

#[target_feature(enable = "avx2,fma,f16c")]
fn attend(head: Head<'_>, scores: &mut Vec<f32>, out: &mut [f32]) {
    plain::attend(head, scores, out);
}

/// Inputs that are multiplied with a row at a time, so that it is read once for all of them.
const TILE: usize = 4;

#[target_feature(enable = "avx2,fma,f16c")]
fn products(weights: Rows<'_>, inputs: Rows<'_>, out: &mut [f32]) {
    let count = (inputs.values.len() / inputs.cols.max(1)).max(1);
    let inputs: Vec<(&[i8], &[f32])> = inputs.iter().collect();
    for (out, weight) in out.chunks_exact_mut(count).zip(weights.iter()) {
        let tiles = inputs.chunks_exact(TILE);
        let mut slots = out.chunks_exact_mut(TILE);
        let rest = tiles.remainder();
        for (tile, slots) in tiles.zip(&mut slots) {
            if let [a, b, c, d] = *tile {
                slots.copy_from_slice(&row::<TILE>(weight, [a, b, c, d]));
            }
        }
        for (input, slot) in rest.iter().zip(slots.into_remainder()) {
            [*slot] = row::<1>(weight, [*input]);
        }
    }
}

/// The products of one row with `N` inputs.
#[target_feature(enable = "avx2,fma,f16c")]
fn row<const N: usize>(weight: (&[i8], &[f32]), inputs: [(&[i8], &[f32]); N]) -> [f32; N] {
    let ones = _mm256_set1_epi16(1);
    let mut sums = [_mm256_setzero_ps(); N];
    let (blocks, _) = weight.0.as_chunks::<BLOCK>();
    let inputs = inputs.map(|(values, scales)| (values.as_chunks::<BLOCK>().0, scales));
    for (at, (block, step)) in blocks.iter().zip(weight.1).enumerate() {
        let w = load(block);
        // The instruction multiplies bytes without a sign with bytes that have one, so the
        // weight's sign moves over to the input. No number is -128, so no pair of products
        // exceeds 2 * 127 * 127 and nothing saturates.
        let magnitude = _mm256_sign_epi8(w, w);
        for (sum, (values, scales)) in sums.iter_mut().zip(&inputs) {
            if let (Some(x), Some(scale)) = (values.get(at), scales.get(at)) {
                let signed = _mm256_sign_epi8(load(x), w);
                let pairs = _mm256_maddubs_epi16(magnitude, signed);
                let quads = _mm256_cvtepi32_ps(_mm256_madd_epi16(pairs, ones));
                *sum = _mm256_fmadd_ps(quads, _mm256_set1_ps(step * scale), *sum);
            }
        }
    }
    sums.map(|sum| total(sum))
}

#[target_feature(enable = "avx2,fma,f16c")]
fn load(block: &[i8; BLOCK]) -> __m256i {
    // SAFETY: the reference is to 32 bytes, which is what is read, from any alignment.
    unsafe { _mm256_loadu_si256(block.as_ptr().cast()) }
}

/// The sum of the eight numbers.
#[target_feature(enable = "avx2,fma,f16c")]
fn total(x: __m256) -> f32 {
    let four = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps::<1>(x));
    let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps::<1>(two, two)))
}
