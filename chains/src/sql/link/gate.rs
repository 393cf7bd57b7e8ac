//! When to ask back instead of guessing.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Scored;
use super::score::Elements;
use super::text::{Question, stem};
use super::values::ValueHit;
use crate::sql::profile::words;
use crate::sql::{Catalog, Knowledge, Term, TermKind};

/// Why a question is not answered as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "doubt", rename_all = "snake_case")]
pub enum Doubt {
    /// It means several things; the options are what to say instead.
    Clarify {
        /// What to ask the person.
        question: String,
        /// What it may mean.
        options: Vec<String>,
    },
    /// Nothing in the database or in the knowledge could answer it.
    Unanswerable {
        /// What is missing.
        missing: Vec<String>,
    },
}

pub(super) struct Evidence<'a> {
    pub(super) question: &'a Question,
    pub(super) catalog: &'a Catalog,
    pub(super) knowledge: &'a Knowledge,
    pub(super) tables: &'a [Scored<String>],
    pub(super) values: &'a [ValueHit],
    pub(super) unexplained: &'a [String],
}

/// Words of the question that are in no name, description, term or value and do not read as
/// plain language: codes, identifiers, and what stands in quotes.
pub(super) fn unexplained(
    question: &Question,
    elements: &Elements,
    terms: &[Term],
    values: &[ValueHit],
) -> Vec<String> {
    let in_values: BTreeSet<String> = values.iter().flat_map(|hit| words(&hit.said)).collect();
    let in_terms: BTreeSet<String> = terms
        .iter()
        .flat_map(|t| &t.names)
        .flat_map(|name| words(name))
        .map(|w| stem(&w))
        .collect();
    question
        .words
        .iter()
        .filter(|word| {
            let known = elements.knows(&word.stem)
                || in_terms.contains(&word.stem)
                || words(&word.shown)
                    .iter()
                    .all(|w| in_values.contains(w) || elements.knows(&stem(w)));
            !known && !word.quoted && is_identifier(&word.shown)
        })
        .map(|word| word.shown.clone())
        .collect()
}

/// `GMV`, `drc_site` or `X17`: an abbreviation or a name, not a word and not a number.
fn is_identifier(word: &str) -> bool {
    let letters = word.chars().filter(|c| c.is_alphabetic()).count();
    let capitals = word.chars().filter(|c| c.is_uppercase()).count();
    let digits = word.chars().filter(char::is_ascii_digit).count();
    letters > 0
        && (word.contains('_')
            || (letters >= 2 && capitals == letters)
            || (digits > 0 && letters > 0 && !is_ordinal(word)))
}

fn is_ordinal(word: &str) -> bool {
    let lower = word.to_lowercase();
    let tail = lower.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    [
        "st", "nd", "rd", "th", "s", "k", "m", "kg", "g", "km", "h", "d", "min", "mb", "gb",
    ]
    .contains(&tail)
}

pub(super) fn doubt(evidence: &Evidence<'_>) -> Option<Doubt> {
    no_table(evidence)
        .or_else(|| two_terms(evidence))
        .or_else(|| unknown_word(evidence))
        .or_else(|| value_in_many(evidence))
}

fn no_table(evidence: &Evidence<'_>) -> Option<Doubt> {
    let best = evidence.tables.first().map_or(0.0, |table| table.score);
    (best <= 0.0).then(|| Doubt::Unanswerable {
        missing: evidence
            .question
            .words
            .iter()
            .filter(|w| !w.stop)
            .map(|w| w.shown.clone())
            .collect(),
    })
}

/// One name for two formulas, or for values of two columns.
fn two_terms(evidence: &Evidence<'_>) -> Option<Doubt> {
    let named: Vec<(&str, &Term)> = evidence
        .knowledge
        .confirmed()
        .filter(|term| matches!(term.kind, TermKind::Formula | TermKind::Value))
        .flat_map(|term| term.names.iter().map(move |name| (name.as_str(), term)))
        .filter(|(name, _)| evidence.question.names(name))
        .collect();
    for (name, term) in &named {
        let others: Vec<&Term> = named
            .iter()
            .filter(|(other, second)| {
                other.eq_ignore_ascii_case(name)
                    && (second.target != term.target
                        || (second.kind == TermKind::Formula && second.sql != term.sql))
            })
            .map(|(_, second)| *second)
            .collect();
        // A table or column that the question names beside it settles which is meant.
        if others.is_empty()
            || settled(evidence, term)
            || others.iter().any(|other| settled(evidence, other))
        {
            continue;
        }
        let options = std::iter::once(*term).chain(others).map(describe).collect();
        return Some(Doubt::Clarify {
            question: format!("Which `{name}` do you mean?"),
            options,
        });
    }
    None
}

fn describe(term: &Term) -> String {
    match (&term.target, &term.sql) {
        (Some(target), _) => format!("{} ({target})", term.means),
        (None, Some(sql)) => format!("{}: {sql}", term.means),
        (None, None) => term.means.clone(),
    }
}

fn settled(evidence: &Evidence<'_>, term: &Term) -> bool {
    let Some(target) = &term.target else {
        return false;
    };
    evidence
        .tables
        .first()
        .is_some_and(|best| best.item.eq_ignore_ascii_case(&target.table))
        && evidence.tables.get(1).is_none_or(|second| {
            evidence
                .tables
                .first()
                .is_some_and(|best| best.score > second.score * 1.5)
        })
}

fn unknown_word(evidence: &Evidence<'_>) -> Option<Doubt> {
    let word = evidence.unexplained.first()?;
    Some(Doubt::Clarify {
        question: format!("What does `{word}` mean? It is in no name, description, term or value."),
        options: Vec::new(),
    })
}

/// A value that columns of several tables hold, where the question names none of the columns or
/// tables. Columns of one name that hold the same sort of thing (a city here and there) count
/// only when no table is named at all.
fn value_in_many(evidence: &Evidence<'_>) -> Option<Doubt> {
    for hit in evidence.values {
        let same: Vec<&ValueHit> = evidence
            .values
            .iter()
            .filter(|other| other.said == hit.said)
            .collect();
        let targets: BTreeSet<String> = same.iter().map(|hit| hit.target.to_string()).collect();
        if targets.len() < 2 {
            continue;
        }
        let named = same.iter().any(|hit| {
            let column = hit.target.column.as_deref().unwrap_or_default();
            let table = words(&hit.target.table);
            let said = |word: &String| {
                evidence.question.stems.contains(&stem(word)) && !words(&hit.said).contains(word)
            };
            table.iter().any(said) || words(column).iter().any(said)
        });
        let described = same.iter().any(|hit| {
            let notes = evidence.knowledge.describe(&hit.target.table, None).chain(
                evidence
                    .knowledge
                    .describe(&hit.target.table, hit.target.column.as_deref()),
            );
            let texts = notes.map(|n| n.text.as_str()).collect::<Vec<_>>().join(" ");
            words(&texts)
                .iter()
                .any(|word| word.len() > 3 && evidence.question.stems.contains(&stem(word)))
        });
        let known = evidence.catalog.tables.iter().any(|t| {
            words(&t.name)
                .iter()
                .any(|w| w.len() > 2 && evidence.question.stems.contains(&stem(w)))
        });
        if !named && !described && !known {
            let options = targets
                .into_iter()
                .map(|target| format!("`{}` in {target}", hit.said))
                .collect();
            return Some(Doubt::Clarify {
                question: format!(
                    "`{}` is stored in several places. Which is meant?",
                    hit.said
                ),
                options,
            });
        }
    }
    None
}
