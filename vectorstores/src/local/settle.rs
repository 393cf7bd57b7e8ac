//! Deciding among rows that may be the best: by their fine codes who can be among them at all,
//! then by their vectors, which are read from the logs with the rest of the point.

use gori_core::{Hit, Result, Search, sort_hits};

use super::codec::Put;
use super::near::Bar;
use super::question::Question;
use super::search::Leg;
use crate::kernel::prefetch;

/// How many rows ahead fine codes are fetched.
const AHEAD: usize = 8;

/// A row that may be among the best.
#[derive(Debug)]
struct Candidate<'l> {
    /// No true score lies above it.
    most: f32,
    leg: &'l Leg<'l>,
    row: u32,
}

/// The best of what was found.
pub(super) fn settle(
    question: &Question,
    legs: &[Leg<'_>],
    query: &Search<'_>,
) -> Result<Vec<Hit>> {
    let floor = query.min_score.map_or(f32::NEG_INFINITY, |score| {
        // A distance is never below zero, nor a score by it above.
        question.roughened(score.min(question.most()))
    });
    let mut bar = Bar::new(question.k, floor);
    let mut hits: Vec<Hit> = Vec::new();
    let (mut body, mut vector) = (Vec::new(), Vec::new());
    for Candidate { most, leg, row } in candidates(question, legs, floor) {
        if most < bar.height() {
            break;
        }
        let Some(put) = leg.held.put(row, &mut body)? else {
            continue;
        };
        vector.clear();
        vector.extend(put.vector());
        let inverse = leg.coded.scales.get(row as usize);
        let inverse = inverse.map_or(0.0, |scale| scale.inverse);
        let score = question.scorer.score(&vector, inverse);
        bar.push(question.roughened(score));
        if query.min_score.is_none_or(|least| score >= least) {
            let hit = hit(&put, score, query.with_vectors.then_some(&*vector));
            hits.push(hit.ok_or_else(|| leg.held.error(row))?);
        }
        // Many may be as good as the last of those asked for.
        if hits.len() > question.k.saturating_mul(2).saturating_add(64) {
            sort_hits(&mut hits);
            hits.truncate(question.k);
        }
    }
    sort_hits(&mut hits);
    hits.truncate(question.k);
    Ok(hits)
}

/// The rows that may be among the best, those that may be the very best first.
fn candidates<'l>(question: &Question, legs: &'l [Leg<'l>], floor: f32) -> Vec<Candidate<'l>> {
    let mut least = Bar::new(question.k, floor);
    let mut candidates = Vec::new();
    for leg in legs {
        let (rough_doubt, fine_doubt) = leg.doubts;
        for (at, ranked) in leg.found.iter().enumerate() {
            if ranked.score() + rough_doubt < least.height() {
                break;
            }
            if let Some(later) = leg.found.get(at + AHEAD) {
                let fine = leg.coded.fine(later.row(), question.width());
                prefetch(bytemuck::cast_slice(fine.unwrap_or_default()));
            }
            let row = ranked.row();
            let (score, doubt) = match question.fine(&leg.coded, row) {
                Some(score) => (score, fine_doubt),
                None => (ranked.score(), rough_doubt),
            };
            least.push(score - doubt);
            let most = score + doubt;
            candidates.push(Candidate { most, leg, row });
        }
    }
    candidates.sort_unstable_by(|a, b| b.most.total_cmp(&a.most));
    candidates
}

fn hit(put: &Put<'_>, score: f32, vector: Option<&[f32]>) -> Option<Hit> {
    Some(Hit {
        id: put.id.to_owned(),
        score,
        text: put.text.to_owned(),
        metadata: put.metadata()?,
        vector: vector.map(<[f32]>::to_vec),
        legs: Vec::new(),
    })
}
