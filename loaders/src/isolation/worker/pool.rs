//! Workers that wait for work, so that a small file need not wait for a process to start.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use gori_core::{Error, ErrorKind, Result};

use super::process::Worker;
use super::serve::can_serve;
use crate::format::{Event, Input};
use crate::isolation::Task;

/// Workers that wait. More than this many are never busy at once.
const IDLE: usize = 4;
/// Jobs after which a worker is replaced, so that what a parser leaks does not add up.
const JOBS: u32 = 256;

/// Which program the workers run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::isolation) enum Program {
    /// This one, where it said that it can.
    Own,
    /// This one of the project's own.
    Named(PathBuf),
}

impl Program {
    /// The path to start; none when this program cannot be its own worker.
    fn path(&self) -> Option<PathBuf> {
        match self {
            Self::Named(path) => Some(path.clone()),
            Self::Own if !can_serve() => None,
            Self::Own => {
                // The link stays right when the file was replaced by a newer version.
                let link = PathBuf::from("/proc/self/exe");
                if link.exists() {
                    Some(link)
                } else {
                    std::env::current_exe().ok()
                }
            }
        }
    }
}

#[derive(Debug)]
pub(in crate::isolation) struct Pool {
    program: Program,
    idle: Mutex<Vec<Worker>>,
}

impl Pool {
    pub(in crate::isolation) fn new(program: Program) -> Self {
        Self {
            program,
            idle: Mutex::default(),
        }
    }

    /// Whether there is a program to run.
    pub(in crate::isolation) fn is_there(&self) -> bool {
        self.program.path().is_some()
    }

    /// Does a task in a worker.
    pub(in crate::isolation) fn run(
        &self,
        task: &Task,
        input: &Input<'_>,
        emit: &mut dyn FnMut(Event) -> Result<()>,
    ) -> Result<()> {
        let mut worker = self.take()?;
        // When this fails the worker is dropped, which kills it.
        let result = worker.run(task, input, emit)?;
        if worker.jobs < JOBS {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() < IDLE {
                idle.push(worker);
            }
        }
        result
    }

    fn take(&self) -> Result<Worker> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(mut worker) = idle.pop() {
            // One may have been killed while it waited.
            if worker.is_alive() {
                return Ok(worker);
            }
        }
        drop(idle);
        let program = self.program.path();
        let program = program
            .ok_or_else(|| Error::new(ErrorKind::Internal, "no program for a worker to run"))?;
        Worker::start(&program)
    }
}
