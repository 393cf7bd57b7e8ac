//! The local store: points in a directory, with no server.
//!
//! The log is the truth: points are appended to it in checksummed, chained records, a batch
//! is there whole or not at all, and a write is acknowledged once it is on disk. After some
//! thousand points a log is sealed and the next one begun.
//!
//! Everything else is made from the logs and can be made again: an index of sealed logs holds
//! the vectors quantised to whole numbers of a byte, where each point lies in its log, the
//! hashes of ids, the values of metadata, and, for many points, a graph. Vectors and texts are
//! on disk once, in the log, and are read from there for the few points that may be among the
//! best. Of what was written since the last sealing the quantised vectors are in memory; a log
//! is indexed when it is sealed, so that they never wait there for a merge.
//!
//! Opening a store reads CURRENT, which names the files that count, and the log that is not
//! sealed. The torn end that a crash may leave is cut off and reported; damage to what was
//! once acknowledged is refused; a damaged index is made anew.
//!
//! Read `record` for the frame of the log, `log` and `replay` for how it is written and read,
//! `index` and `segment` for the files made from it, `graph`, `grow` and `walk` for the graph
//! among them, `view`, `search` and `settle` for how it is asked, `write`, `plan` and `keep` for how
//! it changes.

#[cfg(target_endian = "big")]
compile_error!("the local store maps its files into memory as they are, which is little-endian");

pub mod fs;

pub(crate) mod bits;
mod build;
pub(crate) mod chunk;
pub(crate) mod codec;
mod coded;
pub(crate) mod engine;
mod envelope;
pub(crate) mod fields;
pub(crate) mod graph;
mod grow;
pub(crate) mod index;
mod keep;
pub(crate) mod log;
pub(crate) mod manifest;
pub(crate) mod names;
mod near;
pub(crate) mod offload;
pub(crate) mod open;
mod options;
mod pages;
mod plan;
mod points;
mod question;
pub(crate) mod record;
pub(crate) mod repair;
pub(crate) mod replay;
mod report;
mod search;
pub(crate) mod segment;
mod settle;
mod store;
mod view;
mod walk;
pub(crate) mod write;

pub use options::{Durability, Options};
pub use points::Points;
pub use repair::Repaired;
pub use report::Report;
pub use store::{LocalStore, Stats};
