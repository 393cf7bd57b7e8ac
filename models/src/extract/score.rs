//! How well a sentence answers.
//!
//! `score = cosine + LEXICAL * shared + BEFORE * shared' + PRIOR / rank - CODE - ECHO`, where `cosine` is that of
//! the vectors of question and sentence, `shared` the part of the question's terms, weighted by
//! their rarity among the candidates, that the sentence has, `shared'` the same of the unit before
//! it, and `rank` the place of its hit. The rank and not the score of the hit counts, since
//! retrievers score on different scales. `CODE` is taken from lines of code alone, `ECHO` from a
//! sentence that says the question itself.
//!
//! The constants are round numbers chosen on every second question of XQuAD-en and checked on the
//! others and on XQuAD-zh; the result is flat around them, see `benches/RESULTS.md`.

use std::collections::{HashMap, HashSet};

use super::candidates::Candidate;
use super::terms::terms;

/// The weight of the shared terms against the cosine.
const LEXICAL: f32 = 1.0;
/// The weight of the terms shared by the unit before.
const BEFORE: f32 = 0.2;
/// What standing in the best hit is worth.
const PRIOR: f32 = 0.1;
/// What a line of code lacks: names in it echo the question, and rarely answer it.
const CODE: f32 = 0.3;

/// What a sentence lacks that has the question in it word for word, as a list of questions or a
/// page on how to ask has: more than all else can give, so that it is quoted last.
const ECHO: f32 = 3.0;

/// What can be told without vectors, for each candidate.
pub(super) fn lexical(question: &str, candidates: &[Candidate<'_>]) -> Vec<f32> {
    let weights = rarity(question, candidates);
    let total: f32 = weights.values().sum();
    let shared = |text: &str| -> f32 {
        let own: HashSet<String> = terms(text).into_iter().collect();
        own.iter().filter_map(|term| weights.get(term)).sum::<f32>() / total.max(f32::MIN_POSITIVE)
    };
    let asked = said(question);
    // Of one or two words nobody can tell whether they ask or answer.
    let long = asked.split(' ').count() > 2;
    candidates
        .iter()
        .map(|candidate| {
            let rank = candidate.hit as f32 + 1.0;
            let before = candidate.before.as_deref().map_or(0.0, shared);
            let code = if candidate.code { CODE } else { 0.0 };
            let echo =
                long && format!(" {} ", said(&candidate.text)).contains(&format!(" {asked} "));
            let echo = if echo { ECHO } else { 0.0 };
            LEXICAL * shared(&candidate.text) + BEFORE * before + PRIOR / rank - code - echo
        })
        .collect()
}

/// The words of a text in lower case, with one blank between them.
fn said(text: &str) -> String {
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// The inverse document frequency of each of the question's terms, with each candidate as a
/// document, in the form of BM25 (Robertson and Zaragoza 2009, plus one, so never negative).
fn rarity(question: &str, candidates: &[Candidate<'_>]) -> HashMap<String, f32> {
    let mut holders: HashMap<String, f32> = terms(question)
        .into_iter()
        .map(|term| (term, 0.0))
        .collect();
    for candidate in candidates {
        let own: HashSet<String> = terms(&candidate.text).into_iter().collect();
        for term in &own {
            if let Some(count) = holders.get_mut(term) {
                *count += 1.0;
            }
        }
    }
    let all = candidates.len() as f32;
    for count in holders.values_mut() {
        *count = ((all - *count + 0.5) / (*count + 0.5)).ln_1p();
    }
    holders
}

/// The places of the `n` highest scores, best first; equal ones in the order of the list.
pub(super) fn best(scores: &[f32], n: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    let score = |at: &usize| scores.get(*at).copied().unwrap_or(f32::MIN);
    order.sort_by(|a, b| score(b).total_cmp(&score(a)));
    order.truncate(n);
    order
}
