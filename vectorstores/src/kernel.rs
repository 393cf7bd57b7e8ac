//! Dot products of quantised and of plain vectors, by the widest instructions that the
//! processor has: chosen once, when the program runs.
//!
//! Codes are whole numbers from -127 to 127. That -128 is never used is what lets AVX2
//! multiply without overflow, see [`x86`].

#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;
#[cfg(target_arch = "x86_64")]
mod x86;

use std::sync::OnceLock;

/// Rows of codes begin at multiples of this many bytes and are filled up with zeros, so that
/// no kernel has a remainder to deal with.
pub(crate) const LANES: usize = 64;

/// Bytes of a row of codes.
pub(crate) const fn stride(dims: usize) -> usize {
    dims.div_ceil(LANES) * LANES
}

type DotI8 = fn(&[i8], &[i8]) -> i32;
type Dot4I8 = fn(&[i8], [&[i8]; 4]) -> [i32; 4];
type DotFine = fn(&[f32], &[i8], &[u8]) -> f32;
type DotF32 = fn(&[f32], &[f32]) -> f32;

/// One set of instructions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kernel {
    /// What the instructions are called, for the reader of a test or a debugger.
    #[cfg_attr(not(test), expect(dead_code, reason = "for the eye only"))]
    pub(crate) name: &'static str,
    /// The dot product of two rows of codes of the same length, a multiple of [`LANES`].
    pub(crate) dot_i8: DotI8,
    /// The dot products of a row of codes with four others, all of the same length.
    pub(crate) dot4_i8: Dot4I8,
    /// The dot product of a vector, filled up with zeros to the length of the codes, with
    /// sixteen times each code plus its fine code, which lie two to a byte: that of a number in
    /// the first half of the row in the lower bits, that of the one half a row later above.
    pub(crate) dot_fine: DotFine,
    /// The dot product of two vectors; the shorter length counts.
    pub(crate) dot_f32: DotF32,
}

const PORTABLE: Kernel = Kernel {
    name: "portable",
    dot_i8: portable::dot_i8,
    dot4_i8: |a, rows| rows.map(|row| portable::dot_i8(a, row)),
    dot_fine: portable::dot_fine,
    dot_f32: gori_core::dot,
};

/// All that this processor can do, the best first.
pub(crate) fn available() -> Vec<Kernel> {
    let mut all = Vec::new();
    #[cfg(target_arch = "x86_64")]
    all.extend(x86::available());
    #[cfg(target_arch = "aarch64")]
    all.extend(neon::available());
    all.push(PORTABLE);
    all
}

/// The best that this processor can do.
pub(crate) fn best() -> Kernel {
    static BEST: OnceLock<Kernel> = OnceLock::new();
    *BEST.get_or_init(|| available().into_iter().next().unwrap_or(PORTABLE))
}

/// Asks the processor to fetch a row that is needed soon.
pub(crate) fn prefetch(row: &[i8]) {
    #[cfg(target_arch = "x86_64")]
    x86::prefetch(row);
    #[cfg(not(target_arch = "x86_64"))]
    let _ = row;
}

/// Quantises a vector into a row of codes and gives the scale: `codes[i] * scale` is near
/// `vector[i]`, by half a scale at most.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the quotient lies from -127 to 127 after rounding"
)]
pub(crate) fn quantise(vector: &[f32], codes: &mut [i8]) -> f32 {
    let most = vector.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
    let scale = most / 127.0;
    let inverse = if most > 0.0 { 127.0 / most } else { 0.0 };
    codes.fill(0);
    for (code, x) in codes.iter_mut().zip(vector) {
        *code = (x * inverse).round().clamp(-127.0, 127.0) as i8;
    }
    scale
}

/// Fine codes lie from 0 to 15; so much less than one stands for the middle of its code.
pub(crate) const FINE_MIDDLE: f32 = 7.5;

