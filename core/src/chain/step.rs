//! A function as a link.

use std::fmt;
use std::marker::PhantomData;

use super::{Chain, Plan};
use crate::{Context, Result};

/// An `async` function or closure as a link. Made by [`step`].
pub struct Step<F, I, O> {
    run: F,
    types: PhantomData<fn(I) -> O>,
}

/// Makes an `async` function or closure a link of a chain.
///
/// It gets a clone of the [`Context`], which is cheap and shares the ledger.
pub fn step<F, Fut, I, O>(run: F) -> Step<F, I, O>
where
    F: Fn(Context, I) -> Fut + Send + Sync,
    Fut: Future<Output = Result<O>> + Send,
    I: Send + 'static,
    O: Send + 'static,
{
    Step {
        run,
        types: PhantomData,
    }
}

impl<F: Clone, I, O> Clone for Step<F, I, O> {
    fn clone(&self) -> Self {
        Self {
            run: self.run.clone(),
            types: PhantomData,
        }
    }
}

impl<F, I, O> fmt::Debug for Step<F, I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Step")
    }
}

impl<F, Fut, I, O> Chain for Step<F, I, O>
where
    F: Fn(Context, I) -> Fut + Send + Sync,
    Fut: Future<Output = Result<O>> + Send,
    I: Send + 'static,
    O: Send + 'static,
{
    type Input = I;
    type Output = O;

    fn call(&self, cx: &Context, input: I) -> impl Future<Output = Result<O>> + Send {
        (self.run)(cx.clone(), input)
    }

    fn plan(&self) -> Plan {
        Plan::of_type::<F>()
    }
}
