//! Moving a local store to another store, for who outgrows one machine.

use gori_core::{Error, ErrorKind, Metric, Point, Result, VectorStore};

use crate::LocalStore;
use crate::local::Points;
use crate::local::offload::offload;

/// How far a move has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Points that are in the other store by now.
    pub done: u64,
    /// Points in all.
    pub total: u64,
}

/// What a move did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Moved {
    /// Points in both stores now.
    pub points: u64,
    /// Points that were written; the others were there, from a move that was broken off.
    pub written: u64,
    /// Points that were read back at the end and compared.
    pub compared: u64,
}

/// Moves the points of a [`LocalStore`] to any other [`VectorStore`], such as Qdrant or Postgres.
///
/// What is moved is what the store held when the move began. The local store is only read. A
/// move can be broken off at any moment, by dropping its future, by an error or by the end of
/// the process: begun again, it asks the other store what is there and writes the rest. At the
/// end both stores have the same number of points, and points spread evenly over the store were
/// read back and found equal (vectors up to their length where the metric is cosine).
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// # let dir = tempfile::tempdir()?; let dir = dir.path();
/// use gori_core::{Metadata, Point, VectorStore};
/// use gori_vectorstores::{LocalStore, MemoryStore, Migration, Options};
///
/// let store = LocalStore::create_or_open(dir, Options::new(2))?;
/// let cat = Point { id: "cat".into(), vector: vec![1.0, 0.1], text: "a cat".into(), metadata: Metadata::new() };
/// store.upsert(&[cat]).await?;
///
/// let other = MemoryStore::new(2); // or `Qdrant::open(…)`, `PgVector::open(…)`
/// let moved = Migration::new(&store, &other)
///     .on_progress(|at| println!("{} of {}", at.done, at.total))
///     .run()
///     .await?;
/// assert_eq!((moved.points, moved.written, moved.compared), (1, 1, 1));
/// assert_eq!(other.count(None).await?, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
/// ```
pub struct Migration<'a> {
    from: &'a LocalStore,
    to: &'a dyn VectorStore,
    batch: usize,
    sample: u64,
    progress: Option<Box<dyn Fn(Progress) + Send + Sync + 'a>>,
}

impl std::fmt::Debug for Migration<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Migration")
            .field("from", &self.from.dir())
            .field("to", &self.to)
            .field("batch", &self.batch)
            .field("sample", &self.sample)
            .finish_non_exhaustive()
    }
}

impl<'a> Migration<'a> {
    /// Moves 256 points at a time and compares 1,000 at the end.
    pub fn new(from: &'a LocalStore, to: &'a dyn VectorStore) -> Self {
        Self {
            from,
            to,
            batch: 256,
            sample: 1000,
            progress: None,
        }
    }

    /// How many points are moved at a time.
    #[must_use]
    pub fn batch(mut self, points: usize) -> Self {
        self.batch = points.max(1);
        self
    }

    /// How many points are read back at the end and compared. [`u64::MAX`] compares all.
    #[must_use]
    pub fn sample(mut self, points: u64) -> Self {
        self.sample = points;
        self
    }

    /// Is told after each batch how far the move has come.
    #[must_use]
    pub fn on_progress(mut self, tell: impl Fn(Progress) + Send + Sync + 'a) -> Self {
        self.progress = Some(Box::new(tell));
        self
    }

    /// Moves what is not there yet, and compares.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) when the other store is for other vectors (both are named),
    /// or holds points that this one has not; [`Corrupt`](ErrorKind::Corrupt), naming the point,
    /// when one that was written is not read back as it was; and those of either store, after
    /// which the move can be begun again.
    pub async fn run(&self) -> Result<Moved> {
        self.compare_stores()?;
        let mut points = self.from.points()?;
        let total = self.from.count(None).await?;
        let mut moved = Moved::default();
        // An empty store need not be asked what is there.
        let resumed = self.to.count(None).await? > 0;
        loop {
            let (batch, rest) = next(points, self.batch).await?;
            points = rest;
            if batch.is_empty() {
                break;
            }
            moved.points += batch.len() as u64;
            let missing = if resumed {
                self.missing(batch).await?
            } else {
                batch
            };
            if !missing.is_empty() {
                self.to.upsert(&missing).await?;
                moved.written += missing.len() as u64;
            }
            if let Some(tell) = &self.progress {
                tell(Progress {
                    done: moved.points,
                    total: total.max(moved.points),
                });
            }
        }
        let there = self.to.count(None).await?;
        if there != moved.points {
            let message = format!(
                "{} points were moved, and the other store holds {there}",
                moved.points
            );
            return Err(Error::new(ErrorKind::Config, message)
                .hint("move into an empty store, and let nobody else write to it meanwhile"));
        }
        moved.compared = self.compare_points(moved.points).await?;
        Ok(moved)
    }

