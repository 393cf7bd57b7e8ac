//! Pipes that are never waited for longer than somebody waits for their content.

use std::io::{BufReader, Read, Write};
use std::os::fd::AsFd;

use gori_core::{Error, ErrorKind, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::format::Input;

/// How often the waiting side looks at the clock and whether anybody still waits for it.
const TICK: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 10_000_000,
};

/// Makes reads and writes give up instead of waiting.
pub(super) fn never_wait(pipe: impl AsFd) -> Result<()> {
    rustix::io::ioctl_fionbio(pipe, true).map_err(|error| broken(error.into()))
}

/// Writes all of `bytes`.
///
/// # Errors
/// Those of [`Input::check`]; `Protocol` when the other side is gone.
pub(super) fn write<P: Write + AsFd>(
    pipe: &mut P,
    mut bytes: &[u8],
    input: &Input<'_>,
) -> Result<()> {
    while !bytes.is_empty() {
        match pipe.write(bytes) {
            Ok(0) => return Err(gone()),
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(error) => wait(error, pipe, PollFlags::OUT, input)?,
        }
    }
    Ok(())
}

/// Fills `bytes`.
///
/// # Errors
/// As for [`write`], also where there is always something to read.
pub(super) fn read<P: Read + AsFd>(
    pipe: &mut BufReader<P>,
    bytes: &mut [u8],
    input: &Input<'_>,
) -> Result<()> {
    input.check()?;
    let mut rest = bytes;
    while !rest.is_empty() {
        match pipe.read(rest) {
            Ok(0) => return Err(gone()),
            Ok(read) => rest = rest.get_mut(read..).unwrap_or_default(),
            Err(error) => wait(error, pipe.get_ref(), PollFlags::IN, input)?,
        }
    }
    Ok(())
}

/// Waits until the pipe is ready, as long as somebody waits for it.
fn wait(
    error: std::io::Error,
    pipe: &impl AsFd,
    flags: PollFlags,
    input: &Input<'_>,
) -> Result<()> {
    match error.kind() {
        std::io::ErrorKind::WouldBlock => {}
        std::io::ErrorKind::Interrupted => return Ok(()),
        std::io::ErrorKind::BrokenPipe => return Err(gone()),
        _ => return Err(broken(error)),
    }
    loop {
        input.check()?;
        let mut polled = [PollFd::new(pipe, flags)];
        match poll(&mut polled, Some(&TICK)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) => return Ok(()),
            Err(error) => return Err(broken(error.into())),
        }
    }
}

/// The error by which [`process`](super::process) knows that it has to ask how the worker
/// ended.
pub(super) fn gone() -> Error {
    Error::new(ErrorKind::Unavailable, "the worker process is gone")
}

fn broken(error: std::io::Error) -> Error {
    Error::io("the pipe to a worker process", error)
}
