//! What people know about a database and its names do not say, with where each piece is from.

mod learn;
mod markdown;
mod propose;
mod sql_file;
mod toml_file;
mod words;

use std::fmt;
use std::path::{Path, PathBuf};

use gori_core::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

pub use learn::Lesson;
pub(crate) use propose::missing_joins;
pub use propose::propose;
pub(crate) use words::{common_abbreviation, is_word};

/// What people know about a database.
///
/// It is read from a folder of files that people edit and keep in git: `*.toml` with terms,
/// descriptions and examples, `*.md` with headings that name tables and columns, `*.sql` with
/// table definitions and with queries under a comment that is their question.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Knowledge {
    /// Abbreviations, meanings of values, formulas, joins.
    pub terms: Vec<Term>,
    /// What tables and columns are, and what else is to be known.
    pub notes: Vec<Note>,
    /// Questions with the SQL that answers them.
    pub examples: Vec<Example>,
    /// Tables that the files define.
    pub tables: Vec<Defined>,
}

/// Where a piece of knowledge is from.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Origin {
    /// The file, or what else it was learnt from.
    pub file: String,
    /// The line in it, counted from 1, where that is known.
    pub line: Option<usize>,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        match self.line {
            Some(line) => write!(f, ":{line}"),
            None => Ok(()),
        }
    }
}

/// A table or one of its columns.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Target {
    /// The table.
    pub table: String,
    /// The column; `None` for the table itself.
    pub column: Option<String>,
}

impl Target {
    /// A column of a table.
    pub fn column(table: impl Into<String>, column: impl Into<String>) -> Self {
        Self {
            table: table.into(),
            column: Some(column.into()),
        }
    }

    /// Whether it is this column, whatever the case.
    pub fn is(&self, table: &str, column: Option<&str>) -> bool {
        self.table.eq_ignore_ascii_case(table)
            && match (&self.column, column) {
                (None, None) => true,
                (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
                _ => false,
            }
    }
}

impl TryFrom<String> for Target {
    type Error = String;
    fn try_from(text: String) -> std::result::Result<Self, String> {
        let mut parts = text.split('.').map(str::trim);
        match (
            parts.next().filter(|t| !t.is_empty()),
            parts.next(),
            parts.next(),
        ) {
            (Some(table), column, None) if column != Some("") => Ok(Self {
                table: table.to_owned(),
                column: column.map(str::to_owned),
            }),
            _ => Err(format!("`{text}` is neither `table` nor `table.column`")),
        }
    }
}

impl From<Target> for String {
    fn from(target: Target) -> Self {
        target.to_string()
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.table)?;
        match &self.column {
            Some(column) => write!(f, ".{column}"),
            None => Ok(()),
        }
    }
}

/// What a term explains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TermKind {
    /// A short form of a word in names: `cst` is customer.
    Abbreviation,
    /// What a value of a column stands for: `X` in `cd_st` is cancelled.
    Value,
    /// How something is worked out: net revenue is the sum of amount less discount.
    Formula,
    /// How two tables belong together.
    Join,
}

/// Whether somebody stands by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// A person wrote or confirmed it.
    #[default]
    Confirmed,
    /// It was inferred; its evidence says from what. It is never used as if it were confirmed.
    Proposed,
}

/// A short form, the meaning of a value, a formula or a join.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Term {
    /// What it is called in questions or in names, with its other names.
    pub names: Vec<String>,
    /// What it means, in words.
    pub means: String,
    /// What it explains.
    pub kind: TermKind,
    /// The table or column it is about, where it is about one.
    pub target: Option<Target>,
    /// The value, of a term about a value.
    pub value: Option<String>,
    /// The SQL expression, of a formula or a join.
    pub sql: Option<String>,
    /// Whether somebody stands by it.
    pub status: Status,
    /// What it was inferred from.
    pub evidence: Option<String>,
    /// Where it is from.
    pub origin: Origin,
}

impl Term {
    /// Whether a person stands by it.
    pub fn is_confirmed(&self) -> bool {
        self.status == Status::Confirmed
    }
}

/// A description.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// The table or column it describes; `None` for a general note.
    pub target: Option<Target>,
    /// Its heading, of a general note.
    pub title: String,
    /// The text.
    pub text: String,
    /// Where it is from.
    pub origin: Origin,
}

