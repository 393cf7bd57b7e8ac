//! Ask a database in plain words.
//!
//! `cargo run --release --example sql -- ask shop.sqlite KNOWLEDGE/ "How many orders were cancelled?" --llm http://127.0.0.1:8080/v1`
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it talks to a person"
)]
#![allow(unreachable_pub, reason = "its modules are files, not an interface")]

#[cfg(not(feature = "sql"))]
#[path = "../support/again.rs"]
mod again;
#[cfg(feature = "sql")]
mod app;
#[cfg(feature = "sql")]
#[path = "../support/mod.rs"]
mod support;

#[cfg(feature = "sql")]
fn main() -> std::process::ExitCode {
    app::main()
}

#[cfg(not(feature = "sql"))]
fn main() -> std::process::ExitCode {
    again::with("sql", "sql")
}
