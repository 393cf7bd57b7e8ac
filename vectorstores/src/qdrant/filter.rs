//! A filter as conditions of Qdrant.
//!
//! Qdrant compares whole texts, numbers as 64-bit floats, and booleans. What it cannot say (the
//! order of texts, whole numbers beyond 2^53, lists in lists) becomes a condition that errs to
//! one side: towards letting through at the top, and, below an odd number of nots, towards
//! keeping back. So nothing that fulfils the filter is lost, and whoever asked looks again at
//! what came.

use gori_core::{Filter, Range, Time, Value};
use qdrant_client::qdrant::{
    Condition, FieldCondition, Filter as Conditions, Match, Range as Ends,
    condition::ConditionOneOf, r#match::MatchValue,
};

use super::payload::{FIELDS, METADATA, TIME};

/// Whole numbers up to this are floats of 64 bits without rounding.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A filter as it is pushed down.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pushed {
    pub(super) conditions: Which,
    /// Whether the conditions mean the same as the filter, and not more.
    pub(super) exact: bool,
}

/// Which points conditions let through.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Which {
    All,
    None,
    Those(Conditions),
}

impl Pushed {
    pub(super) fn of(filter: Option<&Filter>) -> Self {
        let tree = filter.map_or(Tree::TRUE, |filter| push(filter, Side::Over));
        let conditions = match tree.node {
            Node::True => Which::All,
            Node::False => Which::None,
            Node::If(condition) => Which::Those(all_of(vec![*condition])),
        };
        Self {
            conditions,
            exact: tree.exact,
        }
    }
}

/// How a field is named to Qdrant; none where its names cannot be quoted.
pub(super) fn path(field: &str) -> Option<String> {
    let is_plain =
        !field.is_empty() && !field.contains(['"', '\\']) && !field.contains(char::is_control);
    is_plain.then(|| format!("{METADATA}.\"{field}\""))
}

/// Where the times of a field lie: in itself, and in a list.
pub(super) fn times(path: &str) -> [String; 2] {
    [format!("{path}.\"{TIME}\""), format!("{path}[].\"{TIME}\"")]
}

/// To which side a condition may err.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    /// It may let more through.
    Over,
    /// It may let less through.
    Under,
}

impl Side {
    fn other(self) -> Self {
        match self {
            Self::Over => Self::Under,
            Self::Under => Self::Over,
        }
    }
}

#[derive(Clone, Debug)]
enum Node {
    True,
    False,
    If(Box<Condition>),
}

#[derive(Clone, Debug)]
struct Tree {
    node: Node,
    exact: bool,
}

impl Tree {
    const TRUE: Self = Self::constant(true);
    const FALSE: Self = Self::constant(false);

    const fn constant(holds: bool) -> Self {
        let node = if holds { Node::True } else { Node::False };
        Self { node, exact: true }
    }

    fn exactly(condition: ConditionOneOf) -> Self {
        Self {
            node: Node::If(Box::new(condition.into())),
            exact: true,
        }
    }

    /// Errs to this side of a condition on a field, of which is known only that the field is
    /// there.
    fn unsure(field: &str, side: Side) -> Self {
        let tree = match side {
            Side::Over => exists(field),
            Side::Under => Self::FALSE,
        };
        Self {
            exact: false,
            ..tree
        }
    }
}

fn all_of(must: Vec<Condition>) -> Conditions {
    Conditions {
        must,
        ..Default::default()
    }
}

fn push(filter: &Filter, side: Side) -> Tree {
    match filter {
        Filter::Eq(field, value) => equals(field, value, side),
        Filter::In(field, values) => any(values.iter().map(|value| equals(field, value, side))),
        Filter::Range(field, range) => within(field, range, side),
        Filter::Exists(field) => exists(field),
        Filter::Contains(field, part) => contains(field, part, side),
        Filter::And(parts) => all(parts.iter().map(|one| push(one, side))),
        Filter::Or(parts) => any(parts.iter().map(|one| push(one, side))),
        Filter::Not(one) => not(push(one, side.other())),
        // A condition that this version does not know errs like one that Qdrant cannot say, below
        // a not as well, and is looked at again.
        _ => Tree {
            exact: false,
            ..Tree::constant(side == Side::Over)
        },
    }
}

fn not(tree: Tree) -> Tree {
    let node = match tree.node {
        Node::True => Node::False,
        Node::False => Node::True,
        Node::If(condition) => Node::If(Box::new(negated(*condition))),
    };
    Tree { node, ..tree }
}

