//! Random calls. The world is small on purpose, so that ids, vectors and values meet again.

use gori_core::{Filter, Metadata, Point, Range, Search, Time, Value};
use proptest::prelude::*;

use super::DIMS;

/// A call.
#[derive(Clone, Debug)]
pub enum Op {
    /// Puts points in.
    Upsert(Vec<Point>),
    /// Tries to put points in with a bad one among them.
    Spoiled(Vec<Point>, usize, Spoil),
    /// Takes points out by id.
    Delete(Vec<String>),
    /// Takes points out by filter.
    DeleteWhere(Filter),
    /// Takes all out.
    Clear,
    /// Closes and opens again.
    Reopen,
    /// Begins to put points in, waits so many times, and loses interest.
    Drop(Vec<Point>, u8),
    /// Searches.
    Search(Ask),
}

/// A search that owns its parts.
#[derive(Clone, Debug)]
pub struct Ask {
    pub(super) vector: [f32; DIMS],
    pub(super) k: usize,
    pub(super) filter: Option<Filter>,
    pub(super) min_score: Option<f32>,
    pub(super) with_vectors: bool,
}

impl Ask {
    pub(super) fn search(&self) -> Search<'_> {
        Search {
            vector: &self.vector,
            k: self.k,
            filter: self.filter.as_ref(),
            min_score: self.min_score,
            with_vectors: self.with_vectors,
        }
    }
}

/// What is wrong with a point.
#[derive(Clone, Copy, Debug)]
pub enum Spoil {
    EmptyId,
    LongId,
    Dims,
    Nan,
    Zero,
    Metadata,
}

impl Spoil {
    pub(super) fn point(self) -> Point {
        let mut point = plain("bad", [1.0, 0.0, 0.0, 0.0]);
        match self {
            Self::EmptyId => point.id.clear(),
            Self::LongId => point.id = "x".repeat(Point::MAX_ID + 1),
            Self::Dims => point.vector.push(1.0),
            Self::Nan => point.vector[1] = f32::NAN,
            Self::Zero => point.vector.fill(0.0),
            Self::Metadata => {
                point.metadata.insert("x".into(), f64::INFINITY.into());
            }
        }
        point
    }
}

pub(super) fn plain(id: &str, vector: [f32; DIMS]) -> Point {
    Point {
        id: id.to_owned(),
        vector: vector.to_vec(),
        text: format!("the text of {id:.9}"),
        metadata: Metadata::new(),
    }
}

fn id() -> impl Strategy<Value = String> {
    prop_oneof![
        9 => (0_u8..12).prop_map(|i| format!("p{i}")),
        1 => "[a-z/ '\"%éß점🙂]{1,8}",
    ]
}

fn vector() -> impl Strategy<Value = [f32; DIMS]> {
    let whole = prop::array::uniform4(-2_i8..=2).prop_map(|v| v.map(f32::from));
    let any = prop::array::uniform4(-1.0_f32..1.0);
    prop_oneof![2 => whole, 1 => any].prop_filter("has a length", |v| {
        v.iter().map(|x| x * x).sum::<f32>() > 1e-3
    })
}

fn leaf() -> BoxedStrategy<Value> {
    prop_oneof![
        prop::sample::select(vec!["a", "ab", "b", "점", ""]).prop_map(Value::from),
        (-2_i64..3).prop_map(Value::from),
        (-4_i8..6).prop_map(|x| Value::from(f64::from(x) / 2.0)),
        any::<bool>().prop_map(Value::from),
        (-1_i64..3).prop_map(|t| Value::from(Time::from_millis(t))),
    ]
    .boxed()
}

pub(in crate::conformance) fn value() -> impl Strategy<Value = Value> {
    prop_oneof![4 => leaf(), 1 => prop::collection::vec(leaf(), 0..4).prop_map(Value::List)]
}

pub(in crate::conformance) fn field() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["x", "y", "tags"]).prop_map(str::to_owned)
}

fn point() -> impl Strategy<Value = Point> {
    let metadata = prop::collection::btree_map(field(), value(), 0..4);
    (id(), vector(), "[a-z \\n점🙂]{0,20}", metadata).prop_map(|(id, vector, text, metadata)| {
        Point {
            id,
            vector: vector.to_vec(),
            text,
            metadata,
        }
    })
}

fn points(most: usize) -> impl Strategy<Value = Vec<Point>> {
    prop::collection::vec(point(), 1..=most)
}

pub(in crate::conformance) fn filter() -> impl Strategy<Value = Filter> {
    let end = || prop::option::of(leaf());
    let range =
        (end(), end(), end(), end()).prop_map(|(gt, gte, lt, lte)| Range { gt, gte, lt, lte });
    let one = prop_oneof![
        (field(), leaf()).prop_map(|(f, v)| Filter::Eq(f, v)),
        (field(), prop::collection::vec(leaf(), 0..3)).prop_map(|(f, v)| Filter::In(f, v)),
        (field(), range).prop_map(|(f, r)| Filter::Range(f, r)),
        field().prop_map(Filter::Exists),
        (field(), prop::sample::select(vec!["a", "b", "점"]))
            .prop_map(|(f, t)| Filter::contains(f, t)),
    ];
    one.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Filter::And),
            prop::collection::vec(inner.clone(), 0..3).prop_map(Filter::Or),
            inner.prop_map(Filter::not),
        ]
    })
}

fn ask() -> impl Strategy<Value = Ask> {
    let filter = prop::option::of(filter());
    (
        vector(),
        0_usize..9,
        filter,
        prop::option::weighted(0.3, -2.0_f32..2.0),
        any::<bool>(),
    )
        .prop_map(|(vector, k, filter, min_score, with_vectors)| Ask {
            vector,
            k,
            filter,
            min_score,
            with_vectors,
        })
}

pub(super) fn ops() -> impl Strategy<Value = Vec<Op>> {
    use Spoil::{Dims, EmptyId, LongId, Metadata, Nan, Zero};
    let spoil = prop::sample::select(vec![EmptyId, LongId, Dims, Nan, Zero, Metadata]);
    let op = prop_oneof![
        8 => points(6).prop_map(Op::Upsert),
        1 => (points(3), any::<usize>(), spoil).prop_map(|(p, at, how)| Op::Spoiled(p, at, how)),
        3 => prop::collection::vec(id(), 0..4).prop_map(Op::Delete),
        1 => filter().prop_map(Op::DeleteWhere),
        1 => Just(Op::Clear),
        2 => Just(Op::Reopen),
        1 => (points(3), 0_u8..4).prop_map(|(p, polls)| Op::Drop(p, polls)),
        10 => ask().prop_map(Op::Search),
    ];
    prop::collection::vec(op, 1..30)
}