/// Fills in the fine codes of a vector that was [quantised](quantise) with this scale:
/// `codes[i] + (fine[i] - FINE_MIDDLE) / 16` times the scale is near `vector[i]`, by a
/// thirty-second of a scale at most. For the layout see [`Kernel::dot_fine`].
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the quotient lies from 0 to 15 after clamping"
)]
pub(crate) fn refine(vector: &[f32], scale: f32, codes: &[i8], fine: &mut [u8]) {
    let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
    fine.fill(0);
    let half = fine.len();
    for ((at, x), code) in vector.iter().enumerate().zip(codes) {
        let within = (x * inverse - f32::from(*code) + 0.5) * 16.0;
        let within = within.floor().clamp(0.0, 15.0) as u8;
        let (at, shift) = if at < half { (at, 0) } else { (at - half, 4) };
        if let Some(byte) = fine.get_mut(at) {
            *byte |= within << shift;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn codes() -> impl Strategy<Value = (Vec<i8>, Vec<i8>)> {
        let ends = prop_oneof![Just(127_i8), Just(-127), -127_i8..=127];
        (0_usize..9).prop_flat_map(move |blocks| {
            let row = prop::collection::vec(ends.clone(), blocks * LANES);
            (row.clone(), row)
        })
    }

    proptest! {
        #[test]
        fn every_kernel_gives_the_same_whole_number((a, b) in codes()) {
            let want: i32 = a.iter().zip(&b).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum();
            for kernel in available() {
                prop_assert_eq!((kernel.dot_i8)(&a, &b), want, "{}", kernel.name);
                let zeros = vec![0; a.len()];
                let square: i32 = a.iter().map(|a| i32::from(*a) * i32::from(*a)).sum();
                prop_assert_eq!((kernel.dot4_i8)(&a, [&b, &a, &zeros, &b]), [want, square, 0, want], "{}", kernel.name);
            }
        }

        #[test]
        fn every_kernel_gives_nearly_the_same_fraction(pairs in prop::collection::vec((-1.0_f32..1.0, -1.0_f32..1.0), 0..300)) {
            let (a, b): (Vec<f32>, Vec<f32>) = pairs.into_iter().unzip();
            let want: f64 = a.iter().zip(&b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            for kernel in available() {
                prop_assert!((f64::from((kernel.dot_f32)(&a, &b)) - want).abs() < 1e-4, "{}", kernel.name);
            }
        }

        #[test]
        fn fine_codes_are_sixteen_times_as_near(vector in prop::collection::vec(-9.0_f32..9.0, 1..200), query in prop::collection::vec(-1.0_f32..1.0, 200)) {
            let width = stride(vector.len());
            let (mut codes, mut fine) = (vec![1; width], vec![1; width / 2]);
            let scale = quantise(&vector, &mut codes);
            refine(&vector, scale, &codes, &mut fine);
            let mut query = query[..vector.len()].to_vec();
            query.resize(width, 0.0);
            let near = |at: usize| {
                let fine = fine[at % (width / 2)] >> if at < width / 2 { 0 } else { 4 } & 15;
                f64::from(codes[at]) + (f64::from(fine) - f64::from(FINE_MIDDLE)) / 16.0
            };
            for (at, x) in vector.iter().enumerate() {
                prop_assert!((f64::from(*x) - near(at) * f64::from(scale)).abs() <= f64::from(scale) * 0.0313);
            }
            let sum: f64 = query.iter().map(|x| f64::from(*x)).sum();
            let want: f64 = (0..vector.len()).map(|at| near(at) * f64::from(query[at])).sum();
            for kernel in available() {
                let got = f64::from((kernel.dot_fine)(&query, &codes, &fine)) - f64::from(FINE_MIDDLE) * sum;
                prop_assert!((got / 16.0 - want).abs() < 0.01, "{}: {} instead of {want}", kernel.name, got / 16.0);
            }
        }

        #[test]
        fn codes_are_near_what_they_stand_for(vector in prop::collection::vec(-9.0_f32..9.0, 1..100)) {
            let mut codes = vec![1; stride(vector.len())];
            let scale = quantise(&vector, &mut codes);
            for (x, code) in vector.iter().zip(&codes) {
                prop_assert!((x - f32::from(*code) * scale).abs() <= scale * 0.5001);
            }
            prop_assert!(codes.iter().skip(vector.len()).all(|code| *code == 0));
        }
    }

    #[test]
    fn the_best_comes_first() {
        let names: Vec<_> = available().iter().map(|kernel| kernel.name).collect();
        println!("kernels: {names:?}");
        assert_eq!(best().name, names[0]);
        assert_eq!(names.last(), Some(&"portable"));
    }
}
