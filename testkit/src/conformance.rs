//! The laws of each port, run by every implementation, by every decorator and by `Arc<dyn Port>`.
//!
//! An implementation is done when it passes its suite.

pub mod embedder;
pub mod lexical;
pub mod llm;
pub mod loader;
pub mod retriever;
pub mod splitter;
pub mod store;
