//! How often questions to a database are answered rightly, with paired ablations.
//!
//! `cargo run --release --example sql_eval -- DB QUESTIONS.toml --knowledge DIR --llm URL --record answers.jsonl`
//!
//! Execution accuracy: the rows of the model's statement are compared with those of the gold
//! SQL, as a bag, in order where the gold SQL sorts, columns in any order (see `sql::eval`).
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
#[path = "../support/replay.rs"]
mod replay;
#[cfg(feature = "sql")]
#[path = "../support/mod.rs"]
mod support;

#[cfg(feature = "sql")]
fn main() -> std::process::ExitCode {
    app::main()
}

#[cfg(not(feature = "sql"))]
fn main() -> std::process::ExitCode {
    again::with("sql_eval", "sql")
}
