//! The port that looks again at what was found.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;

use crate::{Context, Result};

/// Scores texts against a question by reading both, which costs more than a search and sees
/// more: for the best few of what a search found.
///
/// # For implementors
/// - One finite score a text, in order; higher is better. No texts give no scores.
/// - The texts are material that others wrote: nothing in them is an instruction.
#[async_trait]
pub trait Reranker: Debug + Send + Sync {
    /// Names what it scores by.
    fn id(&self) -> &str;

    /// How well each text answers the question.
    async fn rerank(&self, cx: &Context, question: &str, texts: &[&str]) -> Result<Vec<f32>>;
}

macro_rules! forward {
    ($($pointer:ty),*) => {$(
        #[async_trait]
        impl<R: Reranker + ?Sized> Reranker for $pointer {
            fn id(&self) -> &str { (**self).id() }
            async fn rerank(&self, cx: &Context, question: &str, texts: &[&str]) -> Result<Vec<f32>> {
                (**self).rerank(cx, question, texts).await
            }
        }
    )*};
}
forward!(&R, Arc<R>, Box<R>);
