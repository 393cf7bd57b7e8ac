//! Knowledge as SQL: `CREATE TABLE` defines a table, a query is an example whose question is the
//! comment above it.

use gori_core::{Error, ErrorKind, Result};
use sqlparser::ast::Statement;
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;

use super::{Defined, Example, Knowledge, Origin};

pub(super) fn parse(name: &str, text: &str) -> Result<Knowledge> {
    let mut knowledge = Knowledge::default();
    let mut line = 1;
    for piece in pieces(text) {
        let blank = piece.len() - piece.trim_start().len();
        let start = line + piece.get(..blank).map_or(0, |t| t.matches('\n').count());
        line += piece.matches('\n').count();
        let origin = Origin {
            file: name.to_owned(),
            line: Some(start),
        };
        let (question, sql) = split_comment(piece.trim());
        if sql.is_empty() {
            continue;
        }
        if sql.len() > 64 << 10 {
            return Err(
                Error::new(ErrorKind::Config, "a statement has more than 64 KiB").about(&origin),
            );
        }
        let parsed = Parser::parse_sql(&GenericDialect {}, &sql)
            .map_err(|e| Error::new(ErrorKind::Config, e.to_string()).about(&origin))?;
        for statement in parsed {
            match statement {
                Statement::CreateTable(table) => knowledge.tables.push(Defined {
                    table: table
                        .name
                        .0
                        .last()
                        .and_then(|p| p.as_ident())
                        .map_or_else(String::new, |i| i.value.clone()),
                    columns: table
                        .columns
                        .iter()
                        .map(|c| (c.name.value.clone(), c.data_type.to_string()))
                        .collect(),
                    origin: origin.clone(),
                }),
                Statement::Query(_) if question.is_empty() => {
                    return Err(Error::new(ErrorKind::Config, "a query without a question")
                        .about(&origin)
                        .hint("write the question as a comment above it"));
                }
                Statement::Query(_) => knowledge.examples.push(Example {
                    question: question.clone(),
                    sql: sql.clone(),
                    origin: origin.clone(),
                }),
                other => {
                    let text = other.to_string();
                    let word = text
                        .split_whitespace()
                        .next()
                        .unwrap_or_default()
                        .to_owned();
                    return Err(Error::new(
                        ErrorKind::Config,
                        format!("{word} is not read as knowledge"),
                    )
                    .about(&origin)
                    .hint("CREATE TABLE and queries are read"));
                }
            }
        }
    }
    Ok(knowledge)
}

/// The statements: cut at semicolons that end a line.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(";\n")
        .filter(|piece| !piece.trim().is_empty())
}

/// The comment lines at the top, as one text, and the rest without its final semicolon.
fn split_comment(piece: &str) -> (String, String) {
    let mut question = Vec::new();
    let mut rest = Vec::new();
    for line in piece.lines() {
        match line.trim().strip_prefix("--") {
            Some(comment) if rest.is_empty() => question.push(comment.trim()),
            _ => rest.push(line),
        }
    }
    let sql = rest
        .join("\n")
        .trim()
        .trim_end_matches(';')
        .trim()
        .to_owned();
    (question.join(" ").trim().to_owned(), sql)
}
