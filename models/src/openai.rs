//! OpenAI's chat completions and embeddings, as many servers speak them: OpenAI itself,
//! llama-server, Ollama, vLLM and others.
//!
//! ```no_run
//! use gori_core::{Context, Llm, Prompt};
//! use gori_models::http::ApiKey;
//! use gori_models::openai::Server;
//!
//! # async fn run() -> gori_core::Result<()> {
//! let cx = Context::new();
//! // A model of OpenAI's, whose limits are known by its id:
//! let llm = Server::openai().key(ApiKey::from_env("OPENAI_API_KEY")?).model("gpt-4o-mini")?;
//! // A server of your own, which is asked for its model and its window:
//! let local = Server::at("http://127.0.0.1:8080/v1").discover(&cx).await?;
//!
//! let answer = local.complete(&cx, &Prompt::user("What survives a power cut?")).await?;
//! println!("{} ({} tokens)", answer.text, answer.usage.completion_tokens);
//! # Ok(())
//! # }
//! ```
//!
//! The client asks once and does not retry: put `Retry`, `Limit`, `Timeout` and `Fallback` of
//! `gori_core::layer` around it, and it stays clear who decides.

mod discover;
mod embedder;
mod llm;
mod request;
mod response;
mod server;
mod stream;

pub use embedder::OpenAiEmbedder;
pub use llm::OpenAi;
pub use server::Server;
