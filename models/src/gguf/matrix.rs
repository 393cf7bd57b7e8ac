//! Weights as 8-bit rows, and their product with activations on all threads.

use std::io::{Read, Seek, SeekFrom};

use gori_core::{Error, Result};
use rayon::prelude::*;

use super::header::{Tensor, corrupt};
use super::kernel::{BLOCK, Kernel, Rows};

/// Rows of 8-bit numbers with a scale for every [`BLOCK`] of them.
#[derive(Debug, Default)]
pub(super) struct Matrix {
    values: Vec<i8>,
    scales: Vec<f32>,
    /// Numbers in a row, padded with zeros to whole blocks.
    cols: usize,
    rows: usize,
}

/// Bytes of a tensor that are read and turned at a time.
const PIECE: usize = 1 << 24;
/// Weights that are worth a thread's while, in bytes.
const SHARE: usize = 1 << 15;

impl Matrix {
    /// A matrix for rows of so many numbers.
    pub(super) fn new(cols: usize) -> Self {
        Self {
            cols: cols.next_multiple_of(BLOCK),
            ..Self::default()
        }
    }

    /// Reads a tensor below the rows there are.
    pub(super) fn append(
        &mut self,
        from: &mut (impl Read + Seek),
        tensor: &Tensor,
        kernel: Kernel,
    ) -> Result<()> {
        let Some(bytes) = tensor.format.bytes(tensor.cols as u64) else {
            return Err(corrupt("a row is no whole number of blocks"));
        };
        let row = usize::try_from(bytes).unwrap_or(usize::MAX);
        seek(from, tensor)?;
        let mut left = tensor.rows;
        let mut buffer = Vec::new();
        while left > 0 {
            let rows = (PIECE / row.max(1)).clamp(1, left);
            buffer.resize(rows.saturating_mul(row), 0);
            from.read_exact(&mut buffer)
                .map_err(|error| Error::io("tensor", error))?;
            self.append_rows(&buffer, row, tensor, kernel)?;
            left -= rows;
        }
        Ok(())
    }

    fn append_rows(
        &mut self,
        bytes: &[u8],
        row: usize,
        tensor: &Tensor,
        kernel: Kernel,
    ) -> Result<()> {
        let blocks = self.cols / BLOCK;
        let first = self.rows;
        self.rows += bytes.len() / row.max(1);
        self.values.resize(self.rows * self.cols, 0);
        self.scales.resize(self.rows * blocks, 0.0);
        let values = self.values.par_chunks_mut(self.cols).skip(first);
        let scales = self.scales.par_chunks_mut(blocks).skip(first);
        let cols = self.cols;
        values
            .zip(scales)
            .zip(bytes.par_chunks_exact(row))
            .try_for_each_init(
                || vec![0.0; cols],
                |numbers, ((values, scales), bytes)| {
                    if let Some(numbers) = numbers.get_mut(..tensor.cols) {
                        tensor.format.decode(bytes, numbers);
                        finite(numbers)?;
                    }
                    kernel.quantise(numbers, values, scales);
                    Ok(())
                },
            )
    }

    /// The numbers of a row, padding included, added to what is there. Nothing where there is no such row.
    pub(super) fn row(&self, at: usize) -> impl Iterator<Item = f32> {
        let values = self
            .values
            .chunks_exact(self.cols)
            .nth(at)
            .unwrap_or_default();
        let scales = self
            .scales
            .chunks_exact(self.cols / BLOCK)
            .nth(at)
            .unwrap_or_default();
        let blocks = values.chunks_exact(BLOCK).zip(scales);
        blocks.flat_map(|(values, scale)| values.iter().map(move |v| f32::from(*v) * scale))
    }

    /// Multiplies with activations: for each input the product with every row, one input
    /// after the other.
    pub(super) fn apply(&self, inputs: &Inputs, kernel: Kernel) -> Vec<f32> {
        let count = inputs.count;
        let mut by_row = vec![0.0; self.rows * count];
        let shares = 4 * rayon::current_num_threads();
        let rows = self.rows.div_ceil(shares).max(SHARE.div_ceil(self.cols));
        let blocks = self.cols / BLOCK;
        let weights = self
            .values
            .par_chunks(rows * self.cols)
            .zip(self.scales.par_chunks(rows * blocks));
        let outputs = by_row.par_chunks_mut(rows * count);
        outputs.zip(weights).for_each(|(out, (values, scales))| {
            let weights = Rows {
                values,
                scales,
                cols: self.cols,
            };
            kernel.products(weights, inputs.rows(), out);
        });
        if count == 1 {
            by_row
        } else {
            transposed(&by_row, count)
        }
    }
}

/// `[row][input]` turned into `[input][row]`.
fn transposed(from: &[f32], count: usize) -> Vec<f32> {
    let rows = from.len() / count;
    let mut to = vec![0.0; from.len()];
    for (input, to) in to.chunks_exact_mut(rows).enumerate() {
        for (to, from) in to.iter_mut().zip(from.iter().skip(input).step_by(count)) {
            *to = *from;
        }
    }
    to
}

/// Activations as 8-bit rows, to be multiplied with a matrix.
#[derive(Debug)]
pub(super) struct Inputs {
    values: Vec<i8>,
    scales: Vec<f32>,
    cols: usize,
    count: usize,
}

impl Inputs {
    /// Takes rows of `cols` numbers.
    pub(super) fn of(rows: &[f32], cols: usize, kernel: Kernel) -> Self {
        let padded = cols.next_multiple_of(BLOCK);
        let count = rows.len() / cols;
        let mut values = vec![0; padded * count];
        let mut scales = vec![0.0; padded / BLOCK * count];
        if padded == cols {
            kernel.quantise(rows, &mut values, &mut scales);
        } else {
            let mut room = vec![0.0; padded];
            let to = values
                .chunks_exact_mut(padded)
                .zip(scales.chunks_exact_mut(padded / BLOCK));
            for (row, (values, scales)) in rows.chunks_exact(cols).zip(to) {
                for (to, from) in room.iter_mut().zip(row) {
                    *to = *from;
                }
                kernel.quantise(&room, values, scales);
            }
        }
        Self {
            values,
            scales,
            cols: padded,
            count,
        }
    }

    fn rows(&self) -> Rows<'_> {
        Rows {
            values: &self.values,
            scales: &self.scales,
            cols: self.cols,
        }
    }
}

/// Reads a tensor of one row as it is.
pub(super) fn vector(from: &mut (impl Read + Seek), tensor: &Tensor) -> Result<Vec<f32>> {
    let length = usize::try_from(tensor.length).unwrap_or(usize::MAX);
    seek(from, tensor)?;
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes)
        .map_err(|error| Error::io("tensor", error))?;
    let mut numbers = vec![0.0; tensor.cols * tensor.rows];
    tensor.format.decode(&bytes, &mut numbers);
    finite(&numbers)?;
    Ok(numbers)
}

/// Eight bits cannot hold what is no number, and would turn it into a zero in silence.
fn finite(numbers: &[f32]) -> Result<()> {
    if numbers.iter().all(|number| number.is_finite()) {
        Ok(())
    } else {
        Err(corrupt("it holds values that are no numbers").hint("fetch the file again"))
    }
}

fn seek(from: &mut impl Seek, tensor: &Tensor) -> Result<()> {
    from.seek(SeekFrom::Start(tensor.start))
        .map(drop)
        .map_err(|error| Error::io("tensor", error))
}
