//! The side of the worker.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

use gori_core::{Error, ErrorKind, Result, Stop};

use super::{ASKED, limits};
use crate::format::Event;
use crate::isolation::Bytes;
use crate::isolation::protocol::{
    End, EventHeader, HELLO, Job, Kind, PREFIX, Prefix, decode, encode,
};
use crate::limits::{human_bytes, too_large};

/// The stack of the thread that parses. It counts as memory of the worker itself.
const STACK: usize = 64 << 20;

/// Whether this program has said that it can be its own worker.
static CAN_SERVE: AtomicBool = AtomicBool::new(false);

pub(super) fn can_serve() -> bool {
    CAN_SERVE.load(Ordering::Relaxed)
}

/// Makes this program its own worker: call it first of all in `main`.
///
/// Loaders start the program again to parse hostile bytes, such as PDF, in a process with
/// limits. In such a process this call serves until nobody asks any more and does not return;
/// in any other it returns at once. Without the call those formats are parsed in the program
/// itself, and the report says so.
///
/// ```no_run
/// gori_loaders::worker::serve_if_asked();
/// // ... the program
/// ```
#[expect(
    clippy::exit,
    reason = "what follows the call in `main` is the program, which a worker must not run"
)]
pub fn serve_if_asked() {
    if std::env::var_os(ASKED).is_none() {
        CAN_SERVE.store(true, Ordering::Relaxed);
        return;
    }
    let served = serve();
    std::process::exit(i32::from(served.is_err()));
}

/// Serves jobs from standard input until it ends. This is all that the program
/// `gori-loaders-worker` does.
///
/// # Errors
/// When the other side breaks the protocol, or the limits cannot be set.
pub fn serve() -> Result<()> {
    let io = |error| Error::io("the pipe of a worker process", error);
    let mut input = File::from(duplicate(std::io::stdin())?);
    let mut output = File::from(duplicate(std::io::stdout())?);
    // Some parsers print. What they print must not get between the frames.
    let nowhere = OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/null")
        .map_err(io)?;
    rustix::stdio::dup2_stdin(&nowhere).map_err(|error| io(error.into()))?;
    rustix::stdio::dup2_stdout(&nowhere).map_err(|error| io(error.into()))?;
    drop(nowhere);
    std::panic::set_hook(Box::new(|_| {}));
    // The library is a file, and a worker opens none from here on. Without it the jobs say so.
    #[cfg(feature = "pdfium")]
    let _ = crate::format::pdf::pdfium::engine();
    let own_memory = limits::own_memory().map(|own| own.saturating_add(STACK as u64));
    limits::for_life()?;
    let hello = encode(Kind::Hello, &HELLO, 0)?;
    output.write_all(&hello).map_err(io)?;
    while let Some((job, bytes)) = next_job(&mut input, own_memory)? {
        let result = do_job(&job, bytes, &mut output);
        let end = encode(Kind::End, &End::from(result), 0)?;
        output.write_all(&end).map_err(io)?;
    }
    Ok(())
}

fn duplicate(stream: impl std::os::fd::AsFd) -> Result<OwnedFd> {
    rustix::io::fcntl_dupfd_cloexec(stream, 3)
        .map_err(|error| Error::io("the pipe of a worker process", error.into()))
}

/// The next job and its bytes; none when the other side is gone.
fn next_job(input: &mut File, own_memory: Option<u64>) -> Result<Option<(Job, Vec<u8>)>> {
    let io = |error| Error::io("the pipe of a worker process", error);
    let mut prefix = [0; PREFIX];
    match input.read_exact(&mut prefix) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(io(error)),
    }
    let prefix = Prefix::decode(prefix, u64::from(u32::MAX))?;
    let mut header = vec![0; prefix.header];
    input.read_exact(&mut header).map_err(io)?;
    let job: Job = decode(&header)?;
    limits::for_job(&job.limits, own_memory, prefix.body as u64)?;
    let mut bytes = vec![0; prefix.body];
    input.read_exact(&mut bytes).map_err(io)?;
    Ok(Some((job, bytes)))
}

/// Does a job in a thread with a deep stack.
fn do_job(job: &Job, bytes: Vec<u8>, output: &mut File) -> Result<()> {
    let mut left = job.limits.text_bytes;
    let mut emit = |event: Event| {
        let (header, text) = EventHeader::split(event);
        left = left
            .checked_sub(text.len() as u64)
            .ok_or_else(|| too_large("the text", human_bytes(job.limits.text_bytes)))?;
        let mut frame = encode(Kind::Event, &header, text.len())?;
        frame.extend_from_slice(text.as_bytes());
        output
            .write_all(&frame)
            .map_err(|error| Error::io("the pipe of a worker process", error))
    };
    let work = || {
        let bytes = Bytes {
            bytes,
            limits: &job.limits,
            stop: &Stop::new(),
        };
        catch_unwind(AssertUnwindSafe(|| job.task.run(bytes, &mut emit)))
    };
    let caught = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK);
        let thread = thread.spawn_scoped(scope, work);
        thread.map(|thread| thread.join())
    });
    match caught {
        Ok(Ok(Ok(result))) => result,
        Ok(_) => Err(Error::new(
            ErrorKind::Corrupt,
            "the parser panicked on these bytes",
        )),
        Err(error) => Err(Error::io("a thread to parse in", error)),
    }
}
