//! Knowledge as TOML.
//!
//! ```toml
//! [abbreviations]
//! cst = "customer"
//!
//! [tables.t_ord]
//! means = "orders, one row each"
//! columns.t_amt = "gross amount in cents"
//!
//! [values."t_ord.cd_st"]
//! X = "cancelled"
//!
//! [[formula]]
//! names = ["net revenue", "turnover"]
//! means = "amount less discount, in euros"
//! sql = "sum(t_ord.t_amt - t_ord.t_dsc) / 100.0"
//!
//! [[join]]
//! names = ["orders with their customers"]
//! sql = "t_ord.cst_no = t_cst.cst_no"
//!
//! [[example]]
//! question = "How many orders are there?"
//! sql = "SELECT count(*) FROM t_ord"
//!
//! [[term]]                     # any of the above in one form, as pages write it
//! kind = "value"
//! names = ["returned"]
//! means = "returned"
//! target = "t_ord.cd_st"
//! value = "R"
//! learnt = "confirmed on 2026-11-22"
//!
//! [[proposed]]                 # inferred; move it up to confirm it
//! kind = "abbreviation"
//! names = ["rsn"]
//! means = "reason"
//! evidence = "a common short form"
//! ```

use std::collections::BTreeMap;

use gori_core::{Error, ErrorKind, Result};
use serde::Deserialize;

use super::{Example, Knowledge, Note, Origin, Status, Target, Term, TermKind};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    abbreviations: BTreeMap<String, String>,
    tables: BTreeMap<String, TableEntry>,
    values: BTreeMap<Target, BTreeMap<String, Meaning>>,
    formula: Vec<Entry>,
    join: Vec<Entry>,
    example: Vec<ExampleEntry>,
    note: Vec<NoteEntry>,
    term: Vec<TermEntry>,
    proposed: Vec<TermEntry>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct TableEntry {
    means: Option<String>,
    columns: BTreeMap<String, String>,
}

/// What a value stands for: a text, or several names for the same.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Meaning {
    One(String),
    Many(Vec<String>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    names: Vec<String>,
    #[serde(default)]
    means: String,
    sql: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExampleEntry {
    question: String,
    sql: String,
    /// How it was learnt, for who reads the file.
    #[serde(default)]
    #[expect(dead_code, reason = "allowed in the file and meant for people")]
    learnt: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoteEntry {
    title: String,
    text: String,
}

/// A term of any kind, as it is written by [`write_proposals`] and when one is learnt.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TermEntry {
    kind: TermKind,
    names: Vec<String>,
    means: String,
    #[serde(default)]
    target: Option<Target>,
    #[serde(default)]
    value: Option<String>,
    #[serde(default)]
    sql: Option<String>,
    #[serde(default)]
    evidence: Option<String>,
    /// How it was learnt, for who reads the file.
    #[serde(default)]
    #[expect(dead_code, reason = "allowed in the file and meant for people")]
    learnt: Option<String>,
}

impl TermEntry {
    fn term(self, status: Status, places: &Places<'_>) -> Term {
        let origin = places.of(self.names.first().unwrap_or(&self.means));
        Term {
            names: self.names,
            means: self.means,
            kind: self.kind,
            target: self.target,
            value: self.value,
            sql: self.sql,
            status,
            evidence: self.evidence,
            origin,
        }
    }
}

pub(super) fn parse(name: &str, text: &str) -> Result<Knowledge> {
    let file: File = toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| {
            text.get(..span.start)
                .map_or(1, |t| t.matches('\n').count() + 1)
        });
        let place = line.map_or_else(|| name.to_owned(), |line| format!("{name}:{line}"));
        Error::new(ErrorKind::Config, error.message().trim().to_owned()).about(place)
    })?;
    let places = Places { name, text };
    let mut knowledge = Knowledge::default();
    for (word, means) in file.abbreviations {
        let origin = places.of(&word);
        knowledge
            .terms
            .push(term(TermKind::Abbreviation, vec![word], means, origin));
    }
    for (table, entry) in file.tables {
        let mut note = |column: Option<String>, text: String| {
            let origin = places.of(column.as_deref().unwrap_or(&table));
            let target = Some(Target {
                table: table.clone(),
                column,
            });
            knowledge.notes.push(Note {
                target,
                title: String::new(),
                text,
                origin,
            });
        };
        if let Some(means) = entry.means {
            note(None, means);
        }
        for (column, text) in entry.columns {
            note(Some(column), text);
        }
    }
    for (target, meanings) in file.values {
        for (value, meaning) in meanings {
            let names = match meaning {
                Meaning::One(name) => vec![name],
                Meaning::Many(names) => names,
            };
            let means = names.first().cloned().unwrap_or_default();
            let origin = places.of(&target.to_string());
            let mut term = term(TermKind::Value, names, means, origin);
            (term.target, term.value) = (Some(target.clone()), Some(value));
            knowledge.terms.push(term);
        }
    }
    for (kind, entries) in [
        (TermKind::Formula, file.formula),
        (TermKind::Join, file.join),
    ] {
        for Entry { names, means, sql } in entries {
            let origin = places.of(&sql);
            let mut term = term(kind, names, means, origin);
            term.sql = Some(sql);
            knowledge.terms.push(term);
        }
    }
    for ExampleEntry { question, sql, .. } in file.example {
        let origin = places.of(&question);
        knowledge.examples.push(Example {
            question,
            sql,
            origin,
        });
    }
    for NoteEntry { title, text } in file.note {
        let origin = places.of(&title);
        knowledge.notes.push(Note {
            target: None,
            title,
            text,
            origin,
        });
    }
    let terms = file.term.into_iter().map(|e| (e, Status::Confirmed));
    let proposed = file.proposed.into_iter().map(|e| (e, Status::Proposed));
    for (entry, status) in terms.chain(proposed) {
        knowledge.terms.push(entry.term(status, &places));
    }
    checked(name, knowledge)
}

