//! Document loaders for gori: where bytes come from, and what they mean.
//!
//! A source, such as [`Dir`], finds bytes; a [`Reader`] reads them by the [`Format`] that
//! knows them. Any source goes with any format.
//!
//! ```
//! use futures_util::StreamExt as _;
//! use gori_core::LoaderExt as _;
//! use gori_loaders::Dir;
//!
//! # async fn load(folder: &std::path::Path) -> gori_core::Result<()> {
//! let docs = Dir::new(folder).include("**/*.md")?;
//! let mut documents = docs.documents();
//! while let Some(document) = documents.next().await {
//!     assert!(!document?.text.is_empty());
//! }
//! # Ok(())
//! # }
//! ```

mod blob;
mod charset;
mod format;
#[cfg(feature = "folder")]
mod globs;
mod isolation;
mod limits;
mod pipeline;
mod reader;
mod sample;
mod source;

pub use blob::Blob;
#[cfg(feature = "html")]
pub use format::Html;
#[cfg(feature = "markdown")]
pub use format::Markdown;
#[cfg(feature = "pdf")]
pub use format::Pdf;
pub use format::{Certainty, Format, Formats, Input, Output, Text, meta};
pub use isolation::{Isolation, worker};
pub use limits::Limits;
pub use reader::Reader;
pub use sample::Sample;
#[cfg(feature = "folder")]
pub use source::Dir;
