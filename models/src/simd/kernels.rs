//! The kernels, once for every vector.

use super::vector::Vector;

/// The widest vector there is, for the buffer of a tail.
const WIDEST: usize = 16;

/// Applies an expression to every register of a slice. The tail goes through a buffer filled up
/// with zeros. A macro, since a closure would be compiled without the instruction set and then
/// be too long to be inlined where it is there.
///
/// Must stand in an `unsafe` block: the machine has the instruction set of the vector.
macro_rules! for_each {
    ($vector:ty, $numbers:expr, |$x:ident| $body:expr) => {
        let mut whole = $numbers.chunks_exact_mut(<$vector>::LANES);
        for lanes in &mut whole {
            let $x = <$vector>::load(lanes.as_ptr());
            $body.store(lanes.as_mut_ptr());
        }
        let tail = whole.into_remainder();
        if !tail.is_empty() {
            let mut buffer = [0.0; WIDEST];
            for (to, from) in buffer.iter_mut().zip(tail.iter()) {
                *to = *from;
            }
            let $x = <$vector>::load(buffer.as_ptr());
            $body.store(buffer.as_mut_ptr());
            for (to, from) in tail.iter_mut().zip(buffer) {
                *to = from;
            }
        }
    };
}

/// The same number in every lane.
///
/// # Safety
/// The machine has the instruction set of `V`.
#[inline(always)]
unsafe fn c<V: Vector>(x: f32) -> V {
    // SAFETY: passed on to the caller.
    unsafe { V::splat(x) }
}

/// e^x. Splits x into n ln 2 + r (Cody and Waite's two-part ln 2) and takes 2^n times a
/// polynomial of degree 6 in r, fitted for least relative error (3.3e-9 before rounding).
/// Below -87.3 it gives the smallest normal number, above 88.3 the value there.
///
/// # Safety
/// The machine has the instruction set of `V`.
#[inline(always)]
unsafe fn exp<V: Vector>(x: V) -> V {
    // SAFETY: passed on to the caller.
    unsafe {
        // Adding it leaves the rounded integer in the low bits.
        let magic = c::<V>(12_582_912.0);
        let x = x.max(c(-87.3)).min(c(88.3));
        let shifted = x.mul_add(c(std::f32::consts::LOG2_E), magic);
        let n = shifted.sub(magic);
        let r = n.mul_add(c(-0.693_359_4), x);
        let r = n.mul_add(c(2.121_944_4e-4), r);
        let p = c::<V>(1.381_314_5e-3)
            .mul_add(r, c(8.369_419e-3))
            .mul_add(r, c(4.166_845_6e-2))
            .mul_add(r, c(1.666_651_5e-1))
            .mul_add(r, c(4.999_999_4e-1))
            .mul_add(r, c(1.0))
            .mul_add(r, c(1.0));
        p.mul(shifted.power_of_two())
    }
}

/// The error function: x P(x²) / Q(x²), with coefficients fitted for least relative error
/// (1.9e-8 before rounding) on |x| ≤ 3.925, from where on it is 1 in `f32`. A little further out
/// the quotient passes 1 and is cut off there, so that it is exactly 1 for all greater x.
///
/// # Safety
/// The machine has the instruction set of `V`.
#[inline(always)]
unsafe fn erf<V: Vector>(x: V) -> V {
    // SAFETY: passed on to the caller.
    unsafe {
        let x = x.max(c(-4.05)).min(c(4.05));
        let t = x.mul(x);
        let p = c::<V>(2.045_972e-6)
            .mul_add(t, c(2.848_415_8e-4))
            .mul_add(t, c(3.772_602_9e-3))
            .mul_add(t, c(5.276_944e-2))
            .mul_add(t, c(1.905_954_2e-1))
            .mul_add(t, c(std::f32::consts::FRAC_2_SQRT_PI));
        let q = c::<V>(3.804_71e-5)
            .mul_add(t, c(1.163_864_9e-3))
            .mul_add(t, c(1.498_330_3e-2))
            .mul_add(t, c(1.141_833_4e-1))
            .mul_add(t, c(5.022_435e-1))
            .mul_add(t, c(1.0));
        x.mul(p).div(q).max(c(-1.0)).min(c(1.0))
    }
}

