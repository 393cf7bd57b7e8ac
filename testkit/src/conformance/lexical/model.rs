//! The plain map that an index must agree with.

use std::collections::{BTreeMap, BTreeSet};

use gori_core::{Filter, Hit, LexicalIndex, Point, Selection, Value, field};

use super::Scoring;

pub(super) struct Model<'s> {
    points: BTreeMap<String, Point>,
    scoring: Option<Scoring<'s>>,
}

const TOLERANCE: f64 = 1e-4;

impl<'s> Model<'s> {
    pub(super) fn new(scoring: Option<Scoring<'s>>) -> Self {
        Self {
            points: BTreeMap::new(),
            scoring,
        }
    }

    pub(super) fn upsert(&mut self, points: &[Point]) {
        self.points
            .extend(points.iter().map(|point| (point.id.clone(), point.clone())));
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
    pub(super) async fn learn<I: LexicalIndex>(
        &mut self,
        index: &I,
        points: &[Point],
    ) -> Result<(), String> {
        if self.compare(index).await.is_err() {
            self.upsert(points);
            let with = self.compare(index).await;
            with.map_err(|why| format!("a dropped write is neither there nor not: {why}"))?;
        }
        Ok(())
    }

    /// Compares what is there. Every text of more than blanks is found by its own words.
    pub(super) async fn compare<I: LexicalIndex>(&self, index: &I) -> Result<(), String> {
        let said = |error: gori_core::Error| error.to_string();
        let count = index.count().await.map_err(said)?;
        if count != self.points.len() as u64 {
            return Err(format!("{count} texts instead of {}", self.points.len()));
        }
        let words = "key keys lock door doors the 열쇠는 열쇠 鍵 鍵穴 x9 LocalStore fault_fs";
        let all = index
            .search(words, self.points.len() + 1, None)
            .await
            .map_err(said)?;
        let found: BTreeSet<&str> = all.iter().map(|hit| hit.id.as_str()).collect();
        for (id, point) in &self.points {
            if !point.text.is_empty() && !found.contains(id.as_str()) {
                return Err(format!("{id} is not found by its words: {:?}", point.text));
            }
        }
        for hit in &all {
            self.same(hit)?;
        }
        Ok(())
    }

    fn same(&self, hit: &Hit) -> Result<(), String> {
        match self.points.get(&hit.id) {
            Some(point) if point.text == hit.text && point.metadata == hit.metadata => Ok(()),
            point => Err(format!("{hit:?} is there as {point:?}")),
        }
    }

    /// Whether these are right answers to the question.
    pub(super) fn judge(
        &self,
        question: &str,
        k: usize,
        filter: Option<&Filter>,
        hits: &[Hit],
    ) -> Result<(), String> {
        let context =
            |why: String| format!("{why}\nfor {question:?}, {k}, {filter:?}\nin {hits:#?}");
        if hits.len() > k {
            return Err(context(format!("{} hits", hits.len())));
        }
        for pair in hits.windows(2) {
            let order = pair[1]
                .score
                .total_cmp(&pair[0].score)
                .then_with(|| pair[0].id.cmp(&pair[1].id));
            if order.is_ge() {
                return Err(context(format!(
                    "{} comes before {}",
                    pair[0].id, pair[1].id
                )));
            }
        }
        for hit in hits {
            self.same(hit).map_err(context)?;
            if hit.vector.is_some() || !hit.score.is_finite() {
                return Err(context(format!("{}: a vector, or no score", hit.id)));
            }
            if filter.is_some_and(|filter| !filter.matches(&hit.metadata)) {
                return Err(context(format!("{} does not fulfil the filter", hit.id)));
            }
        }
        match &self.scoring {
            Some(scoring) => self
                .judge_scores(scoring, question, k, filter, hits)
                .map_err(context),
            None => Ok(()),
        }
    }

    fn judge_scores(
        &self,
        scoring: &Scoring<'_>,
        question: &str,
        k: usize,
        filter: Option<&Filter>,
        hits: &[Hit],
    ) -> Result<(), String> {
        let scores = bm25(scoring, question, &self.points);
        let fits =
            |id: &&String| filter.is_none_or(|filter| filter.matches(&self.points[*id].metadata));
        let mut want: Vec<(f64, &String)> = (scores.iter())
            .filter(|(id, score)| **score > 0.0 && fits(id))
            .map(|(id, score)| (*score, *id))
            .collect();
        want.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
        if hits.len() != want.len().min(k) {
            return Err(format!(
                "{} hits instead of {}",
                hits.len(),
                want.len().min(k)
            ));
        }
        for (hit, (best, _)) in hits.iter().zip(&want) {
            let (score, truth) = (f64::from(hit.score), scores[&hit.id]);
            let near = |other: f64| (score - other).abs() <= TOLERANCE * other.max(1.0);
            if !near(truth) || !near(*best) {
                return Err(format!(
                    "{} scores {score}, not {truth}, where {best} should stand",
                    hit.id
                ));
            }
        }
        Ok(())
    }
}

/// BM25, text by text.
fn bm25<'p>(
    scoring: &Scoring<'_>,
    question: &str,
    points: &'p BTreeMap<String, Point>,
) -> BTreeMap<&'p String, f64> {
    let terms: BTreeMap<&String, Vec<String>> = (points.iter())
        .map(|(id, point)| {
            let heading = point.metadata.get(field::HEADING).and_then(Value::as_str);
            let mut terms = heading.map(&scoring.text).unwrap_or_default();
            terms.extend((scoring.text)(&point.text));
            (id, terms)
        })
        .collect();
    let all = terms.len() as f64;
    let mean = terms.values().map(Vec::len).sum::<usize>() as f64 / all.max(1.0);
    let asked = (scoring.question)(question);
    let score = |terms: &Vec<String>, scores: &[(f64, &String)]| -> f64 {
        let each = scores.iter().map(|(idf, term)| {
            let tf = terms.iter().filter(|other| other == term).count() as f64;
            let norm =
                scoring.k1 * (1.0 - scoring.b + scoring.b * terms.len() as f64 / mean.max(1.0));
            idf * tf * (scoring.k1 + 1.0) / (tf + norm)
        });
        each.sum()
    };
    let idf = |term: &String| {
        let holders = terms.values().filter(|terms| terms.contains(term)).count() as f64;
        (1.0 + (all - holders + 0.5) / (holders + 0.5)).ln()
    };
    let weights: Vec<(f64, &String)> = asked.iter().map(|term| (idf(term), term)).collect();
    terms
        .iter()
        .map(|(id, terms)| (*id, score(terms, &weights)))
        .collect()
}
