//! The inner loops: products of 8-bit blocks, and the `f32` loops of attention.
//!
//! Each is written once in plain Rust, compiled twice: for the processor every build must run
//! on, and for AVX2 with FMA. Which one runs is chosen when a model is loaded, so that a plain
//! `cargo build` is as fast as one with `-C target-cpu=native`; the products of blocks have
//! an AVX2 version of their own, since no compiler finds `vpmaddubsw`.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod plain;

/// How many numbers share a scale, as in GGUF's `Q8_0`.
pub(super) const BLOCK: usize = 32;

/// Rows of 8-bit numbers in blocks that share a scale.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows<'a> {
    /// Row after row, a whole number of blocks each.
    pub(super) values: &'a [i8],
    /// A scale for each block, in the same order.
    pub(super) scales: &'a [f32],
    /// Numbers in a row, a multiple of [`BLOCK`].
    pub(super) cols: usize,
}

impl<'a> Rows<'a> {
    /// The rows, each with its scales.
    fn iter(self) -> impl ExactSizeIterator<Item = (&'a [i8], &'a [f32])> {
        let blocks = self.cols / BLOCK;
        self.values
            .chunks_exact(self.cols)
            .zip(self.scales.chunks_exact(blocks))
    }
}

/// The instructions that the loops may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kernel {
    /// What every processor of the target has.
    Plain,
    /// AVX2, FMA and F16C; every x86-64 server and desktop processor since 2015. Holds the
    /// proof that this one has them.
    #[cfg(target_arch = "x86_64")]
    Avx2(avx2::Avx2),
}

impl Kernel {
    /// The best this processor has.
    pub(super) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = avx2::Avx2::detect() {
            return Self::Avx2(avx2);
        }
        Self::Plain
    }

    /// Multiplies each row of `weights` with each row of `inputs`, into
    /// `out[weight][input]`. All have the same number of columns.
    pub(super) fn products(self, weights: Rows<'_>, inputs: Rows<'_>, out: &mut [f32]) {
        match self {
            Self::Plain => plain::products(weights, inputs, out),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(avx2) => avx2.products(weights, inputs, out),
        }
    }

    /// Turns numbers into blocks of 8-bit numbers with a scale each. The lengths must be
    /// `n`, `n` and `n / BLOCK`.
    pub(super) fn quantise(self, from: &[f32], values: &mut [i8], scales: &mut [f32]) {
        match self {
            Self::Plain => plain::quantise(from, values, scales),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(avx2) => avx2.quantise(from, values, scales),
        }
    }

    /// The attention of one head to all positions so far; see [`plain::attend`].
    pub(super) fn attend(self, head: Head<'_>, scores: &mut Vec<f32>, out: &mut [f32]) {
        match self {
            Self::Plain => plain::attend(head, scores, out),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(avx2) => avx2.attend(head, scores, out),
        }
    }
}

