//! Unit vectors.

/// Scales a vector to length 1. The length is taken in double precision, so that no finite
/// vector overflows. One of length 0 has no direction and becomes the first axis: a zero vector
/// would be at distance 0 of everything in some indexes, at none in others.
pub(crate) fn normalise(row: &mut [f32]) {
    let squares: f64 = row.iter().map(|x| f64::from(*x) * f64::from(*x)).sum();
    if squares > 0.0 {
        let by = 1.0 / squares.sqrt();
        for x in row {
            *x = (f64::from(*x) * by) as f32;
        }
    } else if let Some(first) = row.first_mut() {
        *first = 1.0;
    }
}

#[cfg(test)]
mod tests {
    use super::normalise;

    #[test]
    fn every_finite_vector_becomes_a_unit_vector() {
        for mut row in [
            [3.0, 4.0],
            [0.0, 0.0],
            [1e38, -1e38],
            [1e-38, 0.0],
            [-0.0, 1e-45],
        ] {
            normalise(&mut row);
            let length = row.iter().map(|x| x * x).sum::<f32>();
            assert!((length - 1.0).abs() < 1e-6, "{row:?}");
        }
    }
}
