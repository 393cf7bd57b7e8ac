//! The clients of the registries and of the hub, as command lines.
//!
//! The ordinary clients are used, so that whatever a user has set up for them holds: mirrors,
//! proxies, certificates, keys. The hub is asked with curl for the same reason, and so that a
//! build without any other use for HTTPS carries no TLS. What a client brings is believed in
//! no respect: the caller checks its digest.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use gori_core::{Error, ErrorKind, Result, Stop};

use super::archive::Format;
use super::{Fetch, Package, child};

/// A client that brings packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Registry {
    Npm,
    PyPi,
}

/// The ways in which pip is installed.
const PIPS: [&[&str]; 4] = [
    &["pip"],
    &["pip3"],
    &["python3", "-m", "pip"],
    &["python", "-m", "pip"],
];

const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

impl Registry {
    pub(super) fn format(self) -> Format {
        match self {
            Self::Npm => Format::Tgz,
            Self::PyPi => Format::Zip,
        }
    }

    /// Lets the client bring the archive of a package into a folder, which is emptied first
    /// and holds nothing else of worth. `arrived` hears of the bytes.
    pub(super) fn bring(
        self,
        package: &Package,
        folder: &Path,
        settings: &Fetch,
        stop: &Stop,
        arrived: &mut dyn FnMut(u64),
    ) -> Result<PathBuf> {
        let out = folder.join("out");
        empty(folder)?;
        make(&out)?;
        make(&folder.join("tmp"))?;
        match self {
            Self::Npm => {
                let command = npm(package, folder);
                finish(command, folder, settings, stop, arrived)?;
            }
            Self::PyPi => pip(package, folder, settings, stop, arrived)?,
        }
        only_file(&out, if self == Self::Npm { "tgz" } else { "whl" })
    }
}

fn npm(package: &Package, folder: &Path) -> Command {
    let mut command = Command::new(NPM);
    command
        .arg("pack")
        .arg(format!("{}@{}", package.name, package.version))
        .arg("--pack-destination")
        .arg(folder.join("out"))
        // The bytes come in through npm's cache. In a cache of its own they can be counted,
        // and are not kept twice for ever.
        .arg("--cache")
        .arg(folder.join("tmp"))
        .args([
            "--ignore-scripts",
            "--no-update-notifier",
            "--loglevel=error",
        ]);
    command
}

fn pip(
    package: &Package,
    folder: &Path,
    settings: &Fetch,
    stop: &Stop,
    arrived: &mut dyn FnMut(u64),
) -> Result<()> {
    let mut missing = None;
    for way in PIPS {
        let [program, before @ ..] = way else {
            continue;
        };
        let mut command = Command::new(program);
        command.args(before);
        pip_arguments(&mut command, package, folder);
        match finish(command, folder, settings, stop, arrived) {
            Err(e) if e.kind() == ErrorKind::NotFound => missing = Some(e),
            done => return done,
        }
    }
    let none = Error::new(
        ErrorKind::NotFound,
        "neither pip nor python3 -m pip is here",
    );
    Err(match missing {
        Some(e) => none.caused_by(e),
        None => none,
    })
}

fn pip_arguments(command: &mut Command, package: &Package, folder: &Path) {
    command
        .args(["download", "--no-deps", "--only-binary=:all:"])
        .args(["--no-input", "--no-cache-dir", "--progress-bar", "off"])
        .arg("--disable-pip-version-check")
        .arg("--dest")
        .arg(folder.join("out"));
    if let Some(tags) = &package.tags {
        command
            .args(["--python-version", &tags.python_version])
            .args(["--implementation", &tags.implementation])
            .args(["--abi", &tags.abi])
            .args(["--platform", &tags.platform]);
    }
    command
        .arg(format!("{}=={}", package.name, package.version))
        // Where pip lets the bytes come in, so that they can be counted.
        .env("TMPDIR", folder.join("tmp"))
        .env("TEMP", folder.join("tmp"))
        // A user may forbid pip to install outside of a virtual environment; this only
        // downloads.
        .env("PIP_REQUIRE_VIRTUALENV", "0");
}

