//! What travels with a call: its deadline, its ledger of usage, its tags, and the flag by
//! which CPU-bound work learns that nobody waits for it any more.

use std::collections::BTreeMap;
use std::ops::{Add, AddAssign};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::{Error, ErrorKind, Result};

/// What travels with a call. Cheap to clone; clones share the ledger.
///
/// Cancellation is by drop: whoever drops the future of a call stops its work. Work that
/// blocks a thread cannot notice that by itself and watches a [`Stop`] instead, see
/// [`Context::stop_on_drop`].
///
/// ```
/// use std::time::Duration;
/// use gori_core::Context;
///
/// let cx = Context::new().within(Duration::from_secs(30)).tag("user", "7");
/// assert!(cx.remaining().is_some_and(|left| left <= Duration::from_secs(30)));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Context {
    deadline: Option<Instant>,
    ledger: Arc<Ledger>,
    tags: Arc<BTreeMap<String, String>>,
    record_text: bool,
}

impl Context {
    /// No deadline, an empty ledger, no tags.
    pub fn new() -> Self {
        Self::default()
    }

    /// The call must end within this time from now. A deadline is only ever moved closer.
    #[must_use]
    pub fn within(mut self, time: Duration) -> Self {
        if let Some(new) = Instant::now().checked_add(time) {
            self.deadline = Some(self.deadline.map_or(new, |old| old.min(new)));
        }
        self
    }

    /// Adds a name and value that traces carry.
    #[must_use]
    pub fn tag(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.tags).insert(name.into(), value.into());
        self
    }

    /// Lets traces carry the text of prompts, documents and answers. Off by default, since
    /// logs outlive the permission to read what is in them.
    #[must_use]
    pub fn record_text(mut self, record: bool) -> Self {
        self.record_text = record;
        self
    }

    /// Whether traces may carry text.
    pub fn records_text(&self) -> bool {
        self.record_text
    }

    /// When the call must have ended.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// The time left; zero when the deadline has passed, `None` without one.
    pub fn remaining(&self) -> Option<Duration> {
        self.deadline
            .map(|end| end.saturating_duration_since(Instant::now()))
    }

    /// Fails once the deadline has passed. For work between two waits.
    ///
    /// # Errors
    /// [`ErrorKind::Timeout`].
    pub fn check(&self) -> Result<()> {
        match self.remaining() {
            Some(Duration::ZERO) => Err(Error::new(ErrorKind::Timeout, "the deadline has passed")),
            _ => Ok(()),
        }
    }

    /// The tags, by name.
    pub fn tags(&self) -> &BTreeMap<String, String> {
        &self.tags
    }

    /// What the call has used so far, over all its stages.
    pub fn usage(&self) -> &Ledger {
        &self.ledger
    }

    /// The same context with a ledger of its own, to know what one part of a call used.
    /// What it used is not added to this one's.
    #[must_use]
    pub fn with_own_ledger(&self) -> Self {
        Self {
            ledger: Arc::default(),
            ..self.clone()
        }
    }

    /// A guard to hold across the waiting for CPU-bound work, which gets the guard's
    /// [`Stop`]. When the future that holds the guard is dropped, the work is told.
    pub fn stop_on_drop(&self) -> StopGuard {
        let stop = Stop {
            flag: Arc::default(),
            deadline: self.deadline,
        };
        StopGuard { stop }
    }
}

/// Tells CPU-bound work that it may stop: its caller is gone or its deadline has passed.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    flag: Arc<AtomicBool>,
    deadline: Option<Instant>,
}

impl Stop {
    /// A flag that is only raised by [`Stop::raise`].
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the work to stop.
    pub fn raise(&self) {
        self.flag.store(true, Ordering::Relaxed);
    }

    /// Whether the work may stop. Costs a load, and a look at the clock when there is a
    /// deadline: call it every millisecond or so, not every iteration.
    pub fn is_raised(&self) -> bool {
        self.flag.load(Ordering::Relaxed) || self.deadline.is_some_and(|end| Instant::now() >= end)
    }

