//! Asking again.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures_core::stream::BoxStream;

use super::started;
use crate::{
    Chain, Completion, Context, Delta, Embedder, Embeddings, Error, Hit, Limits, Llm, Plan, Prompt,
    Query, Result, Retriever, Role, StreamChain,
};

/// How often and after which waits a call is made again.
///
/// The wait before attempt *n* is drawn evenly from 0 to `min(cap, base * 2^(n-1))` ("full
/// jitter", [Brooker 2015](https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/)),
/// or is what the other side asked for. Clones share a budget: a retry costs a token, a success
/// gives back a tenth, so that in an outage at most a tenth more requests go out than without
/// retries.
#[derive(Clone, Debug)]
pub struct RetryPolicy {
    attempts: u32,
    base: Duration,
    cap: Duration,
    /// In tenths of a retry.
    budget: Arc<AtomicU32>,
    budget_cap: u32,
}

impl RetryPolicy {
    /// So many attempts in all (at least 1), waits from 500 ms doubling to 8 s, a budget that
    /// holds 10 retries when full.
    pub fn attempts(attempts: u32) -> Self {
        Self {
            attempts: attempts.max(1),
            base: Duration::from_millis(500),
            cap: Duration::from_secs(8),
            budget: Arc::new(AtomicU32::new(100)),
            budget_cap: 100,
        }
    }

    /// The first wait is at most `base`, every later one at most `cap`.
    #[must_use]
    pub fn waits(mut self, base: Duration, cap: Duration) -> Self {
        (self.base, self.cap) = (base, cap);
        self
    }

    /// The budget holds this many retries when full, and starts full.
    #[must_use]
    pub fn budget(mut self, retries: u32) -> Self {
        self.budget_cap = retries.saturating_mul(10);
        self.budget = Arc::new(AtomicU32::new(self.budget_cap));
        self
    }

    fn succeeded(&self) {
        let more = |tenths: u32| Some(tenths.saturating_add(1).min(self.budget_cap));
        let _ = self
            .budget
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
    }

    fn may_retry(&self) -> bool {
        let less = |tenths: u32| tenths.checked_sub(10);
        self.budget
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
            .is_ok()
    }

    fn wait(&self, attempt: u32) -> Duration {
        let doubled = self.base.saturating_mul(1 << (attempt - 1).min(20));
        doubled.min(self.cap).mul_f64(random())
    }

    /// Runs `call` until it succeeds, fails for good, or the attempts, the budget or the time
    /// of the context are spent. The error of the last attempt is returned.
    ///
    /// # Errors
    /// That of the last attempt.
    pub async fn run<T, Fut: Future<Output = Result<T>>>(
        &self,
        cx: &Context,
        mut call: impl FnMut() -> Fut,
    ) -> Result<T> {
        let mut attempt = 1;
        loop {
            let error = match call().await {
                Ok(value) => {
                    self.succeeded();
                    return Ok(value);
                }
                Err(error) => error,
            };
            if attempt >= self.attempts || !error.is_transient() {
                return Err(error);
            }
            let wait = error.retry_after().unwrap_or_else(|| self.wait(attempt));
            if cx.remaining().is_some_and(|left| left <= wait) {
                return Err(too_late(error, wait));
            }
            if !self.may_retry() {
                return Err(error.hint("not retried: the retry budget is spent"));
            }
            tracing::debug!(attempt, wait_ms = wait.as_millis(), %error, "retry");
            tokio::time::sleep(wait).await;
            attempt += 1;
        }
    }
}

fn too_late(error: Error, wait: Duration) -> Error {
    error.hint(format!(
        "not retried: the deadline ends before the wait of {wait:.1?}"
    ))
}

/// A number from 0 to 1. The standard library seeds its hash maps from the system's entropy,
/// which is all the randomness that jitter needs.
fn random() -> f64 {
    f64::from(u32::try_from(RandomState::new().hash_one(0) >> 32).unwrap_or(0))
        / f64::from(u32::MAX)
}

/// Calls again what failed in a way that may pass.
///
/// Only errors that are [transient](Error::is_transient) are retried, and a stream only before
/// its first piece: what a reader has seen cannot be taken back. Stands around
/// [`Limit`](super::Limit) and inside [`Fallback`](super::Fallback); see the [module](super).
#[derive(Clone, Debug)]
pub struct Retry<T> {
    inner: T,
    policy: RetryPolicy,
}

impl<T> Retry<T> {
    /// Wraps it.
    pub fn new(inner: T, policy: RetryPolicy) -> Self {
        Self { inner, policy }
    }
}

#[async_trait]
impl<L: Llm> Llm for Retry<L> {
    fn id(&self) -> &str {
        self.inner.id()
    }
    fn limits(&self) -> Limits {
        self.inner.limits()
    }
    async fn complete(&self, cx: &Context, prompt: &Prompt) -> Result<Completion> {
        self.policy
            .run(cx, || self.inner.complete(cx, prompt))
            .await
    }
    async fn stream(
        &self,
        cx: &Context,
        prompt: &Prompt,
    ) -> Result<BoxStream<'static, Result<Delta>>> {
        let attempt = || async { started(self.inner.stream(cx, prompt).await?).await };
        self.policy.run(cx, attempt).await
    }
}

#[async_trait]
impl<E: Embedder> Embedder for Retry<E> {
    fn id(&self) -> &str {
        self.inner.id()
    }
    fn dims(&self) -> usize {
        self.inner.dims()
    }
    async fn embed(&self, cx: &Context, texts: &[&str], role: Role) -> Result<Embeddings> {
        self.policy
            .run(cx, || self.inner.embed(cx, texts, role))
            .await
    }
    fn coverage(&self, text: &str) -> f32 {
        self.inner.coverage(text)
    }
}

#[async_trait]
impl<R: Retriever> Retriever for Retry<R> {
    async fn retrieve(&self, cx: &Context, query: &Query) -> Result<Vec<Hit>> {
        self.policy.run(cx, || self.inner.retrieve(cx, query)).await
    }

    fn coverage(&self, question: &str) -> f32 {
        self.inner.coverage(question)
    }
}

impl<C: Chain<Input: Clone + Sync>> Chain for Retry<C> {
    type Input = C::Input;
    type Output = C::Output;

    async fn call(&self, cx: &Context, input: C::Input) -> Result<C::Output> {
        self.policy
            .run(cx, || self.inner.call(cx, input.clone()))
            .await
    }

    fn plan(&self) -> Plan {
        self.inner
            .plan()
            .inside(format!("retry {}", self.policy.attempts))
    }
}

impl<C: StreamChain<Input: Clone + Sync>> StreamChain for Retry<C> {
    type Item = C::Item;

    async fn stream(
        &self,
        cx: &Context,
        input: C::Input,
    ) -> Result<BoxStream<'static, Result<C::Item>>> {
        self.policy
            .run(cx, || self.inner.stream(cx, input.clone()))
            .await
    }
}
