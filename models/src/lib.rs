//! Encoders and language models for gori, in process and over HTTP; token counters; model files and their fetching.

pub mod bert;
pub mod extract;
pub mod files;
pub mod tokens;

mod coverage;
mod safetensors;
mod simd;
mod tokenize;
mod unit;
mod work;
