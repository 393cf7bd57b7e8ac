//! The index by words as a subject of faults.

use gori_core::{Metadata, Point, Result, Selection};
use gori_vectorstores::LexicalStore;
use gori_vectorstores::local::Report;

use super::Rng;
use super::fault_fs::FaultFs;
use super::script::{Model, Subject};

impl Subject for LexicalStore {
    fn point(rng: &mut Rng, ids: usize) -> Point {
        let word = |rng: &mut Rng| ["key", "lock", "door", "열쇠", "LocalStore"][rng.below(5)];
        let words: Vec<&str> = (0..rng.below(9)).map(|_| word(rng)).collect();
        let mut metadata = Metadata::new();
        metadata.insert("n".into(), (rng.below(10) as i64).into());
        Point {
            id: format!("p{}", rng.below(ids)),
            vector: Vec::new(),
            // The word by which every text is found.
            text: format!("all {}", words.join(" ")),
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
        Self::repair_on(fs, "/words").map(drop)
    }

    fn report(&self) -> &Report {
        self.report()
    }

    fn content(&self) -> Result<Model> {
        let hits = self.blocking_search("all", 10_000, None)?;
        let point = |hit: gori_core::Hit| Point {
            id: hit.id,
            vector: Vec::new(),
            text: hit.text,
            metadata: hit.metadata,
        };
        Ok(hits
            .into_iter()
            .map(|hit| (hit.id.clone(), point(hit)))
            .collect())
    }

    /// Whether a word finds the texts that hold it and no others.
    fn searches_well(&self, model: &Model, _: &mut Rng) -> Result<(), String> {
        for word in ["lock", "열쇠"] {
            let hits = self
                .blocking_search(word, 10_000, None)
                .map_err(|error| error.to_string())?;
            let mut found: Vec<&String> = hits.iter().map(|hit| &hit.id).collect();
            found.sort();
            let want: Vec<&String> = model
                .values()
                .filter(|point| point.text.contains(word))
                .map(|point| &point.id)
                .collect();
            if found != want {
                return Err(format!("{word}: {found:?} instead of {want:?}"));
            }
        }
        Ok(())
    }
}
