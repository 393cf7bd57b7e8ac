//! The commands: arguments as a list, nothing interpreted, nothing run for the repository.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use gori_core::{Error, ErrorKind, Result};

/// Files of one revision.
const MAX_ENTRIES: usize = 5_000_000;

/// A repository to ask.
#[derive(Debug)]
pub(super) struct Repository {
    path: PathBuf,
}

/// A file of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) mode: String,
    pub(super) object: String,
    pub(super) size: u64,
    pub(super) path: String,
}

impl Repository {
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new("git");
        // What a repository's own settings could make git run or ask for.
        for setting in [
            "core.fsmonitor=false",
            "core.hooksPath=/dev/null",
            "core.alternateRefsCommand=",
            "core.sshCommand=false",
            "protocol.allow=never",
            "credential.helper=",
        ] {
            command.args(["-c", setting]);
        }
        command
            .args([
                "--no-pager",
                "--no-replace-objects",
                "--literal-pathspecs",
                "-C",
            ])
            .arg(&self.path)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("LC_ALL", "C");
        // Settings of the caller's environment could point to another repository.
        for name in [
            "GIT_DIR",
            "GIT_WORK_TREE",
            "GIT_INDEX_FILE",
            "GIT_OBJECT_DIRECTORY",
        ] {
            command.env_remove(name);
        }
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// The commit that a name stands for.
    pub(super) fn commit(&self, revision: &str) -> Result<String> {
        let mut command = self.command();
        command.args(["rev-parse", "--verify", "--quiet", "--end-of-options"]);
        command.arg(format!("{revision}^{{commit}}"));
        let output = command.output().map_err(|error| no_git(&error))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let commit = text.trim();
        let is_hash = commit.len() >= 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
        if output.status.success() && is_hash {
            return Ok(commit.to_owned());
        }
        let said = said(&output.stderr);
        let shown = self.path.display();
        if said.is_empty() {
            return Err(Error::new(
                ErrorKind::NotFound,
                format!("{shown} has no revision `{revision}`"),
            ));
        }
        Err(Error::new(
            ErrorKind::Io,
            format!("{shown}: git says: {said}"),
        ))
    }

    /// The files of a commit, in the order of their paths.
    pub(super) fn tree(&self, commit: &str) -> Result<Vec<Entry>> {
        let mut command = self.command();
        command.args(["ls-tree", "-r", "-z", "--long", "--full-tree", commit]);
        let output = command.output().map_err(|error| no_git(&error))?;
        if !output.status.success() {
            let what = format!(
                "{}: git says: {}",
                self.path.display(),
                said(&output.stderr)
            );
            return Err(Error::new(ErrorKind::Io, what));
        }
        let lines = output
            .stdout
            .split(|byte| *byte == 0)
            .filter(|line| !line.is_empty());
        let entries: Vec<Entry> = lines.take(MAX_ENTRIES).filter_map(entry).collect();
        Ok(entries)
    }
}

/// `mode type object size<TAB>path`
fn entry(line: &[u8]) -> Option<Entry> {
    let tab = memchr::memchr(b'\t', line)?;
    let (head, path) = line.split_at_checked(tab)?;
    let head = std::str::from_utf8(head).ok()?;
    let mut fields = head.split_ascii_whitespace();
    let (mode, _, object, size) = (
        fields.next()?,
        fields.next()?,
        fields.next()?,
        fields.next()?,
    );
    Some(Entry {
        mode: mode.to_owned(),
        object: object.to_owned(),
        size: size.parse().unwrap_or_default(),
        path: String::from_utf8_lossy(path.get(1..)?).into_owned(),
    })
}

/// One program that gives all objects. Killed and reaped when dropped.
#[derive(Debug)]
pub(super) struct Cat {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Drop for Cat {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Cat {
    pub(super) fn start(repository: &Repository) -> Result<Self> {
        let mut command = repository.command();
        command
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().map_err(|error| no_git(&error))?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(input), Some(output)) => Ok(Self {
                child,
                input,
                output: BufReader::new(output),
            }),
            _ => Err(Error::new(ErrorKind::Internal, "git without pipes")),
        }
    }

    /// The content of a file.
    pub(super) fn blob(&mut self, entry: &Entry) -> Result<Vec<u8>> {
        let io = |error: std::io::Error| Error::io("git", error).about(&entry.path);
        writeln!(self.input, "{}", entry.object).map_err(io)?;
        let mut line = String::new();
        self.output.read_line(&mut line).map_err(io)?;
        let mut fields = line.split_ascii_whitespace();
        let size: u64 = match (fields.next(), fields.next(), fields.next()) {
            (Some(_), Some("blob"), Some(size)) => size.parse().unwrap_or(u64::MAX),
            _ => {
                let missing = "the object is not in the repository";
                return Err(Error::new(ErrorKind::NotFound, missing).about(&entry.path));
            }
        };
        if size != entry.size {
            return Err(
                Error::new(ErrorKind::Corrupt, "an object of another size").about(&entry.path)
            );
        }
        let mut bytes = Vec::new();
        // The line break behind the object is read with it.
        let mut object = (&mut self.output).take(size + 1);
        object.read_to_end(&mut bytes).map_err(io)?;
        if bytes.pop().is_none() || bytes.len() as u64 != size {
            return Err(Error::new(ErrorKind::Corrupt, "the object broke off").about(&entry.path));
        }
        Ok(bytes)
    }
}

/// What git said, as one line.
fn said(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    text.lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(200)
        .collect()
}

fn no_git(error: &std::io::Error) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        format!("the program `git` cannot be run: {error}"),
    )
    .transient(false)
    .hint("install git, or load the folder by `Dir`")
}
