//! Fakes, fault injection, conformance suites and real servers for gori's own tests.
//!
//! A dev-dependency of every crate, and a dependency of none. What is here panics when a law is
//! broken: that is its purpose, so the lints against panics do not hold in it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::print_stdout, clippy::print_stderr, clippy::string_slice)]

pub mod conformance;
mod faulty;
mod hash_embedder;
pub mod hostile;
mod map_store;
mod scripted_llm;
#[cfg(all(unix, feature = "servers"))]
pub mod servers;

pub use faulty::Faulty;
pub use hash_embedder::HashEmbedder;
pub use map_store::MapStore;
pub use scripted_llm::ScriptedLlm;
