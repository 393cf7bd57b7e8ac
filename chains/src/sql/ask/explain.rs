//! What a statement does, in words, from the statement itself: never from what a model says of it.

use sqlparser::ast::{
    GroupByExpr, LimitClause, OrderByKind, Query, Select, SetExpr, Statement, TableFactor,
};
use sqlparser::dialect::{Dialect as Grammar, PostgreSqlDialect, SQLiteDialect};
use sqlparser::parser::Parser;

use crate::sql::{Checked, Dialect};

/// The steps of a checked statement, in the order a person thinks of them.
pub(super) fn explain(checked: &Checked) -> String {
    let grammar: &dyn Grammar = match checked.dialect() {
        Dialect::Sqlite => &SQLiteDialect {},
        Dialect::Postgres => &PostgreSqlDialect {},
    };
    let tables: Vec<&str> = checked.tables().collect();
    let fallback = || format!("It reads {}.", tables.join(", "));
    let Ok(statements) = Parser::parse_sql(grammar, checked.sql()) else {
        return fallback();
    };
    match statements.as_slice() {
        [Statement::Query(query)] => query_steps(query).unwrap_or_else(fallback),
        _ => fallback(),
    }
}

fn query_steps(query: &Query) -> Option<String> {
    let mut steps = Vec::new();
    if let Some(with) = &query.with {
        let names: Vec<String> = with
            .cte_tables
            .iter()
            .map(|cte| cte.alias.name.value.clone())
            .collect();
        steps.push(format!("first works out {}", names.join(", ")));
    }
    match query.body.as_ref() {
        SetExpr::Select(select) => select_steps(select, &mut steps),
        SetExpr::SetOperation { op, .. } => steps.push(format!("combines two results by {op}")),
        _ => return None,
    }
    if let Some(order) = &query.order_by
        && let OrderByKind::Expressions(exprs) = &order.kind
    {
        let keys: Vec<String> = exprs.iter().map(ToString::to_string).collect();
        steps.push(format!("sorts by {}", keys.join(", ")));
    }
    if let Some(LimitClause::LimitOffset {
        limit: Some(limit), ..
    }) = &query.limit_clause
    {
        steps.push(format!("gives at most {limit} rows"));
    }
    Some(format!("It {}.", steps.join("; ")))
}

fn select_steps(select: &Select, steps: &mut Vec<String>) {
    let table = |factor: &TableFactor| match factor {
        TableFactor::Table { name, .. } => name.to_string(),
        TableFactor::Derived { .. } => "a subquery".to_owned(),
        other => other.to_string(),
    };
    for from in &select.from {
        let joins: Vec<String> = from
            .joins
            .iter()
            .map(|join| table(&join.relation))
            .collect();
        let joined = if joins.is_empty() {
            String::new()
        } else {
            format!(" with {}", joins.join(" and "))
        };
        steps.push(format!("reads {}{joined}", table(&from.relation)));
    }
    if let Some(condition) = &select.selection {
        steps.push(format!("keeps the rows where {condition}"));
    }
    if let GroupByExpr::Expressions(exprs, _) = &select.group_by
        && !exprs.is_empty()
    {
        let keys: Vec<String> = exprs.iter().map(ToString::to_string).collect();
        steps.push(format!("makes one group for each {}", keys.join(" and ")));
    }
    if let Some(having) = &select.having {
        steps.push(format!("keeps the groups where {having}"));
    }
    let shown: Vec<String> = select.projection.iter().map(ToString::to_string).collect();
    let different = if select.distinct.is_some() {
        "the different values of "
    } else {
        ""
    };
    steps.push(format!("shows {different}{}", shown.join(", ")));
}
