//! From sources that were found to documents in order: reading and parsing off the async
//! threads, several sources at once, with bounded memory.
//!
//! Each source gets a short channel of its own. The stream takes the channels in the order in
//! which the sources were found, so that parallel work shows in the time alone. What is in
//! memory at once is one source and some of its documents a thread.

use std::fmt::Debug;
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};

use futures_core::stream::BoxStream;
use futures_util::{StreamExt as _, stream};
use gori_core::{Context, Error, Loaded, Result, ResultExt as _, Seen, Stop, StopGuard};
use tokio::sync::mpsc;

use crate::Blob;
use crate::reader::{Reader, nobody_waits};

/// Documents of one source that wait to be taken. Few would make the threads wake each other
/// for every row of a table; all together they hold no more than one source may give.
const WAITING: usize = 64;
/// More threads than this gain nothing: whoever takes the documents is slower.
const MAX_THREADS: usize = 4;

/// A source that was found.
pub(crate) enum Found {
    /// Its bytes can be had.
    Source(Job),
    /// There is something to say about it without looking into it.
    Item(Loaded),
}

/// How to get the bytes of a source. Runs on a thread that may block.
pub(crate) struct Job {
    pub(crate) source: Arc<str>,
    pub(crate) open: Open,
}

type Open = Box<dyn FnOnce(&Stop) -> Result<Opened> + Send>;

/// What opening a source gave.
pub(crate) enum Opened {
    Blob(Blob),
    /// There is nothing to read, for this reason.
    Skipped(String),
}

impl Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Job")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

/// Reads everything that is found and that `seen` does not have.
pub(crate) fn load<'a>(
    found: BoxStream<'a, Result<Found>>,
    reader: &Reader,
    seen: &'a dyn Seen,
) -> BoxStream<'a, Result<Loaded>> {
    let mut threads = Threads::new(reader.for_one_load());
    let ahead = threads.most;
    let started = found.map(move |found| {
        let started = match found {
            Ok(Found::Source(job)) => threads.start(job, seen),
            Ok(Found::Item(loaded)) => Started::Ready(Some(Ok(loaded))),
            Err(error) => Started::Ready(Some(Err(error))),
        };
        std::future::ready(started)
    });
    Box::pin(started.buffered(ahead).map(items).flatten())
}

/// A source on its way.
enum Started {
    Ready(Option<Result<Loaded>>),
    Running(mpsc::Receiver<Result<Loaded>>),
}

/// Takes all that waits at once: a thread that has filled its channel would else be woken for
/// every single place in it.
fn items(started: Started) -> impl futures_core::Stream<Item = Result<Loaded>> {
    let batches = stream::unfold(started, |mut started| async move {
        let mut batch = Vec::new();
        match &mut started {
            Started::Ready(item) => batch.extend(item.take()),
            Started::Running(receiver) => {
                receiver.recv_many(&mut batch, WAITING).await;
            }
        }
        (!batch.is_empty()).then_some((batch, started))
    });
    batches.map(stream::iter).flatten()
}

/// The threads of one stream. When it is dropped their work is stopped and they end.
struct Threads {
    reader: Reader,
    most: usize,
    running: usize,
    queue: Sender<Task>,
    tasks: Arc<Mutex<Receiver<Task>>>,
    guard: StopGuard,
}

struct Task {
    job: Job,
    known: Option<gori_core::Revision>,
    sender: mpsc::Sender<Result<Loaded>>,
}

impl Threads {
    fn new(reader: Reader) -> Self {
        let (queue, tasks) = std::sync::mpsc::channel();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            reader,
            most: cores.clamp(1, MAX_THREADS),
            running: 0,
            queue,
            tasks: Arc::new(Mutex::new(tasks)),
            guard: Context::new().stop_on_drop(),
        }
    }

    /// Hands a source to the threads, of which there are as many as there are sources at
    /// once.
    fn start(&mut self, job: Job, seen: &dyn Seen) -> Started {
        let known = seen.revision(&job.source);
        let (sender, receiver) = mpsc::channel(WAITING);
        let task = Task { job, known, sender };
        if self.running < self.most {
            match self.spawn() {
                Ok(()) => self.running += 1,
                Err(error) if self.running == 0 => return Started::Ready(Some(Err(error))),
                Err(_) => {}
            }
        }
        match self.queue.send(task) {
            Ok(()) => Started::Running(receiver),
            Err(_) => Started::Ready(Some(Err(nobody_waits()))),
        }
    }

    fn spawn(&self) -> Result<()> {
        let (reader, tasks, stop) = (self.reader.clone(), self.tasks.clone(), self.guard.stop());
        std::thread::Builder::new()
            .name("gori-load".to_owned())
            .spawn(move || work(&reader, &tasks, &stop))
            .map(drop)
            .map_err(|error| Error::io("a thread to load with", error))
    }
}

fn work(reader: &Reader, tasks: &Mutex<Receiver<Task>>, stop: &Stop) {
    loop {
        let task = tasks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(task) = task else { return };
        if stop.is_raised() {
            return;
        }
        do_task(reader, task, stop);
    }
}

fn do_task(reader: &Reader, task: Task, stop: &Stop) {
    let Task { job, known, sender } = task;
    let source = job.source;
    let mut emit = |loaded| sender.blocking_send(Ok(loaded)).map_err(|_| nobody_waits());
    let result = match (job.open)(stop).about(&source) {
        Ok(Opened::Blob(blob)) => reader.read(blob, known, stop, &mut emit),
        Ok(Opened::Skipped(reason)) => emit(Loaded::Skipped { source, reason }),
        Err(error) => Err(error),
    };
    if let Err(error) = result {
        // When nobody takes it there is nobody to tell.
        let _ = sender.blocking_send(Err(error));
    }
}
