//! A file system on which somebody writes while an index is made.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use gori_vectorstores::local::fs::{Fs, Lock, Map, ReadFile, WriteFile};

use super::fault_fs::FaultFs;

type Work = Box<dyn FnOnce() + Send>;

/// Does something, once, when the file of an index is made.
#[derive(Clone, Default)]
pub struct Meanwhile {
    pub fs: FaultFs,
    work: Arc<Mutex<Option<Work>>>,
}

impl Meanwhile {
    pub fn at_the_next_index(&self, work: impl FnOnce() + Send + 'static) {
        *self.work.lock().unwrap() = Some(Box::new(work));
    }

    pub fn is_done(&self) -> bool {
        self.work.lock().unwrap().is_none()
    }
}

impl fmt::Debug for Meanwhile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fs.fmt(f)
    }
}

impl Fs for Meanwhile {
    fn create(&self, path: &Path) -> io::Result<Box<dyn WriteFile>> {
        let name = path.file_name().unwrap().to_string_lossy();
        let work = match name.starts_with("idx-") {
            true => self.work.lock().unwrap().take(),
            false => None,
        };
        if let Some(work) = work {
            work();
        }
        self.fs.create(path)
    }

    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        self.fs.create_dir(dir)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.fs.list(dir)
    }

    fn append(&self, path: &Path) -> io::Result<Box<dyn WriteFile>> {
        self.fs.append(path)
    }

    fn read(&self, path: &Path) -> io::Result<Arc<dyn ReadFile>> {
        self.fs.read(path)
    }

    fn map(&self, path: &Path) -> io::Result<Map> {
        self.fs.map(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.fs.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.fs.remove(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.fs.sync_dir(dir)
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Lock>> {
        self.fs.lock(path)
    }
}
