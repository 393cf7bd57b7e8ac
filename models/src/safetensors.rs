//! Reading a safetensors file: eight bytes of header length, a JSON header, then the numbers.
//!
//! The format is described at <https://github.com/huggingface/safetensors>. A header is checked
//! as a whole before any number is read, so that a damaged or hostile file gives an error and
//! never an allocation larger than the file itself. Tensors are read one at a time, which keeps
//! the peak at the widened weights and one tensor.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use gori_core::{Error, ErrorKind, Result};
use serde::Deserialize;
use serde::de::{MapAccess, Visitor};

/// The limit that the format's own reader sets for a header.
const MAX_HEADER: u64 = 100_000_000;

/// The number types that can be read as weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Dtype {
    F32,
    F16,
    BF16,
}

impl Dtype {
    /// The name by which an embedder's id tells files of one model apart.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::BF16 => "bf16",
        }
    }
}

/// An opened file whose header was found sound.
#[derive(Debug)]
pub(crate) struct TensorFile {
    path: PathBuf,
    file: File,
    /// Where the numbers begin, counted from the start of the file.
    data_start: u64,
    tensors: BTreeMap<String, Entry>,
    fingerprint: Fingerprint,
}

/// One tensor's line in the header.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: (u64, u64),
}

impl TensorFile {
    /// Opens a file and checks its header: sizes that fit shapes and types, ranges that cover
    /// the file without gap or overlap, as the format demands.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let mut file = File::open(path).map_err(|e| Error::io(path.display(), e))?;
        let io = |e| Error::io(path.display(), e);
        let size = file.metadata().map_err(io)?.len();
        let mut length = [0; 8];
        if size < 8 {
            return Err(corrupt(path, format!("{size} bytes cannot hold a header")));
        }
        file.read_exact(&mut length).map_err(io)?;
        let length = u64::from_le_bytes(length);
        if length > MAX_HEADER || length > size - 8 {
            return Err(corrupt(
                path,
                format!("a header of {length} bytes in a file of {size}"),
            ));
        }
        let mut header = vec![0; length as usize];
        file.read_exact(&mut header).map_err(io)?;
        let Header(tensors) = serde_json::from_slice(&header)
            .map_err(|e| corrupt(path, "the header is not a map of tensors").caused_by(e))?;
        check_ranges(&tensors, size - 8 - length).map_err(|why| corrupt(path, why))?;
        let mut fingerprint = Fingerprint::new();
        fingerprint.add(&header);
        Ok(Self {
            path: path.to_owned(),
            file,
            data_start: 8 + length,
            tensors,
            fingerprint,
        })
    }

    /// The names of all tensors.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// The shape of a tensor, when there is one of that name.
    pub(crate) fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensors.get(name).map(|entry| entry.shape.as_slice())
    }

    /// Reads a tensor that must have this shape, in the file's own number type.
    pub(crate) fn read(&mut self, name: &str, shape: &[usize]) -> Result<Numbers> {
        let Some(entry) = self.tensors.get(name) else {
            return Err(self.unfit(format!("there is no tensor `{name}`")));
        };
        if entry.shape != shape {
            return Err(self.unfit(format!(
                "tensor `{name}` has shape {:?} where {shape:?} is needed",
                entry.shape
            )));
        }
        let dtype = match entry.dtype.as_str() {
            "F32" => Dtype::F32,
            "F16" => Dtype::F16,
            "BF16" => Dtype::BF16,
            other => {
                return Err(self.unfit(format!("tensor `{name}` is of type {other}")));
            }
        };
        let (begin, end) = entry.data_offsets;
        let io = |e| Error::io(self.path.display(), e);
        let mut bytes = vec![0; (end - begin) as usize];
        (self.file.seek(SeekFrom::Start(self.data_start + begin))).map_err(io)?;
        self.file.read_exact(&mut bytes).map_err(io)?;
        self.fingerprint.add(&bytes);
        let numbers = Numbers::from_bytes(dtype, &bytes);
        if !numbers.are_finite() {
            return Err(corrupt(
                &self.path,
                format!("tensor `{name}` holds a number that is not finite"),
            ));
        }
        Ok(numbers)
    }

    /// What was read so far, in 64 bits.
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        self.fingerprint.clone()
    }

    /// The file is sound and still not what the model needs.
    fn unfit(&self, why: String) -> Error {
        Error::new(ErrorKind::Model, why)
            .about(self.path.display())
            .hint("is this the weights file that belongs to the config.json?")
    }
}

fn corrupt(path: &Path, why: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Corrupt, why)
        .about(path.display())
        .hint("fetch the file again")
}

/// Checks every range against its shape and type, and that together they cover the data.
fn check_ranges(tensors: &BTreeMap<String, Entry>, size: u64) -> Result<(), String> {
    let mut ranges = Vec::with_capacity(tensors.len());
    for (name, entry) in tensors {
        let width = match entry.dtype.as_str() {
            "BOOL" | "U8" | "I8" | "F8_E4M3" | "F8_E5M2" | "F8_E8M0" => 1,
            "U16" | "I16" | "F16" | "BF16" => 2,
            "U32" | "I32" | "F32" => 4,
            "U64" | "I64" | "F64" | "C64" => 8,
            other => return Err(format!("tensor `{name}` has the unknown type {other:?}")),
        };
        let (begin, end) = entry.data_offsets;
        let needed =
            (entry.shape.iter()).try_fold(width, |product: u64, n| product.checked_mul(*n as u64));
        if needed.is_none() || end.checked_sub(begin) != needed {
            return Err(format!(
                "tensor `{name}` and its bytes {begin}..{end} differ in size"
            ));
        }
        ranges.push((begin, end));
    }
    ranges.sort_unstable();
    let mut at = 0;
    for (begin, end) in ranges {
        if begin != at {
            return Err(format!("a gap or an overlap in the tensors at byte {at}"));
        }
        at = end;
    }
    if at != size {
        return Err(format!(
            "the tensors take {at} bytes, the file holds {size}"
        ));
    }
    Ok(())
}

