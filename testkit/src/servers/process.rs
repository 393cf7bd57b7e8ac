//! A server as a child process that cannot outlive its test.
#![allow(unsafe_code)] // `pre_exec` ties the life of a server to that of the test.

use std::fs::{self, File};
use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{OnceLock, mpsc};
use std::time::{Duration, Instant};

use gori_core::{Error, ErrorKind, Result, Stop};
use rustix::process::{Pid, Signal};
use tempfile::TempDir;

/// How long a server may take to answer, on a machine that builds and tests at once.
const READY: Duration = Duration::from_secs(180);

/// A running server, its folder and its log.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    name: &'static str,
    farewell: Signal,
    folder: Option<TempDir>,
}

/// A folder for a server's data and its log, removed with the server unless the test fails.
pub(super) fn folder(name: &str) -> Result<TempDir> {
    tempfile::Builder::new()
        .prefix(&format!("gori-{name}-"))
        .tempdir()
        .map_err(|e| Error::io("the folder for temporary files", e))
}

/// A port of the loopback that was free a moment ago.
pub(super) fn free_port() -> Result<u16> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|e| Error::io("a free port of the loopback", e))
}

/// A command with nothing of the test's environment but what every program needs: no proxy,
/// no key, no locale of the user reaches a server.
pub(super) fn command(program: &Path, home: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        .env("HOME", home)
        .current_dir(home)
        .stdin(Stdio::null());
    command
}

impl Process {
    /// Starts a server and waits until it is ready. `farewell` is the signal that asks it to
    /// end at once.
    pub(super) fn start(
        name: &'static str,
        mut command: Command,
        folder: TempDir,
        farewell: Signal,
        stop: &Stop,
        ready: impl Fn() -> bool,
    ) -> Result<Self> {
        let log = folder.path().join("log");
        let stream = File::create(&log).map_err(|e| Error::io(log.display(), e))?;
        let copy = stream
            .try_clone()
            .map_err(|e| Error::io(log.display(), e))?;
        command.stdout(stream).stderr(copy);
        let child = spawn(command, farewell).map_err(|e| Error::io(name, e))?;
        let mut process = Self {
            child,
            name,
            farewell,
            folder: Some(folder),
        };
        let begin = Instant::now();
        while !ready() {
            stop.check()?;
            if let Ok(Some(status)) = process.child.try_wait() {
                // SIGILL: it was built for another CPU, which no second try changes.
                let kind = match status.signal() {
                    Some(4) => ErrorKind::Unsupported,
                    _ => ErrorKind::Unavailable,
                };
                let what = format!(
                    "ended with {status} before it was ready: {}",
                    process.tail()
                );
                return Err(Error::new(kind, what).about(name));
            }
            if begin.elapsed() > READY {
                let what = format!("was not ready in {READY:?}: {}", process.tail());
                return Err(Error::new(ErrorKind::Timeout, what).about(name));
            }
            std::thread::sleep(Duration::from_millis(30));
        }
        Ok(process)
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The folder of its data and its log.
    pub(super) fn folder(&self) -> &Path {
        self.folder.as_ref().map_or(Path::new(""), TempDir::path)
    }

    /// The last lines of its log.
    pub(super) fn tail(&self) -> String {
        let bytes = fs::read(self.folder().join("log")).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().collect();
        let from = lines.len().saturating_sub(40);
        lines.get(from..).unwrap_or_default().join("\n")
    }

    fn end(&mut self) {
        let group = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let Some(group) = group else { return };
        if let Ok(Some(_)) = self.child.try_wait() {
            return;
        }
        let _ = rustix::process::kill_process(group, self.farewell);
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_secs(5) {
            if let Ok(Some(_)) = self.child.try_wait() {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = rustix::process::kill_process_group(group, Signal::KILL);
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
        if std::thread::panicking() {
            let kept = self.folder.take().map(TempDir::keep);
            let folder = kept.unwrap_or_default();
            let log = fs::read(folder.join("log")).unwrap_or_default();
            let text = String::from_utf8_lossy(&log);
            let lines: Vec<&str> = text.lines().collect();
            let from = lines.len().saturating_sub(40);
            let _ = writeln!(
                io::stderr(),
                "the log of {} in {} ends so:\n{}",
                self.name,
                folder.display(),
                lines.get(from..).unwrap_or_default().join("\n")
            );
        }
    }
}

/// A command to start, the signal it gets when we die, and whom to tell.
type Order = (Command, Signal, mpsc::Sender<io::Result<Child>>);

/// Starts a child from a thread that lives as long as the process. Linux sends the death
/// signal when the *thread* that started a child ends, and a test's thread ends with its
/// test, while a server may be shared by many.
fn spawn(command: Command, at_death: Signal) -> io::Result<Child> {
    static STARTER: OnceLock<Option<mpsc::Sender<Order>>> = OnceLock::new();
    let starter = STARTER.get_or_init(|| {
        let (orders, inbox) = mpsc::channel::<Order>();
        std::thread::Builder::new()
            .name("gori-server-starter".to_owned())
            .spawn(move || {
                for (command, at_death, answer) in inbox {
                    let _ = answer.send(spawn_here(command, at_death));
                }
            })
            .ok()
            .map(|_| orders)
    });
    let lost = || io::Error::other("the thread that starts servers is gone");
    let (answer, child) = mpsc::channel();
    starter
        .as_ref()
        .ok_or_else(lost)?
        .send((command, at_death, answer))
        .map_err(|_| lost())?;
    child.recv().map_err(|_| lost())?
}

fn spawn_here(mut command: Command, at_death: Signal) -> io::Result<Child> {
    command.process_group(0);
    let parent = rustix::process::getpid();
    // SAFETY: between fork and exec only async-signal-safe functions may be called and nothing
    // may be allocated. The closure makes two raw system calls (prctl, getppid) and turns an
    // errno into an `io::Error`, which allocates nothing.
    unsafe {
        command.pre_exec(move || {
            rustix::process::set_parent_process_death_signal(Some(at_death))?;
            // We may have died before the call above could take effect.
            if rustix::process::getppid() == Some(parent) {
                Ok(())
            } else {
                let gone = rustix::io::Errno::CANCELED;
                Err(io::Error::from_raw_os_error(gone.raw_os_error()))
            }
        });
    }
    command.spawn()
}
