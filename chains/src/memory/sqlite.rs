//! Conversations in an SQLite file.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use gori_core::{Error, ErrorKind, Message, Result};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use super::history::{History, Transcript, overtaken};

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS gori_message (
    session TEXT NOT NULL, n INTEGER NOT NULL, message TEXT NOT NULL, PRIMARY KEY (session, n)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS gori_summary (
    session TEXT NOT NULL PRIMARY KEY, folded INTEGER NOT NULL, summary TEXT NOT NULL
) WITHOUT ROWID;
";

/// How long a writer waits for another process.
const WAIT: Duration = Duration::from_secs(10);

/// Conversations in an SQLite file, which processes may share. Clones share the connection.
///
/// What was appended is on the disk when the call returns. Messages that were folded into a
/// summary stay in the file.
#[derive(Clone, Debug)]
pub struct Sqlite {
    connection: Arc<Mutex<Connection>>,
}

impl Sqlite {
    /// Opens a file, which is made where it does not exist. Its tables begin with `gori_`, so it
    /// may hold others too.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] where it cannot be opened, [`ErrorKind::Corrupt`] where it is no such file.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let open = || -> rusqlite::Result<Connection> {
            let connection = Connection::open(path)?;
            connection.busy_timeout(WAIT)?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.execute_batch(TABLES)?;
            Ok(connection)
        };
        let connection = open().map_err(|e| failed(e).about(path.display()))?;
        Ok(Self {
            connection: Arc::new(Mutex::new(connection)),
        })
    }

    /// Runs on a thread that may block. Where nobody waits any more it still ends, as a
    /// transaction or not at all.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let connection = Arc::clone(&self.connection);
        let work = move || work(&mut connection.lock().unwrap_or_else(PoisonError::into_inner));
        tokio::task::spawn_blocking(work).await.map_err(|e| {
            Error::new(ErrorKind::Internal, "the thread of the history ended").caused_by(e)
        })?
    }
}

fn failed(error: rusqlite::Error) -> Error {
    use rusqlite::ErrorCode;
    let kind = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => ErrorKind::Busy,
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => ErrorKind::Corrupt,
        Some(ErrorCode::ReadOnly) => ErrorKind::ReadOnly,
        Some(_) => ErrorKind::Io,
        None => ErrorKind::Internal,
    };
    Error::new(kind, format!("the history's file: {error}")).caused_by(error)
}

fn unreadable(error: serde_json::Error) -> Error {
    Error::new(ErrorKind::Corrupt, "a stored message cannot be read").caused_by(error)
}

/// SQLite counts in 64 signed bits, which no conversation fills.
fn number(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

#[async_trait]
impl History for Sqlite {
    async fn append(&self, session: &str, messages: &[Message]) -> Result<()> {
        let session = session.to_owned();
        let rows = messages.iter().map(serde_json::to_string);
        let rows: Vec<String> = rows.collect::<std::result::Result<_, _>>().map_err(|e| {
            Error::new(ErrorKind::Internal, "a message cannot be written").caused_by(e)
        })?;
        self.run(move |connection| {
            let mut add = || {
                let transaction =
                    connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
                let next: i64 = transaction.query_row(
                    "SELECT COALESCE(MAX(n) + 1, 0) FROM gori_message WHERE session = ?1",
                    [&session],
                    |row| row.get(0),
                )?;
                for (n, row) in (next..).zip(&rows) {
                    transaction.execute(
                        "INSERT INTO gori_message (session, n, message) VALUES (?1, ?2, ?3)",
                        params![session, n, row],
                    )?;
                }
                transaction.commit()
            };
            add().map_err(failed)
        })
        .await
    }

    async fn load(&self, session: &str) -> Result<Transcript> {
        let session = session.to_owned();
        self.run(move |connection| {
            // One transaction, so that the summary and the messages are of the same moment.
            let read = connection.transaction().map_err(failed)?;
            let summary: Option<(i64, String)> = read
                .query_row(
                    "SELECT folded, summary FROM gori_summary WHERE session = ?1",
                    [&session],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )
                .optional()
                .map_err(failed)?;
            let folded = summary.as_ref().map_or(0, |(folded, _)| *folded);
            let mut rows = read
                .prepare(
                    "SELECT message FROM gori_message WHERE session = ?1 AND n >= ?2 ORDER BY n",
                )
                .map_err(failed)?;
            let rows = rows
                .query_map(params![session, folded], |row| row.get::<_, String>(0))
                .map_err(failed)?;
            let message = |row: rusqlite::Result<String>| {
                serde_json::from_str(&row.map_err(failed)?).map_err(unreadable)
            };
            Ok(Transcript {
                messages: rows.map(message).collect::<Result<_>>()?,
                folded: usize::try_from(folded).unwrap_or(0),
                summary: summary.map(|(_, text)| text),
            })
        })
        .await
    }

    async fn fold(&self, session: &str, before: usize, folded: usize, summary: &str) -> Result<()> {
        let (session, summary) = (session.to_owned(), summary.to_owned());
        self.run(move |connection| {
            let changed = connection
                .execute(
                    "INSERT INTO gori_summary (session, folded, summary)
                     SELECT ?1, ?2, ?3 WHERE ?4 = COALESCE((SELECT folded FROM gori_summary WHERE session = ?1), 0)
                     ON CONFLICT (session) DO UPDATE SET folded = ?2, summary = ?3",
                    params![session, number(folded), summary, number(before)],
                )
                .map_err(failed)?;
            if changed == 0 { Err(overtaken(&session)) } else { Ok(()) }
        })
        .await
    }

    async fn forget(&self, session: &str) -> Result<()> {
        let session = session.to_owned();
        self.run(move |connection| {
            let mut remove = || {
                let transaction =
                    connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
                transaction.execute("DELETE FROM gori_message WHERE session = ?1", [&session])?;
                transaction.execute("DELETE FROM gori_summary WHERE session = ?1", [&session])?;
                transaction.commit()
            };
            remove().map_err(failed)
        })
        .await
    }
}
