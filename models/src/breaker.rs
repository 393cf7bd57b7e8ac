//! A circuit breaker: not asking who is down.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_core::stream::BoxStream;
use futures_util::{StreamExt, stream};
use gori_core::{
    Completion, Context, Delta, Embedder, Embeddings, Error, ErrorKind, Limits, Llm, Prompt,
    Result, Role,
};
use tokio::time::Instant;

/// When a circuit opens and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerPolicy {
    /// So many failures open it. 5 unless said otherwise.
    pub failures: usize,
    /// Within this time. 30 s unless said otherwise.
    pub within: Duration,
    /// For so long nobody is asked; then one call is, to see. 30 s unless said otherwise.
    pub open: Duration,
}

impl Default for BreakerPolicy {
    fn default() -> Self {
        Self {
            failures: 5,
            within: Duration::from_secs(30),
            open: Duration::from_secs(30),
        }
    }
}

/// Stops asking a model that keeps failing, and fails at once instead, until one call has shown
/// that it is back.
///
/// A failure is one of the server or of the way to it: unreachable, unavailable, too late, cut
/// short. A wrong request, a wrong key and a rate limit are not. Clones share the circuit, so
/// give the same one to all who ask the same server.
///
/// It stands inside [`Fallback`](gori_core::layer::Fallback), which then goes over at once, and
/// outside [`Retry`](gori_core::layer::Retry): inside, the retries of one call would be what
/// opens it, and would wait for a circuit that stays open longer than they do.
#[derive(Clone, Debug)]
pub struct Breaker<T> {
    inner: T,
    circuit: Circuit,
}

impl<T> Breaker<T> {
    /// Wraps it.
    pub fn new(inner: T, policy: BreakerPolicy) -> Self {
        Self {
            inner,
            circuit: Circuit {
                policy,
                state: Arc::default(),
            },
        }
    }

    /// Wraps another of the same server, such as its embedder, with the same circuit.
    pub fn beside<U>(&self, inner: U) -> Breaker<U> {
        Breaker {
            inner,
            circuit: self.circuit.clone(),
        }
    }
}

#[derive(Clone, Debug)]
struct Circuit {
    policy: BreakerPolicy,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    failures: VecDeque<Instant>,
    open_until: Option<Instant>,
    probing: bool,
}

/// The right to make a call. What is dropped without a verdict gives a probe back.
#[derive(Debug)]
struct Pass {
    circuit: Circuit,
    probe: bool,
    judged: bool,
}

impl Circuit {
    fn with<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        f(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn pass(&self) -> Result<Pass> {
        let now = Instant::now();
        let probe = self.with(|state| match state.open_until {
            None => Ok(false),
            Some(until) if now >= until && !state.probing => {
                state.probing = true;
                Ok(true)
            }
            Some(until) => Err(until.saturating_duration_since(now)),
        });
        match probe {
            Ok(probe) => Ok(Pass {
                circuit: self.clone(),
                probe,
                judged: false,
            }),
            Err(wait) => Err(open(wait)),
        }
    }
}

fn open(wait: Duration) -> Error {
    let error = Error::new(
        ErrorKind::Unavailable,
        "the circuit is open: the server has failed again and again and is not asked",
    );
    if wait.is_zero() {
        return error;
    }
    error.with_retry_after(wait)
}

impl Pass {
    fn judge<R>(mut self, result: &Result<R>) {
        self.judged = true;
        let failed = matches!(result, Err(error) if is_failure(error));
        let policy = self.circuit.policy;
        let now = Instant::now();
        self.circuit.with(|state| {
            if self.probe {
                state.probing = false;
            }
            if !failed {
                if self.probe {
                    *state = State::default();
                }
                return;
            }
            state.failures.push_back(now);
            while state
                .failures
                .front()
                .is_some_and(|first| now.duration_since(*first) > policy.within)
            {
                state.failures.pop_front();
            }
            if self.probe || state.failures.len() >= policy.failures.max(1) {
                state.open_until = now.checked_add(policy.open);
            }
        });
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if self.probe && !self.judged {
            self.circuit.with(|state| state.probing = false);
        }
    }
}

fn is_failure(error: &Error) -> bool {
    use ErrorKind as K;
    matches!(
        error.kind(),
        K::Network | K::Unavailable | K::Timeout | K::Truncated | K::Protocol
    )
}

#[async_trait]
impl<L: Llm> Llm for Breaker<L> {
    fn id(&self) -> &str {
        self.inner.id()
    }

    fn limits(&self) -> Limits {
        self.inner.limits()
    }

    async fn complete(&self, cx: &Context, prompt: &Prompt) -> Result<Completion> {
        let pass = self.circuit.pass()?;
        let result = self.inner.complete(cx, prompt).await;
        pass.judge(&result);
        result
    }

