//! A JSON value of our own, so that its memory is bounded while it grows.

use std::cell::Cell;
use std::fmt;

use gori_core::{Error, ErrorKind, Result, Value};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::format::Input;
use crate::limits::{human_bytes, too_large};

/// Bytes that the values of one file may take.
const MAX_BYTES: usize = 192 << 20;
/// What a value takes beside its text: itself, its place in a list that grows by doubling, and
/// the name of a field with its own allocation.
const VALUE_BYTES: usize = 120;

/// A value. Objects keep the order of their fields; of two of one name the last counts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json {
    Null,
    Scalar(Value),
    Array(Vec<Json>),
    Object(Vec<(Box<str>, Json)>),
}

/// Parses a text. serde_json refuses what is nested deeper than 128.
///
/// # Errors
/// `Corrupt` when it is no JSON, `TooLarge` when its values take too much memory.
pub(crate) fn parse(text: &str, input: &Input<'_>) -> Result<Json> {
    let left = Cell::new(MAX_BYTES);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let parsed = Seed { left: &left, input }.deserialize(&mut deserializer);
    let parsed = parsed.and_then(|json| deserializer.end().map(|()| json));
    input.check()?;
    parsed.map_err(|error| {
        if left.get() == 0 {
            return too_large("the memory for its values", human_bytes(MAX_BYTES as u64));
        }
        Error::new(ErrorKind::Corrupt, format!("no JSON: {error}"))
    })
}

impl Json {
    /// The field of this name, when it is an object that has one.
    pub(crate) fn get(&self, name: &str) -> Option<&Json> {
        match self {
            Self::Object(fields) => {
                let found = fields.iter().rev().find(|(field, _)| &**field == name);
                found.map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// The elements of an array, none of anything else.
    #[cfg(feature = "notebook")]
    pub(crate) fn items(&self) -> &[Json] {
        match self {
            Self::Array(items) => items,
            _ => &[],
        }
    }

    /// The text of a string.
    #[cfg(feature = "notebook")]
    pub(crate) fn str(&self) -> Option<&str> {
        match self {
            Self::Scalar(Value::Str(text)) => Some(text),
            _ => None,
        }
    }

    /// The value at a pointer.
    pub(crate) fn pointer(&self, pointer: &str) -> Option<&Json> {
        pointer.split('/').skip(1).try_fold(self, |json, step| {
            let step = step.replace("~1", "/").replace("~0", "~");
            match json {
                Self::Object(_) => json.get(&step),
                Self::Array(items) => items.get(step.parse::<usize>().ok()?),
                _ => None,
            }
        })
    }

    /// Every scalar that is in no array, and every array of scalars, with its pointer and its
    /// path in dots. Recursion ends at the depth that the parser let through.
    pub(crate) fn scalars(
        &self,
        pointer: &str,
        path: &str,
        each: &mut impl FnMut(&str, &str, &Value),
    ) {
        match self {
            Self::Null => {}
            Self::Scalar(value) => each(pointer, path, value),
            Self::Array(items) => {
                let values: Option<Vec<Value>> = items
                    .iter()
                    .map(|item| match item {
                        Self::Scalar(value) => Some(value.clone()),
                        _ => None,
                    })
                    .collect();
                if let Some(values) = values.filter(|values| !values.is_empty()) {
                    each(pointer, path, &Value::List(values));
                }
            }
            Self::Object(fields) => {
                for (name, value) in fields {
                    let step = name.replace('~', "~0").replace('/', "~1");
                    let dot = if path.is_empty() { "" } else { "." };
                    value.scalars(
                        &format!("{pointer}/{step}"),
                        &format!("{path}{dot}{name}"),
                        each,
                    );
                }
            }
        }
    }
}

impl serde::Serialize for Json {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Scalar(value) => value.serialize(serializer),
            Self::Array(items) => items.serialize(serializer),
            Self::Object(fields) => {
                serializer.collect_map(fields.iter().map(|(name, value)| (name, value)))
            }
        }
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string_pretty(self).map_err(|_| fmt::Error)?)
    }
}

/// A value to come, and what may still be spent on it.
#[derive(Clone, Copy)]
struct Seed<'a> {
    left: &'a Cell<usize>,
    input: &'a Input<'a>,
}

impl Seed<'_> {
    fn spend<E: serde::de::Error>(self, bytes: usize) -> Result<(), E> {
        let before = self.left.get();
        let left = before.saturating_sub(bytes);
        self.left.set(left);
        // A look at the clock for every few thousand values.
        let look = before >> 20 != left >> 20;
        if left == 0 || (look && self.input.check().is_err()) {
            return Err(E::custom("stopped"));
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        self.spend(VALUE_BYTES)?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Scalar(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Scalar(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        // Above what a whole number holds the nearest float is kept.
        Ok(Json::Scalar(
            i64::try_from(value).map_or(Value::Float(value as f64), Value::Int),
        ))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Scalar(value.into()))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Json, E> {
        self.spend(value.len())?;
        Ok(Json::Scalar(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            array.push(item);
        }
        array.shrink_to_fit();
        Ok(Json::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Json, A::Error> {
        let mut object = Vec::new();
        while let Some(name) = fields.next_key::<Box<str>>()? {
            self.spend(name.len())?;
            object.push((name, fields.next_value_seed(self)?));
        }
        object.shrink_to_fit();
        Ok(Json::Object(object))
    }
}
