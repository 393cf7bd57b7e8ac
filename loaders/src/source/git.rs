//! Git repositories at a revision, through the `git` program.
//!
//! The program and not a library: it is on every machine that has a repository, it knows every
//! version of the format, and the two commands that are used here read objects and nothing
//! else. What a repository can bring along to be run (hooks, filters, a file system monitor,
//! an upload command) is switched off all the same.

mod command;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_core::stream::BoxStream;
use futures_util::stream;
use gori_core::{Error, ErrorKind, Loaded, Loader, Result, Seen};
use tokio::sync::mpsc;

use self::command::{Cat, Entry, Repository};
use crate::globs::Wanted;
use crate::pipeline::{Found, Job, Opened};
use crate::reader::too_long;
use crate::{Blob, Reader, pipeline};

/// The files of a git repository as they are at a revision, whatever the work tree holds.
///
/// A source is named `repository@revision:path`, with the revision as it was given, so that a
/// branch keeps its sources as it moves. Submodules and symbolic links are passed over.
///
/// ```no_run
/// use gori_loaders::Git;
///
/// let docs = Git::new(".", "v1.0")?.include("docs/**")?;
/// # Ok::<(), gori_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Git {
    repository: PathBuf,
    revision: String,
    wanted: Wanted,
    reader: Reader,
}

impl Git {
    /// The repository at a path, at a branch, tag or commit.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] when the revision is none that could be named.
    pub fn new(repository: impl Into<PathBuf>, revision: &str) -> Result<Self> {
        let odd = revision.is_empty()
            || revision.starts_with('-')
            || revision.chars().any(|c| c.is_control() || c == ':');
        if odd {
            return Err(Error::invalid("no name of a revision")
                .about(revision.escape_debug())
                .hint("pass a branch, a tag or a commit"));
        }
        Ok(Self {
            repository: repository.into(),
            revision: revision.to_owned(),
            wanted: Wanted::default(),
            reader: Reader::new(),
        })
    }

    /// Only files whose path matches this glob, or another that was included.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] when it is no glob.
    pub fn include(mut self, glob: &str) -> Result<Self> {
        self.wanted.include.add(glob)?;
        Ok(self)
    }

    /// No files whose path matches this glob.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] when it is no glob.
    pub fn exclude(mut self, glob: &str) -> Result<Self> {
        self.wanted.exclude.add(glob)?;
        Ok(self)
    }

    /// Reads the files by this reader.
    #[must_use]
    pub fn reader(mut self, reader: Reader) -> Self {
        self.reader = reader;
        self
    }
}

impl Loader for Git {
    fn load<'a>(&'a self, seen: &'a dyn Seen) -> BoxStream<'a, Result<Loaded>> {
        let found = stream::unfold(start(self.clone()), |mut found| async move {
            Some((found.recv().await?, found))
        });
        pipeline::load(Box::pin(found), &self.reader, seen)
    }
}

fn start(git: Git) -> mpsc::Receiver<Result<Found>> {
    let (sender, receiver) = mpsc::channel(1);
    let own = sender.clone();
    let thread = std::thread::Builder::new().name("gori-git".to_owned());
    let spawned = thread.spawn(move || {
        if let Err(error) = all(&git, &own) {
            // Files may be missing: an error of the whole, without a subject.
            let _ = own.blocking_send(Err(error));
        }
    });
    if let Err(error) = spawned {
        let _ = sender.try_send(Err(Error::io("a thread to read a repository with", error)));
    }
    receiver
}

fn all(git: &Git, sender: &mpsc::Sender<Result<Found>>) -> Result<()> {
    let repository = Repository::new(&git.repository);
    let commit = repository.commit(&git.revision)?;
    let limits = git.reader.kept_limits();
    let mut cat = Cat::start(&repository)?;
    for entry in repository.tree(&commit)? {
        let source = name(git, &entry.path);
        let found = match skip(git, &entry) {
            Some(None) => continue,
            Some(Some(reason)) => Ok(Found::Item(Loaded::Skipped { source, reason })),
            None if entry.size > limits.source_bytes => Ok(Found::Item(Loaded::Skipped {
                source,
                reason: too_long(entry.size, limits),
            })),
            None => cat.blob(&entry).map(|bytes| {
                let blob = Blob::new(source.clone(), bytes);
                Found::Source(Job {
                    source,
                    open: Box::new(move |_| Ok(Opened::Blob(blob))),
                })
            }),
        };
        // The program that gives the objects is of no use once it broke off.
        let broken = found.as_ref().err().map(|error| error.kind());
        if sender.blocking_send(found).is_err() {
            return Ok(());
        }
        if broken.is_some_and(|kind| kind != ErrorKind::NotFound) {
            return Err(Error::new(
                ErrorKind::Io,
                "git broke off; files may be missing",
            ));
        }
    }
    Ok(())
}

/// Why an entry is passed over: nothing when it is not, no reason when it is not wanted.
fn skip(git: &Git, entry: &Entry) -> Option<Option<String>> {
    if !git.wanted.wants(Path::new(&entry.path)) {
        return Some(None);
    }
    match entry.mode.as_str() {
        "120000" => Some(Some("a symbolic link".to_owned())),
        "160000" => Some(Some("a submodule".to_owned())),
        _ => None,
    }
}

fn name(git: &Git, path: &str) -> Arc<str> {
    Arc::from(format!(
        "{}@{}:{path}",
        git.repository.display(),
        git.revision
    ))
}