    /// The verdict is given at the end of the stream, or at its first error.
    async fn stream(
        &self,
        cx: &Context,
        prompt: &Prompt,
    ) -> Result<BoxStream<'static, Result<Delta>>> {
        let pass = self.circuit.pass()?;
        let stream = match self.inner.stream(cx, prompt).await {
            Ok(stream) => stream,
            Err(error) => {
                let result = Err(error);
                pass.judge(&result);
                return result;
            }
        };
        let watched = stream::unfold((stream, Some(pass)), |(mut stream, mut pass)| async {
            let item = stream.next().await?;
            let decides = matches!(item, Err(_) | Ok(Delta::End { .. }));
            if let Some(pass) = pass.take_if(|_| decides) {
                pass.judge(&item);
            }
            Some((item, (stream, pass)))
        });
        Ok(watched.boxed())
    }
}

#[async_trait]
impl<E: Embedder> Embedder for Breaker<E> {
    fn id(&self) -> &str {
        self.inner.id()
    }

    fn dims(&self) -> usize {
        self.inner.dims()
    }

    async fn embed(&self, cx: &Context, texts: &[&str], role: Role) -> Result<Embeddings> {
        let pass = self.circuit.pass()?;
        let result = self.inner.embed(cx, texts, role).await;
        pass.judge(&result);
        result
    }

    fn coverage(&self, text: &str) -> f32 {
        self.inner.coverage(text)
    }
}

#[cfg(test)]
mod tests {
    use gori_testkit::{Faulty, ScriptedLlm};

    use super::*;

    fn down() -> Error {
        Error::new(ErrorKind::Unavailable, "down")
    }

    fn breaker(plan: Vec<Option<Error>>) -> (Breaker<Faulty<ScriptedLlm>>, Faulty<ScriptedLlm>) {
        let faulty = Faulty::new(ScriptedLlm::new(["a", "b", "c", "d", "e", "f"]), plan);
        let policy = BreakerPolicy {
            failures: 3,
            ..BreakerPolicy::default()
        };
        (Breaker::new(faulty.clone(), policy), faulty)
    }

    async fn ask(llm: &impl Llm) -> Result<String> {
        Ok(llm
            .complete(&Context::new(), &Prompt::user("x"))
            .await?
            .text)
    }

    async fn wait(seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn it_opens_after_failures_lets_one_probe_through_and_closes_on_success() {
        let (llm, faulty) = breaker(vec![Some(down()), Some(down()), Some(down()), Some(down())]);
        for _ in 0..3 {
            ask(&llm).await.unwrap_err();
        }
        let error = ask(&llm).await.unwrap_err();
        assert_eq!(
            (faulty.calls(), error.kind()),
            (3, ErrorKind::Unavailable),
            "not asked"
        );
        assert!(error.retry_after().unwrap() <= Duration::from_secs(30));
        wait(31).await;
        ask(&llm).await.unwrap_err();
        assert_eq!(faulty.calls(), 4, "the probe failed");
        ask(&llm).await.unwrap_err();
        assert_eq!(faulty.calls(), 4, "and it opened again");
        wait(31).await;
        assert_eq!(ask(&llm).await.unwrap(), "a");
        assert_eq!(ask(&llm).await.unwrap(), "b");
    }

    #[tokio::test(start_paused = true)]
    async fn one_probe_at_a_time_and_a_dropped_one_is_given_back() {
        let (llm, faulty) = breaker(vec![Some(down()), Some(down()), Some(down())]);
        for _ in 0..3 {
            ask(&llm).await.unwrap_err();
        }
        wait(31).await;
        let probe = llm.circuit.pass().unwrap();
        assert!(llm.circuit.pass().is_err(), "one at a time");
        drop(probe);
        assert_eq!(ask(&llm).await.unwrap(), "a");
        assert_eq!(faulty.calls(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn failures_far_apart_or_of_the_callers_making_do_not_open_it() {
        let (llm, faulty) = breaker(vec![
            Some(down()),
            Some(down()),
            None,
            Some(down()),
            Some(down()),
        ]);
        for _ in 0..5 {
            let _ = ask(&llm).await;
            wait(16).await;
        }
        assert_eq!(faulty.calls(), 5);
        let wrong = || Some(Error::invalid("wrong"));
        let (llm, faulty) = breaker(vec![wrong(), wrong(), wrong(), wrong()]);
        for _ in 0..5 {
            let _ = ask(&llm).await;
        }
        assert_eq!(faulty.calls(), 5);
    }

    #[tokio::test]
    async fn it_keeps_the_laws_of_the_port() {
        let llm = ScriptedLlm::new(vec!["a b"; 50]);
        let breaker = Breaker::new(llm, BreakerPolicy::default());
        let deltas: Vec<_> = breaker
            .stream(&Context::new(), &Prompt::user("x"))
            .await
            .unwrap()
            .collect()
            .await;
        assert_eq!(deltas.len(), 3);
    }
}
