//! How well a question names tables and columns: rare words that it shares with their names and
//! descriptions.

use std::collections::{BTreeMap, BTreeSet};

use super::text::{Question, stem};
use super::values::ValueHit;
use crate::sql::knowledge::common_abbreviation;
use crate::sql::profile::words;
use crate::sql::{Catalog, Knowledge, Target, Term, TermKind};

/// What a word of the name, of what a word of the name is short for, and of a description count.
const NAME: f64 = 3.0;
const EXPANDED: f64 = 3.0;
/// A guess by a list of common short forms is worth less than what a person wrote.
const GUESSED: f64 = 1.5;
const DESCRIBED: f64 = 1.5;
/// A term or a value that the question names outweighs shared words.
const TERM: f64 = 8.0;
const VALUE: f64 = 6.0;

#[derive(Clone, Debug, Default)]
struct Element {
    weights: BTreeMap<String, f64>,
}

/// The words of every table and column with their weights.
#[derive(Clone, Debug)]
pub(super) struct Elements {
    tables: BTreeMap<String, Element>,
    columns: BTreeMap<Target, Element>,
    rarity: BTreeMap<String, f64>,
}

impl Elements {
    pub(super) fn new(catalog: &Catalog, knowledge: &Knowledge) -> Self {
        let mut tables = BTreeMap::new();
        let mut columns = BTreeMap::new();
        for table in &catalog.tables {
            let texts = table
                .comment
                .iter()
                .chain(knowledge.describe(&table.name, None).map(|n| &n.text));
            tables.insert(table.name.clone(), element(&table.name, texts, knowledge));
            for column in &table.columns {
                let notes = knowledge
                    .describe(&table.name, Some(&column.name))
                    .map(|n| &n.text);
                let texts = column.comment.iter().chain(notes);
                let target = Target::column(&table.name, &column.name);
                columns.insert(target, element(&column.name, texts, knowledge));
            }
        }
        let rarity = rarity(tables.values().chain(columns.values()));
        Self {
            tables,
            columns,
            rarity,
        }
    }

    pub(super) fn knows(&self, stem: &str) -> bool {
        self.rarity.contains_key(stem)
    }

    fn score(&self, element: &Element, question: &Question) -> f64 {
        let shared = question
            .stems
            .iter()
            .filter_map(|stem| Some((element.weights.get(stem)?, self.rarity.get(stem)?)));
        let sum: f64 = shared.map(|(weight, rarity)| weight * rarity).sum();
        // A name of many words that shares one is named less than a name of one word.
        let names = element
            .weights
            .values()
            .filter(|w| **w >= GUESSED * 2.0)
            .count()
            .max(1);
        #[expect(clippy::cast_precision_loss, reason = "a number of words")]
        let names = names as f64;
        sum / names.sqrt().sqrt()
    }

    pub(super) fn columns(&self, question: &Question) -> BTreeMap<Target, f64> {
        self.columns
            .iter()
            .map(|(target, element)| (target.clone(), self.score(element, question)))
            .collect()
    }

    /// A table is named by its own words, and less by those of its best columns.
    pub(super) fn tables(
        &self,
        question: &Question,
        columns: &BTreeMap<Target, f64>,
    ) -> BTreeMap<String, f64> {
        self.tables
            .iter()
            .map(|(name, element)| {
                let own = self.score(element, question) * 1.5;
                let mut inner: Vec<f64> = columns
                    .iter()
                    .filter(|(t, _)| t.table == *name)
                    .map(|(_, score)| *score)
                    .collect();
                inner.sort_by(|a, b| b.total_cmp(a));
                let inner: f64 = inner
                    .iter()
                    .zip([0.6, 0.3, 0.15])
                    .map(|(score, share)| score * share)
                    .sum();
                (name.clone(), own + inner)
            })
            .collect()
    }
}

