//! Names that only their author understands, and names that mean several things.

use std::collections::BTreeMap;

use super::{Fault, Finding, described::is_empty_description, descriptions, finding};
use crate::sql::knowledge::{common_abbreviation, is_word};
use crate::sql::profile::words;
use crate::sql::{Catalog, Knowledge, Table, Target};

pub(super) fn lint(catalog: &Catalog, knowledge: &Knowledge, findings: &mut Vec<Finding>) {
    abbreviations(catalog, knowledge, findings);
    same_name_other_type(catalog, findings);
    ambiguous(catalog, knowledge, findings);
}

/// One finding for each short form, with the names it is in.
fn abbreviations(catalog: &Catalog, knowledge: &Knowledge, findings: &mut Vec<Finding>) {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for table in &catalog.tables {
        let targets = std::iter::once(Target {
            table: table.name.clone(),
            column: None,
        })
        .chain(
            table
                .columns
                .iter()
                .map(|c| Target::column(&table.name, &c.name)),
        );
        for target in targets {
            let name = target.column.as_deref().unwrap_or(&target.table);
            let described = descriptions(catalog, knowledge, &target)
                .iter()
                .any(|(text, _)| !is_empty_description(name, text));
            if described {
                continue;
            }
            for word in words(name) {
                // One letter, such as the `t` of `t_ord`, is a habit and not a word.
                if word.len() > 1 && !is_word(&word) && knowledge.expand(&word).is_none() {
                    places.entry(word).or_default().push(target.to_string());
                }
            }
        }
    }
    for (word, places) in places {
        let guess = common_abbreviation(&word).map_or_else(
            || format!("write what it stands for under [abbreviations]: {word} = \"…\""),
            |long| {
                format!("if it stands for {long}, write {word} = \"{long}\" under [abbreviations]")
            },
        );
        findings.push(finding(
            Fault::UndocumentedAbbreviation,
            &word,
            format!("nothing explains `{word}` in {}", some(&places)),
            guess,
        ));
    }
}

/// The first few of a list.
fn some(all: &[String]) -> String {
    let shown: Vec<&str> = all.iter().take(4).map(String::as_str).collect();
    match all.len() - shown.len() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Columns by their name in lower case, with their tables.
fn by_name(catalog: &Catalog) -> BTreeMap<String, Vec<(&Table, &crate::sql::Column)>> {
    let mut names: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for (table, column) in catalog.columns() {
        names
            .entry(column.name.to_ascii_lowercase())
            .or_default()
            .push((table, column));
    }
    names.retain(|_, columns| columns.len() > 1);
    names
}

/// Only declared types are compared: `VARCHAR(3)` and `VARCHAR(10)` are two types, `INT` and
/// `INTEGER` are one.
fn same_name_other_type(catalog: &Catalog, findings: &mut Vec<Finding>) {
    for columns in by_name(catalog).values() {
        let mut types: BTreeMap<String, String> = BTreeMap::new();
        for (table, column) in columns {
            let declared = column.declared.to_ascii_lowercase();
            let length: String = declared.chars().skip_while(|c| *c != '(').collect();
            let kind = format!("{:?}{length}", column.kind);
            types
                .entry(kind)
                .or_insert_with(|| format!("{} in {}", column.declared, table.name));
        }
        // Free text is often given other lengths in other tables; a key or a code is not.
        let key_like = columns.iter().any(|(table, column)| {
            is_key(table, &column.name)
                || words(&column.name)
                    .iter()
                    .any(|w| w == "code" || w == "cd" || w == "id" || w == "no")
        });
        let kinds: std::collections::BTreeSet<_> = columns
            .iter()
            .map(|(_, c)| format!("{:?}", c.kind))
            .collect();
        if (kinds.len() > 1 || (key_like && types.len() > 1))
            && let Some((_, first)) = columns.first()
        {
            let list: Vec<String> = types.into_values().collect();
            findings.push(finding(
                Fault::SameNameOtherType,
                &first.name,
                format!("`{}` is {}", first.name, list.join(" and ")),
                "give it one type, or describe what differs",
            ));
        }
    }
}

fn is_key(table: &Table, column: &str) -> bool {
    let is = |name: &String| name.eq_ignore_ascii_case(column);
    table.primary_key.iter().any(is)
        || table
            .foreign_keys
            .iter()
            .any(|key| key.columns.iter().any(is))
}

/// The same name in two tables of which one refers to the other: a question about both has to
/// choose. A label (`name`, `title`) is told apart by its table; two tables with many names in
/// common are two of a kind, such as customers and employees.
fn ambiguous(catalog: &Catalog, knowledge: &Knowledge, findings: &mut Vec<Finding>) {
    for table in &catalog.tables {
        for key in &table.foreign_keys {
            let Some(other) = catalog
                .table(&key.table)
                .filter(|other| other.name != table.name)
            else {
                continue;
            };
            let shared: Vec<&str> = table
                .columns
                .iter()
                .map(|c| c.name.as_str())
                .filter(|name| {
                    other.column(name).is_some()
                        && !is_key(table, name)
                        && !is_key(other, name)
                        && !is_label(name)
                })
                .collect();
            if shared.len() >= 4 {
                continue;
            }
            for name in shared {
                let silent: Vec<String> = [table, other]
                    .into_iter()
                    .filter(|t| !is_described(catalog, knowledge, &Target::column(&t.name, name)))
                    .map(|t| t.name.clone())
                    .collect();
                if !silent.is_empty() {
                    findings.push(finding(
                        Fault::AmbiguousName,
                        format!("{}.{name} and {}.{name}", table.name, other.name),
                        format!("both tables have `{name}`, are asked together, and {} does not say which it is", silent.join(" and ")),
                        format!("describe {}.{name} and {}.{name}", table.name, other.name),
                    ));
                }
            }
        }
    }
}

fn is_label(name: &str) -> bool {
    let words = words(name);
    words.len() == 1
        && words.iter().all(|w| {
            [
                "name",
                "nm",
                "title",
                "label",
                "description",
                "comment",
                "note",
                "id",
            ]
            .contains(&w.as_str())
        })
}

fn is_described(catalog: &Catalog, knowledge: &Knowledge, target: &Target) -> bool {
    let name = target.column.as_deref().unwrap_or_default();
    descriptions(catalog, knowledge, target)
        .iter()
        .any(|(text, _)| !is_empty_description(name, text))
}
