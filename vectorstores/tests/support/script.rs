//! Random writes, and a plain map that says what must be there after each.

use std::collections::BTreeMap;

use gori_core::{Filter, Metadata, Point, Result, Search, Selection};
use gori_vectorstores::LocalStore;

use super::Rng;

pub const DIMS: usize = 4;

/// What a store must hold: vector, text and metadata by id.
pub type Model = BTreeMap<String, Point>;

/// One write.
#[derive(Clone, Debug)]
pub enum Step {
    Upsert(Vec<Point>),
    Delete(Vec<String>),
    DeleteWhere(Filter),
    Compact,
}

pub fn point(rng: &mut Rng, ids: usize) -> Point {
    let small = |rng: &mut Rng| rng.below(2001) as f32 / 1000.0 - 1.0;
    let mut metadata = Metadata::new();
    metadata.insert("n".into(), (rng.below(10) as i64).into());
    let text = "x".repeat(rng.below(60));
    Point {
        id: format!("p{}", rng.below(ids)),
        vector: vec![small(rng), small(rng), small(rng), 1.5],
        text,
        metadata,
    }
}

/// Random writes over so many ids.
pub fn steps(rng: &mut Rng, count: usize, ids: usize) -> Vec<Step> {
    let step = |_| match rng.below(40) {
        0 => Step::DeleteWhere(Filter::eq("n", rng.below(10) as i64)),
        1 => Step::Compact,
        2..8 => Step::Delete(
            (0..1 + rng.below(3))
                .map(|_| format!("p{}", rng.below(ids)))
                .collect(),
        ),
        _ => Step::Upsert((0..1 + rng.below(5)).map(|_| point(rng, ids)).collect()),
    };
    (0..count).map(step).collect()
}

impl Step {
    pub fn run(&self, store: &LocalStore) -> Result<()> {
        match self {
            Self::Upsert(points) => store.blocking_upsert(points),
            Self::Delete(ids) => {
                let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
                store.blocking_delete(&Selection::Ids(&ids)).map(drop)
            }
            Self::DeleteWhere(filter) => {
                store.blocking_delete(&Selection::Filter(filter)).map(drop)
            }
            Self::Compact => store.blocking_compact(),
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

/// All that a store holds.
pub fn content(store: &LocalStore) -> Result<Model> {
    store
        .points()?
        .map(|point| point.map(|point| (point.id.clone(), point)))
        .collect()
}

/// Whether a search finds what a look at the plain map finds.
pub fn searches_well(store: &LocalStore, model: &Model, rng: &mut Rng) -> Result<(), String> {
    let query = point(rng, 1).vector;
    let hits = store
        .blocking_search(&Search::new(&query, 5))
        .map_err(|error| error.to_string())?;
    let mut want: Vec<(f32, &String)> = model
        .values()
        .map(|point| (gori_core::cosine(&query, &point.vector), &point.id))
        .collect();
    want.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    want.truncate(5);
    let near = |a: f32, b: f32| (a - b).abs() < 1e-5;
    let good = hits.len() == want.len()
        && hits.iter().zip(&want).all(|(hit, (score, _))| {
            near(hit.score, *score)
                && model.get(&hit.id).is_some_and(|point| {
                    near(gori_core::cosine(&query, &point.vector), hit.score)
                        && point.text == hit.text
                })
        });
    if good {
        Ok(())
    } else {
        Err(format!("{hits:#?}\ninstead of {want:?}"))
    }
}
