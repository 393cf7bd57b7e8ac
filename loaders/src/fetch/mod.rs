//! Safe fetch: the only way from this crate to the network.
//!
//! A document that is fetched is hostile, and so are the links in it and the server behind
//! them: they lead into the network that the program runs in, they never end, they unpack to
//! a thousand times their size. [`Fetcher`] checks where it connects to at the moment of
//! connecting, on every redirect anew, and bounds everything that a server controls.

mod address;
mod body;
mod client;
mod policy;
mod resolve;
mod target;
mod tls;

pub use client::{Fetched, Fetcher};
pub use policy::FetchPolicy;
pub use resolve::{Resolve, SystemResolver};
