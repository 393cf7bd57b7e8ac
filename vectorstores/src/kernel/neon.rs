//! NEON, which every 64-bit ARM has.
#![allow(unsafe_code)]

use std::arch::aarch64::*;

use super::{Kernel, LANES, portable};

pub(super) fn available() -> Vec<Kernel> {
    if !std::arch::is_aarch64_feature_detected!("neon") {
        return Vec::new();
    }
    vec![Kernel {
        name: "neon",
        // SAFETY: the instructions were found to be there.
        dot_i8: |a, b| unsafe { dot_i8(a, b) },
        // SAFETY: as above.
        dot4_i8: |a, rows| rows.map(|row| unsafe { dot_i8(a, row) }),
        // SAFETY: as above.
        dot_fine: |query, codes, fine| unsafe { dot_fine(query, codes, fine) },
        dot_f32: gori_core::dot,
    }]
}

#[target_feature(enable = "neon")]
fn dot_fine(query: &[f32], codes: &[i8], fine: &[u8]) -> f32 {
    portable::dot_fine(query, codes, fine)
}

#[target_feature(enable = "neon")]
fn dot_i8(a: &[i8], b: &[i8]) -> i32 {
    let (a, _) = a.as_chunks::<LANES>();
    let (b, _) = b.as_chunks::<LANES>();
    let mut sums = [vdupq_n_s32(0); 2];
    for (a, b) in a.iter().zip(b) {
        for part in 0..LANES / 16 {
            // SAFETY: `part * 16 + 16` is at most the 64 bytes of each array.
            let (a, b) = unsafe {
                (
                    vld1q_s8(a.as_ptr().add(part * 16)),
                    vld1q_s8(b.as_ptr().add(part * 16)),
                )
            };
            // Two products of codes fit 16 bits, and are then added up in 32.
            let low = vmull_s8(vget_low_s8(a), vget_low_s8(b));
            let [even, odd] = &mut sums;
            *even = vpadalq_s16(*even, low);
            *odd = vpadalq_s16(*odd, vmull_high_s8(a, b));
        }
    }
    let [even, odd] = sums;
    vaddvq_s32(vaddq_s32(even, odd))
}
