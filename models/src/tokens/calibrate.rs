//! Learning from the usage that a provider reports how far a guess is off.

use std::collections::VecDeque;

use gori_core::{Fidelity, TokenCounter};

/// How many observations count; older ones are forgotten.
const MOST: usize = 64;
/// With fewer observations nothing is learned.
const FEWEST: usize = 5;
/// What is added to the spread that was seen, since the next text may lie outside it.
const BEYOND: f64 = 0.02;

/// What was counted, and what the provider said it was.
///
/// Feed it the count of each prompt and the usage that came back; it then makes a counter whose
/// count is right on average and whose margin covers everything observed.
///
/// ```
/// use gori_core::{Fidelity, TokenCounter};
/// use gori_models::tokens::{Calibration, Estimate};
///
/// let mut calibration = Calibration::new();
/// for (counted, reported) in [(100, 80), (200, 164), (50, 39), (400, 320), (120, 97)] {
///     calibration.observe(counted, reported);
/// }
/// let counter = calibration.counter(Estimate::new());
/// let text = "The store survives a power cut.";
/// assert!(counter.count(text) < Estimate::new().count(text));
/// assert!(matches!(counter.fidelity(), Fidelity::Estimated { margin } if margin < 0.05));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calibration {
    observed: VecDeque<(usize, u64)>,
}

impl Calibration {
    /// Nothing observed yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A prompt was counted as so many tokens, and the provider reported so many. Prompts of
    /// which either is nothing teach nothing.
    pub fn observe(&mut self, counted: usize, reported: u64) {
        if counted == 0 || reported == 0 {
            return;
        }
        if self.observed.len() >= MOST {
            self.observed.pop_front();
        }
        self.observed.push_back((counted, reported));
    }

    /// A counter that is right on average, with a margin that covers every observation. With
    /// fewer than five observations it is the counter given.
    pub fn counter<C: TokenCounter>(&self, inner: C) -> Calibrated<C> {
        let own = match inner.fidelity() {
            Fidelity::Exact => 0.0,
            Fidelity::Estimated { margin } => margin,
        };
        let (scale, margin) = self.fit().unwrap_or((1.0, own));
        Calibrated {
            id: format!("{} x {scale:.4}", inner.id()),
            inner,
            scale,
            margin,
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "token counts need no more than 53 bits, a margin no more than 24"
    )]
    fn fit(&self) -> Option<(f64, f32)> {
        if self.observed.len() < FEWEST {
            return None;
        }
        let (counted, reported) = self.observed.iter().fold((0.0, 0.0), |sum, (c, r)| {
            (sum.0 + *c as f64, sum.1 + *r as f64)
        });
        let scale = reported / counted;
        let above = |(counted, reported): &(usize, u64)| {
            let guess = (*counted as f64 * scale).ceil();
            *reported as f64 / guess - 1.0
        };
        let spread = self.observed.iter().map(above).fold(0.0, f64::max);
        Some((scale, (spread + BEYOND) as f32))
    }
}

/// A counter whose counts were calibrated. Made by [`Calibration::counter`].
#[derive(Clone, Debug, PartialEq)]
pub struct Calibrated<C> {
    inner: C,
    id: String,
    scale: f64,
    margin: f32,
}

impl<C: TokenCounter> TokenCounter for Calibrated<C> {
    /// The inner counter's id with the factor, so that counts of different calibrations are not
    /// mixed up.
    fn id(&self) -> &str {
        &self.id
    }

    fn fidelity(&self) -> Fidelity {
        Fidelity::Estimated {
            margin: self.margin,
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "token counts need no more than 53 bits and are not negative"
    )]
    fn count(&self, text: &str) -> usize {
        (self.inner.count(text) as f64 * self.scale).ceil() as usize
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Counts bytes: the text's length is the count.
    #[derive(Clone, Debug)]
    struct Bytes;

    impl TokenCounter for Bytes {
        fn id(&self) -> &str {
            "bytes"
        }
        fn fidelity(&self) -> Fidelity {
            Fidelity::Estimated { margin: 0.25 }
        }
        fn count(&self, text: &str) -> usize {
            text.len()
        }
    }

    proptest! {
        #[test]
        fn the_margin_covers_every_observation(
            observed in prop::collection::vec((1_usize..5_000, 1_u64..9_000), 5..80),
        ) {
            let mut calibration = Calibration::new();
            for (counted, reported) in &observed {
                calibration.observe(*counted, *reported);
            }
            let counter = calibration.counter(Bytes);
            let Fidelity::Estimated { margin } = counter.fidelity() else { unreachable!() };
            for (counted, reported) in observed.iter().rev().take(MOST) {
                let most = counter.count(&"x".repeat(*counted)) as f64 * (1.0 + f64::from(margin));
                prop_assert!(*reported as f64 <= most + 1e-3, "{reported} > {most}");
            }
        }
    }

    #[test]
    fn too_little_teaches_nothing() {
        let mut calibration = Calibration::new();
        for _ in 0..4 {
            calibration.observe(100, 300);
        }
        calibration.observe(0, 7);
        let counter = calibration.counter(Bytes);
        assert_eq!(counter.count("four"), 4);
        assert_eq!(counter.fidelity(), Bytes.fidelity());
    }
}
