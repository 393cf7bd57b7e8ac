//! The real servers, started for real.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
// An integration test is only ever built as one: the `cfg(test)` below says so to clippy, which
// then lets the helpers unwrap.

#[cfg(test)]
#[path = "servers/checks.rs"]
mod checks;
