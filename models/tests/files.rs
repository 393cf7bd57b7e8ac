//! Model files: every fault a source, a disk or another process can bring, with clients made
//! by the tests; and one real fetch of the default encoder.
#![cfg(unix)]
// An integration test is only ever built as one: the `cfg(test)` below says so to clippy, which
// then lets the helpers unwrap.

#[cfg(test)]
#[path = "files/archives.rs"]
mod archives;
#[cfg(test)]
#[path = "files/bed.rs"]
mod bed;
#[cfg(test)]
#[path = "files/faults.rs"]
mod faults;
#[cfg(test)]
#[path = "files/hub.rs"]
mod hub;
#[cfg(test)]
#[path = "files/local.rs"]
mod local;
#[cfg(test)]
#[path = "files/processes.rs"]
mod processes;
#[cfg(test)]
#[path = "files/real.rs"]
mod real;
#[cfg(test)]
#[path = "files/resume.rs"]
mod resume;
