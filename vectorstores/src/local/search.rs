//! Finding the nearest points of a view.
//!
//! Chunks are scanned as they are. Of a segment the codes are scanned, and those rows whose
//! codes score best are scored again by their vectors; if a row that was passed over could
//! still belong among the best, given how far quantising may have moved its score, more rows
//! are scored again.

use gori_core::{Hit, Metric, Result, Search};

use super::bits::Bits;
use super::chunk::Chunk;
use super::segment::{Scale, Segment};
use super::view::{Address, Data, View};
use crate::kernel::{Kernel, best, quantise, stride};
use crate::score::Scorer;
use crate::topk::TopK;

/// How many standard deviations of the error of quantising are allowed for.
const SIGMAS: f32 = 6.0;

/// A question, with what scanning needs of it worked out once.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) metric: Metric,
    pub(crate) kernel: Kernel,
    scorer: Scorer,
    pub(crate) codes: Vec<i8>,
    pub(crate) scale: f32,
    /// The length of the vector, after normalising where the metric is cosine.
    length: f32,
    k: usize,
}

impl Question {
    pub(crate) fn new(metric: Metric, vector: &[f32], k: usize) -> Self {
        let scorer = Scorer::new(metric, vector);
        let mut codes = vec![0; stride(vector.len())];
        let scale = quantise(scorer.vector(), &mut codes);
        Self {
            metric,
            kernel: best(),
            length: 1.0 / crate::score::inverse_norm(scorer.vector()),
            scorer,
            codes,
            scale,
            k,
        }
    }

    /// The score that the codes of a row give, on a scale where higher is better. For L2 it is
    /// the square of the distance.
    pub(crate) fn rough(&self, dot: i32, row: Scale) -> f32 {
        #[expect(clippy::cast_precision_loss, reason = "codes are rough by nature")]
        let dot = dot as f32 * (self.scale * row.scale);
        match self.metric {
            Metric::Cosine => dot * row.inverse,
            Metric::Dot => dot,
            Metric::L2 => {
                let length = 1.0 / row.inverse;
                2.0 * dot - length * length - self.length * self.length
            }
        }
    }

    /// A true score on the scale of the rough ones.
    fn roughened(&self, score: f32) -> f32 {
        match self.metric {
            Metric::Cosine | Metric::Dot => score,
            Metric::L2 => -score * score,
        }
    }

    /// How far a rough score may lie from the true one. Rounding moves each number of a row by
    /// up to half a scale, evenly spread, and so the dot product by scale / sqrt(12) for each
    /// unit of length of the other vector.
    fn doubt(&self, segment: &Segment) -> f32 {
        let foot = &segment.index.foot;
        let by_row = foot.spread * self.length;
        let cosine = SIGMAS * (by_row * by_row + self.scale * self.scale).sqrt() / 12.0_f32.sqrt();
        match self.metric {
            Metric::Cosine => cosine,
            Metric::Dot => cosine * foot.longest,
            Metric::L2 => 2.0 * cosine * foot.longest,
        }
    }
}

impl View {
    pub(crate) fn search(&self, metric: Metric, query: &Search<'_>) -> Result<Vec<Hit>> {
        if query.k == 0 {
            return Ok(Vec::new());
        }
        let question = Question::new(metric, query.vector, query.k);
        let mut top = TopK::new(query.k, query.min_score);
        for (part, held) in self.parts.iter().enumerate() {
            let rows = held.select(query.filter)?;
            match &held.data {
                Data::Chunk(chunk) => scan_chunk(&question, chunk, part, &rows, &mut top),
                Data::Segment(segment) => {
                    for (score, row) in scan_segment(&question, segment, &rows)? {
                        top.push(score, Address { part, row });
                    }
                }
            }
        }
        self.hits(top, query)
    }

    /// Reads the best from their logs, once ids have settled the ties.
    fn hits(&self, top: TopK<Address>, query: &Search<'_>) -> Result<Vec<Hit>> {
        let mut best = Vec::new();
        for (score, address) in top.into_vec() {
            best.extend(self.id(address)?.map(|id| (score, address, id)));
        }
        best.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.2.cmp(b.2)));
        best.truncate(query.k);
        let mut hits = Vec::with_capacity(best.len());
        for (score, address, _) in best {
            hits.extend(self.point(address)?.map(|point| Hit {
                id: point.id,
                score,
                text: point.text,
                metadata: point.metadata,
                vector: query.with_vectors.then_some(point.vector),
                legs: Vec::new(),
            }));
        }
        Ok(hits)
    }
}

fn scan_chunk(
    question: &Question,
    chunk: &Chunk,
    part: usize,
    rows: &Bits,
    top: &mut TopK<Address>,
) {
    for (row, (held, vector)) in (0..).zip(chunk.rows()) {
        if rows.has(row) {
            let score = question.scorer.score(vector, held.inverse);
            top.push(score, Address { part, row });
        }
    }
}

/// The best rows of a segment with their true scores: `k`, and some more.
fn scan_segment(question: &Question, segment: &Segment, rows: &Bits) -> Result<Vec<(f32, u32)>> {
    let (codes, scales) = (segment.codes()?, segment.scales()?);
    let width = question.codes.len();
    let considered = rows.len();
    let mut wanted = question.k.saturating_mul(4).saturating_add(32);
    loop {
        let mut rough = TopK::new(wanted, None);
        for row in rows.iter() {
            let at = row as usize * width;
            let Some((codes, scale)) = codes.get(at..at + width).zip(scales.get(row as usize))
            else {
                return Err(segment.error(row));
            };
            let dot = (question.kernel.dot_i8)(&question.codes, codes);
            rough.push(question.rough(dot, *scale), row);
        }
        let rough = rough.into_vec();
        let scored = rescore(question, segment, scales, &rough)?;
        if rough.len() >= considered || is_certain(question, segment, &rough, &scored) {
            return Ok(scored);
        }
        wanted = wanted.saturating_mul(4);
    }
}

pub(crate) fn rescore(
    question: &Question,
    segment: &Segment,
    scales: &[Scale],
    rough: &[(f32, u32)],
) -> Result<Vec<(f32, u32)>> {
    let mut scored = Vec::with_capacity(rough.len());
    for (_, row) in rough {
        let scale = scales
            .get(*row as usize)
            .ok_or_else(|| segment.error(*row))?;
        let vector = segment.vector(*row)?;
        scored.push((question.scorer.score(vector, scale.inverse), *row));
    }
    Ok(scored)
}

/// Whether no row that was passed over can score better than the k-th best.
fn is_certain(
    question: &Question,
    segment: &Segment,
    rough: &[(f32, u32)],
    scored: &[(f32, u32)],
) -> bool {
    let mut scores: Vec<f32> = scored.iter().map(|x| question.roughened(x.0)).collect();
    let Some(last) = question
        .k
        .checked_sub(1)
        .filter(|last| *last < scores.len())
    else {
        return false;
    };
    let (_, worst, _) = scores.select_nth_unstable_by(last, |a, b| b.total_cmp(a));
    let passed_over = rough.iter().map(|x| x.0).fold(f32::INFINITY, f32::min);
    *worst >= passed_over + question.doubt(segment)
}
