//! A function over the output.

use super::{Chain, Plan};
use crate::{Context, Result};

/// A chain whose output is changed by a function. Made by
/// [`ChainExt::map`](super::ChainExt::map).
#[derive(Clone)]
pub struct Map<C, F> {
    inner: C,
    change: F,
}

impl<C, F> Map<C, F> {
    pub(super) fn new(inner: C, change: F) -> Self {
        Self { inner, change }
    }
}

impl<C: std::fmt::Debug, F> std::fmt::Debug for Map<C, F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Map")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

impl<C, F, T> Chain for Map<C, F>
where
    C: Chain,
    F: Fn(C::Output) -> T + Send + Sync,
    T: Send + 'static,
{
    type Input = C::Input;
    type Output = T;

    async fn call(&self, cx: &Context, input: Self::Input) -> Result<T> {
        Ok((self.change)(self.inner.call(cx, input).await?))
    }

    fn plan(&self) -> Plan {
        self.inner.plan()
    }
}
