//! The laws of [`LexicalIndex`]: a random sequence of calls is made on the index and on a plain
//! map, and the two must agree after each. Where the index tells by which terms it goes, its
//! scores must be those of BM25 worked out text by text.

mod generate;
mod model;

use std::fmt;

use async_trait::async_trait;
use gori_core::{ErrorKind, LexicalIndex, Point, Result, Selection};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

pub use generate::Op;
use model::Model;

/// Makes indexes to hold the laws against.
#[async_trait]
pub trait LexicalFactory: Send + Sync {
    /// What is made.
    type Index: LexicalIndex;

    /// An empty index.
    async fn fresh(&self) -> Result<Self::Index>;

    /// Closes the index and opens it again, where it is one that stays.
    async fn reopen(&self, index: Self::Index) -> Result<Self::Index> {
        Ok(index)
    }

    /// How it scores, where that can be checked.
    fn scoring(&self) -> Option<Scoring<'_>> {
        None
    }

    /// How many sequences of calls.
    fn sequences(&self) -> u32 {
        64
    }
}

/// Turns a text into terms.
pub type Terms<'a> = Box<dyn Fn(&str) -> Vec<String> + Send + Sync + 'a>;

/// BM25 over terms, see the index for the formula.
pub struct Scoring<'a> {
    /// The terms of a text.
    pub text: Terms<'a>,
    /// The terms of a question.
    pub question: Terms<'a>,
    /// How soon a further occurrence stops counting.
    pub k1: f64,
    /// How much long texts are held back.
    pub b: f64,
}

impl fmt::Debug for Scoring<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BM25 with k1 {} and b {}", self.k1, self.b)
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
    /// Hits that were judged.
    pub hits: u64,
    /// Times that the index was closed and opened again.
    pub reopened: u64,
}

impl fmt::Display for Tried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} sequences, {} calls, {} searches, {} hits, {} reopened",
            self.sequences, self.calls, self.searches, self.hits, self.reopened
        )
    }
}

/// Runs every law.
///
/// # Panics
/// When a law is broken, with a short sequence of calls that breaks it.
pub async fn check<F: LexicalFactory>(factory: &F) -> Tried {
    examples(factory).await;
    let mut tried = Tried::default();
    let seed = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), seed);
    for _ in 0..factory.sequences() {
        let mut tree = generate::ops().new_tree(&mut runner).expect("a sequence");
        if let Err(why) = run(factory, &tree.current(), &mut tried).await {
            let mut worst = (tree.current(), why);
            for _ in 0..200 {
                let moved = match run(factory, &tree.current(), &mut Tried::default()).await {
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
            panic!("{}\nafter {:#?}", worst.1, worst.0);
        }
    }
    println!("lexical laws: {tried}");
    assert!(tried.hits > 50, "the searches find something: {tried}");
    tried
}

async fn run<F: LexicalFactory>(
    factory: &F,
    ops: &[Op],
    tried: &mut Tried,
) -> std::result::Result<(), String> {
    let said = |error: gori_core::Error| error.to_string();
    let mut index = factory.fresh().await.map_err(said)?;
    let mut model = Model::new(factory.scoring());
    tried.sequences += 1;
    for op in ops {
        tried.calls += 1;
        match op {
            Op::Upsert(points) => {
                index.upsert(points).await.map_err(said)?;
                model.upsert(points);
            }
            Op::Spoiled(points, place, how) => {
                let mut points = points.clone();
                points.insert(*place % (points.len() + 1), how.point());
                match index.upsert(&points).await {
                    Err(error) if error.kind() == ErrorKind::InvalidInput => {}
                    other => return Err(format!("a bad point ({how:?}) gave {other:?}")),
                }
            }
            Op::Delete(ids) => {
                let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
                delete(&index, &mut model, &Selection::Ids(&ids)).await?;
            }
            Op::DeleteWhere(filter) => {
                delete(&index, &mut model, &Selection::Filter(filter)).await?;
            }
            Op::Clear => delete(&index, &mut model, &Selection::All).await?,
            Op::Reopen => {
                tried.reopened += 1;
                index = factory.reopen(index).await.map_err(said)?;
            }
            Op::Drop(points, polls) => {
                dropped(&index, points, *polls).await.map_err(said)?;
                model.learn(&index, points).await?;
            }
            Op::Search(question, k, filter) => {
                tried.searches += 1;
                let hits = index
                    .search(question, *k, filter.as_ref())
                    .await
                    .map_err(said)?;
                tried.hits += hits.len() as u64;
                model.judge(question, *k, filter.as_ref(), &hits)?;
            }
        }
        model.compare(&index).await?;
    }
    Ok(())
}

async fn delete<I: LexicalIndex>(
    index: &I,
    model: &mut Model<'_>,
    which: &Selection<'_>,
) -> std::result::Result<(), String> {
    let gone = index
        .delete(which)
        .await
        .map_err(|error| error.to_string())?;
    let want = model.delete(which);
    if gone == want {
        Ok(())
    } else {
        Err(format!("deleted {gone} instead of {want}"))
    }
}

/// Begins a write, and loses interest.
async fn dropped<I: LexicalIndex>(index: &I, points: &[Point], polls: u8) -> Result<()> {
    {
        let mut write = std::pin::pin!(index.upsert(points));
        for _ in 0..polls {
            if futures_util::poll!(write.as_mut()).is_ready() {
                break;
            }
        }
    }
    // A write that follows waits for what the index may still be finishing.
    index
        .delete(&Selection::Ids(&["no such text"]))
        .await
        .map(drop)
}

/// What random calls would not come to.
async fn examples<F: LexicalFactory>(factory: &F) {
    let index = factory.fresh().await.unwrap();
    index.upsert(&[]).await.expect("an empty batch is fine");
    assert_eq!(index.count().await.unwrap(), 0);
    assert_eq!(index.search("key", 3, None).await.unwrap(), []);
    assert_eq!(index.delete(&Selection::All).await.unwrap(), 0);
    let long = "é".repeat(Point::MAX_ID / 2);
    let odd = [
        long.as_str(),
        " ",
        "a/b\\c",
        "'; drop table points; --",
        "점",
        "🙂",
    ];
    let points: Vec<Point> = odd.iter().map(|id| generate::plain(id, "key")).collect();
    index
        .upsert(&points)
        .await
        .expect("ids of every kind, and no vectors");
    assert_eq!(index.search("key", 0, None).await.unwrap(), [], "k of 0");
    let all = index.search("key", usize::MAX >> 8, None).await;
    assert_eq!(all.expect("k beyond all bounds").len(), odd.len());
    for blank in ["", " \n", "…", "\u{0}"] {
        assert_eq!(index.search(blank, 9, None).await.unwrap(), [], "{blank:?}");
    }
    let endless = "key lock ".repeat(20_000);
    let found = index
        .search(&endless, 9, None)
        .await
        .expect("a question of any length");
    assert_eq!(found.len(), odd.len());
    index
        .upsert(&[generate::plain("end", &endless)])
        .await
        .expect("a text of any length");
    assert_eq!(index.search("lock", 9, None).await.unwrap().len(), 1);
}
