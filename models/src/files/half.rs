//! Rounding the weights of a safetensors file to half precision.
//!
//! The layout is that of the safetensors format: eight bytes with the length of a JSON header
//! (little-endian), the header, and the tensors' bytes one after another.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;

use gori_core::{Error, ErrorKind, Result, Stop};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use super::cache::cannot_write;

/// Headers are some kilobytes; this bounds what a broken length can make us read.
const LONGEST_HEADER: u64 = 16 << 20;

/// Writes a copy of a safetensors file in which every F32 tensor is F16; others stay. The
/// tensors keep their order, and the result is the same on every machine.
///
/// # Errors
/// [`ErrorKind::Unsupported`] when the tensors do not follow each other without gaps in the
/// order of the header, [`ErrorKind::Corrupt`] for what is no safetensors file.
pub(super) fn round_weights(from: &Path, to: &Path, stop: &Stop) -> Result<()> {
    let read = |e| Error::io(from.display(), e);
    let write = |e| cannot_write(to, e);
    let mut input = BufReader::with_capacity(1 << 18, File::open(from).map_err(read)?);
    let mut output = BufWriter::with_capacity(1 << 18, File::create(to).map_err(write)?);
    let header = header(&mut input).map_err(|e| e.about(from.display()))?;
    let text = header.rounded();
    let length = text.len() as u64;
    output.write_all(&length.to_le_bytes()).map_err(write)?;
    output.write_all(text.as_bytes()).map_err(write)?;
    for (_, tensor) in &header.tensors {
        let mut rest = tensor.data_offsets.1 - tensor.data_offsets.0;
        let mut buffer = vec![0; 1 << 18];
        while rest > 0 {
            stop.check()?;
            let n = buffer
                .len()
                .min(usize::try_from(rest).unwrap_or(usize::MAX));
            let bytes = buffer.get_mut(..n).unwrap_or_default();
            input.read_exact(bytes).map_err(read)?;
            rest -= bytes.len() as u64;
            let written = match tensor.is_single() {
                true => output.write_all(&halves(bytes)),
                false => output.write_all(bytes),
            };
            written.map_err(write)?;
        }
    }
    output.flush().map_err(write)
}

/// Single-precision numbers as half-precision ones, both little-endian.
fn halves(bytes: &[u8]) -> Vec<u8> {
    let (numbers, _) = bytes.as_chunks::<4>();
    numbers
        .iter()
        .flat_map(|number| half(u32::from_le_bytes(*number)).to_le_bytes())
        .collect()
}

/// A binary32 as the nearest binary16 (IEEE 754), both as their bits. What lies in the middle
/// goes away from zero, as in the file that this must reproduce; what is too large becomes
/// infinite.
fn half(bits: u32) -> u16 {
    let sign = ((bits >> 16) & 0x8000) as u16;
    let exponent = (bits >> 23) & 0xff;
    let fraction = bits & 0x7f_ffff;
    // The exponents are biased by 127 and by 15.
    let magnitude = match exponent {
        0xff => 0x7c00 | if fraction == 0 { 0 } else { 0x200 },
        // Adding the first bit that is cut off rounds; a carry runs into the exponent, which
        // gives the next power of two, and in the end infinity.
        113..=142 => (((exponent - 112) << 10) | (fraction >> 13)) + ((fraction >> 12) & 1),
        143.. => 0x7c00,
        // Below the normal numbers the fraction, with its leading one, is shifted further.
        102..=112 => {
            let whole = fraction | 0x80_0000;
            let shift = 126 - exponent;
            (whole >> shift) + ((whole >> (shift - 1)) & 1)
        }
        _ => 0,
    };
    sign | magnitude as u16
}

fn header(input: &mut impl Read) -> Result<Header> {
    let broken = |e: std::io::Error| corrupt("its header cannot be read").caused_by(e);
    let mut length = [0; 8];
    input.read_exact(&mut length).map_err(broken)?;
    let length = u64::from_le_bytes(length);
    if length > LONGEST_HEADER {
        return Err(corrupt("its header is too long"));
    }
    let mut text = Vec::new();
    input.take(length).read_to_end(&mut text).map_err(broken)?;
    let header: Header = serde_json::from_slice(&text)
        .map_err(|e| corrupt("its header is not what it should be").caused_by(e))?;
    header.check()?;
    Ok(header)
}

fn corrupt(what: &'static str) -> Error {
    Error::new(ErrorKind::Corrupt, what)
}

/// A header, in the order in which it is written.
struct Header {
    metadata: Option<serde_json::Value>,
    tensors: Vec<(String, Tensor)>,
}

#[derive(Deserialize)]
struct Tensor {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: (u64, u64),
}

impl Tensor {
    fn is_single(&self) -> bool {
        self.dtype == "F32"
    }
}

impl Header {
    fn check(&self) -> Result<()> {
        let mut end = 0;
        for (_, tensor) in &self.tensors {
            let (from, to) = tensor.data_offsets;
            let whole = !tensor.is_single() || to.saturating_sub(from) % 4 == 0;
            if from != end || to < from || !whole {
                let what = "its tensors do not follow each other in the order of its header";
                return Err(Error::new(ErrorKind::Unsupported, what));
            }
            end = to;
        }
        Ok(())
    }

