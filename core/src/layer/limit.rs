//! Not too much at once, and not too much a minute.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_core::stream::BoxStream;
use futures_util::StreamExt as _;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::{
    Chain, Completion, Context, Delta, Embedder, Embeddings, Error, ErrorKind, Hit, Limits, Llm,
    Plan, Prompt, Query, Result, Retriever, Role,
};

/// How much is let through. What is not set is not limited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    concurrency: Option<NonZeroU32>,
    requests: Option<NonZeroU32>,
    tokens: Option<NonZeroU32>,
}

impl Rates {
    /// No limit.
    pub fn new() -> Self {
        Self::default()
    }

    /// So many calls at a time.
    #[must_use]
    pub fn concurrency(mut self, calls: NonZeroU32) -> Self {
        self.concurrency = Some(calls);
        self
    }

    /// So many requests a minute, all at once if they come so.
    #[must_use]
    pub fn requests_a_minute(mut self, requests: NonZeroU32) -> Self {
        self.requests = Some(requests);
        self
    }

    /// So many tokens a minute. A call reserves an estimate of its prompt and answer, and
    /// settles with the usage it reports.
    #[must_use]
    pub fn tokens_a_minute(mut self, tokens: NonZeroU32) -> Self {
        self.tokens = Some(tokens);
        self
    }
}

/// A bucket that fills evenly over a minute. Fair: the mutex is served in order, and whoever
/// holds it waits inside.
#[derive(Debug)]
struct Bucket {
    size: f64,
    state: Mutex<(f64, Instant)>,
}

impl Bucket {
    fn new(a_minute: NonZeroU32) -> Self {
        let size = f64::from(a_minute.get());
        Self {
            size,
            state: Mutex::new((size, Instant::now())),
        }
    }

    fn refill(&self, state: &mut (f64, Instant)) {
        let now = Instant::now();
        let more = now.duration_since(state.1).as_secs_f64() * self.size / 60.0;
        *state = ((state.0 + more).min(self.size), now);
    }

    /// Takes an amount as soon as it is there. More than the bucket holds waits for a full one.
    async fn take(&self, cx: &Context, amount: f64) -> Result<()> {
        let mut state = self.state.lock().await;
        self.refill(&mut state);
        let wanted = amount.min(self.size);
        if state.0 < wanted {
            let wait = Duration::from_secs_f64((wanted - state.0) * 60.0 / self.size);
            if cx.remaining().is_some_and(|left| left <= wait) {
                return Err(
                    Error::new(ErrorKind::RateLimited, "the own rate limit is reached")
                        .with_retry_after(wait),
                );
            }
            tokio::time::sleep(wait).await;
            self.refill(&mut state);
        }
        state.0 -= amount;
        Ok(())
    }

    /// Takes what was used beyond the estimate, or gives back what was not.
    async fn settle(&self, difference: f64) {
        let mut state = self.state.lock().await;
        state.0 = (state.0 - difference).min(self.size);
    }
}

#[derive(Debug)]
struct Gate {
    concurrency: Option<Arc<Semaphore>>,
    requests: Option<Bucket>,
    tokens: Option<Bucket>,
}

impl Gate {
    async fn enter(&self, cx: &Context, tokens: f64) -> Result<Option<OwnedSemaphorePermit>> {
        let permit = match &self.concurrency {
            Some(semaphore) => Some(semaphore.clone().acquire_owned().await.map_err(|closed| {
                Error::new(ErrorKind::Internal, "the limit was closed").caused_by(closed)
            })?),
            None => None,
        };
        if let Some(bucket) = &self.requests {
            bucket.take(cx, 1.0).await?;
        }
        if let Some(bucket) = &self.tokens {
            bucket.take(cx, tokens).await?;
        }
        Ok(permit)
    }

    async fn settle(&self, estimated: f64, used: f64) {
        if let Some(bucket) = &self.tokens {
            bucket.settle(used - estimated).await;
        }
    }
}

/// Lets only so many calls through at a time, and so many requests and tokens a minute.
///
/// Clones share the limit, so give the same one to all who use the same key. A stream holds
/// its place until it ends or is dropped. Stands inside [`Retry`](super::Retry), so that who
/// waits for the next attempt holds no place; see the [module](super).
#[derive(Clone, Debug)]
pub struct Limit<T> {
    inner: T,
    gate: Arc<Gate>,
}

