//! Where questions go: a database that can be looked over and asked.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use gori_core::{Context, Result};

use super::{Catalog, Checked, Dialect, Rows};

/// How much a statement may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest a statement may run.
    pub time: Duration,
    /// The most rows that are read.
    pub rows: usize,
    /// The most bytes that are read, over all rows.
    pub bytes: usize,
}

impl Default for Limits {
    /// 10 seconds, 1,000 rows, 4 MiB.
    fn default() -> Self {
        Self {
            time: Duration::from_secs(10),
            rows: 1000,
            bytes: 4 << 20,
        }
    }
}

/// A database that can be looked over and asked, and never changed.
///
/// # For implementors
/// Open read-only, and hold what [`Checked`] promises again inside the database: the tables, the
/// columns, the functions. Stop at the limits. Dropping the future stops the statement.
///
/// # For callers
/// Only what a [`Guard`](super::Guard) has checked can be run, and only against the dialect it
/// was checked for.
#[async_trait]
pub trait Source: Debug + Send + Sync {
    /// The SQL it speaks.
    fn dialect(&self) -> Dialect;

    /// Tables, columns, keys, comments, and a profile of the values.
    async fn catalog(&self, cx: &Context) -> Result<Catalog>;

    /// Up to `limit` different values of a text column, for finding what a question names.
    async fn values(
        &self,
        cx: &Context,
        table: &str,
        column: &str,
        limit: usize,
    ) -> Result<Vec<String>>;

    /// Runs a checked statement.
    async fn run(&self, cx: &Context, statement: &Checked) -> Result<Rows>;
}
