//! Functions that a model may call, and the loop that lets it.
//!
//! ```
//! use gori_core::{Context, Prompt};
//! use gori_models::tools::Toolbox;
//! use schemars::JsonSchema;
//! use serde::Deserialize;
//!
//! #[derive(Deserialize, JsonSchema)]
//! struct Sum {
//!     a: i64,
//!     b: i64,
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> gori_core::Result<()> {
//! # let llm = gori_testkit::ScriptedLlm::new(["{\"name\": \"add\", \"arguments\": {\"a\": 2, \"b\": 40}}", "It is 42."]);
//! let tools = Toolbox::new().with("add", "Adds two numbers.", |sum: Sum| async move {
//!     Ok(sum.a + sum.b)
//! });
//! let run = tools.run(&llm, &Context::new(), &Prompt::user("2 + 40?")).await?;
//! assert_eq!(run.answer.text, "It is 42.");
//! assert_eq!(run.calls[0].result, "42");
//! # Ok(())
//! # }
//! ```
//!
//! What a model writes is data: a call names one of the functions that were put in the box, and
//! its arguments are read as that function's type or refused.

mod content;
mod run;
mod toolbox;

pub use run::{Called, Run};
pub use toolbox::Toolbox;
