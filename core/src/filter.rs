//! Conditions over metadata, as a typed tree that every store understands alike.
//!
//! The meaning is defined here, by [`Filter::matches`]; a backend that pushes a
//! filter down to a server must agree with it, which the conformance suite shows.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::{Metadata, Value};

/// A condition over the metadata of a point.
///
/// A field that is missing matches nothing but [`Filter::not`] of a condition on it.
/// Numbers compare by value whether whole or not; values of different kinds are
/// never equal and never ordered. On a list, `eq`, `any_of`, ranges and `contains` hold when
/// one element holds (as in Qdrant).
///
/// ```
/// use gori_core::Filter;
///
/// let recent = Filter::eq("lang", "en").and(Filter::at_least("year", 2024));
/// let point = [("lang".into(), "en".into()), ("year".into(), 2025.into())].into();
/// assert!(recent.matches(&point));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Filter {
    /// The field equals the value.
    Eq(String, Value),
    /// The field equals one of the values.
    In(String, Vec<Value>),
    /// The field lies in the range.
    Range(String, Range),
    /// The field is there.
    Exists(String),
    /// The field is text that contains the text, case and all.
    Contains(String, String),
    /// All hold. True when empty.
    And(Vec<Filter>),
    /// One holds. False when empty.
    Or(Vec<Filter>),
    /// It does not hold.
    Not(Box<Filter>),
}

/// The ends of a range; a missing one is open.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Range {
    /// Greater than.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gt: Option<Value>,
    /// Greater than or equal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gte: Option<Value>,
    /// Less than.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lt: Option<Value>,
    /// Less than or equal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lte: Option<Value>,
}

impl Filter {
    /// The field equals the value.
    pub fn eq(field: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::Eq(field.into(), value.into())
    }

    /// The field is missing or differs from the value.
    pub fn ne(field: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::Not(Box::new(Self::eq(field, value)))
    }

    /// The field equals one of the values.
    pub fn any_of<V: Into<Value>>(
        field: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        Self::In(field.into(), values.into_iter().map(Into::into).collect())
    }

    /// The field is there.
    pub fn exists(field: impl Into<String>) -> Self {
        Self::Exists(field.into())
    }

    /// The field is text (or a list with a text) that contains the text.
    pub fn contains(field: impl Into<String>, text: impl Into<String>) -> Self {
        Self::Contains(field.into(), text.into())
    }

    /// The field is greater than or equal to the value.
    pub fn at_least(field: impl Into<String>, value: impl Into<Value>) -> Self {
        let gte = Some(value.into());
        Self::Range(
            field.into(),
            Range {
                gte,
                ..Range::default()
            },
        )
    }

    /// The field is less than or equal to the value.
    pub fn at_most(field: impl Into<String>, value: impl Into<Value>) -> Self {
        let lte = Some(value.into());
        Self::Range(
            field.into(),
            Range {
                lte,
                ..Range::default()
            },
        )
    }

    /// The field is greater than the value.
    pub fn more_than(field: impl Into<String>, value: impl Into<Value>) -> Self {
        let gt = Some(value.into());
        Self::Range(
            field.into(),
            Range {
                gt,
                ..Range::default()
            },
        )
    }

    /// The field is less than the value.
    pub fn less_than(field: impl Into<String>, value: impl Into<Value>) -> Self {
        let lt = Some(value.into());
        Self::Range(
            field.into(),
            Range {
                lt,
                ..Range::default()
            },
        )
    }

    /// Both hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match self {
            Self::And(mut all) => {
                all.push(other);
                Self::And(all)
            }
            one => Self::And(vec![one, other]),
        }
    }

    /// One of the two holds.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match self {
            Self::Or(mut any) => {
                any.push(other);
                Self::Or(any)
            }
            one => Self::Or(vec![one, other]),
        }
    }

    /// It does not hold. Also true where the field is missing.
    #[must_use]
    #[expect(
        clippy::should_implement_trait,
        reason = "reads as a word beside `and` and `or`"
    )]
    pub fn not(self) -> Self {
        Self::Not(Box::new(self))
    }

    /// Whether the metadata fulfils the condition. This is the definition.
    pub fn matches(&self, metadata: &Metadata) -> bool {
        match self {
            Self::Eq(field, value) => any(metadata, field, |v| same(v, value)),
            Self::In(field, values) => any(metadata, field, |v| {
                values.iter().any(|value| same(v, value))
            }),
            Self::Range(field, range) => any(metadata, field, |v| range.holds(v)),
            Self::Exists(field) => metadata.contains_key(field),
            Self::Contains(field, text) => any(metadata, field, |v| {
                v.as_str().is_some_and(|v| v.contains(text.as_str()))
            }),
            Self::And(all) => all.iter().all(|filter| filter.matches(metadata)),
            Self::Or(any) => any.iter().any(|filter| filter.matches(metadata)),
            Self::Not(filter) => !filter.matches(metadata),
        }
    }
}

