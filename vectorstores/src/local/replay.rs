//! Reading a log from its beginning, and judging how it ends.

use gori_core::{Error, ErrorKind, Result};

use super::log::{Log, Tip};
use super::record::{HEADER, Header};

/// How much is read at once.
const CHUNK: usize = 1 << 20;

/// How a log ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// With a whole batch.
    Whole,
    /// With bytes that a crash left of a batch that was never acknowledged.
    Torn {
        /// How many.
        bytes: u64,
    },
    /// With bytes that were once sure to be on disk and are not what was written.
    Damaged {
        /// Where the first bad record lies.
        at: u64,
    },
}

/// One record as it was read.
#[derive(Debug)]
pub(crate) struct Record<'a> {
    pub(crate) at: u64,
    pub(crate) header: Header,
    pub(crate) body: &'a [u8],
}

/// Reads all whole batches, giving each record to `record` and then calling `batch` at
/// the end of every batch; what came since the last such call did not count.
///
/// # Errors
/// Those of reading and of the calls. Damage is no error here but an [`End`].
pub(crate) fn replay<S>(
    log: &Log,
    from: Tip,
    state: &mut S,
    mut record: impl FnMut(&mut S, Record<'_>) -> Result<()>,
    mut batch: impl FnMut(&mut S) -> Result<()>,
) -> Result<(Tip, End)> {
    let mut window = Window::new(log, from.len)?;
    let (mut tip, mut next) = (from, from);
    while let Some(header) = window.header(next.len)? {
        if header.seq != next.seq || header.prev != next.prev {
            break;
        }
        let Some(body) = window.body(next.len, &header)? else {
            break;
        };
        let at = next.len;
        record(state, Record { at, header, body })?;
        next = Tip {
            len: at + (HEADER + header.padded()) as u64,
            seq: next.seq + 1,
            prev: header.sum,
        };
        if header.last {
            batch(state)?;
            tip = next;
        }
    }
    let end = if tip.len == window.end {
        End::Whole
    } else if window.acknowledged_after(next.len)? {
        End::Damaged { at: next.len }
    } else {
        End::Torn {
            bytes: window.end - tip.len,
        }
    };
    Ok((tip, end))
}

/// The error for [`End::Damaged`].
pub(crate) fn refused(log: &Log, at: u64) -> Error {
    Error::new(
        ErrorKind::Corrupt,
        format!("the record at byte {at} is damaged, and acknowledged ones follow it"),
    )
    .about(log.path.display())
    .hint("`LocalStore::repair` keeps what is whole")
}

/// Gives every whole record of a damaged log, and `None` before one that follows a gap; says
/// how many bytes lie in gaps.
pub(crate) fn salvage(log: &Log, mut found: impl FnMut(Option<Record<'_>>)) -> Result<u64> {
    let mut window = Window::new(log, log.start)?;
    let (mut at, mut lost, mut gap) = (log.start, 0, false);
    while at < window.end {
        if let Some(header) = window.header(at)?
            && let Some(body) = window.body(at, &header)?
        {
            if std::mem::take(&mut gap) {
                found(None);
            }
            found(Some(Record { at, header, body }));
            at += (HEADER + header.padded()) as u64;
        } else {
            gap = true;
            let step = (window.end - at).min(8);
            lost += step;
            at += step;
        }
    }
    Ok(lost)
}

/// A part of the file in memory.
struct Window<'l> {
    log: &'l Log,
    bytes: Vec<u8>,
    start: u64,
    /// Where the file ended when reading began.
    end: u64,
}

impl<'l> Window<'l> {
    fn new(log: &'l Log, start: u64) -> Result<Self> {
        Ok(Self {
            log,
            bytes: Vec::new(),
            start,
            end: log.len()?.max(start),
        })
    }

    /// The bytes from `at` on, `None` where the file ends before.
    fn get(&mut self, at: u64, len: usize) -> Result<Option<&[u8]>> {
        if at.checked_add(len as u64).is_none_or(|to| to > self.end) {
            return Ok(None);
        }
        let held = |start: u64, bytes: &[u8]| {
            let offset = usize::try_from(at.checked_sub(start)?).ok()?;
            bytes.get(offset..offset.checked_add(len)?)?;
            Some(offset)
        };
        if held(self.start, &self.bytes).is_none() {
            let left = usize::try_from(self.end - at).unwrap_or(usize::MAX);
            self.bytes.resize(len.max(CHUNK).min(left), 0);
            self.start = at;
            self.log
                .file
                .read_at(at, &mut self.bytes)
                .map_err(|error| self.log.error(error))?;
        }
        Ok(held(self.start, &self.bytes).and_then(|offset| self.bytes.get(offset..offset + len)))
    }

    fn header(&mut self, at: u64) -> Result<Option<Header>> {
        let salt = self.log.salt;
        let bytes = self.get(at, HEADER)?.and_then(|bytes| bytes.first_chunk());
        Ok(bytes.and_then(|bytes| Header::decode(bytes, salt)))
    }

    /// The body without its zeros, `None` when its checksum does not fit.
    fn body(&mut self, at: u64, header: &Header) -> Result<Option<&[u8]>> {
        let bytes = self.get(at + HEADER as u64, header.padded())?;
        Ok(bytes
            .filter(|bytes| crc32c::crc32c(bytes) == header.body_sum)
            .and_then(|bytes| bytes.get(..header.len as usize)))
    }

    /// Whether a record after `at` knows that the bytes at `at` were on disk once.
    ///
    /// A crash leaves behind any part of the batches that were not synced yet, in any order,
    /// so that whole records may well follow torn ones. But none of those claims that the
    /// bytes before it were synced, unless they were.
    fn acknowledged_after(&mut self, at: u64) -> Result<bool> {
        let mut place = at;
        while place.saturating_add(HEADER as u64) <= self.end {
            if let Some(header) = self.header(place)?
                && header.synced > at
                && self.body(place, &header)?.is_some()
            {
                return Ok(true);
            }
            place += 8;
        }
        Ok(false)
    }
}
