//! Spreading CPU-bound work over cores, and keeping it off the caller's executor.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use gori_core::{Context, Error, ErrorKind, Result, Stop};
use tokio::sync::oneshot;

/// The cores that all calls of one model share. However many calls run at once, no more
/// threads than this compute, and a short call waits for a unit of a long one, not for its end.
#[derive(Debug)]
pub(crate) struct Cores {
    count: usize,
    free: Mutex<usize>,
    freed: Condvar,
}

impl Cores {
    /// So many, or all that the process may use.
    pub(crate) fn new(count: Option<NonZeroUsize>) -> Self {
        let available = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let count = count.map_or_else(available, NonZeroUsize::get);
        Self {
            count,
            free: Mutex::new(count),
            freed: Condvar::new(),
        }
    }

    fn take(&self) -> Core<'_> {
        let free = lock(&self.free);
        let free = self.freed.wait_while(free, |free| *free == 0);
        *free.unwrap_or_else(PoisonError::into_inner) -= 1;
        Core(self)
    }

    /// Does units 0 to `units`, each once, on up to `threads` threads, of which the caller's is
    /// one; `scratch` is what a thread keeps from unit to unit. The first error, or a raised
    /// flag, stops the rest.
    pub(crate) fn run<S: Default>(
        &self,
        units: usize,
        threads: usize,
        stop: &Stop,
        work: impl Fn(usize, &mut S) -> Result<()> + Sync,
    ) -> Result<()> {
        let next = AtomicUsize::new(0);
        let failed = Mutex::new(None);
        let worker = || {
            let mut scratch = S::default();
            loop {
                let unit = next.fetch_add(1, Ordering::Relaxed);
                if unit >= units {
                    return;
                }
                let _core = self.take();
                if let Err(error) = stop.check().and_then(|()| work(unit, &mut scratch)) {
                    lock(&failed).get_or_insert(error);
                    next.store(units, Ordering::Relaxed);
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..threads.min(self.count).min(units) {
                // Where the system has no thread left, the caller's does the work.
                let _ = std::thread::Builder::new()
                    .name("gori-encoder".to_owned())
                    .spawn_scoped(scope, worker);
            }
            worker();
        });
        match failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

/// One core, given back on drop.
struct Core<'c>(&'c Cores);

impl Drop for Core<'_> {
    fn drop(&mut self) {
        *lock(&self.0.free) += 1;
        self.0.freed.notify_one();
    }
}

/// A panic of another thread leaves plain numbers here, which are sound as they are.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs blocking work on a thread of its own and waits for it without blocking an executor,
/// whichever that is. Dropping the future raises the flag that the work watches.
pub(crate) async fn off_executor<T: Send + 'static>(
    cx: &Context,
    work: impl FnOnce(&Stop) -> Result<T> + Send + 'static,
) -> Result<T> {
    let guard = cx.stop_on_drop();
    let stop = guard.stop();
    let (send, receive) = oneshot::channel();
    std::thread::Builder::new()
        .name("gori-embed".to_owned())
        .spawn(move || {
            // Nobody waits any more when the receiver is gone.
            let _ = send.send(work(&stop));
        })
        .map_err(|e| {
            Error::new(ErrorKind::Unavailable, "the system has no thread left").caused_by(e)
        })?;
    let result = receive.await;
    drop(guard);
    result.unwrap_or_else(|_| {
        Err(Error::new(
            ErrorKind::Internal,
            "the thread of a model panicked",
        ))
    })
}

#[cfg(test)]
mod tests {
    use std::future::Future;

    use super::*;

    #[test]
    fn every_unit_is_done_once_whatever_the_threads() {
        for threads in [1, 2, 3, 8] {
            let cores = Cores::new(NonZeroUsize::new(threads));
            let done: Vec<AtomicUsize> = (0..50).map(|_| AtomicUsize::new(0)).collect();
            cores
                .run(50, 5, &Stop::new(), |unit, _: &mut ()| {
                    done[unit].fetch_add(1, Ordering::Relaxed);
                    Ok(())
                })
                .unwrap();
            assert!(done.iter().all(|n| n.load(Ordering::Relaxed) == 1));
        }
    }

    /// Dropping the future is all a caller does to cancel.
    #[test]
    fn dropping_the_future_raises_the_flag_of_the_work() {
        let (started, starting) = std::sync::mpsc::channel();
        let (ended, ending) = std::sync::mpsc::channel();
        let cx = Context::new();
        let mut future = Box::pin(off_executor(&cx, move |stop| {
            started.send(()).unwrap();
            while !stop.is_raised() {
                std::thread::yield_now();
            }
            ended.send(()).unwrap();
            Ok(())
        }));
        let mut task = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(future.as_mut().poll(&mut task).is_pending());
        let limit = std::time::Duration::from_secs(20);
        starting.recv_timeout(limit).unwrap();
        drop(future);
        ending.recv_timeout(limit).unwrap();
    }

    #[test]
    fn a_panic_of_the_work_is_an_error_of_the_caller() {
        let cx = Context::new();
        let mut future = Box::pin(off_executor(&cx, |_| -> Result<()> {
            panic!("on purpose")
        }));
        let mut task = std::task::Context::from_waker(std::task::Waker::noop());
        let error = loop {
            match future.as_mut().poll(&mut task) {
                std::task::Poll::Ready(result) => break result.unwrap_err(),
                std::task::Poll::Pending => std::thread::yield_now(),
            }
        };
        assert_eq!(error.kind(), ErrorKind::Internal);
    }

    #[test]
    fn an_error_ends_the_work_and_gives_the_cores_back() {
        let cores = Cores::new(NonZeroUsize::new(2));
        let done = AtomicUsize::new(0);
        let result = cores.run(1000, 2, &Stop::new(), |unit, _: &mut ()| {
            done.fetch_add(1, Ordering::Relaxed);
            if unit == 3 {
                Err(Error::invalid("three"))
            } else {
                Ok(())
            }
        });
        assert_eq!(result.unwrap_err().message(), "three");
        assert!(done.load(Ordering::Relaxed) < 1000);
        assert_eq!(*lock(&cores.free), 2);
    }

    #[test]
    fn no_more_threads_compute_than_there_are_cores() {
        let cores = Cores::new(NonZeroUsize::new(2));
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    cores.run(20, 4, &Stop::new(), |_, _: &mut ()| {
                        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        std::thread::yield_now();
                        now.fetch_sub(1, Ordering::SeqCst);
                        Ok(())
                    })
                });
            }
        });
        assert!((1..=2).contains(&most.load(Ordering::SeqCst)));
    }

    #[test]
    fn a_raised_flag_stops_before_the_next_unit() {
        let stop = Stop::new();
        let cores = Cores::new(NonZeroUsize::new(1));
        let done = AtomicUsize::new(0);
        let result = cores.run(10, 1, &stop, |unit, _: &mut ()| {
            done.fetch_add(1, Ordering::Relaxed);
            if unit == 4 {
                stop.raise();
            }
            Ok(())
        });
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Cancelled);
        assert_eq!(done.load(Ordering::Relaxed), 5);
    }
}
