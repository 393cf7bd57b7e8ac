//! The plain map that a store must agree with.

use std::collections::{BTreeMap, BTreeSet};

use gori_core::{Filter, Hit, Metric, Point, Selection, VectorStore};

use super::generate::Ask;
use super::same;

pub(super) struct Model {
    metric: Metric,
    tolerance: f64,
    ids_decide: bool,
    points: BTreeMap<String, Point>,
    /// Every id that was ever spoken of.
    known: BTreeSet<String>,
}

impl Model {
    pub(super) fn new(metric: Metric, tolerance: f32, ids_decide: bool) -> Self {
        Self {
            metric,
            tolerance: f64::from(tolerance),
            ids_decide,
            points: BTreeMap::new(),
            known: BTreeSet::new(),
        }
    }

    pub(super) fn upsert(&mut self, points: &[Point]) {
        for point in points {
            self.known.insert(point.id.clone());
            self.points.insert(point.id.clone(), point.clone());
        }
    }

    pub(super) fn delete(&mut self, which: &Selection<'_>) -> u64 {
        let before = self.points.len();
        match which {
            Selection::Ids(ids) => self.points.retain(|id, _| !ids.contains(&id.as_str())),
            Selection::Filter(filter) => self.points.retain(|_, p| !filter.matches(&p.metadata)),
            Selection::All => self.points.clear(),
        }
        (before - self.points.len()) as u64
    }

    /// Finds out whether a write that was begun took place. Anything in between is a fault.
    pub(super) async fn learn<S: VectorStore>(
        &mut self,
        store: &S,
        points: &[Point],
    ) -> Result<(), String> {
        let mut after = Self {
            points: self.points.clone(),
            known: self.known.clone(),
            ..*self
        };
        after.upsert(points);
        self.known.clone_from(&after.known);
        let without = self.compare(store).await;
        if without.is_err() {
            let with = after.compare(store).await;
            with.map_err(|why| format!("a dropped write is neither there nor not: {why}"))?;
            self.points = after.points;
        }
        Ok(())
    }

    /// Compares everything but the searches.
    pub(super) async fn compare<S: VectorStore>(&self, store: &S) -> Result<(), String> {
        let said = |error: gori_core::Error| error.to_string();
        let count = store.count(None).await.map_err(said)?;
        same("count", count, self.points.len() as u64)?;
        let there = Filter::exists("x");
        let count = store.count(Some(&there)).await.map_err(said)?;
        let want = self
            .points
            .values()
            .filter(|p| there.matches(&p.metadata))
            .count();
        same("count of those with an x", count, want as u64)?;
        // Backwards and with one twice, since the answer must keep the order of the question.
        let mut ids: Vec<&str> = self.known.iter().rev().map(String::as_str).collect();
        ids.extend(self.points.keys().next().map(String::as_str));
        let got = store.get(&ids).await.map_err(said)?;
        let want: Vec<&Point> = ids.iter().filter_map(|id| self.points.get(*id)).collect();
        same("points", got.len(), want.len())?;
        for (got, want) in got.iter().zip(want) {
            same("id", &got.id, &want.id)?;
            same("text", &got.text, &want.text)?;
            same("metadata", &got.metadata, &want.metadata)?;
            self.same_vector(&got.vector, &want.vector)?;
        }
        Ok(())
    }

    fn same_vector(&self, got: &[f32], want: &[f32]) -> Result<(), String> {
        let far = match self.metric {
            Metric::Cosine => 1.0 - cosine(got, want),
            Metric::Dot | Metric::L2 => distance(got, want),
        };
        if got.len() == want.len() && far <= self.tolerance {
            Ok(())
        } else {
            Err(format!("vector: {got:?} instead of {want:?}"))
        }
    }

    fn score(&self, a: &[f32], b: &[f32]) -> f64 {
        match self.metric {
            Metric::Cosine => cosine(a, b),
            Metric::Dot => dot(a, b),
            Metric::L2 => -distance(a, b),
        }
    }

