//! NEON: four lanes.

use std::arch::aarch64::*;

use super::vector::Vector;

/// Four lanes of NEON.
#[derive(Clone, Copy)]
pub(super) struct Neon(float32x4_t);

macro_rules! binary {
    ($($name:ident = $instruction:ident),*) => {$(
        #[inline(always)]
        fn $name(self, other: Self) -> Self {
            // SAFETY: a value of this type exists only where the machine has NEON.
            Self(unsafe { $instruction(self.0, other.0) })
        }
    )*};
}

impl Vector for Neon {
    const LANES: usize = 4;

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        // SAFETY: the caller promises NEON.
        Self(unsafe { vdupq_n_f32(x) })
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller promises NEON and four readable numbers.
        Self(unsafe { vld1q_f32(from) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller promises four writable numbers; the value proves NEON.
        unsafe { vst1q_f32(to, self.0) }
    }

    binary!(
        add = vaddq_f32,
        sub = vsubq_f32,
        mul = vmulq_f32,
        div = vdivq_f32,
        min = vminq_f32,
        max = vmaxq_f32
    );

    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        // SAFETY: a value of this type exists only where the machine has NEON.
        Self(unsafe { vfmaq_f32(addend.0, self.0, factor.0) })
    }

    #[inline(always)]
    fn power_of_two(self) -> Self {
        // SAFETY: a value of this type exists only where the machine has NEON.
        Self(unsafe {
            let exponent = vshlq_n_s32::<23>(vreinterpretq_s32_f32(self.0));
            let one = vreinterpretq_s32_f32(vdupq_n_f32(1.0));
            vreinterpretq_f32_s32(vaddq_s32(exponent, one))
        })
    }

    #[inline(always)]
    fn sum(self) -> f32 {
        // SAFETY: a value of this type exists only where the machine has NEON.
        unsafe { vaddvq_f32(self.0) }
    }

    #[inline(always)]
    fn greatest(self) -> f32 {
        // SAFETY: a value of this type exists only where the machine has NEON.
        unsafe { vmaxvq_f32(self.0) }
    }
}
