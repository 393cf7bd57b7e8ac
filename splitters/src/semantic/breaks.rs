//! Where the distance between neighbours is great.

use std::fmt;

use gori_core::{Embeddings, cosine};

/// What makes a distance great.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Breaks {
    /// It is above this percentage of the distances in the document.
    Percentile(f32),
    /// The cosine is below this.
    Below(f32),
}

impl fmt::Display for Breaks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Percentile(percentile) => write!(f, "percentile {percentile}"),
            Self::Below(cosine) => write!(f, "cosine below {cosine}"),
        }
    }
}

/// The rows that a passage begins with, but for the first row.
pub(super) fn breaks(vectors: &Embeddings, rule: Breaks) -> Vec<usize> {
    let rows: Vec<_> = vectors.rows().collect();
    let cosines: Vec<_> = rows
        .windows(2)
        .map(|pair| cosine(pair[0], pair[1]))
        .collect();
    let bound = match rule {
        Breaks::Below(cosine) => cosine,
        Breaks::Percentile(percentile) => quantile(&cosines, 1.0 - percentile / 100.0),
    };
    let apart = cosines
        .iter()
        .enumerate()
        .filter(|(_, cosine)| **cosine < bound);
    apart.map(|(before, _)| before + 1).collect()
}

/// The number that this share of the others is below, between two of them where it falls so.
fn quantile(numbers: &[f32], share: f32) -> f32 {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    let place = share.clamp(0.0, 1.0) * sorted.len().saturating_sub(1) as f32;
    let below = sorted.get(place.floor() as usize).copied().unwrap_or(0.0);
    let above = sorted.get(place.ceil() as usize).copied().unwrap_or(below);
    below + (above - below) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greatest_distances_are_breaks() {
        let angles = [0.0_f32, 0.1, 0.2, 1.7, 1.8, 1.9, 3.0];
        let data = angles
            .iter()
            .flat_map(|a| [2.0 * a.cos(), 2.0 * a.sin()])
            .collect();
        let vectors = Embeddings::new(2, data).unwrap();
        assert_eq!(breaks(&vectors, Breaks::Below(0.5)), [3, 6]);
        assert_eq!(breaks(&vectors, Breaks::Percentile(90.0)), [3]);
        assert_eq!(breaks(&vectors, Breaks::Percentile(100.0)), [0_usize; 0]);
        assert_eq!(breaks(&vectors, Breaks::Percentile(0.0)).len(), 5);
    }

    #[test]
    fn few_rows_and_rows_of_zeros_break_nothing_down() {
        for rows in 0..3 {
            let vectors = Embeddings::new(2, vec![0.0; 2 * rows]).unwrap();
            assert!(breaks(&vectors, Breaks::Percentile(50.0)).is_empty());
        }
    }
}
