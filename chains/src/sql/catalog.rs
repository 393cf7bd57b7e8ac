//! What a database holds: tables, columns, keys, comments, and a profile of the values.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Cell;

/// Which SQL is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

impl Dialect {
    /// The name, as a person or a model knows it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }

    /// A name as it has to be written to mean exactly this, quoted only where that is needed.
    pub fn quote(self, name: &str) -> String {
        let mut chars = name.chars();
        let plain = chars
            .next()
            .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
            && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
            && !super::guard::is_keyword(name)
            && (self == Self::Sqlite || !name.chars().any(char::is_uppercase));
        if plain {
            name.to_owned()
        } else {
            format!("\"{}\"", name.replace('"', "\"\""))
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The tables a question may be about. What is not in it cannot be read: take a table or a
/// column out, and the guard and the database's own fences refuse it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Catalog {
    /// The SQL it is asked in.
    pub dialect: Dialect,
    /// The tables and views.
    pub tables: Vec<Table>,
}

impl Catalog {
    /// A catalog of these tables.
    pub fn new(dialect: Dialect, tables: impl IntoIterator<Item = Table>) -> Self {
        Self {
            dialect,
            tables: tables.into_iter().collect(),
        }
    }

    /// The table of this name, whatever its case.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables
            .iter()
            .find(|table| table.name.eq_ignore_ascii_case(name))
    }

    /// The column of this table, whatever the case of both names.
    pub fn column(&self, table: &str, column: &str) -> Option<&Column> {
        self.table(table)?.column(column)
    }

    /// Every table with every column of it.
    pub fn columns(&self) -> impl Iterator<Item = (&Table, &Column)> {
        self.tables
            .iter()
            .flat_map(|table| table.columns.iter().map(move |column| (table, column)))
    }
}

/// Whether rows are stored or worked out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TableKind {
    /// Stored.
    #[default]
    Table,
    /// Worked out from a query.
    View,
}

/// A table or a view.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// The schema, where the database has several.
    pub schema: Option<String>,
    /// The name.
    pub name: String,
    /// Table or view.
    pub kind: TableKind,
    /// What the database says it is.
    pub comment: Option<String>,
    /// The columns, in the order of the table.
    pub columns: Vec<Column>,
    /// The columns of the primary key.
    pub primary_key: Vec<String>,
    /// The foreign keys.
    pub foreign_keys: Vec<ForeignKey>,
    /// How many rows it has, where that was counted.
    pub rows: Option<u64>,
}

impl Table {
    /// A table of these columns, with no keys.
    pub fn new(name: impl Into<String>, columns: impl IntoIterator<Item = Column>) -> Self {
        Self {
            name: name.into(),
            columns: columns.into_iter().collect(),
            ..Self::default()
        }
    }

    /// The column of this name, whatever its case.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns
            .iter()
            .find(|column| column.name.eq_ignore_ascii_case(name))
    }
}

/// What sort of values a column is declared to hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Whole numbers.
    Int,
    /// Floating point numbers.
    Real,
    /// Exact decimals.
    Decimal,
    /// Text.
    Text,
    /// True or false.
    Bool,
    /// A date, a time, or both.
    Time,
    /// Bytes.
    Bytes,
    /// Something else.
    #[default]
    Other,
}

impl Kind {
    /// What a declared type means.
    pub fn of(declared: &str) -> Self {
        let text = declared.to_ascii_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
        if has(&["bool"]) {
            Self::Bool
        } else if has(&["date", "time"]) {
            Self::Time
        } else if has(&["interval"]) {
            Self::Other
        } else if has(&["int", "serial"]) {
            Self::Int
        } else if has(&["numeric", "decimal", "money"]) {
            Self::Decimal
        } else if has(&["real", "floa", "doub"]) {
            Self::Real
        } else if has(&["char", "text", "clob", "string"]) {
            Self::Text
        } else if has(&["blob", "bytea", "binary"]) {
            Self::Bytes
        } else {
            Self::Other
        }
    }

    /// Whether its values are numbers.
    pub fn is_number(self) -> bool {
        matches!(self, Self::Int | Self::Real | Self::Decimal)
    }
}

/// A column.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// The name.
    pub name: String,
    /// The type as declared.
    pub declared: String,
    /// What the type means.
    pub kind: Kind,
    /// Whether a value may be missing.
    pub nullable: bool,
    /// What the database says it is.
    pub comment: Option<String>,
    /// What its values look like, where that was looked at.
    pub profile: Option<Profile>,
}

impl Column {
    /// A column that may be null.
    pub fn new(name: impl Into<String>, declared: impl Into<String>) -> Self {
        let declared = declared.into();
        Self {
            name: name.into(),
            kind: Kind::of(&declared),
            declared,
            nullable: true,
            ..Self::default()
        }
    }
}

/// Columns whose values are keys of another table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignKey {
    /// The columns here.
    pub columns: Vec<String>,
    /// The other table.
    pub table: String,
    /// The columns there.
    pub to: Vec<String>,
}

/// What the values of a column look like.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// How many rows were looked at.
    pub rows: u64,
    /// How many had no value.
    pub nulls: u64,
    /// How many different values there are.
    pub distinct: u64,
    /// The smallest. Not kept for personal data.
    pub min: Option<Cell>,
    /// The largest. Not kept for personal data.
    pub max: Option<Cell>,
    /// The commonest values with how often each occurs. All of them when there are few; none
    /// for personal data, unless allowed.
    pub frequent: Vec<(Cell, u64)>,
    /// What all the values that are text spell.
    pub format: Option<Format>,
    /// What makes the column look like personal data.
    pub personal: Option<Personal>,
}

impl Profile {
    /// Whether every value of the column is among the frequent ones.
    pub fn is_complete(&self) -> bool {
        self.distinct > 0 && self.distinct == self.frequent.len() as u64
    }

    /// How often each value occurs on average; 0 for an empty column.
    pub fn repetition(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a share")]
        let share = |a: u64, b: u64| if b == 0 { 0.0 } else { a as f64 / b as f64 };
        share(self.rows.saturating_sub(self.nulls), self.distinct)
    }
}

/// What text spells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Whole or decimal numbers.
    Number,
    /// `2024-06-01`.
    IsoDate,
    /// `2024-06-01 12:00:00`.
    IsoDateTime,
    /// `20240601`.
    CompactDate,
    /// `01/06/2024` or `01.06.2024`: which is the day cannot be seen.
    SlashDate,
    /// Short codes of capitals and digits.
    Code,
}

/// Why a column is taken for personal data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", content = "evidence", rename_all = "snake_case")]
pub enum Personal {
    /// By the word in its name.
    Name(String),
    /// By what its values look like, such as addresses of mail.
    Values(String),
}
