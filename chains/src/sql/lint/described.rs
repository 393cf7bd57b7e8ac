//! Descriptions that say nothing, contradict each other, or speak of what is not there.

use std::collections::{BTreeMap, BTreeSet};

use super::{Fault, Finding, descriptions, finding};
use crate::sql::knowledge::is_word;
use crate::sql::profile::words;
use crate::sql::{Catalog, Code, Draft, Guard, Kind, Knowledge, Target, TermKind};

pub(super) fn lint(catalog: &Catalog, knowledge: &Knowledge, findings: &mut Vec<Finding>) {
    empty(catalog, knowledge, findings);
    contradictions(catalog, knowledge, findings);
    undefined(catalog, knowledge, findings);
    examples(catalog, knowledge, findings);
}

/// Words that add nothing to a name.
const FILLERS: &[&str] = &[
    "the", "a", "an", "of", "for", "is", "this", "column", "field", "table", "value", "its",
];

/// Whether a description only repeats the name: without fillers, all its words are in the name.
pub(super) fn is_empty_description(name: &str, text: &str) -> bool {
    let name = words(name);
    let joined = name.concat();
    let text: Vec<String> = words(text)
        .into_iter()
        .filter(|w| !FILLERS.contains(&w.as_str()))
        .collect();
    text.iter().all(|word| name.contains(word)) || text.concat() == joined
}

fn targets(catalog: &Catalog) -> impl Iterator<Item = Target> {
    let tables = catalog.tables.iter().map(|t| Target {
        table: t.name.clone(),
        column: None,
    });
    tables.chain(
        catalog
            .columns()
            .map(|(t, c)| Target::column(&t.name, &c.name)),
    )
}

fn empty(catalog: &Catalog, knowledge: &Knowledge, findings: &mut Vec<Finding>) {
    for target in targets(catalog) {
        let name = target.column.as_deref().unwrap_or(&target.table);
        for (text, origin) in descriptions(catalog, knowledge, &target) {
            if is_empty_description(name, &text) {
                findings.push(finding(
                    Fault::EmptyDescription,
                    &target,
                    format!("its description in {origin}, `{text}`, only repeats its name"),
                    "say what it holds that the name does not",
                ));
            }
        }
    }
}

/// The words of a text that carry its meaning.
fn content(text: &str) -> BTreeSet<String> {
    words(text)
        .into_iter()
        .filter(|word| word.len() > 3 && !FILLERS.contains(&word.as_str()) && is_word(word))
        .map(|word| {
            word.strip_suffix('s')
                .map_or_else(|| word.clone(), str::to_owned)
        })
        .collect()
}

/// Two descriptions of one thing without a word in common, two meanings of one value, two long
/// forms of one abbreviation, one formula worked out in two ways.
fn contradictions(catalog: &Catalog, knowledge: &Knowledge, findings: &mut Vec<Finding>) {
    for target in targets(catalog) {
        let texts = descriptions(catalog, knowledge, &target);
        for (i, (a, from)) in texts.iter().enumerate() {
            for (b, other) in texts.iter().skip(i + 1) {
                let (words_a, words_b) = (content(a), content(b));
                if !words_a.is_empty() && !words_b.is_empty() && words_a.is_disjoint(&words_b) {
                    findings.push(finding(
                        Fault::ContradictingDescriptions,
                        &target,
                        format!("{from} says `{}`, {other} says `{}`", short(a), short(b)),
                        "keep the one that is true",
                    ));
                }
            }
        }
    }
    let mut said: BTreeMap<String, (&str, String)> = BTreeMap::new();
    for term in knowledge.confirmed() {
        let (subject, says) = match (term.kind, &term.target, &term.value) {
            (TermKind::Value, Some(target), Some(value)) => {
                (vec![format!("`{value}` in {target}")], term.means.as_str())
            }
            (TermKind::Abbreviation, None, _) => (
                term.names
                    .iter()
                    .map(|n| format!("`{}`", n.to_lowercase()))
                    .collect(),
                term.means.as_str(),
            ),
            (TermKind::Formula, _, _) => (
                term.names
                    .iter()
                    .map(|n| format!("the formula `{}`", n.to_lowercase()))
                    .collect(),
                term.sql.as_deref().unwrap_or_default(),
            ),
            _ => continue,
        };
        for subject in subject {
            match said.get(&subject) {
                Some((before, origin)) if !before.eq_ignore_ascii_case(says) => {
                    findings.push(finding(
                        Fault::ContradictingDescriptions,
                        &subject,
                        format!("{origin} says `{before}`, {} says `{says}`", term.origin),
                        "keep the one that is true",
                    ))
                }
                Some(_) => {}
                None => {
                    said.insert(subject, (says, term.origin.to_string()));
                }
            }
        }
    }
}

fn short(text: &str) -> String {
    let mut short: String = text
        .lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(80)
        .collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// Tables and columns that the knowledge speaks of and the database does not have.
fn undefined(catalog: &Catalog, knowledge: &Knowledge, findings: &mut Vec<Finding>) {
    let notes = knowledge
        .notes
        .iter()
        .filter_map(|n| n.target.as_ref().map(|t| (t, &n.origin)));
    let terms = knowledge
        .terms
        .iter()
        .filter_map(|t| t.target.as_ref().map(|target| (target, &t.origin)));
    for (target, origin) in notes.chain(terms) {
        missing(catalog, target, origin, findings);
    }
    for defined in &knowledge.tables {
        let Some(table) = catalog.table(&defined.table) else {
            let target = Target {
                table: defined.table.clone(),
                column: None,
            };
            missing(catalog, &target, &defined.origin, findings);
            continue;
        };
        for (column, declared) in &defined.columns {
            match table.column(column) {
                None => missing(
                    catalog,
                    &Target::column(&table.name, column),
                    &defined.origin,
                    findings,
                ),
                Some(real) if Kind::of(declared) != real.kind => findings.push(finding(
                    Fault::OtherType,
                    Target::column(&table.name, column),
                    format!(
                        "{} says {declared}, the database says {}",
                        defined.origin, real.declared
                    ),
                    "bring the definition up to date",
                )),
                Some(_) => {}
            }
        }
    }
}

fn missing(
    catalog: &Catalog,
    target: &Target,
    origin: &crate::sql::Origin,
    findings: &mut Vec<Finding>,
) {
    let fault = match (catalog.table(&target.table), &target.column) {
        (None, _) => Fault::UndefinedTable,
        (Some(table), Some(column)) if table.column(column).is_none() => Fault::UndefinedColumn,
        _ => return,
    };
    let place = if fault == Fault::UndefinedTable {
        target.table.clone()
    } else {
        target.to_string()
    };
    findings.push(finding(
        fault,
        place,
        format!("{origin} speaks of it and the database does not have it"),
        "mend the name, or take the entry away",
    ));
}

/// Examples and formulas that the guard would not let through teach a model what does not work.
fn examples(catalog: &Catalog, knowledge: &Knowledge, findings: &mut Vec<Finding>) {
    let guard = Guard::new(catalog.clone());
    for example in &knowledge.examples {
        let Err(rejected) = guard.check(&Draft::new(&example.sql)) else {
            continue;
        };
        for problem in rejected.problems() {
            let fault = if problem.code == Code::UnknownTable {
                Fault::UndefinedTable
            } else {
                Fault::BrokenExample
            };
            findings.push(finding(
                fault,
                &example.origin,
                format!(
                    "the example `{}` fails: {}",
                    short(&example.question),
                    problem.what
                ),
                problem
                    .mend
                    .clone()
                    .unwrap_or_else(|| "mend it or take it away".into()),
            ));
        }
    }
}