    /// The header of the rounded file, as compact JSON.
    fn rounded(&self) -> String {
        let mut items = Vec::with_capacity(self.tensors.len() + 1);
        if let Some(metadata) = &self.metadata {
            items.push(format!("\"__metadata__\":{metadata}"));
        }
        let mut start = 0;
        for (name, tensor) in &self.tensors {
            let bytes = tensor.data_offsets.1 - tensor.data_offsets.0;
            let (dtype, bytes) = match tensor.is_single() {
                true => ("F16", bytes / 2),
                false => (tensor.dtype.as_str(), bytes),
            };
            let shape: Vec<_> = tensor.shape.iter().map(u64::to_string).collect();
            items.push(format!(
                "{}:{{\"dtype\":{},\"shape\":[{}],\"data_offsets\":[{start},{}]}}",
                serde_json::Value::from(name.as_str()),
                serde_json::Value::from(dtype),
                shape.join(","),
                start + bytes
            ));
            start += bytes;
        }
        format!("{{{}}}", items.join(","))
    }
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Header;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("the header of a safetensors file")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
                let mut header = Header {
                    metadata: None,
                    tensors: Vec::new(),
                };
                while let Some(name) = map.next_key::<String>()? {
                    match name.as_str() {
                        "__metadata__" if header.metadata.is_none() => {
                            header.metadata = Some(map.next_value()?);
                        }
                        "__metadata__" => drop(map.next_value::<IgnoredAny>()?),
                        _ => header.tensors.push((name, map.next_value()?)),
                    }
                }
                Ok(header)
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What a binary16 stands for (IEEE 754).
    fn value(half: u16) -> f64 {
        let sign = if half & 0x8000 == 0 { 1.0 } else { -1.0 };
        let (exponent, fraction) = ((half >> 10) & 0x1f, f64::from(half & 0x3ff));
        sign * match exponent {
            0 => fraction * 2_f64.powi(-24),
            0x1f if fraction == 0.0 => f64::INFINITY,
            0x1f => f64::NAN,
            e => (1.0 + fraction / 1024.0) * 2_f64.powi(i32::from(e) - 15),
        }
    }

    /// Rounds by looking at both neighbours, with exact arithmetic: every binary16 and every
    /// middle of two is a binary64.
    fn nearest(x: f32) -> u16 {
        let (size, sign) = (f64::from(x.abs()), ((x.to_bits() >> 16) & 0x8000) as u16);
        let below = (0..0x7c00).collect::<Vec<u16>>();
        let at = below.partition_point(|h| value(*h) <= size) - 1;
        let (low, next) = (below[at], below[at] + 1);
        // Infinity stands where the next number would be.
        let high = if next == 0x7c00 {
            65_536.0
        } else {
            value(next)
        };
        let up = high - size <= size - value(low);
        sign | if up { next } else { low }
    }

    #[test]
    fn every_half_is_itself() {
        let mut tried = 0;
        for bits in 0..=u16::MAX {
            let x = value(bits) as f32;
            if x.is_nan() {
                assert!(value(half(x.to_bits())).is_nan());
            } else {
                assert_eq!(half(x.to_bits()), bits);
            }
            tried += 1;
        }
        println!("{tried} halves");
    }

    #[test]
    fn a_middle_goes_away_from_zero() {
        for bits in 0..0x7bff_u16 {
            let middle = ((value(bits) + value(bits + 1)) / 2.0) as f32;
            assert_eq!(half(middle.to_bits()), bits + 1);
            assert_eq!(half((-middle).to_bits()), 0x8000 | (bits + 1));
            assert_eq!(half(middle.to_bits() - 1), bits);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn the_nearest_half_is_taken(bits: u32, small in -200.0f32..200.0) {
            for x in [f32::from_bits(bits), small] {
                if !x.is_nan() {
                    prop_assert_eq!(half(x.to_bits()), nearest(x), "{}", x);
                }
            }
        }

        #[test]
        fn noise_is_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let dir = tempfile::tempdir().unwrap();
            let (from, to) = (dir.path().join("a"), dir.path().join("b"));
            std::fs::write(&from, bytes).unwrap();
            prop_assert!(round_weights(&from, &to, &Stop::new()).is_err());
        }
    }

    #[test]
    fn singles_are_rounded_and_the_rest_stays() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("a"), dir.path().join("b"));
        let header = r#"{"__metadata__":{"format":"pt"}, "ids":{"dtype":"I64","shape":[1],
            "data_offsets":[0,8]},"w":{"dtype":"F32","shape":[2,1],"data_offsets":[8,16]}} "#;
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.extend(7_i64.to_le_bytes());
        bytes.extend([1.0_f32.to_le_bytes(), (-2.5_f32).to_le_bytes()].concat());
        std::fs::write(&from, bytes).unwrap();
        round_weights(&from, &to, &Stop::new()).unwrap();
        let written = std::fs::read(to).unwrap();
        let header = r#"{"__metadata__":{"format":"pt"},"ids":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},"w":{"dtype":"F16","shape":[2,1],"data_offsets":[8,12]}}"#;
        let mut wanted = (header.len() as u64).to_le_bytes().to_vec();
        wanted.extend(header.as_bytes());
        wanted.extend(7_i64.to_le_bytes());
        wanted.extend([0x00, 0x3c, 0x00, 0xc1]);
        assert_eq!(written, wanted);
    }
}
