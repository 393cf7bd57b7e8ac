//! Keys that are not declared.

use super::{Fault, Finding, finding};
use crate::sql::knowledge::missing_joins;
use crate::sql::{Catalog, Knowledge, TableKind, TermKind};

pub(super) fn lint(catalog: &Catalog, knowledge: &Knowledge, findings: &mut Vec<Finding>) {
    for table in &catalog.tables {
        if table.kind == TableKind::Table && table.primary_key.is_empty() {
            findings.push(finding(
                Fault::MissingPrimaryKey,
                &table.name,
                "no primary key is declared",
                "declare one, so that it is known what one row is",
            ));
        }
    }
    for join in missing_joins(catalog) {
        let ((table, column), (other, key)) = (&join.from, &join.to);
        let sql = [
            format!("{table}.{column} = {other}.{key}"),
            format!("{other}.{key} = {table}.{column}"),
        ];
        let plain = |text: &str| text.split_whitespace().collect::<String>().to_lowercase();
        let known = knowledge
            .confirmed()
            .filter(|term| term.kind == TermKind::Join)
            .filter_map(|term| term.sql.as_deref());
        if known
            .into_iter()
            .any(|text| sql.iter().any(|sql| plain(sql) == plain(text)))
        {
            continue;
        }
        findings.push(finding(
            Fault::MissingForeignKey,
            format!("{table}.{column}"),
            format!("it looks like a reference to {other}.{key}: {}", join.evidence),
            format!("declare the foreign key, or write [[join]] sql = \"{table}.{column} = {other}.{key}\""),
        ));
    }
}