/// The opposite of a condition; of an opposite, the condition.
fn negated(condition: Condition) -> Condition {
    if let Some(ConditionOneOf::Filter(filter)) = &condition.condition_one_of
        && let ([inner], [], []) = (
            filter.must_not.as_slice(),
            filter.must.as_slice(),
            filter.should.as_slice(),
        )
    {
        return inner.clone();
    }
    let filter = Conditions {
        must_not: vec![condition],
        ..Default::default()
    };
    ConditionOneOf::Filter(filter).into()
}

fn any(trees: impl Iterator<Item = Tree>) -> Tree {
    joined(trees, true)
}

fn all(trees: impl Iterator<Item = Tree>) -> Tree {
    joined(trees, false)
}

/// One holds, where a constant that holds decides, or all hold, where one that does not does.
fn joined(trees: impl Iterator<Item = Tree>, decides: bool) -> Tree {
    let (mut parts, mut exact) = (Vec::new(), true);
    for tree in trees {
        match tree.node {
            // What the others are does not matter, nor how exactly they could be said.
            Node::True if decides => return tree,
            Node::False if !decides => return tree,
            Node::True | Node::False => exact &= tree.exact,
            Node::If(condition) => {
                exact &= tree.exact;
                parts.push(*condition);
            }
        }
    }
    if parts.is_empty() {
        return Tree {
            exact,
            ..Tree::constant(!decides)
        };
    }
    let filter = if decides {
        Conditions {
            should: parts,
            ..Default::default()
        }
    } else {
        all_of(parts)
    };
    Tree {
        node: Node::If(Box::new(ConditionOneOf::Filter(filter).into())),
        exact,
    }
}

fn matched(key: String, value: MatchValue) -> Tree {
    Tree::exactly(ConditionOneOf::Field(FieldCondition {
        key,
        r#match: Some(Match {
            match_value: Some(value),
        }),
        ..Default::default()
    }))
}

fn exists(field: &str) -> Tree {
    matched(FIELDS.to_owned(), MatchValue::Keyword(field.to_owned()))
}

fn equals(field: &str, value: &Value, side: Side) -> Tree {
    let Some(key) = path(field) else {
        return Tree::unsure(field, side);
    };
    match value {
        Value::Str(text) => matched(key, MatchValue::Keyword(text.clone())),
        Value::Bool(is) => matched(key, MatchValue::Boolean(*is)),
        Value::Time(Time { millis }) => any(times(&key)
            .into_iter()
            .map(|key| matched(key, MatchValue::Integer(*millis)))),
        Value::Int(_) | Value::Float(_) => {
            let range = Range {
                gte: Some(value.clone()),
                lte: Some(value.clone()),
                ..Range::default()
            };
            within(field, &range, side)
        }
        Value::List(_) => Tree::unsure(field, side),
    }
}

fn contains(field: &str, part: &str, side: Side) -> Tree {
    match path(field) {
        // Without an index of words, which this store never makes, it is the substring.
        Some(key) if !part.is_empty() => matched(key, MatchValue::Text(part.to_owned())),
        _ => Tree::unsure(field, side),
    }
}

/// The kinds of values that have an order.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    Text,
    Bool,
    Time,
    List,
}

fn kind(value: &Value) -> Kind {
    match value {
        Value::Int(_) | Value::Float(_) => Kind::Number,
        Value::Str(_) => Kind::Text,
        Value::Bool(_) => Kind::Bool,
        Value::Time(_) => Kind::Time,
        Value::List(_) => Kind::List,
    }
}

fn within(field: &str, range: &Range, side: Side) -> Tree {
    let ends = [&range.gt, &range.gte, &range.lt, &range.lte];
    let mut kinds = ends.into_iter().flatten().map(kind);
    let Some(first) = kinds.next() else {
        // A field with an element, of any kind.
        return Tree::unsure(field, side);
    };
    if kinds.any(|kind| kind != first) {
        return Tree::FALSE;
    }
    let Some(key) = path(field) else {
        return Tree::unsure(field, side);
    };
    match first {
        Kind::Number => between([key], range, side).unwrap_or_else(|| Tree::unsure(field, side)),
        Kind::Time => {
            between(times(&key), range, side).unwrap_or_else(|| Tree::unsure(field, side))
        }
        Kind::Bool => {
            let holds = |is: bool| {
                let filter = Filter::Range(String::new(), range.clone());
                filter.matches(&[(String::new(), is.into())].into())
            };
            let those = [false, true].into_iter().filter(|is| holds(*is));
            any(those.map(|is| matched(key.clone(), MatchValue::Boolean(is))))
        }
        Kind::Text => Tree::unsure(field, side),
        // Lists have no order.
        Kind::List => Tree::FALSE,
    }
}

