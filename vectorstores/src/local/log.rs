//! One log: a head that says whose it is, then records, each naming the one before.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gori_core::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

use super::envelope;
use super::fs::{Fs, ReadFile, WriteFile};
use super::manifest::Identity;
use super::names::Span;
use super::record::{Frames, HEADER, Header, padded};

const WORD: &str = "gori-log";

/// Bytes that most records take beside their vector.
const LIKELY_REST: usize = 512;

/// What a log begins with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    #[serde(flatten)]
    identity: Identity,
    log: Span,
    /// The number of its first record.
    seq: u64,
}

/// A log that is read from.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    pub(crate) span: Span,
    pub(crate) path: PathBuf,
    pub(crate) salt: u32,
    /// Where the records begin.
    pub(crate) start: u64,
    /// The number of the first record.
    pub(crate) seq: u64,
    pub(crate) dims: usize,
    pub(crate) file: Arc<dyn ReadFile>,
}

impl Log {
    /// Opens a log and reads its head.
    pub(crate) fn open(fs: &dyn Fs, dir: &Path, span: Span) -> Result<(Self, Identity)> {
        let path = dir.join(span.log());
        let about = |error| Error::io(path.display(), error);
        let file = fs.read(&path).map_err(about)?;
        let len = file.len().map_err(about)?;
        let damaged = |message| Error::new(ErrorKind::Corrupt, message);
        let read = || {
            if len < envelope::HEAD as u64 {
                return Err(damaged("is shorter than the head of a log"));
            }
            let mut head = [0; envelope::HEAD];
            file.read_at(0, &mut head).map_err(about)?;
            let promise = envelope::promise(WORD, &head)?;
            let start = padded(head.len() + promise.len) as u64;
            if start > len {
                return Err(damaged("is cut within its head"));
            }
            let mut json = vec![0; promise.len];
            file.read_at(head.len() as u64, &mut json).map_err(about)?;
            let head: Head = promise.keep(WORD, &json)?;
            if head.log != span {
                return Err(damaged("is another log under this name"));
            }
            Ok((start, head.seq, head.identity))
        };
        let (start, seq, identity) = read().map_err(|error| match error.subject() {
            None => error.about(path.display()),
            Some(_) => error,
        })?;
        let log = Self {
            span,
            salt: identity.salt(span),
            start,
            seq,
            dims: identity.dims,
            file,
            path: path.clone(),
        };
        Ok((log, identity))
    }

    /// A log whose head is damaged, taken to be of this store.
    pub(crate) fn headless(
        fs: &dyn Fs,
        dir: &Path,
        span: Span,
        identity: &Identity,
    ) -> Result<Self> {
        let path = dir.join(span.log());
        let file = fs.read(&path);
        let file = file.map_err(|error| Error::io(path.display(), error))?;
        Ok(Self {
            span,
            salt: identity.salt(span),
            start: 0,
            seq: 0,
            dims: identity.dims,
            file,
            path,
        })
    }

    /// Where reading begins.
    pub(crate) fn origin(&self) -> Tip {
        Tip {
            len: self.start,
            seq: self.seq,
            prev: self.salt,
        }
    }

    pub(crate) fn error(&self, error: std::io::Error) -> Error {
        Error::io(self.path.display(), error)
    }

    /// Reads the body of a record by its place. Its checksums are verified.
    pub(crate) fn body(&self, place: Place) -> Result<Vec<u8>> {
        let mut bytes = vec![0; place.len as usize];
        let read = self.file.read_at(place.at, &mut bytes);
        read.map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => self.damaged(place.at),
            _ => self.error(error),
        })?;
        let header = bytes
            .first_chunk()
            .and_then(|head| Header::decode(head, self.salt));
        let body = bytes.get(HEADER..).unwrap_or_default();
        match header {
            Some(header)
                if header.padded() == body.len() && crc32c::crc32c(body) == header.body_sum =>
            {
                bytes.truncate(HEADER + header.len as usize);
                bytes.drain(..HEADER);
                Ok(bytes)
            }
            _ => Err(self.damaged(place.at)),
        }
    }

    /// Fills the buffer from this byte on.
    pub(crate) fn read(&self, at: u64, bytes: &mut [u8]) -> Result<()> {
        let read = self.file.read_at(at, bytes);
        read.map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => self.damaged(at),
            _ => self.error(error),
        })
    }

    /// Reads the body of the record that begins at this byte. Its checksums are verified.
    pub(crate) fn read_body(&self, at: u64, body: &mut Vec<u8>) -> Result<()> {
        // As much at once as most records take; a record at the end of the log may be shorter.
        let likely = HEADER + self.dims * 4 + LIKELY_REST;
        body.resize(likely, 0);
        if self.file.read_at(at, body).is_err() {
            body.resize(HEADER, 0);
            self.read(at, body)?;
        }
        let header = body
            .first_chunk()
            .and_then(|head| Header::decode(head, self.salt))
            .ok_or_else(|| self.damaged(at))?;
        let there = body.len() - HEADER;
        body.drain(..HEADER);
        body.resize(header.padded(), 0);
        if let Some(rest) = body.get_mut(there..).filter(|rest| !rest.is_empty()) {
            self.read(at + (HEADER + there) as u64, rest)?;
        }
        if crc32c::crc32c(body) != header.body_sum {
            return Err(self.damaged(at));
        }
        body.truncate(header.len as usize);
        Ok(())
    }

    pub(crate) fn len(&self) -> Result<u64> {
        self.file.len().map_err(|error| self.error(error))
    }

    pub(crate) fn damaged(&self, at: u64) -> Error {
        Error::new(
            ErrorKind::Corrupt,
            format!("the record at byte {at} is damaged"),
        )
        .about(self.path.display())
        .hint("`LocalStore::repair` keeps what is whole")
    }
}

