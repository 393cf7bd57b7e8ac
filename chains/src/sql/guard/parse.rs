//! Text to tree and back.

use sqlparser::ast::{Expr, LimitClause, Query, Statement, Value};
use sqlparser::dialect::{Dialect as Grammar, PostgreSqlDialect, SQLiteDialect};
use sqlparser::keywords::{
    ALL_KEYWORDS, ALL_KEYWORDS_INDEX, RESERVED_FOR_COLUMN_ALIAS, RESERVED_FOR_IDENTIFIER,
    RESERVED_FOR_TABLE_ALIAS,
};
use sqlparser::parser::{Parser, ParserOptions};
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

use super::{Code, Problem};
use crate::sql::Dialect;

/// The longest text that is parsed. The parser's trees are as deep as their input is long:
/// 100 kB of `1+1+...` overflows the stack when it is dropped.
const MAX_BYTES: usize = 16 << 10;

/// The most tokens without blanks, for the same reason.
const MAX_TOKENS: usize = 3000;

/// How deep parentheses and subqueries may nest in the parser.
const MAX_NESTING: usize = 50;

fn grammar(dialect: Dialect) -> &'static dyn Grammar {
    match dialect {
        Dialect::Sqlite => &SQLiteDialect {},
        Dialect::Postgres => &PostgreSqlDialect {},
    }
}

/// Whether a name is a word of SQL that cannot stand for itself.
pub(crate) fn is_keyword(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let Ok(at) = ALL_KEYWORDS.binary_search(&upper.as_str()) else {
        return false;
    };
    let reserved = |word| {
        RESERVED_FOR_COLUMN_ALIAS.contains(word)
            || RESERVED_FOR_TABLE_ALIAS.contains(word)
            || RESERVED_FOR_IDENTIFIER.contains(word)
    };
    const MORE: [&str; 14] = [
        "ALL", "AND", "CASE", "CHECK", "DEFAULT", "DISTINCT", "IN", "IS", "NOT", "NULL", "OR",
        "TABLE", "TO", "USER",
    ];
    ALL_KEYWORDS_INDEX.get(at).is_some_and(reserved) || MORE.contains(&upper.as_str())
}

fn statements(text: &str, dialect: Dialect) -> Result<Vec<Statement>, Problem> {
    let unparsable = |error: &dyn std::fmt::Display| {
        let error = error.to_string();
        let error = error.trim_start_matches("sql parser error: ");
        Problem::new(
            Code::Unparsable,
            format!("it does not parse as {dialect}: {error}"),
        )
    };
    let grammar = grammar(dialect);
    let tokens = Tokenizer::new(grammar, text)
        .with_unescape(false)
        .tokenize_with_location()
        .map_err(|error| unparsable(&error))?;
    let blank = |token: &&TokenWithSpan| !matches!(token.token, Token::Whitespace(_));
    let count = tokens.iter().filter(blank).count();
    if count > MAX_TOKENS {
        return Err(Problem::new(
            Code::TooLarge,
            format!("it has {count} tokens; at most {MAX_TOKENS} are read"),
        ));
    }
    Parser::new(grammar)
        .with_options(ParserOptions::new().with_unescape(false))
        .with_recursion_limit(MAX_NESTING)
        .with_tokens_with_locations(tokens)
        .parse_statements()
        .map_err(|error| match error {
            sqlparser::parser::ParserError::RecursionLimitExceeded => Problem::new(
                Code::TooLarge,
                format!("it is nested more than {MAX_NESTING} deep"),
            ),
            error => unparsable(&error),
        })
}

/// The one query that a text is.
pub(super) fn one_query(text: &str, dialect: Dialect) -> Result<Query, Problem> {
    if text.len() > MAX_BYTES {
        return Err(Problem::new(
            Code::TooLarge,
            format!("it has {} bytes; at most {MAX_BYTES} are read", text.len()),
        ));
    }
    if let Some(c) = text
        .chars()
        .find(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
    {
        return Err(Problem::new(
            Code::Unparsable,
            format!("it holds the control character U+{:04X}", u32::from(c)),
        ));
    }
    let mut statements = statements(text, dialect)?;
    match (statements.pop(), statements.len()) {
        (Some(Statement::Query(query)), 0) => Ok(*query),
        (Some(other), 0) => {
            let first = other.to_string();
            let word = first.split_whitespace().next().unwrap_or("it").to_owned();
            Err(
                Problem::new(Code::NotAQuery, format!("{word} is not a query"))
                    .mend("only SELECT is run"),
            )
        }
        (None, _) => Err(Problem::new(Code::NotOne, "there is no statement in it")),
        (Some(_), more) => Err(Problem::new(
            Code::NotOne,
            format!("there are {} statements in it", more + 1),
        )
        .mend("write exactly one")),
    }
}

/// Adds a limit where the query has none of its own.
pub(super) fn add_limit(query: &mut Query, rows: u64) {
    let none = match &query.limit_clause {
        None => true,
        Some(LimitClause::LimitOffset { limit, .. }) => limit.is_none(),
        Some(LimitClause::OffsetCommaLimit { .. }) => false,
    };
    if !none || query.fetch.is_some() {
        return;
    }
    let limit = Some(Expr::value(Value::Number(rows.to_string(), false)));
    let offset = match query.limit_clause.take() {
        Some(LimitClause::LimitOffset { offset, .. }) => offset,
        _ => None,
    };
    query.limit_clause = Some(LimitClause::LimitOffset {
        limit,
        offset,
        limit_by: Vec::new(),
    });
}

/// The query as text, which parses to the same tree again. The parser's own writer guesses
/// whether a quote in a literal was escaped already, and can guess wrong.
pub(super) fn write(query: Query, dialect: Dialect) -> Result<String, Problem> {
    let statement = Statement::Query(Box::new(query));
    let text = statement.to_string();
    match statements(&text, dialect) {
        Ok(again) if again.as_slice() == [statement] => Ok(text),
        _ => Err(
            Problem::forbidden("it cannot be written back as it was read").mend(
                "write quotes inside text as two single quotes, and no backslash before them",
            ),
        ),
    }
}
