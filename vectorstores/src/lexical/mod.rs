//! Texts found by their words: BM25, with stems, and pairs of characters where words are not
//! told apart by spaces.
//!
//! [`LexicalStore`] keeps texts in a directory by the machinery of the [local
//! store](crate::local): the same log of checksummed, chained records that is on disk before a
//! write is acknowledged, the same sealed files made from it and committed through CURRENT, the
//! same judgement of torn and of damaged ends. [`MemoryLexical`] is the same without the disk.
//!
//! Read `analyse` for how a text becomes terms, `inverted` for how they are kept, `search` for
//! how they are scored, `open` and `keep` for the life of the files.

mod analyse;
mod bm25;
mod build;
mod chunk;
mod engine;
mod identifier;
mod inverted;
mod keep;
mod language;
mod memory;
mod merge;
mod open;
mod options;
mod search;
mod segment;
mod store;
mod view;
mod write;

pub use analyse::Analyzer;
pub use bm25::Bm25;
pub use language::Language;
pub use memory::MemoryLexical;
pub use options::Options;
pub use store::LexicalStore;
