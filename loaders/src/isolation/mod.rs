//! Where hostile bytes are parsed: in a worker process, or in a thread of this one.

#[cfg(unix)]
mod protocol;
mod thread;
pub mod worker;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gori_core::{Error, ErrorKind, Result, Stop};
use serde::{Deserialize, Serialize};

use crate::Limits;
use crate::format::{Event, Input};

/// Something that parses hostile bytes, small enough to be sent to another process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Task {
    #[cfg(feature = "pdf")]
    Pdf(crate::format::pdf::Task),
    #[cfg(feature = "office")]
    Office(crate::format::office::Task),
    #[cfg(feature = "epub")]
    Epub,
    #[cfg(feature = "mail")]
    Mail(crate::format::mail::Task),
}

/// What a task gets.
#[derive(Debug)]
#[allow(dead_code, reason = "used by formats behind features")]
pub(crate) struct Bytes<'a> {
    pub(crate) bytes: Vec<u8>,
    pub(crate) limits: &'a Limits,
    pub(crate) stop: &'a Stop,
}

impl Task {
    /// Does the work, here and now, with no guard.
    #[allow(unused_variables, reason = "no format with a task may be compiled in")]
    fn run(&self, bytes: Bytes<'_>, emit: &mut dyn FnMut(Event) -> Result<()>) -> Result<()> {
        match *self {
            #[cfg(feature = "pdf")]
            Self::Pdf(ref task) => task.run(bytes, emit),
            #[cfg(feature = "office")]
            Self::Office(task) => task.run(bytes, emit),
            #[cfg(feature = "epub")]
            Self::Epub => crate::format::epub::run(&bytes, emit),
            #[cfg(feature = "mail")]
            Self::Mail(task) => task.run(&bytes, emit),
        }
    }

    /// Whether it is known to end the process that it runs in on some files.
    fn is_deadly(&self) -> bool {
        match *self {
            #[cfg(feature = "pdf")]
            Self::Pdf(ref task) => task.is_deadly(),
            #[allow(unreachable_patterns, reason = "there may be no other task")]
            _ => false,
        }
    }
}

/// How hostile formats, such as PDF, are kept from harming the program.
///
/// The default is a worker process where this program can be one (see
/// [`worker::serve_if_asked`](crate::worker::serve_if_asked)), and else a thread of this one,
/// with a warning in the report: a thread has a time limit and its panics are caught, but a
/// file may still exhaust the memory of the process. Engines that are known to overflow the
/// stack are then left out.
#[derive(Clone, Debug)]
pub struct Isolation {
    mode: Mode,
    #[cfg(unix)]
    pool: Arc<worker::Pool>,
    /// Whether the report of this load says already that there is no worker.
    told: Arc<AtomicBool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Possible,
    Required,
    Trusted,
}

impl Default for Isolation {
    fn default() -> Self {
        Self::new(Mode::Possible, None)
    }
}

impl Isolation {
    /// In worker processes that run this program, or not at all: without a worker the sources
    /// that need one are errors.
    pub fn required() -> Self {
        Self::new(Mode::Required, None)
    }

    /// In worker processes that run the program `gori-loaders-worker` at this path, or not
    /// at all.
    pub fn program(path: impl Into<PathBuf>) -> Self {
        Self::new(Mode::Required, Some(path.into()))
    }

    /// In this process and with every engine, as one chooses for input of one's own. A file
    /// can then end the process by exhausting its memory or its stack.
    pub fn in_process() -> Self {
        Self::new(Mode::Trusted, None)
    }

    fn new(mode: Mode, program: Option<PathBuf>) -> Self {
        #[cfg(unix)]
        let pool = worker::Pool::new(match program {
            Some(path) => worker::Program::Named(path),
            None => worker::Program::Own,
        });
        #[cfg(not(unix))]
        let _ = program;
        Self {
            mode,
            #[cfg(unix)]
            pool: Arc::new(pool),
            told: Arc::default(),
        }
    }

    /// The same, with a report of its own.
    pub(crate) fn for_one_load(&self) -> Self {
        Self {
            told: Arc::default(),
            ..self.clone()
        }
    }

    fn has_worker(&self) -> bool {
        #[cfg(unix)]
        return self.mode != Mode::Trusted && self.pool.is_there();
        #[cfg(not(unix))]
        return false;
    }

    /// Whether the task may run at all.
    #[allow(dead_code, reason = "used by formats behind features")]
    pub(crate) fn bears(&self, task: &Task) -> bool {
        !task.is_deadly() || self.mode == Mode::Trusted || self.has_worker()
    }

    /// Runs a task and hands on what it gives.
    #[allow(dead_code, reason = "used by formats behind features")]
    pub(crate) fn run(
        &self,
        task: &Task,
        input: &Input<'_>,
        emit: &mut dyn FnMut(Event) -> Result<()>,
    ) -> Result<()> {
        #[cfg(unix)]
        if self.has_worker() {
            return self.pool.run(task, input, emit);
        }
        match self.mode {
            Mode::Trusted => {}
            Mode::Possible => {
                if !self.told.swap(true, Ordering::Relaxed) {
                    emit(Event::Warning(NO_WORKER.to_owned()))?;
                }
            }
            Mode::Required => {
                return Err(Error::new(
                    ErrorKind::Config,
                    "there is no worker process to parse in",
                )
                .hint(
                    "call `gori_loaders::worker::serve_if_asked` first of all in `main`, or \
                         name the program `gori-loaders-worker`",
                ));
            }
        }
        thread::run(task, input, emit)
    }
}

const NO_WORKER: &str = "parsed inside of this process, since it is not its own worker: call \
     `gori_loaders::worker::serve_if_asked` first of all in `main`";
