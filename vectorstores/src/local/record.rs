//! The frame around everything in a log.
//!
//! A record is a header of 40 bytes, a body, and zeros up to a multiple of 8:
//!
//! ```text
//!  0 u32  checksum of the header: CRC-32C of the file's salt and bytes 4..40
//!  4 u32  checksum of the body with its zeros
//!  8 u32  length of the body without its zeros
//! 12 u8   kind        13 u8 flags: 1 = last of its batch        14 u16 0
//! 16 u64  sequence number: one more than the record before, over all files of a store
//! 24 u64  how many bytes of this file were sure to be on disk when this was written
//! 32 u32  header checksum of the record before (the salt, for the first): the chain
//! 36 u32  0
//! ```
//!
//! The salt is made from the store's identity and the file's name, so that no record of
//! another file, or of an earlier life of the same disk blocks, passes for one of this.

/// Bytes of a header.
pub(crate) const HEADER: usize = 40;

/// The longest body. What claims to be longer is damage.
pub(crate) const MAX_BODY: u32 = 1 << 30;

const LAST: u8 = 1;

/// What a record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A point.
    Put = 1,
    /// An id that is gone.
    Delete = 2,
    /// Nothing: the file ends here and is whole.
    Seal = 3,
    /// Nothing: everything before it is on disk.
    Mark = 4,
}

impl Kind {
    fn of(byte: u8) -> Option<Self> {
        [Self::Put, Self::Delete, Self::Seal, Self::Mark]
            .into_iter()
            .find(|kind| *kind as u8 == byte)
    }
}

/// The frame of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) sum: u32,
    pub(crate) body_sum: u32,
    pub(crate) len: u32,
    pub(crate) kind: Kind,
    pub(crate) last: bool,
    pub(crate) seq: u64,
    pub(crate) synced: u64,
    pub(crate) prev: u32,
}

impl Header {
    /// The bytes of the header, with its checksum, which is also left in `self`.
    pub(crate) fn encode(&mut self, salt: u32) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        let mut at = 4;
        let mut put = |field: &[u8]| {
            if let Some(place) = bytes.get_mut(at..at + field.len()) {
                place.copy_from_slice(field);
            }
            at += field.len();
        };
        put(&self.body_sum.to_le_bytes());
        put(&self.len.to_le_bytes());
        put(&[self.kind as u8, u8::from(self.last) * LAST, 0, 0]);
        put(&self.seq.to_le_bytes());
        put(&self.synced.to_le_bytes());
        put(&self.prev.to_le_bytes());
        put(&[0; 4]);
        let [_, _, _, _, fields @ ..] = &bytes;
        self.sum = crc32c::crc32c_append(salt, fields);
        let [a, b, c, d, ..] = &mut bytes;
        [*a, *b, *c, *d] = self.sum.to_le_bytes();
        bytes
    }

    /// Reads a header; `None` unless its checksum fits.
    pub(crate) fn decode(bytes: &[u8; HEADER], salt: u32) -> Option<Self> {
        let [_, _, _, _, fields @ ..] = bytes;
        let mut rest = super::codec::Bytes(bytes);
        let sum = rest.u32()?;
        if crc32c::crc32c_append(salt, fields) != sum {
            return None;
        }
        let (body_sum, len) = (rest.u32()?, rest.u32()?);
        let [kind, flags, 0, 0] = rest.array()? else {
            return None;
        };
        let header = Self {
            sum,
            body_sum,
            len,
            kind: Kind::of(kind)?,
            last: flags == LAST,
            seq: rest.u64()?,
            synced: rest.u64()?,
            prev: rest.u32()?,
        };
        let sane = len <= MAX_BODY && flags <= LAST && rest.u32()? == 0;
        sane.then_some(header)
    }

    /// Bytes of the body with its zeros.
    pub(crate) fn padded(&self) -> usize {
        padded(self.len as usize)
    }
}

/// The next multiple of 8.
pub(crate) const fn padded(len: usize) -> usize {
    (len + 7) & !7
}

/// Records on their way into a log: framed, but for what only the log knows.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    bytes: Vec<u8>,
    starts: Vec<usize>,
}

impl Frames {
    /// Adds a record whose body is written by `body`. Nothing is added when that fails.
    pub(crate) fn push<E>(
        &mut self,
        kind: Kind,
        body: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let start = self.bytes.len();
        self.bytes.resize(start + HEADER, 0);
        if let Err(error) = body(&mut self.bytes) {
            self.bytes.truncate(start);
            return Err(error);
        }
        let len = self.bytes.len() - start - HEADER;
        self.bytes.resize(start + HEADER + padded(len), 0);
        let body = self.bytes.get(start + HEADER..).unwrap_or_default();
        let mut header = Header {
            sum: 0,
            body_sum: crc32c::crc32c(body),
            len: u32::try_from(len).unwrap_or(u32::MAX),
            kind,
            last: false,
            seq: 0,
            synced: 0,
            prev: 0,
        };
        let head = header.encode(0);
        if let Some(place) = self.bytes.get_mut(start..start + HEADER) {
            place.copy_from_slice(&head);
        }
        self.starts.push(start);
        Ok(())
    }

    /// How many records.
    pub(crate) fn len(&self) -> usize {
        self.starts.len()
    }

    /// Bytes of all records.
    pub(crate) fn byte_len(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Writes into the headers what only the log knows, and gives the bytes to write with
    /// the checksum that the next record has to name.
    pub(crate) fn chain(&mut self, salt: u32, seq: u64, synced: u64, prev: u32) -> (&[u8], u32) {
        let (mut seq, mut prev) = (seq, prev);
        for (i, &start) in self.starts.iter().enumerate() {
            let Some(place) = self
                .bytes
                .get_mut(start..)
                .and_then(|rest| rest.first_chunk_mut::<HEADER>())
            else {
                continue;
            };
            let Some(mut header) = Header::decode(place, 0) else {
                continue;
            };
            header.last = i + 1 == self.starts.len();
            (header.seq, header.synced, header.prev) = (seq, synced, prev);
            *place = header.encode(salt);
            (seq, prev) = (seq + 1, header.sum);
        }
        (&self.bytes, prev)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn header() -> impl Strategy<Value = Header> {
        let kind = (1_u8..5).prop_map(|byte| Kind::of(byte).unwrap());
        let numbers = (
            any::<u32>(),
            0..=MAX_BODY,
            any::<u64>(),
            any::<u64>(),
            any::<u32>(),
        );
        (kind, any::<bool>(), numbers).prop_map(
            |(kind, last, (body_sum, len, seq, synced, prev))| Header {
                sum: 0,
                body_sum,
                len,
                kind,
                last,
                seq,
                synced,
                prev,
            },
        )
    }

    proptest! {
        #[test]
        fn a_header_comes_back_as_it_was(mut header in header(), salt: u32) {
            let bytes = header.encode(salt);
            prop_assert_eq!(Header::decode(&bytes, salt), Some(header));
            prop_assert_eq!(Header::decode(&bytes, salt ^ 1), None);
        }

        #[test]
        fn every_flipped_bit_of_a_header_is_seen(mut header in header(), salt: u32, bit in 0..HEADER * 8) {
            let mut bytes = header.encode(salt);
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(Header::decode(&bytes, salt), None);
        }
    }
}
