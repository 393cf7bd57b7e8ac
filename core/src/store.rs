//! The ports behind which points are kept and searched.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{Error, Filter, Metadata, Result};

/// A text with its vector, under the caller's id.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The caller's id: 1 to [`Point::MAX_ID`] bytes. A repeated id replaces.
    pub id: String,
    /// The vector, of the store's dimension.
    pub vector: Vec<f32>,
    /// The text that was embedded.
    pub text: String,
    /// What filters can ask for.
    pub metadata: Metadata,
}

impl Point {
    /// The longest id, in bytes.
    pub const MAX_ID: usize = 1024;

    /// Checks what every store must refuse before anything is written.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput), naming the point, for an
    /// empty or over-long id or one with control characters, a vector of another dimension,
    /// one with a number that is not finite, one without length, or metadata with a number
    /// that is not finite.
    pub fn check(&self, dims: usize) -> Result<()> {
        check_id(&self.id)?;
        check_vector(&self.vector, dims).map_err(|error| error.about(&self.id))?;
        self.check_text()
    }

    /// Checks all but the vector: what an index by words must refuse.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn check_text(&self) -> Result<()> {
        check_id(&self.id)?;
        match self.metadata.iter().find(|(_, value)| !value.is_finite()) {
            Some((name, _)) => Err(Error::invalid(format!(
                "metadata `{name}` holds a number that is not finite"
            ))
            .about(&self.id)),
            None => Ok(()),
        }
    }
}

fn check_id(id: &str) -> Result<()> {
    if id.is_empty() {
        Err(Error::invalid("a point has an empty id"))
    } else if id.len() > Point::MAX_ID {
        Err(Error::invalid(format!(
            "an id of {} bytes is longer than {}",
            id.len(),
            Point::MAX_ID
        )))
    } else if id.contains(char::is_control) {
        Err(Error::invalid(format!(
            "the id {id:?} holds a control character"
        )))
    } else {
        Ok(())
    }
}

fn check_vector(vector: &[f32], dims: usize) -> Result<()> {
    if vector.len() != dims {
        Err(Error::invalid(format!(
            "a vector of {} numbers does not fit a store of {dims}",
            vector.len()
        ))
        .hint("use the embedder that the store was made with"))
    } else if !vector.iter().all(|x| x.is_finite()) {
        Err(Error::invalid("a vector holds a number that is not finite"))
    } else if !(1e-30..1e30).contains(&vector.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>()) {
        Err(Error::invalid("a vector has no usable length")
            .hint("its norm must lie between 1e-15 and 1e15"))
    } else {
        Ok(())
    }
}

/// How the likeness of two vectors is measured. Higher is always better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// The cosine of the angle, from -1 to 1.
    #[default]
    Cosine,
    /// The dot product.
    Dot,
    /// The Euclidean distance, as a score: `-|a - b|`.
    L2,
}

/// A search by vector.
#[derive(Clone, Debug)]
pub struct Search<'a> {
    /// The vector to be near to, of the store's dimension.
    pub vector: &'a [f32],
    /// How many hits at most. 0 gives none.
    pub k: usize,
    /// Only points that fulfil it.
    pub filter: Option<&'a Filter>,
    /// Only points that score at least this.
    pub min_score: Option<f32>,
    /// Whether hits carry their vectors.
    pub with_vectors: bool,
}

impl<'a> Search<'a> {
    /// The `k` best, without filter, threshold or vectors.
    pub fn new(vector: &'a [f32], k: usize) -> Self {
        Self {
            vector,
            k,
            filter: None,
            min_score: None,
            with_vectors: false,
        }
    }

    /// Only points that fulfil the filter.
    #[must_use]
    pub fn filter(mut self, filter: &'a Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// Only points that score at least this.
    #[must_use]
    pub fn min_score(mut self, score: f32) -> Self {
        self.min_score = Some(score);
        self
    }

    /// Hits carry their vectors.
    #[must_use]
    pub fn with_vectors(mut self) -> Self {
        self.with_vectors = true;
        self
    }

    /// Checks the vector as [`Point::check`] does.
    ///
    /// # Errors
    /// As [`Point::check`] for vectors.
    pub fn check(&self, dims: usize) -> Result<()> {
        check_vector(self.vector, dims).map_err(|error| error.about("query"))
    }
}

/// A point that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// The id of the point.
    pub id: String,
    /// How well it fits; higher is better. Its scale is that of whoever found it.
    pub score: f32,
    /// The text.
    pub text: String,
    /// The metadata.
    pub metadata: Metadata,
    /// The vector, when it was asked for.
    pub vector: Option<Vec<f32>>,
    /// What each leg of a composed search gave it.
    pub legs: Vec<Leg>,
}

/// What one leg of a composed search gave a hit.
#[derive(Clone, Debug, PartialEq)]
pub struct Leg {
    /// The leg: `dense`, `lexical`, `rerank`.
    pub name: &'static str,
    /// The place in that leg's list, counted from 1.
    pub rank: usize,
    /// The score on that leg's scale.
    pub score: f32,
}

/// Which points.
#[derive(Clone, Copy, Debug)]
pub enum Selection<'a> {
    /// Those with these ids.
    Ids(&'a [&'a str]),
    /// Those that fulfil the filter.
    Filter(&'a Filter),
    /// All.
    All,
}

