//! Rows of an SQLite database.

use std::path::PathBuf;

use futures_core::stream::BoxStream;
use futures_util::stream;
use gori_core::{Error, ErrorKind, Loaded, Loader, Result, Seen, Value};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::mpsc;

use super::rows::{Cell, Columns};
use crate::pipeline::Found;
use crate::{Reader, pipeline};

/// The rows that a query gives, each a source named by the database and the row's key.
///
/// The columns of the text are joined by blank lines and read like a file, so that a column
/// may hold Markdown, HTML or even a PDF; the other columns become metadata. The database is
/// opened for reading alone, and a statement that would write is refused.
///
/// ```no_run
/// use gori_loaders::Sqlite;
///
/// let notes = Sqlite::new("app.db", "SELECT id, title, body, author FROM notes ORDER BY id")
///     .key("id")
///     .text(["title", "body"]);
/// ```
#[derive(Clone, Debug)]
pub struct Sqlite {
    path: PathBuf,
    query: String,
    columns: Columns,
    reader: Reader,
}

impl Sqlite {
    /// What a query gives. The key is the column `id` and the text the column `text`, unless
    /// others are named.
    pub fn new(path: impl Into<PathBuf>, query: impl Into<String>) -> Self {
        let path = path.into();
        Self {
            columns: Columns {
                name: path.display().to_string(),
                key: "id".to_owned(),
                text: vec!["text".to_owned()],
                media_type: None,
            },
            path,
            query: query.into(),
            reader: Reader::new(),
        }
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

    /// What stands in front of the key in the name of a source; the path by default.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.columns.name = name.to_owned();
        self
    }

    /// What the text is, such as `text/markdown`.
    #[must_use]
    pub fn media_type(mut self, media_type: &str) -> Self {
        self.columns.media_type = Some(media_type.to_owned());
        self
    }

    /// Reads the text by this reader.
    #[must_use]
    pub fn reader(mut self, reader: Reader) -> Self {
        self.reader = reader;
        self
    }
}

impl Loader for Sqlite {
    fn load<'a>(&'a self, seen: &'a dyn Seen) -> BoxStream<'a, Result<Loaded>> {
        let found = stream::unfold(start(self.clone()), |mut found| async move {
            Some((found.recv().await?, found))
        });
        pipeline::load(Box::pin(found), &self.reader, seen)
    }
}

/// Steps through the rows on a thread of its own. Few rows wait, whatever the query gives.
fn start(sqlite: Sqlite) -> mpsc::Receiver<Result<Found>> {
    let (sender, receiver) = mpsc::channel(16);
    let own = sender.clone();
    let thread = std::thread::Builder::new().name("gori-sqlite".to_owned());
    let spawned = thread.spawn(move || {
        if let Err(error) = rows(&sqlite, &own) {
            let _ = own.blocking_send(Err(error));
        }
    });
    if let Err(error) = spawned {
        let _ = sender.try_send(Err(Error::io("a thread to read a database with", error)));
    }
    receiver
}

fn rows(sqlite: &Sqlite, sender: &mpsc::Sender<Result<Found>>) -> Result<()> {
    // Rows may be missing: these are errors of the whole, without a subject.
    let failed = |error: rusqlite::Error| {
        let what = format!("{}: {error}", sqlite.path.display());
        let kind = match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::CannotOpen) => ErrorKind::NotFound,
            Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => {
                ErrorKind::Busy
            }
            Some(rusqlite::ErrorCode::NotADatabase | rusqlite::ErrorCode::DatabaseCorrupt) => {
                ErrorKind::Corrupt
            }
            _ => ErrorKind::InvalidInput,
        };
        Error::new(kind, what).caused_by(error)
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&sqlite.path, flags).map_err(failed)?;
    // A schema may hold triggers and views with functions of their own: they are not trusted.
    connection
        .pragma_update(None, "trusted_schema", false)
        .map_err(failed)?;
    connection
        .pragma_update(None, "query_only", true)
        .map_err(failed)?;
    let mut statement = connection.prepare(&sqlite.query).map_err(failed)?;
    if !statement.readonly() {
        return Err(
            Error::new(ErrorKind::Refused, "a statement that writes").hint("pass a single SELECT")
        );
    }
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    sqlite.columns.check(&names)?;
    let mut rows = statement.query([]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let mut cells = Vec::with_capacity(names.len());
        for (column, name) in names.iter().enumerate() {
            cells.push((name.clone(), cell(row.get_ref(column).map_err(failed)?)));
        }
        if sender.blocking_send(sqlite.columns.source(cells)).is_err() {
            return Ok(());
        }
    }
    Ok(())
}

fn cell(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(int) => Cell::Value(int.into()),
        ValueRef::Real(float) if float.is_finite() => Cell::Value(float.into()),
        ValueRef::Real(_) => Cell::Null,
        ValueRef::Text(text) => Cell::Value(Value::Str(String::from_utf8_lossy(text).into_owned())),
        ValueRef::Blob(bytes) => Cell::Bytes(bytes.to_vec()),
    }
}
