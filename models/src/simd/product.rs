//! Matrix products: `c = a b`, rows of `a` against packed columns of `b`.
//!
//! The right-hand side is laid out once, in panels as wide as a tile of the result: of a panel,
//! the columns' numbers for one inner index stand side by side. A weight matrix is packed when a
//! model is opened and never again. A tile of the result is summed up in registers, and what is
//! added to a sum (a bias, the row that is already there) is added before it leaves them. GELU follows
//! while the tile is in the first cache.

use super::Kernels;
use super::kernels::gelu;
use super::vector::Vector;

/// The right-hand side of a product, in panels.
#[derive(Clone, Debug, Default)]
pub(crate) struct Packed {
    inputs: usize,
    outputs: usize,
    /// Columns in a panel; the last is filled up with zeros.
    width: usize,
    numbers: Vec<f32>,
}

impl Packed {
    /// Packs `outputs` columns of `inputs` numbers: column `j` begins at `j * step` of `from` and
    /// is contiguous, as a row of the matrix that is multiplied transposed.
    pub(crate) fn columns(
        &mut self,
        kernels: Kernels,
        from: &[f32],
        step: usize,
        (inputs, outputs): (usize, usize),
    ) {
        self.reshape(kernels, inputs, outputs);
        let width = self.width;
        for (first, panel) in self.panels() {
            for column in first..outputs.min(first + width) {
                let numbers = from.get(column * step..).unwrap_or_default();
                let places = panel.iter_mut().skip(column - first).step_by(width);
                for (to, from) in places.zip(numbers) {
                    *to = *from;
                }
            }
        }
    }

    /// Packs `inputs` rows of `outputs` numbers: row `i` begins at `i * step` of `from`.
    pub(crate) fn rows(
        &mut self,
        kernels: Kernels,
        from: &[f32],
        step: usize,
        (inputs, outputs): (usize, usize),
    ) {
        self.reshape(kernels, inputs, outputs);
        let width = self.width;
        for (first, panel) in self.panels() {
            for (row, to) in panel.chunks_exact_mut(width).enumerate() {
                let taken = width.min(outputs - first);
                let from = from.get(row * step + first..).unwrap_or_default();
                for (to, from) in to.iter_mut().zip(from.iter().take(taken)) {
                    *to = *from;
                }
            }
        }
    }

    fn reshape(&mut self, kernels: Kernels, inputs: usize, outputs: usize) {
        self.width = kernels.panel();
        (self.inputs, self.outputs) = (inputs, outputs);
        self.numbers.clear();
        self.numbers
            .resize(outputs.div_ceil(self.width) * inputs * self.width, 0.0);
    }

    /// The first column of every panel, and the panel.
    fn panels(&mut self) -> impl Iterator<Item = (usize, &mut [f32])> {
        let (width, size) = (self.width, (self.inputs * self.width).max(1));
        (0..)
            .step_by(width.max(1))
            .zip(self.numbers.chunks_exact_mut(size))
    }
}

/// What a sum starts from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Start<'b> {
    /// Nothing.
    Zero,
    /// A number for each column.
    Bias(&'b [f32]),
    /// What stands in the result, and a number for each column.
    ResultAnd(&'b [f32]),
}

/// What is done to a sum before it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finish {
    /// Nothing.
    Plain,
    /// GELU.
    Gelu,
}

/// Rows in a slice, each `step` after the one before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows<S> {
    pub(crate) numbers: S,
    pub(crate) step: usize,
}

/// Inner indices that are summed up at a time: a tile's part of a panel, 16 KiB with AVX2, stays
/// in the first cache while the rows go by.
const INNER: usize = 256;
/// Numbers of `a` that stay in the second cache while the panels go by: 192 KiB.
const OUTER: usize = 48 * 1024;
/// The most numbers that a tile has in any instruction set: 12 rows of two registers of 16.
const TILE: usize = 12 * 32;

/// A product as pointers, which [`Kernels::product`] has checked.
#[derive(Clone, Copy)]
pub(super) struct Job {
    rows: usize,
    inputs: usize,
    outputs: usize,
    a: *const f32,
    a_step: usize,
    b: *const f32,
    c: *mut f32,
    c_step: usize,
    /// Null for none.
    bias: *const f32,
    keep: bool,
    gelu: bool,
}

