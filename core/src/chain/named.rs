//! A name for a chain, in errors, traces and drawings.

use futures_core::stream::BoxStream;
use futures_util::StreamExt as _;
use tracing::Instrument as _;

use super::{Chain, Plan, StreamChain};
use crate::{Context, Error, Result, ResultExt as _};

/// A chain with a name. Made by [`ChainExt::named`](super::ChainExt::named).
///
/// The name is put before the path of every error, and every call is a span named `stage`
/// with the fields `gori.stage` and, when it fails, `error.type`.
#[derive(Clone, Debug)]
pub struct Named<C> {
    inner: C,
    name: &'static str,
}

impl<C> Named<C> {
    pub(super) fn new(inner: C, name: &'static str) -> Self {
        Self { inner, name }
    }

    fn span(&self) -> tracing::Span {
        tracing::info_span!(
            "stage",
            gori.stage = self.name,
            error.r#type = tracing::field::Empty
        )
    }
}

fn record<T>(span: &tracing::Span, result: &Result<T>) {
    if let Err(error) = result {
        span.record("error.type", error.kind().as_str());
    }
}

impl<C: Chain> Chain for Named<C> {
    type Input = C::Input;
    type Output = C::Output;

    async fn call(&self, cx: &Context, input: Self::Input) -> Result<Self::Output> {
        let span = self.span();
        let result = self.inner.call(cx, input).instrument(span.clone()).await;
        record(&span, &result);
        result.at(self.name)
    }

    fn plan(&self) -> Plan {
        self.inner.plan().named(self.name)
    }
}

impl<C: StreamChain> StreamChain for Named<C> {
    type Item = C::Item;

    async fn stream(
        &self,
        cx: &Context,
        input: Self::Input,
    ) -> Result<BoxStream<'static, Result<Self::Item>>> {
        let (span, name) = (self.span(), self.name);
        let result = self.inner.stream(cx, input).instrument(span.clone()).await;
        record(&span, &result);
        let stream = result.at(name)?;
        Ok(Box::pin(stream.map(move |item| {
            record(&span, &item);
            item.map_err(|error: Error| error.at(name))
        })))
    }
}
