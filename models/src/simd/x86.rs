//! SSE2, AVX2 with FMA, and AVX-512.

use std::arch::x86_64::*;

use super::vector::Vector;

/// Four lanes of SSE2.
#[derive(Clone, Copy)]
pub(super) struct Sse2(__m128);

/// Eight lanes of AVX2.
#[derive(Clone, Copy)]
pub(super) struct Avx2(__m256);

/// Sixteen lanes of AVX-512.
#[derive(Clone, Copy)]
pub(super) struct Avx512(__m512);

macro_rules! binary {
    ($($name:ident = $instruction:ident),*) => {$(
        #[inline(always)]
        fn $name(self, other: Self) -> Self {
            // SAFETY: a value of this type exists only where the machine has its instructions.
            Self(unsafe { $instruction(self.0, other.0) })
        }
    )*};
}

impl Vector for Sse2 {
    const LANES: usize = 4;

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        // SAFETY: every 64-bit x86 has SSE2.
        Self(unsafe { _mm_set1_ps(x) })
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller promises four readable numbers.
        Self(unsafe { _mm_loadu_ps(from) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller promises four writable numbers.
        unsafe { _mm_storeu_ps(to, self.0) }
    }

    binary!(
        add = _mm_add_ps,
        sub = _mm_sub_ps,
        mul = _mm_mul_ps,
        div = _mm_div_ps,
        min = _mm_min_ps,
        max = _mm_max_ps
    );

    /// Rounds twice: there is no fused instruction.
    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        self.mul(factor).add(addend)
    }

    #[inline(always)]
    fn power_of_two(self) -> Self {
        // SAFETY: every 64-bit x86 has SSE2.
        Self(unsafe {
            let exponent = _mm_slli_epi32::<23>(_mm_castps_si128(self.0));
            let one = _mm_castps_si128(_mm_set1_ps(1.0));
            _mm_castsi128_ps(_mm_add_epi32(exponent, one))
        })
    }

    #[inline(always)]
    fn sum(self) -> f32 {
        // SAFETY: every 64-bit x86 has SSE2.
        unsafe {
            let two = _mm_add_ps(self.0, _mm_movehl_ps(self.0, self.0));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps::<1>(two, two)))
        }
    }

    #[inline(always)]
    fn greatest(self) -> f32 {
        // SAFETY: every 64-bit x86 has SSE2.
        unsafe {
            let two = _mm_max_ps(self.0, _mm_movehl_ps(self.0, self.0));
            _mm_cvtss_f32(_mm_max_ss(two, _mm_shuffle_ps::<1>(two, two)))
        }
    }
}

impl Vector for Avx2 {
    const LANES: usize = 8;

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        // SAFETY: the caller promises AVX2.
        Self(unsafe { _mm256_set1_ps(x) })
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller promises AVX2 and eight readable numbers.
        Self(unsafe { _mm256_loadu_ps(from) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller promises eight writable numbers; the value proves AVX2.
        unsafe { _mm256_storeu_ps(to, self.0) }
    }

    binary!(
        add = _mm256_add_ps,
        sub = _mm256_sub_ps,
        mul = _mm256_mul_ps,
        div = _mm256_div_ps,
        min = _mm256_min_ps,
        max = _mm256_max_ps
    );

    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        // SAFETY: a value of this type exists only where the machine has AVX2 and FMA.
        Self(unsafe { _mm256_fmadd_ps(self.0, factor.0, addend.0) })
    }

    #[inline(always)]
    fn power_of_two(self) -> Self {
        // SAFETY: a value of this type exists only where the machine has AVX2.
        Self(unsafe {
            let exponent = _mm256_slli_epi32::<23>(_mm256_castps_si256(self.0));
            let one = _mm256_castps_si256(_mm256_set1_ps(1.0));
            _mm256_castsi256_ps(_mm256_add_epi32(exponent, one))
        })
    }

    #[inline(always)]
    fn sum(self) -> f32 {
        // SAFETY: a value of this type exists only where the machine has AVX2.
        unsafe {
            let four = _mm_add_ps(
                _mm256_castps256_ps128(self.0),
                _mm256_extractf128_ps::<1>(self.0),
            );
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
        }
    }

    #[inline(always)]
    fn greatest(self) -> f32 {
        // SAFETY: a value of this type exists only where the machine has AVX2.
        unsafe {
            let four = _mm_max_ps(
                _mm256_castps256_ps128(self.0),
                _mm256_extractf128_ps::<1>(self.0),
            );
            let two = _mm_max_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)))
        }
    }
}

impl Vector for Avx512 {
    const LANES: usize = 16;

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        // SAFETY: the caller promises AVX-512 F.
        Self(unsafe { _mm512_set1_ps(x) })
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller promises AVX-512 F and sixteen readable numbers.
        Self(unsafe { _mm512_loadu_ps(from) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller promises sixteen writable numbers; the value proves AVX-512 F.
        unsafe { _mm512_storeu_ps(to, self.0) }
    }

    binary!(
        add = _mm512_add_ps,
        sub = _mm512_sub_ps,
        mul = _mm512_mul_ps,
        div = _mm512_div_ps,
        min = _mm512_min_ps,
        max = _mm512_max_ps
    );

    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        // SAFETY: a value of this type exists only where the machine has AVX-512 F.
        Self(unsafe { _mm512_fmadd_ps(self.0, factor.0, addend.0) })
    }

    #[inline(always)]
    fn power_of_two(self) -> Self {
        // SAFETY: a value of this type exists only where the machine has AVX-512 F.
        Self(unsafe {
            let exponent = _mm512_slli_epi32::<23>(_mm512_castps_si512(self.0));
            let one = _mm512_castps_si512(_mm512_set1_ps(1.0));
            _mm512_castsi512_ps(_mm512_add_epi32(exponent, one))
        })
    }

    #[inline(always)]
    fn sum(self) -> f32 {
        // SAFETY: a value of this type exists only where the machine has AVX-512 F.
        unsafe { _mm512_reduce_add_ps(self.0) }
    }

    #[inline(always)]
    fn greatest(self) -> f32 {
        // SAFETY: a value of this type exists only where the machine has AVX-512 F.
        unsafe { _mm512_reduce_max_ps(self.0) }
    }
}
