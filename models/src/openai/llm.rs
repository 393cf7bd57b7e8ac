//! The language model.

use std::sync::Arc;

use async_trait::async_trait;
use futures_core::stream::BoxStream;
use gori_core::{Completion, Context, Delta, Limits, Llm, Prompt, Result};
use serde_json::Value as Json;

use super::request::{Dialect, encode};
use super::response::decode;
use super::stream::Reader;
use crate::http::Endpoint;
use crate::wire::{self, Wire};

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
}

impl Wire for OpenAi {
    type Reader = Reader;

    fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    fn model(&self) -> &str {
        &self.model
    }

    fn path(&self) -> &'static str {
        "/chat/completions"
    }

    fn headers(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    fn encode(&self, prompt: &Prompt, stream: bool) -> Json {
        let dialect = Dialect {
            model: &self.model,
            max_completion_tokens: self.max_completion_tokens,
            stream,
        };
        encode(prompt, dialect)
    }

    fn decode(&self, json: Json, _: &Prompt) -> Result<Completion> {
        decode(json, &self.model)
    }

    fn reader(&self, _: &Prompt) -> Reader {
        Reader::default()
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
        wire::complete(self, cx, prompt).await
    }

    async fn stream(
        &self,
        cx: &Context,
        prompt: &Prompt,
    ) -> Result<BoxStream<'static, Result<Delta>>> {
        wire::stream(self, cx, prompt).await
    }
}
