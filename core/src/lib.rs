//! The nouns, the ports and the chain of gori: types and traits, no I/O, no runtime, no model.
//!
//! Read [`Document`] and [`Chunk`], then one port each: [`Loader`], [`Splitter`], [`Embedder`],
//! [`VectorStore`] and [`LexicalIndex`], [`Retriever`], [`Llm`]; then [`Chain`], which joins them,
//! and [`layer`], whose decorators wrap them.

mod answer;
pub mod chain;
mod context;
mod document;
mod embedder;
mod embedding;
mod error;
mod filter;
pub mod layer;
mod llm;
mod loader;
mod message;
mod reranker;
mod retriever;
mod splitter;
mod store;
mod tokens;
mod value;

pub use answer::{Answer, Quote, Source, field};
pub use chain::{BoxChain, BoxStreamChain, Chain, ChainExt, Plan, StreamChain, step};
pub use context::{Context, Ledger, Stop, StopGuard, Usage};
pub use document::{Chunk, Document, Lines, Part, Revision};
pub use embedder::{Embedder, Role};
pub use embedding::{Embeddings, cosine, dot};
pub use error::{Error, ErrorKind, Result, ResultExt};
pub use filter::{Filter, Range};
pub use layer::LayerExt;
pub use llm::{Completion, Delta, Finish, Format, Llm, Prompt, Sampling, Tool};
pub use loader::{Loaded, Loader, LoaderExt, Seen};
pub use message::{Content, Message, Speaker, ToolCall};
pub use reranker::Reranker;
pub use retriever::{Query, Retrieved, Retriever};
pub use splitter::Splitter;
pub use store::{
    Capabilities, Hit, Leg, LexicalIndex, Metric, Point, Search, Selection, VectorStore, sort_hits,
};
pub use tokens::{Fidelity, Limits, Margin, OutputCap, Reserve, TokenCounter, Window};
pub use value::{Metadata, Time, Value};