impl Kernels {
    /// `c = a b`, for `rows` rows. Does nothing when a shape does not fit its slice, which is a
    /// defect of the caller.
    pub(crate) fn product(
        self,
        rows: usize,
        a: Rows<&[f32]>,
        b: &Packed,
        c: Rows<&mut [f32]>,
        start: Start<'_>,
        finish: Finish,
    ) {
        let reach = |step: usize, width: usize| {
            (rows.saturating_sub(1).checked_mul(step)).and_then(|last| last.checked_add(width))
        };
        let (bias, keep) = match start {
            Start::Zero => (None, false),
            Start::Bias(bias) => (Some(bias), false),
            Start::ResultAnd(bias) => (Some(bias), true),
        };
        let sound = b.width == self.panel()
            && b.numbers.len() == b.outputs.div_ceil(b.width) * b.inputs * b.width
            && reach(a.step, b.inputs).is_some_and(|end| end <= a.numbers.len())
            && reach(c.step, b.outputs).is_some_and(|end| end <= c.numbers.len())
            && c.step >= b.outputs
            && bias.is_none_or(|bias| bias.len() == b.outputs);
        if !sound || rows == 0 {
            return;
        }
        let job = Job {
            rows,
            inputs: b.inputs,
            outputs: b.outputs,
            a: a.numbers.as_ptr(),
            a_step: a.step,
            b: b.numbers.as_ptr(),
            c: c.numbers.as_mut_ptr(),
            c_step: c.step,
            bias: bias.map_or(std::ptr::null(), <[f32]>::as_ptr),
            keep,
            gelu: finish == Finish::Gelu,
        };
        self.run_product(&job);
    }
}

/// Runs a product with tiles of `R` rows and `C` registers.
///
/// # Safety
/// The machine has the instruction set of `V`; the job was checked by [`Kernels::product`], with
/// panels of `C` registers.
#[inline(always)]
pub(super) unsafe fn product<V: Vector, const R: usize, const C: usize>(job: &Job) {
    let width = C * V::LANES;
    let block = (OUTER / job.inputs.max(1) / R).max(4) * R;
    for first in (0..job.rows).step_by(block) {
        let end = job.rows.min(first + block);
        for column in (0..job.outputs).step_by(width) {
            let mut inner = 0;
            loop {
                let part = Part {
                    column,
                    inner,
                    count: INNER.min(job.inputs - inner),
                };
                let mut row = first;
                while row + R <= end {
                    // SAFETY: the rows and columns of the part are in the job.
                    unsafe { tile::<V, R, C>(job, part, row) }
                    row += R;
                }
                // SAFETY: fewer than `R` rows are left, and they are in the job.
                unsafe { rest::<V, R, C>(job, part, row, end - row) }
                inner += part.count;
                if inner >= job.inputs {
                    break;
                }
            }
        }
    }
}

/// A panel's columns, and the inner indices of them that are added now.
#[derive(Clone, Copy)]
struct Part {
    column: usize,
    inner: usize,
    count: usize,
}

/// The rows that do not fill a tile of `R`. Tiles that are as high are left out of the code.
///
/// # Safety
/// As [`tile`], for `count` rows, fewer than `R`.
#[inline(always)]
unsafe fn rest<V: Vector, const R: usize, const C: usize>(
    job: &Job,
    part: Part,
    row: usize,
    count: usize,
) {
    // SAFETY: passed on to the caller.
    unsafe {
        let (mut row, mut count) = (row, count);
        while R > 6 && count >= 6 {
            tile::<V, 6, C>(job, part, row);
            (row, count) = (row + 6, count - 6);
        }
        match count {
            1 => tile::<V, 1, C>(job, part, row),
            2 => tile::<V, 2, C>(job, part, row),
            3 => tile::<V, 3, C>(job, part, row),
            4 if R > 4 => tile::<V, 4, C>(job, part, row),
            5 if R > 5 => tile::<V, 5, C>(job, part, row),
            _ => {}
        }
    }
}

