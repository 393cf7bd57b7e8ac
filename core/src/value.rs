//! Values of metadata: what a filter can compare.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

/// What is known of a document or a point beside its text, by name.
///
/// Sorted by name, so that the same metadata always encodes to the same bytes.
pub type Metadata = BTreeMap<String, Value>;

/// One value of metadata.
///
/// In JSON each is its own kind of value; a time is `{"$time": milliseconds}`.
///
/// ```
/// use gori_core::Value;
///
/// let tags: Value = serde_json::from_str(r#"["a", 2, true]"#)?;
/// assert_eq!(tags, Value::List(vec!["a".into(), 2.into(), true.into()]));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction. Stores refuse it when it is not finite.
    Float(f64),
    /// Text.
    Str(String),
    /// Several values.
    List(Vec<Value>),
    /// A moment.
    Time(Time),
}

/// By what comes, and not by trying one kind after the other: that makes an error of each that
/// does not fit, which is most of the time that many small documents take.
impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Kinds)
    }
}

struct Kinds;

impl<'de> Visitor<'de> for Kinds {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "true, false, a number, text, a list, or a moment as `{\"$time\": milliseconds}`",
        )
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Int(value))
    }

    /// Above what a whole number may be it is one with a fraction.
    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(i64::try_from(value).map_or(Value::Float(value as f64), Value::Int))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Str(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::Str(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element()? {
            values.push(value);
        }
        Ok(Value::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Value, A::Error> {
        Time::deserialize(MapAccessDeserializer::new(map)).map(Value::Time)
    }
}

/// A moment, in milliseconds since 1970-01-01T00:00:00Z without leap seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Time {
    /// Milliseconds since the epoch; negative before it.
    #[serde(rename = "$time")]
    pub millis: i64,
}

impl Time {
    /// The moment this many milliseconds after the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self { millis }
    }
}

impl From<std::time::SystemTime> for Time {
    /// Times further from the epoch than 292 million years saturate.
    fn from(time: std::time::SystemTime) -> Self {
        let millis = match time.duration_since(std::time::UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |m| -m),
        };
        Self { millis }
    }
}

impl Value {
    /// The text, when it is text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The whole number, when it is one.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(int) => Some(*int),
            _ => None,
        }
    }

    /// Whether every number in it is finite.
    pub fn is_finite(&self) -> bool {
        match self {
            Self::Float(float) => float.is_finite(),
            Self::List(values) => values.iter().all(Self::is_finite),
            _ => true,
        }
    }
}

macro_rules! from {
    ($($from:ty => |$value:ident| $into:expr;)*) => {$(
        impl From<$from> for Value {
            fn from($value: $from) -> Self { $into }
        }
    )*};
}
from! {
    bool => |value| Self::Bool(value);
    i32 => |value| Self::Int(value.into());
    u32 => |value| Self::Int(value.into());
    i64 => |value| Self::Int(value);
    f64 => |value| Self::Float(value);
    &str => |value| Self::Str(value.to_owned());
    String => |value| Self::Str(value);
    Time => |value| Self::Time(value);
    Vec<Value> => |value| Self::List(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_one_number_is_read_as_a_list_and_not_as_a_moment() {
        let values = [
            Value::List(vec![0.into()]),
            Value::List(vec![]),
            Value::List(vec![Value::List(vec![7.into()])]),
            Time::from_millis(7).into(),
            Value::List(vec![Time::from_millis(7).into()]),
            7.into(),
            7.5.into(),
            true.into(),
            "7".into(),
        ];
        for value in values {
            let json = serde_json::to_string(&value).unwrap();
            assert_eq!(
                serde_json::from_str::<Value>(&json).unwrap(),
                value,
                "{json}"
            );
        }
    }

    #[test]
    fn what_no_value_holds_is_an_error_or_the_nearest_that_does() {
        let read = serde_json::from_str::<Value>;
        assert_eq!(
            read("18446744073709551615").unwrap(),
            (u64::MAX as f64).into()
        );
        assert_eq!(read("-9223372036854775808").unwrap(), i64::MIN.into());
        for wrong in ["null", "{}", r#"{"$time":"now"}"#, r#"{"a":1}"#, "[null]"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        let error = read("null").unwrap_err().to_string();
        assert!(error.contains("a moment as"), "{error}");
    }
}
