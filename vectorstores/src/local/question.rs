//! A question, and what codes can say of how well a row answers it.
//!
//! Rough scores come from the codes, fine ones from the codes and the fine codes, and each
//! comes with a doubt: how far it may lie from the true one.

use gori_core::Metric;

use super::coded::{Coded, Scale};
use super::near::Near;
use super::walk::Goal;
use crate::kernel::{FINE_MIDDLE, Kernel, best, prefetch, quantise, stride};
use crate::score::{Scorer, inverse_norm};

/// How many standard deviations of the error of quantising are allowed for.
pub(super) const SIGMAS: f32 = 6.0;

/// What sums in single precision may be off by, for each unit of length of both vectors.
const ROUNDING: f32 = 4e-6;

/// A question, with what scanning needs of it worked out once.
#[derive(Debug)]
pub(super) struct Question {
    metric: Metric,
    kernel: Kernel,
    pub(super) scorer: Scorer,
    codes: Vec<i8>,
    scale: f32,
    /// The vector, filled up with zeros to the length of the codes.
    padded: Vec<f32>,
    /// The sum of its numbers.
    sum: f32,
    /// Its length, after normalising where the metric is cosine.
    length: f32,
    pub(super) k: usize,
}

impl Question {
    pub(super) fn new(metric: Metric, vector: &[f32], k: usize) -> Self {
        let scorer = Scorer::new(metric, vector);
        let mut codes = vec![0; stride(vector.len())];
        let scale = quantise(scorer.vector(), &mut codes);
        let mut padded = scorer.vector().to_vec();
        padded.resize(codes.len(), 0.0);
        Self {
            metric,
            kernel: best(),
            length: 1.0 / inverse_norm(scorer.vector()),
            sum: padded.iter().sum(),
            padded,
            scorer,
            codes,
            scale,
            k,
        }
    }

    /// A score on a scale where higher is better, from the dot product. For L2 it is the
    /// square of the distance.
    fn by_dot(&self, dot: f32, row: Scale) -> f32 {
        match self.metric {
            Metric::Cosine => dot * row.inverse,
            Metric::Dot => dot,
            Metric::L2 => 2.0 * dot - row.length() * row.length() - self.length * self.length,
        }
    }

    /// The score that the codes of a row give.
    fn rough(&self, dot: i32, row: Scale) -> f32 {
        #[expect(clippy::cast_precision_loss, reason = "codes are rough by nature")]
        let dot = dot as f32;
        self.by_dot(dot * (self.scale * row.scale), row)
    }

    /// The score that the fine codes of a row give, where there are any.
    pub(super) fn fine(&self, coded: &Coded<'_>, row: u32) -> Option<f32> {
        let width = self.codes.len();
        let scale = coded.scales.get(row as usize)?;
        let fine = coded.fine(row, width)?;
        let sixteenths = (self.kernel.dot_fine)(&self.padded, coded.codes(row, width), fine);
        let dot = (sixteenths - FINE_MIDDLE * self.sum) * (scale.scale / 16.0);
        Some(self.by_dot(dot, *scale))
    }

    /// How many codes a row has.
    pub(super) fn width(&self) -> usize {
        self.codes.len()
    }

    /// No score can be higher.
    pub(super) fn most(&self) -> f32 {
        match self.metric {
            Metric::Cosine | Metric::Dot => f32::INFINITY,
            Metric::L2 => 0.0,
        }
    }

    /// A true score on the scale of the rough ones.
    pub(super) fn roughened(&self, score: f32) -> f32 {
        match self.metric {
            Metric::Cosine | Metric::Dot => score,
            Metric::L2 => -score * score,
        }
    }

    /// How far rough scores, and fine ones, may lie from the true ones. Rounding moves each
    /// number of a row by up to half a scale, evenly spread, and so the dot product by
    /// scale / sqrt(12) for each unit of length of the other vector.
    pub(super) fn doubts(&self, coded: &Coded<'_>, sigmas: f32) -> (f32, f32) {
        let by_row = coded.spread * self.length;
        let rough = (by_row * by_row + self.scale * self.scale).sqrt();
        let (factor, rounding) = match self.metric {
            Metric::Cosine => (1.0, ROUNDING),
            Metric::Dot => (coded.longest, ROUNDING * self.length),
            Metric::L2 => (
                2.0 * coded.longest,
                ROUNDING * self.length.max(coded.longest),
            ),
        };
        let sigmas = sigmas / 12.0_f32.sqrt();
        let doubt = |error: f32| (sigmas * error + rounding) * factor;
        (doubt(rough), doubt(by_row / 16.0))
    }
}

/// A question put to rows by their codes.
#[derive(Debug)]
pub(super) struct Rough<'q> {
    pub(super) question: &'q Question,
    pub(super) coded: Coded<'q>,
}

impl Rough<'_> {
    fn codes(&self, row: u32) -> &[i8] {
        self.coded.codes(row, self.question.codes.len())
    }

    /// Scores 64 rows that lie next to each other.
    pub(super) fn scan(&self, first: u32, near: &mut Near) {
        let (question, at) = (self.question, first as usize);
        let width = question.codes.len();
        let codes = self.coded.codes.get(at * width..(at + 64) * width);
        let scales = self.coded.scales.get(at..at + 64);
        let (Some(codes), Some(scales)) = (codes, scales) else {
            return;
        };
        let (fours, _) = scales.as_chunks::<4>();
        let rows = (first..).step_by(4);
        for ((codes, scales), row) in codes.chunks_exact(4 * width).zip(fours).zip(rows) {
            // Four rows at a time are too short a run for the processor to see where it leads.
            let ahead = (row as usize + 16) * width;
            let ahead = self.coded.codes.get(ahead..ahead + 4 * width);
            prefetch(ahead.unwrap_or_default());
            let (a, rest) = codes.split_at(width);
            let (b, rest) = rest.split_at(width);
            let (c, d) = rest.split_at(width);
            let dots = (question.kernel.dot4_i8)(&question.codes, [a, b, c, d]);
            for ((dot, scale), row) in dots.into_iter().zip(scales).zip(row..) {
                near.push(question.rough(dot, *scale), row);
            }
        }
    }
}

impl Goal for Rough<'_> {
    fn score(&self, row: u32) -> f32 {
        let question = self.question;
        let dot = (question.kernel.dot_i8)(&question.codes, self.codes(row));
        let scale = self.coded.scales.get(row as usize);
        scale.map_or(f32::NEG_INFINITY, |scale| question.rough(dot, *scale))
    }

    fn score4(&self, rows: [u32; 4]) -> [f32; 4] {
        let question = self.question;
        let codes = rows.map(|row| self.codes(row));
        let mut scores = [f32::NEG_INFINITY; 4];
        let dots = (question.kernel.dot4_i8)(&question.codes, codes);
        for ((score, dot), row) in scores.iter_mut().zip(dots).zip(rows) {
            if let Some(scale) = self.coded.scales.get(row as usize) {
                *score = question.rough(dot, *scale);
            }
        }
        scores
    }

    fn announce(&self, row: u32) {
        prefetch(self.codes(row));
    }
}
