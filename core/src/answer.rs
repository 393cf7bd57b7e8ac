//! Answers that say where they come from.

use std::sync::Arc;

use serde::Serialize;

use crate::{Hit, Metadata, Usage, Value};

/// Names under which ingest keeps, in the metadata of a point, the way back to its source.
pub mod field {
    /// The source: a path, an address. Text.
    pub const SOURCE: &str = "source";
    /// The page, counted from 1. A whole number.
    pub const PAGE: &str = "page";
    /// The part of the source that is no page. Text.
    pub const PART: &str = "part";
    /// The headings above, joined by ` > `. Text.
    pub const HEADING: &str = "heading";
    /// The first line, counted from 1. A whole number.
    pub const LINE: &str = "line";
    /// The last line, counted from 1. A whole number.
    pub const LINE_END: &str = "line_end";
    /// The first byte in the document's text. A whole number.
    pub const BYTE: &str = "byte";
    /// One past the last byte in the document's text. A whole number.
    pub const BYTE_END: &str = "byte_end";
    /// The first byte of the larger chunk it was cut from. A whole number.
    pub const PARENT: &str = "parent";
    /// One past the last byte of the larger chunk it was cut from. A whole number.
    pub const PARENT_END: &str = "parent_end";
}

/// Where a piece of an answer comes from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Source {
    /// The number the answer refers to it by, counted from 1.
    pub number: usize,
    /// The id of the point.
    pub id: String,
    /// The file, the address.
    pub source: String,
    /// The page, counted from 1, where the source has pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<i64>,
    /// The headings above, joined by ` > `.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heading: Option<String>,
    /// The first and last line, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines: Option<(i64, i64)>,
    /// The score of the hit.
    pub score: f32,
}

impl Source {
    /// The source of a hit, from the metadata that ingest gave it.
    pub fn of(number: usize, hit: &Hit) -> Self {
        let text = |name| {
            hit.metadata
                .get(name)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        let int = |metadata: &Metadata, name| metadata.get(name).and_then(Value::as_int);
        let line = int(&hit.metadata, field::LINE);
        Self {
            number,
            id: hit.id.clone(),
            source: text(field::SOURCE).unwrap_or_else(|| hit.id.clone()),
            page: int(&hit.metadata, field::PAGE),
            heading: text(field::HEADING),
            lines: line.map(|first| (first, int(&hit.metadata, field::LINE_END).unwrap_or(first))),
            score: hit.score,
        }
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "[{}] {}", self.number, self.source)?;
        if let Some(page) = self.page {
            write!(f, ", page {page}")?;
        }
        if let Some(heading) = &self.heading {
            write!(f, ", {heading}")?;
        }
        match self.lines {
            Some((first, last)) if first == last => write!(f, ", line {first}"),
            Some((first, last)) => write!(f, ", lines {first}-{last}"),
            None => Ok(()),
        }
    }
}

/// An answer with its sources and its cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Answer {
    /// The text. Numbers in brackets refer to [`Answer::sources`].
    pub text: String,
    /// What was quoted word for word, when the answer is extractive.
    pub quotes: Vec<Quote>,
    /// Where it comes from, in the order of their numbers.
    pub sources: Vec<Source>,
    /// What the models were given and gave.
    pub usage: Usage,
    /// The model that wrote it, when one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<Arc<str>>,
}

/// A sentence of a source, word for word.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Quote {
    /// The sentence.
    pub text: String,
    /// The number of the source it is from.
    pub source: usize,
    /// How well it answers; higher is better.
    pub score: f32,
}