    /// Whether these are right answers to the question.
    pub(super) fn judge(&self, ask: &Ask, hits: &[Hit]) -> Result<(), String> {
        let floor = ask.min_score.map_or(f64::NEG_INFINITY, f64::from);
        let fits = |p: &&Point| ask.filter.as_ref().is_none_or(|f| f.matches(&p.metadata));
        let mut want: Vec<(f64, &Point)> = self
            .points
            .values()
            .filter(fits)
            .map(|point| (self.score(&ask.vector, &point.vector), point))
            .collect();
        want.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.id.cmp(&b.1.id)));
        // Rounding may put a point on either side of the threshold.
        let at_least = |floor: f64| want.iter().filter(|x| x.0 >= floor).count().min(ask.k);
        let (few, many) = (
            at_least(floor + self.tolerance),
            at_least(floor - self.tolerance),
        );
        if !(few..=many).contains(&hits.len()) {
            return Err(format!(
                "{} hits, not {few} to {many}, for {ask:?}",
                hits.len()
            ));
        }
        let context = |why: String| format!("{why}\nfor {ask:?}\nin {hits:#?}");
        for (hit, best) in hits.iter().zip(&want) {
            self.judge_one(ask, hit, best.0).map_err(context)?;
        }
        for pair in hits.windows(2) {
            let [a, b] = pair else { continue };
            let order = b.score.total_cmp(&a.score).then_with(|| a.id.cmp(&b.id));
            if order.is_ge() {
                return Err(context(format!("{} comes before {}", a.id, b.id)));
            }
        }
        if self.ids_decide {
            self.judge_end(hits, &want).map_err(context)?;
        }
        Ok(())
    }

    fn judge_one(&self, ask: &Ask, hit: &Hit, best: f64) -> Result<(), String> {
        let point = self
            .points
            .get(&hit.id)
            .ok_or(format!("{} is not there", hit.id))?;
        same("text", &hit.text, &point.text)?;
        same("metadata", &hit.metadata, &point.metadata)?;
        if ask
            .filter
            .as_ref()
            .is_some_and(|f| !f.matches(&point.metadata))
        {
            return Err(format!("{} does not fulfil the filter", hit.id));
        }
        let score = f64::from(hit.score);
        let truth = self.score(&ask.vector, &point.vector);
        if (score - truth).abs() > self.tolerance * truth.abs().max(1.0) {
            return Err(format!("{} scores {score} instead of {truth}", hit.id));
        }
        if (score - best).abs() > 2.0 * self.tolerance * best.abs().max(1.0) {
            return Err(format!("{} stands where a score of {best} should", hit.id));
        }
        match (&hit.vector, ask.with_vectors) {
            (None, false) => Ok(()),
            (Some(vector), true) => self.same_vector(vector, &point.vector),
            (vector, _) => Err(format!("vectors were not asked for so: {vector:?}")),
        }
    }

    /// Of points with the same vector those with the smaller ids are found.
    fn judge_end(&self, hits: &[Hit], want: &[(f64, &Point)]) -> Result<(), String> {
        let found: BTreeSet<&str> = hits.iter().map(|hit| hit.id.as_str()).collect();
        for (_, missed) in want.iter().filter(|x| !found.contains(x.1.id.as_str())) {
            let twin = hits.iter().find(|hit| {
                hit.id > missed.id
                    && self
                        .points
                        .get(&hit.id)
                        .is_some_and(|p| p.vector == missed.vector)
            });
            if let Some(twin) = twin {
                return Err(format!(
                    "{} was found and its twin {} not",
                    twin.id, missed.id
                ));
            }
        }
        Ok(())
    }
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(a, b)| f64::from(*a) * f64::from(*b))
        .sum()
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

fn distance(a: &[f32], b: &[f32]) -> f64 {
    let squares = a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2));
    squares.sum::<f64>().sqrt()
}
