//! The header of a GGUF file: metadata and the places of tensors, read with distrust.
//!
//! The layout is that of the specification in the ggml repository (`docs/gguf.md`), versions 2
//! and 3, little-endian. Every count and length is checked against the bytes that the file still
//! has before anything is allocated for it, so that a header of a few bytes cannot ask for
//! gigabytes, and every tensor against the end of the file before it is read.

use std::collections::BTreeMap;
use std::io::Read;

use gori_core::{Error, ErrorKind, Result};

use super::dequant::Format;

/// The longest text, in bytes. The longest seen are chat templates of about 100 KB.
const LONGEST_TEXT: u64 = 1 << 24;
/// Metadata and tensor descriptions together, in bytes. Vocabularies take up to about 20 MB.
const LARGEST_HEADER: u64 = 1 << 28;

/// A value of the metadata.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Int(i128),
    Float(f64),
    Bool(bool),
    Text(String),
    Ints(Vec<i64>),
    Texts(Vec<String>),
    /// An array that nothing here asks for: it was checked and passed over.
    Skipped,
}

/// Where a tensor lies and what it is.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tensor {
    /// Numbers in a row.
    pub(super) cols: usize,
    /// Rows.
    pub(super) rows: usize,
    pub(super) format: Format,
    /// The first byte, counted from the beginning of the file.
    pub(super) start: u64,
    /// Its length in bytes.
    pub(super) length: u64,
}

/// What a GGUF file says of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Header {
    pub(super) metadata: BTreeMap<String, Value>,
    pub(super) tensors: BTreeMap<String, Tensor>,
}

impl Header {
    /// Reads the header of a file of this many bytes.
    pub(super) fn read(from: impl Read, length: u64) -> Result<Self> {
        let mut cursor = Cursor {
            from,
            at: 0,
            length,
        };
        if cursor.array::<4>()? != *b"GGUF" {
            return Err(Error::new(ErrorKind::Corrupt, "this is no GGUF file")
                .hint("GGUF files begin with the letters GGUF"));
        }
        let version = cursor.u32()?;
        if !matches!(version, 2 | 3) {
            return Err(Error::new(
                ErrorKind::Unsupported,
                format!("version {version} of GGUF is not supported"),
            )
            .hint("versions 2 and 3 are; convert the file with a current llama.cpp"));
        }
        let tensors = cursor.u64()?;
        let entries = cursor.u64()?;
        // A tensor takes 32 bytes at the least, an entry 13.
        let least = u128::from(tensors) * 32 + u128::from(entries) * 13;
        if least > u128::from(cursor.left()) {
            return Err(corrupt(format!(
                "it claims {tensors} tensors and {entries} entries, more than it has bytes for"
            )));
        }
        let mut header = Self::default();
        for _ in 0..entries {
            let key = cursor.text()?;
            let kind = cursor.u32()?;
            let value = cursor.value(kind).map_err(|error| error.about(&key))?;
            header.metadata.insert(key, value);
        }
        let mut places = Vec::new();
        for _ in 0..tensors {
            let name = cursor.text()?;
            let tensor = cursor.tensor().map_err(|error| error.about(&name))?;
            places.push((name, tensor));
        }
        let start = cursor.at.next_multiple_of(header.alignment()?);
        // Tensors that share their bytes would make much memory of a small file.
        let all = places.iter().map(|(_, tensor)| u128::from(tensor.length));
        if all.sum::<u128>() > u128::from(length) {
            return Err(corrupt("its tensors together are longer than the file")
                .hint("the file was not downloaded whole, or is damaged: fetch it again"));
        }
        for (name, mut tensor) in places {
            tensor.start = tensor.start.saturating_add(start);
            let end = tensor.start.checked_add(tensor.length);
            if end.is_none_or(|end| end > length) {
                return Err(corrupt("it ends before its last tensor does")
                    .about(name)
                    .hint("the file was not downloaded whole: fetch it again"));
            }
            if header.tensors.insert(name.clone(), tensor).is_some() {
                return Err(corrupt("two tensors have this name").about(name));
            }
        }
        Ok(header)
    }

    fn alignment(&self) -> Result<u64> {
        match self.metadata.get("general.alignment") {
            None => Ok(32),
            Some(Value::Int(n @ 1..=65536)) if n.count_ones() == 1 => {
                u64::try_from(*n).map_err(|_| corrupt("the alignment is no power of two"))
            }
            Some(_) => Err(corrupt("the alignment is no power of two up to 65536")),
        }
    }

    /// A text, where there is one.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        match self.metadata.get(key) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// A whole number in a range, where there is one.
    pub(super) fn int(
        &self,
        key: &str,
        range: std::ops::RangeInclusive<usize>,
    ) -> Result<Option<usize>> {
        let value = match self.metadata.get(key) {
            None => return Ok(None),
            Some(Value::Int(value)) => usize::try_from(*value).ok(),
            Some(_) => None,
        };
        match value {
            Some(value) if range.contains(&value) => Ok(Some(value)),
            _ => Err(corrupt(format!(
                "its value is no whole number from {} to {}",
                range.start(),
                range.end()
            ))
            .about(key)),
        }
    }

