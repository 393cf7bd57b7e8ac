//! Finding the nearest points of a view.
//!
//! Chunks are scanned as they are. Of a segment the codes are scanned, and those rows whose
//! codes score best are scored again by their vectors; if a row that was passed over could
//! still belong among the best, given how far quantising may have moved its score, more rows
//! are scored again. Where a segment has a graph, and few enough rows are to be passed over on
//! the way, a walk takes the place of the scan.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use gori_core::{Hit, Metric, Result, Search, sort_hits};

use super::bits::{Bits, ones};
use super::chunk::Chunk;
use super::graph::{DEGREE, Graph};
use super::segment::{Scale, Scratch, Segment};
use super::view::{Address, Data, View};
use super::walk::{Goal, Ranked, Walk, every, score_all};
use crate::kernel::{Kernel, best, prefetch, quantise, stride};
use crate::score::Scorer;
use crate::topk::TopK;

/// How many standard deviations of the error of quantising are allowed for.
const SIGMAS: f32 = 6.0;

/// As above, after a walk, which may miss rows anyway.
const WALKING: f32 = 3.0;

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
    pub(crate) fn search(
        &self,
        metric: Metric,
        beam: usize,
        query: &Search<'_>,
    ) -> Result<Vec<Hit>> {
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
                    for (score, row) in search_segment(&question, segment, &rows, beam)? {
                        top.push(score, Address { part, row });
                    }
                }
            }
        }
        self.hits(top, query)
    }

    /// Reads the best from their logs. Ids settle the ties.
    fn hits(&self, top: TopK<Address>, query: &Search<'_>) -> Result<Vec<Hit>> {
        let mut best = top.into_vec();
        // More than were asked for are here only where they are as good as the last of them.
        if best.len() > query.k {
            best = self.first_by_id(best, query.k)?;
        }
        let mut hits = Vec::with_capacity(best.len());
        for (score, address) in best {
            hits.extend(self.point(address)?.map(|point| Hit {
                id: point.id,
                score,
                text: point.text,
                metadata: point.metadata,
                vector: query.with_vectors.then_some(point.vector),
                legs: Vec::new(),
            }));
        }
        sort_hits(&mut hits);
        Ok(hits)
    }

    fn first_by_id(&self, best: Vec<(f32, Address)>, k: usize) -> Result<Vec<(f32, Address)>> {
        let mut named = Vec::with_capacity(best.len());
        for (score, address) in best {
            named.push((score, self.id(address)?, address));
        }
        named.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        named.truncate(k);
        let first = named.into_iter();
        Ok(first.map(|(score, _, address)| (score, address)).collect())
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

/// What looking at one row in a walk costs, in rows of a scan: they lie anywhere in memory.
/// A row of 384 numbers took 27 ns in a scan (`examples/figures.rs`); that one in a walk takes about
/// twice as long is an estimate from one run.
const LEAP: usize = 2;

/// The best rows of a segment with their true scores: `k`, and some more.
fn search_segment(
    question: &Question,
    segment: &Segment,
    rows: &Bits,
    beam: usize,
) -> Result<Vec<(f32, u32)>> {
    let wanted = rows.len();
    if let Some(graph) = segment.graph()?
        && wanted > 0
    {
        // A walk that takes longer than expected may cost half of what a scan does, which then
        // takes its place.
        let budget = wanted / (2 * LEAP);
        let beam = beam.max(question.k.saturating_mul(2));
        // The fewer rows are wanted the more are walked over to come by enough of them. A step
        // scores about half of a row's links; the others were seen before.
        let expected = beam.saturating_mul(segment.len()).div_ceil(wanted);
        if expected.saturating_mul(DEGREE / 2) < budget
            && let Some(found) = walk_segment(question, segment, graph, rows, (beam, budget))?
        {
            return Ok(found);
        }
    }
    scan_segment(question, segment, rows)
}

/// A question put to the rows of a segment by their codes.
struct Rough<'q> {
    question: &'q Question,
    codes: &'q [i8],
    scales: &'q [Scale],
}

impl Rough<'_> {
    fn codes(&self, row: u32) -> &[i8] {
        let width = self.question.codes.len();
        let at = row as usize * width;
        self.codes.get(at..at + width).unwrap_or_default()
    }

    /// Scores 64 rows that lie next to each other.
    fn scan(&self, first: u32, best: &mut TopK<u32>) {
        let (question, at) = (self.question, first as usize);
        let width = question.codes.len();
        let codes = self.codes.get(at * width..(at + 64) * width);
        let scales = self.scales.get(at..at + 64);
        let (Some(codes), Some(scales)) = (codes, scales) else {
            return;
        };
        let (fours, _) = scales.as_chunks::<4>();
        let rows = (first..).step_by(4);
        for ((codes, scales), row) in codes.chunks_exact(4 * width).zip(fours).zip(rows) {
            // Four rows at a time are too short a run for the processor to see where it leads.
            let ahead = (row as usize + 16) * width;
            prefetch(self.codes.get(ahead..ahead + 4 * width).unwrap_or_default());
            let (a, rest) = codes.split_at(width);
            let (b, rest) = rest.split_at(width);
            let (c, d) = rest.split_at(width);
            let dots = (question.kernel.dot4_i8)(&question.codes, [a, b, c, d]);
            for ((dot, scale), row) in dots.into_iter().zip(scales).zip(row..) {
                best.push(question.rough(dot, *scale), row);
            }
        }
    }
}

