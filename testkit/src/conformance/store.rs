//! The laws of [`VectorStore`]: a random sequence of calls is made on the store and on a plain
//! map, and the two must agree after each.

pub(super) mod generate;
mod model;

use std::fmt;

use async_trait::async_trait;
use gori_core::{ErrorKind, Metric, Point, Result, Search, Selection, VectorStore};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

pub use generate::{Ask, Op};
use model::Model;

/// Numbers in the vectors that the suite makes.
pub const DIMS: usize = 4;

/// Makes stores to hold the laws against, and says where one may fall short of them.
#[async_trait]
pub trait StoreFactory: Send + Sync {
    /// What is made.
    type Store: VectorStore;

    /// An empty store.
    async fn fresh(&self, dims: usize, metric: Metric) -> Result<Self::Store>;

    /// Waits until everything acknowledged can be found. Nothing to do, as a rule.
    async fn settle(&self, store: &Self::Store) -> Result<()> {
        let _ = store;
        Ok(())
    }

    /// Closes the store and opens it again, where it is one that stays.
    async fn reopen(&self, store: Self::Store) -> Result<Self::Store> {
        Ok(store)
    }

    /// The metrics it knows.
    fn metrics(&self) -> Vec<Metric> {
        vec![Metric::Cosine, Metric::Dot, Metric::L2]
    }

    /// How far a score may be from the true one.
    fn tolerance(&self) -> f32 {
        1e-5
    }

    /// Whether ids decide which of equally near points fall off the end of a list. They
    /// always decide the order within it.
    fn ids_decide_at_the_end(&self) -> bool {
        true
    }

    /// How many sequences of calls for each metric.
    fn sequences(&self) -> u32 {
        64
    }
}

/// What was tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tried {
    /// Sequences of calls.
    pub sequences: u64,
    /// Calls in them.
    pub calls: u64,
    /// Searches among them.
    pub searches: u64,
    /// Times that the store was closed and opened again.
    pub reopened: u64,
}

impl fmt::Display for Tried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} sequences, {} calls, {} searches, {} reopened",
            self.sequences, self.calls, self.searches, self.reopened
        )
    }
}

/// Runs every law.
///
/// # Panics
/// When a law is broken, with the shortest sequence of calls found that breaks it.
pub async fn check<F: StoreFactory>(factory: &F) -> Tried {
    let mut tried = Tried::default();
    for metric in factory.metrics() {
        examples(factory, metric).await;
        let config = Config {
            max_shrink_iters: 200,
            ..Config::default()
        };
        let seed = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let mut runner = TestRunner::new_with_rng(config, seed);
        for _ in 0..factory.sequences() {
            let mut tree = generate::ops().new_tree(&mut runner).expect("a sequence");
            if let Err(why) = run(factory, metric, &tree.current(), &mut tried).await {
                let (ops, why) = shrink(factory, metric, &mut tree, why).await;
                panic!("{metric:?}: {why}\nafter {ops:#?}");
            }
        }
    }
    println!("store laws: {tried}");
    tried
}

async fn shrink<F: StoreFactory, T>(
    factory: &F,
    metric: Metric,
    tree: &mut T,
    why: String,
) -> (Vec<Op>, String)
where
    T: proptest::strategy::ValueTree<Value = Vec<Op>>,
{
    let mut worst = (tree.current(), why);
    for _ in 0..200 {
        let moved = match run(factory, metric, &tree.current(), &mut Tried::default()).await {
            Err(why) => {
                worst = (tree.current(), why);
                tree.simplify()
            }
            Ok(()) => tree.complicate(),
        };
        if !moved {
            break;
        }
    }
    worst
}

