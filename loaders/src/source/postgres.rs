//! Rows of a Postgres database.

use std::pin::pin;
use std::sync::Arc;

use futures_core::stream::BoxStream;
use futures_util::future::{Either, ready, select};
use futures_util::{StreamExt as _, stream};
use gori_core::{Error, ErrorKind, Loaded, Loader, Result, Seen, Value};
use tokio::sync::mpsc;
use tokio_postgres::{Client, Config, NoTls};

use super::rows::{Cell, Columns};
use crate::pipeline::Found;
use crate::{Reader, pipeline};

/// The rows that a query gives, each a source named by the row's key, as for
/// [`Sqlite`](crate::Sqlite).
///
/// The query runs in a read-only transaction and comes row by row. The connection is not
/// encrypted: reach a server over a network that is trusted, a socket or a tunnel. Needs a
/// tokio runtime.
///
/// ```
/// use gori_loaders::Postgres;
///
/// let server = "host=/run/postgresql user=reader dbname=app";
/// let notes = Postgres::new(server, "SELECT id, body FROM notes ORDER BY id", "notes")?
///     .text(["body"]);
/// # Ok::<(), gori_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Postgres {
    config: Arc<Config>,
    query: String,
    columns: Columns,
    timeout_ms: u64,
    reader: Reader,
}

/// The password is not shown.
impl std::fmt::Debug for Postgres {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Postgres")
            .field("query", &self.query)
            .field("columns", &self.columns)
            .finish_non_exhaustive()
    }
}

impl Postgres {
    /// What a query gives, on a server as libpq names it. `name` stands in front of the keys
    /// in the names of the sources. The key is the column `id` and the text the column
    /// `text`, unless others are named.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] when the server cannot be named so.
    pub fn new(server: &str, query: impl Into<String>, name: &str) -> Result<Self> {
        // The text may hold a password: it is no part of the error.
        let config: Config = server.parse().map_err(|_| {
            Error::invalid("no connection string of Postgres")
                .hint("write it as `host=… user=… dbname=…` or `postgres://…`")
        })?;
        Ok(Self {
            config: Arc::new(config),
            query: query.into(),
            columns: Columns {
                name: name.to_owned(),
                key: "id".to_owned(),
                text: vec!["text".to_owned()],
                media_type: None,
            },
            timeout_ms: 10 * 60 * 1000,
            reader: Reader::new(),
        })
    }

    /// The column that tells a row from all others, and stays when the row changes.
    #[must_use]
    pub fn key(mut self, column: &str) -> Self {
        self.columns.key = column.to_owned();
        self
    }

    /// The columns of the text, in their order.
    #[must_use]
    pub fn text(mut self, columns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.columns.text = columns.into_iter().map(Into::into).collect();
        self
    }

    /// What the text is, such as `text/markdown`.
    #[must_use]
    pub fn media_type(mut self, media_type: &str) -> Self {
        self.columns.media_type = Some(media_type.to_owned());
        self
    }

    /// Milliseconds after which the server gives the statement up. Ten minutes.
    #[must_use]
    pub fn timeout_ms(mut self, milliseconds: u64) -> Self {
        self.timeout_ms = milliseconds;
        self
    }

    /// Reads the text by this reader.
    #[must_use]
    pub fn reader(mut self, reader: Reader) -> Self {
        self.reader = reader;
        self
    }

    /// Connects and hands on all rows. Rows may be missing after an error, so these have no
    /// subject.
    async fn all(&self, sender: &mpsc::Sender<Result<Found>>) -> Result<()> {
        let (client, connection) = self.config.connect(NoTls).await.map_err(failed)?;
        let (rows, connection) = (pin!(self.rows(client, sender)), pin!(connection));
        match select(rows, connection).await {
            Either::Left((result, _)) => result,
            Either::Right((Err(error), _)) => Err(failed(error)),
            Either::Right((Ok(()), _)) => Err(Error::new(
                ErrorKind::Unavailable,
                "the server closed the connection",
            )),
        }
    }

    async fn rows(&self, client: Client, sender: &mpsc::Sender<Result<Found>>) -> Result<()> {
        let settings = format!(
            "BEGIN TRANSACTION READ ONLY; SET LOCAL statement_timeout = {}",
            self.timeout_ms
        );
        client.batch_execute(&settings).await.map_err(failed)?;
        // Each row as JSON: the server knows how to write every type that it has.
        let query = format!(
            "SELECT row_to_json(gori_row)::text FROM ({}\n) AS gori_row",
            self.query.trim().trim_end_matches(';')
        );
        let no_parameters: [&str; 0] = [];
        let rows = client.query_raw(query.as_str(), no_parameters);
        let mut rows = pin!(rows.await.map_err(failed)?);
        let mut first = true;
        while let Some(row) = rows.next().await {
            let row = row.map_err(failed)?;
            let json: &str = row.try_get(0).map_err(failed)?;
            let fields: serde_json::Map<String, serde_json::Value> = serde_json::from_str(json)
                .map_err(|error| {
                    Error::new(
                        ErrorKind::Protocol,
                        format!("a row that is no JSON: {error}"),
                    )
                })?;
            if std::mem::take(&mut first) {
                let names: Vec<String> = fields.keys().cloned().collect();
                self.columns.check(&names)?;
            }
            let cells = fields.into_iter().map(|(name, value)| (name, cell(value)));
            if sender
                .send(self.columns.source(cells.collect()))
                .await
                .is_err()
            {
                break;
            }
        }
        Ok(())
    }
}

impl Loader for Postgres {
    fn load<'a>(&'a self, seen: &'a dyn Seen) -> BoxStream<'a, Result<Loaded>> {
        let (sender, receiver) = mpsc::channel(16);
        let rows = stream::unfold(receiver, |mut rows| async move {
            Some((rows.recv().await?, rows))
        });
        // The work is a part of the stream and ends with it; nothing is spawned.
        let work = stream::once(async move {
            if let Err(error) = self.all(&sender).await {
                let _ = sender.send(Err(error)).await;
            }
        });
        let found = stream::select(rows, work.filter_map(|()| ready(None)));
        pipeline::load(Box::pin(found), &self.reader, seen)
    }
}

/// What a column of JSON holds; what has no value of metadata is kept as text.
fn cell(value: serde_json::Value) -> Cell {
    match value {
        serde_json::Value::Null => Cell::Null,
        serde_json::Value::String(text) => Cell::Value(text.into()),
        other => match serde_json::from_value::<Value>(other.clone()) {
            Ok(value) => Cell::Value(value),
            Err(_) => Cell::Value(other.to_string().into()),
        },
    }
}

fn failed(error: tokio_postgres::Error) -> Error {
    let Some(said) = error.as_db_error() else {
        return Error::new(ErrorKind::Network, "Postgres cannot be reached").caused_by(error);
    };
    let kind = match said.code().code() {
        "25006" => ErrorKind::Refused,
        "57014" => ErrorKind::Timeout,
        code if code.starts_with("28") => ErrorKind::Unauthorized,
        code if code.starts_with("42") => ErrorKind::InvalidInput,
        code if code.starts_with("53") || code.starts_with("57") => ErrorKind::Unavailable,
        _ => ErrorKind::Io,
    };
    Error::new(kind, format!("Postgres says: {}", said.message()))
}
