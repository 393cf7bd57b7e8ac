//! Types a value may be cast to.

use sqlparser::ast::DataType;

/// Types of plain values. Left out are types whose input reads catalogs (`regclass`) or
/// builds something large (`xml`).
const ALLOWED: &[&str] = &[
    "bigint",
    "bool",
    "boolean",
    "blob",
    "bytea",
    "char",
    "character",
    "character varying",
    "date",
    "datetime",
    "dec",
    "decimal",
    "double",
    "double precision",
    "float",
    "float4",
    "float8",
    "int",
    "int2",
    "int4",
    "int8",
    "integer",
    "interval",
    "json",
    "jsonb",
    "numeric",
    "nvarchar",
    "real",
    "signed",
    "smallint",
    "string",
    "text",
    "time",
    "timestamp",
    "timestamptz",
    "tinyint",
    "uuid",
    "varchar",
    "timestamp with time zone",
    "timestamp without time zone",
    "time with time zone",
    "time without time zone",
    "unsigned",
];

/// Whether a value may be cast to it: the written type without its parenthesis is on the list.
pub(super) fn allowed(data_type: &DataType) -> bool {
    let text = data_type.to_string().to_ascii_lowercase();
    let mut bare = String::new();
    let mut depth = 0_usize;
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            c if depth == 0 => bare.push(c),
            c if c.is_ascii_digit() || matches!(c, ',' | ' ') => {}
            _ => return false,
        }
    }
    let words: Vec<&str> = bare.split_whitespace().collect();
    ALLOWED.contains(&words.join(" ").as_str())
}
