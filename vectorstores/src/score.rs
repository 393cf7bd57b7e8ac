//! Scores of vectors: higher is always better.

use gori_core::Metric;

use crate::kernel::best;

/// A vector to compare with others, with what the metric needs of it worked out once.
#[derive(Clone, Debug)]
pub(crate) struct Scorer {
    metric: Metric,
    vector: Vec<f32>,
}

impl Scorer {
    pub(crate) fn new(metric: Metric, vector: &[f32]) -> Self {
        let scale = match metric {
            Metric::Cosine => inverse_norm(vector),
            Metric::Dot | Metric::L2 => 1.0,
        };
        Self {
            metric,
            vector: vector.iter().map(|x| x * scale).collect(),
        }
    }

    /// The vector, of unit length where the metric is cosine.
    pub(crate) fn vector(&self) -> &[f32] {
        &self.vector
    }

    /// The score of a row; `inverse` is its [`inverse_norm`].
    pub(crate) fn score(&self, row: &[f32], inverse: f32) -> f32 {
        match self.metric {
            Metric::Cosine => ((best().dot_f32)(&self.vector, row) * inverse).clamp(-1.0, 1.0),
            Metric::Dot => (best().dot_f32)(&self.vector, row),
            Metric::L2 => {
                let pairs = self.vector.iter().zip(row);
                -pairs.map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt()
            }
        }
    }
}

/// One over the length of a vector. In double precision, since the square of a number that a
/// point may hold need not fit a single.
#[expect(
    clippy::cast_possible_truncation,
    reason = "points are checked to have lengths from 1e-15 to 1e15"
)]
pub(crate) fn inverse_norm(vector: &[f32]) -> f32 {
    let square: f64 = vector.iter().map(|x| f64::from(*x) * f64::from(*x)).sum();
    (1.0 / square.sqrt()) as f32
}
