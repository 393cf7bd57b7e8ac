//! The same in memory.

use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use gori_core::{Filter, Hit, LexicalIndex, Point, Result, Selection};

use super::chunk::{Body, Builder};
use super::options::Options;
use super::view::View;
use super::write::texts;
use crate::local::write::Which;

/// Texts in memory, found by their words as in [`LexicalStore`](super::LexicalStore). For
/// tests, and for what is read anew each time.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// use gori_core::{LexicalIndex, Metadata, Point};
/// use gori_vectorstores::lexical::{MemoryLexical, Options};
///
/// let words = MemoryLexical::new(Options::new());
/// let cat = Point { id: "cat".into(), vector: vec![], text: "Cats sleep.".into(), metadata: Metadata::new() };
/// words.upsert(&[cat]).await?;
/// assert_eq!(words.search("a sleeping cat", 3, None).await?[0].id, "cat");
/// # Ok::<(), gori_core::Error>(()) }).unwrap();
/// ```
#[derive(Debug, Default)]
pub struct MemoryLexical {
    options: Options,
    view: RwLock<Arc<View>>,
}

impl MemoryLexical {
    /// An empty index.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            view: RwLock::default(),
        }
    }

    fn seen(&self) -> Arc<View> {
        Arc::clone(&self.view.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes a copy, and shows it when all went well.
    fn change<T>(&self, change: impl FnOnce(&mut View) -> Result<T>) -> Result<T> {
        let mut view = self.view.write().unwrap_or_else(PoisonError::into_inner);
        let mut next = (**view).clone();
        let done = change(&mut next)?;
        *view = Arc::new(next);
        Ok(done)
    }
}

#[async_trait]
impl LexicalIndex for MemoryLexical {
    async fn upsert(&self, points: &[Point]) -> Result<()> {
        let mut rows = Builder::default();
        for point in texts(points)? {
            let body = Body::Held(point.text.as_str().into());
            rows.add(&self.options.analyzer, &point, body);
        }
        self.change(|view| {
            for id in rows.ids() {
                view.remove(id)?;
            }
            match rows.finish(None) {
                Some(chunk) => view.push(chunk),
                None => Ok(()),
            }
        })
    }

    async fn search(&self, query: &str, k: usize, filter: Option<&Filter>) -> Result<Vec<Hit>> {
        let terms = self.options.analyzer.question(query);
        self.seen().search(self.options.bm25, &terms, k, filter)
    }

    async fn delete(&self, which: &Selection<'_>) -> Result<u64> {
        let which = Which::of(which);
        self.change(|view| {
            let found = view.selected(&which)?;
            for address in &found {
                view.kill(*address)?;
            }
            view.sweep()?;
            Ok(found.len() as u64)
        })
    }

    async fn count(&self) -> Result<u64> {
        Ok(self.seen().len() as u64)
    }
}
