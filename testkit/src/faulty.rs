//! Faults in front of any port.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures_core::stream::BoxStream;
use gori_core::{
    Capabilities, Completion, Context, Delta, Embedder, Embeddings, Error, Filter, Hit, Limits,
    Llm, Point, Prompt, Query, Result, Retriever, Role, Search, Selection, VectorStore,
};

/// Fails by a plan: each call takes the next item, `Some` fails with that error, `None` passes.
/// When the plan is used up every call passes.
#[derive(Clone, Debug)]
pub struct Faulty<T> {
    inner: T,
    plan: Arc<Mutex<VecDeque<Option<Error>>>>,
    calls: Arc<Mutex<usize>>,
}

impl<T> Faulty<T> {
    /// Wraps it.
    pub fn new(inner: T, plan: impl IntoIterator<Item = Option<Error>>) -> Self {
        let plan = Arc::new(Mutex::new(plan.into_iter().collect()));
        Self {
            inner,
            plan,
            calls: Arc::default(),
        }
    }

    /// How many calls there were, failed ones included.
    pub fn calls(&self) -> usize {
        *self.calls.lock().unwrap()
    }

    fn next(&self) -> Result<()> {
        *self.calls.lock().unwrap() += 1;
        match self.plan.lock().unwrap().pop_front().flatten() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

#[async_trait]
impl<L: Llm> Llm for Faulty<L> {
    fn id(&self) -> &str {
        self.inner.id()
    }
    fn limits(&self) -> Limits {
        self.inner.limits()
    }
    async fn complete(&self, cx: &Context, prompt: &Prompt) -> Result<Completion> {
        self.next()?;
        self.inner.complete(cx, prompt).await
    }
    async fn stream(
        &self,
        cx: &Context,
        prompt: &Prompt,
    ) -> Result<BoxStream<'static, Result<Delta>>> {
        self.next()?;
        self.inner.stream(cx, prompt).await
    }
}

#[async_trait]
impl<E: Embedder> Embedder for Faulty<E> {
    fn id(&self) -> &str {
        self.inner.id()
    }
    fn dims(&self) -> usize {
        self.inner.dims()
    }
    async fn embed(&self, cx: &Context, texts: &[&str], role: Role) -> Result<Embeddings> {
        self.next()?;
        self.inner.embed(cx, texts, role).await
    }
    fn coverage(&self, text: &str) -> f32 {
        self.inner.coverage(text)
    }
}

#[async_trait]
impl<R: Retriever> Retriever for Faulty<R> {
    async fn retrieve(&self, cx: &Context, query: &Query) -> Result<Vec<Hit>> {
        self.next()?;
        self.inner.retrieve(cx, query).await
    }
    fn coverage(&self, question: &str) -> f32 {
        self.inner.coverage(question)
    }
}

#[async_trait]
impl<S: VectorStore> VectorStore for Faulty<S> {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }
    async fn upsert(&self, points: &[Point]) -> Result<()> {
        self.next()?;
        self.inner.upsert(points).await
    }
    async fn search(&self, query: &Search<'_>) -> Result<Vec<Hit>> {
        self.next()?;
        self.inner.search(query).await
    }
    async fn delete(&self, which: &Selection<'_>) -> Result<u64> {
        self.next()?;
        self.inner.delete(which).await
    }
    async fn get(&self, ids: &[&str]) -> Result<Vec<Point>> {
        self.next()?;
        self.inner.get(ids).await
    }
    async fn count(&self, filter: Option<&Filter>) -> Result<u64> {
        self.next()?;
        self.inner.count(filter).await
    }
}
