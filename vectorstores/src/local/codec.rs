//! Points as bytes: what a record of the log holds. Everything is little-endian.
//!
//! ```text
//! put     vector: dims x f32 | id length u32 | text length u32 | metadata length u32
//!         | id | text | metadata
//! delete  id
//! metadata   count u32, then for each: name length u32 | name | value
//! value      tag u8, then 0,1: false, true | 2: i64 | 3: f64 | 4: length u32, UTF-8
//!            | 5: time as i64 milliseconds | 6: count u32, values
//! ```

use gori_core::{Error, ErrorKind, Metadata, Point, Result, Time, Value};

/// How deep lists in lists may go. Reading them is recursive, so there must be an end.
pub(crate) const DEPTH: u32 = 32;

/// A point as it lies in a record, its text and id borrowed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Put<'a> {
    pub(crate) vector: &'a [u8],
    pub(crate) id: &'a str,
    pub(crate) text: &'a str,
    metadata: &'a [u8],
}

impl<'a> Put<'a> {
    /// Appends the body of a put record.
    pub(crate) fn encode(point: &Point, out: &mut Vec<u8>) -> Result<()> {
        out.extend(point.vector.iter().flat_map(|x| x.to_le_bytes()));
        let lengths = out.len();
        put_len(out, point.id.len())?;
        put_len(out, point.text.len())?;
        put_len(out, 0)?;
        out.extend_from_slice(point.id.as_bytes());
        out.extend_from_slice(point.text.as_bytes());
        let start = out.len();
        encode_metadata(&point.metadata, out).map_err(|error| error.about(&point.id))?;
        let length = len_u32(out.len() - start)?.to_le_bytes();
        if let Some(place) = out.get_mut(lengths + 8..lengths + 12) {
            place.copy_from_slice(&length);
        }
        Ok(())
    }

    /// Reads the body of a put record, without its padding.
    pub(crate) fn decode(body: &'a [u8], dims: usize) -> Option<Self> {
        let mut bytes = Bytes(body);
        let vector = bytes.take(dims.checked_mul(4)?)?;
        let (id, text, metadata) = (bytes.len()?, bytes.len()?, bytes.len()?);
        let put = Self {
            vector,
            id: std::str::from_utf8(bytes.take(id)?).ok()?,
            text: std::str::from_utf8(bytes.take(text)?).ok()?,
            metadata: bytes.take(metadata)?,
        };
        bytes.0.is_empty().then_some(put)
    }

    pub(crate) fn vector(&self) -> impl ExactSizeIterator<Item = f32> + 'a {
        let (numbers, _) = self.vector.as_chunks::<4>();
        numbers.iter().map(|bytes| f32::from_le_bytes(*bytes))
    }

    pub(crate) fn metadata(&self) -> Option<Metadata> {
        let mut bytes = Bytes(self.metadata);
        let metadata = decode_metadata(&mut bytes)?;
        bytes.0.is_empty().then_some(metadata)
    }

    pub(crate) fn point(&self) -> Option<Point> {
        Some(Point {
            id: self.id.to_owned(),
            vector: self.vector().collect(),
            text: self.text.to_owned(),
            metadata: self.metadata()?,
        })
    }
}

fn len_u32(len: usize) -> Result<u32> {
    u32::try_from(len).map_err(|_| {
        Error::new(
            ErrorKind::TooLarge,
            "a part of a point is larger than 4 GiB",
        )
    })
}

fn put_len(out: &mut Vec<u8>, len: usize) -> Result<()> {
    out.extend_from_slice(&len_u32(len)?.to_le_bytes());
    Ok(())
}

fn put_str(out: &mut Vec<u8>, text: &str) -> Result<()> {
    put_len(out, text.len())?;
    out.extend_from_slice(text.as_bytes());
    Ok(())
}

fn encode_metadata(metadata: &Metadata, out: &mut Vec<u8>) -> Result<()> {
    put_len(out, metadata.len())?;
    for (name, value) in metadata {
        put_str(out, name)?;
        encode_value(value, DEPTH, out)?;
    }
    Ok(())
}

