//! Proposals: what names, comments, keys and values suggest. Each carries its evidence and stays
//! proposed until a person confirms it.

use std::collections::BTreeMap;

use super::toml_file::write_proposals;
use super::words::{common_abbreviation, is_word};
use super::{Knowledge, Origin, Status, Term, TermKind};
use crate::sql::profile::words;
use crate::sql::{Catalog, Column, Table};

/// What the database suggests beyond what is known: long forms of short words, and joins that
/// no foreign key declares.
pub fn propose(catalog: &Catalog, knowledge: &Knowledge) -> Vec<Term> {
    let mut proposals = abbreviations(catalog, knowledge);
    proposals.extend(missing_joins(catalog).map(|join| join.term()));
    proposals
}

impl Knowledge {
    /// Proposed terms as TOML, to be looked through and moved to where they are confirmed.
    pub fn proposals_as_toml(terms: &[Term]) -> String {
        write_proposals(terms)
    }
}

fn proposed(kind: TermKind, names: Vec<String>, means: String, evidence: String) -> Term {
    Term {
        names,
        means,
        kind,
        target: None,
        value: None,
        sql: None,
        status: Status::Proposed,
        evidence: Some(evidence),
        origin: Origin {
            file: "the database".into(),
            line: None,
        },
    }
}

fn abbreviations(catalog: &Catalog, knowledge: &Knowledge) -> Vec<Term> {
    let mut found: BTreeMap<String, (String, String)> = BTreeMap::new();
    for (table, column) in catalog.columns() {
        let place = format!("{}.{}", table.name, column.name);
        let texts = [&column.comment, &table.comment];
        let notes = knowledge
            .describe(&table.name, Some(&column.name))
            .map(|note| &note.text);
        let texts: Vec<&String> = texts.into_iter().flatten().chain(notes).collect();
        for word in words(&column.name).into_iter().chain(words(&table.name)) {
            if is_word(&word)
                || word.len() < 2
                || knowledge.expand(&word).is_some()
                || found.contains_key(&word)
            {
                continue;
            }
            let from_text = texts.iter().find_map(|text| {
                let long = words(text)
                    .into_iter()
                    .find(|long| is_short_for(&word, long))?;
                Some((long, format!("the description of {place} says `{text}`")))
            });
            let from_list = || {
                common_abbreviation(&word)
                    .map(|long| (long.to_owned(), format!("a common short form, in {place}")))
            };
            let from_names = || {
                long_form_in_names(&word, catalog)
                    .map(|(long, other)| (long, format!("{other} spells it out")))
            };
            if let Some(best) = from_text.or_else(from_names).or_else(from_list) {
                found.insert(word, best);
            }
        }
    }
    found
        .into_iter()
        .map(|(word, (long, evidence))| {
            proposed(TermKind::Abbreviation, vec![word], long, evidence)
        })
        .collect()
}

/// Whether the letters of the short word stand in the long one in their order, beginning with
/// its first.
fn is_short_for(short: &str, long: &str) -> bool {
    if long.len() < short.len() + 2 || !is_word(long) || short.chars().next() != long.chars().next()
    {
        return false;
    }
    let mut letters = long.chars();
    short.chars().all(|c| letters.any(|l| l == c))
}

fn long_form_in_names(word: &str, catalog: &Catalog) -> Option<(String, String)> {
    if word.len() < 3 {
        return None;
    }
    catalog.columns().find_map(|(table, column)| {
        let names = words(&table.name).into_iter().chain(words(&column.name));
        let long = names.into_iter().find(|long| is_short_for(word, long))?;
        Some((long, format!("{}.{}", table.name, column.name)))
    })
}

/// Two columns that look like a key and a reference to it, and are not declared so.
#[derive(Clone, Debug)]
pub(crate) struct MissingJoin {
    pub(crate) from: (String, String),
    pub(crate) to: (String, String),
    pub(crate) evidence: String,
}

impl MissingJoin {
    fn term(&self) -> Term {
        let ((table, column), (other, key)) = (&self.from, &self.to);
        let names = vec![format!("{table} with {other}")];
        let mut term = proposed(
            TermKind::Join,
            names,
            format!("each {table} belongs to one {other}"),
            self.evidence.clone(),
        );
        term.sql = Some(format!("{table}.{column} = {other}.{key}"));
        term
    }
}

/// Columns named and typed as the one-column key of another table, whose values lie within its
/// range.
pub(crate) fn missing_joins(catalog: &Catalog) -> impl Iterator<Item = MissingJoin> {
    catalog.columns().filter_map(|(table, column)| {
        let declared = table.foreign_keys.iter().any(|key| {
            key.columns
                .iter()
                .any(|c| c.eq_ignore_ascii_case(&column.name))
        });
        let own_key = table.primary_key.len() == 1
            && table
                .primary_key
                .iter()
                .any(|k| k.eq_ignore_ascii_case(&column.name));
        if declared || own_key {
            return None;
        }
        catalog
            .tables
            .iter()
            .filter(|other| other.name != table.name)
            .find_map(|other| fits(table, column, other))
    })
}

fn fits(table: &Table, column: &Column, other: &Table) -> Option<MissingJoin> {
    let key = single_key(other)?;
    let named = key.name.eq_ignore_ascii_case(&column.name)
        || (key.name.eq_ignore_ascii_case("id") && is_name_of(&column.name, &other.name));
    if !named || key.kind != column.kind {
        return None;
    }
    let (mine, theirs) = (column.profile.as_ref()?, key.profile.as_ref()?);
    let within = mine.distinct > 0 && mine.distinct <= theirs.distinct && in_range(mine, theirs);
    within.then(|| MissingJoin {
        from: (table.name.clone(), column.name.clone()),
        to: (other.name.clone(), key.name.clone()),
        evidence: format!(
            "same name and type, and its {} values lie within the {} of {}.{}",
            mine.distinct, theirs.distinct, other.name, key.name
        ),
    })
}

/// The key, or, where none is declared, a first column whose values are all different and that
/// is named as a key.
fn single_key(table: &Table) -> Option<&Column> {
    match table.primary_key.as_slice() {
        [key] => table.column(key),
        [] => {
            let first = table.columns.first()?;
            let profile = first.profile.as_ref()?;
            let key_like = words(&first.name)
                .iter()
                .any(|w| ["id", "no", "cd", "code", "key"].contains(&w.as_str()));
            (key_like && profile.rows > 1 && profile.distinct == profile.rows).then_some(first)
        }
        _ => None,
    }
}

/// `customer_id` or `CustomerID` for the table `customers`.
fn is_name_of(column: &str, table: &str) -> bool {
    let mut column = words(column);
    let table = words(table).join("");
    column.pop().is_some_and(|last| last == "id") && {
        let name = column.join("");
        name == table || Some(name.as_str()) == table.strip_suffix('s')
    }
}

fn in_range(mine: &crate::sql::Profile, theirs: &crate::sql::Profile) -> bool {
    if theirs.is_complete() && mine.is_complete() {
        return mine
            .frequent
            .iter()
            .all(|(cell, _)| theirs.frequent.iter().any(|(other, _)| other == cell));
    }
    let bounds = |p: &crate::sql::Profile| {
        Some((p.min.as_ref()?.as_number()?, p.max.as_ref()?.as_number()?))
    };
    match (bounds(mine), bounds(theirs)) {
        (Some((low, high)), Some((first, last))) => first <= low && high <= last,
        _ => false,
    }
}
