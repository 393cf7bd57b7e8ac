//! AVX2 with FMA, and AVX-512 with VNNI.
//!
//! AVX2 has a product of unsigned with signed bytes only, whose pairs are added up in 16
//! bits. `|a| * (b with the sign of a)` makes one factor unsigned, and 2 * 127 * 127 = 32,258
//! fits 16 bits, which is why -128 is no code. VNNI multiplies unsigned with signed bytes too,
//! but adds up in 32 bits: 128 is added to every code of the row by flipping its top bit, and
//! `128 * sum(a)` taken off at the end, which is the same for all rows.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::{Kernel, LANES, portable};

pub(super) fn available() -> Vec<Kernel> {
    let mut all = Vec::new();
    if is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vnni")
    {
        all.push(Kernel {
            name: "avx512-vnni",
            // SAFETY: the instructions were found to be there.
            dot_i8: |a, b| unsafe { dot_i8_vnni(a, b) },
            // SAFETY: as above.
            dot4_i8: |a, rows| unsafe { dot4_i8_vnni(a, rows) },
            // SAFETY: as above.
            dot_fine: |query, codes, fine| unsafe { dot_fine_avx512(query, codes, fine) },
            // SAFETY: as above.
            dot_f32: |a, b| unsafe { dot_f32_avx512(a, b) },
        });
    }
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        all.push(Kernel {
            name: "avx2",
            // SAFETY: the instructions were found to be there.
            dot_i8: |a, b| unsafe { dot_i8_avx2(a, b) },
            // SAFETY: as above.
            dot4_i8: |a, rows| unsafe { dot4_i8_avx2(a, rows) },
            // SAFETY: as above.
            dot_fine: |query, codes, fine| unsafe { dot_fine_avx2(query, codes, fine) },
            // SAFETY: as above.
            dot_f32: |a, b| unsafe { dot_f32_avx2(a, b) },
        });
    }
    all
}

pub(super) fn prefetch(row: &[i8]) {
    for line in row.chunks(64) {
        // SAFETY: SSE is part of x86-64, and a prefetch reads nothing that the program sees.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr()) };
    }
}

#[target_feature(enable = "avx2")]
fn sum_i32(x: __m256i) -> i32 {
    let half = _mm_add_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256::<1>(x));
    let pair = _mm_add_epi32(half, _mm_shuffle_epi32::<0b00_00_11_10>(half));
    _mm_cvtsi128_si32(_mm_add_epi32(pair, _mm_shuffle_epi32::<1>(pair)))
}

#[target_feature(enable = "avx2")]
fn dot_i8_avx2(a: &[i8], b: &[i8]) -> i32 {
    let (a, _) = a.as_chunks::<LANES>();
    let (b, _) = b.as_chunks::<LANES>();
    let ones = _mm256_set1_epi16(1);
    let (mut low, mut high) = (_mm256_setzero_si256(), _mm256_setzero_si256());
    for (a, b) in a.iter().zip(b) {
        // SAFETY: each array has 64 bytes, and the loads need no alignment.
        let (a0, a1, b0, b1) = unsafe {
            let (a, b) = (a.as_ptr().cast::<__m256i>(), b.as_ptr().cast::<__m256i>());
            (
                _mm256_loadu_si256(a),
                _mm256_loadu_si256(a.add(1)),
                _mm256_loadu_si256(b),
                _mm256_loadu_si256(b.add(1)),
            )
        };
        let pairs0 = _mm256_maddubs_epi16(_mm256_abs_epi8(a0), _mm256_sign_epi8(b0, a0));
        let pairs1 = _mm256_maddubs_epi16(_mm256_abs_epi8(a1), _mm256_sign_epi8(b1, a1));
        low = _mm256_add_epi32(low, _mm256_madd_epi16(pairs0, ones));
        high = _mm256_add_epi32(high, _mm256_madd_epi16(pairs1, ones));
    }
    sum_i32(_mm256_add_epi32(low, high))
}

