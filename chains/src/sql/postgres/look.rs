//! Looking a PostgreSQL schema over: tables, columns, keys, comments, values.

use gori_core::{Error, ErrorKind, Result};
use tokio_postgres::Client;
use tokio_postgres::types::Type;

use super::run::cell;
use super::{error, quote};
use crate::sql::profile::{self, FREQUENT, SAMPLE};
use crate::sql::{Catalog, Cell, Column, Dialect, ForeignKey, Kind, Profile, Table, TableKind};

const TABLES: &str = "SELECT c.oid::bigint, c.relname::text, c.relkind IN ('v', 'm'), obj_description(c.oid, 'pg_class') \
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
    WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND has_table_privilege(c.oid, 'SELECT') ORDER BY c.relname";
const COLUMNS: &str = "SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull, col_description(a.attrelid, a.attnum) \
    FROM pg_attribute a WHERE a.attrelid = $1::bigint::oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";
const KEYS: &str = "SELECT k.contype = 'p', \
    (SELECT array_agg(a.attname::text ORDER BY u.n) FROM unnest(k.conkey) WITH ORDINALITY u(c, n) JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.c), \
    coalesce(o.relname::text, ''), \
    (SELECT array_agg(a.attname::text ORDER BY u.n) FROM unnest(k.confkey) WITH ORDINALITY u(c, n) JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.c) \
    FROM pg_constraint k LEFT JOIN pg_class o ON o.oid = k.confrelid WHERE k.conrelid = $1::bigint::oid AND k.contype IN ('p', 'f') ORDER BY k.conname";

pub(super) async fn catalog(client: &Client, schema: &str, personal: bool) -> Result<Catalog> {
    let mut tables = Vec::new();
    for row in client.query(TABLES, &[&schema]).await.map_err(error)? {
        let id: i64 = row.try_get(0).map_err(error)?;
        let view: bool = row.try_get(2).map_err(error)?;
        let mut table = Table {
            schema: Some(schema.to_owned()),
            name: row.try_get(1).map_err(error)?,
            kind: if view {
                TableKind::View
            } else {
                TableKind::Table
            },
            comment: row.try_get(3).map_err(error)?,
            ..Table::default()
        };
        columns(client, id, &mut table).await?;
        keys(client, id, &mut table).await?;
        profile_table(client, schema, &mut table, personal).await?;
        tables.push(table);
    }
    if tables.is_empty() {
        return Err(Error::new(
            ErrorKind::NotFound,
            format!("the schema {schema} has no tables that this role may read"),
        ));
    }
    Ok(Catalog::new(Dialect::Postgres, tables))
}

async fn columns(client: &Client, id: i64, table: &mut Table) -> Result<()> {
    for row in client.query(COLUMNS, &[&id]).await.map_err(error)? {
        let (name, declared): (String, String) = (
            row.try_get(0).map_err(error)?,
            row.try_get(1).map_err(error)?,
        );
        let mut column = Column::new(name, declared);
        column.nullable = row.try_get(2).map_err(error)?;
        column.comment = row.try_get(3).map_err(error)?;
        table.columns.push(column);
    }
    Ok(())
}

async fn keys(client: &Client, id: i64, table: &mut Table) -> Result<()> {
    for row in client.query(KEYS, &[&id]).await.map_err(error)? {
        let columns: Vec<String> = row.try_get(1).map_err(error)?;
        if row.try_get(0).map_err(error)? {
            table.primary_key = columns;
        } else {
            let to: Option<Vec<String>> = row.try_get(3).map_err(error)?;
            table.foreign_keys.push(ForeignKey {
                columns,
                table: row.try_get(2).map_err(error)?,
                to: to.unwrap_or_default(),
            });
        }
    }
    Ok(())
}

async fn profile_table(
    client: &Client,
    schema: &str,
    table: &mut Table,
    personal: bool,
) -> Result<()> {
    let from = format!("{}.{}", quote(schema), quote(&table.name));
    let rows = client
        .query_one(&format!("SELECT count(*) FROM {from}"), &[])
        .await
        .map_err(error)?;
    table.rows = Some(rows.try_get::<_, i64>(0).map_err(error)?.unsigned_abs());
    for column in &mut table.columns {
        let mut profile = profile_column(client, &from, column).await?;
        profile::judge(&column.name, &mut profile, personal);
        column.profile = Some(profile);
    }
    Ok(())
}

/// The type as which values that are text are read.
fn read_as(kind: Kind) -> Type {
    match kind {
        Kind::Int => Type::INT8,
        Kind::Real => Type::FLOAT8,
        Kind::Decimal => Type::NUMERIC,
        Kind::Bool => Type::BOOL,
        _ => Type::TEXT,
    }
}

async fn profile_column(client: &Client, from: &str, column: &Column) -> Result<Profile> {
    if column.kind == Kind::Bytes {
        return Ok(Profile::default());
    }
    let kind = read_as(column.kind);
    let name = quote(&column.name);
    let sample = format!("(SELECT {name} AS v FROM {from} LIMIT {SAMPLE}) AS sample");
    // Numbers and times have an order of their own; the rest is ordered as text.
    let ordered = if column.kind.is_number() || column.kind == Kind::Time {
        "v"
    } else {
        "v::text"
    };
    let sql = format!(
        "SELECT count(*), count(v), count(DISTINCT v::text), min({ordered})::text, max({ordered})::text FROM {sample}"
    );
    let row = client.query_one(&sql, &[]).await.map_err(error)?;
    let count = |at| {
        row.try_get::<_, i64>(at)
            .map(i64::unsigned_abs)
            .map_err(error)
    };
    let bound = |at| {
        row.try_get(at)
            .map(|text| Some(cell(text, &kind)).filter(|c| !c.is_null()))
            .map_err(error)
    };
    let (rows, values) = (count(0)?, count(1)?);
    let mut profile = Profile {
        rows,
        nulls: rows.saturating_sub(values),
        distinct: count(2)?,
        min: bound(3)?,
        max: bound(4)?,
        ..Profile::default()
    };
    let sql = format!(
        "SELECT v::text, count(*) FROM {sample} WHERE v IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {FREQUENT}"
    );
    for row in client.query(&sql, &[]).await.map_err(error)? {
        let times: i64 = row.try_get(1).map_err(error)?;
        let value: Cell = cell(row.try_get(0).map_err(error)?, &kind);
        profile.frequent.push((value, times.unsigned_abs()));
    }
    Ok(profile)
}

pub(super) async fn values(
    client: &Client,
    schema: &str,
    table: &str,
    column: &str,
    limit: usize,
) -> Result<Vec<String>> {
    let column = quote(column);
    let sql = format!(
        "SELECT DISTINCT {column}::text FROM {}.{} WHERE {column} IS NOT NULL AND length({column}::text) <= 80 LIMIT {limit}",
        quote(schema),
        quote(table)
    );
    let rows = client.query(&sql, &[]).await.map_err(error)?;
    rows.iter()
        .map(|row| row.try_get(0).map_err(error))
        .collect()
}
