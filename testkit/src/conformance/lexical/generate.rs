//! Random calls. The world is small on purpose, so that ids, words and values meet again.

use gori_core::{Filter, Metadata, Point, field};
use proptest::prelude::*;

use crate::conformance::store::generate::{field as name, filter, value};

/// A call.
#[derive(Clone, Debug)]
pub enum Op {
    /// Puts texts in.
    Upsert(Vec<Point>),
    /// Tries to put texts in with a bad one among them.
    Spoiled(Vec<Point>, usize, Spoil),
    /// Takes texts out by id.
    Delete(Vec<String>),
    /// Takes texts out by filter.
    DeleteWhere(Filter),
    /// Takes all out.
    Clear,
    /// Closes and opens again.
    Reopen,
    /// Begins to put texts in, waits so many times, and loses interest.
    Drop(Vec<Point>, u8),
    /// Searches.
    Search(String, usize, Option<Filter>),
}

/// What is wrong with a point.
#[derive(Clone, Copy, Debug)]
pub enum Spoil {
    /// It has no id.
    EmptyId,
    /// Its id is too long.
    LongId,
    /// A number in its metadata is not finite.
    Metadata,
}

impl Spoil {
    pub(super) fn point(self) -> Point {
        let mut point = plain("bad", "key");
        match self {
            Self::EmptyId => point.id.clear(),
            Self::LongId => point.id = "x".repeat(Point::MAX_ID + 1),
            Self::Metadata => {
                point.metadata.insert("x".into(), f64::NAN.into());
            }
        }
        point
    }
}

pub(super) fn plain(id: &str, text: &str) -> Point {
    Point {
        id: id.to_owned(),
        vector: Vec::new(),
        text: text.to_owned(),
        metadata: Metadata::new(),
    }
}

fn id() -> impl Strategy<Value = String> {
    (0_u8..14).prop_map(|i| format!("p{i}"))
}

fn text() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "key",
        "keys",
        "Lock",
        "door",
        "doors,",
        "the",
        "열쇠는",
        "열쇠",
        "鍵",
        "鍵穴",
        "x9",
        "LocalStore",
        "fault_fs",
    ]);
    prop::collection::vec(word, 0..9).prop_map(|words| words.join(" "))
}

fn point() -> impl Strategy<Value = Point> {
    let metadata = prop::collection::btree_map(name(), value(), 0..3);
    let heading = prop::option::weighted(0.2, text());
    (id(), text(), metadata, heading).prop_map(|(id, text, mut metadata, heading)| {
        metadata.extend(heading.map(|heading| (field::HEADING.to_owned(), heading.into())));
        Point {
            metadata,
            ..plain(&id, &text)
        }
    })
}

fn points(most: usize) -> impl Strategy<Value = Vec<Point>> {
    prop::collection::vec(point(), 1..=most)
}

pub(super) fn ops() -> impl Strategy<Value = Vec<Op>> {
    let spoil = prop::sample::select(vec![Spoil::EmptyId, Spoil::LongId, Spoil::Metadata]);
    let op = prop_oneof![
        8 => points(6).prop_map(Op::Upsert),
        1 => (points(3), any::<usize>(), spoil).prop_map(|(p, at, how)| Op::Spoiled(p, at, how)),
        3 => prop::collection::vec(id(), 0..4).prop_map(Op::Delete),
        1 => filter().prop_map(Op::DeleteWhere),
        1 => Just(Op::Clear),
        2 => Just(Op::Reopen),
        1 => (points(3), 0_u8..4).prop_map(|(p, polls)| Op::Drop(p, polls)),
        10 => (text(), 0_usize..9, prop::option::weighted(0.4, filter()))
            .prop_map(|(text, k, filter)| Op::Search(text, k, filter)),
    ];
    prop::collection::vec(op, 1..30)
}