/// A question with the SQL that answers it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Example {
    /// The question.
    pub question: String,
    /// The SQL.
    pub sql: String,
    /// Where it is from.
    pub origin: Origin,
}

/// A table as a file defines it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defined {
    /// The table.
    pub table: String,
    /// Its columns with their types.
    pub columns: Vec<(String, String)>,
    /// Where it is from.
    pub origin: Origin,
}

impl Knowledge {
    /// Reads every file of a folder and of the folders in it.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is no folder or nothing in it; [`ErrorKind::Config`]
    /// for a file that cannot be read as what its name says, that holds nothing, or whose kind
    /// is not known: knowledge that is there and silently not read is worse than none.
    pub fn read(folder: impl AsRef<Path>) -> Result<Self> {
        let folder = folder.as_ref();
        let mut files = Vec::new();
        collect(folder, &mut files, 0)?;
        files.sort();
        let mut all = Self::default();
        for file in &files {
            let text = std::fs::read_to_string(file).map_err(|e| Error::io(file.display(), e))?;
            let name = file
                .strip_prefix(folder)
                .unwrap_or(file)
                .display()
                .to_string();
            let part = Self::parse(&name, &text)?;
            if part.is_empty() {
                return Err(Error::new(ErrorKind::Config, "the file holds no knowledge")
                    .about(file.display())
                    .hint("write something into it, or take it away"));
            }
            all.merge(part);
        }
        if all.is_empty() {
            return Err(
                Error::new(ErrorKind::NotFound, "there is no knowledge in the folder")
                    .about(folder.display())
                    .hint("put *.toml, *.md or *.sql files there"),
            );
        }
        Ok(all)
    }

    /// Reads one file, by the ending of its name.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when the ending is not known or the text is not what it says.
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        let ending = Path::new(name)
            .extension()
            .and_then(|e| e.to_str())
            .unwrap_or_default();
        match ending {
            "toml" => toml_file::parse(name, text),
            "md" => Ok(markdown::parse(name, text)),
            "sql" => sql_file::parse(name, text),
            _ => Err(
                Error::new(ErrorKind::Config, "knowledge of this kind is not read")
                    .about(name)
                    .hint("*.toml, *.md and *.sql are read"),
            ),
        }
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
            && self.notes.is_empty()
            && self.examples.is_empty()
            && self.tables.is_empty()
    }

    /// Adds what another holds.
    pub fn merge(&mut self, other: Self) {
        self.terms.extend(other.terms);
        self.notes.extend(other.notes);
        self.examples.extend(other.examples);
        self.tables.extend(other.tables);
    }

    /// The terms that a person stands by.
    pub fn confirmed(&self) -> impl Iterator<Item = &Term> {
        self.terms.iter().filter(|term| term.is_confirmed())
    }

    /// What is written about a table or a column.
    pub fn describe(&self, table: &str, column: Option<&str>) -> impl Iterator<Item = &Note> {
        self.notes
            .iter()
            .filter(move |note| note.target.as_ref().is_some_and(|t| t.is(table, column)))
    }

    /// What the values of a column stand for.
    pub fn meanings(&self, table: &str, column: &str) -> impl Iterator<Item = &Term> {
        self.confirmed().filter(move |term| {
            term.kind == TermKind::Value
                && term
                    .target
                    .as_ref()
                    .is_some_and(|t| t.is(table, Some(column)))
        })
    }

    /// What a word of a name is short for.
    pub fn expand(&self, word: &str) -> Option<&str> {
        self.confirmed()
            .filter(|term| term.kind == TermKind::Abbreviation && term.target.is_none())
            .find(|term| {
                term.names
                    .iter()
                    .any(|name| name.eq_ignore_ascii_case(word))
            })
            .map(|term| term.means.as_str())
    }
}

/// The files of a folder, hidden ones left out.
fn collect(folder: &Path, files: &mut Vec<PathBuf>, depth: usize) -> Result<()> {
    if depth > 8 {
        return Err(
            Error::new(ErrorKind::Config, "the folders are nested too deep")
                .about(folder.display()),
        );
    }
    let entries = std::fs::read_dir(folder).map_err(|e| Error::io(folder.display(), e))?;
    for entry in entries {
        let entry = entry.map_err(|e| Error::io(folder.display(), e))?;
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        let kind = entry
            .file_type()
            .map_err(|e| Error::io(path.display(), e))?;
        if kind.is_dir() {
            collect(&path, files, depth + 1)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
