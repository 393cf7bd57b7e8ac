//! Writes whose callers may lose interest.
//!
//! Calls over gRPC run beside each other on the server: one that was given up may still be
//! applied after one that was begun later, and undo it. So a write, once begun, is brought to its
//! end even when its future is dropped, and the next write waits for those that were given up.

use std::future::Future;
use std::sync::{Mutex, PoisonError};

use gori_core::{Error, ErrorKind, Result};
use tokio::task::JoinHandle;

type Task = JoinHandle<Result<()>>;

/// Writes that nobody waits for any more.
#[derive(Debug, Default)]
pub(super) struct Writes {
    left: Mutex<Vec<Task>>,
    /// Those that somebody is waiting for now.
    ending: tokio::sync::Mutex<Vec<Task>>,
}

/// A write somebody waits for.
struct Waited<'w> {
    writes: &'w Writes,
    task: Option<Task>,
}

impl Drop for Waited<'_> {
    fn drop(&mut self) {
        let left = &self.writes.left;
        let mut left = left.lock().unwrap_or_else(PoisonError::into_inner);
        left.extend(self.task.take());
    }
}

impl Writes {
    /// Brings a write to its end.
    pub(super) async fn run(
        &self,
        write: impl Future<Output = Result<()>> + Send + 'static,
    ) -> Result<()> {
        let mut waited = Waited {
            writes: self,
            task: Some(tokio::spawn(write)),
        };
        let Some(task) = &mut waited.task else {
            return Ok(());
        };
        let outcome = task.await;
        waited.task = None;
        outcome.unwrap_or_else(|error| {
            Err(Error::new(ErrorKind::Internal, "the task of a write is gone").caused_by(error))
        })
    }

    /// Waits for the writes that were given up.
    pub(super) async fn settle(&self) {
        let mut ending = self.ending.lock().await;
        {
            let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
            ending.append(&mut left);
        }
        // Each stays in the list while it is waited for, so that whoever is dropped here leaves
        // it to the next. What became of it nobody asks any more.
        while let Some(task) = ending.last_mut() {
            let _ = task.await;
            ending.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_write_that_was_given_up_ends_before_the_next_begins() {
        let (writes, ended) = (Writes::default(), Arc::new(AtomicU32::new(0)));
        for round in 0..20 {
            let count = Arc::clone(&ended);
            let slow = async move {
                tokio::time::sleep(Duration::from_millis(5)).await;
                count.fetch_add(1, Ordering::SeqCst);
                Ok(())
            };
            let given_up = tokio::time::timeout(Duration::from_millis(1), writes.run(slow)).await;
            assert!(given_up.is_err());
            // Who waits may lose interest as well.
            let _ = tokio::time::timeout(Duration::from_micros(100), writes.settle()).await;
            writes.settle().await;
            assert_eq!(ended.load(Ordering::SeqCst), round + 1);
            writes.run(async { Ok(()) }).await.unwrap();
        }
    }
}
