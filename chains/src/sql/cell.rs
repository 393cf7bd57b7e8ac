//! What a database answers: typed cells in rows.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// One value of one row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Cell {
    /// No value.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A floating point number.
    Real(f64),
    /// Text; also dates, times and exact decimals, in the database's own writing.
    Text(String),
    /// Bytes, of which only the number is kept.
    Bytes {
        /// How many bytes.
        bytes: usize,
    },
}

impl Cell {
    /// The number, when it is one or is text that spells one.
    pub fn as_number(&self) -> Option<f64> {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "for charts and comparison")]
            Self::Int(n) => Some(*n as f64),
            Self::Real(n) => Some(*n),
            Self::Bool(b) => Some(f64::from(u8::from(*b))),
            Self::Text(text) => text.trim().parse().ok().filter(|n: &f64| n.is_finite()),
            Self::Null | Self::Bytes { .. } => None,
        }
    }

    /// The text, when it is text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether there is no value.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// About how many bytes it holds.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Text(text) => text.len() + 8,
            _ => 8,
        }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("NULL"),
            Self::Bool(b) => write!(f, "{b}"),
            Self::Int(n) => write!(f, "{n}"),
            Self::Real(n) => write!(f, "{n}"),
            Self::Text(text) => f.write_str(text),
            Self::Bytes { bytes } => write!(f, "({bytes} bytes)"),
        }
    }
}

/// Why there may be more rows than were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cut {
    /// The limit of rows was reached.
    Rows,
    /// The limit of bytes was reached.
    Bytes,
}

/// An answer of a database.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rows {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The rows, each as long as `columns`.
    pub rows: Vec<Vec<Cell>>,
    /// Set when there may be more rows than these.
    pub cut: Option<Cut>,
    /// How long the database took.
    pub took: Duration,
}

impl Rows {
    /// Whether nothing was found: no row, or the one row of an aggregate over nothing.
    pub fn is_empty(&self) -> bool {
        match self.rows.as_slice() {
            [] => true,
            [row] => row.iter().all(Cell::is_null),
            _ => false,
        }
    }
}