    /// Fails once the work may stop.
    ///
    /// # Errors
    /// [`ErrorKind::Cancelled`], or [`ErrorKind::Timeout`] when it was the deadline.
    pub fn check(&self) -> Result<()> {
        if self.flag.load(Ordering::Relaxed) {
            Err(Error::new(
                ErrorKind::Cancelled,
                "the caller stopped waiting",
            ))
        } else if self.is_raised() {
            Err(Error::new(ErrorKind::Timeout, "the deadline has passed"))
        } else {
            Ok(())
        }
    }
}

/// Raises its [`Stop`] when dropped.
#[derive(Debug)]
pub struct StopGuard {
    stop: Stop,
}

impl StopGuard {
    /// The flag to give to the work.
    pub fn stop(&self) -> Stop {
        self.stop.clone()
    }
}

impl Drop for StopGuard {
    fn drop(&mut self) {
        self.stop.raise();
    }
}

/// What models were given and gave, in tokens and calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// Tokens of prompts.
    pub prompt_tokens: u64,
    /// Those of the prompt tokens that a provider had in its cache.
    pub cached_tokens: u64,
    /// Tokens written.
    pub completion_tokens: u64,
    /// Requests to language models.
    pub requests: u64,
}

impl Add for Usage {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            prompt_tokens: self.prompt_tokens.saturating_add(other.prompt_tokens),
            cached_tokens: self.cached_tokens.saturating_add(other.cached_tokens),
            completion_tokens: self
                .completion_tokens
                .saturating_add(other.completion_tokens),
            requests: self.requests.saturating_add(other.requests),
        }
    }
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

/// Adds up what a call uses, from any thread.
#[derive(Debug, Default)]
pub struct Ledger {
    prompt_tokens: AtomicU64,
    cached_tokens: AtomicU64,
    completion_tokens: AtomicU64,
    requests: AtomicU64,
    embedded_texts: AtomicU64,
}

impl Ledger {
    /// Adds what a model reported.
    pub fn add(&self, usage: Usage) {
        self.prompt_tokens
            .fetch_add(usage.prompt_tokens, Ordering::Relaxed);
        self.cached_tokens
            .fetch_add(usage.cached_tokens, Ordering::Relaxed);
        self.completion_tokens
            .fetch_add(usage.completion_tokens, Ordering::Relaxed);
        self.requests.fetch_add(usage.requests, Ordering::Relaxed);
    }

    /// Adds texts that were embedded.
    pub fn add_embedded(&self, texts: u64) {
        self.embedded_texts.fetch_add(texts, Ordering::Relaxed);
    }

    /// What was added so far.
    pub fn total(&self) -> Usage {
        Usage {
            prompt_tokens: self.prompt_tokens.load(Ordering::Relaxed),
            cached_tokens: self.cached_tokens.load(Ordering::Relaxed),
            completion_tokens: self.completion_tokens.load(Ordering::Relaxed),
            requests: self.requests.load(Ordering::Relaxed),
        }
    }

    /// How many texts were embedded so far.
    pub fn embedded_texts(&self) -> u64 {
        self.embedded_texts.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_only_moved_closer() {
        let cx = Context::new()
            .within(Duration::from_secs(5))
            .within(Duration::from_secs(60));
        assert!(cx.remaining().unwrap() <= Duration::from_secs(5));
    }

    #[test]
    fn dropping_the_guard_stops_the_work() {
        let guard = Context::new().stop_on_drop();
        let stop = guard.stop();
        assert!(stop.check().is_ok());
        drop(guard);
        assert_eq!(stop.check().unwrap_err().kind(), ErrorKind::Cancelled);
    }

    #[test]
    fn a_deadline_stops_the_work_as_a_timeout() {
        let guard = Context::new().within(Duration::ZERO).stop_on_drop();
        assert_eq!(guard.stop().check().unwrap_err().kind(), ErrorKind::Timeout);
    }

    #[test]
    fn clones_share_the_ledger() {
        let cx = Context::new();
        cx.clone().usage().add(Usage {
            prompt_tokens: 3,
            ..Usage::default()
        });
        cx.with_own_ledger().usage().add(Usage {
            prompt_tokens: 4,
            ..Usage::default()
        });
        assert_eq!(cx.usage().total().prompt_tokens, 3);
    }
}
