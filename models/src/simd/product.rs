//! Matrix products, by the gemm crate.

use gemm::Parallelism;

/// A matrix somewhere in a slice: where it begins, and how far apart its rows and columns lie.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    pub(crate) start: usize,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    /// From a row to the next.
    pub(crate) row_step: usize,
    /// From a column to the next.
    pub(crate) column_step: usize,
}

impl Layout {
    /// `rows` rows of `columns`, one after the other.
    pub(crate) fn dense(rows: usize, columns: usize) -> Self {
        Self {
            start: 0,
            rows,
            columns,
            row_step: columns,
            column_step: 1,
        }
    }

    /// The same numbers with rows and columns exchanged.
    pub(crate) fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_step: self.column_step,
            column_step: self.row_step,
            ..self
        }
    }

    /// Whether every place of the matrix is in a slice of this length.
    fn fits(self, length: usize) -> bool {
        let last = |count: usize, step: usize| count.saturating_sub(1).checked_mul(step);
        let end = last(self.rows, self.row_step)
            .zip(last(self.columns, self.column_step))
            .and_then(|(down, across)| down.checked_add(across)?.checked_add(self.start));
        self.rows == 0 || self.columns == 0 || end.is_some_and(|end| end < length)
    }

    /// Whether no two places of the matrix are the same number.
    fn is_injective(self) -> bool {
        let (near, far, count) = if self.row_step < self.column_step {
            (self.row_step, self.column_step, self.rows)
        } else {
            (self.column_step, self.row_step, self.columns)
        };
        near > 0 && near.checked_mul(count).is_some_and(|wide| far >= wide)
    }
}

/// What happens to the numbers that the product is written over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Onto {
    /// They are replaced.
    Nothing,
    /// The product is added to them.
    Itself,
}

/// `to = a b`, or `to += a b`, on the calling thread. Does nothing when the shapes do not
/// belong together or one of them leaves its slice, which is a defect of the caller.
pub(crate) fn multiply(
    (to, to_at): (&mut [f32], Layout),
    onto: Onto,
    (a, a_at): (&[f32], Layout),
    (b, b_at): (&[f32], Layout),
) {
    let shapes_fit =
        to_at.rows == a_at.rows && to_at.columns == b_at.columns && a_at.columns == b_at.rows;
    let all_inside = to_at.fits(to.len()) && a_at.fits(a.len()) && b_at.fits(b.len());
    let sound = shapes_fit && all_inside && to_at.is_injective();
    debug_assert!(sound, "{to_at:?} = {a_at:?} {b_at:?}");
    if !sound || to_at.rows == 0 || to_at.columns == 0 {
        return;
    }
    // SAFETY: every place of the three matrices lies in its slice, as checked; `to` is borrowed
    // mutably, so it overlaps neither factor, and no two of its places are the same. Steps are
    // below the slices' lengths and so fit an `isize`.
    unsafe {
        gemm::gemm(
            to_at.rows,
            to_at.columns,
            a_at.columns,
            to.as_mut_ptr().add(to_at.start),
            to_at.column_step as isize,
            to_at.row_step as isize,
            onto == Onto::Itself,
            a.as_ptr().add(a_at.start),
            a_at.column_step as isize,
            a_at.row_step as isize,
            b.as_ptr().add(b_at.start),
            b_at.column_step as isize,
            b_at.row_step as isize,
            1.0,
            1.0,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}
