//! Anthropic's messages, as api.anthropic.com and compatible gateways speak them.
//!
//! ```no_run
//! use gori_core::{Context, Llm, Prompt};
//! use gori_models::anthropic::Server;
//! use gori_models::http::ApiKey;
//!
//! # async fn run() -> gori_core::Result<()> {
//! let key = ApiKey::from_env("ANTHROPIC_API_KEY")?;
//! let llm = Server::anthropic().key(key).model("claude-sonnet-4-5")?;
//! let answer = llm.complete(&Context::new(), &Prompt::user("What survives a power cut?")).await?;
//! println!("{}", answer.text);
//! # Ok(())
//! # }
//! ```
//!
//! The client asks once and does not retry: put `Retry`, `Limit`, `Timeout` and `Fallback` of
//! `gori_core::layer` around it.

mod llm;
mod request;
mod response;
mod server;
mod stream;

pub use llm::Anthropic;
pub use server::Server;