impl Goal for Rough<'_> {
    fn score(&self, row: u32) -> f32 {
        let question = self.question;
        let dot = (question.kernel.dot_i8)(&question.codes, self.codes(row));
        let scale = self.scales.get(row as usize);
        scale.map_or(f32::NEG_INFINITY, |scale| question.rough(dot, *scale))
    }

    fn score4(&self, rows: [u32; 4]) -> [f32; 4] {
        let question = self.question;
        let codes = rows.map(|row| self.codes(row));
        let mut scores = [f32::NEG_INFINITY; 4];
        let dots = (question.kernel.dot4_i8)(&question.codes, codes);
        for ((score, dot), row) in scores.iter_mut().zip(dots).zip(rows) {
            if let Some(scale) = self.scales.get(row as usize) {
                *score = question.rough(dot, *scale);
            }
        }
        scores
    }

    fn announce(&self, row: u32) {
        prefetch(self.codes(row));
    }
}

/// The best rows that a walk comes by; none when it would take too long.
fn walk_segment(
    question: &Question,
    segment: &Segment,
    graph: Graph<'_>,
    rows: &Bits,
    limits: (usize, usize),
) -> Result<Option<Vec<(f32, u32)>>> {
    let (codes, scales) = (segment.codes()?, segment.scales()?);
    let goal = Rough {
        question,
        codes,
        scales,
    };
    let mut walk = Walk::new(segment.len());
    let from = [graph.enter(&goal)];
    if !walk.run(
        &goal,
        &from,
        every(graph.lowest),
        |row| rows.has(row),
        limits,
    ) {
        return Ok(None);
    }
    let found = walk.found();
    let doubt = question.doubt(segment) * (WALKING / SIGMAS);
    let (scored, _) = rescore(question, segment, scales, &found, doubt)?;
    Ok(Some(scored))
}

/// As above, by a look at every row.
fn scan_segment(question: &Question, segment: &Segment, rows: &Bits) -> Result<Vec<(f32, u32)>> {
    let (codes, scales) = (segment.codes()?, segment.scales()?);
    let considered = rows.len();
    let goal = Rough {
        question,
        codes,
        scales,
    };
    let mut wanted = question.k.saturating_mul(4).saturating_add(32);
    loop {
        let mut rough = TopK::new(wanted, None);
        for (first, word) in rows.words() {
            match word {
                u64::MAX => goal.scan(first, &mut rough),
                0 => {}
                _ => score_all(&goal, ones(first, word), |score, row| {
                    rough.push(score, row)
                }),
            }
        }
        let rough = rough.into_vec().into_iter();
        let mut rough: Vec<Ranked> = rough.map(|(score, row)| Ranked::new(score, row)).collect();
        rough.sort_unstable_by(|a, b| b.cmp(a));
        let doubt = question.doubt(segment);
        let (scored, is_certain) = rescore(question, segment, scales, &rough, doubt)?;
        if is_certain || rough.len() >= considered {
            return Ok(scored);
        }
        wanted = wanted.saturating_mul(4);
    }
}

/// Scores rows by their vectors, best first, until no other can be among the `k` best, given
/// how far a rough score may lie from the true one. Whether it came to that.
fn rescore(
    question: &Question,
    segment: &Segment,
    scales: &[Scale],
    rough: &[Ranked],
    doubt: f32,
) -> Result<(Vec<(f32, u32)>, bool)> {
    let mut scored = Vec::with_capacity(rough.len());
    let mut best = BinaryHeap::with_capacity(question.k.min(rough.len()) + 1);
    let mut scratch = Scratch::default();
    for ranked in rough {
        let worst = best.peek().map(|worst: &Reverse<Ranked>| worst.0.score());
        if best.len() >= question.k && worst.is_some_and(|worst| ranked.score() + doubt < worst) {
            return Ok((scored, true));
        }
        let row = ranked.row();
        let scale = scales.get(row as usize).ok_or_else(|| segment.error(row))?;
        segment.vector(row, &mut scratch)?;
        let score = question.scorer.score(&scratch.vector, scale.inverse);
        scored.push((score, row));
        best.push(Reverse(Ranked::new(question.roughened(score), row)));
        if best.len() > question.k {
            best.pop();
        }
    }
    Ok((scored, false))
}
