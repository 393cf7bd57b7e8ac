//! Spans that every OpenTelemetry viewer understands.

use async_trait::async_trait;
use futures_core::stream::BoxStream;
use futures_util::StreamExt as _;
use tracing::field::Empty;
use tracing::{Instrument as _, Span};

use crate::{
    Completion, Context, Delta, Embedder, Embeddings, Limits, Llm, Prompt, Result, Role, Usage,
};

/// Puts every call of a model into a span with the field names of OpenTelemetry's
/// [semantic conventions for generative AI](https://opentelemetry.io/docs/specs/semconv/gen-ai/).
///
/// The text of prompts and answers is recorded (`gen_ai.input.messages`,
/// `gen_ai.output.messages`) only where the call's context says so
/// ([`Context::record_text`]). Outermost it shows what the caller saw, innermost every attempt.
#[derive(Clone, Debug)]
pub struct Traced<T> {
    inner: T,
}

impl<T> Traced<T> {
    /// Wraps it.
    pub fn new(inner: T) -> Self {
        Self { inner }
    }
}

fn chat_span(model: &str, cx: &Context, prompt: &Prompt) -> Span {
    let span = tracing::info_span!(
        "chat",
        gen_ai.operation.name = "chat",
        gen_ai.request.model = model,
        gen_ai.request.max_tokens = prompt.sampling.max_tokens,
        gen_ai.request.temperature = prompt.sampling.temperature,
        gen_ai.response.model = Empty,
        gen_ai.usage.input_tokens = Empty,
        gen_ai.usage.output_tokens = Empty,
        gen_ai.input.messages = Empty,
        gen_ai.output.messages = Empty,
        error.r#type = Empty
    );
    if cx.records_text() {
        let said: Vec<String> = prompt
            .messages
            .iter()
            .map(crate::Message::to_text)
            .collect();
        span.record("gen_ai.input.messages", said.join("\n"));
    }
    span
}

fn record_usage(span: &Span, usage: Usage) {
    span.record("gen_ai.usage.input_tokens", usage.prompt_tokens);
    span.record("gen_ai.usage.output_tokens", usage.completion_tokens);
}

fn record_error<T>(span: &Span, result: &Result<T>) {
    if let Err(error) = result {
        span.record("error.type", error.kind().as_str());
    }
}

#[async_trait]
impl<L: Llm> Llm for Traced<L> {
    fn id(&self) -> &str {
        self.inner.id()
    }
    fn limits(&self) -> Limits {
        self.inner.limits()
    }
    async fn complete(&self, cx: &Context, prompt: &Prompt) -> Result<Completion> {
        let span = chat_span(self.id(), cx, prompt);
        let result = self
            .inner
            .complete(cx, prompt)
            .instrument(span.clone())
            .await;
        record_error(&span, &result);
        if let Ok(completion) = &result {
            record_usage(&span, completion.usage);
            span.record("gen_ai.response.model", &*completion.model);
            if cx.records_text() {
                span.record("gen_ai.output.messages", completion.text.as_str());
            }
        }
        result
    }
    async fn stream(
        &self,
        cx: &Context,
        prompt: &Prompt,
    ) -> Result<BoxStream<'static, Result<Delta>>> {
        let span = chat_span(self.id(), cx, prompt);
        let result = self.inner.stream(cx, prompt).instrument(span.clone()).await;
        record_error(&span, &result);
        Ok(Box::pin(result?.inspect(move |item| {
            record_error(&span, item);
            if let Ok(Delta::End { usage, .. }) = item {
                record_usage(&span, *usage);
            }
        })))
    }
}

#[async_trait]
impl<E: Embedder> Embedder for Traced<E> {
    fn id(&self) -> &str {
        self.inner.id()
    }
    fn dims(&self) -> usize {
        self.inner.dims()
    }
    async fn embed(&self, cx: &Context, texts: &[&str], role: Role) -> Result<Embeddings> {
        let span = tracing::info_span!(
            "embeddings",
            gen_ai.operation.name = "embeddings",
            gen_ai.request.model = self.id(),
            gen_ai.embeddings.dimension.count = self.dims(),
            gori.texts = texts.len(),
            error.r#type = Empty
        );
        let result = self
            .inner
            .embed(cx, texts, role)
            .instrument(span.clone())
            .await;
        record_error(&span, &result);
        result
    }
    fn coverage(&self, text: &str) -> f32 {
        self.inner.coverage(text)
    }
}
