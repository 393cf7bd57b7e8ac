//! Where bytes come from: one source a file.

#[cfg(feature = "archive")]
mod archive;
#[cfg(feature = "folder")]
mod dir;
#[cfg(feature = "git")]
mod git;
#[cfg(feature = "object-store")]
mod objects;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod rows;
#[cfg(feature = "sqlite")]
mod sqlite;
mod stdin;
#[cfg(feature = "web")]
mod web;

#[cfg(feature = "archive")]
pub use archive::Archive;
#[cfg(feature = "folder")]
pub use dir::Dir;
#[cfg(feature = "git")]
pub use git::Git;
#[cfg(feature = "object-store")]
pub use objects::Objects;
#[cfg(feature = "postgres")]
pub use postgres::Postgres;
#[cfg(feature = "sqlite")]
pub use sqlite::Sqlite;
pub use stdin::Stdin;
#[cfg(feature = "web")]
pub use web::{Crawl, Sitemap, Urls};