/// Fetches one file over HTTPS into `to`, going on where an earlier try ended.
pub(super) fn curl(
    address: &str,
    to: &Path,
    size: u64,
    folder: &Path,
    settings: &Fetch,
    stop: &Stop,
    arrived: &mut dyn FnMut(u64),
) -> Result<()> {
    empty(folder)?;
    let schemes = if address.starts_with("http://") {
        "=http,https"
    } else {
        "=https"
    };
    let mut command = Command::new("curl");
    command
        .args(["--fail", "--location", "--silent", "--show-error"])
        .args(["--proto", schemes, "--proto-redir", schemes])
        .args(["--connect-timeout", "15", "--retry", "2"])
        .args(["--max-filesize", &size.to_string()])
        .args(["--continue-at", "-", "--output"])
        .arg(to)
        .arg(address);
    let length = |path: &Path| fs::metadata(path).map_or(0, |m| m.len());
    watch(command, folder, settings, stop, &mut || {
        let bytes = length(to);
        // Curl keeps to its own limit only where the answer says its length, or is recent.
        if bytes > size {
            let what = format!("sends more than the {size} bytes of the file");
            return Err(Error::new(ErrorKind::Corrupt, what).about("curl"));
        }
        arrived(bytes);
        Ok(bytes)
    })
}

/// Runs a client that brings one file into `folder`: the largest file there tells how much of
/// it has come, wherever the client keeps it in the meantime.
fn finish(
    command: Command,
    folder: &Path,
    settings: &Fetch,
    stop: &Stop,
    arrived: &mut dyn FnMut(u64),
) -> Result<()> {
    watch(command, folder, settings, stop, &mut || {
        let bytes = largest(folder, 8);
        arrived(bytes);
        Ok(bytes)
    })
}

fn watch(
    mut command: Command,
    folder: &Path,
    settings: &Fetch,
    stop: &Stop,
    arrived: &mut dyn FnMut() -> Result<u64>,
) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let log = folder.join("log");
    let output = || fs::File::create(&log).map_err(|e| Error::io(log.display(), e));
    let stream = output()?;
    let copy = stream
        .try_clone()
        .map_err(|e| Error::io(log.display(), e))?;
    command
        .current_dir(folder)
        .stdout(Stdio::from(stream))
        .stderr(Stdio::from(copy));
    if let Some(path) = &settings.search_path {
        command.env("PATH", path);
    }
    let status = child::run(command, stop, settings.stall, arrived)?;
    if status.success() {
        return Ok(());
    }
    Err(complaint(&program, status, &log))
}

/// What a client said when it failed. Its words are data: one line, no control characters.
fn complaint(program: &str, status: ExitStatus, log: &Path) -> Error {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let telling = |line: &&&str| line.to_ascii_lowercase().contains("error");
    let told = lines
        .iter()
        .find(|line| telling(line) && line.len() > 20)
        .or_else(|| lines.iter().rfind(|line| !line.is_empty()));
    let told: String = told
        .map_or("", |line| line)
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(300)
        .collect();
    // 127 is what shells and shims answer when the program behind them is missing.
    if status.code() == Some(127) || text.contains("No module named pip") {
        return Error::new(ErrorKind::NotFound, "it is not installed").about(program);
    }
    Error::new(ErrorKind::Unavailable, format!("{status}: {told}")).about(program)
}

/// The only file in a folder with this ending. A link is not one.
fn only_file(folder: &Path, ending: &str) -> Result<PathBuf> {
    let list = fs::read_dir(folder).map_err(|e| Error::io(folder.display(), e))?;
    let mut found = list
        .flatten()
        .filter(|e| e.file_type().is_ok_and(|t| t.is_file()))
        .map(|e| e.path())
        .filter(|p| p.extension().is_some_and(|e| e == ending));
    match (found.next(), found.next()) {
        (Some(path), None) => Ok(path),
        (None, _) => Err(Error::new(
            ErrorKind::Protocol,
            "the client brought nothing",
        )),
        (Some(_), Some(_)) => Err(Error::new(
            ErrorKind::Protocol,
            "the client brought more than one package",
        )),
    }
}

fn largest(folder: &Path, depth: u32) -> u64 {
    let Ok(list) = fs::read_dir(folder) else {
        return 0;
    };
    let sizes = list.flatten().map(|entry| match entry.metadata() {
        Ok(m) if m.is_dir() && depth > 0 => largest(&entry.path(), depth - 1),
        Ok(m) if m.is_file() => m.len(),
        _ => 0,
    });
    sizes.max().unwrap_or(0)
}

pub(super) fn empty(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            return Err(Error::io(folder.display(), e));
        }
        _ => {}
    }
    make(folder)
}

fn make(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(|e| Error::io(folder.display(), e))
}
