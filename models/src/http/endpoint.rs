//! Requests to one server: JSON for JSON, or JSON for a stream of events.

use std::sync::Arc;

use futures_core::stream::BoxStream;
use futures_util::{StreamExt, stream};
use gori_core::{Context, Error, ErrorKind, Result};
use serde_json::Value as Json;

use super::{Body, Deadlines, Request, Response, Transport, fault};
use crate::sse::{Event, Parser};

/// How much of the content of a failure is read, in bytes.
const FAILURE: usize = 64 << 10;

/// A server and the patience with it.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    transport: Arc<dyn Transport>,
    deadlines: Deadlines,
}

/// An answer to a request for a stream.
pub(crate) enum Streamed {
    Events(BoxStream<'static, Result<Event>>),
    /// The server answered whole all the same.
    Whole(Json),
}

impl Endpoint {
    pub(crate) fn new(transport: Arc<dyn Transport>, deadlines: Deadlines) -> Self {
        Self {
            transport,
            deadlines,
        }
    }

    /// Sends a request and reads the JSON of its answer.
    pub(crate) async fn json(&self, cx: &Context, request: &Request) -> Result<Json> {
        let response = self.send(cx, request).await?;
        self.read_json(response.body).await
    }

    /// Sends a request and gives its answer as it comes.
    pub(crate) async fn stream(&self, cx: &Context, request: &Request) -> Result<Streamed> {
        let response = self.send(cx, request).await?;
        if response.is("text/event-stream") {
            let events = events(response.body, Arc::clone(&self.transport));
            return Ok(Streamed::Events(events));
        }
        self.read_json(response.body).await.map(Streamed::Whole)
    }

    async fn send(&self, cx: &Context, request: &Request) -> Result<Response> {
        cx.check()?;
        let end = self.deadlines.end(cx);
        let mut response = self.transport.send(request, end).await?;
        if (200..300).contains(&response.status) {
            return Ok(response);
        }
        let content = self.transport.scrub(&beginning(&mut response.body).await);
        Err(fault::from_status(
            response.status,
            |name| response.header(name),
            &content,
        ))
    }

    async fn read_json(&self, mut body: Body) -> Result<Json> {
        let mut content = Vec::new();
        while let Some(piece) = body.next().await? {
            content.extend_from_slice(&piece);
        }
        let json: Json = serde_json::from_slice(&content).map_err(|_| {
            fault::not_json(&self.transport.scrub(&String::from_utf8_lossy(&content)))
        })?;
        if fault::in_success(&json).is_none() {
            return Ok(json);
        }
        // Servers send keys back in their errors, whatever the status.
        let said = self.transport.scrub(&json.to_string());
        let json = serde_json::from_str(&said).unwrap_or(Json::Null);
        Err(fault::in_success(&json).unwrap_or_else(|| fault::unexplained(&json)))
    }
}

/// What a failure says, as far as it can be read: what went wrong with reading it is worth
/// less than the status.
async fn beginning(body: &mut Body) -> String {
    let mut content = Vec::new();
    while content.len() < FAILURE {
        match body.next().await {
            Ok(Some(piece)) => content.extend_from_slice(&piece),
            Ok(None) | Err(_) => break,
        }
    }
    content.truncate(FAILURE);
    String::from_utf8_lossy(&content).into_owned()
}

/// What is being read: the pieces, what of them is no event yet, and who knows the secrets.
type Reading = (
    BoxStream<'static, Result<Vec<u8>>>,
    Parser,
    Arc<dyn Transport>,
);

/// The events, without secrets, since any of them may turn out to be an error that repeats one.
fn events(body: Body, transport: Arc<dyn Transport>) -> BoxStream<'static, Result<Event>> {
    let parse = |(mut pieces, mut parser, transport): Reading| async {
        let Some(piece) = pieces.next().await else {
            return Ok(None);
        };
        let mut events = parser.feed(&piece?)?;
        for event in &mut events {
            event.data = transport.scrub(&event.data);
        }
        Ok::<_, Error>(Some((
            stream::iter(events.into_iter().map(Ok)),
            (pieces, parser, transport),
        )))
    };
    let state = (body.into_stream(), Parser::new(), transport);
    futures_util::TryStreamExt::try_flatten(stream::try_unfold(state, parse)).boxed()
}

/// What an answer lacks that its protocol requires.
pub(crate) fn malformed(what: &str) -> Error {
    Error::new(
        ErrorKind::Protocol,
        format!("the server's answer has {what}"),
    )
}

/// An `f32` as its own shortest decimal: 0.7, not 0.699999988079071.
pub(crate) fn decimal(number: f32) -> Json {
    number
        .to_string()
        .parse::<f64>()
        .map_or(Json::Null, Json::from)
}
