//! Fakes, fault injection, conformance suites and real servers for gori's own tests.
//!
//! A dev-dependency of every crate, and a dependency of none. What is here panics when a law is
//! broken: that is its purpose, so the lints against panics do not hold in it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::print_stdout, clippy::print_stderr, clippy::string_slice)]

pub mod conformance;
