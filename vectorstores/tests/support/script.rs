//! Random writes, and a plain map that says what must be there after each.

use std::collections::BTreeMap;

use gori_core::{Filter, Point, Result, Selection};
use gori_vectorstores::local::Report;

use super::Rng;
use super::fault_fs::FaultFs;

/// What a store must hold, by id.
pub type Model = BTreeMap<String, Point>;

/// A store that faults are tried on.
pub trait Subject: Sized {
    /// A random point with one of so many ids.
    fn point(rng: &mut Rng, ids: usize) -> Point;
    fn upsert(&self, points: &[Point]) -> Result<()>;
    fn delete(&self, which: &Selection<'_>) -> Result<()>;
    fn compact(&self) -> Result<()>;
    fn verify(&self) -> Result<()>;
    fn repair(fs: &FaultFs) -> Result<()>;
    fn report(&self) -> &Report;
    /// All that it holds.
    fn content(&self) -> Result<Model>;
    /// Whether a search finds what a look at the plain map finds.
    fn searches_well(&self, model: &Model, rng: &mut Rng) -> Result<(), String>;
}

/// One write.
#[derive(Clone, Debug)]
pub enum Step {
    Upsert(Vec<Point>),
    Delete(Vec<String>),
    DeleteWhere(Filter),
    Compact,
}

/// Random writes over so many ids.
pub fn steps<S: Subject>(rng: &mut Rng, count: usize, ids: usize) -> Vec<Step> {
    let step = |_| match rng.below(40) {
        0 => Step::DeleteWhere(Filter::eq("n", rng.below(10) as i64)),
        1 => Step::Compact,
        2..8 => Step::Delete(
            (0..1 + rng.below(3))
                .map(|_| format!("p{}", rng.below(ids)))
                .collect(),
        ),
        _ => Step::Upsert((0..1 + rng.below(5)).map(|_| S::point(rng, ids)).collect()),
    };
    (0..count).map(step).collect()
}

impl Step {
    pub fn run<S: Subject>(&self, store: &S) -> Result<()> {
        match self {
            Self::Upsert(points) => store.upsert(points),
            Self::Delete(ids) => {
                let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
                store.delete(&Selection::Ids(&ids))
            }
            Self::DeleteWhere(filter) => store.delete(&Selection::Filter(filter)),
            Self::Compact => store.compact(),
        }
    }

    pub fn apply(&self, model: &mut Model) {
        match self {
            Self::Upsert(points) => {
                model.extend(points.iter().map(|point| (point.id.clone(), point.clone())));
            }
            Self::Delete(ids) => model.retain(|id, _| !ids.contains(id)),
            Self::DeleteWhere(filter) => model.retain(|_, point| !filter.matches(&point.metadata)),
            Self::Compact => {}
        }
    }
}
