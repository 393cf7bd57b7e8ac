//! Vector and lexical stores for gori: the durable local store, in memory, Qdrant and Postgres.
//!
//! [`LocalStore`] keeps points in a directory, with no server, and survives its process and
//! the power; [`MemoryStore`] is a map. [`LexicalStore`] finds texts by their words. Where one
//! machine is not enough, the features `qdrant` and `pgvector` bring stores behind the same port,
//! and [`Migration`] moves a local store to them.

#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod kernel;
pub mod lexical;
pub mod local;
mod memory;
mod migrate;
#[cfg(feature = "pgvector")]
pub mod pgvector;
#[cfg(feature = "qdrant")]
pub mod qdrant;
mod score;
mod topk;

pub use lexical::{LexicalStore, MemoryLexical};
pub use local::{Durability, LocalStore, Options};
pub use memory::MemoryStore;
pub use migrate::{Migration, Moved, Progress};