impl Range {
    fn holds(&self, value: &Value) -> bool {
        let holds = |end: &Option<Value>, wanted: fn(Ordering) -> bool| match end {
            Some(end) => compare(value, end).is_some_and(wanted),
            None => true,
        };
        holds(&self.gt, Ordering::is_gt)
            && holds(&self.gte, Ordering::is_ge)
            && holds(&self.lt, Ordering::is_lt)
            && holds(&self.lte, Ordering::is_le)
    }
}

fn any(metadata: &Metadata, field: &str, holds: impl Fn(&Value) -> bool) -> bool {
    match metadata.get(field) {
        Some(Value::List(values)) => values.iter().any(holds),
        Some(value) => holds(value),
        None => false,
    }
}

fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        _ => compare(a, b).is_some_and(Ordering::is_eq),
    }
}

/// The order of two values of the same kind; numbers compare by value.
fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::Int(a), Value::Float(b)) => int_float(*a, *b),
        (Value::Float(a), Value::Int(b)) => int_float(*b, *a).map(Ordering::reverse),
        (Value::Str(a), Value::Str(b)) => Some(a.cmp(b)),
        (Value::Time(a), Value::Time(b)) => Some(a.cmp(b)),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

/// Compares without rounding the whole number, which a cast to f64 would do above 2^53.
#[expect(
    clippy::cast_possible_truncation,
    reason = "guarded by the range checks before it"
)]
fn int_float(int: i64, float: f64) -> Option<Ordering> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if float.is_nan() {
        None
    } else if float >= LIMIT {
        Some(Ordering::Less)
    } else if float < -LIMIT {
        Some(Ordering::Greater)
    } else {
        let whole = float.trunc();
        Some(int.cmp(&(whole as i64)).then_with(|| {
            0.0_f64
                .partial_cmp(&(float - whole))
                .unwrap_or(Ordering::Equal)
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Time;

    fn metadata() -> Metadata {
        [
            ("lang".to_owned(), "ko".into()),
            ("year".to_owned(), 2024.into()),
            ("score".to_owned(), 0.5.into()),
            (
                "tags".to_owned(),
                vec!["a".into(), "bc".into(), 7.into()].into(),
            ),
            ("at".to_owned(), Time::from_millis(10).into()),
        ]
        .into()
    }

    #[test]
    fn each_condition_holds_where_it_should_and_nowhere_else() {
        let holds = [
            Filter::eq("lang", "ko"),
            Filter::eq("year", 2024.0),
            Filter::ne("lang", "en"),
            Filter::ne("missing", 1),
            Filter::any_of("lang", ["en", "ko"]),
            Filter::at_least("year", 2024).and(Filter::less_than("year", 2024.5)),
            Filter::more_than("score", 0),
            Filter::exists("at"),
            Filter::at_most("at", Time::from_millis(10)),
            Filter::eq("tags", "a"),
            Filter::contains("tags", "c"),
            Filter::eq("tags", 7).or(Filter::exists("missing")),
            Filter::exists("missing").not(),
            Filter::And(vec![]),
        ];
        for filter in holds {
            assert!(filter.matches(&metadata()), "{filter:?}");
            assert!(!filter.clone().not().matches(&metadata()), "not {filter:?}");
        }
        let fails = [
            Filter::eq("lang", 1),
            Filter::eq("missing", "x"),
            Filter::at_least("lang", 1),
            Filter::more_than("at", 5),
            Filter::contains("year", "20"),
            Filter::Or(vec![]),
        ];
        for filter in fails {
            assert!(!filter.matches(&metadata()), "{filter:?}");
        }
    }

    #[test]
    fn whole_numbers_beyond_two_to_the_53_are_not_rounded() {
        let big = (1_i64 << 53) + 1;
        assert_eq!(
            int_float(big, (1_i64 << 53) as f64),
            Some(Ordering::Greater)
        );
        assert_eq!(int_float(i64::MAX, 1e300), Some(Ordering::Less));
        assert_eq!(int_float(-3, -3.5), Some(Ordering::Greater));
        assert_eq!(int_float(3, f64::NAN), None);
    }
}
