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
#[cfg(feature = "web")]
mod fetch;
mod format;
#[cfg(any(feature = "folder", feature = "archive", feature = "git"))]
mod globs;
mod isolation;
#[cfg(any(feature = "json", feature = "notebook"))]
mod json;
mod limits;
#[cfg(any(feature = "office", feature = "epub"))]
mod pack;
mod pipeline;
mod reader;
mod sample;
mod source;
#[cfg(any(
    feature = "office",
    feature = "epub",
    feature = "feed",
    feature = "web"
))]
mod xml;

pub use blob::Blob;
#[cfg(feature = "web")]
pub use fetch::{FetchPolicy, Fetched, Fetcher, Resolve, SystemResolver};
#[cfg(feature = "csv")]
pub use format::Csv;
#[cfg(feature = "epub")]
pub use format::Epub;
#[cfg(feature = "feed")]
pub use format::Feed;
#[cfg(feature = "html")]
pub use format::Html;
#[cfg(feature = "json")]
pub use format::Json;
#[cfg(feature = "markdown")]
pub use format::Markdown;
#[cfg(feature = "notebook")]
pub use format::Notebook;
#[cfg(feature = "pdf")]
pub use format::Pdf;
#[cfg(feature = "subtitles")]
pub use format::Subtitles;
pub use format::{Certainty, Format, Formats, Input, Output, Text, meta};
#[cfg(feature = "office")]
pub use format::{Docx, Pptx, Xlsx};
#[cfg(feature = "mail")]
pub use format::{Eml, Mbox};
pub use isolation::{Isolation, worker};
pub use limits::Limits;
pub use reader::Reader;
pub use sample::Sample;
#[cfg(feature = "archive")]
pub use source::Archive;
#[cfg(feature = "folder")]
pub use source::Dir;
#[cfg(feature = "git")]
pub use source::Git;
#[cfg(feature = "object-store")]
pub use source::Objects;
#[cfg(feature = "postgres")]
pub use source::Postgres;
#[cfg(feature = "sqlite")]
pub use source::Sqlite;
pub use source::Stdin;
#[cfg(feature = "web")]
pub use source::{Crawl, Sitemap, Urls};

/// The crate by which [`Objects`] reaches stores.
#[cfg(feature = "object-store")]
pub use object_store;
