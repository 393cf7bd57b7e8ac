//! The arithmetic of an encoder, four to sixteen numbers at a time: matrix products, and what
//! stands between them.
//!
//! Every kernel is written once, over the [`Vector`] trait, and compiled once for each
//! instruction set. Which one runs is chosen when the process first asks, so that one binary
//! serves every machine of its architecture.
//!
//! # Unsafe
//! This module and its children are the only ones of the crate that may use `unsafe`, for two
//! reasons: vector loads and stores through pointers, and calling a function that was compiled
//! for instructions which the machine must first be asked about. [`Kernels`] can only be had
//! through that question, and its methods check lengths, so nothing outside needs `unsafe`.
#![allow(unsafe_code)]

mod kernels;
// Every x86 has something better, and its tests try this all the same.
#[cfg(any(test, not(target_arch = "x86_64")))]
mod portable;
mod product;
#[cfg(test)]
mod tests;
mod vector;

#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(target_arch = "x86_64")]
mod x86;

use std::sync::OnceLock;

pub(crate) use self::product::{Finish, Packed, Rows, Start};

/// An instruction set that the kernels were compiled for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Level {
    /// What the compiler makes of arrays.
    #[cfg(any(test, not(target_arch = "x86_64")))]
    #[cfg_attr(not(target_arch = "x86_64"), default)]
    Portable,
    /// SSE2: every 64-bit x86.
    #[cfg(target_arch = "x86_64")]
    #[default]
    Sse2,
    /// AVX2 and FMA: x86 since about 2013.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512 F: x86 servers, and desktops with Zen 4 or later.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// NEON: every 64-bit ARM with floating point.
    #[cfg(target_arch = "aarch64")]
    Neon,
}

impl Level {
    /// The levels this machine can run, slowest first.
    pub(crate) fn available() -> Vec<Self> {
        let mut levels = Vec::new();
        #[cfg(any(test, not(target_arch = "x86_64")))]
        levels.push(Self::Portable);
        #[cfg(target_arch = "x86_64")]
        {
            levels.push(Self::Sse2);
            let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            if avx2 {
                levels.push(Self::Avx2);
            }
            if avx2 && is_x86_feature_detected!("avx512f") {
                levels.push(Self::Avx512);
            }
        }
        #[cfg(target_arch = "aarch64")]
        if std::arch::is_aarch64_feature_detected!("neon") {
            levels.push(Self::Neon);
        }
        levels
    }
}

