//! Tokens: how many a text has, and how many a model takes.
//!
//! A model's window, the cap on its output, the room reserved for an answer and the margin
//! for what cannot be counted are four types, since mixing them up is the commonest mistake with token budgets.

use std::fmt::Debug;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

macro_rules! tokens {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub usize);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{} tokens", self.0)
            }
        }
    )*};
}
tokens! {
    /// All a model sees at once, prompt and answer together, in tokens.
    Window;
    /// The most a model writes in one answer, in tokens.
    OutputCap;
    /// The room kept free in the window for the answer, in tokens.
    Reserve;
    /// The room kept free in the window for what cannot be counted, in tokens.
    Margin;
}

/// What a model takes and gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Prompt and answer together.
    pub window: Window,
    /// The answer alone, where the model caps it apart from the window.
    pub output: Option<OutputCap>,
}

/// Whether a counter counts or guesses.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fidelity {
    /// The count is what the model will see.
    Exact,
    /// The count may be off by this share, such as 0.1 for a tenth.
    Estimated {
        /// The share by which the truth may lie above the count.
        margin: f32,
    },
}

/// Counts the tokens of a text.
///
/// # For implementors
/// Special tokens in the text are text: `<|endoftext|>` from a document counts as its
/// characters. Counting does not fail and does not panic on any input; where the tokenizer
/// gives up on a piece, count its bytes, which is never too few.
///
/// # For callers
/// The counts of two texts do not add up to the count of both joined, in either direction,
/// except at a [`seam`](TokenCounter::seam).
pub trait TokenCounter: Debug + Send + Sync {
    /// Names the encoding.
    fn id(&self) -> &str;

    /// Whether it counts or guesses.
    fn fidelity(&self) -> Fidelity;

    /// How many tokens the text has.
    fn count(&self, text: &str) -> usize;

    /// Whether no token ever spans these two neighbouring characters, whatever stands before
    /// and behind them: for every `a` that ends in `before` and every `b` that begins with
    /// `after`, the count of `a` and `b` joined is the sum of their counts.
    ///
    /// Who cuts a text by tokens counts it once from seam to seam and adds up, instead of
    /// counting each candidate; without seams the result is the same and takes longer. The
    /// default knows of none. `false` is always right; `true` needs a proof from the
    /// encoding's rules, such as that a letter and the blank behind it are never one token.
    fn seam(&self, before: char, after: char) -> bool {
        let _ = (before, after);
        false
    }
}

macro_rules! forward {
    ($($pointer:ty),*) => {$(
        impl<C: TokenCounter + ?Sized> TokenCounter for $pointer {
            fn id(&self) -> &str { (**self).id() }
            fn fidelity(&self) -> Fidelity { (**self).fidelity() }
            fn count(&self, text: &str) -> usize { (**self).count(text) }
            fn seam(&self, before: char, after: char) -> bool { (**self).seam(before, after) }
        }
    )*};
}
forward!(&C, Arc<C>, Box<C>);
