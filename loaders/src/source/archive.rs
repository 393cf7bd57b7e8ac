//! Archives: the entries of ZIP and tar files as sources.

mod tar;
mod zip;

use std::fs::File;
use std::io::{Read, Seek as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_core::stream::BoxStream;
use futures_util::stream;
use gori_core::{Error, ErrorKind, Loaded, Loader, Result, Seen};
use tokio::sync::mpsc;

use crate::globs::Wanted;
use crate::limits::{human_bytes, too_large};
use crate::pipeline::{Found, Job, Opened};
use crate::{Blob, Limits, Reader, pipeline};

/// The entries of a ZIP or tar archive, the latter also gzipped.
///
/// Nothing is written to the disk: entries are unpacked in memory, one at a time and under
/// [`Limits`]. A source is named `archive.zip!/path/in/it`. Entries that lead out of the
/// archive, links and encrypted entries are passed over with a reason.
///
/// ```no_run
/// use gori_loaders::Archive;
///
/// let docs = Archive::new("docs.tar.gz").include("*.md")?;
/// # Ok::<(), gori_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Archive {
    path: PathBuf,
    wanted: Wanted,
    unpacked_bytes: u64,
    reader: Reader,
}

impl Archive {
    /// The archive at this path.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            wanted: Wanted::default(),
            unpacked_bytes: 8 << 30,
            reader: Reader::new(),
        }
    }

    /// Only entries whose path matches this glob, or another that was included.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] when it is no glob.
    pub fn include(mut self, glob: &str) -> Result<Self> {
        self.wanted.include.add(glob)?;
        Ok(self)
    }

    /// No entries whose path matches this glob.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] when it is no glob.
    pub fn exclude(mut self, glob: &str) -> Result<Self> {
        self.wanted.exclude.add(glob)?;
        Ok(self)
    }

    /// Bytes that all entries together may unpack to. 8 GiB.
    #[must_use]
    pub fn unpacked_bytes(mut self, bytes: u64) -> Self {
        self.unpacked_bytes = bytes;
        self
    }

    /// Reads the entries by this reader.
    #[must_use]
    pub fn reader(mut self, reader: Reader) -> Self {
        self.reader = reader;
        self
    }
}

impl Loader for Archive {
    fn load<'a>(&'a self, seen: &'a dyn Seen) -> BoxStream<'a, Result<Loaded>> {
        let found = stream::unfold(start(self.clone()), |mut found| async move {
            Some((found.recv().await?, found))
        });
        pipeline::load(Box::pin(found), &self.reader, seen)
    }
}

/// Unpacks on a thread of its own. What waits is one entry.
fn start(archive: Archive) -> mpsc::Receiver<Result<Found>> {
    let (sender, receiver) = mpsc::channel(1);
    let own = sender.clone();
    let thread = std::thread::Builder::new().name("gori-unpack".to_owned());
    let spawned = thread.spawn(move || {
        let mut unpack = Unpack {
            left: archive.unpacked_bytes,
            entries: archive.reader.kept_limits().entries,
            archive,
            sender: own,
        };
        if let Err(Stopped::Failed(error)) = unpack.all() {
            // Entries may be missing: an error of the whole, without a subject.
            let _ = unpack.sender.blocking_send(Err(error));
        }
    });
    if let Err(error) = spawned {
        let _ = sender.try_send(Err(Error::io("a thread to unpack with", error)));
    }
    receiver
}

