//! The language model.

use std::sync::Arc;

use async_trait::async_trait;
use futures_core::stream::BoxStream;
use gori_core::{Completion, Context, Delta, Limits, Llm, OutputCap, Prompt, Result};
use serde_json::Value as Json;

use super::request::{Dialect, encode};
use super::response::{answer_tool, decode};
use super::stream::Reader;
use crate::http::Endpoint;
use crate::wire::{self, Wire};

/// The version of the protocol that is spoken.
const VERSION: &str = "2023-06-01";

/// A language model behind Anthropic's messages. Made by
/// [`Server::model`](super::Server::model); cheap to clone.
///
/// A [`Format::Json`](gori_core::Format::Json) is asked for as the one tool that the model
/// must call, which every version of the protocol can do; its arguments come back as the text
/// of the answer. There is no seed: [`Sampling::seed`](gori_core::Sampling::seed) is not sent.
#[derive(Clone, Debug)]
pub struct Anthropic {
    endpoint: Endpoint,
    model: Arc<str>,
    limits: Limits,
    cap: OutputCap,
}

impl Anthropic {
    pub(super) fn new(endpoint: Endpoint, model: &str, limits: Limits, cap: OutputCap) -> Self {
        Self {
            endpoint,
            model: model.into(),
            limits,
            cap,
        }
    }
}

impl Wire for Anthropic {
    type Reader = Reader;

    fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    fn model(&self) -> &str {
        &self.model
    }

    fn path(&self) -> &'static str {
        "/messages"
    }

    fn headers(&self) -> Vec<(&'static str, String)> {
        vec![("anthropic-version", VERSION.into())]
    }

    fn encode(&self, prompt: &Prompt, stream: bool) -> Json {
        let dialect = Dialect {
            model: &self.model,
            cap: self.cap,
            stream,
        };
        encode(prompt, dialect)
    }

    fn decode(&self, json: Json, prompt: &Prompt) -> Result<Completion> {
        decode(json, &self.model, answer_tool(prompt))
    }

    fn reader(&self, prompt: &Prompt) -> Reader {
        Reader::new(answer_tool(prompt))
    }
}

#[async_trait]
impl Llm for Anthropic {
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
