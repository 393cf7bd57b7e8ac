//! The port that turns texts into vectors.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;

use crate::{Context, Embeddings, Result};

/// What a text is to the search: some models embed questions and documents differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// A text that is searched for.
    Document,
    /// A text that searches.
    Query,
}

/// Turns texts into vectors whose nearness means likeness.
///
/// # For implementors
/// - One row a text, in order, whatever the lengths; an empty batch gives an empty matrix.
/// - A row does not depend on the other texts of the batch (within rounding).
/// - Rows are finite, and of unit length unless the documentation of the implementation
///   says otherwise. An empty text has a row too.
/// - Dropping the future stops the work; CPU work watches [`Context::stop_on_drop`].
///
/// # For callers
/// Any batch size works; the implementation cuts it as it likes.
#[async_trait]
pub trait Embedder: Debug + Send + Sync {
    /// Names the model and whatever changes its vectors. Stored beside them, and compared
    /// when they are used again.
    fn id(&self) -> &str;

    /// Numbers in a vector.
    fn dims(&self) -> usize;

    /// Embeds a batch.
    async fn embed(&self, cx: &Context, texts: &[&str], role: Role) -> Result<Embeddings>;

    /// The share of the text, from 0 to 1, that is in a script the model was trained on.
    /// A hybrid search steps back from vectors of a question the model cannot read.
    fn coverage(&self, text: &str) -> f32 {
        let _ = text;
        1.0
    }
}

macro_rules! forward {
    ($($pointer:ty),*) => {$(
        #[async_trait]
        impl<E: Embedder + ?Sized> Embedder for $pointer {
            fn id(&self) -> &str { (**self).id() }
            fn dims(&self) -> usize { (**self).dims() }
            async fn embed(&self, cx: &Context, texts: &[&str], role: Role) -> Result<Embeddings> {
                (**self).embed(cx, texts, role).await
            }
            fn coverage(&self, text: &str) -> f32 { (**self).coverage(text) }
        }
    )*};
}
forward!(&E, Arc<E>, Box<E>);
