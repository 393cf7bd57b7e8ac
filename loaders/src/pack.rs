//! Packed documents: a ZIP file in memory, read under limits.

use std::io::{Cursor, Read as _};

use gori_core::{Error, ErrorKind, Result, Stop};
use zip::ZipArchive;
use zip::result::ZipError;

use crate::Limits;
use crate::limits::{human_bytes, too_large};

/// Small parts may unpack to this much whatever the ratio says.
const RATIO_FROM: u64 = 1 << 20;

/// A packed document.
pub(crate) struct Pack<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    limits: &'a Limits,
    stop: &'a Stop,
    unpacked: u64,
}

impl<'a> Pack<'a> {
    /// Opens a packed document.
    ///
    /// # Errors
    /// `Corrupt` when it is none, `TooLarge` when it has too many parts, `Unauthorized` when
    /// it is encrypted.
    pub(crate) fn open(bytes: &'a [u8], limits: &'a Limits, stop: &'a Stop) -> Result<Self> {
        // The directory is read as a whole: its entries are counted before.
        let entries = memchr::memmem::find_iter(bytes, b"PK\x01\x02").count();
        if entries > limits.entries {
            return Err(too_large("the number of its parts", limits.entries));
        }
        let archive = ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
        Ok(Self {
            archive,
            limits,
            stop,
            unpacked: 0,
        })
    }

    /// The names of the parts, in the order of the directory.
    pub(crate) fn names(&self) -> Vec<String> {
        let names = self.archive.file_names();
        names.flatten().map(std::borrow::Cow::into_owned).collect()
    }

    /// Unpacks the part of this name; none when there is no such part.
    ///
    /// # Errors
    /// `Corrupt`, `TooLarge`, `Unauthorized`, or that of the stop flag.
    pub(crate) fn read(&mut self, name: &str) -> Result<Option<Vec<u8>>> {
        self.stop.check()?;
        let part = match self.archive.by_name(name) {
            Ok(part) => part,
            Err(ZipError::FileNotFound) => return Ok(None),
            Err(error) => return Err(broken(error)),
        };
        let packed = part.compressed_size();
        let left = self.limits.unpacked_bytes.saturating_sub(self.unpacked);
        let by_ratio = packed.saturating_mul(self.limits.ratio).max(RATIO_FROM);
        let most = left.min(by_ratio);
        let mut bytes = Vec::new();
        // The sizes that the file declares are not believed: one byte above the limit tells.
        let read = part.take(most.saturating_add(1)).read_to_end(&mut bytes);
        read.map_err(|error| {
            Error::new(
                ErrorKind::Corrupt,
                format!("a packed part is damaged: {error}"),
            )
        })?;
        let size = bytes.len() as u64;
        if size > most {
            let limit = if by_ratio < left {
                format!("{} for each of its bytes", self.limits.ratio)
            } else {
                human_bytes(self.limits.unpacked_bytes)
            };
            return Err(too_large("what its parts unpack to", limit));
        }
        self.unpacked += size;
        Ok(Some(bytes))
    }

    /// As [`read`](Self::read), where the document is nothing without the part.
    pub(crate) fn need(&mut self, name: &str) -> Result<Vec<u8>> {
        self.read(name)?.ok_or_else(|| {
            Error::new(
                ErrorKind::Corrupt,
                format!("the packed part `{name}` is missing"),
            )
        })
    }
}

fn broken(error: ZipError) -> Error {
    match error {
        ZipError::UnsupportedArchive(what) if what.contains("assword") => {
            Error::new(ErrorKind::Unauthorized, "the document asks for a password")
                .hint("save a copy without one")
        }
        ZipError::UnsupportedArchive(what) => Error::new(ErrorKind::Unsupported, what),
        error => Error::new(ErrorKind::Corrupt, format!("no readable ZIP file: {error}")),
    }
}

/// Whether bytes are a ZIP file with a part of this name, by its directory and not by a
/// parser.
pub(crate) fn has_part(bytes: &[u8], name: &str) -> bool {
    bytes.starts_with(b"PK\x03\x04") && memchr::memmem::rfind(bytes, name.as_bytes()).is_some()
}
