//! Chains with their types hidden.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures_core::stream::BoxStream;

use super::{Chain, Plan, StreamChain};
use crate::{Context, Result};

#[async_trait]
trait DynChain<I, O>: Send + Sync {
    async fn call(&self, cx: &Context, input: I) -> Result<O>;
    fn plan(&self) -> Plan;
}

#[async_trait]
impl<C: Chain> DynChain<C::Input, C::Output> for C {
    async fn call(&self, cx: &Context, input: C::Input) -> Result<C::Output> {
        Chain::call(self, cx, input).await
    }
    fn plan(&self) -> Plan {
        Chain::plan(self)
    }
}

/// Any chain from `I` to `O`: one pointer, cheap to clone. Made by
/// [`ChainExt::boxed`](super::ChainExt::boxed). A call costs one allocation more.
pub struct BoxChain<I, O>(Arc<dyn DynChain<I, O>>);

impl<I: Send + 'static, O: Send + 'static> BoxChain<I, O> {
    pub(super) fn new(chain: impl Chain<Input = I, Output = O> + 'static) -> Self {
        Self(Arc::new(chain))
    }
}

impl<I, O> Clone for BoxChain<I, O> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<I, O> fmt::Debug for BoxChain<I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BoxChain({})", self.0.plan())
    }
}

impl<I: Send + 'static, O: Send + 'static> Chain for BoxChain<I, O> {
    type Input = I;
    type Output = O;

    async fn call(&self, cx: &Context, input: I) -> Result<O> {
        self.0.call(cx, input).await
    }

    fn plan(&self) -> Plan {
        self.0.plan()
    }
}

#[async_trait]
trait DynStreamChain<I, O, T>: DynChain<I, O> {
    async fn stream(&self, cx: &Context, input: I) -> Result<BoxStream<'static, Result<T>>>;
}

#[async_trait]
impl<C: StreamChain> DynStreamChain<C::Input, C::Output, C::Item> for C {
    async fn stream(
        &self,
        cx: &Context,
        input: C::Input,
    ) -> Result<BoxStream<'static, Result<C::Item>>> {
        StreamChain::stream(self, cx, input).await
    }
}

/// Any chain from `I` to `O` that streams pieces of `T`. Made by
/// [`ChainExt::boxed_stream`](super::ChainExt::boxed_stream).
pub struct BoxStreamChain<I, O, T>(Arc<dyn DynStreamChain<I, O, T>>);

impl<I: Send + 'static, O: Send + 'static, T: Send + 'static> BoxStreamChain<I, O, T> {
    pub(super) fn new(chain: impl StreamChain<Input = I, Output = O, Item = T> + 'static) -> Self {
        Self(Arc::new(chain))
    }
}

impl<I, O, T> Clone for BoxStreamChain<I, O, T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<I, O, T> fmt::Debug for BoxStreamChain<I, O, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BoxStreamChain({})", self.0.plan())
    }
}

impl<I: Send + 'static, O: Send + 'static, T: Send + 'static> Chain for BoxStreamChain<I, O, T> {
    type Input = I;
    type Output = O;

    async fn call(&self, cx: &Context, input: I) -> Result<O> {
        self.0.call(cx, input).await
    }

    fn plan(&self) -> Plan {
        self.0.plan()
    }
}

impl<I: Send + 'static, O: Send + 'static, T: Send + 'static> StreamChain
    for BoxStreamChain<I, O, T>
{
    type Item = T;

    async fn stream(&self, cx: &Context, input: I) -> Result<BoxStream<'static, Result<T>>> {
        self.0.stream(cx, input).await
    }
}