fn element<'t>(
    name: &str,
    texts: impl Iterator<Item = &'t String>,
    knowledge: &Knowledge,
) -> Element {
    let mut element = Element::default();
    let mut add = |word: &str, weight: f64| {
        let old = element.weights.entry(stem(word)).or_default();
        *old = old.max(weight);
    };
    for word in words(name) {
        add(&word, NAME);
        let long = knowledge.expand(&word).map(|long| (long, EXPANDED));
        let long = long.or_else(|| common_abbreviation(&word).map(|long| (long, GUESSED)));
        if let Some((long, weight)) = long {
            words(long).iter().for_each(|word| add(word, weight));
        }
    }
    let whole: String = words(name).concat();
    add(&whole, NAME);
    for text in texts {
        words(text).iter().for_each(|word| add(word, DESCRIBED));
    }
    element
}

/// The fewer elements have a word, the more it tells: ln(1 + n / elements with it).
#[expect(clippy::cast_precision_loss, reason = "counts of names")]
fn rarity<'e>(elements: impl Iterator<Item = &'e Element>) -> BTreeMap<String, f64> {
    let mut counts: BTreeMap<String, f64> = BTreeMap::new();
    let mut all = 0_usize;
    for element in elements {
        all += 1;
        for word in element.weights.keys() {
            *counts.entry(word.clone()).or_default() += 1.0;
        }
    }
    counts
        .values_mut()
        .for_each(|count| *count = (1.0 + all as f64 / *count).ln());
    counts
}

/// Confirmed terms that the question names. A short form counts when its long form is said,
/// through the words of the names it is in, and so is left out here.
pub(super) fn terms(question: &Question, knowledge: &Knowledge) -> Vec<Term> {
    knowledge
        .confirmed()
        .filter(|term| term.kind != TermKind::Abbreviation)
        .filter(|term| term.names.iter().any(|name| question.names(name)))
        .cloned()
        .collect()
}

pub(super) fn boost_columns(
    columns: &mut BTreeMap<Target, f64>,
    terms: &[Term],
    values: &[ValueHit],
) {
    for (target, score) in columns.iter_mut() {
        let term = terms.iter().any(|term| speaks_of(term, target));
        let longest = values
            .iter()
            .filter(|hit| hit.target == *target)
            .map(|hit| hit.words)
            .max();
        if term {
            *score += TERM;
        }
        #[expect(clippy::cast_precision_loss, reason = "a number of words")]
        if let Some(words) = longest {
            *score += VALUE + words as f64;
        }
    }
}

fn speaks_of(term: &Term, target: &Target) -> bool {
    let named = term
        .target
        .as_ref()
        .is_some_and(|t| t.is(&target.table, target.column.as_deref()));
    named
        || term.sql.as_deref().is_some_and(|sql| {
            mentioned(sql).contains(&(
                target.table.to_lowercase(),
                target.column.clone().unwrap_or_default().to_lowercase(),
            ))
        })
}

/// The `table.column` pairs in an SQL expression.
fn mentioned(sql: &str) -> BTreeSet<(String, String)> {
    sql.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'))
        .filter_map(|name| name.split_once('.'))
        .map(|(table, column)| (table.to_lowercase(), column.to_lowercase()))
        .collect()
}

pub(super) fn boost_tables(
    tables: &mut BTreeMap<String, f64>,
    catalog: &Catalog,
    terms: &[Term],
    values: &[ValueHit],
) {
    for (name, score) in tables.iter_mut() {
        let in_term = terms.iter().any(|term| {
            term.target
                .as_ref()
                .is_some_and(|t| t.table.eq_ignore_ascii_case(name))
                || term.sql.as_deref().is_some_and(|sql| {
                    mentioned(sql)
                        .iter()
                        .any(|(table, _)| table.eq_ignore_ascii_case(name))
                })
        });
        // A value that several tables hold says less about each.
        let value = values
            .iter()
            .filter(|hit| hit.target.table == *name)
            .map(|hit| {
                let same = values.iter().filter(|other| other.said == hit.said).count();
                #[expect(clippy::cast_precision_loss, reason = "a number of columns")]
                let share = VALUE / same.max(1) as f64;
                share
            });
        *score += value.fold(0.0, f64::max);
        if in_term {
            *score += TERM;
        }
        // An empty table answers nothing.
        if catalog.table(name).is_some_and(|t| t.rows == Some(0)) {
            *score *= 0.5;
        }
    }
}
