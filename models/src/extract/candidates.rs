//! The sentences that may answer: those of the best hits, each once.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use gori_core::Hit;

use super::comments::{Style, unmarked};
use super::units::{UnitKind, source_units, units};

/// A sentence that may answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Candidate<'h> {
    /// The place of its hit in the list, counted from 0.
    pub(super) hit: usize,
    /// Where it lies in the text of the hit.
    pub(super) span: Range<usize>,
    /// Its words; of a source file, without the marks of comments.
    pub(super) text: Cow<'h, str>,
    /// The unit before it in the same hit, which often names what a pronoun stands for.
    pub(super) before: Option<Cow<'h, str>>,
    /// It is a line of code.
    pub(super) code: bool,
}

/// The sentences of the hits in their order. A sentence that several hits hold, because their
/// chunks overlap or a page was stored twice, is that of the best. Headings are context only.
pub(super) fn candidates(hits: &[Hit]) -> Vec<Candidate<'_>> {
    let mut seen = HashSet::new();
    let mut candidates = Vec::new();
    for (index, hit) in hits.iter().enumerate() {
        let mut before = None;
        let source = Style::of(hit).map(|style| unmarked(&hit.text, style));
        let units = match &source {
            Some((plain, comments)) => source_units(plain, comments),
            None => units(&hit.text),
        };
        for unit in units {
            let text = match &source {
                Some((plain, _)) => plain
                    .get(unit.span.clone())
                    .map(|text| Cow::Owned(text.to_owned())),
                None => hit.text.get(unit.span.clone()).map(Cow::Borrowed),
            };
            let Some(text) = text else { continue };
            let before = before.replace(text.clone());
            if unit.kind != UnitKind::Heading && seen.insert(text.clone()) {
                candidates.push(Candidate {
                    hit: index,
                    span: unit.span,
                    text,
                    before,
                    code: unit.kind == UnitKind::Code,
                });
            }
        }
    }
    candidates
}
