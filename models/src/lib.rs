//! Encoders and language models for gori, in process and over HTTP; token counters; model files and their fetching.

pub mod bert;
pub mod extract;
pub mod files;
#[cfg(feature = "local-llm")]
pub mod gguf;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "http")]
pub mod openai;
pub mod sse;
pub mod static_embedding;
pub mod tokens;

mod coverage;
#[cfg(feature = "http")]
mod deltas;
mod safetensors;
mod simd;
mod tokenize;
mod unit;
mod work;
