//! Points in [Qdrant](https://qdrant.tech), over gRPC: for those who outgrow one machine.
//!
//! A store is a collection. Each point has an id that is a UUID made from the caller's, the named
//! vector `dense`, and, where the store is [made for words](Options::words) too, the named sparse
//! vector `words`. Its payload is
//!
//! | key | holds |
//! |---|---|
//! | `id` | the caller's id |
//! | `text` | the text |
//! | `metadata` | the metadata as it is, a time as `{"$time": milliseconds}` |
//! | `exact` | the metadata as the text of JSON, where it has a fraction |
//! | `fields` | the names in the metadata, for [`Filter::Exists`](gori_core::Filter::Exists) |
//!
//! What it was made for (dimension, metric) stands in the collection, the embedder in the
//! collection's own metadata, which servers keep from 1.16 on; a store that is opened for
//! something else is refused. Filters are pushed down. A condition that Qdrant has not, such as
//! the order of texts, is pushed down as one that lets more through, and what comes back is held
//! against the filter here. Qdrant reads fractions of more than 15 digits with an error in the last,
//! so a filter that asks for equality with one may miss.
//!
//! ```no_run
//! # async fn run() -> gori_core::Result<()> {
//! use gori_vectorstores::qdrant::{Options, Payload, Qdrant};
//!
//! let options = Options::new(384)
//!     .embedder("all-minilm-l6-v2")
//!     .words(Default::default())
//!     .shards(4)
//!     .replicas(2)
//!     .payload_index("lang", Payload::Keyword);
//! let store = Qdrant::open("http://127.0.0.1:6334", "notes", options).await?;
//! let words = store.words()?; // a `LexicalIndex` over the same points
//! # Ok(()) }
//! ```

mod collection;
mod connection;
mod filter;
mod options;
mod payload;
mod store;
mod words;
mod writes;

pub use options::{Options, Payload};
pub use store::Qdrant;
pub use words::Words;
