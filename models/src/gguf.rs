//! Language models in process, from GGUF files: the llama and qwen2 architectures.
//!
//! [`Gguf::open`] reads a file once and keeps its weights as 8-bit numbers; a [`Gguf`] is then
//! an [`Llm`](gori_core::Llm) like any other and, by [`Gguf::counter`], an exact
//! [`TokenCounter`](gori_core::TokenCounter). One answer is written at a time, by a thread of the model's
//! own that spreads its work over the cores; others wait their turn. Dropping a future or a
//! stream stops the answer at the next layer.
//!
//! ```no_run
//! # async fn run() -> gori_core::Result<()> {
//! use gori_core::{Context, Llm as _, Prompt};
//! use gori_models::gguf::Gguf;
//!
//! let cx = Context::new();
//! let model = Gguf::open(&cx, "SmolLM2-135M-Instruct.Q4_1.gguf").await?;
//! let answer = model.complete(&cx, &Prompt::user("What is a chain made of?")).await?;
//! println!("{}", answer.text);
//! # Ok(()) }
//! ```
//!
//! # What is taken from the file
//! Sizes, weights, tokens and the chat template. The header is checked before anything is
//! allocated for it; a file that is cut, damaged or of an unknown kind is an error that says so.
//! Weights may be F32, F16, BF16, Q8_0, Q6_K, Q5_K, Q4_K, Q5_0, Q5_1, Q4_0 or Q4_1; all become
//! 8-bit, which loses nothing that 4 to 6 bits held and is the fastest to multiply with. That
//! takes 1.1 bytes of memory for each weight.

mod constraint;
mod counter;
mod dequant;
mod engine;
mod forward;
mod header;
mod kernel;
mod llm;
mod matrix;
mod model;
mod sample;
mod template;
mod text;
mod vocabulary;

pub use counter::GgufCounter;
pub use llm::{Gguf, GgufBuilder};

#[cfg(test)]
mod tests;