/// The header: tensors by name. A name that comes twice is refused, since readers differ in
/// which one they take.
struct Header(BTreeMap<String, Entry>);

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Tensors;
        impl<'de> Visitor<'de> for Tensors {
            type Value = Header;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of tensors")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
                let mut tensors = BTreeMap::new();
                while let Some(name) = map.next_key::<String>()? {
                    if name == "__metadata__" {
                        map.next_value::<serde::de::IgnoredAny>()?;
                    } else if tensors.insert(name, map.next_value()?).is_some() {
                        return Err(serde::de::Error::custom("a tensor's name comes twice"));
                    }
                }
                Ok(Header(tensors))
            }
        }
        deserializer.deserialize_map(Tensors)
    }
}

/// A tensor's numbers as the file holds them.
#[derive(Clone, Debug)]
pub(crate) enum Numbers {
    F32(Vec<f32>),
    F16(Vec<u16>),
    BF16(Vec<u16>),
}

impl Numbers {
    fn from_bytes(dtype: Dtype, bytes: &[u8]) -> Self {
        let halves = || {
            (bytes.as_chunks::<2>().0.iter())
                .map(|b| u16::from_le_bytes(*b))
                .collect()
        };
        match dtype {
            Dtype::F32 => Self::F32(
                (bytes.as_chunks::<4>().0.iter())
                    .map(|b| f32::from_le_bytes(*b))
                    .collect(),
            ),
            Dtype::F16 => Self::F16(halves()),
            Dtype::BF16 => Self::BF16(halves()),
        }
    }

    /// The type they are kept in.
    pub(crate) fn dtype(&self) -> Dtype {
        match self {
            Self::F32(_) => Dtype::F32,
            Self::F16(_) => Dtype::F16,
            Self::BF16(_) => Dtype::BF16,
        }
    }

    fn are_finite(&self) -> bool {
        match self {
            Self::F32(x) => x.iter().all(|x| x.is_finite()),
            Self::F16(x) => x.iter().all(|x| x & 0x7c00 != 0x7c00),
            Self::BF16(x) => x.iter().all(|x| x & 0x7f80 != 0x7f80),
        }
    }

    /// All of them as single precision.
    pub(crate) fn widen(self) -> Vec<f32> {
        match self {
            Self::F32(x) => x,
            Self::F16(x) => x.into_iter().map(f16_to_f32).collect(),
            Self::BF16(x) => x.into_iter().map(bf16_to_f32).collect(),
        }
    }

    /// Adds the numbers from `start` on to `to`, widened. Adds nothing outside the tensor.
    pub(crate) fn add_to(&self, start: usize, to: &mut [f32]) {
        fn add<T: Copy>(from: &[T], start: usize, to: &mut [f32], widen: impl Fn(T) -> f32) {
            let row = from.get(start..).unwrap_or_default();
            for (to, from) in to.iter_mut().zip(row) {
                *to += widen(*from);
            }
        }
        match self {
            Self::F32(x) => add(x, start, to, |x| x),
            Self::F16(x) => add(x, start, to, f16_to_f32),
            Self::BF16(x) => add(x, start, to, bf16_to_f32),
        }
    }
}

/// IEEE 754 half to single precision. Moving the bits into place leaves the exponent 112 too
/// small; a multiplication by 2^112 mends it, for subnormal numbers too. Infinity and NaN, which
/// this would make finite, were refused before.
fn f16_to_f32(half: u16) -> f32 {
    let sign = u32::from(half & 0x8000) << 16;
    let rest = f32::from_bits(u32::from(half & 0x7fff) << 13) * f32::from_bits(239 << 23);
    f32::from_bits(rest.to_bits() | sign)
}

fn bf16_to_f32(half: u16) -> f32 {
    f32::from_bits(u32::from(half) << 16)
}

/// A 64-bit hash that tells two models apart in an embedder's id. It is quick, the same on every
/// machine, and no defence against forgery: that is what the sha256 of a fetched file is for.
#[derive(Clone, Debug)]
pub(crate) struct Fingerprint(u64);

impl Fingerprint {
    pub(crate) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// FNV-1a's step, over words of eight bytes, with a rotation so that high bits count too.
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        let mut tail = [0; 8];
        for (to, from) in tail.iter_mut().zip(rest) {
            *to = *from;
        }
        let words = words.iter().chain(std::iter::once(&tail));
        for word in words.map(|b| u64::from_le_bytes(*b)) {
            self.0 = (self.0 ^ word)
                .wrapping_mul(0x0000_0100_0000_01b3)
                .rotate_left(29);
        }
        self.0 = (self.0 ^ bytes.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 ^= self.0 >> 32;
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}
