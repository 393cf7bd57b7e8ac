//! Draft to checked: one statement, read whole, everything denied that is not allowed.
//!
//! The statement is parsed, its tree walked with nothing left out (fields are named one by one,
//! so a field that a new parser adds does not compile until somebody has thought about it), its
//! names are resolved against the catalog, and it is written anew from the tree. What runs is
//! what was walked: no comment, no other reading of a quote survives the way.

mod draft;
mod expr;
mod functions;
mod near;
mod parse;
mod problem;
mod scope;
mod table;
mod types;
mod walk;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use draft::Draft;
pub(crate) use functions::allowed as allowed_function;
pub(crate) use near::nearest;
pub(crate) use parse::is_keyword;
pub use problem::{Code, Problem, Rejected};

use super::{Catalog, Dialect};
use walk::Walk;

/// Makes drafts checked statements, or says what is wrong with them.
///
/// Allowed is one `SELECT` (with `WITH`, set operations, subqueries, window functions) over the
/// tables and columns of the catalog, with functions from a list. Everything else is refused.
#[derive(Clone, Debug)]
pub struct Guard {
    catalog: Arc<Catalog>,
    rows: u64,
}

impl Guard {
    /// A guard for this catalog that lets at most 1,000 rows through.
    pub fn new(catalog: impl Into<Arc<Catalog>>) -> Self {
        Self {
            catalog: catalog.into(),
            rows: 1000,
        }
    }

    /// At most so many rows. A statement without a limit of its own gets one more than this, so
    /// that it can be told when there are more.
    #[must_use]
    pub fn rows(mut self, rows: u64) -> Self {
        self.rows = rows;
        self
    }

    /// The catalog that names are resolved against.
    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// Checks a draft.
    ///
    /// # Errors
    /// [`Rejected`], with every problem that was found. It turns into a
    /// [`gori_core::Error`] by `?`.
    pub fn check(&self, draft: &Draft) -> Result<Checked, Rejected> {
        let dialect = self.catalog.dialect;
        let mut query = parse::one_query(draft.text(), dialect)
            .map_err(|problem| Rejected::new(draft, vec![problem]))?;
        let mut walk = Walk::new(&self.catalog);
        walk.query(&query);
        let (problems, tables, compared) = walk.finish();
        if !problems.is_empty() {
            return Err(Rejected::new(draft, problems));
        }
        parse::add_limit(&mut query, self.rows.saturating_add(1));
        let sql =
            parse::write(query, dialect).map_err(|problem| Rejected::new(draft, vec![problem]))?;
        Ok(Checked {
            sql,
            dialect,
            tables,
            compared,
        })
    }
}

/// A statement that may run. Only [`Guard::check`] makes one: it has no constructor, no public
/// field and no way to be read from outside, so text that nobody checked cannot be run.
///
/// ```compile_fail
/// use gori_chains::sql::{Checked, Dialect};
///
/// let sql = Checked { sql: "DROP TABLE track".into(), dialect: Dialect::Sqlite, tables: Default::default() };
/// ```
///
/// A draft in its place does not compile either.
///
/// ```compile_fail
/// async fn run(source: &dyn gori_chains::sql::Source, draft: gori_chains::sql::Draft) {
///     let _ = source.run(&gori_core::Context::new(), &draft).await;
/// }
/// ```
///
/// ```
/// async fn run(source: &dyn gori_chains::sql::Source, checked: gori_chains::sql::Checked) {
///     let _ = source.run(&gori_core::Context::new(), &checked).await;
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    sql: String,
    dialect: Dialect,
    /// By name as the catalog spells it, the tables it reads with the columns it may read.
    tables: BTreeMap<String, Vec<String>>,
    compared: Vec<Compared>,
}

/// A text that a statement compares with a column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// The table, as the catalog spells it.
    pub table: String,
    /// The column, as the statement spells it.
    pub column: String,
    /// The text.
    pub text: String,
}

impl Checked {
    /// The statement, written anew from what was checked.
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// The SQL it is written in.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The tables it reads, as the catalog spells them.
    pub fn tables(&self) -> impl Iterator<Item = &str> {
        self.tables.keys().map(String::as_str)
    }

    /// Any text, to see what the database's own fences do with it.
    #[cfg(test)]
    pub(crate) fn unchecked(sql: &str, tables: BTreeMap<String, Vec<String>>) -> Self {
        let (sql, dialect) = (sql.to_owned(), Dialect::Sqlite);
        Self {
            sql,
            dialect,
            tables,
            compared: Vec::new(),
        }
    }

    /// The texts that it asks columns to equal.
    pub fn compared(&self) -> &[Compared] {
        &self.compared
    }

    /// The columns of a table that may be read, as the catalog spells them.
    pub(crate) fn readable(&self) -> &BTreeMap<String, Vec<String>> {
        &self.tables
    }
}
