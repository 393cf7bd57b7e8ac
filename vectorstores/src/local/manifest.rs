//! What a store is, and which files make it up: CURRENT.

use std::path::Path;

use gori_core::{Error, ErrorKind, Metric, Result};
use serde::{Deserialize, Serialize};

use super::envelope;
use super::fs::Fs;
use super::log::Tip;
use super::names::{CURRENT, CURRENT_NEW, Span};
use super::options::Options;

const WORD: &str = "gori-cur";

/// What never changes in the life of a store. Every log begins with it, so that a lost
/// CURRENT can be made anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Identity {
    /// 128 random bits in hexadecimal.
    pub(crate) store: String,
    pub(crate) dims: usize,
    pub(crate) metric: Metric,
    pub(crate) embedder: Option<String>,
}

impl Identity {
    pub(crate) fn new(options: &Options) -> Self {
        use std::hash::{BuildHasher as _, RandomState};
        let random = || RandomState::new().hash_one(std::process::id());
        Self {
            store: format!("{:016x}{:016x}", random(), random()),
            dims: options.dims,
            metric: options.metric,
            embedder: options.embedder.clone(),
        }
    }

    /// Refuses to open a store with other vectors than it was made for.
    pub(crate) fn check(&self, options: &Options) -> Result<()> {
        let names = |embedder: &Option<String>| match embedder {
            Some(id) => format!("`{id}`"),
            None => "an embedder without a name".to_owned(),
        };
        let mismatch = |what: String| {
            Err(Error::new(ErrorKind::Config, what)
                .hint("open it with the embedder it was made with, or make a new store"))
        };
        if self.embedder.is_some()
            && options.embedder.is_some()
            && self.embedder != options.embedder
            || self.dims != options.dims
        {
            return mismatch(format!(
                "the store holds vectors of {} numbers from {}, not of {} numbers from {}",
                self.dims,
                names(&self.embedder),
                options.dims,
                names(&options.embedder)
            ));
        }
        if self.metric != options.metric {
            return mismatch(format!(
                "the store measures by {:?}, not by {:?}",
                self.metric, options.metric
            ));
        }
        Ok(())
    }

    /// What every record of this store's file is salted with.
    pub(crate) fn salt(&self, span: Span) -> u32 {
        crc32c::crc32c_append(crc32c::crc32c(self.store.as_bytes()), span.log().as_bytes())
    }
}

/// Which files make up a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    #[serde(flatten)]
    pub(crate) identity: Identity,
    /// The log that is written to.
    pub(crate) active: Span,
    /// The number the next log gets.
    pub(crate) next: u64,
    /// How often logs were rewritten or indexes made: names every such file differently.
    #[serde(default)]
    pub(crate) rev: u32,
    /// The logs that are written to no more, oldest first.
    #[serde(default)]
    pub(crate) sealed: Vec<SealedLog>,
    /// The indexes of the oldest of them, oldest first.
    #[serde(default)]
    pub(crate) segments: Vec<Indexed>,
}

/// A log that is written to no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SealedLog {
    pub(crate) log: Span,
    pub(crate) tip: Tip,
}

/// An index of sealed logs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Indexed {
    pub(crate) index: Span,
    /// Where its foot lies.
    pub(crate) foot: u64,
    /// The rows that later logs, up to some point in the active one, have taken out.
    pub(crate) dead: Vec<u32>,
}

impl Manifest {
    /// Reads CURRENT; `None` when there is none.
    pub(crate) fn read(fs: &dyn Fs, dir: &Path) -> Result<Option<Self>> {
        let path = dir.join(CURRENT);
        let about = |error| Error::io(path.display(), error);
        let file = match fs.read(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(about(error)),
        };
        let len = usize::try_from(file.len().map_err(about)?).unwrap_or(usize::MAX);
        let mut head = vec![0; len.min(envelope::HEAD)];
        file.read_at(0, &mut head).map_err(about)?;
        let manifest = envelope::promise(WORD, &head).and_then(|promise| {
            if promise.len.checked_add(head.len()) != Some(len) {
                return Err(Error::new(ErrorKind::Corrupt, "is cut or lengthened"));
            }
            let mut json = vec![0; promise.len];
            file.read_at(head.len() as u64, &mut json).map_err(about)?;
            promise.keep(WORD, &json)
        });
        manifest.map(Some).map_err(|error| {
            let error = error.about(path.display());
            if error.kind() == ErrorKind::Corrupt {
                error.hint("`LocalStore::repair` makes it anew from the logs")
            } else {
                error
            }
        })
    }

    /// Something that changes whenever CURRENT does, and is cheap to read.
    pub(crate) fn stamp(fs: &dyn Fs, dir: &Path) -> Result<Vec<u8>> {
        let path = dir.join(CURRENT);
        let mut head = vec![0; envelope::HEAD];
        let mut read = || fs.read(&path)?.read_at(0, &mut head);
        read().map_err(|error| Error::io(path.display(), error))?;
        Ok(head)
    }

    /// Makes this what counts, for good: written beside, synced with its name, renamed,
    /// directory synced.
    pub(crate) fn commit(&self, fs: &dyn Fs, dir: &Path) -> Result<(), Uncommitted> {
        let (new, path) = (dir.join(CURRENT_NEW), dir.join(CURRENT));
        let bytes = envelope::seal(WORD, self).map_err(|error| Uncommitted {
            error,
            in_doubt: false,
        })?;
        let failed = |in_doubt| {
            let path = path.display().to_string();
            move |error| Uncommitted {
                error: Error::io(path, error),
                in_doubt,
            }
        };
        let write = || {
            let mut file = fs.create(&new)?;
            file.write(&bytes)?;
            file.sync()?;
            // A crash may have left a file of this name. Were the rename on disk and the new file's
            // name not, the old one would become CURRENT.
            fs.sync_dir(dir)
        };
        write().map_err(failed(false))?;
        fs.rename(&new, &path).map_err(failed(true))?;
        fs.sync_dir(dir).map_err(failed(true))
    }
}

/// A commit that failed.
#[derive(Debug)]
pub(crate) struct Uncommitted {
    pub(crate) error: Error,
    /// Nobody knows which CURRENT a power cut would leave.
    pub(crate) in_doubt: bool,
}