/// What a store can do and what it was made for.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Capabilities {
    /// Numbers in a vector.
    pub dims: usize,
    /// How likeness is measured.
    pub metric: Metric,
    /// The embedder its vectors come from, when the store was told.
    pub embedder: Option<String>,
    /// Whether an acknowledged write outlives the process and the power.
    pub durable: bool,
    /// Whether a search looks at every point, so that nothing near can be missed.
    pub exact: bool,
}

impl Capabilities {
    /// An exact store in memory with the cosine.
    pub fn new(dims: usize) -> Self {
        Self {
            dims,
            metric: Metric::Cosine,
            embedder: None,
            durable: false,
            exact: true,
        }
    }
}

/// Keeps points and finds the nearest.
///
/// # For implementors
/// - `upsert` checks every point ([`Point::check`]) before it writes the first; it is all or
///   nothing, and durable when it returns if [`Capabilities::durable`] says so. Of points
///   with the same id in one batch the last one stays.
/// - `search` gives hits best first, ties by id; deleted and replaced points never appear.
/// - A returned vector is the one that was put in, up to a scale where the metric is cosine.
/// - Dropping the future of a write leaves all of the batch or nothing of it.
///
/// # For callers
/// Batches of some hundred points are the quick way in. Reads see every write that was
/// acknowledged before they began.
#[async_trait]
pub trait VectorStore: Debug + Send + Sync {
    /// What the store can do and what it was made for.
    fn capabilities(&self) -> Capabilities;

    /// Puts points in, replacing those with the same id.
    async fn upsert(&self, points: &[Point]) -> Result<()>;

    /// The nearest points, best first.
    async fn search(&self, query: &Search<'_>) -> Result<Vec<Hit>>;

    /// Takes points out and says how many there were. Unknown ids are fine.
    async fn delete(&self, which: &Selection<'_>) -> Result<u64>;

    /// The points with these ids, in that order; unknown ids are left out.
    async fn get(&self, ids: &[&str]) -> Result<Vec<Point>>;

    /// How many points there are, or how many fulfil the filter.
    async fn count(&self, filter: Option<&Filter>) -> Result<u64>;
}

/// Keeps texts and finds them by their words.
///
/// The rules of [`VectorStore`] hold here too; vectors of points are ignored.
#[async_trait]
pub trait LexicalIndex: Debug + Send + Sync {
    /// Puts texts in, replacing those with the same id.
    async fn upsert(&self, points: &[Point]) -> Result<()>;

    /// The texts that fit the words best, best first, ties by id.
    async fn search(&self, query: &str, k: usize, filter: Option<&Filter>) -> Result<Vec<Hit>>;

    /// Takes texts out and says how many there were.
    async fn delete(&self, which: &Selection<'_>) -> Result<u64>;

    /// How many texts there are.
    async fn count(&self) -> Result<u64>;
}

macro_rules! forward {
    ($($pointer:ty),*) => {$(
        #[async_trait]
        impl<S: VectorStore + ?Sized> VectorStore for $pointer {
            fn capabilities(&self) -> Capabilities { (**self).capabilities() }
            async fn upsert(&self, points: &[Point]) -> Result<()> { (**self).upsert(points).await }
            async fn search(&self, query: &Search<'_>) -> Result<Vec<Hit>> { (**self).search(query).await }
            async fn delete(&self, which: &Selection<'_>) -> Result<u64> { (**self).delete(which).await }
            async fn get(&self, ids: &[&str]) -> Result<Vec<Point>> { (**self).get(ids).await }
            async fn count(&self, filter: Option<&Filter>) -> Result<u64> { (**self).count(filter).await }
        }

        #[async_trait]
        impl<S: LexicalIndex + ?Sized> LexicalIndex for $pointer {
            async fn upsert(&self, points: &[Point]) -> Result<()> { (**self).upsert(points).await }
            async fn search(&self, query: &str, k: usize, filter: Option<&Filter>) -> Result<Vec<Hit>> {
                (**self).search(query, k, filter).await
            }
            async fn delete(&self, which: &Selection<'_>) -> Result<u64> { (**self).delete(which).await }
            async fn count(&self) -> Result<u64> { (**self).count().await }
        }
    )*};
}
forward!(&S, Arc<S>, Box<S>);

/// Sorts hits best first, ties by id: the order every search promises.
pub fn sort_hits(hits: &mut [Hit]) {
    hits.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.id.cmp(&b.id)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn point(id: &str, vector: &[f32]) -> Point {
        Point {
            id: id.into(),
            vector: vector.into(),
            text: String::new(),
            metadata: Metadata::new(),
        }
    }

    #[test]
    fn what_would_poison_a_store_is_refused() {
        let long = "x".repeat(Point::MAX_ID + 1);
        let mut odd = point("a", &[1.0, 0.0]);
        odd.metadata.insert("x".into(), f64::NAN.into());
        let bad = [
            point("", &[1.0, 0.0]),
            point(&long, &[1.0, 0.0]),
            point("a\n", &[1.0, 0.0]),
            point("a", &[1.0]),
            point("a", &[f32::NAN, 1.0]),
            point("a", &[f32::INFINITY, 1.0]),
            point("a", &[0.0, 0.0]),
            point("a", &[1e-20, 0.0]),
            odd,
        ];
        for point in bad {
            assert_eq!(
                point.check(2).unwrap_err().kind(),
                ErrorKind::InvalidInput,
                "{point:?}"
            );
        }
        assert!(point("a", &[0.0, 1.0]).check(2).is_ok());
    }
}
