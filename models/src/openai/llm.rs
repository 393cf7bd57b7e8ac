//! The language model.

use std::collections::VecDeque;
use std::sync::Arc;

use async_trait::async_trait;
use futures_core::stream::BoxStream;
use futures_util::{StreamExt, stream};
use gori_core::{Completion, Context, Delta, Error, ErrorKind, Limits, Llm, Prompt, Result};

use super::request::{Dialect, encode};
use super::response::{decode, pieces};
use super::stream::Reader;
use crate::deltas::deltas;
use crate::http::{Endpoint, Request, Streamed};

/// A language model behind OpenAI's chat completions. Made by
/// [`Server::model`](super::Server::model) and its neighbours; cheap to clone.
///
/// [`Prompt::extra`] goes into the request as it is, and what the server sends beyond the
/// protocol (`logprobs`, `timings`, `reasoning_content`, `system_fingerprint`) comes back in
/// [`Completion::extra`].
#[derive(Clone, Debug)]
pub struct OpenAi {
    endpoint: Endpoint,
    model: Arc<str>,
    limits: Limits,
    max_completion_tokens: bool,
}

impl OpenAi {
    pub(super) fn new(
        endpoint: Endpoint,
        model: &str,
        limits: Limits,
        max_completion_tokens: bool,
    ) -> Self {
        Self {
            endpoint,
            model: model.into(),
            limits,
            max_completion_tokens,
        }
    }

    /// Whether the most tokens to write are sent as `max_completion_tokens`, which OpenAI's
    /// newer models require, instead of `max_tokens`, which is all that most others know. Set
    /// by the base URL unless said otherwise.
    #[must_use]
    pub fn max_completion_tokens(mut self, newer: bool) -> Self {
        self.max_completion_tokens = newer;
        self
    }

    fn request(&self, prompt: &Prompt, stream: bool) -> Result<Request> {
        let dialect = Dialect {
            model: &self.model,
            max_completion_tokens: self.max_completion_tokens,
            stream,
        };
        let body = serde_json::to_vec(&encode(prompt, dialect)).map_err(|e| {
            Error::new(ErrorKind::Internal, "the request could not be written").caused_by(e)
        })?;
        Ok(Request::post("/chat/completions", body))
    }
}

#[async_trait]
impl Llm for OpenAi {
    fn id(&self) -> &str {
        &self.model
    }

    fn limits(&self) -> Limits {
        self.limits
    }

    async fn complete(&self, cx: &Context, prompt: &Prompt) -> Result<Completion> {
        let request = self.request(prompt, false)?;
        let json = self.endpoint.json(cx, &request).await;
        let completion = json
            .and_then(|json| decode(json, &self.model))
            .map_err(|e| e.about(&self.model))?;
        cx.usage().add(completion.usage);
        Ok(completion)
    }

    async fn stream(
        &self,
        cx: &Context,
        prompt: &Prompt,
    ) -> Result<BoxStream<'static, Result<Delta>>> {
        let request = self.request(prompt, true)?;
        let streamed = self.endpoint.stream(cx, &request).await;
        let model = self.model.clone();
        let named = move |delta: Result<Delta>| delta.map_err(|e| e.about(&model));
        match streamed.map_err(|e| e.about(&self.model))? {
            Streamed::Events(events) => {
                Ok(deltas(events, Reader::default(), cx).map(named).boxed())
            }
            Streamed::Whole(json) => {
                let completion = decode(json, &self.model).map_err(|e| e.about(&self.model))?;
                cx.usage().add(completion.usage);
                let pieces: VecDeque<Delta> = pieces(completion).into();
                Ok(stream::iter(pieces.into_iter().map(Ok)).boxed())
            }
        }
    }
}
