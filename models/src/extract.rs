//! Answers without a language model: the sentences of what was found that answer the question,
//! quoted word for word, with their sources.
//!
//! A question and its hits go in as [`Retrieved`](gori_core::Retrieved), an
//! [`Answer`](gori_core::Answer) comes out. Nothing is written by a model, so nothing can be
//! made up; all it needs is an [`Embedder`](gori_core::Embedder).

mod answer;
mod candidates;
mod comments;
mod containment;
mod score;
mod terms;
mod units;

pub use answer::Extractive;
pub use containment::contains_answer;
pub use units::{Unit, UnitKind, units};
