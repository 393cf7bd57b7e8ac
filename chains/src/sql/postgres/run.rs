//! A checked statement in a fenced transaction.

use std::pin::pin;
use std::time::Instant;

use futures_util::TryStreamExt as _;
use gori_core::Result;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};

use super::error;
use crate::sql::{Cell, Checked, Cut, Limits, Rows};

/// Every column is asked for as text, so that exact decimals, dates and types that this crate
/// does not know arrive whole; numbers and truth values are read from it.
pub(super) async fn run(client: &Client, checked: &Checked, limits: Limits) -> Result<Rows> {
    let start = Instant::now();
    let plain = client.prepare(checked.sql()).await.map_err(error)?;
    let types: Vec<Type> = plain
        .columns()
        .iter()
        .map(|column| column.type_().clone())
        .collect();
    let columns: Vec<String> = plain
        .columns()
        .iter()
        .map(|column| column.name().to_owned())
        .collect();
    let mut answer = Rows {
        columns,
        ..Rows::default()
    };
    if types.is_empty() {
        return Ok(answer);
    }
    let names: Vec<String> = (0..types.len()).map(|n| format!("c{n}")).collect();
    let texts: Vec<String> = names.iter().map(|name| format!("{name}::text")).collect();
    let wrapped = format!(
        "SELECT {} FROM ({}) AS answer({})",
        texts.join(", "),
        checked.sql(),
        names.join(", ")
    );
    let statement = client.prepare(&wrapped).await.map_err(error)?;
    let none: [&str; 0] = [];
    let mut rows = pin!(client.query_raw(&statement, none).await.map_err(error)?);
    let mut bytes = 0;
    while let Some(row) = rows.try_next().await.map_err(error)? {
        if answer.rows.len() >= limits.rows {
            answer.cut = Some(Cut::Rows);
            break;
        }
        let cells = cells(&row, &types)?;
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

fn cells(row: &Row, types: &[Type]) -> Result<Vec<Cell>> {
    let cell = |(at, kind): (usize, &Type)| Ok(cell(row.try_get(at).map_err(error)?, kind));
    types.iter().enumerate().map(cell).collect()
}

pub(super) fn cell(text: Option<String>, kind: &Type) -> Cell {
    let Some(text) = text else { return Cell::Null };
    match *kind {
        Type::BOOL => Cell::Bool(text == "true" || text == "t"),
        Type::INT2 | Type::INT4 | Type::INT8 | Type::OID => {
            text.parse().map_or(Cell::Text(text), Cell::Int)
        }
        Type::FLOAT4 | Type::FLOAT8 => text.parse().map_or(Cell::Text(text), Cell::Real),
        // A decimal that a float holds to all its digits is a number; a longer one stays text.
        Type::NUMERIC if text.len() <= 15 => text.parse().map_or(Cell::Text(text), Cell::Real),
        Type::BYTEA => Cell::Bytes {
            bytes: text.len().saturating_sub(2) / 2,
        },
        _ => Cell::Text(text),
    }
}
