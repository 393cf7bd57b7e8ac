//! Points in Postgres, by its extension [pgvector](https://github.com/pgvector/pgvector).
//!
//! A store is a table with a row for each point:
//!
//! | column | type | holds |
//! |---|---|---|
//! | `id` | `text`, primary key | the caller's id |
//! | `embedding` | `vector(n)` | the vector |
//! | `payload` | `text` | the text and the metadata as JSON, byte for byte |
//! | `metadata` | `jsonb` | the metadata once more, for filters |
//!
//! What it was made for (dimension, metric, embedder) stands in the table `gori_stores`, and a
//! store that is opened for something else is refused. Filters become SQL whose fields and
//! values are bound and never part of the statement.
//!
//! ```no_run
//! # async fn run() -> gori_core::Result<()> {
//! use gori_vectorstores::pgvector::{Options, PgVector};
//!
//! let options = Options::new(384).embedder("all-minilm-l6-v2");
//! let store = PgVector::open("postgres://me@127.0.0.1/docs", "notes", options).await?;
//! # Ok(()) }
//! ```

mod connection;
mod filter;
mod json;
mod store;
mod table;

pub use store::PgVector;
pub use table::{Index, Options};
