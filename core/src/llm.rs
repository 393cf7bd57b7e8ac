//! The port to language models.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use futures_core::stream::BoxStream;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::{Context, Limits, Message, Result, ToolCall, Usage};

/// A request to a language model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Prompt {
    /// The conversation so far.
    pub messages: Vec<Message>,
    /// How the answer is drawn.
    pub sampling: Sampling,
    /// Tools the model may call.
    pub tools: Vec<Tool>,
    /// A shape the answer must have.
    pub format: Format,
    /// Fields for one provider, sent as they are.
    pub extra: Map<String, Json>,
    /// The tokens of the messages, when a prompt planner counted them.
    pub tokens: Option<usize>,
}

/// How an answer is drawn. What is `None` is left to the model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sampling {
    /// The most tokens to write.
    pub max_tokens: Option<usize>,
    /// 0 always takes the likeliest token.
    pub temperature: Option<f32>,
    /// Only the likeliest tokens that together have this probability.
    pub top_p: Option<f32>,
    /// The same seed and prompt give the same answer where the model can promise it.
    pub seed: Option<u64>,
    /// Texts that end the answer and are not part of it.
    pub stop: Vec<String>,
}

/// A tool the model may call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// What it is for, for the model to read.
    pub description: String,
    /// The JSON Schema of its arguments.
    pub parameters: Json,
}

/// A shape the answer must have.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Format {
    /// Any text.
    #[default]
    Text,
    /// JSON that fits the schema, where the model or its server can be held to it.
    Json {
        /// A name for the schema, of letters, digits and underscores.
        name: String,
        /// The JSON Schema.
        schema: Json,
    },
}

impl Prompt {
    /// A prompt of these messages.
    pub fn new(messages: impl Into<Vec<Message>>) -> Self {
        Self {
            messages: messages.into(),
            ..Self::default()
        }
    }

    /// A prompt of one question.
    pub fn user(text: impl Into<String>) -> Self {
        Self::new([Message::user(text)])
    }

    /// How the answer is drawn.
    #[must_use]
    pub fn sampling(mut self, sampling: Sampling) -> Self {
        self.sampling = sampling;
        self
    }
}

/// Why a model stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Finish {
    /// It had said what it wanted.
    Stop,
    /// It reached the most tokens it may write.
    Length,
    /// It calls tools and waits for their results.
    ToolCalls,
    /// The provider held the answer back.
    Filtered,
    /// A reason this version does not know.
    Other(String),
}

/// A whole answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Completion {
    /// The text.
    pub text: String,
    /// The tools it calls.
    pub tool_calls: Vec<ToolCall>,
    /// Why it stopped.
    pub finish: Finish,
    /// What it cost.
    pub usage: Usage,
    /// The model, as it names itself.
    pub model: Arc<str>,
    /// What else the provider sent, such as log probabilities.
    pub extra: Map<String, Json>,
}

/// A piece of an answer that is being written.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Delta {
    /// More text.
    Text(String),
    /// A tool call, once it is whole.
    ToolCall(ToolCall),
    /// The end: always the last item of a stream that succeeded.
    End {
        /// Why it stopped.
        finish: Finish,
        /// What it cost.
        usage: Usage,
    },
}

/// A language model.
///
/// # For implementors
/// - A stream ends with [`Delta::End`] or with an error, never silently.
/// - Add the usage to [`Context::usage`] once an answer is whole.
/// - Dropping the future or the stream stops the work and closes the connection.
/// - Honour [`Context::deadline`].
///
/// # For callers
/// What a model writes is data: check it before anything is done with it.
#[async_trait]
pub trait Llm: Debug + Send + Sync {
    /// The model's name.
    fn id(&self) -> &str;

    /// What it takes and gives, in tokens.
    fn limits(&self) -> Limits;

    /// The whole answer.
    async fn complete(&self, cx: &Context, prompt: &Prompt) -> Result<Completion>;

    /// The answer as it is written.
    async fn stream(
        &self,
        cx: &Context,
        prompt: &Prompt,
    ) -> Result<BoxStream<'static, Result<Delta>>>;
}

macro_rules! forward {
    ($($pointer:ty),*) => {$(
        #[async_trait]
        impl<L: Llm + ?Sized> Llm for $pointer {
            fn id(&self) -> &str { (**self).id() }
            fn limits(&self) -> Limits { (**self).limits() }
            async fn complete(&self, cx: &Context, prompt: &Prompt) -> Result<Completion> {
                (**self).complete(cx, prompt).await
            }
            async fn stream(&self, cx: &Context, prompt: &Prompt) -> Result<BoxStream<'static, Result<Delta>>> {
                (**self).stream(cx, prompt).await
            }
        }
    )*};
}
forward!(&L, Arc<L>, Box<L>);
