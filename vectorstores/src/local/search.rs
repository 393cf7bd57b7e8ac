//! Finding the nearest points of a view.
//!
//! Of every part the rows are found whose codes score best: by a walk where a segment has a
//! graph and few enough rows are to be passed over on the way, else by a scan, which keeps all
//! that may be among the best, given how far quantising may have moved their scores. `settle`
//! decides among them by their fine codes and in the end by their vectors.

use gori_core::{Hit, Metric, Result, Search};

use super::bits::{Bits, ones};
use super::coded::Coded;
use super::graph::{DEGREE, Graph};
use super::near::Near;
use super::question::{Question, Rough, SIGMAS};
use super::settle::settle;
use super::view::{Data, Part, View};
use super::walk::{Ranked, Walk, score_all};

/// How many standard deviations of the error of quantising are allowed for after a walk, which
/// may miss rows anyway.
const WALKING: f32 = 3.0;

/// What looking at one row in a walk costs, in rows of a scan: they lie anywhere in memory.
/// A row of 384 numbers took 27 ns in a scan (`examples/figures`); that one in a walk takes about
/// twice as long is an estimate from one run.
const LEAP: usize = 2;

/// What is searched of one part, and what was found there.
#[derive(Debug)]
pub(super) struct Leg<'v> {
    pub(super) held: &'v Part,
    pub(super) coded: Coded<'v>,
    /// Best first by their codes.
    pub(super) found: Vec<Ranked>,
    /// How far the rough scores of those found may lie from the true ones, and the fine scores.
    pub(super) doubts: (f32, f32),
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
        let mut legs = Vec::new();
        for held in &self.parts {
            let rows = held.select(query.filter)?;
            legs.push(Leg::find(&question, held, &rows, beam)?);
        }
        settle(&question, &legs, query)
    }
}

impl<'v> Leg<'v> {
    fn find(question: &Question, held: &'v Part, rows: &Bits, beam: usize) -> Result<Self> {
        let coded = held.coded()?;
        let walked = match &held.data {
            Data::Segment(segment) => segment.graph()?.and_then(|graph| {
                let limits = limits(question, held.len(), rows.len(), beam)?;
                walk(question, coded, graph, rows, limits)
            }),
            Data::Chunk(_) => None,
        };
        let sigmas = if walked.is_some() { WALKING } else { SIGMAS };
        let doubts = question.doubts(&coded, sigmas);
        Ok(Self {
            held,
            coded,
            found: walked.unwrap_or_else(|| scan(question, coded, rows, doubts.0)),
            doubts,
        })
    }
}

/// How wide the beam of a walk is for so many wanted rows of all, and how many it may score;
/// none where a scan takes less.
fn limits(question: &Question, all: usize, wanted: usize, beam: usize) -> Option<(usize, usize)> {
    // A walk that takes longer than expected may cost half of what a scan does, which then
    // takes its place.
    let budget = wanted / (2 * LEAP);
    let beam = beam.max(question.k.saturating_mul(2));
    // The fewer rows are wanted the more are walked over to come by enough of them. A step
    // scores about half of a row's links; the others were seen before.
    let expected = beam.saturating_mul(all).div_ceil(wanted.max(1));
    (expected.saturating_mul(DEGREE / 2) < budget).then_some((beam, budget))
}

/// The best rows that a walk comes by; none when it would take too long.
fn walk(
    question: &Question,
    coded: Coded<'_>,
    graph: Graph<'_>,
    rows: &Bits,
    limits: (usize, usize),
) -> Option<Vec<Ranked>> {
    let goal = Rough { question, coded };
    let mut walk = Walk::new(coded.scales.len());
    let from = [graph.enter(&goal)];
    let wanted = |row| rows.has(row);
    walk.run(&goal, &from, &graph.lowest, wanted, limits)
        .then(|| walk.found())
}

/// The rows that may be among the best, by a look at every one.
fn scan(question: &Question, coded: Coded<'_>, rows: &Bits, doubt: f32) -> Vec<Ranked> {
    let goal = Rough { question, coded };
    let mut near = Near::new(question.k, 2.0 * doubt);
    for (first, word) in rows.words() {
        match word {
            u64::MAX => goal.scan(first, &mut near),
            0 => {}
            _ => score_all(&goal, ones(first, word), |score, row| near.push(score, row)),
        }
    }
    near.into_sorted()
}