/// Where a record lies in its log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) at: u64,
    /// Bytes of the header and of the body with its zeros.
    pub(crate) len: u32,
}

/// The end of a log: what the next record has to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tip {
    /// Bytes up to the end of the last whole batch.
    pub(crate) len: u64,
    /// The number the next record gets.
    pub(crate) seq: u64,
    /// The header checksum of the last record.
    pub(crate) prev: u32,
}

/// A log that is written to.
#[derive(Debug)]
pub(crate) struct LogWriter {
    path: PathBuf,
    file: Box<dyn WriteFile>,
    salt: u32,
    pub(crate) tip: Tip,
    /// Bytes that are sure to be on disk.
    synced: u64,
    /// Why nothing may be written any more.
    broken: Option<String>,
}

impl LogWriter {
    /// Makes a new log, on disk with its name when this returns.
    pub(crate) fn create(
        fs: &dyn Fs,
        dir: &Path,
        identity: &Identity,
        span: Span,
        seq: u64,
    ) -> Result<Self> {
        let path = dir.join(span.log());
        let head = Head {
            identity: identity.clone(),
            log: span,
            seq,
        };
        let mut bytes = envelope::seal(WORD, &head)?;
        bytes.resize(padded(bytes.len()), 0);
        let write = || {
            let mut file = fs.create(&path)?;
            file.write(&bytes)?;
            file.sync()?;
            fs.sync_dir(dir)?;
            Ok(file)
        };
        let file = write().map_err(|error| Error::io(path.display(), error))?;
        let (salt, len) = (identity.salt(span), bytes.len() as u64);
        Ok(Self {
            path,
            file,
            salt,
            tip: Tip {
                len,
                seq,
                prev: salt,
            },
            synced: len,
            broken: None,
        })
    }

    /// Goes on writing a log after its last whole batch. What lies beyond is cut off.
    pub(crate) fn resume(fs: &dyn Fs, log: &Log, tip: Tip) -> Result<Self> {
        let about = |error| log.error(error);
        let mut file = fs.append(&log.path).map_err(about)?;
        if log.len()? != tip.len {
            file.truncate(tip.len).map_err(about)?;
        }
        // What was read may so far be known to the page cache alone.
        file.sync().map_err(about)?;
        Ok(Self {
            path: log.path.clone(),
            file,
            salt: log.salt,
            tip,
            synced: tip.len,
            broken: None,
        })
    }

    /// Appends batches and says where each begins. When that fails the log is as before, or
    /// broken where even that cannot be had.
    pub(crate) fn append(&mut self, batches: &mut [Frames]) -> Result<Vec<u64>> {
        self.check()?;
        let mut tip = self.tip;
        let mut places = Vec::with_capacity(batches.len());
        for frames in batches {
            let (bytes, prev) = frames.chain(self.salt, tip.seq, self.synced, tip.prev);
            if let Err(error) = self.file.write(bytes) {
                return Err(self.undo(error));
            }
            places.push(tip.len);
            tip = Tip {
                len: tip.len + bytes.len() as u64,
                seq: tip.seq + frames.len() as u64,
                prev,
            };
        }
        self.tip = tip;
        Ok(places)
    }

    fn undo(&mut self, error: std::io::Error) -> Error {
        if let Err(error) = self.file.truncate(self.tip.len) {
            self.broken = Some(format!("a failed write could not be undone: {error}"));
        }
        let full = matches!(
            error.kind(),
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded
        );
        let error = Error::io(self.path.display(), error);
        if full {
            error.hint("nothing that was stored is lost; make room and write again")
        } else {
            error
        }
    }

    /// Makes what was appended outlive a power cut. After a failure nobody knows what is on
    /// disk, and asking again would wrongly be told that all is well; so the log is broken.
    pub(crate) fn sync(&mut self) -> Result<()> {
        self.check()?;
        if self.synced == self.tip.len {
            return Ok(());
        }
        self.file.sync().map_err(|error| {
            self.broken = Some(format!("a sync failed: {error}"));
            Error::io(self.path.display(), error)
                .hint("the store takes no more writes; mend the disk and open it again")
        })?;
        self.synced = self.tip.len;
        Ok(())
    }

    /// Whether something was appended that is not yet synced.
    pub(crate) fn is_dirty(&self) -> bool {
        self.synced != self.tip.len && self.broken.is_none()
    }

    /// Lets nothing be written any more.
    pub(crate) fn close(&mut self, why: String) {
        self.broken.get_or_insert(why);
    }

    fn check(&self) -> Result<()> {
        match &self.broken {
            None => Ok(()),
            Some(why) => Err(Error::new(
                ErrorKind::ReadOnly,
                format!("the store is read-only since {why}"),
            )
            .about(self.path.display())
            .hint("mend the disk and open the store again")),
        }
    }
}
