//! A registry's client as a child process that never outlives its use.
#![allow(unsafe_code)] // `pre_exec`, to tie the life of the child to ours.

use std::io;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use gori_core::{Error, ErrorKind, Result, Stop};

/// How often the child and the stop flag are looked at. A dropped future ends the client
/// within this time.
const LOOK: Duration = Duration::from_millis(20);

/// How often the bytes on the disk are counted.
const COUNT: Duration = Duration::from_millis(100);

/// Runs a command to its end. `arrived` counts the bytes that it has brought so far, which
/// is at once how the progress is told and how a hanging client is told from a slow one; an
/// error of it ends the client.
///
/// # Errors
/// [`ErrorKind::NotFound`] when there is no such program; [`ErrorKind::Timeout`] when nothing
/// arrived for `stall`; what the stop flag says when it is raised. The status of a program
/// that ran is the caller's to judge.
pub(super) fn run(
    mut command: Command,
    stop: &Stop,
    stall: Duration,
    mut arrived: impl FnMut() -> Result<u64>,
) -> Result<ExitStatus> {
    let program = command.get_program().to_string_lossy().into_owned();
    tie_to_us(&mut command);
    let child = command.stdin(Stdio::null()).spawn().map_err(|e| {
        if e.kind() == io::ErrorKind::NotFound {
            Error::new(ErrorKind::NotFound, "there is no such program on the PATH").about(&program)
        } else {
            // A program that cannot be started is no reason not to try another one.
            Error::new(ErrorKind::Unavailable, "it cannot be started")
                .about(&program)
                .caused_by(e)
        }
    })?;
    let mut running = Running {
        child,
        ended: false,
    };
    let (mut counted, mut bytes, mut alive) = (Instant::now(), 0, Instant::now());
    loop {
        match running.child.try_wait() {
            Ok(Some(status)) => {
                running.ended = true;
                return Ok(status);
            }
            Ok(None) => {}
            Err(e) => return Err(Error::io(&program, e)),
        }
        stop.check()?;
        if counted.elapsed() >= COUNT {
            let now = arrived()?;
            if now != bytes {
                (bytes, alive) = (now, Instant::now());
            }
            counted = Instant::now();
        }
        if alive.elapsed() >= stall {
            let what = format!("nothing came for {} s", stall.as_secs_f32());
            return Err(Error::new(ErrorKind::Timeout, what).about(&program));
        }
        std::thread::sleep(LOOK);
    }
}

/// Kills what it holds when dropped before its end.
struct Running {
    child: Child,
    ended: bool,
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        // Clients are often scripts that start the real program, so the whole group goes. Its
        // id is still ours, since its leader has not been waited for.
        #[cfg(unix)]
        if let Some(group) = i32::try_from(self.child.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw)
        {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Gives the child a process group, by which it and its own children can be ended together,
/// and on Linux lets it die with the thread that waits for it: a killed program of the user
/// leaves no download running.
#[cfg(unix)]
fn tie_to_us(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    command.process_group(0);
    #[cfg(target_os = "linux")]
    {
        let parent = rustix::process::getpid();
        // SAFETY: between fork and exec only async-signal-safe functions may be called and
        // nothing may be allocated. The closure makes two raw system calls (prctl, getppid)
        // and turns an errno into an `io::Error`, which allocates nothing.
        unsafe {
            command.pre_exec(move || {
                rustix::process::set_parent_process_death_signal(Some(
                    rustix::process::Signal::KILL,
                ))?;
                // We may have died before the call above could take effect.
                if rustix::process::getppid() == Some(parent) {
                    Ok(())
                } else {
                    Err(io::Error::from_raw_os_error(
                        rustix::io::Errno::CANCELED.raw_os_error(),
                    ))
                }
            });
        }
    }
}

#[cfg(not(unix))]
fn tie_to_us(_command: &mut Command) {}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn the_status_is_handed_on() {
        let status = run(shell("exit 3"), &Stop::new(), LONG, || Ok(0)).unwrap();
        assert_eq!(status.code(), Some(3));
    }

    #[test]
    fn a_missing_program_is_named() {
        let command = Command::new("gori-no-such-program");
        let error = run(command, &Stop::new(), LONG, || Ok(0)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert_eq!(error.subject(), Some("gori-no-such-program"));
    }

    #[test]
    fn the_children_of_a_stopped_script_end_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("pid");
        let script = format!("sleep 600 & echo $! > {}; wait", file.display());
        let stop = Stop::new();
        let flag = stop.clone();
        let seen = file.clone();
        let error = run(shell(&script), &stop, LONG, move || {
            if std::fs::read_to_string(&seen).is_ok_and(|s| s.ends_with('\n')) {
                flag.raise();
            }
            Ok(0)
        })
        .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cancelled);
        let pid: i32 = std::fs::read_to_string(file)
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        assert!(ends(pid), "{pid} is still there");
    }

    #[test]
    fn a_client_that_brings_nothing_is_given_up() {
        let start = Instant::now();
        let short = Duration::from_millis(300);
        let error = run(shell("sleep 600"), &Stop::new(), short, || Ok(0)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert!(start.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn a_slow_client_is_not_taken_for_a_hanging_one() {
        let mut bytes = 0;
        let short = Duration::from_millis(600);
        let status = run(shell("sleep 2"), &Stop::new(), short, || {
            bytes += 1;
            Ok(bytes)
        });
        assert!(status.unwrap().success());
    }

    /// Whether a process is gone, or is a zombie that only waits to be collected.
    fn ends(pid: i32) -> bool {
        let stat = format!("/proc/{pid}/stat");
        (0..200).any(|_| {
            std::thread::sleep(Duration::from_millis(10));
            std::fs::read_to_string(&stat).map_or(true, |s| s.contains(") Z"))
        })
    }
}
