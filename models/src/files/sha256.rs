//! A SHA-256 digest as a value, and the digest of a file.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use gori_core::{Error, Result, Stop};
use sha2::Digest;

/// A SHA-256 digest (FIPS 180-4), written as 64 hexadecimal digits.
///
/// ```
/// use gori_models::{files::Sha256, sha256};
///
/// let empty = sha256!("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
/// assert_eq!(empty, Sha256::of(b""));
/// assert_eq!(Sha256::parse(&empty.to_string())?, empty);
/// # Ok::<(), gori_core::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sha256([u8; 32]);

/// A [`Sha256`](crate::files::Sha256) from its 64 hexadecimal digits; anything else does not
/// compile.
///
/// ```compile_fail
/// let short = gori_models::sha256!("e3b0c442");
/// ```
#[macro_export]
macro_rules! sha256 {
    ($digits:literal) => {
        const { $crate::files::Sha256::literal($digits) }
    };
}

impl Sha256 {
    /// The digest of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// Reads 64 hexadecimal digits of either case.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](gori_core::ErrorKind::InvalidInput) for anything else.
    pub fn parse(digits: &str) -> Result<Self> {
        Self::decode(digits.as_bytes())
            .ok_or_else(|| Error::invalid("a SHA-256 digest has 64 hexadecimal digits"))
    }

    /// For constants, through [`sha256!`](crate::sha256): evaluated while compiling, where a
    /// failed assertion is a compile error.
    #[doc(hidden)]
    pub const fn literal(digits: &str) -> Self {
        let digest = Self::decode(digits.as_bytes());
        assert!(
            digest.is_some(),
            "a SHA-256 digest has 64 hexadecimal digits"
        );
        match digest {
            Some(digest) => digest,
            None => Self([0; 32]),
        }
    }

    const fn decode(digits: &[u8]) -> Option<Self> {
        if digits.len() != 64 {
            return None;
        }
        let mut bytes = [0; 32];
        let mut i = 0;
        while i < 32 {
            let (Some(high), Some(low)) = (nibble(digits[2 * i]), nibble(digits[2 * i + 1])) else {
                return None;
            };
            bytes[i] = (high << 4) | low;
            i += 1;
        }
        Some(Self(bytes))
    }

    /// The digest of a file, read once from start to end; `seen` hears of the bytes so far.
    ///
    /// # Errors
    /// When the file cannot be read, or the work was stopped.
    pub(super) fn of_file(path: &Path, stop: &Stop, mut seen: impl FnMut(u64)) -> Result<Self> {
        let mut file = File::open(path).map_err(|e| Error::io(path.display(), e))?;
        let mut hasher = sha2::Sha256::new();
        let mut buffer = vec![0; 256 * 1024];
        let mut total = 0;
        loop {
            stop.check()?;
            let n = match file.read(&mut buffer) {
                Ok(0) => return Ok(Self(hasher.finalize().into())),
                Ok(n) => n,
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(Error::io(path.display(), e)),
            };
            hasher.update(buffer.get(..n).unwrap_or_default());
            total += n as u64;
            seen(total);
        }
    }
}

const fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_back(bytes: Vec<u8>) {
            let digest = Sha256::of(&bytes);
            prop_assert_eq!(Sha256::parse(&digest.to_string()).unwrap(), digest);
            prop_assert_eq!(Sha256::parse(&digest.to_string().to_uppercase()).unwrap(), digest);
        }

        #[test]
        fn no_other_text_is_a_digest(text in "[0-9a-g]{0,70}|[0-9a-f]{64}é?") {
            let fits = text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
            prop_assert_eq!(Sha256::parse(&text).is_ok(), fits);
        }
    }

    #[test]
    fn a_file_has_the_digest_of_its_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let bytes = vec![7; 700_001];
        std::fs::write(&path, &bytes).unwrap();
        let mut last = 0;
        let digest = Sha256::of_file(&path, &Stop::new(), |n| last = n).unwrap();
        assert_eq!(digest, Sha256::of(&bytes));
        assert_eq!(last, 700_001);
    }
}