/// Adds a part of the products to `R` rows of `C` registers of the result.
///
/// # Safety
/// The machine has the instruction set of `V`; rows `row..row + R` and the part are in the job.
#[inline(always)]
unsafe fn tile<V: Vector, const R: usize, const C: usize>(job: &Job, part: Part, row: usize) {
    let width = C * V::LANES;
    let columns = width.min(job.outputs - part.column);
    let (mut buffer, mut padded): ([f32; TILE], [f32; TILE]);
    // SAFETY: the row and the column are in the job.
    unsafe {
        let c = job.c.add(row * job.c_step + part.column);
        let (mut to, mut step, mut bias) = (c, job.c_step, job.bias);
        // The last panel is wider than what is left of the result: its tile goes through a buffer.
        if columns < width {
            (buffer, padded) = ([0.0; TILE], [0.0; TILE]);
            (to, step) = (buffer.as_mut_ptr(), width);
            for i in 0..R {
                c.add(i * job.c_step)
                    .copy_to_nonoverlapping(to.add(i * width), columns);
            }
            if !bias.is_null() {
                bias.add(part.column)
                    .copy_to_nonoverlapping(padded.as_mut_ptr(), columns);
            }
            // The bias is looked up at the part's column, so its pointer is moved back by as much.
            bias = padded.as_ptr().wrapping_sub(part.column);
        }
        // Called in one place: it is written out in code for every height of a tile as it is.
        whole_tile::<V, R, C>(job, part, row, to, step, bias);
        if columns < width {
            for i in 0..R {
                c.add(i * job.c_step)
                    .copy_from_nonoverlapping(to.add(i * width), columns);
            }
        }
    }
}

/// As [`tile`], for all columns of the panel, onto `c`.
///
/// # Safety
/// As [`tile`]; `c` is writable for `R` rows of the panel's width at `step`, and `bias` is null or
/// readable for the panel's width at the part's column.
#[inline(always)]
#[expect(
    clippy::needless_range_loop,
    reason = "loops over constant ranges are unrolled, and the sums stay in registers"
)]
unsafe fn whole_tile<V: Vector, const R: usize, const C: usize>(
    job: &Job,
    part: Part,
    row: usize,
    c: *mut f32,
    step: usize,
    bias: *const f32,
) {
    // SAFETY: the caller promises the instruction set and that every place is in its slice.
    unsafe {
        let zero = V::splat(0.0);
        let mut sums = [[zero; C]; R];
        let first = part.inner == 0;
        if !first || job.keep {
            for i in 0..R {
                for j in 0..C {
                    sums[i][j] = V::load(c.add(i * step + j * V::LANES));
                }
            }
        }
        if first && !bias.is_null() {
            for j in 0..C {
                let bias = V::load(bias.add(part.column + j * V::LANES));
                for i in 0..R {
                    sums[i][j] = sums[i][j].add(bias);
                }
            }
        }
        // Pointers that move, so that no index is computed, or checked, within the loop.
        let mut a = [job.a.add(row * job.a_step + part.inner); R];
        for (i, a) in a.iter_mut().enumerate() {
            *a = a.add(i * job.a_step);
        }
        let mut b = job
            .b
            .add(part.column * job.inputs + part.inner * C * V::LANES);
        for _ in 0..part.count {
            let mut panel = [zero; C];
            for (j, panel) in panel.iter_mut().enumerate() {
                *panel = V::load(b.add(j * V::LANES));
            }
            b = b.add(C * V::LANES);
            for i in 0..R {
                let x = V::splat(*a[i]);
                a[i] = a[i].add(1);
                for j in 0..C {
                    sums[i][j] = x.mul_add(panel[j], sums[i][j]);
                }
            }
        }
        for i in 0..R {
            for j in 0..C {
                sums[i][j].store(c.add(i * step + j * V::LANES));
            }
        }
        if job.gelu && part.inner + part.count == job.inputs {
            // Over what was stored and not over the sums, and so many rows as the compiler cannot know:
            // GELU would be written out in code once for each register of each tile.
            for i in 0..R.min(job.rows) {
                for j in 0..C {
                    let place = c.add(i * step + j * V::LANES);
                    gelu(V::load(place)).store(place);
                }
            }
        }
    }
}
