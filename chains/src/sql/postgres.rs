//! PostgreSQL as a source of questions.
//!
//! The guard is one fence; these are the others: a transaction that is read-only and rolled
//! back, limits of time for the statement and for waiting on locks, a pinned search path, the
//! extended protocol, which takes one statement at a time. A read-only transaction does not
//! stop functions that read files or sleep: connect as a role that may do nothing but read the
//! tables asked about.

mod look;
mod run;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use gori_core::{Context, Error, ErrorKind, Result, ResultExt as _};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, NoTls};

use super::{Catalog, Checked, Dialect, Limits, Rows, Source};

/// The longest a statement waits for a lock.
const LOCK: Duration = Duration::from_secs(2);

/// A PostgreSQL database, one connection a call. Connections are not encrypted: reach a server
/// elsewhere through a tunnel.
#[derive(Clone)]
pub struct Postgres {
    config: Arc<Config>,
    schema: Arc<str>,
    limits: Limits,
    personal: bool,
}

impl std::fmt::Debug for Postgres {
    /// Without the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Postgres")
            .field("database", &self.config.get_dbname())
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}

impl Postgres {
    /// The database at an address such as `postgres://reader@127.0.0.1:5432/shop`, schema
    /// `public`. Nothing is connected yet.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] when it is no such address.
    pub fn at(address: &str) -> Result<Self> {
        let mut config: Config = address.parse().map_err(|_| {
            Error::invalid("it is no address of a PostgreSQL database")
                .hint("write postgres://user@host:port/database")
        })?;
        config.application_name("gori");
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_secs(10));
        }
        Ok(Self {
            config: Arc::new(config),
            schema: "public".into(),
            limits: Limits::default(),
            personal: false,
        })
    }

    /// The tables of this schema instead of `public`.
    #[must_use]
    pub fn schema(mut self, schema: &str) -> Self {
        self.schema = schema.into();
        self
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

    /// Connects, begins a fenced transaction and does the work in it. The connection is driven
    /// beside the work in this future: dropping it closes the connection.
    async fn fenced<T, F, Fut>(&self, cx: &Context, work: F) -> Result<T>
    where
        F: FnOnce(Client) -> Fut + Send,
        Fut: Future<Output = Result<T>> + Send,
        T: Send,
    {
        cx.check()?;
        let all = async {
            let (client, connection) = self.config.connect(NoTls).await.map_err(error)?;
            let work = async {
                client.batch_execute(&self.fence(cx)).await.map_err(error)?;
                work(client).await
            };
            tokio::select! {
                result = work => result,
                ended = connection => Err(match ended {
                    Err(e) => error(e),
                    Ok(()) => Error::new(ErrorKind::Network, "the server closed the connection"),
                }),
            }
        };
        let end = cx
            .remaining()
            .unwrap_or(Duration::MAX)
            .min(self.limits.time * 2 + LOCK + Duration::from_secs(10));
        tokio::time::timeout(end, all)
            .await
            .map_err(|_| Error::new(ErrorKind::Timeout, "the database did not answer in time"))?
            .about(format_args!(
                "database {}",
                self.config.get_dbname().unwrap_or("(default)")
            ))
    }

    fn fence(&self, cx: &Context) -> String {
        let time = self
            .limits
            .time
            .min(cx.remaining().unwrap_or(Duration::MAX));
        format!(
            "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY; \
             SET LOCAL statement_timeout = {}; SET LOCAL lock_timeout = {}; \
             SET LOCAL idle_in_transaction_session_timeout = 60000; \
             SET LOCAL search_path = pg_catalog, {}; SET LOCAL standard_conforming_strings = on; \
             SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL bytea_output = 'hex'",
            time.as_millis().max(1),
            LOCK.as_millis(),
            quote(&self.schema)
        )
    }
}

fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[async_trait]
impl Source for Postgres {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    async fn catalog(&self, cx: &Context) -> Result<Catalog> {
        self.fenced(cx, |client| async move {
            look::catalog(&client, &self.schema, self.personal).await
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
        self.fenced(cx, |client| async move {
            look::values(&client, &self.schema, table, column, limit).await
        })
        .await
    }

    async fn run(&self, cx: &Context, statement: &Checked) -> Result<Rows> {
        if statement.dialect() != Dialect::Postgres {
            return Err(Error::invalid(format!(
                "the statement was checked as {}, not as PostgreSQL",
                statement.dialect()
            )));
        }
        self.fenced(cx, |client| async move {
            run::run(&client, statement, self.limits).await
        })
        .await
    }
}

/// The database's error as ours, with its hint. The address is never in it.
fn error(error: tokio_postgres::Error) -> Error {
    let Some(db) = error.as_db_error() else {
        let kind = if error.is_closed() {
            ErrorKind::Network
        } else {
            ErrorKind::Unavailable
        };
        return Error::new(kind, error.to_string()).caused_by(error);
    };
    let code = db.code();
    let kind = if *code == SqlState::QUERY_CANCELED {
        ErrorKind::Timeout
    } else if *code == SqlState::LOCK_NOT_AVAILABLE {
        ErrorKind::Busy
    } else if *code == SqlState::READ_ONLY_SQL_TRANSACTION
        || *code == SqlState::INSUFFICIENT_PRIVILEGE
    {
        ErrorKind::Refused
    } else if code.code().starts_with("28") {
        ErrorKind::Unauthorized
    } else if code.code().starts_with("53") || code.code().starts_with("54") {
        ErrorKind::TooLarge
    } else {
        ErrorKind::InvalidInput
    };
    let mut ours = Error::new(kind, db.message().to_owned());
    if let Some(hint) = db.hint() {
        ours = ours.hint(hint.to_owned());
    }
    ours.caused_by(error)
}