    /// A number that is finite and above zero, where there is one.
    pub(super) fn positive(&self, key: &str) -> Result<Option<f32>> {
        let value = match self.metadata.get(key) {
            None => return Ok(None),
            Some(Value::Float(value)) => *value as f32,
            Some(_) => 0.0,
        };
        if value.is_finite() && value > 0.0 {
            Ok(Some(value))
        } else {
            Err(corrupt("its value is no number above zero").about(key))
        }
    }

    /// A flag; false where there is none.
    pub(super) fn flag(&self, key: &str) -> bool {
        matches!(self.metadata.get(key), Some(Value::Bool(true)))
    }
}

pub(super) fn corrupt(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Corrupt, message)
}

struct Cursor<R> {
    from: R,
    at: u64,
    length: u64,
}

impl<R: Read> Cursor<R> {
    /// The bytes that the header may still have.
    fn left(&self) -> u64 {
        self.length.min(LARGEST_HEADER).saturating_sub(self.at)
    }

    fn fill(&mut self, into: &mut [u8]) -> Result<()> {
        if into.len() as u64 > self.left() {
            return Err(corrupt("the header ends too early")
                .hint("the file was not downloaded whole: fetch it again"));
        }
        self.from
            .read_exact(into)
            .map_err(|error| Error::io("GGUF header", error))?;
        self.at += into.len() as u64;
        Ok(())
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn u64(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    fn text(&mut self) -> Result<String> {
        let length = self.u64()?;
        if length > LONGEST_TEXT.min(self.left()) {
            return Err(corrupt(format!("a text of {length} bytes is too long")));
        }
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
        self.fill(&mut bytes)?;
        String::from_utf8(bytes).map_err(|error| corrupt("a text is no UTF-8").caused_by(error))
    }

    fn value(&mut self, kind: u32) -> Result<Value> {
        Ok(match kind {
            6 => Value::Float(f32::from_le_bytes(self.array()?).into()),
            12 => Value::Float(f64::from_le_bytes(self.array()?)),
            7 => Value::Bool(self.array::<1>()? != [0]),
            8 => Value::Text(self.text()?),
            9 => self.values()?,
            kind => Value::Int(self.int(kind)?),
        })
    }

    fn int(&mut self, kind: u32) -> Result<i128> {
        Ok(match kind {
            0 => u8::from_le_bytes(self.array()?).into(),
            1 => i8::from_le_bytes(self.array()?).into(),
            2 => u16::from_le_bytes(self.array()?).into(),
            3 => i16::from_le_bytes(self.array()?).into(),
            4 => u32::from_le_bytes(self.array()?).into(),
            5 => i32::from_le_bytes(self.array()?).into(),
            10 => u64::from_le_bytes(self.array()?).into(),
            11 => i64::from_le_bytes(self.array()?).into(),
            _ => return Err(corrupt(format!("{kind} is no type of a value"))),
        })
    }

    fn values(&mut self) -> Result<Value> {
        let kind = self.u32()?;
        let count = self.u64()?;
        let size = match kind {
            0 | 1 | 7 => 1,
            2 | 3 => 2,
            4..=6 => 4,
            8 | 10..=12 => 8,
            _ => return Err(corrupt(format!("{kind} is no type of an array's values"))),
        };
        if u128::from(count) * size > u128::from(self.left()) {
            return Err(corrupt(format!(
                "it claims {count} values, more than the file has bytes for"
            )));
        }
        match kind {
            8 => (0..count)
                .map(|_| self.text())
                .collect::<Result<_>>()
                .map(Value::Texts),
            6 | 7 | 12 => {
                for _ in 0..count {
                    self.value(kind)?;
                }
                Ok(Value::Skipped)
            }
            kind => (0..count)
                .map(|_| Ok(i64::try_from(self.int(kind)?).unwrap_or(i64::MAX)))
                .collect::<Result<_>>()
                .map(Value::Ints),
        }
    }

    /// A tensor whose start still counts from the end of the header.
    fn tensor(&mut self) -> Result<Tensor> {
        let dims = self.u32()?;
        if !(1..=4).contains(&dims) {
            return Err(corrupt(format!("it has {dims} dimensions")));
        }
        let mut sizes = [1_u64; 4];
        for size in sizes.iter_mut().take(dims as usize) {
            *size = self.u64()?;
        }
        let [cols, a, b, c] = sizes;
        let rows = a.checked_mul(b).and_then(|rows| rows.checked_mul(c));
        let format = Format::of(self.u32()?)?;
        let start = self.u64()?;
        let length = rows.and_then(|rows| format.bytes(cols)?.checked_mul(rows));
        match (usize::try_from(cols), rows.map(usize::try_from), length) {
            (Ok(cols @ 1..), Some(Ok(rows @ 1..)), Some(length)) => Ok(Tensor {
                cols,
                rows,
                format,
                start,
                length,
            }),
            _ => Err(corrupt(format!(
                "{sizes:?} numbers of {format:?} cannot be"
            ))),
        }
    }
}
