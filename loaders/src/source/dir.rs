//! Folders and single files.

mod links;
mod open;
mod walk;

use std::path::PathBuf;

use futures_core::stream::BoxStream;
use futures_util::stream;
use gori_core::{Loaded, Loader, Result, Seen};

use crate::globs::Wanted;
use crate::{Reader, pipeline};

/// The files under a folder, or a single file.
///
/// `.gitignore` and `.ignore` are honoured as git and ripgrep do, hidden files are left out,
/// and the order is that of the names, so that it is the same on every run. A source is named
/// by its path as a user would write it: the root as given, and the way from there. A symbolic
/// link to something else under the root is loaded once, under its own name or the link's; one
/// that leaves the root is refused.
///
/// A root that is a file is loaded whatever its name is.
///
/// ```
/// use gori_loaders::Dir;
///
/// let docs = Dir::new("docs").include("**/*.{md,pdf}")?.exclude("drafts/**")?;
/// # Ok::<(), gori_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Dir {
    roots: Vec<PathBuf>,
    wanted: Wanted,
    ignore_files: bool,
    hidden: bool,
    reader: Reader,
}

impl Dir {
    /// Everything under this folder, or this file.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            roots: vec![root.into()],
            wanted: Wanted::default(),
            ignore_files: true,
            hidden: false,
            reader: Reader::new(),
        }
    }

    /// Another folder or file. What lies under two roots is loaded once.
    #[must_use]
    pub fn and(mut self, root: impl Into<PathBuf>) -> Self {
        self.roots.push(root.into());
        self
    }

    /// Only files whose path from the root matches this glob, or another that was included.
    /// `*` stops at `/`, `**` does not; a glob without `/` matches the name of the file.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](gori_core::ErrorKind::InvalidInput) when it is no glob.
    pub fn include(mut self, glob: &str) -> Result<Self> {
        self.wanted.include.add(glob)?;
        Ok(self)
    }

    /// No files and no folders whose path from the root matches this glob.
    ///
    /// # Errors
    /// As for [`include`](Self::include).
    pub fn exclude(mut self, glob: &str) -> Result<Self> {
        self.wanted.exclude.add(glob)?;
        Ok(self)
    }

    /// Whether `.gitignore`, `.ignore` and git's own lists are honoured. They are by default.
    #[must_use]
    pub fn ignore_files(mut self, honoured: bool) -> Self {
        self.ignore_files = honoured;
        self
    }

    /// Whether files and folders whose name starts with a dot are loaded. They are not by
    /// default.
    #[must_use]
    pub fn hidden(mut self, loaded: bool) -> Self {
        self.hidden = loaded;
        self
    }

    /// Reads the files by this reader.
    #[must_use]
    pub fn reader(mut self, reader: Reader) -> Self {
        self.reader = reader;
        self
    }
}

impl Loader for Dir {
    fn load<'a>(&'a self, seen: &'a dyn Seen) -> BoxStream<'a, Result<Loaded>> {
        let found = stream::unfold(walk::start(self.clone()), |mut found| async move {
            Some((found.recv().await?, found))
        });
        pipeline::load(Box::pin(found), &self.reader, seen)
    }
}
