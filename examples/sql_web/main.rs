//! A page to ask a database on.
//!
//! `cargo run --release --example sql_web -- shop.sqlite KNOWLEDGE/ --llm http://127.0.0.1:8080/v1`
//!
//! A question becomes SQL that is shown before it runs; then come a sentence, the rows, a chart,
//! and questions to go on with. What a person confirms or corrects is learnt: it is written to
//! `KNOWLEDGE/learnt.toml`. Without a model, questions are linked and SQL is written by hand.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it talks to a person"
)]
#![allow(unreachable_pub, reason = "its modules are files, not an interface")]

#[cfg(not(feature = "sql-web"))]
#[path = "../support/again.rs"]
mod again;
#[cfg(feature = "sql-web")]
mod api;
#[cfg(feature = "sql-web")]
mod app;
#[cfg(feature = "sql-web")]
mod fence;
#[cfg(feature = "sql-web")]
#[path = "../support/mod.rs"]
mod support;

#[cfg(feature = "sql-web")]
fn main() -> std::process::ExitCode {
    app::main()
}

#[cfg(not(feature = "sql-web"))]
fn main() -> std::process::ExitCode {
    again::with("sql_web", "sql-web")
}
