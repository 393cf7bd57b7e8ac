//! What several tests need: documents made by hand, and a reader with a worker process.
#![allow(clippy::unwrap_used)]
#![allow(dead_code, unreachable_pub, reason = "each test takes what it needs")]

pub mod hostile;
pub mod http;
pub mod office;
pub mod pdf;

use gori_core::{Document, Error, Loaded, Loader, Result};
use gori_loaders::{Isolation, Reader};

/// A reader that parses hostile bytes in the worker of this project.
pub fn worker() -> Reader {
    Reader::new().isolation(Isolation::program(env!(
        "CARGO_BIN_EXE_gori-loaders-worker"
    )))
}

/// Everything that a loader gives.
pub async fn load(loader: &dyn Loader) -> Vec<Result<Loaded>> {
    use futures_util::StreamExt as _;
    loader.load(&()).collect().await
}

/// The documents among some items.
pub fn documents(items: &[Result<Loaded>]) -> Vec<&Document> {
    let documents = items.iter().filter_map(|item| match item {
        Ok(Loaded::Document(document)) => Some(document),
        _ => None,
    });
    documents.collect()
}

/// The errors among some items.
pub fn errors(items: &[Result<Loaded>]) -> Vec<&Error> {
    items
        .iter()
        .filter_map(|item| item.as_ref().err())
        .collect()
}

/// The messages of the warnings among some items.
pub fn warnings(items: &[Result<Loaded>]) -> Vec<&str> {
    let warnings = items.iter().filter_map(|item| match item {
        Ok(Loaded::Warning { message, .. }) => Some(message.as_str()),
        _ => None,
    });
    warnings.collect()
}

/// A source of numbers that is the same on every run and every machine (SplitMix64).
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}
