//! Many inputs, a bounded number at a time.

use std::num::NonZeroUsize;

use futures_util::StreamExt as _;

use super::{Chain, Plan};
use crate::{Context, Result};

/// A chain over many inputs. Made by [`ChainExt::batch`](super::ChainExt::batch).
///
/// All run in the caller's task: waiting overlaps, computing does not.
#[derive(Clone, Debug)]
pub struct Batch<C> {
    inner: C,
    limit: NonZeroUsize,
}

impl<C> Batch<C> {
    pub(super) fn new(inner: C, limit: NonZeroUsize) -> Self {
        Self { inner, limit }
    }
}

impl<C: Chain> Chain for Batch<C> {
    type Input = Vec<C::Input>;
    type Output = Vec<Result<C::Output>>;

    async fn call(&self, cx: &Context, inputs: Self::Input) -> Result<Self::Output> {
        let calls = inputs.into_iter().map(|input| self.inner.call(cx, input));
        Ok(futures_util::stream::iter(calls)
            .buffered(self.limit.get())
            .collect()
            .await)
    }

    fn plan(&self) -> Plan {
        Plan::Batch(self.limit, Box::new(self.inner.plan()))
    }
}
