//! From the events of a wire format to the pieces of an answer: what all formats share.

use std::collections::VecDeque;
use std::time::Duration;

use futures_core::stream::BoxStream;
use futures_util::{StreamExt, stream};
use gori_core::{Context, Delta, Error, ErrorKind, Result};
use tokio::time::timeout;

use crate::sse::Event;

/// How long the end of a connection is waited for once the answer is whole, so that the
/// connection can be used again. The caller has the answer by then.
const LINGER: Duration = Duration::from_millis(50);

/// A wire format's reading of its events. Pure: no I/O, no clock.
pub(crate) trait Decode: Send + 'static {
    /// Takes an event and adds the pieces that it completes, but not the end.
    fn event(&mut self, event: &Event, out: &mut VecDeque<Delta>) -> Result<()>;

    /// Whether the answer is whole and nothing more is expected.
    fn is_done(&self) -> bool;

    /// Adds what is left and the end; fails where the answer is not whole.
    fn finish(&mut self, out: &mut VecDeque<Delta>) -> Result<()>;
}

/// The pieces of an answer. Ends in [`Delta::End`] or an error, adds the usage to the
/// context's ledger, and closes the connection when dropped.
pub(crate) fn deltas<D: Decode>(
    events: BoxStream<'static, Result<Event>>,
    decoder: D,
    cx: &Context,
) -> BoxStream<'static, Result<Delta>> {
    let reading = Reading {
        events,
        decoder,
        ready: VecDeque::new(),
        cx: cx.clone(),
        ended: false,
    };
    stream::unfold(reading, |mut reading| async {
        let item = reading.next().await?;
        Some((item, reading))
    })
    .boxed()
}

struct Reading<D> {
    events: BoxStream<'static, Result<Event>>,
    decoder: D,
    ready: VecDeque<Delta>,
    cx: Context,
    ended: bool,
}

impl<D: Decode> Reading<D> {
    async fn next(&mut self) -> Option<Result<Delta>> {
        loop {
            if let Some(delta) = self.ready.pop_front() {
                if let Delta::End { usage, .. } = &delta {
                    self.cx.usage().add(*usage);
                }
                return Some(Ok(delta));
            }
            if self.ended {
                self.linger().await;
                return None;
            }
            if let Err(error) = self.read().await {
                self.ended = true;
                self.ready.clear();
                self.events = stream::empty().boxed();
                return Some(Err(error));
            }
        }
    }

    async fn read(&mut self) -> Result<()> {
        if !self.decoder.is_done()
            && let Some(event) = self.events.next().await
        {
            return self.decoder.event(&event?, &mut self.ready);
        }
        self.ended = true;
        self.decoder.finish(&mut self.ready)
    }

    async fn linger(&mut self) {
        let rest = async { while let Some(Ok(_)) = self.events.next().await {} };
        let _ = timeout(LINGER, rest).await;
        self.events = stream::empty().boxed();
    }
}

/// The stream ended, and its answer was not whole.
pub(crate) fn truncated() -> Error {
    Error::new(
        ErrorKind::Truncated,
        "the stream ended before the model said that it had finished",
    )
    .hint("what came so far is not an answer: ask again")
}
