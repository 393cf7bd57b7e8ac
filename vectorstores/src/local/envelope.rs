//! A small JSON text with a magic word, a version and a checksum: CURRENT, and the heads of
//! logs. Readable with `head`, extensible by field, and refused whole when one bit is wrong.
//!
//! ```text
//! gori-log 1 00000123 9a0b1c2d\n{...}
//! word, version, bytes of JSON in decimal, CRC-32C of word, version and JSON in hexadecimal
//! ```

use gori_core::{Error, ErrorKind, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The version of everything on disk. A store of a higher version is refused.
pub(crate) const VERSION: u32 = 1;

/// Bytes before the JSON.
pub(crate) const HEAD: usize = 29;

/// A JSON text larger than this is no envelope of ours.
const MAX: usize = 64 << 20;

fn sum(word: &str, json: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(format!("{word} {VERSION}").as_bytes()), json)
}

/// Seals a value. `word` has eight letters.
pub(crate) fn seal(word: &str, value: &impl Serialize) -> Result<Vec<u8>> {
    let json = serde_json::to_vec(value).map_err(|error| {
        Error::new(ErrorKind::Internal, "cannot write down the store's state").caused_by(error)
    })?;
    let head = format!(
        "{word} {VERSION} {:08} {:08x}\n",
        json.len(),
        sum(word, &json)
    );
    debug_assert_eq!(head.len(), HEAD);
    Ok([head.into_bytes(), json].concat())
}

/// What the head of an envelope promises.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Promise {
    /// Bytes of JSON that follow the head.
    pub(crate) len: usize,
    sum: u32,
}

/// Reads the head of an envelope.
pub(crate) fn promise(word: &str, head: &[u8]) -> Result<Promise> {
    let damaged = || {
        Error::new(
            ErrorKind::Corrupt,
            format!("does not begin as a {word} file does"),
        )
    };
    let text = head
        .get(..HEAD)
        .and_then(|head| std::str::from_utf8(head).ok());
    let mut words = text
        .ok_or_else(damaged)?
        .strip_suffix('\n')
        .ok_or_else(damaged)?
        .split(' ');
    let mut next = || words.next().ok_or_else(damaged);
    if next()? != word {
        return Err(damaged());
    }
    let version: u32 = next()?.parse().map_err(|_| damaged())?;
    if version != VERSION {
        return Err(Error::new(
            ErrorKind::Unsupported,
            format!("the file has format {version}, and this build reads format {VERSION}"),
        )
        .hint("use the version of gori that wrote it, and migrate"));
    }
    let len: usize = next()?.parse().map_err(|_| damaged())?;
    let sum = u32::from_str_radix(next()?, 16).map_err(|_| damaged())?;
    let promise = Promise { len, sum };
    // The head is held to the one spelling we write, since its own bytes are not all under
    // the checksum.
    let spelled = format!("{word} {VERSION} {len:08} {sum:08x}\n");
    if len > MAX || text != Some(spelled.as_str()) {
        return Err(damaged());
    }
    Ok(promise)
}

impl Promise {
    /// Reads the JSON that followed the head.
    pub(crate) fn keep<T: DeserializeOwned>(self, word: &str, json: &[u8]) -> Result<T> {
        if json.len() != self.len || sum(word, json) != self.sum {
            return Err(Error::new(ErrorKind::Corrupt, "the checksum does not fit"));
        }
        serde_json::from_slice(json).map_err(|error| {
            Error::new(ErrorKind::Corrupt, "the checksum fits, but not the content")
                .caused_by(error)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open<T: DeserializeOwned>(word: &str, bytes: &[u8]) -> Result<T> {
        promise(word, bytes)?.keep(word, bytes.get(HEAD..).unwrap_or_default())
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_seen() {
        let sealed = seal("gori-try", &("some text", 7)).unwrap();
        assert_eq!(open::<(String, i32)>("gori-try", &sealed).unwrap().1, 7);
        for bit in 0..sealed.len() * 8 {
            let mut bytes = sealed.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(
                open::<(String, i32)>("gori-try", &bytes).is_err(),
                "bit {bit}"
            );
        }
        for len in 0..sealed.len() {
            assert!(open::<(String, i32)>("gori-try", &sealed[..len]).is_err());
        }
        assert!(open::<(String, i32)>("gori-log", &sealed).is_err());
    }
}
