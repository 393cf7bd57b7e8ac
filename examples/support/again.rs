//! What an example does in a build that lacks its features: it runs itself in one that has them.
//!
//! The features are off by default since SQLite, an SQL parser and an HTTP server would be
//! compiled for every example; with this, `cargo run --example NAME` works without naming them.

use std::process::{Command, ExitCode};

/// Runs this example again by cargo with `features`, and gives its exit code.
pub fn with(example: &str, features: &str) -> ExitCode {
    let flags = ["--features", features, "--example", example];
    // cargo tells the programs that it runs where it is.
    let Some(cargo) = std::env::var_os("CARGO") else {
        eprintln!(
            "error: this build lacks a feature; run `cargo run --release {} -- ...`",
            flags.join(" ")
        );
        return ExitCode::from(2);
    };
    let mut command = Command::new(cargo);
    command.args(["run", "--quiet"]);
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    if let Some(root) = std::env::var_os("CARGO_MANIFEST_DIR") {
        command
            .arg("--manifest-path")
            .arg(std::path::Path::new(&root).join("Cargo.toml"));
    }
    command
        .args(flags)
        .arg("--")
        .args(std::env::args_os().skip(1));
    run(command)
}

/// In place of this process, so that a signal meant for the example reaches it.
#[cfg(unix)]
fn run(mut command: Command) -> ExitCode {
    use std::os::unix::process::CommandExt as _;
    eprintln!("error: cargo could not be run: {}", command.exec());
    ExitCode::FAILURE
}

#[cfg(not(unix))]
fn run(mut command: Command) -> ExitCode {
    match command.status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(status) => ExitCode::from(u8::try_from(status.code().unwrap_or(1)).unwrap_or(1)),
        Err(error) => {
            eprintln!("error: cargo could not be run: {error}");
            ExitCode::FAILURE
        }
    }
}
