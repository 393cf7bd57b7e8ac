//! What a person is told.

use gori_core::Usage;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::sql::{Catalog, Cell, Checked, Cut, Kind, Knowledge, Linked, Rows, TermKind};

/// The reply to a question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "snake_case")]
pub enum Reply {
    /// An answer.
    Answer(Box<SqlAnswer>),
    /// It means several things, or uses a word that nothing explains.
    Clarify {
        /// What to ask the person.
        question: String,
        /// What it may mean; empty when that is not known.
        options: Vec<String>,
    },
    /// Nothing in the database or in the knowledge could answer it.
    Unanswerable {
        /// What is missing.
        missing: Vec<String>,
    },
}

/// An answer with everything that it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SqlAnswer {
    /// The question.
    pub question: String,
    /// The answer in one sentence, made from the rows.
    pub sentence: String,
    /// The statement that ran.
    pub sql: String,
    /// The rows.
    pub rows: Rows,
    /// What was taken for granted: the terms it rests on.
    pub assumptions: Vec<String>,
    /// What the statement does, in words, made from the statement itself.
    pub explanation: String,
    /// Questions to go on with.
    pub follow_ups: Vec<String>,
    /// Why nothing may have been found: a text that its column never holds.
    #[serde(default)]
    pub note: Option<String>,
    /// A Vega-Lite specification, where the rows are worth a chart. Data, made by us.
    pub chart: Option<Json>,
    /// The drafts, with what was wrong with those that did not run.
    pub attempts: Vec<Attempt>,
    /// What the models used so far in this call's context.
    pub usage: Usage,
}

/// A draft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// What the model wrote.
    pub sql: String,
    /// What was wrong with it.
    pub trouble: Option<String>,
}

/// A question, and those before it that it goes on from, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The question.
    pub question: String,
    /// What was asked and answered before, of which the last two are used.
    #[serde(default)]
    pub earlier: Vec<Turn>,
}

/// A question that was answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// The question.
    pub question: String,
    /// The statement that answered it.
    pub sql: String,
}

impl Asked {
    /// Those before it that are used.
    pub(super) fn recent(&self) -> &[Turn] {
        let from = self.earlier.len().saturating_sub(2);
        self.earlier.get(from..).unwrap_or_default()
    }

    /// The question with what it goes on from, to see what it is about.
    pub(super) fn whole(&self) -> String {
        let earlier = self.recent().iter().map(|turn| turn.question.as_str());
        let all: Vec<&str> = earlier.chain([self.question.as_str()]).collect();
        all.join(" ")
    }
}

impl From<&str> for Asked {
    fn from(question: &str) -> Self {
        question.to_owned().into()
    }
}

impl From<String> for Asked {
    fn from(question: String) -> Self {
        Self {
            question,
            earlier: Vec::new(),
        }
    }
}

/// A statement that a model wrote and the guard let through. It has not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drafted {
    /// The statement as the model wrote it.
    pub written: String,
    /// The statement as it may run.
    pub checked: Checked,
    /// What it does, in words, made from the statement itself.
    pub explanation: String,
    /// What it takes for granted: the terms it rests on.
    pub assumptions: Vec<String>,
    /// The drafts before it, with what was wrong with each.
    pub attempts: Vec<Attempt>,
}

/// The rows as a sentence.
pub(super) fn sentence(rows: &Rows) -> String {
    let more = match rows.cut {
        Some(Cut::Rows | Cut::Bytes) => "; there are more",
        None => "",
    };
    match (rows.rows.as_slice(), rows.columns.as_slice()) {
        ([], _) => "Nothing was found.".to_owned(),
        ([row], _) if row.iter().all(Cell::is_null) => "Nothing was found.".to_owned(),
        ([row], [name]) => row.iter().map(|cell| format!("{name}: {cell}.")).collect(),
        ([row], names) => {
            let pairs: Vec<String> = names
                .iter()
                .zip(row)
                .map(|(name, cell)| format!("{name}: {cell}"))
                .collect();
            format!("{}.", pairs.join(", "))
        }
        (all, [_]) => {
            let shown: Vec<String> = all
                .iter()
                .take(5)
                .flatten()
                .map(ToString::to_string)
                .collect();
            let dots = if all.len() > 5 { ", …" } else { "" };
            format!("{} rows: {}{dots}{more}.", all.len(), shown.join(", "))
        }
        (all, _) => {
            let first: Vec<String> = all
                .first()
                .into_iter()
                .flatten()
                .map(ToString::to_string)
                .collect();
            format!("{} rows, the first: {}{more}.", all.len(), first.join(", "))
        }
    }
}

/// The confirmed terms that the question named and the statement can have used.
pub(super) fn assumptions(
    linked: &Linked,
    checked: &Checked,
    knowledge: &Knowledge,
) -> Vec<String> {
    let tables: Vec<&str> = checked.tables().collect();
    let mut all: Vec<String> = Vec::new();
    for term in &linked.terms {
        let text = match (&term.target, &term.value, &term.sql) {
            (Some(target), Some(value), _)
                if tables.iter().any(|t| t.eq_ignore_ascii_case(&target.table)) =>
            {
                format!("{} is `{value}` in {target}", term.means)
            }
            (_, _, Some(sql)) => format!(
                "{} is {} ({sql})",
                term.names.first().map_or("", String::as_str),
                term.means
            ),
            _ => continue,
        };
        all.push(format!("{text} [{}]", term.origin));
    }
    for compared in checked.compared() {
        let meaning = knowledge
            .meanings(&compared.table, &compared.column)
            .find(|t| t.value.as_deref() == Some(compared.text.as_str()));
        if let Some(term) = meaning.filter(|t| t.kind == TermKind::Value) {
            let text = format!(
                "{} is `{}` in {}.{} [{}]",
                term.means, compared.text, compared.table, compared.column, term.origin
            );
            if !all.contains(&text) {
                all.push(text);
            }
        }
    }
    all
}

/// Ways to cut the same question: by a column of few values in a table that it reads, or by
/// year.
pub(super) fn follow_ups(catalog: &Catalog, checked: &Checked, rows: &Rows) -> Vec<String> {
    let mut all = Vec::new();
    for table in checked.tables().filter_map(|name| catalog.table(name)) {
        let is_key = |name: &str| {
            table
                .primary_key
                .iter()
                .chain(table.foreign_keys.iter().flat_map(|k| &k.columns))
                .any(|key| key == name)
        };
        for column in &table.columns {
            let profile = column.profile.as_ref();
            let few = profile.is_some_and(|p| {
                p.personal.is_none()
                    && p.is_complete()
                    && (2..=25).contains(&p.distinct)
                    && p.repetition() > 1.5
            });
            if is_key(&column.name) || rows.columns.contains(&column.name) {
                continue;
            }
            if column.kind == Kind::Time {
                all.push(format!(
                    "How does that change over the years by {}.{}?",
                    table.name, column.name
                ));
            } else if few {
                all.push(format!("What is that by {}.{}?", table.name, column.name));
            }
        }
    }
    if rows.cut.is_some() {
        all.insert(0, "How many are there in all?".to_owned());
    }
    all.truncate(4);
    all
}
