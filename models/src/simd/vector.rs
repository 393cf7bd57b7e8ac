//! What a kernel may ask of a register full of numbers.

/// A register of `f32` lanes.
///
/// Making one is unsafe, because it needs an instruction set; whoever holds one has shown that
/// the machine has it, so the arithmetic is safe.
pub(super) trait Vector: Copy {
    /// How many numbers a register holds.
    const LANES: usize;

    /// The same number in every lane.
    ///
    /// # Safety
    /// The machine has the instruction set of this vector.
    unsafe fn splat(x: f32) -> Self;

    /// Reads `LANES` numbers; no alignment is asked for.
    ///
    /// # Safety
    /// The machine has the instruction set, and `from` is readable for `LANES` numbers.
    unsafe fn load(from: *const f32) -> Self;

    /// Writes `LANES` numbers; no alignment is asked for.
    ///
    /// # Safety
    /// `to` is writable for `LANES` numbers.
    unsafe fn store(self, to: *mut f32);

    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    fn div(self, other: Self) -> Self;
    fn min(self, other: Self) -> Self;
    fn max(self, other: Self) -> Self;

    /// `self * factor + addend`, rounded once where the machine can.
    fn mul_add(self, factor: Self, addend: Self) -> Self;

    /// 2 to the power of an integer that stands in the low bits of the lane, as it does after
    /// adding 1.5 * 2^23 to it.
    fn power_of_two(self) -> Self;

    /// All lanes added up.
    fn sum(self) -> f32;

    /// The greatest lane.
    fn greatest(self) -> f32;
}
