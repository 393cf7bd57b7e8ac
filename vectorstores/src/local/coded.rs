//! Rows by their codes, wherever they lie.
//!
//! A code is a whole number of one byte, and tells a number of a vector to half a scale. The
//! fine codes tell it sixteen times as well: four bits each that say where between the bounds
//! of its code a number lies.

/// What scoring needs of a row beside its codes.
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub(crate) struct Scale {
    /// What a code of 1 stands for.
    pub(crate) scale: f32,
    /// One over the length of the vector.
    pub(crate) inverse: f32,
}

impl Scale {
    /// The scale of the vector of unit length in the same direction.
    pub(crate) fn spread(&self) -> f32 {
        self.scale * self.inverse
    }

    pub(crate) fn length(&self) -> f32 {
        1.0 / self.inverse
    }
}

/// Rows by their codes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Coded<'c> {
    pub(crate) codes: &'c [i8],
    /// Two to a byte, so half as many bytes as `codes`; empty where there are none.
    pub(crate) fine: &'c [u8],
    pub(crate) scales: &'c [Scale],
    /// The largest [`Scale::spread`] of a row.
    pub(crate) spread: f32,
    /// The largest [`Scale::length`] of a row.
    pub(crate) longest: f32,
}

impl<'c> Coded<'c> {
    /// The codes of a row, of so many; empty where there is no such row.
    pub(crate) fn codes(&self, row: u32, width: usize) -> &'c [i8] {
        let at = row as usize * width;
        self.codes.get(at..at + width).unwrap_or_default()
    }

    /// The fine codes of a row of so many codes, where there are any.
    pub(crate) fn fine(&self, row: u32, width: usize) -> Option<&'c [u8]> {
        let at = row as usize * (width / 2);
        self.fine.get(at..at + width / 2)
    }
}
