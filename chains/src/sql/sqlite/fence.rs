//! What SQLite itself refuses, whatever statement reaches it.
//!
//! Read-only alone lets `ATTACH` create a file and `VACUUM INTO` write a copy, and a statement
//! can take `PRAGMA query_only` back; an allow-list in the authorizer stops all of them. A time
//! limit is looked at between steps of a statement and not inside a function, so functions are
//! on a list here too.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use gori_core::{Error, ErrorKind, Result, Stop};
use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::sql::guard::allowed_function;
use crate::sql::{Checked, Dialect};

/// How many steps of SQLite's machine lie between two looks at the clock: well under a
/// millisecond.
const STEPS: i32 = 1000;

/// A read-only connection that stops when the flag is raised or the time is over.
pub(super) fn open(path: &Path, time: Option<Duration>, stop: &Stop) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(error)?;
    for (option, on) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
    ] {
        connection.set_db_config(option, on).map_err(error)?;
    }
    for (limit, most) in [
        (Limit::SQLITE_LIMIT_LENGTH, 8 << 20),
        (Limit::SQLITE_LIMIT_SQL_LENGTH, 1 << 20),
        (Limit::SQLITE_LIMIT_ATTACHED, 0),
        (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
        (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 200),
    ] {
        connection.set_limit(limit, most).map_err(error)?;
    }
    connection
        .busy_timeout(Duration::from_secs(2))
        .map_err(error)?;
    let end = time.and_then(|time| Instant::now().checked_add(time));
    let stop = stop.clone();
    let over = move || stop.is_raised() || end.is_some_and(|end| Instant::now() >= end);
    connection
        .progress_handler(STEPS, Some(over))
        .map_err(error)?;
    Ok(connection)
}

/// From here on the connection reads what the statement was checked for and nothing else.
pub(super) fn restrict(connection: &mut Connection, statement: &Checked) -> Result<()> {
    let readable: BTreeMap<String, Vec<String>> = statement
        .readable()
        .iter()
        .map(|(table, columns)| {
            let columns = columns.iter().map(|column| column.to_ascii_lowercase());
            (table.to_ascii_lowercase(), columns.collect())
        })
        .collect();
    let views = views(connection)?;
    let real = relations(connection)?;
    connection
        .authorizer(Some(move |context: AuthContext<'_>| {
            if permits(&context, &readable, &views, &real) {
                Authorization::Allow
            } else {
                Authorization::Deny
            }
        }))
        .map_err(error)
}

fn permits(
    context: &AuthContext<'_>,
    readable: &BTreeMap<String, Vec<String>>,
    views: &[String],
    real: &[String],
) -> bool {
    match context.action {
        AuthAction::Select | AuthAction::Recursive => true,
        AuthAction::Function { function_name } => allowed_function(Dialect::Sqlite, function_name),
        AuthAction::Read {
            table_name,
            column_name,
        } => {
            let table = table_name.to_ascii_lowercase();
            // What a view that may be read reads for itself.
            let through = context
                .accessor
                .map(str::to_ascii_lowercase)
                .is_some_and(|accessor| {
                    views.contains(&accessor) && readable.contains_key(&accessor)
                });
            let column = column_name.to_ascii_lowercase();
            let listed = readable.get(&table).is_some_and(|columns| {
                // Counting rows reads the column without a name.
                column.is_empty() || column == "rowid" || columns.contains(&column)
            });
            // The name of a `WITH` is reported as if it were a table, without a database.
            let made_up = context.database_name.is_none() && !real.contains(&table);
            // So is, as the statement wrote it, a table of which no column is read.
            let main = context.database_name.is_none_or(|name| name == "main");
            made_up || (main && (listed || through))
        }
        _ => false,
    }
}

fn views(connection: &Connection) -> Result<Vec<String>> {
    names(
        connection,
        "SELECT lower(name) FROM sqlite_schema WHERE type = 'view'",
    )
}

fn relations(connection: &Connection) -> Result<Vec<String>> {
    let mut all = names(
        connection,
        "SELECT lower(name) FROM sqlite_schema WHERE type IN ('table', 'view')",
    )?;
    all.extend(
        [
            "sqlite_schema",
            "sqlite_master",
            "sqlite_temp_schema",
            "sqlite_temp_master",
        ]
        .map(str::to_owned),
    );
    Ok(all)
}

fn names(connection: &Connection, sql: &str) -> Result<Vec<String>> {
    let mut statement = connection.prepare(sql).map_err(error)?;
    let rows = statement.query_map([], |row| row.get(0)).map_err(error)?;
    rows.collect::<rusqlite::Result<_>>().map_err(error)
}

/// SQLite's error as ours.
pub(super) fn error(error: rusqlite::Error) -> Error {
    let kind = match error.sqlite_error_code() {
        Some(ErrorCode::OperationInterrupted) => ErrorKind::Timeout,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => ErrorKind::Busy,
        Some(ErrorCode::AuthorizationForStatementDenied | ErrorCode::ReadOnly) => {
            ErrorKind::Refused
        }
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => ErrorKind::Corrupt,
        Some(ErrorCode::TooBig | ErrorCode::OutOfMemory) => ErrorKind::TooLarge,
        Some(ErrorCode::CannotOpen | ErrorCode::SystemIoFailure) => ErrorKind::Io,
        Some(_) => ErrorKind::InvalidInput,
        None if error.to_string().contains("prohibited") => ErrorKind::Refused,
        None => ErrorKind::InvalidInput,
    };
    let message = match &error {
        rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    };
    let kind = if message.contains("prohibited") || message.contains("not authorized") {
        ErrorKind::Refused
    } else {
        kind
    };
    Error::new(kind, message).caused_by(error)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::sql::{Limits, sqlite::run};

    const MUSIC: &str = include_str!("../../../tests/data/sql/music.sql");
    const ATTACKS: &str = include_str!("../../../tests/data/sql/attacks_sqlite.sql");

    /// The guard left out: what SQLite is told to refuse holds by itself.
    #[test]
    fn without_the_guard_no_attack_writes_or_reads_what_is_not_listed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data.sqlite");
        let secret = "CREATE TABLE secret (word TEXT); INSERT INTO secret VALUES ('hunter2')";
        let connection = Connection::open(&path).unwrap();
        connection
            .execute_batch(&format!("{MUSIC}; {secret}"))
            .unwrap();
        drop(connection);
        let before = std::fs::read(&path).unwrap();
        let track = ["trackid", "name", "genreid", "unitprice"]
            .map(str::to_owned)
            .to_vec();
        let genre = ["genreid", "name"].map(str::to_owned).to_vec();
        let tables = BTreeMap::from([("Track".to_owned(), track), ("Genre".to_owned(), genre)]);
        let limits = Limits {
            time: Duration::from_millis(100),
            ..Limits::default()
        };
        let (mut tried, mut ran) = (0, Vec::new());
        for attack in ATTACKS.lines() {
            let checked = Checked::unchecked(attack, tables.clone());
            if let Ok(rows) = run::run(&path, limits, &checked, &Stop::new()) {
                assert!(!format!("{rows:?}").contains("hunter2"), "{attack}");
                ran.push(attack);
            }
            tried += 1;
        }
        println!("{tried} attacks without the guard; harmless to SQLite: {ran:#?}");
        assert!(tried >= 200 && ran.len() < 30, "{ran:#?}");
        assert!(
            before == std::fs::read(&path).unwrap(),
            "the file is as it was"
        );
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            1,
            "no new file"
        );
    }
}
