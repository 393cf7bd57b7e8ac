//! Chains of gori: ingest, retrieve, fit a prompt to a token budget, answer.
//!
//! Everything here is written against the ports of [`gori_core`], never against a backend.

pub mod ingest;
pub mod long;
pub mod memory;
pub mod prompt;
pub mod rag;
pub mod retrieve;
#[cfg(feature = "sql")]
pub mod sql;

pub use ingest::{Ingest, ingest};
pub use rag::{complete, fit_prompt};
pub use retrieve::{Dense, Hybrid, Lexical, retrieve};
