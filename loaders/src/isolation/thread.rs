//! A task in a thread of this process: its time is limited and its panics are caught. Its
//! memory and its stack are not, and a task that never looks at its stop flag goes on after
//! it was given up.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use gori_core::{Context, Error, ErrorKind, Result};

use super::{Bytes, Task};
use crate::format::{Event, Input};

/// The stack of the thread: deep recursion is the usual way in which a parser dies.
const STACK: usize = 64 << 20;
/// How often the waiting side looks whether anybody still waits for it.
const TICK: Duration = Duration::from_millis(20);

/// Runs the task and waits for it, for as long as the limits say.
pub(super) fn run(
    task: &Task,
    input: &Input<'_>,
    emit: &mut dyn FnMut(Event) -> Result<()>,
) -> Result<()> {
    let guard = Context::new().stop_on_drop();
    let stop = guard.stop();
    let (task, bytes) = (task.clone(), input.bytes.to_vec());
    let limits = input.limits.clone();
    let (sender, receiver) = sync_channel(4);
    std::thread::Builder::new()
        .name("gori-parse".to_owned())
        .stack_size(STACK)
        .spawn(move || {
            let bytes = Bytes {
                bytes,
                limits: &limits,
                stop: &stop,
            };
            work(&task, bytes, &sender);
        })
        .map_err(|error| Error::io("a thread to parse in", error))?;
    loop {
        input.check()?;
        match receiver.recv_timeout(TICK) {
            Ok(Message::Event(event)) => emit(event)?,
            Ok(Message::End(result)) => return result,
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Error::new(
                    ErrorKind::Internal,
                    "the parser ended in silence",
                ));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

enum Message {
    Event(Event),
    End(Result<()>),
}

fn work(task: &Task, bytes: Bytes<'_>, sender: &SyncSender<Message>) {
    let mut emit = |event| {
        sender
            .send(Message::Event(event))
            .map_err(|_| Error::new(ErrorKind::Cancelled, "nobody waits for the text"))
    };
    let result = catch_unwind(AssertUnwindSafe(|| task.run(bytes, &mut emit)));
    let result = result.unwrap_or_else(|_| {
        Err(Error::new(
            ErrorKind::Corrupt,
            "the parser panicked on these bytes",
        ))
    });
    let _ = sender.send(Message::End(result));
}
