//! Comments in `CREATE TABLE`, which are where an SQLite schema says what its columns mean.

use std::collections::BTreeMap;

use sqlparser::dialect::SQLiteDialect;
use sqlparser::tokenizer::{Token, Tokenizer, Whitespace};

/// The comment of the table and of its columns, by lower-case name.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Comments {
    pub(super) table: Option<String>,
    pub(super) columns: BTreeMap<String, String>,
}

/// Reads the comments of a statement: one at the end of a line belongs to the column that the
/// line began, one before the first column to the table.
pub(super) fn read(ddl: &str) -> Comments {
    let mut comments = Comments::default();
    let Ok(tokens) = Tokenizer::new(&SQLiteDialect {}, ddl).tokenize() else {
        return comments;
    };
    let (mut depth, mut column, mut fresh) = (0_usize, None::<String>, false);
    for token in tokens {
        match token {
            Token::LParen => {
                depth += 1;
                fresh |= depth == 1;
            }
            Token::RParen => depth = depth.saturating_sub(1),
            Token::Comma if depth == 1 => fresh = true,
            Token::Word(word) if depth == 1 && fresh => {
                column = Some(word.value.to_ascii_lowercase());
                fresh = false;
            }
            Token::Whitespace(
                Whitespace::SingleLineComment { comment, .. }
                | Whitespace::MultiLineComment(comment),
            ) => keep(&mut comments, column.as_ref(), comment.trim()),
            _ => {}
        }
    }
    comments
}

fn keep(comments: &mut Comments, column: Option<&String>, comment: &str) {
    if comment.is_empty() {
        return;
    }
    let place = match column {
        Some(column) => comments.columns.entry(column.clone()).or_default(),
        None => comments.table.get_or_insert_default(),
    };
    if !place.is_empty() {
        place.push(' ');
    }
    place.push_str(comment);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_belong_to_the_column_of_their_line() {
        let found = read(
            "CREATE TABLE t ( -- sales by day\n a INTEGER, -- the day\n b TEXT CHECK (b IN ('x', 'y')), -- state:\n -- x open, y done\n c /* net */ NUMERIC(10, 2))",
        );
        assert_eq!(found.table.as_deref(), Some("sales by day"));
        let columns: Vec<_> = found
            .columns
            .iter()
            .map(|(a, b)| (a.as_str(), b.as_str()))
            .collect();
        assert_eq!(
            columns,
            [
                ("a", "the day"),
                ("b", "state: x open, y done"),
                ("c", "net")
            ]
        );
    }
}
