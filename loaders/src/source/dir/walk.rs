//! The walk over a folder, on a thread of its own.

use std::collections::HashSet;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gori_core::{Error, ErrorKind, Loaded, Result};
use ignore::{DirEntry, WalkBuilder};
use tokio::sync::mpsc;

use super::{Dir, links, open};
use crate::pipeline::{Found, Job};

/// Files that were found and wait to be read.
const AHEAD: usize = 64;

/// Starts the walk. It stops when the receiver is dropped.
pub(super) fn start(dir: Dir) -> mpsc::Receiver<Result<Found>> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    let thread = std::thread::Builder::new().name("gori-walk".to_owned());
    let own = sender.clone();
    let spawned = thread.spawn(move || {
        let mut walk = Walk {
            dir,
            sender: own,
            visited: HashSet::new(),
            links: Vec::new(),
        };
        // The only thing that ends a walk early is that nobody listens.
        let _ = walk.all();
    });
    if let Err(error) = spawned {
        // The channel is empty: there is a place for this.
        let _ = sender.try_send(Err(Error::io("a thread to walk with", error)));
    }
    receiver
}

/// Nobody listens any more.
pub(super) struct Gone;

pub(super) struct Walk {
    pub(super) dir: Dir,
    sender: mpsc::Sender<Result<Found>>,
    /// Files and folders that were seen under a name of their own.
    pub(super) visited: HashSet<open::FileId>,
    /// Links that stay under their root, to be followed when all else was seen.
    pub(super) links: Vec<links::Link>,
}

impl Walk {
    fn all(&mut self) -> Result<(), Gone> {
        for root in self.dir.roots.clone() {
            self.root(&root)?;
        }
        links::follow(self)
    }

    pub(super) fn send(&self, found: Result<Found>) -> Result<(), Gone> {
        self.sender.blocking_send(found).map_err(|_| Gone)
    }

    pub(super) fn skip(&self, path: &Path, reason: &str) -> Result<(), Gone> {
        self.send(Ok(Found::Item(Loaded::Skipped {
            source: name(path),
            reason: reason.to_owned(),
        })))
    }

    fn root(&mut self, root: &Path) -> Result<(), Gone> {
        let real = root.canonicalize();
        let seen = real.and_then(|real| Ok((real.metadata()?, real)));
        let (metadata, real) = match seen {
            Ok(seen) => seen,
            Err(error) => return self.send(Err(no_root(root, error))),
        };
        if metadata.is_file() {
            return self.file(root, &real, &metadata);
        }
        if !metadata.is_dir() {
            return self.skip(root, "neither a file nor a folder");
        }
        self.folder(root, &real)
    }

    /// Walks a folder that is reached by `root` and really is at `real`.
    pub(super) fn folder(&mut self, root: &Path, real: &Path) -> Result<(), Gone> {
        for entry in self.walker(root).build() {
            match entry {
                Ok(entry) => self.entry(root, real, &entry)?,
                Err(error) => self.unreadable(root, error)?,
            }
        }
        Ok(())
    }

    fn walker(&self, root: &Path) -> WalkBuilder {
        let mut builder = WalkBuilder::new(root);
        builder
            .hidden(!self.dir.hidden)
            .follow_links(false)
            .require_git(false)
            .sort_by_file_name(std::cmp::Ord::cmp);
        let honoured = self.dir.ignore_files;
        builder
            .git_ignore(honoured)
            .git_global(honoured)
            .git_exclude(honoured)
            .ignore(honoured)
            .parents(honoured);
        let (exclude, from) = (self.dir.wanted.exclude.clone(), root.to_owned());
        builder.filter_entry(move |entry| {
            let path = entry.path().strip_prefix(&from).unwrap_or(entry.path());
            path.as_os_str().is_empty() || !exclude.matches(path)
        });
        builder
    }

    fn entry(&mut self, root: &Path, real: &Path, entry: &DirEntry) -> Result<(), Gone> {
        let path = entry.path();
        let inside = path.strip_prefix(root).unwrap_or(path);
        let Some(kind) = entry.file_type() else {
            return Ok(());
        };
        if kind.is_symlink() {
            return links::meet(self, path, inside, real);
        }
        let metadata = match entry.metadata() {
            Ok(metadata) => metadata,
            Err(error) => return self.unreadable(path, error),
        };
        if metadata.is_dir() {
            self.visited.extend(open::file_id(&metadata));
            return Ok(());
        }
        if !self.dir.wanted.wants(inside) {
            return Ok(());
        }
        self.file(path, &real.join(inside), &metadata)
    }

    /// Hands on a file that is reached by `path` and really is at `real`.
    pub(super) fn file(
        &mut self,
        path: &Path,
        real: &Path,
        metadata: &Metadata,
    ) -> Result<(), Gone> {
        if !metadata.is_file() {
            return self.skip(path, "no ordinary file");
        }
        if let Some(id) = open::file_id(metadata)
            && !self.visited.insert(id)
            && self.dir.roots.len() > 1
        {
            // Under two roots; a hard link under one root is a file like any other.
            return Ok(());
        }
        let limit = self.dir.reader.kept_limits().clone();
        let (source, real): (Arc<str>, PathBuf) = (name(path), real.to_owned());
        let named = source.clone();
        self.send(Ok(Found::Source(Job {
            source,
            open: Box::new(move |_| open::read(named, &real, &limit)),
        })))
    }

    /// A folder that cannot be listed may hold sources that are now missing, so this is an
    /// error of the whole.
    fn unreadable(&self, path: &Path, error: ignore::Error) -> Result<(), Gone> {
        let what = format!("{}: cannot be listed: {error}", path.display());
        let error = Error::new(ErrorKind::Io, what).caused_by(error);
        self.send(Err(error))
    }
}

fn no_root(root: &Path, error: std::io::Error) -> Error {
    let what = format!("{}: {error}", root.display());
    let kind = match error.kind() {
        std::io::ErrorKind::NotFound => ErrorKind::NotFound,
        _ => ErrorKind::Io,
    };
    Error::new(kind, what)
        .hint("pass a folder or a file that exists and can be read")
        .caused_by(error)
}

/// A path as a user writes it: with `/`, and without `./` in front.
pub(super) fn name(path: &Path) -> Arc<str> {
    let text = path.to_string_lossy();
    let text = if cfg!(windows) {
        text.replace('\\', "/")
    } else {
        text.into_owned()
    };
    let mut rest = &*text;
    while let Some(inner) = rest.strip_prefix("./") {
        rest = inner.trim_start_matches('/');
    }
    Arc::from(if rest.is_empty() { &*text } else { rest })
}
