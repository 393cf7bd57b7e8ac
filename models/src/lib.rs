//! Encoders and language models for gori, in process and over HTTP; token counters; model files and their fetching.

#[cfg(feature = "http")]
pub mod anthropic;
pub mod bert;
#[cfg(feature = "http")]
pub mod breaker;
#[cfg(feature = "sqlite")]
pub mod cache;
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
#[cfg(feature = "structured")]
pub mod structured;
pub mod tokens;
#[cfg(feature = "structured")]
pub mod tools;

mod coverage;
mod safetensors;
mod simd;
mod tokenizer;
mod unit;
#[cfg(feature = "http")]
mod wire;
mod work;