impl<T> Limit<T> {
    /// Wraps it.
    pub fn new(inner: T, rates: Rates) -> Self {
        let places = |calls: NonZeroU32| {
            Arc::new(Semaphore::new(
                usize::try_from(calls.get()).unwrap_or(Semaphore::MAX_PERMITS),
            ))
        };
        let gate = Gate {
            concurrency: rates.concurrency.map(places),
            requests: rates.requests.map(Bucket::new),
            tokens: rates.tokens.map(Bucket::new),
        };
        Self {
            inner,
            gate: Arc::new(gate),
        }
    }
}

/// Three bytes a token is on the safe side for European languages and Hangul in UTF-8.
#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn estimate(prompt: &Prompt) -> f64 {
    let counted = || {
        prompt
            .messages
            .iter()
            .map(|message| message.to_text().len() / 3 + 4)
            .sum()
    };
    let asked = prompt.tokens.unwrap_or_else(counted);
    (asked + prompt.sampling.max_tokens.unwrap_or(256)) as f64
}

#[expect(
    clippy::cast_precision_loss,
    reason = "token counts are far below 2^53"
)]
fn used(usage: crate::Usage) -> f64 {
    (usage.prompt_tokens + usage.completion_tokens) as f64
}

#[async_trait]
impl<L: Llm> Llm for Limit<L> {
    fn id(&self) -> &str {
        self.inner.id()
    }
    fn limits(&self) -> Limits {
        self.inner.limits()
    }
    async fn complete(&self, cx: &Context, prompt: &Prompt) -> Result<Completion> {
        let estimated = estimate(prompt);
        let _place = self.gate.enter(cx, estimated).await?;
        let completion = self.inner.complete(cx, prompt).await?;
        self.gate.settle(estimated, used(completion.usage)).await;
        Ok(completion)
    }
    async fn stream(
        &self,
        cx: &Context,
        prompt: &Prompt,
    ) -> Result<BoxStream<'static, Result<Delta>>> {
        let estimated = estimate(prompt);
        let place = self.gate.enter(cx, estimated).await?;
        let gate = Arc::clone(&self.gate);
        let stream = self.inner.stream(cx, prompt).await?;
        let hold = Arc::new(place);
        Ok(Box::pin(stream.then(move |item| {
            let (gate, _hold) = (Arc::clone(&gate), Arc::clone(&hold));
            async move {
                if let Ok(Delta::End { usage, .. }) = &item {
                    gate.settle(estimated, used(*usage)).await;
                }
                item
            }
        })))
    }
}

#[async_trait]
impl<E: Embedder> Embedder for Limit<E> {
    fn id(&self) -> &str {
        self.inner.id()
    }
    fn dims(&self) -> usize {
        self.inner.dims()
    }
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    async fn embed(&self, cx: &Context, texts: &[&str], role: Role) -> Result<Embeddings> {
        let tokens: usize = texts.iter().map(|text| text.len() / 3 + 1).sum();
        let _place = self.gate.enter(cx, tokens as f64).await?;
        self.inner.embed(cx, texts, role).await
    }
    fn coverage(&self, text: &str) -> f32 {
        self.inner.coverage(text)
    }
}

#[async_trait]
impl<R: Retriever> Retriever for Limit<R> {
    async fn retrieve(&self, cx: &Context, query: &Query) -> Result<Vec<Hit>> {
        let _place = self.gate.enter(cx, 0.0).await?;
        self.inner.retrieve(cx, query).await
    }

    fn coverage(&self, question: &str) -> f32 {
        self.inner.coverage(question)
    }
}

impl<C: Chain> Chain for Limit<C> {
    type Input = C::Input;
    type Output = C::Output;

    async fn call(&self, cx: &Context, input: C::Input) -> Result<C::Output> {
        let _place = self.gate.enter(cx, 0.0).await?;
        self.inner.call(cx, input).await
    }

    fn plan(&self) -> Plan {
        self.inner.plan().inside("limit")
    }
}
