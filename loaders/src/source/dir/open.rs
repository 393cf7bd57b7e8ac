//! Reading a file that was found, without being led elsewhere.

use std::fs::{File, Metadata, OpenOptions};
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use gori_core::{Error, Result};

use crate::pipeline::Opened;
use crate::reader::too_long;
use crate::{Blob, Limits};

/// What a file is, whatever its name: device and number.
pub(super) type FileId = (u64, u64);

/// The identity of a file, where the system tells it.
pub(super) fn file_id(metadata: &Metadata) -> Option<FileId> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        Some((metadata.dev(), metadata.ino()))
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        None
    }
}

/// Reads the file at `path`, whose last step must not be a link: links were resolved before,
/// and one that appears in the meantime is an attack or an accident.
pub(super) fn read(source: Arc<str>, path: &Path, limits: &Limits) -> Result<Opened> {
    let io = |error| Error::io(&source, error);
    let file = open(path).map_err(io)?;
    let metadata = file.metadata().map_err(io)?;
    if !metadata.is_file() {
        return Ok(Opened::Skipped("no ordinary file any more".to_owned()));
    }
    if metadata.len() > limits.source_bytes {
        return Ok(Opened::Skipped(too_long(metadata.len(), limits)));
    }
    let expected = usize::try_from(metadata.len()).unwrap_or_default();
    let mut bytes = Vec::with_capacity(expected);
    // A file may grow while it is read: one byte above the limit is enough to know.
    let mut bounded = file.take(limits.source_bytes.saturating_add(1));
    bounded.read_to_end(&mut bytes).map_err(io)?;
    Ok(Opened::Blob(Blob::new(source, bytes)))
}

#[cfg(unix)]
fn open(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    // Without O_NONBLOCK, opening what has become a pipe would wait for ever.
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().read(true).open(path)
}
