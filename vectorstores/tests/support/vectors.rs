//! The local store as a subject of faults.

use gori_core::{Metadata, Point, Result, Search, Selection};
use gori_vectorstores::LocalStore;
use gori_vectorstores::local::Report;

use super::Rng;
use super::fault_fs::FaultFs;
use super::script::{Model, Subject};

pub const DIMS: usize = 4;

pub fn point(rng: &mut Rng, ids: usize) -> Point {
    LocalStore::point(rng, ids)
}

impl Subject for LocalStore {
    fn point(rng: &mut Rng, ids: usize) -> Point {
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

    fn upsert(&self, points: &[Point]) -> Result<()> {
        self.blocking_upsert(points)
    }

    fn delete(&self, which: &Selection<'_>) -> Result<()> {
        self.blocking_delete(which).map(drop)
    }

    fn compact(&self) -> Result<()> {
        self.blocking_compact()
    }

    fn verify(&self) -> Result<()> {
        self.blocking_verify()
    }

    fn repair(fs: &FaultFs) -> Result<()> {
        Self::repair_on(fs, "/store").map(drop)
    }

    fn report(&self) -> &Report {
        self.report()
    }

    fn content(&self) -> Result<Model> {
        self.points()?
            .map(|point| point.map(|point| (point.id.clone(), point)))
            .collect()
    }

    fn searches_well(&self, model: &Model, rng: &mut Rng) -> Result<(), String> {
        let query = point(rng, 1).vector;
        let hits = self
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
}
