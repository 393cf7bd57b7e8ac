//! Drawing the next token from the scores.

use gori_core::{Error, Result, Sampling};

/// Draws tokens. The same seed and scores give the same tokens on every machine.
#[derive(Debug)]
pub(super) struct Sampler {
    temperature: f32,
    top_p: f32,
    state: u64,
}

impl Sampler {
    /// Checks what was asked for. Without a temperature the likeliest token is taken; without
    /// a seed every answer draws anew.
    pub(super) fn new(sampling: &Sampling) -> Result<Self> {
        let temperature = sampling.temperature.unwrap_or(0.0);
        let top_p = sampling.top_p.unwrap_or(1.0);
        if !(0.0..=100.0).contains(&temperature) {
            return Err(Error::invalid(format!(
                "a temperature of {temperature} is not from 0 to 100"
            )));
        }
        if !(top_p > 0.0 && top_p <= 1.0) {
            return Err(Error::invalid(format!(
                "a top_p of {top_p} is not above 0 and up to 1"
            )));
        }
        let seed = sampling.seed.unwrap_or_else(|| {
            use std::hash::{BuildHasher as _, RandomState};
            RandomState::new().hash_one(0)
        });
        Ok(Self {
            temperature,
            top_p,
            state: seed,
        })
    }

    /// The next token. A score of negative infinity is never drawn, unless all are.
    pub(super) fn draw(&mut self, scores: &[f32]) -> u32 {
        if self.temperature == 0.0 {
            return likeliest(scores);
        }
        let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let weight = |score: f32| f64::from((score - most) / self.temperature).exp();
        let mut weights: Vec<(u32, f64)> = (0..)
            .zip(scores)
            .map(|(token, score)| (token, weight(*score)))
            // A millionth of a millionth of the likeliest is noise that would only be sorted.
            .filter(|(_, weight)| *weight > 1e-12)
            .collect();
        weights.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let total: f64 = weights.iter().map(|(_, weight)| weight).sum();
        let mut kept = 0.0;
        let enough = total * f64::from(self.top_p);
        let count = weights.iter().take_while(|(_, weight)| {
            let wanted = kept < enough;
            kept += weight;
            wanted
        });
        let count = count.count().max(1);
        weights.truncate(count);
        let total: f64 = weights.iter().map(|(_, weight)| weight).sum();
        let mut at = self.next() * total;
        for (token, weight) in &weights {
            at -= weight;
            if at < 0.0 {
                return *token;
            }
        }
        weights
            .last()
            .map_or_else(|| likeliest(scores), |(token, _)| *token)
    }

    /// A number from 0 up to 1, by SplitMix64 (Steele, Lea and Flood 2014).
    fn next(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.state;
        x = (x ^ x >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ x >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        (x ^ x >> 31) as f64 / 2.0_f64.powi(64)
    }
}

/// The first token of the highest score.
fn likeliest(scores: &[f32]) -> u32 {
    let best = (0..)
        .zip(scores)
        .reduce(|best, next| if next.1 > best.1 { next } else { best });
    best.map_or(0, |(token, _)| token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draws(sampling: Sampling, scores: &[f32], n: usize) -> Vec<u32> {
        let mut sampler = Sampler::new(&sampling).unwrap();
        (0..n).map(|_| sampler.draw(scores)).collect()
    }

    fn at(temperature: f32) -> Sampling {
        Sampling {
            temperature: Some(temperature),
            seed: Some(7),
            ..Sampling::default()
        }
    }

    #[test]
    fn no_temperature_takes_the_first_of_the_likeliest() {
        assert_eq!(
            draws(Sampling::default(), &[0.0, 3.0, 3.0, -1.0], 3),
            [1, 1, 1]
        );
    }

    #[test]
    fn draws_follow_the_probabilities() {
        // exp(ln 3) : 1 is three to one.
        let drawn = draws(at(1.0), &[3.0_f32.ln(), 0.0], 10_000);
        let share = drawn.iter().filter(|token| **token == 0).count();
        assert!((7300..7700).contains(&share), "{share}");
        let cool = draws(at(0.5), &[3.0_f32.ln(), 0.0], 10_000);
        let share = cool.iter().filter(|token| **token == 0).count();
        assert!((8800..9200).contains(&share), "{share}: nine to one");
    }

    #[test]
    fn top_p_keeps_only_the_likeliest() {
        let scores = [0.5_f32.ln(), 0.3_f32.ln(), 0.2_f32.ln()];
        let sampling = Sampling {
            top_p: Some(0.79),
            ..at(1.0)
        };
        let drawn = draws(sampling, &scores, 1000);
        assert!(drawn.contains(&1) && !drawn.contains(&2));
        let tiny = Sampling {
            top_p: Some(1e-9),
            ..at(1.0)
        };
        assert_eq!(draws(tiny, &scores, 5), [0; 5]);
    }

    #[test]
    fn a_seed_repeats_and_masked_tokens_are_never_drawn() {
        let scores: Vec<f32> = (0..50)
            .map(|i| if i % 2 == 0 { f32::NEG_INFINITY } else { 0.0 })
            .collect();
        let first = draws(at(2.0), &scores, 200);
        assert_eq!(first, draws(at(2.0), &scores, 200));
        assert!(first.iter().all(|token| token % 2 == 1));
        assert_ne!(
            first,
            draws(
                Sampling {
                    seed: Some(8),
                    ..at(2.0)
                },
                &scores,
                200
            )
        );
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for sampling in [
            at(-1.0),
            at(f32::NAN),
            Sampling {
                top_p: Some(0.0),
                ..at(1.0)
            },
            Sampling {
                top_p: Some(1.1),
                ..at(1.0)
            },
        ] {
            assert_eq!(
                Sampler::new(&sampling).unwrap_err().kind(),
                gori_core::ErrorKind::InvalidInput
            );
        }
    }
}
