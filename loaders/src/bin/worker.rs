//! Parses hostile files for a program that uses gori-loaders, under the limits of a process.
//!
//! It is started by that program and speaks with it over its standard input and output; there
//! is nothing to do with it by hand.

use std::process::ExitCode;

#[cfg(unix)]
fn main() -> ExitCode {
    match gori_loaders::worker::serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

#[cfg(not(unix))]
fn main() -> ExitCode {
    ExitCode::FAILURE
}
