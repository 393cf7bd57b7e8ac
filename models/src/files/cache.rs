//! The cache: one folder a model, filled by one process at a time and only in whole.
//!
//! ```text
//! CACHE/models/NAME-DIGEST/         the files of a model, complete
//!       partial/NAME-DIGEST/N/      what source N has brought so far
//!       locks/NAME-DIGEST           held while the two above are changed
//! ```
//! A model's folder appears by a rename, after its files were checked and synced. So whoever
//! finds it finds it whole, and a crash leaves at worst a part to go on with.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use gori_core::{Error, ErrorKind, Result, Stop};

use super::{Fetch, Model, Phase};

/// The places of one model in the cache.
#[derive(Clone, Debug)]
pub(super) struct Place {
    root: PathBuf,
    name: String,
}

impl Place {
    pub(super) fn new(root: PathBuf, model: &Model) -> Self {
        let name = model.cache_name();
        Self { root, name }
    }

    /// Where the complete model is.
    pub(super) fn complete(&self) -> PathBuf {
        self.root.join("models").join(&self.name)
    }

    /// Where sources bring their parts.
    pub(super) fn partial(&self) -> PathBuf {
        self.root.join("partial").join(&self.name)
    }

    /// Makes the folders of the cache and waits until no other process works on this model.
    /// The lock ends when the value is dropped, or with the process.
    pub(super) fn lock(&self, model: &Model, settings: &Fetch, stop: &Stop) -> Result<Lock> {
        for folder in ["models", "partial", "locks"] {
            let path = self.root.join(folder);
            fs::create_dir_all(&path).map_err(|e| cannot_write(&path, e))?;
        }
        let path = self.root.join("locks").join(&self.name);
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|e| cannot_write(&path, e))?;
        let mut told = false;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Lock { _file: file }),
                Err(TryLockError::WouldBlock) => stop.check()?,
                Err(TryLockError::Error(e)) => return Err(Error::io(path.display(), e)),
            }
            if !told {
                settings.report(&model.name, Phase::Waiting, None, 0, 0);
                told = true;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Puts the folder of a checked model into its place, so that it survives a power cut.
    pub(super) fn install(&self, model: &Model, ready: &Path, _lock: &Lock) -> Result<()> {
        let mut folders = vec![ready.to_owned()];
        for file in &model.files {
            let path = ready.join(&file.name);
            set_mode(&path, file.executable)?;
            sync(&path)?;
            let inner = path.ancestors().skip(1).take_while(|p| *p != ready);
            folders.extend(inner.map(Path::to_owned));
        }
        folders.sort();
        folders.dedup();
        folders.iter().try_for_each(|folder| sync(folder))?;
        let complete = self.complete();
        self.discard(_lock)?;
        fs::rename(ready, &complete).map_err(|e| cannot_write(&complete, e))?;
        sync(&self.root.join("models"))?;
        // Nothing depends on the leftovers: what cannot be removed is removed by the next run.
        let _ = fs::remove_dir_all(self.partial());
        Ok(())
    }

    /// Removes the model from the cache, because it is damaged or about to be replaced.
    pub(super) fn discard(&self, _lock: &Lock) -> Result<()> {
        let complete = self.complete();
        match fs::remove_dir_all(&complete) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(cannot_write(&complete, e)),
            _ => Ok(()),
        }
    }

    /// Fails when the disk cannot hold `bytes` more.
    pub(super) fn check_space(&self, bytes: u64) -> Result<()> {
        match free_bytes(&self.root) {
            Some(free) if free < bytes => Err(Error::new(
                ErrorKind::Io,
                format!(
                    "the disk has {} MB free, {} MB are needed",
                    free / 1_000_000,
                    bytes.div_ceil(1_000_000)
                ),
            )
            .about(self.root.display())
            .hint("make room, or set GORI_CACHE to a folder on another disk")),
            _ => Ok(()),
        }
    }
}

/// Held by the one process that may change a model in the cache.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

fn sync(path: &Path) -> Result<()> {
    // Windows cannot open a folder in this way, and needs no sync for a rename to last.
    if cfg!(windows) && path.is_dir() {
        return Ok(());
    }
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(|e| Error::io(path.display(), e))
}

#[cfg(unix)]
fn set_mode(path: &Path, executable: bool) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = if executable { 0o755 } else { 0o644 };
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .map_err(|e| Error::io(path.display(), e))
}

#[cfg(not(unix))]
fn set_mode(_path: &Path, _executable: bool) -> Result<()> {
    Ok(())
}

#[cfg(unix)]
fn free_bytes(path: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(path).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

#[cfg(not(unix))]
fn free_bytes(_path: &Path) -> Option<u64> {
    None
}

/// An error of writing, with what can be done about it.
pub(super) fn cannot_write(path: &Path, error: std::io::Error) -> Error {
    use std::io::ErrorKind::{PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    let hint = match error.kind() {
        StorageFull | QuotaExceeded => {
            "the disk is full: make room, or set GORI_CACHE to a folder on another disk"
        }
        PermissionDenied | ReadOnlyFilesystem => {
            "the cache cannot be written: set GORI_CACHE to a folder that can, or GORI_MODELS \
             to a folder that has the model"
        }
        _ => return Error::io(path.display(), error),
    };
    Error::io(path.display(), error).hint(hint)
}
