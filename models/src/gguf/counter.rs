//! Counts tokens as a model of this crate sees them.

use std::sync::Arc;

use gori_core::{Fidelity, TokenCounter};

use super::vocabulary::Vocabulary;

/// The exact token counter of a [`Gguf`](super::Gguf). Cheap to clone; does not keep the
/// weights.
///
/// It counts a text by itself. What the chat template puts around each message, 3 to 10 tokens
/// and in some models a system message of their own, is not counted.
#[derive(Clone, Debug)]
pub struct GgufCounter {
    pub(super) id: Arc<str>,
    pub(super) vocabulary: Arc<Vocabulary>,
}

impl TokenCounter for GgufCounter {
    fn id(&self) -> &str {
        &self.id
    }

    fn fidelity(&self) -> Fidelity {
        Fidelity::Exact
    }

    fn count(&self, text: &str) -> usize {
        // No tokenizer makes more tokens than there are bytes.
        self.vocabulary
            .encode(text)
            .map_or(text.len(), |ids| ids.len())
    }

    /// Every pattern in use ends a word before a blank, and no token spans two words.
    fn seam(&self, before: char, after: char) -> bool {
        before.is_ascii_alphanumeric() && after == ' '
    }
}
