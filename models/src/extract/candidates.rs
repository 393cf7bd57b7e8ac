//! The sentences that may answer: those of the best hits, each once.

use std::collections::HashSet;
use std::ops::Range;

use gori_core::Hit;

use super::units::{UnitKind, units};

/// A sentence that may answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Candidate<'h> {
    /// The place of its hit in the list, counted from 0.
    pub(super) hit: usize,
    /// Where it lies in the text of the hit.
    pub(super) span: Range<usize>,
    /// Its words.
    pub(super) text: &'h str,
    /// The unit before it in the same hit, which often names what a pronoun stands for.
    pub(super) before: Option<&'h str>,
}

/// The sentences of the hits in their order. A sentence that several hits hold, because their
/// chunks overlap or a page was stored twice, is that of the best. Headings are context only.
pub(super) fn candidates(hits: &[Hit]) -> Vec<Candidate<'_>> {
    let mut seen = HashSet::new();
    let mut candidates = Vec::new();
    for (index, hit) in hits.iter().enumerate() {
        let mut before = None;
        for unit in units(&hit.text) {
            let Some(text) = hit.text.get(unit.span.clone()) else {
                continue;
            };
            let before = before.replace(text);
            if unit.kind != UnitKind::Heading && seen.insert(text) {
                candidates.push(Candidate {
                    hit: index,
                    span: unit.span,
                    text,
                    before,
                });
            }
        }
    }
    candidates
}