/// A range of numbers in one of these places; none where rounding its ends could lose a point.
fn between<const N: usize>(keys: [String; N], range: &Range, side: Side) -> Option<Tree> {
    let mut exact = true;
    // An end beyond 2^53 is compared with values that may have been rounded onto it: it counts
    // as within.
    let mut end =
        |strict: &Option<Value>, with: &Option<Value>| -> Option<(Option<f64>, Option<f64>)> {
            let mut read = |value: &Option<Value>| match value {
                None => Some((None, true)),
                Some(value) => {
                    let number = number(value)?;
                    let is_exact = number.abs() < EXACT;
                    exact &= is_exact;
                    Some((Some(number), is_exact))
                }
            };
            let ((strict, is_exact), (with, _)) = (read(strict)?, read(with)?);
            Some(match (strict, with) {
                (Some(rounded), None) if !is_exact => (None, Some(rounded)),
                // Both ends on one side, one of them rounded: the other alone errs to the right side.
                (Some(_), Some(with)) if !is_exact => (None, Some(with)),
                ends => ends,
            })
        };
    let (gt, gte) = end(&range.gt, &range.gte)?;
    let (lt, lte) = end(&range.lt, &range.lte)?;
    if !exact && side == Side::Under {
        return None;
    }
    let ends = Ends { lt, gt, gte, lte };
    let mut tree = any(keys.into_iter().map(|key| {
        Tree::exactly(ConditionOneOf::Field(FieldCondition {
            key,
            range: Some(ends),
            ..Default::default()
        }))
    }));
    tree.exact = exact;
    Some(tree)
}

/// A number as Qdrant compares it; none where it is not finite.
fn number(value: &Value) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "the caller looks at its size")]
    let number = match value {
        Value::Int(int) => *int as f64,
        Value::Float(float) => *float,
        Value::Time(time) => time.millis as f64,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(filter: &Filter) -> bool {
        Pushed::of(Some(filter)).exact
    }

    #[test]
    fn what_qdrant_can_say_is_said_exactly() {
        let said = [
            Filter::eq("x", "a"),
            Filter::eq("x", 1),
            Filter::ne("x", 0.5),
            Filter::any_of("x", ["a", "b"]),
            Filter::eq("x", Time::from_millis(3)),
            Filter::at_least("x", Time::from_millis(3)),
            Filter::more_than("x", -2).and(Filter::less_than("x", 7.5)),
            Filter::at_most("x", true),
            Filter::exists("a\"b"),
            Filter::contains("x", "part"),
            Filter::exists("x").and(Filter::eq("y", true)).not(),
        ];
        for filter in said {
            assert!(exact(&filter), "{filter:?}");
        }
        let unsaid = [
            Filter::more_than("x", "a"),
            Filter::eq("x", Value::List(vec![])),
            Filter::eq("a\"b", 1),
            Filter::eq("x", i64::MAX),
            Filter::at_least("x", f64::INFINITY),
            Filter::contains("x", ""),
            Filter::Range("x".into(), Range::default()),
            Filter::exists("x").and(Filter::more_than("x", "a").not()),
        ];
        for filter in unsaid {
            assert!(!exact(&filter), "{filter:?}");
        }
    }

    #[test]
    fn constants_are_folded() {
        let all = [Filter::And(vec![]), Filter::Or(vec![]).not()];
        for filter in all {
            assert_eq!(
                Pushed::of(Some(&filter)).conditions,
                Which::All,
                "{filter:?}"
            );
        }
        let none = [
            Filter::Or(vec![]),
            Filter::any_of("x", Vec::<i64>::new()),
            Filter::exists("x").and(Filter::Or(vec![])),
            Filter::Range(
                "x".into(),
                Range {
                    gt: Some(1.into()),
                    lt: Some("a".into()),
                    ..Range::default()
                },
            ),
        ];
        for filter in none {
            assert_eq!(
                Pushed::of(Some(&filter)).conditions,
                Which::None,
                "{filter:?}"
            );
        }
        assert_eq!(Pushed::of(None).conditions, Which::All);
    }

    #[test]
    fn below_a_not_a_condition_errs_to_the_other_side() {
        // By a condition that lets more through, the opposite would keep points back.
        let filter = Filter::more_than("x", "a").not();
        let pushed = Pushed::of(Some(&filter));
        assert_eq!((pushed.conditions, pushed.exact), (Which::All, false));
    }
}