/// An entry without a name or a text says nothing.
fn checked(name: &str, knowledge: Knowledge) -> Result<Knowledge> {
    let blank = |text: &String| text.trim().is_empty();
    let bad_term = knowledge
        .terms
        .iter()
        .find(|t| t.names.is_empty() || t.names.iter().any(blank));
    let bad_term = bad_term.or_else(|| {
        let unfounded = |t: &&Term| !t.is_confirmed() && t.evidence.is_none();
        knowledge.terms.iter().find(unfounded)
    });
    let bad_note = knowledge.notes.iter().find(|n| blank(&n.text));
    let bad_example = knowledge
        .examples
        .iter()
        .find(|e| blank(&e.question) || blank(&e.sql));
    let origin = bad_term
        .map(|t| &t.origin)
        .or(bad_note.map(|n| &n.origin))
        .or(bad_example.map(|e| &e.origin));
    match origin {
        Some(origin) => Err(Error::new(
            ErrorKind::Config,
            "an entry has no name, no text or no evidence",
        )
        .about(origin)),
        None if knowledge.is_empty() => {
            Err(Error::new(ErrorKind::Config, "the file holds no knowledge").about(name))
        }
        None => Ok(knowledge),
    }
}

fn term(kind: TermKind, names: Vec<String>, means: String, origin: Origin) -> Term {
    Term {
        names,
        means,
        kind,
        target: None,
        value: None,
        sql: None,
        status: Status::Confirmed,
        evidence: None,
        origin,
    }
}

/// Finds the line of an entry by its text, since the parser keeps no places for keys.
struct Places<'t> {
    name: &'t str,
    text: &'t str,
}

impl Places<'_> {
    fn of(&self, needle: &str) -> Origin {
        let first = needle
            .lines()
            .find(|line| !line.trim().is_empty())
            .unwrap_or(needle);
        let at = self
            .text
            .lines()
            .position(|line| line.contains(first.trim()));
        Origin {
            file: self.name.to_owned(),
            line: at.map(|at| at + 1),
        }
    }
}

/// Proposals as text for a file, for a person to look through.
pub(super) fn write_proposals(terms: &[Term]) -> String {
    let text = |text: &str| serde_json::Value::from(text).to_string();
    let mut out = String::new();
    for term in terms.iter().filter(|term| !term.is_confirmed()) {
        let names: Vec<String> = term.names.iter().map(|name| text(name)).collect();
        let kind = serde_json::to_value(term.kind).unwrap_or_default();
        out += &format!(
            "[[proposed]]\nkind = {kind}\nnames = [{}]\nmeans = {}\n",
            names.join(", "),
            text(&term.means)
        );
        let target = term.target.as_ref().map(ToString::to_string);
        for (key, value) in [
            ("target", &target),
            ("value", &term.value),
            ("sql", &term.sql),
            ("evidence", &term.evidence),
        ] {
            if let Some(value) = value {
                out += &format!("{key} = {}\n", text(value));
            }
        }
        out.push('\n');
    }
    out
}
