//! Embeddings: a matrix with a row for each text.

use crate::{Error, ErrorKind, Result};

/// Row-major `f32` vectors, all of one dimension: one allocation for a whole batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Embeddings {
    dims: usize,
    data: Vec<f32>,
}

impl Embeddings {
    /// Takes a matrix of `data.len() / dims` rows.
    ///
    /// # Errors
    /// [`ErrorKind::Model`] when `dims` is 0, does not divide the data, or a number is not
    /// finite: an embedder that gives such vectors would silently destroy retrieval.
    pub fn new(dims: usize, data: Vec<f32>) -> Result<Self> {
        if dims == 0 || !data.len().is_multiple_of(dims) {
            return Err(Error::new(
                ErrorKind::Model,
                format!("{} numbers are no rows of {dims}", data.len()),
            ));
        }
        if let Some(at) = data.iter().position(|x| !x.is_finite()) {
            return Err(Error::new(
                ErrorKind::Model,
                format!(
                    "the vector of text {} holds a number that is not finite",
                    at / dims
                ),
            ));
        }
        Ok(Self { dims, data })
    }

    /// Numbers in a row.
    pub fn dims(&self) -> usize {
        self.dims
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        self.data.len() / self.dims
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// The row of the text at this place in the batch.
    pub fn row(&self, index: usize) -> Option<&[f32]> {
        let start = index.checked_mul(self.dims)?;
        self.data.get(start..start.checked_add(self.dims)?)
    }

    /// The rows in the order of the texts.
    pub fn rows(&self) -> std::slice::ChunksExact<'_, f32> {
        self.data.chunks_exact(self.dims)
    }

    /// All numbers, row after row.
    pub fn as_slice(&self) -> &[f32] {
        &self.data
    }

    /// All numbers, row after row.
    pub fn into_vec(self) -> Vec<f32> {
        self.data
    }
}

/// The dot product; of unit vectors, the cosine of their angle. The shorter length counts.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    const LANES: usize = 8;
    let mut sums = [0.0_f32; LANES];
    let (a8, b8) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f32 = a8
        .remainder()
        .iter()
        .zip(b8.remainder())
        .map(|(a, b)| a * b)
        .sum();
    for (a, b) in a8.zip(b8) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f32>() + rest
}

/// The cosine of the angle between two vectors, 0 when one has no length.
///
/// ```
/// assert_eq!(gori_core::cosine(&[2.0, 0.0], &[3.0, 0.0]), 1.0);
/// ```
pub fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let lengths = (dot(a, a) * dot(b, b)).sqrt();
    if lengths > 0.0 {
        dot(a, b) / lengths
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_what_was_put_in() {
        let matrix = Embeddings::new(2, vec![1.0, 2.0, 3.0, 4.0]).unwrap();
        assert_eq!(
            (matrix.len(), matrix.row(1), matrix.row(2)),
            (2, Some(&[3.0, 4.0][..]), None)
        );
        assert_eq!(matrix.rows().count(), 2);
    }

    #[test]
    fn what_would_poison_an_index_is_refused() {
        for data in [vec![1.0; 3], vec![1.0, f32::NAN], vec![f32::INFINITY, 0.0]] {
            assert_eq!(
                Embeddings::new(2, data).unwrap_err().kind(),
                ErrorKind::Model
            );
        }
        assert!(Embeddings::new(0, vec![]).is_err());
    }

    #[test]
    fn dot_sums_every_lane_and_the_rest() {
        let a: Vec<f32> = (0..19_u8).map(f32::from).collect();
        let slow: f32 = a.iter().map(|x| x * x).sum();
        assert!((dot(&a, &a) - slow).abs() < 1e-3);
    }
}
