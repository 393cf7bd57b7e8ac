//! The local store: points in a directory, with no server.
//!
//! The log is the truth: points are appended to it in checksummed, chained records, a batch
//! is there whole or not at all, and a write is acknowledged once it is on disk. Opening a
//! store replays the log; the torn end that a crash may leave is cut off and reported, while
//! damage to what was once acknowledged is refused.

#[cfg(target_endian = "big")]
compile_error!("the local store maps its files into memory as they are, which is little-endian");

pub mod fs;

mod bits;
mod build;
mod chunk;
mod codec;
mod engine;
mod envelope;
mod fields;
mod index;
mod keep;
mod log;
mod manifest;
mod names;
mod offload;
mod open;
mod options;
mod points;
mod record;
mod replay;
mod report;
mod search;
mod segment;
mod store;
mod view;
mod write;

pub use options::{Durability, Options};
pub use points::Points;
pub use report::Report;
pub use store::{LocalStore, Stats};
