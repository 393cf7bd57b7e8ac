use proptest::prelude::*;

use super::{Kernels, Level};

/// The error function in double precision: its Taylor series near zero, where it converges
/// without cancelling, and the continued fraction of its complement beyond.
fn erf(x: f64) -> f64 {
    if x.abs() > 2.0 {
        let a = x.abs();
        let fraction = (1..200)
            .rev()
            .fold(a, |below, n| a + f64::from(n) / 2.0 / below);
        let complement = (-a * a).exp() / (fraction * std::f64::consts::PI.sqrt());
        return x.signum() * (1.0 - complement);
    }
    let (mut term, mut sum, mut n) = (x, x, 0.0);
    while term.abs() > 1e-18 {
        n += 1.0;
        term *= -x * x / n;
        sum += term / (2.0 * n + 1.0);
    }
    sum * std::f64::consts::FRAC_2_SQRT_PI
}

#[test]
fn the_yardstick_is_right() {
    // Abramowitz and Stegun, table 7.1.
    for (x, y) in [
        (0.5, 0.520_499_877_8),
        (1.0, 0.842_700_792_9),
        (1.9, 0.992_790_429_2),
    ] {
        assert!((erf(x) - y).abs() < 1e-10 && (erf(-x) + y).abs() < 1e-10);
    }
    assert!(
        (erf(2.0 + 1e-12) - erf(2.0)).abs() < 1e-11,
        "where the two meet"
    );
}

fn gelu(x: f64) -> f64 {
    0.5 * x * (1.0 + erf(x * std::f64::consts::FRAC_1_SQRT_2))
}

fn softmax(x: &[f32], scale: f32) -> Vec<f64> {
    let x: Vec<f64> = x.iter().map(|x| f64::from(*x) * f64::from(scale)).collect();
    let top = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = x.iter().map(|x| (x - top).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.iter().map(|p| p / sum).collect()
}

fn layer_norm(x: &[f32], gain: &[f32], bias: &[f32], epsilon: f64) -> Vec<f64> {
    let x: Vec<f64> = x.iter().map(|x| f64::from(*x)).collect();
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / x.len() as f64;
    let by = 1.0 / (variance + epsilon).sqrt();
    (x.iter().zip(gain).zip(bias))
        .map(|((x, g), b)| (x - mean) * by * f64::from(*g) + f64::from(*b))
        .collect()
}

fn furthest(got: &[f32], want: &[f64]) -> f64 {
    assert_eq!(got.len(), want.len());
    (got.iter().zip(want))
        .map(|(a, b)| (f64::from(*a) - b).abs())
        .fold(0.0, f64::max)
}

/// Every level this machine has, each named in the output, so that a log shows which ran.
fn every_level() -> Vec<(Level, Kernels)> {
    let levels = Level::available();
    println!("levels of this machine: {levels:?}");
    (levels.into_iter())
        .map(|level| (level, Kernels::at(level).unwrap()))
        .collect()
}

#[test]
fn gelu_is_exact_to_single_precision_everywhere() {
    let xs: Vec<f32> = (-120_000..120_000_i32).map(|i| i as f32 * 1e-4).collect();
    let want: Vec<f64> = xs.iter().map(|x| gelu(f64::from(*x))).collect();
    for (level, kernels) in every_level() {
        let mut got = xs.clone();
        kernels.gelu(&mut got);
        for ((x, a), b) in xs.iter().zip(&got).zip(&want) {
            let off = (f64::from(*a) - b).abs();
            assert!(
                off < 6e-7 * (1.0 + f64::from(x.abs())),
                "{level:?}: gelu({x}) = {a}, not {b}"
            );
        }
    }
    println!("{} arguments at every level", xs.len());
}

#[test]
fn gelu_at_the_ends_of_the_line() {
    for (level, kernels) in every_level() {
        let mut x = [0.0, -0.0, 1e30, -1e30, f32::MIN_POSITIVE, 50.0, -50.0];
        kernels.gelu(&mut x);
        assert_eq!(x[..3], [0.0, 0.0, 1e30], "{level:?}");
        assert!(
            x[3].abs() < 1e24 && x[5] == 50.0 && x[6] == 0.0,
            "{level:?}: {x:?}"
        );
    }
}

#[test]
fn softmax_survives_what_would_overflow() {
    for (level, kernels) in every_level() {
        for row in [
            &mut [1e4, -1e4, 0.0][..],
            &mut [88.0; 17],
            &mut [-1e30, 3.0],
        ] {
            kernels.softmax(row, 1.0);
            let sum: f32 = row.iter().sum();
            assert!((sum - 1.0).abs() < 1e-6, "{level:?}: {row:?}");
        }
        kernels.softmax(&mut [], 1.0);
    }
}

fn numbers(length: std::ops::Range<usize>, size: f32) -> impl Strategy<Value = Vec<f32>> {
    prop::collection::vec(-size..size, length)
}

proptest! {
    /// Lengths that are no multiple of any register, and ones shorter than a register.
    #[test]
    fn softmax_is_that_of_the_definition(x in numbers(1..90, 12.0), scale in 0.05..2.0_f32) {
        let want = softmax(&x, scale);
        for level in Level::available() {
            let mut got = x.clone();
            Kernels::at(level).unwrap().softmax(&mut got, scale);
            prop_assert!(furthest(&got, &want) < 2e-6, "{level:?}");
        }
    }

    #[test]
    fn layer_norm_is_that_of_the_definition(
        (x, gain, bias) in (1..70_usize).prop_flat_map(|n| (
            numbers(n..n + 1, 8.0), numbers(n..n + 1, 3.0), numbers(n..n + 1, 3.0),
        )),
    ) {
        let want = layer_norm(&x, &gain, &bias, 1e-5);
        for level in Level::available() {
            let mut got = x.clone();
            Kernels::at(level).unwrap().layer_norm(&mut got, &gain, &bias, 1e-5);
            prop_assert!(furthest(&got, &want) < 1e-4, "{level:?}: {got:?} {want:?}");
        }
    }

    /// What a machine computes must not depend on which of its instruction sets was taken.
    #[test]
    fn every_level_agrees_with_the_portable_one(x in numbers(1..80, 9.0)) {
        let portable = Kernels::at(Level::Portable).unwrap();
        for level in Level::available() {
            let kernels = Kernels::at(level).unwrap();
            let (mut a, mut b) = (x.clone(), x.clone());
            portable.gelu(&mut a);
            kernels.gelu(&mut b);
            prop_assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 3e-6), "{level:?}");
            let (mut a, mut b) = (x.clone(), x.clone());
            portable.softmax(&mut a, 0.3);
            kernels.softmax(&mut b, 0.3);
            prop_assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-6), "{level:?}");
        }
    }
}
