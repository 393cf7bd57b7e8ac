//! What all wire formats share: asking, and turning events into the pieces of an answer.

use std::collections::VecDeque;

use futures_core::stream::BoxStream;
use futures_util::{StreamExt, stream};
use gori_core::{Completion, Context, Delta, Error, ErrorKind, Prompt, Result};
use serde_json::Value as Json;

use crate::http::{Endpoint, Request, Streamed};
use crate::sse::Event;

/// A model's wire format. Its parts are pure; [`complete`] and [`stream`] do the asking.
pub(crate) trait Wire: Sync {
    type Reader: Decode;

    fn endpoint(&self) -> &Endpoint;
    fn model(&self) -> &str;
    fn path(&self) -> &'static str;
    fn headers(&self) -> Vec<(&'static str, String)>;
    fn encode(&self, prompt: &Prompt, stream: bool) -> Json;
    fn decode(&self, json: Json, prompt: &Prompt) -> Result<Completion>;
    fn reader(&self, prompt: &Prompt) -> Self::Reader;
}

fn request(wire: &impl Wire, prompt: &Prompt, stream: bool) -> Result<Request> {
    let body = serde_json::to_vec(&wire.encode(prompt, stream)).map_err(|e| {
        Error::new(ErrorKind::Internal, "the request could not be written").caused_by(e)
    })?;
    let mut headers = wire.headers();
    if stream {
        // llama-server promises to keep the connection of a stream open and closes it all the
        // same, on which the next request would be lost. A handshake is cheap beside a stream.
        headers.push(("connection", "close".to_owned()));
    }
    Ok(Request {
        headers,
        ..Request::post(wire.path(), body)
    })
}

/// The whole answer.
pub(crate) async fn complete(
    wire: &impl Wire,
    cx: &Context,
    prompt: &Prompt,
) -> Result<Completion> {
    let asked = async {
        let json = wire
            .endpoint()
            .json(cx, &request(wire, prompt, false)?)
            .await?;
        wire.decode(json, prompt)
    };
    let completion = asked.await.map_err(|e| e.about(wire.model()))?;
    cx.usage().add(completion.usage);
    Ok(completion)
}

/// The answer as it is written.
pub(crate) async fn stream(
    wire: &impl Wire,
    cx: &Context,
    prompt: &Prompt,
) -> Result<BoxStream<'static, Result<Delta>>> {
    let asked = async {
        let request = request(wire, prompt, true)?;
        Ok(match wire.endpoint().stream(cx, &request).await? {
            Streamed::Events(events) => deltas(events, wire.reader(prompt), cx),
            Streamed::Whole(json) => {
                let completion = wire.decode(json, prompt)?;
                cx.usage().add(completion.usage);
                stream::iter(pieces(completion).into_iter().map(Ok)).boxed()
            }
        })
    };
    let model = wire.model().to_owned();
    let stream = asked.await.map_err(|e: Error| e.about(&model))?;
    Ok(stream
        .map(move |delta| delta.map_err(|e| e.about(&model)))
        .boxed())
}

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
fn deltas<D: Decode>(
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
        self.events = stream::empty().boxed();
        self.decoder.finish(&mut self.ready)
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

/// The pieces of a whole answer, for a caller who asked for a stream.
fn pieces(completion: Completion) -> Vec<Delta> {
    let Completion {
        text,
        tool_calls,
        finish,
        usage,
        ..
    } = completion;
    let text = (!text.is_empty()).then_some(Delta::Text(text));
    let calls = tool_calls.into_iter().map(Delta::ToolCall);
    text.into_iter()
        .chain(calls)
        .chain([Delta::End { finish, usage }])
        .collect()
}
