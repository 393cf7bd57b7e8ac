//! From what was found to a written answer: fit a prompt to the model's window, then complete it.
//!
//! ```text
//! retrieve(retriever, 8).then(fit_prompt(counter, llm.limits())).then(complete(llm))
//! ```

mod complete;
mod fit;

pub use complete::{AnswerDelta, Complete, complete};
pub use fit::{FitPrompt, Fitted, fit_prompt};
