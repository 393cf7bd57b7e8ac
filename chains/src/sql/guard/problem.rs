//! What is wrong with a draft.

use std::fmt;

use gori_core::{Error, ErrorKind};
use serde::{Deserialize, Serialize};

use super::Draft;

/// What sort of thing is wrong, to match on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Code {
    /// Longer or more deeply nested than is parsed.
    TooLarge,
    /// Not SQL of this dialect.
    Unparsable,
    /// No statement, or more than one.
    NotOne,
    /// A statement that is not a query.
    NotAQuery,
    /// A part of a query that is not allowed.
    Forbidden,
    /// A function that is not on the list.
    UnknownFunction,
    /// A table that is not in the catalog.
    UnknownTable,
    /// A column that is not in the tables of the query.
    UnknownColumn,
    /// A column that several tables of the query have.
    AmbiguousColumn,
    /// Two tables of one query under the same name.
    DuplicateAlias,
}

impl Code {
    /// Whether it is about names: a slip, where the rest is about what a statement may do.
    pub fn is_about_names(self) -> bool {
        matches!(
            self,
            Self::UnknownFunction
                | Self::UnknownTable
                | Self::UnknownColumn
                | Self::AmbiguousColumn
                | Self::DuplicateAlias
        )
    }
}

/// One thing that is wrong with a draft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What sort of thing.
    pub code: Code,
    /// What is wrong, in one sentence without a final stop.
    pub what: String,
    /// How to mend it.
    pub mend: Option<String>,
}

impl Problem {
    pub(crate) fn new(code: Code, what: impl Into<String>) -> Self {
        Self {
            code,
            what: what.into(),
            mend: None,
        }
    }

    pub(crate) fn mend(mut self, mend: impl Into<String>) -> Self {
        self.mend = Some(mend.into());
        self
    }

    pub(crate) fn forbidden(what: impl Into<String>) -> Self {
        Self::new(Code::Forbidden, what)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        match &self.mend {
            Some(mend) => write!(f, "; {mend}"),
            None => Ok(()),
        }
    }
}

/// A draft that may not run, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    draft: Draft,
    problems: Vec<Problem>,
}

impl Rejected {
    pub(super) fn new(draft: &Draft, problems: Vec<Problem>) -> Self {
        Self {
            draft: draft.clone(),
            problems,
        }
    }

    /// The draft.
    pub fn draft(&self) -> &Draft {
        &self.draft
    }

    /// What is wrong with it; never empty.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Whether all that is wrong are names.
    pub fn is_about_names(&self) -> bool {
        self.problems.iter().all(|p| p.code.is_about_names())
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems.iter().enumerate() {
            let and = if i == 0 { "" } else { ". And: " };
            write!(f, "{and}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Rejected {}

impl From<Rejected> for Error {
    fn from(rejected: Rejected) -> Self {
        let kind = if rejected.is_about_names() {
            ErrorKind::InvalidInput
        } else {
            ErrorKind::Refused
        };
        Self::new(kind, rejected.to_string()).about("the SQL draft")
    }
}
