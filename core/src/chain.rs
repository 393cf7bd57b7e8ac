//! Chains: stages that are joined when compiled.
//!
//! A chain that only re-spelled `b(a(x).await?)` would lose to a plain `async fn`. This one
//! earns its place with what an `async fn` lacks: the path of stages in every error and span,
//! ordered and bounded [`batch`](ChainExt::batch), streaming that is known at compile time, one
//! erased handle that clones, decorators, a ledger and a deadline that travel with the call, and
//! a plan that can be drawn.
//!
//! ```
//! use gori_core::{ChainExt as _, Chain as _, Context, step};
//!
//! # async fn run() -> gori_core::Result<()> {
//! let shout = step(async |_cx: Context, text: String| Ok(text.to_uppercase()))
//!     .named("upper")
//!     .map(|text| text + "!");
//! assert_eq!(shout.call(&Context::new(), "hey".into()).await?, "HEY!");
//! # Ok(()) }
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(run()).unwrap();
//! ```

mod batch;
mod boxed;
mod branch;
mod join;
mod map;
mod named;
mod plan;
mod step;
mod then;

use std::num::NonZeroUsize;
use std::sync::Arc;

use futures_core::stream::BoxStream;

use crate::{Context, Result};

pub use batch::Batch;
pub use boxed::{BoxChain, BoxStreamChain};
pub use branch::Branch;
pub use join::Join;
pub use map::Map;
pub use named::Named;
pub use plan::Plan;
pub use step::{Step, step};
pub use then::Then;

/// A stage, or several joined into one: an input becomes an output.
///
/// # For implementors
/// Do the work inside the future, never in a task of its own, so that dropping the future
/// stops it. Give `plan` a name that a reader of the drawing understands.
///
/// # For callers
/// A chain can be called from many tasks at once. Dropping the future cancels the call.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a chain",
    note = "an `async fn(Context, Input) -> gori::Result<Output>` becomes one by `step(it)`",
    note = "a retriever becomes one by `retrieve(it)`, a language model by `complete(it)`"
)]
pub trait Chain: Send + Sync {
    /// What goes in.
    type Input: Send + 'static;
    /// What comes out.
    type Output: Send + 'static;

    /// Does the work.
    fn call(
        &self,
        cx: &Context,
        input: Self::Input,
    ) -> impl Future<Output = Result<Self::Output>> + Send;

    /// What it is made of, to be drawn.
    fn plan(&self) -> Plan {
        Plan::of_type::<Self>()
    }
}

/// A chain whose output can also be had piece by piece, as it is made.
///
/// [`Then`] streams exactly when its last link does, so a chain that cannot stream does not
/// compile where one is wanted.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not stream",
    note = "a chain streams when its last link does: end it with a link such as `complete(llm)`",
    note = "`map`, `join`, `branch` and `batch` end a stream: put them before the last link"
)]
pub trait StreamChain: Chain {
    /// A piece of the output.
    type Item: Send + 'static;

    /// Starts the work and gives its pieces. Dropping the stream stops it.
    fn stream(
        &self,
        cx: &Context,
        input: Self::Input,
    ) -> impl Future<Output = Result<BoxStream<'static, Result<Self::Item>>>> + Send;
}

impl<C: Chain> Chain for &C {
    type Input = C::Input;
    type Output = C::Output;
    fn call(
        &self,
        cx: &Context,
        input: Self::Input,
    ) -> impl Future<Output = Result<Self::Output>> + Send {
        (**self).call(cx, input)
    }
    fn plan(&self) -> Plan {
        (**self).plan()
    }
}

impl<C: Chain> Chain for Arc<C> {
    type Input = C::Input;
    type Output = C::Output;
    fn call(
        &self,
        cx: &Context,
        input: Self::Input,
    ) -> impl Future<Output = Result<Self::Output>> + Send {
        (**self).call(cx, input)
    }
    fn plan(&self) -> Plan {
        (**self).plan()
    }
}

/// What every chain can do. Nobody implements it.
pub trait ChainExt: Chain + Sized {
    /// Hands the output on to the next link.
    fn then<B: Chain<Input = Self::Output>>(self, next: B) -> Then<Self, B> {
        Then::new(self, next)
    }

    /// Changes the output by a function that cannot fail and does not wait.
    fn map<T: Send + 'static, F: Fn(Self::Output) -> T + Send + Sync>(
        self,
        change: F,
    ) -> Map<Self, F> {
        Map::new(self, change)
    }

    /// Hands the output on to an `async` closure or function.
    fn step<F, Fut, T>(self, run: F) -> Then<Self, Step<F, Self::Output, T>>
    where
        F: Fn(Context, Self::Output) -> Fut + Send + Sync,
        Fut: Future<Output = Result<T>> + Send,
        T: Send + 'static,
    {
        Then::new(self, step(run))
    }

    /// Names the chain in errors, traces and drawings.
    fn named(self, name: &'static str) -> Named<Self> {
        Named::new(self, name)
    }

    /// Runs another chain on the same input at the same time; both must succeed.
    fn join<B: Chain<Input = Self::Input>>(self, other: B) -> Join<Self, B>
    where
        Self::Input: Clone,
    {
        Join::new(self, other)
    }

    /// Goes here when the condition holds for the input, and to the other chain when not.
    fn branch<B, P>(self, condition: P, otherwise: B) -> Branch<P, Self, B>
    where
        B: Chain<Input = Self::Input, Output = Self::Output>,
        P: Fn(&Self::Input) -> bool + Send + Sync,
    {
        Branch::new(condition, self, otherwise)
    }

    /// Takes many inputs, at most `limit` at a time, and gives one result an item in their
    /// order. The failure of one does not touch the others.
    fn batch(self, limit: NonZeroUsize) -> Batch<Self> {
        Batch::new(self, limit)
    }

    /// Hides the type behind a handle that clones.
    fn boxed(self) -> BoxChain<Self::Input, Self::Output>
    where
        Self: 'static,
    {
        BoxChain::new(self)
    }

    /// Hides the type of a chain that streams behind a handle that clones and streams.
    fn boxed_stream(self) -> BoxStreamChain<Self::Input, Self::Output, Self::Item>
    where
        Self: StreamChain + 'static,
    {
        BoxStreamChain::new(self)
    }

    /// The plan of the chain: `to_string()` for text, [`Plan::to_mermaid`] for a drawing.
    fn describe(&self) -> Plan {
        self.plan()
    }
}

impl<C: Chain> ChainExt for C {}
