//! SQLite as a source of questions.

mod comments;
mod fence;
mod look;
mod run;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use gori_core::{Context, Error, ErrorKind, Result, ResultExt as _, Stop};

use super::{Catalog, Checked, Dialect, Limits, Rows, Source};

/// An SQLite database file, opened read-only anew for each statement, so that nothing a
/// statement does to its connection outlives it.
///
/// ```no_run
/// use gori_chains::sql::{Draft, Guard, Source as _, Sqlite};
/// use gori_core::Context;
///
/// # async fn run() -> gori_core::Result<()> {
/// let source = Sqlite::open("shop.sqlite")?;
/// let cx = Context::new();
/// let guard = Guard::new(source.catalog(&cx).await?);
/// let checked = guard.check(&Draft::new("SELECT count(*) FROM orders"))?;
/// println!("{:?}", source.run(&cx, &checked).await?.rows);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Sqlite {
    path: Arc<Path>,
    limits: Limits,
    personal: bool,
}

impl Sqlite {
    /// The database in this file.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is no such file; nothing is ever created.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        // An absolute path is never taken for `:memory:` or an address.
        let real = path
            .canonicalize()
            .map_err(|e| Error::io(path.display(), e))?;
        if !real.is_file() {
            return Err(Error::invalid("it is not a file").about(path.display()));
        }
        Ok(Self {
            path: real.into(),
            limits: Limits::default(),
            personal: false,
        })
    }

    /// Makes a new database file from a script, for trials and tests. The script is run as it
    /// is: it must be one's own.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] when there is a file already or the script fails.
    pub fn create(path: impl Into<PathBuf>, script: &str) -> Result<Self> {
        let path = path.into();
        let wrong = |what: String| Error::invalid(what).about(path.display());
        if path.exists() {
            return Err(wrong("there is a file already".to_owned()));
        }
        let said = |e: rusqlite::Error| wrong(e.to_string());
        let connection = rusqlite::Connection::open(&path).map_err(said)?;
        connection
            .execute_batch(&format!("BEGIN;\n{script}\nCOMMIT;"))
            .map_err(said)?;
        connection.close().map_err(|(_, e)| said(e))?;
        Self::open(path)
    }

    /// With these limits for a statement.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Lets profiles and values hold personal data, which they leave out by default.
    #[must_use]
    pub fn allow_personal(mut self, allow: bool) -> Self {
        self.personal = allow;
        self
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs work that blocks, which learns by the flag that nobody waits any more.
    async fn blocking<T: Send + 'static>(
        &self,
        cx: &Context,
        work: impl FnOnce(&Self, &Stop) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        cx.check()?;
        let guard = cx.stop_on_drop();
        let (this, stop) = (self.clone(), guard.stop());
        tokio::task::spawn_blocking(move || work(&this, &stop))
            .await
            .map_err(|error| {
                Error::new(ErrorKind::Internal, "the SQLite thread failed").caused_by(error)
            })?
            .about(self.path.display())
    }
}

#[async_trait]
impl Source for Sqlite {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    async fn catalog(&self, cx: &Context) -> Result<Catalog> {
        self.blocking(cx, |this, stop| {
            look::catalog(&this.path, this.personal, stop)
        })
        .await
    }

    async fn values(
        &self,
        cx: &Context,
        table: &str,
        column: &str,
        limit: usize,
    ) -> Result<Vec<String>> {
        let (table, column) = (table.to_owned(), column.to_owned());
        self.blocking(cx, move |this, stop| {
            look::values(&this.path, &table, &column, limit, stop)
        })
        .await
    }

    async fn run(&self, cx: &Context, statement: &Checked) -> Result<Rows> {
        if statement.dialect() != Dialect::Sqlite {
            return Err(Error::invalid(format!(
                "the statement was checked as {}, not as SQLite",
                statement.dialect()
            )));
        }
        let statement = statement.clone();
        self.blocking(cx, move |this, stop| {
            run::run(&this.path, this.limits, &statement, stop)
        })
        .await
    }
}
