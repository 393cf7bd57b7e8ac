//! A checked statement on its own connection, within its limits.

use std::path::Path;
use std::time::Instant;

use gori_core::{Error, ErrorKind, Result, Stop};
use rusqlite::types::ValueRef;

use super::fence;
use crate::sql::{Cell, Checked, Cut, Limits, Rows};

pub(super) fn run(path: &Path, limits: Limits, checked: &Checked, stop: &Stop) -> Result<Rows> {
    let start = Instant::now();
    let mut connection = fence::open(path, Some(limits.time), stop)?;
    fence::restrict(&mut connection, checked)?;
    let explain = |error| explain(fence::error(error), limits, stop);
    let mut statement = connection.prepare(checked.sql()).map_err(explain)?;
    if !statement.readonly() {
        return Err(Error::new(ErrorKind::Refused, "the statement would write"));
    }
    let columns: Vec<String> = statement
        .column_names()
        .map(|name| name.to_owned())
        .collect();
    let width = columns.len();
    let mut answer = Rows {
        columns,
        ..Rows::default()
    };
    let mut bytes = 0;
    let mut rows = statement.query([]).map_err(explain)?;
    while let Some(row) = rows.next().map_err(explain)? {
        if answer.rows.len() >= limits.rows {
            answer.cut = Some(Cut::Rows);
            break;
        }
        let cells = (0..width)
            .map(|at| row.get_ref(at).map(cell))
            .collect::<rusqlite::Result<Vec<_>>>()
            .map_err(explain)?;
        bytes += cells.iter().map(Cell::size).sum::<usize>();
        if bytes > limits.bytes {
            answer.cut = Some(Cut::Bytes);
            break;
        }
        answer.rows.push(cells);
    }
    answer.took = start.elapsed();
    Ok(answer)
}

pub(super) fn cell(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(n) => Cell::Int(n),
        ValueRef::Real(n) => Cell::Real(n),
        ValueRef::Text(text) => Cell::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Cell::Bytes { bytes: bytes.len() },
    }
}

/// An interruption is the time limit, the caller's deadline or the caller's leaving.
fn explain(error: Error, limits: Limits, stop: &Stop) -> Error {
    match (error.kind(), stop.check()) {
        (ErrorKind::Timeout, Err(stopped)) => stopped,
        (ErrorKind::Timeout, Ok(())) => Error::new(
            ErrorKind::Timeout,
            format!("the statement ran longer than {:?}", limits.time),
        )
        .hint("narrow the question, or allow more time"),
        _ => error,
    }
}
