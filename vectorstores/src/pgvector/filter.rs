//! A filter as a condition in SQL that is never NULL.

use gori_core::{Filter, Range, Value};

use super::json;

/// What a statement's parameters are bound to, all of them as text.
#[derive(Debug, Default)]
pub(super) struct Bound(Vec<String>);

impl Bound {
    /// Binds a text and gives its place in the statement.
    pub(super) fn text(&mut self, text: impl Into<String>) -> String {
        self.0.push(text.into());
        format!("${}::text", self.0.len())
    }

    fn json(&mut self, value: &Value) -> String {
        let place = self.text(json::value(value));
        format!("({place})::jsonb")
    }

    pub(super) fn parameters(&self) -> Vec<&(dyn tokio_postgres::types::ToSql + Sync)> {
        self.0
            .iter()
            .map(|text| text as &(dyn tokio_postgres::types::ToSql + Sync))
            .collect()
    }
}

/// The condition of a `WHERE`.
pub(super) fn condition(filter: Option<&Filter>, bound: &mut Bound) -> String {
    filter.map_or_else(|| "TRUE".to_owned(), |filter| sql(filter, bound))
}

fn sql(filter: &Filter, bound: &mut Bound) -> String {
    match filter {
        Filter::Eq(field, value) => {
            let value = bound.json(value);
            any(field, &format!("v = {value}"), bound)
        }
        Filter::In(_, values) if values.is_empty() => "FALSE".to_owned(),
        Filter::In(field, values) => {
            let values: Vec<String> = values.iter().map(|value| bound.json(value)).collect();
            any(field, &format!("v IN ({})", values.join(", ")), bound)
        }
        Filter::Range(field, range) => {
            let ends = ends(range, bound);
            any(field, &ends, bound)
        }
        Filter::Exists(field) => exists(field, bound),
        Filter::Contains(field, part) => {
            let part = bound.text(json::text(part));
            let holds = when("string", &format!("strpos(v #>> '{{}}', {part}) > 0"));
            any(field, &holds, bound)
        }
        Filter::And(all) => joined(all, " AND ", "TRUE", bound),
        Filter::Or(any) => joined(any, " OR ", "FALSE", bound),
        Filter::Not(filter) => format!("(NOT {})", sql(filter, bound)),
        // A condition that this version does not know must not let everything through.
        _ => "FALSE".to_owned(),
    }
}

fn exists(field: &str, bound: &mut Bound) -> String {
    let field = bound.text(json::text(field));
    format!("jsonb_exists(metadata, {field})")
}

/// One element of the field's list holds, or the field itself where it is none.
fn any(field: &str, holds: &str, bound: &mut Bound) -> String {
    let exists = exists(field, bound);
    let field = bound.text(json::text(field));
    let field = format!("metadata -> ({field})");
    let elements = format!(
        "CASE jsonb_typeof({field}) WHEN 'array' THEN {field} ELSE jsonb_build_array({field}) END"
    );
    format!(
        "({exists} AND EXISTS (SELECT 1 FROM jsonb_array_elements({elements}) AS e(v) WHERE {holds}))"
    )
}

fn joined(filters: &[Filter], by: &str, empty: &str, bound: &mut Bound) -> String {
    if filters.is_empty() {
        return empty.to_owned();
    }
    let parts: Vec<String> = filters.iter().map(|filter| sql(filter, bound)).collect();
    format!("({})", parts.join(by))
}

fn ends(range: &Range, bound: &mut Bound) -> String {
    let ends = [
        (&range.gt, ">"),
        (&range.gte, ">="),
        (&range.lt, "<"),
        (&range.lte, "<="),
    ];
    let ends = ends
        .into_iter()
        .filter_map(|(end, than)| Some((end.as_ref()?, than)));
    let ends: Vec<String> = ends
        .map(|(end, than)| self::end(end, than, bound))
        .collect();
    match ends.is_empty() {
        true => "TRUE".to_owned(),
        false => ends.join(" AND "),
    }
}

/// Values of another kind than the end are beyond it.
fn end(end: &Value, than: &str, bound: &mut Bound) -> String {
    match end {
        Value::Int(_) | Value::Float(_) => {
            let end = bound.text(json::value(end));
            when(
                "number",
                &format!("(v #>> '{{}}')::numeric {than} ({end})::numeric"),
            )
        }
        Value::Str(end) => {
            let end = bound.text(json::text(end));
            // Byte by byte, as Rust compares.
            when(
                "string",
                &format!("(v #>> '{{}}') COLLATE \"C\" {than} {end}"),
            )
        }
        Value::Bool(end) => {
            let end = bound.text(end.to_string());
            when(
                "boolean",
                &format!("(v #>> '{{}}')::boolean {than} ({end})::boolean"),
            )
        }
        Value::Time(end) => {
            let end = bound.text(end.millis.to_string());
            when(
                "object",
                &format!("(v ->> '$time')::bigint {than} ({end})::bigint"),
            )
        }
        Value::List(_) => "FALSE".to_owned(),
    }
}

/// A CASE, since an AND may be worked out from either side and a cast of another kind fails.
fn when(kind: &str, holds: &str) -> String {
    format!("CASE WHEN jsonb_typeof(v) = '{kind}' THEN {holds} ELSE FALSE END")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_values_are_bound_and_never_written() {
        let evil = "x'; DROP TABLE points; --";
        let filters = [
            Filter::eq(evil, evil),
            Filter::any_of(evil, [evil]),
            Filter::at_least(evil, evil),
            Filter::exists(evil),
            Filter::contains(evil, evil),
            Filter::eq(evil, 1).and(Filter::ne(evil, true)).not(),
        ];
        for filter in filters {
            let mut bound = Bound::default();
            let sql = condition(Some(&filter), &mut bound);
            assert!(!sql.contains("DROP"), "{sql}");
            assert!(bound.0.iter().any(|text| text.contains("DROP")));
            for place in 1..=bound.0.len() {
                assert!(sql.contains(&format!("${place}::text")), "{place} {sql}");
            }
        }
        let mut bound = Bound::default();
        assert_eq!(condition(None, &mut bound), "TRUE");
        assert_eq!(condition(Some(&Filter::Or(vec![])), &mut bound), "FALSE");
    }
}