/// Compiles every kernel for one vector with the features it needs.
macro_rules! compile {
    ($name:ident, $vector:ty, $rows:literal x $registers:literal $(, $features:literal)?) => {
        mod $name {
            use super::vector::Vector;
            use super::{kernels, product};

            /// Columns that a tile of a product has.
            pub(super) const PANEL: usize = $registers * <$vector>::LANES;

            /// # Safety
            /// The machine has the instruction set of this module, and the job was checked.
            $(#[target_feature(enable = $features)])?
            pub(super) unsafe fn product(job: &product::Job) {
                // SAFETY: passed on to the caller.
                unsafe { product::product::<$vector, $rows, $registers>(job) }
            }

            /// # Safety
            /// The machine has the instruction set of this module.
            #[cfg(test)]
            $(#[target_feature(enable = $features)])?
            pub(super) unsafe fn gelu(x: &mut [f32]) {
                // SAFETY: passed on to the caller.
                unsafe { kernels::gelu_all::<$vector>(x) }
            }

            /// # Safety
            /// The machine has the instruction set of this module.
            $(#[target_feature(enable = $features)])?
            pub(super) unsafe fn softmax(x: &mut [f32], scale: f32) {
                // SAFETY: passed on to the caller.
                unsafe { kernels::softmax::<$vector>(x, scale) }
            }

            /// # Safety
            /// The machine has the instruction set of this module.
            $(#[target_feature(enable = $features)])?
            pub(super) unsafe fn layer_norm(x: &mut [f32], gain: &[f32], bias: &[f32], epsilon: f32) {
                // SAFETY: passed on to the caller.
                unsafe { kernels::layer_norm::<$vector>(x, gain, bias, epsilon) }
            }
        }
    };
}

// The tile of a product is as large as the registers allow, beside those for a row of `b` and a
// number of `a`: 8 sums in 16 registers (two for each of the portable lanes), 8 in 16, 12 in 16,
// 24 in 32, 16 in 32.
#[cfg(any(test, not(target_arch = "x86_64")))]
compile!(plain, crate::simd::portable::Lanes, 4 x 1);
#[cfg(target_arch = "x86_64")]
compile!(sse2, crate::simd::x86::Sse2, 4 x 2);
#[cfg(target_arch = "x86_64")]
compile!(avx2, crate::simd::x86::Avx2, 6 x 2, "avx2,fma");
#[cfg(target_arch = "x86_64")]
compile!(avx512, crate::simd::x86::Avx512, 12 x 2, "avx512f,avx2,fma");
#[cfg(target_arch = "aarch64")]
compile!(arm, crate::simd::neon::Neon, 8 x 2, "neon");

/// The kernels of one instruction set that this machine has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kernels(Level);

/// Runs a kernel at the level of `self`.
macro_rules! at_level {
    ($self:ident, $kernel:ident($($argument:expr),*)) => {
        // SAFETY: a `Kernels` is made only for a level that the machine was found to have.
        unsafe {
            match $self.0 {
                #[cfg(any(test, not(target_arch = "x86_64")))]
                Level::Portable => plain::$kernel($($argument),*),
                #[cfg(target_arch = "x86_64")]
                Level::Sse2 => sse2::$kernel($($argument),*),
                #[cfg(target_arch = "x86_64")]
                Level::Avx2 => avx2::$kernel($($argument),*),
                #[cfg(target_arch = "x86_64")]
                Level::Avx512 => avx512::$kernel($($argument),*),
                #[cfg(target_arch = "aarch64")]
                Level::Neon => arm::$kernel($($argument),*),
            }
        }
    };
}

impl Kernels {
    /// The best this machine has.
    pub(crate) fn best() -> Self {
        static BEST: OnceLock<Level> = OnceLock::new();
        Self(*BEST.get_or_init(|| Level::available().pop().unwrap_or_default()))
    }

    /// The kernels of a level, where the machine has it.
    #[cfg(test)]
    pub(crate) fn at(level: Level) -> Option<Self> {
        Level::available().contains(&level).then_some(Self(level))
    }

    /// Columns in a panel of a packed matrix.
    pub(crate) fn panel(self) -> usize {
        match self.0 {
            #[cfg(any(test, not(target_arch = "x86_64")))]
            Level::Portable => plain::PANEL,
            #[cfg(target_arch = "x86_64")]
            Level::Sse2 => sse2::PANEL,
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => avx2::PANEL,
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => avx512::PANEL,
            #[cfg(target_arch = "aarch64")]
            Level::Neon => arm::PANEL,
        }
    }

    /// Runs a product that [`Kernels::product`] has checked.
    fn run_product(self, job: &product::Job) {
        at_level!(self, product(job));
    }

    /// GELU in place, with the exact error function.
    #[cfg(test)]
    pub(crate) fn gelu(self, x: &mut [f32]) {
        at_level!(self, gelu(x));
    }

    /// Softmax of `scale * x` in place.
    pub(crate) fn softmax(self, x: &mut [f32], scale: f32) {
        at_level!(self, softmax(x, scale));
    }

    /// Layer norm of every row of `x`, which are as long as `gain` and `bias`.
    pub(crate) fn layer_norm(self, x: &mut [f32], gain: &[f32], bias: &[f32], epsilon: f32) {
        let bias = bias.get(..gain.len()).unwrap_or(bias);
        for row in x.chunks_exact_mut(gain.len().max(1)) {
            if row.len() == bias.len() {
                at_level!(self, layer_norm(row, gain, bias, epsilon));
            }
        }
    }
}