    fn compare_stores(&self) -> Result<()> {
        let (from, to) = (self.from.capabilities(), self.to.capabilities());
        let differ = |what: &str, from: String, to: String| {
            let message = format!("this store is for {what} {from}, the other for {to}");
            Err(Error::new(ErrorKind::Config, message).about(self.from.dir().display()))
        };
        if from.dims != to.dims {
            return differ("vectors of", from.dims.to_string(), to.dims.to_string());
        }
        if from.metric != to.metric {
            let (from, to) = (format!("{:?}", from.metric), format!("{:?}", to.metric));
            return differ("the metric", from, to);
        }
        match (from.embedder, to.embedder) {
            (Some(from), Some(to)) if from != to => differ("the embedder", from, to),
            _ => Ok(()),
        }
    }

    /// Those of a batch that the other store has not, or not so.
    async fn missing(&self, batch: Vec<Point>) -> Result<Vec<Point>> {
        let ids: Vec<&str> = batch.iter().map(|point| point.id.as_str()).collect();
        let mut there = self.to.get(&ids).await?.into_iter().peekable();
        let metric = self.from.capabilities().metric;
        let is_missing = |point: &Point| match there.next_if(|found| found.id == point.id) {
            Some(found) => !is_same(&found, point, metric),
            None => true,
        };
        Ok(batch.into_iter().filter(is_missing).collect())
    }

    /// Reads points back that are spread evenly over the store; gives how many.
    async fn compare_points(&self, total: u64) -> Result<u64> {
        let every = total.div_ceil(self.sample.max(1)).max(1);
        let metric = self.from.capabilities().metric;
        let mut points = self.from.points()?;
        let (mut at, mut compared) = (0, 0);
        if self.sample == 0 {
            return Ok(0);
        }
        loop {
            let (batch, rest) = next(points, self.batch).await?;
            points = rest;
            if batch.is_empty() {
                break;
            }
            let mut chosen = batch;
            chosen.retain(|_| {
                at += 1;
                (at - 1) % every == 0
            });
            let ids: Vec<&str> = chosen.iter().map(|point| point.id.as_str()).collect();
            let mut found = match ids.is_empty() {
                true => Vec::new(),
                false => self.to.get(&ids).await?,
            }
            .into_iter();
            for point in &chosen {
                let is_equal = found
                    .next()
                    .is_some_and(|found| is_same(&found, point, metric));
                if !is_equal {
                    let what = "a point that was moved is not in the other store as it was";
                    return Err(Error::new(ErrorKind::Corrupt, what).about(&point.id));
                }
                compared += 1;
            }
        }
        Ok(compared)
    }
}

/// The next points, read away from the threads that run futures.
async fn next(mut points: Points, count: usize) -> Result<(Vec<Point>, Points)> {
    offload(move || {
        let batch: Result<Vec<Point>> = points.by_ref().take(count).collect();
        Ok((batch?, points))
    })
    .await
}

/// Whether two points are one, as far as a store must give them back.
fn is_same(a: &Point, b: &Point, metric: Metric) -> bool {
    let near = |a: f32, b: f32| (a - b).abs() <= 1e-5 * a.abs().max(b.abs()).max(1e-30);
    let vectors = a.vector.len() == b.vector.len()
        && match metric {
            Metric::Cosine => gori_core::cosine(&a.vector, &b.vector) > 1.0 - 1e-5,
            Metric::Dot | Metric::L2 => a.vector.iter().zip(&b.vector).all(|(a, b)| near(*a, *b)),
        };
    vectors && a.id == b.id && a.text == b.text && a.metadata == b.metadata
}
