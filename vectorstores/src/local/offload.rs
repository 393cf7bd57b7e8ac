//! Blocking work away from the threads that run futures.

use gori_core::{Error, ErrorKind, Result};

/// Runs `work` on a thread that may block: tokio's where there is a runtime, else one of its
/// own. Work that has begun is finished even when nobody waits for it any more, so that a
/// write is never half done.
pub(crate) async fn offload<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let gone = |_| Error::new(ErrorKind::Internal, "the thread that did the work is gone");
    let done = match tokio::runtime::Handle::try_current() {
        Ok(runtime) => runtime
            .spawn_blocking(work)
            .await
            .map_err(|error| gone(error.to_string())),
        Err(_) => {
            let (send, receive) = tokio::sync::oneshot::channel();
            std::thread::spawn(move || {
                // Nobody may be waiting any more, which is no error.
                let _ = send.send(work());
            });
            receive.await.map_err(|error| gone(error.to_string()))
        }
    };
    done?
}