/// x Φ(x) with the exact Φ, not its tanh stand-in: x/2 (1 + erf(x/√2)).
///
/// # Safety
/// The machine has the instruction set of `V`.
#[inline(always)]
pub(super) unsafe fn gelu<V: Vector>(x: V) -> V {
    // SAFETY: passed on to the caller.
    unsafe {
        let half = x.mul(c(0.5));
        erf(x.mul(c(std::f32::consts::FRAC_1_SQRT_2))).mul_add(half, half)
    }
}

/// [`gelu`] of every number.
///
/// # Safety
/// The machine has the instruction set of `V`.
#[cfg(test)]
#[inline(always)]
pub(super) unsafe fn gelu_all<V: Vector>(x: &mut [f32]) {
    // SAFETY: the caller promises the instruction set; chunks are exactly `LANES` long.
    unsafe {
        for_each!(V, x, |x| gelu(x));
    }
}

/// e^(scale x - max) / sum, in place.
///
/// # Safety
/// The machine has the instruction set of `V`.
#[inline(always)]
pub(super) unsafe fn softmax<V: Vector>(x: &mut [f32], scale: f32) {
    // SAFETY: the caller promises the instruction set; chunks are exactly `LANES` long.
    unsafe {
        let mut top = V::splat(f32::NEG_INFINITY);
        let chunks = x.chunks_exact(V::LANES);
        let rest = chunks.remainder();
        for lanes in chunks {
            top = top.max(V::load(lanes.as_ptr()));
        }
        let top = rest.iter().copied().fold(top.greatest(), f32::max);
        let (scale, shift) = (V::splat(scale), V::splat(-top * scale));
        for_each!(V, x, |x| exp(x.mul_add(scale, shift)));
        let by = V::splat(1.0 / sum::<V>(x));
        for_each!(V, x, |x| x.mul(by));
    }
}

/// # Safety
/// The machine has the instruction set of `V`.
#[inline(always)]
unsafe fn sum<V: Vector>(x: &[f32]) -> f32 {
    // SAFETY: the caller promises the instruction set; chunks are exactly `LANES` long.
    unsafe {
        let mut total = V::splat(0.0);
        let chunks = x.chunks_exact(V::LANES);
        let rest: f32 = chunks.remainder().iter().sum();
        for lanes in chunks {
            total = total.add(V::load(lanes.as_ptr()));
        }
        total.sum() + rest
    }
}

/// (x - mean) / √(variance + epsilon) * gain + bias, in place, the variance that of the row.
/// All three slices have the same length: the caller checks.
///
/// # Safety
/// The machine has the instruction set of `V`.
#[inline(always)]
pub(super) unsafe fn layer_norm<V: Vector>(
    x: &mut [f32],
    gain: &[f32],
    bias: &[f32],
    epsilon: f32,
) {
    // SAFETY: the caller promises the instruction set; chunks are exactly `LANES` long.
    unsafe {
        let count = x.len() as f32;
        let mean = sum::<V>(x) / count;
        let mut squares = V::splat(0.0);
        let middle = V::splat(mean);
        let chunks = x.chunks_exact(V::LANES);
        let rest: f32 = chunks
            .remainder()
            .iter()
            .map(|x| (x - mean) * (x - mean))
            .sum();
        for lanes in chunks {
            let d = V::load(lanes.as_ptr()).sub(middle);
            squares = d.mul_add(d, squares);
        }
        let by = 1.0 / ((squares.sum() + rest) / count + epsilon).sqrt();
        let factor = V::splat(by);
        let mut rows = x.chunks_exact_mut(V::LANES);
        let (gains, biases) = (gain.chunks_exact(V::LANES), bias.chunks_exact(V::LANES));
        let tails = (gains.remainder(), biases.remainder());
        for ((lanes, gain), bias) in (&mut rows).zip(gains).zip(biases) {
            let normal = V::load(lanes.as_ptr()).sub(middle).mul(factor);
            normal
                .mul_add(V::load(gain.as_ptr()), V::load(bias.as_ptr()))
                .store(lanes.as_mut_ptr());
        }
        for ((x, gain), bias) in rows.into_remainder().iter_mut().zip(tails.0).zip(tails.1) {
            *x = (*x - mean) * by * gain + bias;
        }
    }
}
