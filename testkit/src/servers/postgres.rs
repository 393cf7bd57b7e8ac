//! Postgres with pgvector.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use gori_core::{Error, ErrorKind, Result, Stop};
use rustix::process::Signal;

use super::process::{self, Process};
use super::{fetched, on_a_thread};

/// The user and the group `nobody`, who owns nothing worth protecting.
const NOBODY: u32 = 65_534;

/// A Postgres 16 on the loopback with an empty database, to which the user `postgres` needs no
/// password. The extension `vector` is there to be created.
#[derive(Debug)]
pub struct Postgres {
    process: Process,
    install: PathBuf,
    port: u16,
}

impl Postgres {
    /// Fetches the server, makes a cluster of databases in a folder of its own, starts it, and
    /// waits until it accepts a client. Takes care of Postgres's refusal to run as root.
    ///
    /// # Errors
    /// When the package cannot be had, or with the end of its log when it does not start.
    pub async fn start() -> Result<Self> {
        on_a_thread(Self::start_blocking).await
    }

    fn start_blocking(stop: &Stop) -> Result<Self> {
        let server = fetched::fetch(fetched::postgres()?, stop)?;
        let folder = process::folder("postgres")?;
        let install = match is_root() {
            false => server.path().to_owned(),
            true => {
                // Nobody may not read root's cache.
                let copy = folder.path().join("install");
                fetched::copy(&server, &copy)?;
                give_away(folder.path())?;
                copy
            }
        };
        let data = folder.path().join("data");
        init(&install, folder.path(), &data)?;
        let port = process::free_port()?;
        let mut command = program(&install, "postgres", folder.path());
        command
            .arg("-D")
            .arg(&data)
            .args(["-h", "127.0.0.1", "-p", &port.to_string()])
            .args(["-k", "", "-c", "fsync=off", "-c", "full_page_writes=off"]);
        // SIGQUIT is its immediate shutdown, which takes its children and its shared memory
        // along; a SIGKILL would leave the latter behind.
        let process = Process::start("postgres", command, folder, Signal::QUIT, stop, || {
            accepts(port).is_some()
        })?;
        Ok(Self {
            process,
            install,
            port,
        })
    }

    /// Where clients connect: `postgres://postgres@127.0.0.1:40123/postgres`.
    pub fn connection_string(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// What psql answers to a statement: lines without headers, columns parted by `|`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] with what psql said of it.
    pub fn sql(&self, statement: &str) -> Result<String> {
        let output = program(&self.install, "psql", self.process.folder())
            .arg(self.connection_string())
            .args([
                "-X",
                "-A",
                "-t",
                "-q",
                "-v",
                "ON_ERROR_STOP=1",
                "-c",
                statement,
            ])
            .output()
            .map_err(|e| Error::io("psql", e))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        match output.status.success() {
            true => Ok(text(&output.stdout)),
            false => Err(Error::invalid(text(&output.stderr)).about("psql")),
        }
    }

    /// Its process, for tests that disturb it.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// The end of its log.
    pub fn log(&self) -> String {
        self.process.tail()
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn give_away(folder: &Path) -> Result<()> {
    std::os::unix::fs::chown(folder, Some(NOBODY), Some(NOBODY))
        .map_err(|e| Error::io(folder.display(), e))
}

/// A program of the installation, run by nobody when we are root.
fn program(install: &Path, name: &str, home: &Path) -> Command {
    let path = install.join("pgserver/pginstall/bin").join(name);
    let mut command = process::command(&path, home);
    command.env("LD_LIBRARY_PATH", install.join("pgserver.libs"));
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

fn init(install: &Path, home: &Path, data: &Path) -> Result<()> {
    let output = program(install, "initdb", home)
        .arg("-D")
        .arg(data)
        .args(["-U", "postgres", "-A", "trust", "-E", "UTF8"])
        .args(["--no-locale", "--no-sync", "--no-instructions"])
        .output()
        .map_err(|e| Error::io("initdb", e))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(Error::new(ErrorKind::Unavailable, said).about("initdb"))
}

/// Whether it lets a client in: the start of protocol 3.0 (PostgreSQL documentation, "Message
/// Formats": StartupMessage is answered by `R` when it does).
fn accepts(port: u16) -> Option<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
    let parameters = b"user\0postgres\0database\0postgres\0\0";
    let length = u32::try_from(parameters.len() + 8).ok()?;
    let hello = [
        &length.to_be_bytes(),
        &196_608_u32.to_be_bytes(),
        &parameters[..],
    ]
    .concat();
    stream.write_all(&hello).ok()?;
    let mut kind = [0];
    stream.read_exact(&mut kind).ok()?;
    (kind == *b"R").then_some(())
}