/// As above for four rows at once, which takes the parts of `a` that they share once and adds
/// up across the lanes of all four together.
#[target_feature(enable = "avx2")]
fn dot4_i8_avx2(a: &[i8], rows: [&[i8]; 4]) -> [i32; 4] {
    let (a, _) = a.as_chunks::<LANES>();
    let [b, c, d, e] = rows.map(|row| row.as_chunks::<LANES>().0);
    let ones = _mm256_set1_epi16(1);
    let mut sums = [_mm256_setzero_si256(); 4];
    for ((((a, b), c), d), e) in a.iter().zip(b).zip(c).zip(d).zip(e) {
        for half in [0, LANES / 2] {
            // SAFETY: `half + 32` is at most the 64 bytes of the array, and the load needs no
            // alignment.
            let a = unsafe { _mm256_loadu_si256(a.as_ptr().add(half).cast()) };
            let size = _mm256_abs_epi8(a);
            for (sum, row) in sums.iter_mut().zip([b, c, d, e]) {
                // SAFETY: as above.
                let row = unsafe { _mm256_loadu_si256(row.as_ptr().add(half).cast()) };
                let pairs = _mm256_maddubs_epi16(size, _mm256_sign_epi8(row, a));
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(pairs, ones));
            }
        }
    }
    let [b, c, d, e] = sums;
    let all = _mm256_hadd_epi32(_mm256_hadd_epi32(b, c), _mm256_hadd_epi32(d, e));
    let all = _mm_add_epi32(
        _mm256_castsi256_si128(all),
        _mm256_extracti128_si256::<1>(all),
    );
    let mut dots = [0; 4];
    // SAFETY: the array has room for the 4 numbers.
    unsafe { _mm_storeu_si128(dots.as_mut_ptr().cast(), all) };
    dots
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn dot_i8_vnni(a: &[i8], b: &[i8]) -> i32 {
    let (a, _) = a.as_chunks::<LANES>();
    let (b, _) = b.as_chunks::<LANES>();
    let top = _mm512_set1_epi8(-128);
    let (mut products, mut sums) = (_mm512_setzero_si512(), _mm512_setzero_si512());
    for (a, b) in a.iter().zip(b) {
        // SAFETY: each array has 64 bytes, and the loads need no alignment.
        let (a, b) = unsafe {
            (
                _mm512_loadu_si512(a.as_ptr().cast()),
                _mm512_loadu_si512(b.as_ptr().cast()),
            )
        };
        products = _mm512_dpbusd_epi32(products, _mm512_xor_si512(b, top), a);
        // The top bit alone is 128 as an unsigned byte.
        sums = _mm512_dpbusd_epi32(sums, top, a);
    }
    _mm512_reduce_add_epi32(_mm512_sub_epi32(products, sums))
}

/// As above for four rows at once, which share the sum of `a`.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn dot4_i8_vnni(a: &[i8], rows: [&[i8]; 4]) -> [i32; 4] {
    let (a, _) = a.as_chunks::<LANES>();
    let [b, c, d, e] = rows.map(|row| row.as_chunks::<LANES>().0);
    let top = _mm512_set1_epi8(-128);
    let (mut products, mut sums) = ([_mm512_setzero_si512(); 4], _mm512_setzero_si512());
    for ((((a, b), c), d), e) in a.iter().zip(b).zip(c).zip(d).zip(e) {
        // SAFETY: the array has 64 bytes, and the load needs no alignment.
        let a = unsafe { _mm512_loadu_si512(a.as_ptr().cast()) };
        sums = _mm512_dpbusd_epi32(sums, top, a);
        for (product, row) in products.iter_mut().zip([b, c, d, e]) {
            // SAFETY: as above.
            let row = unsafe { _mm512_loadu_si512(row.as_ptr().cast()) };
            *product = _mm512_dpbusd_epi32(*product, _mm512_xor_si512(row, top), a);
        }
    }
    products.map(|product| _mm512_reduce_add_epi32(_mm512_sub_epi32(product, sums)))
}

#[target_feature(enable = "avx512f,avx512bw")]
fn dot_fine_avx512(query: &[f32], codes: &[i8], fine: &[u8]) -> f32 {
    portable::dot_fine(query, codes, fine)
}

#[target_feature(enable = "avx2,fma")]
fn dot_fine_avx2(query: &[f32], codes: &[i8], fine: &[u8]) -> f32 {
    portable::dot_fine(query, codes, fine)
}

#[target_feature(enable = "avx2,fma")]
fn dot_f32_avx2(a: &[f32], b: &[f32]) -> f32 {
    let (a, a_rest) = a.as_chunks::<16>();
    let (b, b_rest) = b.as_chunks::<16>();
    let (mut low, mut high) = (_mm256_setzero_ps(), _mm256_setzero_ps());
    for (a, b) in a.iter().zip(b) {
        // SAFETY: each array has 16 numbers, and the loads need no alignment.
        unsafe {
            let (a, b) = (a.as_ptr(), b.as_ptr());
            low = _mm256_fmadd_ps(_mm256_loadu_ps(a), _mm256_loadu_ps(b), low);
            high = _mm256_fmadd_ps(_mm256_loadu_ps(a.add(8)), _mm256_loadu_ps(b.add(8)), high);
        }
    }
    let mut lanes = [0.0; 8];
    // SAFETY: the array has room for the 8 numbers.
    unsafe { _mm256_storeu_ps(lanes.as_mut_ptr(), _mm256_add_ps(low, high)) };
    lanes.iter().sum::<f32>() + gori_core::dot(a_rest, b_rest)
}

#[target_feature(enable = "avx512f")]
fn dot_f32_avx512(a: &[f32], b: &[f32]) -> f32 {
    let (a, a_rest) = a.as_chunks::<32>();
    let (b, b_rest) = b.as_chunks::<32>();
    let (mut low, mut high) = (_mm512_setzero_ps(), _mm512_setzero_ps());
    for (a, b) in a.iter().zip(b) {
        // SAFETY: each array has 32 numbers, and the loads need no alignment.
        unsafe {
            let (a, b) = (a.as_ptr(), b.as_ptr());
            low = _mm512_fmadd_ps(_mm512_loadu_ps(a), _mm512_loadu_ps(b), low);
            high = _mm512_fmadd_ps(_mm512_loadu_ps(a.add(16)), _mm512_loadu_ps(b.add(16)), high);
        }
    }
    _mm512_reduce_add_ps(_mm512_add_ps(low, high)) + gori_core::dot(a_rest, b_rest)
}
