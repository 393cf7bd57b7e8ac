//! Two chains on one input at the same time.

use futures_util::future::try_join;

use super::{Chain, Plan};
use crate::{Context, Result};

/// Two chains on the same input. Made by [`ChainExt::join`](super::ChainExt::join).
///
/// Both run in the caller's task, in turn where one waits; when one fails the other is
/// dropped.
#[derive(Clone, Debug)]
pub struct Join<A, B> {
    left: A,
    right: B,
}

impl<A, B> Join<A, B> {
    pub(super) fn new(left: A, right: B) -> Self {
        Self { left, right }
    }
}

impl<A, B> Chain for Join<A, B>
where
    A: Chain,
    B: Chain<Input = A::Input>,
    A::Input: Clone,
{
    type Input = A::Input;
    type Output = (A::Output, B::Output);

    async fn call(&self, cx: &Context, input: Self::Input) -> Result<Self::Output> {
        let left = self.left.call(cx, input.clone());
        try_join(left, self.right.call(cx, input)).await
    }

    fn plan(&self) -> Plan {
        Plan::Join(vec![self.left.plan(), self.right.plan()])
    }
}
