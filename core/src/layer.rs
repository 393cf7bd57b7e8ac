//! Decorators: each implements the port it wraps, so that it can stand wherever the bare one can.
//!
//! From the outside in, the order that works is
//! `Cache(Fallback(Timeout(Retry(Limit(Timeout(model))))))`:
//!
//! - [`Cache`] outermost: what it knows costs no permit and no retry. Inside a `Retry` it would
//!   be asked again for every attempt.
//! - [`Fallback`] around `Retry`: the second model is asked once the first was given its chances.
//!   The other way round every retry would ask both.
//! - [`Timeout`] around `Retry` bounds the whole call, inside `Limit` it bounds one attempt.
//!   Around `Limit` it counts the waiting for a permit too, so that a busy queue looks like a
//!   slow model.
//! - [`Retry`] around `Limit`: a call that waits before its next attempt holds no permit.
//!   The other way round a few sleeping calls would block all others.
//!
//! None of them spawns a task: dropping the future stops the call, wherever it is.

mod cache;
mod fallback;
mod limit;
mod retry;
mod timeout;
mod trace;

pub use cache::{Cache, CacheStore, MemoryCache};
pub use fallback::Fallback;
pub use limit::{Limit, Rates};
pub use retry::{Retry, RetryPolicy};
pub use timeout::Timeout;
pub use trace::Traced;

use std::time::Duration;

/// Wraps anything that a decorator can wrap. Nobody implements it.
pub trait LayerExt: Sized {
    /// Up to `attempts` attempts in all; see [`RetryPolicy`] for the waits.
    fn retry(self, attempts: u32) -> Retry<Self> {
        Retry::new(self, RetryPolicy::attempts(attempts))
    }

    /// Every call ends within this time.
    fn timeout(self, time: Duration) -> Timeout<Self> {
        Timeout::new(self, time)
    }

    /// At most this many calls at a time, requests and tokens a minute.
    fn limit(self, rates: Rates) -> Limit<Self> {
        Limit::new(self, rates)
    }

    /// Spans with OpenTelemetry's GenAI field names.
    fn traced(self) -> Traced<Self> {
        Traced::new(self)
    }
}

impl<T> LayerExt for T {}

use futures_core::stream::BoxStream;
use futures_util::StreamExt as _;

use crate::{Delta, Error, ErrorKind, Result};

/// Waits for the first piece of a stream, so that a failure before it can still be mended by
/// asking again, and puts it back.
async fn started(
    mut stream: BoxStream<'static, Result<Delta>>,
) -> Result<BoxStream<'static, Result<Delta>>> {
    match stream.next().await {
        Some(Ok(first)) => {
            let first = futures_util::stream::once(std::future::ready(Ok(first)));
            Ok(Box::pin(first.chain(stream)))
        }
        Some(Err(error)) => Err(error),
        None => {
            Err(Error::new(ErrorKind::Protocol, "the answer ended before it began").transient(true))
        }
    }
}