pub(crate) fn encode_value(value: &Value, depth: u32, out: &mut Vec<u8>) -> Result<()> {
    match value {
        Value::Bool(flag) => out.push(u8::from(*flag)),
        Value::Int(int) => {
            out.push(2);
            out.extend_from_slice(&int.to_le_bytes());
        }
        Value::Float(float) => {
            out.push(3);
            out.extend_from_slice(&float.to_le_bytes());
        }
        Value::Str(text) => {
            out.push(4);
            put_str(out, text)?;
        }
        Value::Time(time) => {
            out.push(5);
            out.extend_from_slice(&time.millis.to_le_bytes());
        }
        Value::List(values) => {
            let depth = depth.checked_sub(1).ok_or_else(|| {
                Error::invalid(format!("metadata holds lists nested deeper than {DEPTH}"))
            })?;
            out.push(6);
            put_len(out, values.len())?;
            for value in values {
                encode_value(value, depth, out)?;
            }
        }
    }
    Ok(())
}

fn decode_metadata(bytes: &mut Bytes<'_>) -> Option<Metadata> {
    let count = bytes.len()?;
    let mut metadata = Metadata::new();
    for _ in 0..count {
        let name = bytes.str()?.to_owned();
        metadata.insert(name, decode_value(bytes, DEPTH)?);
    }
    Some(metadata)
}

pub(crate) fn decode_value(bytes: &mut Bytes<'_>, depth: u32) -> Option<Value> {
    Some(match bytes.array::<1>()? {
        [0] => Value::Bool(false),
        [1] => Value::Bool(true),
        [2] => Value::Int(i64::from_le_bytes(bytes.array()?)),
        [3] => Value::Float(f64::from_le_bytes(bytes.array()?)),
        [4] => Value::Str(bytes.str()?.to_owned()),
        [5] => Value::Time(Time::from_millis(i64::from_le_bytes(bytes.array()?))),
        [6] => {
            let depth = depth.checked_sub(1)?;
            let count = bytes.len()?;
            // Every value takes a byte or more, so a count beyond what is left is a lie that
            // must not be believed before memory is taken for it.
            if count > bytes.0.len() {
                return None;
            }
            let mut values = Vec::new();
            for _ in 0..count {
                values.push(decode_value(bytes, depth)?);
            }
            Value::List(values)
        }
        _ => return None,
    })
}

/// What is left to read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bytes<'a>(pub(crate) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(crate) fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn len(&mut self) -> Option<usize> {
        self.u32()?.try_into().ok()
    }

    pub(crate) fn str(&mut self) -> Option<&'a str> {
        let len = self.len()?;
        std::str::from_utf8(self.take(len)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(crate) fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Int),
            (-1e300..1e300).prop_map(Value::Float),
            ".{0,12}".prop_map(Value::Str),
            any::<i64>().prop_map(|millis| Value::Time(Time { millis })),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop::collection::vec(inner, 0..4).prop_map(Value::List)
        })
    }

    fn point() -> impl Strategy<Value = Point> {
        let metadata = prop::collection::btree_map(".{0,6}", value(), 0..4);
        let vector = prop::collection::vec(-1e6_f32..1e6, 3);
        ("[^\\p{Cc}]{1,9}", vector, ".{0,40}", metadata).prop_map(|(id, vector, text, metadata)| {
            Point {
                id,
                vector,
                text,
                metadata,
            }
        })
    }

    proptest! {
        #[test]
        fn a_point_comes_back_as_it_was(point in point()) {
            let mut bytes = Vec::new();
            Put::encode(&point, &mut bytes).unwrap();
            let put = Put::decode(&bytes, 3).unwrap();
            prop_assert_eq!(put.id, &point.id);
            prop_assert_eq!(put.point().unwrap(), point);
        }

        #[test]
        fn a_cut_or_lengthened_body_is_refused(point in point(), cut in any::<prop::sample::Index>()) {
            let mut bytes = Vec::new();
            Put::encode(&point, &mut bytes).unwrap();
            let cut = cut.index(bytes.len());
            prop_assert!(Put::decode(bytes.get(..cut).unwrap(), 3).is_none());
            bytes.push(0);
            prop_assert!(Put::decode(&bytes, 3).is_none());
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Some(put) = Put::decode(&bytes, 2) {
                let _ = put.point();
            }
            let _ = decode_metadata(&mut Bytes(&bytes));
        }
    }

    #[test]
    fn lists_nested_too_deep_are_refused_both_ways() {
        let mut value = Value::Bool(true);
        for _ in 0..40 {
            value = Value::List(vec![value]);
        }
        assert!(encode_value(&value, DEPTH, &mut Vec::new()).is_err());
        let bytes: Vec<u8> = std::iter::repeat_n([6, 1, 0, 0, 0], 4_000)
            .flatten()
            .chain([1])
            .collect();
        assert!(decode_value(&mut Bytes(&bytes), DEPTH).is_none());
    }
}