async fn run<F: StoreFactory>(
    factory: &F,
    metric: Metric,
    ops: &[Op],
    tried: &mut Tried,
) -> Result<(), String> {
    let said = |error: gori_core::Error| error.to_string();
    let mut store = factory.fresh(DIMS, metric).await.map_err(said)?;
    let mut model = Model::new(metric, factory.tolerance(), factory.ids_decide_at_the_end());
    tried.sequences += 1;
    for op in ops {
        tried.calls += 1;
        match op {
            Op::Upsert(points) => {
                store.upsert(points).await.map_err(said)?;
                model.upsert(points);
            }
            Op::Spoiled(points, place, how) => {
                let mut points = points.clone();
                points.insert(*place % (points.len() + 1), how.point());
                match store.upsert(&points).await {
                    Err(error) if error.kind() == ErrorKind::InvalidInput => {}
                    other => return Err(format!("a bad point ({how:?}) gave {other:?}")),
                }
            }
            Op::Delete(ids) => {
                let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
                let which = Selection::Ids(&ids);
                let gone = store.delete(&which).await.map_err(said)?;
                same("deleted", gone, model.delete(&which))?;
            }
            Op::DeleteWhere(filter) => {
                let which = Selection::Filter(filter);
                let gone = store.delete(&which).await.map_err(said)?;
                same("deleted", gone, model.delete(&which))?;
            }
            Op::Clear => {
                let gone = store.delete(&Selection::All).await.map_err(said)?;
                same("deleted", gone, model.delete(&Selection::All))?;
            }
            Op::Reopen => {
                tried.reopened += 1;
                store = factory.reopen(store).await.map_err(said)?;
            }
            Op::Drop(points, polls) => {
                dropped(factory, &store, points, *polls).await?;
                // Whichever it is, the model learns it, and from then on it must stay so.
                model.learn(&store, points).await?;
            }
            Op::Search(ask) => {
                factory.settle(&store).await.map_err(said)?;
                tried.searches += 1;
                let hits = store.search(&ask.search()).await.map_err(said)?;
                model.judge(ask, &hits)?;
            }
        }
        factory.settle(&store).await.map_err(said)?;
        model.compare(&store).await?;
    }
    Ok(())
}

/// Begins a write, and loses interest.
async fn dropped<F: StoreFactory>(
    factory: &F,
    store: &F::Store,
    points: &[Point],
    polls: u8,
) -> Result<(), String> {
    {
        let mut write = std::pin::pin!(store.upsert(points));
        for _ in 0..polls {
            if futures_util::poll!(write.as_mut()).is_ready() {
                break;
            }
        }
    }
    // A write that follows waits for what the store may still be finishing.
    let last = Selection::Ids(&["no such point"]);
    store
        .delete(&last)
        .await
        .map_err(|error| error.to_string())?;
    factory
        .settle(store)
        .await
        .map_err(|error| error.to_string())
}

fn same<T: PartialEq + fmt::Debug>(what: &str, got: T, want: T) -> Result<(), String> {
    if got == want {
        Ok(())
    } else {
        Err(format!("{what}: {got:?} instead of {want:?}"))
    }
}

/// What random calls would not come to.
async fn examples<F: StoreFactory>(factory: &F, metric: Metric) {
    let store = factory.fresh(DIMS, metric).await.unwrap();
    let capabilities = store.capabilities();
    assert_eq!((capabilities.dims, capabilities.metric), (DIMS, metric));
    store.upsert(&[]).await.expect("an empty batch is fine");
    assert_eq!(store.count(None).await.unwrap(), 0);
    let vector = [1.0, 0.0, 0.0, 0.5];
    assert_eq!(store.search(&Search::new(&vector, 3)).await.unwrap(), []);
    assert_eq!(store.get(&["x"]).await.unwrap(), []);
    assert_eq!(store.delete(&Selection::All).await.unwrap(), 0);

    let long = "é".repeat(Point::MAX_ID / 2);
    let odd = [
        long.as_str(),
        " ",
        "a/b\\c",
        "'; drop table points; --",
        "점",
        "%00",
        "🙂",
    ];
    let points: Vec<Point> = odd.iter().map(|id| generate::plain(id, vector)).collect();
    store.upsert(&points).await.expect("ids of every kind");
    assert_eq!(store.get(&odd).await.unwrap().len(), odd.len());
    factory.settle(&store).await.unwrap();
    assert_eq!(
        store.search(&Search::new(&vector, 0)).await.unwrap(),
        [],
        "k of 0"
    );
    let all = store.search(&Search::new(&vector, usize::MAX >> 8)).await;
    assert_eq!(all.expect("k beyond all bounds").len(), odd.len());

    for wrong in [
        &[1.0, 0.0][..],
        &[],
        &[f32::NAN; DIMS],
        &[0.0; DIMS],
        &[f32::INFINITY; DIMS],
    ] {
        let error = store.search(&Search::new(wrong, 3)).await.unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::InvalidInput,
            "a search for {wrong:?}"
        );
    }
}
