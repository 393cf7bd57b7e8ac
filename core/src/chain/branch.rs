//! One of two chains, by a condition on the input.

use super::{Chain, Plan};
use crate::{Context, Result};

/// One of two chains. Made by [`ChainExt::branch`](super::ChainExt::branch).
#[derive(Clone)]
pub struct Branch<P, A, B> {
    condition: P,
    yes: A,
    no: B,
}

impl<P, A, B> Branch<P, A, B> {
    pub(super) fn new(condition: P, yes: A, no: B) -> Self {
        Self { condition, yes, no }
    }
}

impl<P, A: std::fmt::Debug, B: std::fmt::Debug> std::fmt::Debug for Branch<P, A, B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Branch")
            .field("yes", &self.yes)
            .field("no", &self.no)
            .finish_non_exhaustive()
    }
}

impl<P, A, B> Chain for Branch<P, A, B>
where
    A: Chain,
    B: Chain<Input = A::Input, Output = A::Output>,
    P: Fn(&A::Input) -> bool + Send + Sync,
{
    type Input = A::Input;
    type Output = A::Output;

    async fn call(&self, cx: &Context, input: Self::Input) -> Result<Self::Output> {
        if (self.condition)(&input) {
            self.yes.call(cx, input).await
        } else {
            self.no.call(cx, input).await
        }
    }

    fn plan(&self) -> Plan {
        Plan::Branch(vec![self.yes.plan(), self.no.plan()])
    }
}