/// One head's question to the cache of keys and values.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head<'a> {
    /// The query, of the head's size.
    pub(super) query: &'a [f32],
    /// The keys, `stride` numbers for each position.
    pub(super) keys: &'a [f32],
    /// The values, laid out like the keys.
    pub(super) values: &'a [f32],
    /// Numbers from one position to the next.
    pub(super) stride: usize,
    /// Where this head's numbers begin in a position.
    pub(super) offset: usize,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn both() -> Vec<Kernel> {
        let best = Kernel::detect();
        if best == Kernel::Plain {
            println!("this processor has no faster kernel than the plain one");
        }
        vec![Kernel::Plain, best]
    }

    fn quantised(kernel: Kernel, from: &[f32]) -> (Vec<i8>, Vec<f32>) {
        let (mut values, mut scales) = (vec![0; from.len()], vec![0.0; from.len() / BLOCK]);
        kernel.quantise(from, &mut values, &mut scales);
        (values, scales)
    }

    proptest! {
        #[test]
        fn quantised_numbers_are_within_half_a_step(
            from in proptest::collection::vec(-1e4_f32..1e4, BLOCK * 3)
        ) {
            for kernel in both() {
                let (values, scales) = quantised(kernel, &from);
                for (i, x) in from.iter().enumerate() {
                    let scale = scales[i / BLOCK];
                    prop_assert!((f32::from(values[i]) * scale - x).abs() <= scale * 0.501);
                }
                prop_assert!(values.iter().all(|v| *v != i8::MIN));
            }
        }

        #[test]
        fn products_are_those_of_the_numbers(
            blocks in 1_usize..6, weights in 1_usize..9, inputs in 1_usize..11, seed in any::<u64>()
        ) {
            let mut state = seed | 1;
            let mut next = || {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                (state >> 40) as f32 / (1 << 23) as f32 - 1.0
            };
            let cols = blocks * BLOCK;
            let w: Vec<f32> = (0..weights * cols).map(|_| next()).collect();
            let x: Vec<f32> = (0..inputs * cols).map(|_| next()).collect();
            let (wv, ws) = quantised(Kernel::Plain, &w);
            let (xv, xs) = quantised(Kernel::Plain, &x);
            let number = |v: &[i8], s: &[f32], i: usize| f64::from(v[i]) * f64::from(s[i / BLOCK]);
            for kernel in both() {
                let mut out = vec![f32::NAN; weights * inputs];
                kernel.products(
                    Rows { values: &wv, scales: &ws, cols },
                    Rows { values: &xv, scales: &xs, cols },
                    &mut out,
                );
                for (at, got) in out.iter().enumerate() {
                    let (row, input) = (at / inputs, at % inputs);
                    let want: f64 = (0..cols)
                        .map(|c| number(&wv, &ws, row * cols + c) * number(&xv, &xs, input * cols + c))
                        .sum();
                    prop_assert!((f64::from(*got) - want).abs() < 1e-4 * cols as f64, "{got} {want}");
                }
            }
        }
    }

    #[test]
    fn the_largest_products_do_not_overflow() {
        let (values, scales) = (vec![-127_i8; 4096], vec![1.0_f32; 4096 / BLOCK]);
        let rows = Rows {
            values: &values,
            scales: &scales,
            cols: 4096,
        };
        for kernel in both() {
            let mut out = [0.0];
            kernel.products(rows, rows, &mut out);
            assert_eq!(out, [127.0 * 127.0 * 4096.0]);
        }
    }

    #[test]
    fn what_is_no_number_does_not_spread_and_does_not_panic() {
        for kernel in both() {
            let mut from = vec![1.0_f32; BLOCK * 2];
            from[3] = f32::NAN;
            from[40] = f32::INFINITY;
            let _ = quantised(kernel, &from);
            let (values, scales) = quantised(kernel, &[0.0; BLOCK]);
            assert!(values.iter().all(|v| *v == 0) && scales == [0.0]);
        }
    }

    #[test]
    fn attention_is_the_weighted_mean_of_the_values() {
        let (size, heads, positions) = (24, 2, 37);
        let stride = size * heads;
        let wave = |i: usize, k: f32| (i as f32 * k).sin();
        let keys: Vec<f32> = (0..positions * stride).map(|i| wave(i, 0.7)).collect();
        let values: Vec<f32> = (0..positions * stride).map(|i| wave(i, 0.3)).collect();
        let query: Vec<f32> = (0..size).map(|i| wave(i, 1.3)).collect();
        for kernel in both() {
            let head = Head {
                query: &query,
                keys: &keys,
                values: &values,
                stride,
                offset: size,
            };
            let mut out = vec![0.0; size];
            kernel.attend(head, &mut Vec::new(), &mut out);
            let score = |p: usize| -> f32 {
                (0..size)
                    .map(|i| query[i] * keys[p * stride + size + i])
                    .sum::<f32>()
                    / (size as f32).sqrt()
            };
            let total: f32 = (0..positions).map(|p| score(p).exp()).sum();
            for (i, got) in out.iter().enumerate() {
                let want: f32 = (0..positions)
                    .map(|p| score(p).exp() / total * values[p * stride + size + i])
                    .sum();
                assert!((got - want).abs() < 1e-5, "{got} {want}");
            }
        }
    }
}
