//! Vector and lexical stores for gori: the durable local store, in memory, Qdrant and Postgres.
//!
//! [`LocalStore`] keeps points in a directory, with no server, and survives its process and
//! the power; [`MemoryStore`] is a map. [`LexicalStore`] finds texts by their words.

mod kernel;
pub mod lexical;
pub mod local;
mod memory;
#[cfg(feature = "pgvector")]
pub mod pgvector;
#[cfg(feature = "qdrant")]
pub mod qdrant;
mod score;
mod topk;

pub use lexical::{LexicalStore, MemoryLexical};
pub use local::{Durability, LocalStore, Options};
pub use memory::MemoryStore;
