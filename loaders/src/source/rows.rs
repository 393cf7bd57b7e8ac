//! Rows of databases: what their columns become.

use std::sync::Arc;

use gori_core::{Error, ErrorKind, Metadata, Result, Value};

use crate::Blob;
use crate::pipeline::{Found, Job, Opened};

/// What the columns of a query are: one is the key, some are the text, the others metadata.
#[derive(Clone, Debug)]
pub(crate) struct Columns {
    /// The name in front of the key.
    pub(crate) name: String,
    pub(crate) key: String,
    pub(crate) text: Vec<String>,
    pub(crate) media_type: Option<String>,
}

/// A value of a column.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    Value(Value),
    Bytes(Vec<u8>),
    Null,
}

impl Columns {
    /// Fails when the query lacks a column.
    pub(crate) fn check(&self, there: &[String]) -> Result<()> {
        let missing = |name: &&String| !there.contains(name);
        match self.text.iter().chain([&self.key]).find(missing) {
            None => Ok(()),
            Some(name) => Err(Error::new(
                ErrorKind::Config,
                format!("the query gives no column `{name}`"),
            )
            .hint(format!("it gives: {}", there.join(", ")))),
        }
    }

    /// A row as a source of its own, named by its key.
    pub(crate) fn source(&self, row: Vec<(String, Cell)>) -> Result<Found> {
        let mut texts: Vec<Option<Vec<u8>>> = vec![None; self.text.len()];
        let mut key = None;
        let mut metadata = Metadata::new();
        for (name, cell) in row {
            if name == self.key {
                key = shown(&cell);
            }
            let place = self.text.iter().position(|text| *text == name);
            match (place.and_then(|place| texts.get_mut(place)), cell) {
                (Some(text), cell) => *text = bytes(cell),
                (None, Cell::Value(value)) => drop(metadata.insert(name, value)),
                (None, Cell::Bytes(_) | Cell::Null) => {}
            }
        }
        let key = key.ok_or_else(|| {
            let what = format!("a row whose key `{}` is null or binary", self.key);
            Error::new(ErrorKind::InvalidInput, what).about(&self.name)
        })?;
        let source: Arc<str> = Arc::from(format!("{}/{key}", self.name));
        let content = texts
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(&b"\n\n"[..]);
        let mut blob = Blob::new(source.clone(), content);
        blob.metadata = metadata;
        blob.media_type = self.media_type.clone();
        Ok(Found::Source(Job {
            source,
            open: Box::new(move |_| Ok(Opened::Blob(blob))),
        }))
    }
}

fn bytes(cell: Cell) -> Option<Vec<u8>> {
    match cell {
        Cell::Bytes(bytes) => Some(bytes),
        cell => shown(&cell).map(String::into_bytes),
    }
}

fn shown(cell: &Cell) -> Option<String> {
    match cell {
        Cell::Value(Value::Str(text)) => Some(text.clone()),
        Cell::Value(Value::Int(int)) => Some(int.to_string()),
        Cell::Value(Value::Float(float)) => Some(float.to_string()),
        Cell::Value(Value::Bool(yes)) => Some(yes.to_string()),
        Cell::Value(value) => serde_json::to_string(value).ok(),
        Cell::Bytes(_) | Cell::Null => None,
    }
}
