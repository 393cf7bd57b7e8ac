//! Worker processes: this program, or a small one of the project, started again to parse
//! hostile bytes under limits that only a process has.

#[cfg(unix)]
mod limits;
#[cfg(unix)]
mod pipe;
#[cfg(unix)]
mod pool;
#[cfg(unix)]
mod process;
#[cfg(unix)]
mod serve;

#[cfg(unix)]
pub(super) use self::pool::{Pool, Program};
#[cfg(unix)]
pub use self::serve::{serve, serve_if_asked};

/// Set in the environment of a process that is to be a worker.
#[cfg(unix)]
const ASKED: &str = "GORI_LOADERS_BE_A_WORKER";

/// On this system there are no worker processes: does nothing.
#[cfg(not(unix))]
pub fn serve_if_asked() {}
