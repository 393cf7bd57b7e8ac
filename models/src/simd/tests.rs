use proptest::prelude::*;

use super::{Finish, Kernels, Level, Packed, Rows, Start};

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

/// A product's shape and how its rows lie.
#[derive(Clone, Copy, Debug)]
struct Case {
    rows: usize,
    inputs: usize,
    outputs: usize,
    /// Numbers between the end of a row and the next one.
    gaps: (usize, usize, usize),
    /// The matrix to pack has a row for each output, not for each input.
    transposed: bool,
    start: u8,
    gelu: bool,
}

fn case() -> impl Strategy<Value = Case> {
    let gaps = (0..4_usize, 0..4_usize, 0..4_usize);
    // More inner indices than are summed up at a time, and more rows than a block holds.
    let inputs = prop_oneof![6 => 1..40_usize, 1 => 250..600_usize];
    let rows = prop_oneof![6 => 0..30_usize, 1 => 190..230_usize];
    (
        rows,
        inputs,
        1..70_usize,
        gaps,
        any::<bool>(),
        0..3_u8,
        any::<bool>(),
    )
        .prop_map(
            |(rows, inputs, outputs, gaps, transposed, start, gelu)| Case {
                rows,
                inputs,
                outputs,
                gaps,
                transposed,
                start,
                gelu,
            },
        )
}

/// Numbers in ±1 that look random and are not.
fn noise(count: usize, seed: usize) -> Vec<f32> {
    (0..count)
        .map(|i| ((i * 7919 + seed * 104_729) % 2003) as f32 / 1001.0 - 1.0)
        .collect()
}

/// The result of a case at a level, and what it must be; both with the gaps between rows.
fn run(case: Case, kernels: Kernels) -> (Vec<f32>, Vec<f64>) {
    let Case {
        rows,
        inputs,
        outputs,
        gaps,
        ..
    } = case;
    let (a_step, c_step) = (inputs + gaps.0, outputs + gaps.2);
    let a = noise(rows * a_step, 1);
    let b_step = gaps.1 + if case.transposed { inputs } else { outputs };
    let b = noise(b_step * if case.transposed { outputs } else { inputs }, 2);
    let bias = noise(outputs, 3);
    let mut packed = Packed::default();
    if case.transposed {
        packed.columns(kernels, &b, b_step, (inputs, outputs));
    } else {
        packed.rows(kernels, &b, b_step, (inputs, outputs));
    }
    let mut c = noise(rows * c_step, 4);
    let mut want: Vec<f64> = c.iter().map(|x| f64::from(*x)).collect();
    for row in 0..rows {
        for column in 0..outputs {
            let place = &mut want[row * c_step + column];
            let from = match case.start {
                0 => 0.0,
                1 => f64::from(bias[column]),
                _ => *place + f64::from(bias[column]),
            };
            let sum: f64 = (0..inputs)
                .map(|k| {
                    let b = if case.transposed {
                        b[column * b_step + k]
                    } else {
                        b[k * b_step + column]
                    };
                    f64::from(a[row * a_step + k]) * f64::from(b)
                })
                .sum();
            *place = if case.gelu {
                gelu(from + sum)
            } else {
                from + sum
            };
        }
    }
    let start = match case.start {
        0 => Start::Zero,
        1 => Start::Bias(&bias),
        _ => Start::ResultAnd(&bias),
    };
    let finish = if case.gelu {
        Finish::Gelu
    } else {
        Finish::Plain
    };
    let a = Rows {
        numbers: a.as_slice(),
        step: a_step,
    };
    let to = Rows {
        numbers: c.as_mut_slice(),
        step: c_step,
    };
    kernels.product(rows, a, &packed, to, start, finish);
    (c, want)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Every shape, whatever the tile: and nothing between the rows is touched.
    #[test]
    fn a_product_is_that_of_the_definition_at_every_level(case in case()) {
        // Rounding grows with the numbers that are added.
        let near = 1e-5 + 1e-6 * case.inputs as f64;
        for level in Level::available() {
            let (got, want) = run(case, Kernels::at(level).unwrap());
            let apart = furthest(&got, &want);
            prop_assert!(apart < near, "{level:?}: {apart}");
        }
    }
}

/// A matrix packed for other panels, or slices that are too short, must not reach a pointer.
#[test]
fn a_product_that_does_not_fit_is_left_alone() {
    for (level, kernels) in every_level() {
        let mut packed = Packed::default();
        packed.rows(kernels, &[1.0; 6], 2, (3, 2));
        let (a, mut c) = ([1.0_f32; 6], [7.0_f32; 4]);
        let mut run = |rows, a: &[f32], step, c_step, start: Start<'_>| {
            let a = Rows { numbers: a, step };
            let to = Rows {
                numbers: &mut c[..],
                step: c_step,
            };
            kernels.product(rows, a, &packed, to, start, Finish::Plain);
            c
        };
        let untouched = [7.0; 4];
        assert_eq!(
            run(2, &a[..5], 3, 2, Start::Zero),
            untouched,
            "{level:?}: a is short"
        );
        assert_eq!(
            run(3, &[1.0; 9], 3, 2, Start::Zero),
            untouched,
            "{level:?}: c is short"
        );
        assert_eq!(
            run(2, &a, 3, 1, Start::Zero),
            untouched,
            "{level:?}: rows overlap"
        );
        assert_eq!(
            run(2, &a, usize::MAX, 2, Start::Zero),
            untouched,
            "{level:?}: overflow"
        );
        assert_eq!(
            run(2, &a, 3, 2, Start::Bias(&[0.0])),
            untouched,
            "{level:?}: bias is short"
        );
        assert_eq!(run(2, &a, 3, 2, Start::Zero), [3.0; 4], "{level:?}");
    }
    let mut empty = Packed::default();
    let best = Kernels::best();
    let to = Rows {
        numbers: &mut [][..],
        step: 0,
    };
    best.product(
        0,
        Rows {
            numbers: &[],
            step: 0,
        },
        &empty,
        to,
        Start::Zero,
        Finish::Plain,
    );
    empty.rows(best, &[], 0, (0, 0));
}