/// Why unpacking ended before the last entry.
enum Stopped {
    /// Nobody listens any more.
    Gone,
    Failed(Error),
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

struct Unpack {
    archive: Archive,
    sender: mpsc::Sender<Result<Found>>,
    left: u64,
    entries: usize,
}

impl Unpack {
    fn all(&mut self) -> Result<(), Stopped> {
        let path = self.archive.path.clone();
        let io = |error: std::io::Error| {
            let kind = match error.kind() {
                std::io::ErrorKind::NotFound => ErrorKind::NotFound,
                _ => ErrorKind::Io,
            };
            Error::new(kind, format!("{}: {error}", path.display())).caused_by(error)
        };
        let mut file = File::open(&path).map_err(io)?;
        let mut head = [0; 4];
        let read = file.read(&mut head).map_err(io)?;
        file.rewind().map_err(io)?;
        match head.get(..read).unwrap_or_default() {
            [b'P', b'K', ..] => zip::unpack(self, file)?,
            [0x1f, 0x8b, ..] => tar::unpack_gzip(self, file)?,
            _ => tar::unpack(self, file)?,
        }
        if self.entries == self.archive.reader.kept_limits().entries {
            self.send(Ok(Found::Item(Loaded::Skipped {
                source: Arc::from(path.display().to_string()),
                reason: "there is no file in the archive".to_owned(),
            })))?;
        }
        Ok(())
    }

    /// Counts an entry, and tells whether it is wanted.
    fn meet(&mut self, name: &str) -> Result<bool, Stopped> {
        let limit = self.archive.reader.kept_limits().entries;
        self.entries = self.entries.checked_sub(1).ok_or_else(|| {
            too_large(
                &format!("{}: the number of entries", self.archive.path.display()),
                limit,
            )
        })?;
        let path = Path::new(name);
        let inside = path.components().all(|step| {
            matches!(
                step,
                std::path::Component::Normal(_) | std::path::Component::CurDir
            )
        });
        if !inside {
            self.skip(name, "a path that leads out of the archive")?;
            return Ok(false);
        }
        Ok(self.archive.wanted.wants(path))
    }

    /// Unpacks an entry. `packed` is what it takes in the archive, where that is known.
    fn entry(
        &mut self,
        name: &str,
        packed: Option<u64>,
        content: impl Read,
    ) -> Result<(), Stopped> {
        let limits = self.archive.reader.kept_limits().clone();
        let most = allowed(&limits, packed).min(self.left);
        let mut bytes = Vec::new();
        let read = content.take(most.saturating_add(1)).read_to_end(&mut bytes);
        self.left = self.left.saturating_sub(bytes.len() as u64);
        if let Err(error) = read {
            let error = Error::new(ErrorKind::Corrupt, format!("cannot be unpacked: {error}"));
            return self.send(Err(error.about(self.name(name))));
        }
        if self.left == 0 {
            let what = format!("{}: what it unpacks to", self.archive.path.display());
            return Err(too_large(&what, human_bytes(self.archive.unpacked_bytes)).into());
        }
        if bytes.len() as u64 > most {
            return self.skip(name, &format!("unpacks to more than {}", human_bytes(most)));
        }
        let source = self.name(name);
        let blob = Blob::new(source.clone(), bytes);
        self.send(Ok(Found::Source(Job {
            source,
            open: Box::new(move |_| Ok(Opened::Blob(blob))),
        })))
    }

    fn skip(&self, name: &str, reason: &str) -> Result<(), Stopped> {
        self.send(Ok(Found::Item(Loaded::Skipped {
            source: self.name(name),
            reason: reason.to_owned(),
        })))
    }

    fn send(&self, found: Result<Found>) -> Result<(), Stopped> {
        self.sender.blocking_send(found).map_err(|_| Stopped::Gone)
    }

    fn name(&self, entry: &str) -> Arc<str> {
        let entry = entry.trim_start_matches("./");
        Arc::from(format!("{}!/{entry}", self.archive.path.display()))
    }
}

/// What an entry may unpack to: what any source may have, and for each byte that it takes no
/// more than the ratio.
fn allowed(limits: &Limits, packed: Option<u64>) -> u64 {
    const SMALL: u64 = 1 << 20;
    let by_ratio = packed.map_or(u64::MAX, |packed| packed.saturating_mul(limits.ratio));
    by_ratio.max(SMALL).min(limits.source_bytes)
}
