//! Where bytes come from: one source a file.

#[cfg(feature = "folder")]
mod dir;

#[cfg(feature = "folder")]
pub use dir::Dir;
