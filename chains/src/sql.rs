//! Questions to a database, answered with SQL that was checked before it ran.
//!
//! A model writes a [`Draft`]. A [`Guard`], which knows the [`Catalog`], makes it [`Checked`] or
//! says what is wrong with it. Only what is `Checked` can be run by a [`Source`], which holds
//! fences of its own: read-only, an allow-list inside the database, limits of time, rows and
//! bytes.
//!
//! ```
//! use gori_chains::sql::{Catalog, Column, Dialect, Draft, Guard, Table};
//!
//! let track = Table::new("track", [Column::new("id", "INTEGER"), Column::new("name", "TEXT")]);
//! let guard = Guard::new(Catalog::new(Dialect::Sqlite, [track]));
//!
//! let checked = guard.check(&Draft::new("select name from track"))?;
//! assert_eq!(checked.sql(), "SELECT name FROM track LIMIT 1001");
//!
//! let rejected = guard.check(&Draft::new("select nmae from track")).unwrap_err();
//! assert_eq!(
//!     rejected.problems()[0].to_string(),
//!     "no column `nmae` in `track`; did you mean `name`?"
//! );
//! assert!(guard.check(&Draft::new("drop table track")).is_err());
//! # Ok::<(), gori_core::Error>(())
//! ```

mod ask;
mod catalog;
mod cell;
pub mod eval;
mod guard;
mod knowledge;
mod link;
mod lint;
#[cfg(feature = "postgres")]
mod postgres;
mod profile;
mod source;
mod sqlite;

#[cfg(feature = "chart")]
pub use ask::Theme;
pub use ask::{Ask, AskOptions, Asked, Attempt, Chart, Drafted, Mark, Reply, SqlAnswer, Turn};
pub use catalog::{
    Catalog, Column, Dialect, ForeignKey, Format, Kind, Personal, Profile, Table, TableKind,
};
pub use cell::{Cell, Cut, Rows};
pub use guard::{Checked, Code, Compared, Draft, Guard, Problem, Rejected};
pub use knowledge::{
    Defined, Example, Knowledge, Lesson, Note, Origin, Status, Target, Term, TermKind, propose,
};
pub use link::{Doubt, Linked, Linker, Scored, ValueHit};
pub use lint::{Fault, Finding, lint};
#[cfg(feature = "postgres")]
pub use postgres::Postgres;
pub use source::{Limits, Source};
pub use sqlite::Sqlite;
