//! One worker process, seen from the program.

use std::io::BufReader;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use gori_core::{Error, ErrorKind, Result};

use super::ASKED;
use super::pipe;
use crate::format::{Event, Input, timed_out};
use crate::isolation::Task;
use crate::isolation::protocol::{
    End, EventHeader, HELLO, Job, Kind, PREFIX, Prefix, decode, encode,
};

/// Variables that a program may need to start at all. No other is handed on: a parser needs
/// no keys.
const KEPT_VARIABLES: &[&str] = &[
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "PATH",
    #[cfg(feature = "pdfium")]
    crate::format::pdf::pdfium::LIBRARY,
];

/// Bytes that are taken from a worker at once: its frames are small, and each read is a call to
/// the system.
const READ: usize = 64 << 10;

/// Killed and reaped when dropped.
#[derive(Debug)]
pub(super) struct Worker {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    greeted: bool,
    pub(super) jobs: u32,
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Worker {
    pub(super) fn start(program: &std::path::Path) -> Result<Self> {
        let failed = |error| Error::io(format!("{} as a worker", program.display()), error);
        let mut command = Command::new(program);
        let kept = KEPT_VARIABLES
            .iter()
            .filter_map(|name| Some((name, std::env::var_os(name)?)));
        command
            .env_clear()
            .envs(kept)
            .env(ASKED, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().map_err(failed)?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            let _ = child.kill();
            let _ = child.wait();
            return Err(Error::new(ErrorKind::Internal, "a worker without pipes"));
        };
        let worker = Self {
            child,
            input,
            output: BufReader::with_capacity(READ, output),
            greeted: false,
            jobs: 0,
        };
        pipe::never_wait(&worker.input)?;
        pipe::never_wait(worker.output.get_ref())?;
        Ok(worker)
    }

    pub(super) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Does a task. After an error other than the task's own the worker is of no more use.
    pub(super) fn run(
        &mut self,
        task: &Task,
        input: &Input<'_>,
        emit: &mut dyn FnMut(Event) -> Result<()>,
    ) -> Result<Result<()>> {
        let job = Job {
            task: task.clone(),
            limits: input.limits.clone(),
        };
        self.jobs += 1;
        let done = self.exchange(&job, input, emit);
        done.map_err(|error| match error.kind() {
            ErrorKind::Unavailable => self.post_mortem(input),
            _ => error,
        })
    }

    fn exchange(
        &mut self,
        job: &Job,
        input: &Input<'_>,
        emit: &mut dyn FnMut(Event) -> Result<()>,
    ) -> Result<Result<()>> {
        let frame = encode(Kind::Job, job, input.bytes.len())?;
        pipe::write(&mut self.input, &frame, input)?;
        pipe::write(&mut self.input, input.bytes, input)?;
        loop {
            let (kind, header, body) = self.frame(input)?;
            match kind {
                Kind::Hello => self.greet(&header)?,
                Kind::Event if self.greeted => {
                    let header: EventHeader = decode(&header)?;
                    emit(header.join(body)?)?;
                }
                Kind::End if self.greeted => return Ok(decode::<End>(&header)?.into()),
                _ => return Err(Error::new(ErrorKind::Protocol, "the worker is out of step")),
            }
        }
    }

    fn frame(&mut self, input: &Input<'_>) -> Result<(Kind, Vec<u8>, Vec<u8>)> {
        let mut prefix = [0; PREFIX];
        pipe::read(&mut self.output, &mut prefix, input)?;
        let prefix = Prefix::decode(prefix, input.limits.text_bytes)?;
        let mut header = vec![0; prefix.header];
        pipe::read(&mut self.output, &mut header, input)?;
        let mut body = vec![0; prefix.body];
        pipe::read(&mut self.output, &mut body, input)?;
        Ok((prefix.kind, header, body))
    }

    fn greet(&mut self, header: &[u8]) -> Result<()> {
        let hello: String = decode(header)?;
        if hello != HELLO {
            return Err(Error::new(
                ErrorKind::Config,
                format!("the worker is `{hello}`, this program is `{HELLO}`"),
            )
            .hint("build both from the same version"));
        }
        self.greeted = true;
        Ok(())
    }

    /// How a worker that is gone came to its end.
    fn post_mortem(&mut self, input: &Input<'_>) -> Error {
        let _ = self.child.kill();
        let Ok(status) = self.child.wait() else {
            return pipe::gone();
        };
        if !self.greeted {
            return Error::new(
                ErrorKind::Config,
                format!("the worker did not start: {status}"),
            )
            .hint("call `gori_loaders::worker::serve_if_asked` first of all in `main`");
        }
        match status.signal() {
            Some(signal) if signal == rustix::process::Signal::XCPU.as_raw() => {
                timed_out(input.limits)
            }
            // Rust aborts when memory or stack are exhausted; the kernel kills for memory.
            Some(_) => Error::new(
                ErrorKind::TooLarge,
                "the parser exhausted its memory or its stack",
            )
            .hint("raise `Limits::memory` if the source is to be trusted"),
            None => Error::new(
                ErrorKind::Corrupt,
                format!("the parser ended with {status}"),
            ),
        }
    }
}
