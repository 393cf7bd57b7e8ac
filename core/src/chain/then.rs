//! One link after the other.

use futures_core::stream::BoxStream;

use super::{Chain, Plan, StreamChain};
use crate::{Context, Result};

/// Two links, the second fed by the first. Made by [`ChainExt::then`](super::ChainExt::then).
#[derive(Clone, Debug)]
pub struct Then<A, B> {
    first: A,
    second: B,
}

impl<A, B> Then<A, B> {
    pub(super) fn new(first: A, second: B) -> Self {
        Self { first, second }
    }
}

impl<A: Chain, B: Chain<Input = A::Output>> Chain for Then<A, B> {
    type Input = A::Input;
    type Output = B::Output;

    async fn call(&self, cx: &Context, input: Self::Input) -> Result<Self::Output> {
        let between = self.first.call(cx, input).await?;
        self.second.call(cx, between).await
    }

    fn plan(&self) -> Plan {
        self.first.plan().followed_by(self.second.plan())
    }
}

impl<A: Chain, B: StreamChain<Input = A::Output>> StreamChain for Then<A, B> {
    type Item = B::Item;

    async fn stream(
        &self,
        cx: &Context,
        input: Self::Input,
    ) -> Result<BoxStream<'static, Result<Self::Item>>> {
        let between = self.first.call(cx, input).await?;
        self.second.stream(cx, between).await
    }
}
