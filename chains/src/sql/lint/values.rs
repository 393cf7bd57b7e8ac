//! Values that say less than they should: codes, numbers and dates as text, spellings, nothing.

use std::collections::BTreeMap;

use super::{Fault, Finding, descriptions, finding};
use crate::sql::profile::words;
use crate::sql::{Catalog, Cell, Column, Format, Kind, Knowledge, Profile, Table, Target};

/// More different values than this are no list of codes.
const MOST_CODES: u64 = 20;

pub(super) fn lint(catalog: &Catalog, knowledge: &Knowledge, findings: &mut Vec<Finding>) {
    for table in &catalog.tables {
        if table.rows == Some(0) {
            findings.push(finding(
                Fault::NoValues,
                &table.name,
                "the table is empty",
                "fill it, or take it out of the catalog",
            ));
            continue;
        }
        for column in &table.columns {
            let Some(profile) = &column.profile else {
                continue;
            };
            let place = Target::column(&table.name, &column.name);
            codes(catalog, knowledge, table, column, profile, findings);
            formats(&place, column, profile, findings);
            spellings(&place, profile, findings);
            if profile.rows > 0 && profile.nulls == profile.rows {
                findings.push(finding(
                    Fault::NoValues,
                    &place,
                    format!("all {} rows have no value", profile.rows),
                    "fill it, or take it out of the catalog",
                ));
            }
        }
    }
}

/// Short codes that repeat, in a column that is no key, for which no meaning is written.
fn codes(
    catalog: &Catalog,
    knowledge: &Knowledge,
    table: &Table,
    column: &Column,
    profile: &Profile,
    findings: &mut Vec<Finding>,
) {
    let is = |name: &String| name.eq_ignore_ascii_case(&column.name);
    let key = table.primary_key.iter().any(is)
        || table
            .foreign_keys
            .iter()
            .any(|key| key.columns.iter().any(is));
    if key
        || !profile.is_complete()
        || profile.distinct > MOST_CODES
        || profile.repetition() < 1.5
        || !code_like(column, profile)
        || is_part_of_an_address(table, column)
    {
        return;
    }
    let place = Target::column(&table.name, &column.name);
    let texts = descriptions(catalog, knowledge, &place);
    let explained = |value: &str| {
        knowledge
            .meanings(&table.name, &column.name)
            .any(|term| term.value.as_deref() == Some(value))
            || texts.iter().any(|(text, _)| {
                text.split(|c: char| !c.is_alphanumeric())
                    .any(|word| word == value)
            })
    };
    let values: Vec<String> = profile
        .frequent
        .iter()
        .map(|(cell, _)| cell.to_string())
        .collect();
    let missing: Vec<&str> = values
        .iter()
        .map(String::as_str)
        .filter(|value| !explained(value))
        .collect();
    if !missing.is_empty() {
        findings.push(finding(
            Fault::UndocumentedCode,
            &place,
            format!("nothing tells what {} stand for", missing.join(", ")),
            format!(
                "write them under [values.\"{place}\"]: {} = \"…\"",
                missing.first().copied().unwrap_or_default()
            ),
        ));
    }
}

/// A state or a country beside a city: its codes are the post's, which everybody knows.
fn is_part_of_an_address(table: &Table, column: &Column) -> bool {
    let ends = |name: &str, with: &[&str]| {
        words(name)
            .last()
            .is_some_and(|word| with.contains(&word.as_str()))
    };
    ends(&column.name, &["state", "province", "country"])
        && table
            .columns
            .iter()
            .any(|other| ends(&other.name, &["city", "town"]))
}

/// Text in short capitals or digits, or whole numbers in a column that is named a code, a flag,
/// a state or a type.
fn code_like(column: &Column, profile: &Profile) -> bool {
    let named = words(&column.name).iter().any(|word| {
        [
            "code", "cd", "flag", "fl", "status", "state", "sts", "st", "type", "typ", "kind",
            "category",
        ]
        .contains(&word.as_str())
    });
    let short = profile.frequent.iter().all(|(cell, _)| matches!(cell, Cell::Text(text) if text.len() <= 3 && !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric())));
    match profile.frequent.first() {
        Some((Cell::Text(_), _)) => {
            profile.format == Some(Format::Code)
                || short
                || (named && profile.format == Some(Format::Number))
        }
        Some((Cell::Int(_), _)) => named && profile.distinct > 1,
        _ => false,
    }
}

fn formats(place: &Target, column: &Column, profile: &Profile, findings: &mut Vec<Finding>) {
    let example = profile
        .frequent
        .first()
        .map_or_else(String::new, |(cell, _)| format!(", such as `{cell}`"));
    let text = matches!(column.kind, Kind::Text | Kind::Other)
        && matches!(profile.frequent.first(), Some((Cell::Text(_), _)));
    let name = words(&column.name);
    let label = name
        .iter()
        .any(|w| ["phone", "zip", "postal", "fax", "code", "cd", "id", "no"].contains(&w.as_str()));
    match profile.format {
        Some(Format::Number)
            if text && !label && !leading_zero(profile) && profile.distinct > 2 =>
        {
            findings.push(finding(
                Fault::NumberAsText,
                place,
                format!(
                    "every value is a number and the type is {}{example}",
                    column.declared
                ),
                "store numbers, or write in its description that it has to be cast",
            ))
        }
        Some(Format::SlashDate) => findings.push(finding(
            Fault::DateAsText,
            place,
            format!("the values are dates whose order as text is not their order in time{example}"),
            "store YYYY-MM-DD, or write in its description which part is the day",
        )),
        Some(Format::IsoDate | Format::IsoDateTime | Format::CompactDate) if text => {
            findings.push(finding(
                Fault::DateAsText,
                place,
                format!(
                    "the values are dates and the type is {}{example}",
                    column.declared
                ),
                "declare it a date, or write in its description that it is one",
            ))
        }
        Some(Format::CompactDate) if column.kind.is_number() => findings.push(finding(
            Fault::DateAsNumber,
            place,
            format!(
                "the values are dates and the type is {}{example}",
                column.declared
            ),
            "declare it a date, or write in its description that it is YYYYMMDD",
        )),
        _ => {}
    }
}

/// Digits with zeros before them are a label, not a number.
fn leading_zero(profile: &Profile) -> bool {
    profile.frequent.iter().any(|(cell, _)| {
        cell.as_str()
            .is_some_and(|text| text.len() > 1 && text.starts_with('0') && !text.starts_with("0."))
    })
}

fn spellings(place: &Target, profile: &Profile, findings: &mut Vec<Finding>) {
    let mut groups: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for text in profile
        .frequent
        .iter()
        .filter_map(|(cell, _)| cell.as_str())
    {
        let plain: String = text
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .to_lowercase();
        groups.entry(plain).or_default().push(text);
    }
    if let Some(variants) = groups.values().find(|variants| variants.len() > 1) {
        let list: Vec<String> = variants.iter().map(|text| format!("`{text}`")).collect();
        findings.push(finding(
            Fault::SpellingVariants,
            place,
            format!("one value is spelled {}", list.join(" and ")),
            "store one spelling",
        ));
    }
}
