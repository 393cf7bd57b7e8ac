//! An HTTP server on loopback that breaks every rule it is told to break.
//!
//! It reads requests and plays scripted [`Reply`]s: bytes, waits, resets, at exactly the places
//! that a script names. It counts what it sees: requests, connections, and how soon a client
//! closes what it no longer wants.

mod chat;
mod reply;
mod server;

pub use chat::{Faults, answer_to, chat};
pub use reply::{Reply, Step};
pub use server::{Received, Server};
