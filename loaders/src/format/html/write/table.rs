//! Tables: those that hold data become Markdown tables, those that hold a layout are read as
//! text.

use crate::format::html::dom::{Document, Id};

/// Columns above which a table is read as text.
const MAX_COLUMNS: usize = 64;

/// Whether a table holds data: two columns or more, no table or block inside of its cells.
pub(super) fn is_data(document: &Document, table: Id) -> bool {
    let nested = document.descendants(table).skip(1).any(|id| {
        matches!(
            document.name(id),
            Some("table" | "ul" | "ol" | "pre" | "blockquote" | "h1" | "h2" | "h3" | "form")
        )
    });
    // The nested table is looked for first, so that the rows of tables within tables are not
    // counted once a level.
    if nested {
        return false;
    }
    let columns = rows_of(document, table).map(|row| cells(document, row).count());
    (2..=MAX_COLUMNS).contains(&columns.max().unwrap_or_default())
}

/// The rows of a table as lines of Markdown, the line below the header included.
pub(super) fn rows(document: &Document, table: Id) -> Vec<String> {
    let rows: Vec<Vec<String>> = rows_of(document, table)
        .map(|row| {
            cells(document, row)
                .map(|cell| document.text(cell).replace('|', "\\|"))
                .collect::<Vec<_>>()
        })
        .filter(|row: &Vec<String>| row.iter().any(|cell| !cell.is_empty()))
        .collect();
    let width = rows.iter().map(Vec::len).max().unwrap_or_default();
    let mut lines = Vec::with_capacity(rows.len() + 1);
    for (number, mut row) in rows.into_iter().enumerate() {
        row.resize(width, String::new());
        lines.push(format!("| {} |", row.join(" | ")));
        if number == 0 {
            lines.push(format!("|{}", " --- |".repeat(width)));
        }
    }
    lines
}

fn rows_of(document: &Document, table: Id) -> impl Iterator<Item = Id> {
    document
        .descendants(table)
        .filter(|id| document.name(*id) == Some("tr"))
}

fn cells(document: &Document, row: Id) -> impl Iterator<Item = Id> {
    document
        .children(row)
        .filter(|id| matches!(document.name(*id), Some("td" | "th")))
}
