//! An end to waiting.

use std::time::Duration;

use async_trait::async_trait;
use futures_core::stream::BoxStream;
use futures_util::StreamExt as _;

use crate::{
    Chain, Completion, Context, Delta, Embedder, Embeddings, Error, ErrorKind, Hit, Limits, Llm,
    Plan, Prompt, Query, Result, Retriever, Role, StreamChain,
};

/// Ends every call within a time, or by the context's deadline where that is sooner.
///
/// The time of a stream runs until its last piece. The future inside is dropped, which stops
/// it; the deadline is also in the [`Context`] it gets, for work that looks at it. Needs a
/// tokio runtime with its timer. Inside [`Limit`](super::Limit) it bounds one attempt, around
/// [`Retry`](super::Retry) all of them; see the [module](super).
#[derive(Clone, Debug)]
pub struct Timeout<T> {
    inner: T,
    time: Duration,
}

impl<T> Timeout<T> {
    /// Wraps it.
    pub fn new(inner: T, time: Duration) -> Self {
        Self { inner, time }
    }

    async fn run<V, Fut: Future<Output = Result<V>>>(
        &self,
        cx: &Context,
        call: impl FnOnce(Context) -> Fut,
    ) -> Result<V> {
        let cx = cx.clone().within(self.time);
        let left = cx.remaining().unwrap_or(self.time);
        match tokio::time::timeout(left, call(cx)).await {
            Ok(result) => result,
            Err(_) => Err(out_of_time(left)),
        }
    }

    /// Starts a stream and ends it with an error when the time is over.
    async fn run_stream<V: Send + 'static, Fut>(
        &self,
        cx: &Context,
        call: impl FnOnce(Context) -> Fut,
    ) -> Result<BoxStream<'static, Result<V>>>
    where
        Fut: Future<Output = Result<BoxStream<'static, Result<V>>>>,
    {
        let time = cx.remaining().map_or(self.time, |left| left.min(self.time));
        let end = tokio::time::Instant::now() + time;
        let stream = self.run(cx, call).await?;
        Ok(Box::pin(until(stream, end, time)))
    }
}

fn until<V: Send + 'static>(
    stream: BoxStream<'static, Result<V>>,
    end: tokio::time::Instant,
    time: Duration,
) -> impl futures_core::Stream<Item = Result<V>> + Send + 'static {
    futures_util::stream::unfold(Some(stream), move |stream| async move {
        let mut stream = stream?;
        match tokio::time::timeout_at(end, stream.next()).await {
            Ok(Some(item)) => Some((item, Some(stream))),
            Ok(None) => None,
            Err(_) => Some((Err(out_of_time(time)), None)),
        }
    })
}

fn out_of_time(time: Duration) -> Error {
    Error::new(ErrorKind::Timeout, format!("no end within {time:.1?}"))
}

#[async_trait]
impl<L: Llm> Llm for Timeout<L> {
    fn id(&self) -> &str {
        self.inner.id()
    }
    fn limits(&self) -> Limits {
        self.inner.limits()
    }
    async fn complete(&self, cx: &Context, prompt: &Prompt) -> Result<Completion> {
        self.run(
            cx,
            |cx| async move { self.inner.complete(&cx, prompt).await },
        )
        .await
    }
    async fn stream(
        &self,
        cx: &Context,
        prompt: &Prompt,
    ) -> Result<BoxStream<'static, Result<Delta>>> {
        self.run_stream(cx, |cx| async move { self.inner.stream(&cx, prompt).await })
            .await
    }
}

#[async_trait]
impl<E: Embedder> Embedder for Timeout<E> {
    fn id(&self) -> &str {
        self.inner.id()
    }
    fn dims(&self) -> usize {
        self.inner.dims()
    }
    async fn embed(&self, cx: &Context, texts: &[&str], role: Role) -> Result<Embeddings> {
        self.run(
            cx,
            |cx| async move { self.inner.embed(&cx, texts, role).await },
        )
        .await
    }
    fn coverage(&self, text: &str) -> f32 {
        self.inner.coverage(text)
    }
}

#[async_trait]
impl<R: Retriever> Retriever for Timeout<R> {
    async fn retrieve(&self, cx: &Context, query: &Query) -> Result<Vec<Hit>> {
        self.run(
            cx,
            |cx| async move { self.inner.retrieve(&cx, query).await },
        )
        .await
    }

    fn coverage(&self, question: &str) -> f32 {
        self.inner.coverage(question)
    }
}

impl<C: Chain> Chain for Timeout<C> {
    type Input = C::Input;
    type Output = C::Output;

    async fn call(&self, cx: &Context, input: C::Input) -> Result<C::Output> {
        self.run(cx, |cx| async move { self.inner.call(&cx, input).await })
            .await
    }

    fn plan(&self) -> Plan {
        self.inner.plan().inside(format!("timeout {:?}", self.time))
    }
}

impl<C: StreamChain> StreamChain for Timeout<C> {
    type Item = C::Item;

    async fn stream(
        &self,
        cx: &Context,
        input: C::Input,
    ) -> Result<BoxStream<'static, Result<C::Item>>> {
        self.run_stream(cx, |cx| async move { self.inner.stream(&cx, input).await })
            .await
    }
}
