//! Looking an SQLite database over: tables, columns, keys, comments, values.

use std::path::Path;

use gori_core::{Error, ErrorKind, Result, Stop};
use rusqlite::Connection;

use super::comments::{self, Comments};
use super::fence::{self, error};
use super::run::cell;
use crate::sql::profile::{self, FREQUENT, SAMPLE};
use crate::sql::{Catalog, Cell, Column, Dialect, ForeignKey, Profile, Table, TableKind};

fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

pub(super) fn catalog(path: &Path, personal: bool, stop: &Stop) -> Result<Catalog> {
    let connection = fence::open(path, None, stop)?;
    let stopped = |e: Error| stop.check().err().unwrap_or(e);
    let mut tables = Vec::new();
    for (name, kind, ddl) in listed(&connection).map_err(stopped)? {
        let mut table = describe(&connection, name, kind, &ddl).map_err(stopped)?;
        table.rows = profile_table(&connection, &mut table, personal).map_err(stopped)?;
        tables.push(table);
    }
    if tables.is_empty() {
        return Err(Error::new(
            ErrorKind::NotFound,
            "the database has no tables",
        ));
    }
    Ok(Catalog::new(Dialect::Sqlite, tables))
}

/// Tables and views with the statements that made them.
fn listed(connection: &Connection) -> Result<Vec<(String, TableKind, String)>> {
    let sql = "SELECT name, type, coalesce(sql, '') FROM sqlite_schema \
        WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";
    let mut statement = connection.prepare(sql).map_err(error)?;
    let rows = statement
        .query_map([], |row| {
            let kind = if row.get_ref(1)?.as_str()? == "view" {
                TableKind::View
            } else {
                TableKind::Table
            };
            Ok((row.get(0)?, kind, row.get(2)?))
        })
        .map_err(error)?;
    rows.collect::<rusqlite::Result<_>>().map_err(error)
}

fn describe(connection: &Connection, name: String, kind: TableKind, ddl: &str) -> Result<Table> {
    let Comments {
        table: comment,
        columns: notes,
    } = comments::read(ddl);
    let mut statement = connection
        .prepare("SELECT name, type, \"notnull\", pk FROM pragma_table_info(?1) ORDER BY cid")
        .map_err(error)?;
    let rows = statement
        .query_map([&name], |row| {
            let mut column = Column::new(row.get::<_, String>(0)?, row.get::<_, String>(1)?);
            column.nullable = !row.get::<_, bool>(2)?;
            Ok((column, row.get::<_, i64>(3)?))
        })
        .map_err(error)?;
    let (mut columns, mut key) = (Vec::new(), Vec::new());
    for row in rows {
        let (mut column, place) = row.map_err(error)?;
        column.comment = notes.get(&column.name.to_ascii_lowercase()).cloned();
        if place > 0 {
            key.push((place, column.name.clone()));
        }
        columns.push(column);
    }
    key.sort();
    Ok(Table {
        foreign_keys: foreign_keys(connection, &name)?,
        schema: None,
        name,
        kind,
        comment,
        columns,
        primary_key: key.into_iter().map(|(_, name)| name).collect(),
        rows: None,
    })
}

fn foreign_keys(connection: &Connection, table: &str) -> Result<Vec<ForeignKey>> {
    let sql =
        "SELECT id, \"table\", \"from\", \"to\" FROM pragma_foreign_key_list(?1) ORDER BY id, seq";
    let mut statement = connection.prepare(sql).map_err(error)?;
    let mut rows = statement.query([table]).map_err(error)?;
    let mut keys: Vec<(i64, ForeignKey)> = Vec::new();
    while let Some(row) = rows.next().map_err(error)? {
        let get = |at| row.get::<_, Option<String>>(at).map_err(error);
        let id: i64 = row.get(0).map_err(error)?;
        let (other, from, to) = (
            get(1)?.unwrap_or_default(),
            get(2)?.unwrap_or_default(),
            get(3)?,
        );
        match keys.last_mut().filter(|(last, _)| *last == id) {
            Some((_, key)) => {
                key.columns.push(from);
                key.to.extend(to);
            }
            None => keys.push((
                id,
                ForeignKey {
                    columns: vec![from],
                    table: other,
                    to: to.into_iter().collect(),
                },
            )),
        }
    }
    Ok(keys.into_iter().map(|(_, key)| key).collect())
}

/// Profiles every column, and gives the number of rows. A view that cannot be read, or a table
/// of an extension that is not loaded, keeps its columns without a profile.
fn profile_table(
    connection: &Connection,
    table: &mut Table,
    personal: bool,
) -> Result<Option<u64>> {
    let from = quote(&table.name);
    let count = |sql: String| connection.query_row(&sql, [], |row| row.get::<_, i64>(0));
    let rows = match count(format!("SELECT count(*) FROM {from}")) {
        Ok(rows) => rows.unsigned_abs(),
        Err(e) if e.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted) => {
            return Err(error(e));
        }
        Err(_) => return Ok(None),
    };
    for column in &mut table.columns {
        let mut profile = profile_column(connection, &from, &column.name)?;
        profile::judge(&column.name, &mut profile, personal);
        column.profile = Some(profile);
    }
    Ok(Some(rows))
}

fn profile_column(connection: &Connection, from: &str, column: &str) -> Result<Profile> {
    let sample = format!("(SELECT {} AS v FROM {from} LIMIT {SAMPLE})", quote(column));
    let sql = format!("SELECT count(*), count(v), count(DISTINCT v), min(v), max(v) FROM {sample}");
    let mut profile = connection
        .query_row(&sql, [], |row| {
            let count = |at| row.get::<_, i64>(at).map(i64::unsigned_abs);
            Ok(Profile {
                rows: count(0)?,
                nulls: count(0)?.saturating_sub(count(1)?),
                distinct: count(2)?,
                min: Some(cell(row.get_ref(3)?)).filter(|c| !c.is_null()),
                max: Some(cell(row.get_ref(4)?)).filter(|c| !c.is_null()),
                ..Profile::default()
            })
        })
        .map_err(error)?;
    let sql = format!(
        "SELECT v, count(*) AS n FROM {sample} WHERE v IS NOT NULL GROUP BY v ORDER BY n DESC, v LIMIT {FREQUENT}"
    );
    let mut statement = connection.prepare(&sql).map_err(error)?;
    let rows = statement
        .query_map([], |row| {
            Ok((cell(row.get_ref(0)?), row.get::<_, i64>(1)?.unsigned_abs()))
        })
        .map_err(error)?;
    profile.frequent = rows
        .collect::<rusqlite::Result<Vec<(Cell, u64)>>>()
        .map_err(error)?;
    Ok(profile)
}

pub(super) fn values(
    path: &Path,
    table: &str,
    column: &str,
    limit: usize,
    stop: &Stop,
) -> Result<Vec<String>> {
    let connection = fence::open(path, None, stop)?;
    let (table, column) = (quote(table), quote(column));
    let sql = format!(
        "SELECT DISTINCT {column} FROM {table} WHERE typeof({column}) = 'text' AND length({column}) <= 80 LIMIT {limit}"
    );
    let mut statement = connection.prepare(&sql).map_err(error)?;
    let rows = statement.query_map([], |row| row.get(0)).map_err(error)?;
    rows.collect::<rusqlite::Result<_>>()
        .map_err(|e| stop.check().err().unwrap_or_else(|| error(e)))
}
