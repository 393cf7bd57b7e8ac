//! Points as Qdrant keeps them.

use std::collections::HashMap;

use gori_core::{Error, ErrorKind, Metadata, Point, Result, Time, Value};
use qdrant_client::qdrant::{
    ListValue, PointId, Struct, Value as Stored, VectorsOutput, point_id::PointIdOptions,
    value::Kind, vector_output, vectors_output::VectorsOptions,
};
use sha2::{Digest as _, Sha256};

/// The name of the vector of the embedder.
pub(super) const DENSE: &str = "dense";
/// The name of the sparse vector of the words.
pub(super) const WORDS: &str = "words";

/// Where the caller's id stands in the payload.
pub(super) const ID: &str = "id";
/// Where the text stands.
pub(super) const TEXT: &str = "text";
/// Where the metadata stands.
pub(super) const METADATA: &str = "metadata";
/// Where the names in the metadata stand.
pub(super) const FIELDS: &str = "fields";
/// Where the metadata stands once more, as the text of JSON, where it has a fraction: Qdrant reads
/// those of more than 15 digits with an error in the last.
const EXACT: &str = "exact";
/// What a time is wrapped in.
pub(super) const TIME: &str = "$time";

/// What a payload holds.
pub(super) type Payload = HashMap<String, Stored>;

/// Qdrant's id of the point that the caller calls so: a UUID of version 8 (RFC 9562) of the
/// first bits of its SHA-256. The caller's id itself is in the payload.
pub(super) fn uuid(id: &str) -> PointId {
    let digest = Sha256::digest(id);
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(digest) {
        *to = from;
    }
    let bits = u128::from_be_bytes(bytes);
    let bits = bits & !(0xf << 76) | (8 << 76);
    let bits = bits & !(0b11 << 62) | (0b10 << 62);
    let part = |from: u32, digits: u32| (bits >> from) & ((1_u128 << (4 * digits)) - 1);
    let text = format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        part(96, 8),
        part(80, 4),
        part(64, 4),
        part(48, 4),
        part(0, 12)
    );
    PointId {
        point_id_options: Some(PointIdOptions::Uuid(text)),
    }
}

fn stored(kind: Kind) -> Stored {
    Stored { kind: Some(kind) }
}

fn value(value: &Value) -> Stored {
    stored(match value {
        Value::Bool(is) => Kind::BoolValue(*is),
        Value::Int(int) => Kind::IntegerValue(*int),
        Value::Float(float) => Kind::DoubleValue(*float),
        Value::Str(text) => Kind::StringValue(text.clone()),
        Value::List(values) => Kind::ListValue(ListValue {
            values: values.iter().map(self::value).collect(),
        }),
        Value::Time(time) => Kind::StructValue(Struct {
            fields: HashMap::from([(TIME.to_owned(), stored(Kind::IntegerValue(time.millis)))]),
        }),
    })
}

/// The payload of a point.
pub(super) fn payload(point: &Point) -> Payload {
    let text = |text: &String| stored(Kind::StringValue(text.clone()));
    let metadata = point.metadata.iter();
    let fields = metadata.map(|(name, held)| (name.clone(), value(held)));
    let metadata = Struct {
        fields: fields.collect(),
    };
    let names = ListValue {
        values: point.metadata.keys().map(text).collect(),
    };
    let mut payload = HashMap::from([
        (ID.to_owned(), text(&point.id)),
        (TEXT.to_owned(), text(&point.text)),
        (METADATA.to_owned(), stored(Kind::StructValue(metadata))),
        (FIELDS.to_owned(), stored(Kind::ListValue(names))),
    ]);
    if point.metadata.values().any(has_fraction)
        && let Ok(exact) = serde_json::to_string(&point.metadata)
    {
        payload.insert(EXACT.to_owned(), text(&exact));
    }
    payload
}

fn has_fraction(value: &Value) -> bool {
    match value {
        Value::Float(_) => true,
        Value::List(values) => values.iter().any(has_fraction),
        _ => false,
    }
}

fn unreadable() -> Error {
    Error::new(
        ErrorKind::Corrupt,
        "a payload is not what this store writes",
    )
}

fn text_of(payload: &mut Payload, key: &str) -> Result<String> {
    match payload.remove(key).and_then(|value| value.kind) {
        Some(Kind::StringValue(text)) => Ok(text),
        _ => Err(unreadable().about(key)),
    }
}

fn read(stored: Stored) -> Result<Value> {
    Ok(match stored.kind {
        Some(Kind::BoolValue(is)) => is.into(),
        Some(Kind::IntegerValue(int)) => int.into(),
        Some(Kind::DoubleValue(float)) => float.into(),
        Some(Kind::StringValue(text)) => text.into(),
        Some(Kind::ListValue(list)) => {
            let values: Result<Vec<Value>> = list.values.into_iter().map(read).collect();
            values?.into()
        }
        Some(Kind::StructValue(wrapped)) => match wrapped.fields.get(TIME).map(|v| &v.kind) {
            Some(Some(Kind::IntegerValue(millis))) => Time::from_millis(*millis).into(),
            _ => return Err(unreadable().about(METADATA)),
        },
        Some(Kind::NullValue(_)) | None => return Err(unreadable().about(METADATA)),
    })
}

/// The metadata of a payload.
pub(super) fn metadata_of(payload: &mut Payload) -> Result<Metadata> {
    if payload.contains_key(EXACT) {
        let exact = text_of(payload, EXACT)?;
        return serde_json::from_str(&exact)
            .map_err(|error| unreadable().about(EXACT).caused_by(error));
    }
    match payload.remove(METADATA).and_then(|value| value.kind) {
        Some(Kind::StructValue(held)) => {
            let fields = held.fields.into_iter();
            fields
                .map(|(name, value)| Ok((name, read(value)?)))
                .collect()
        }
        _ => Err(unreadable().about(METADATA)),
    }
}

/// The point of a payload, without its vector.
pub(super) fn point(mut payload: Payload) -> Result<Point> {
    Ok(Point {
        id: text_of(&mut payload, ID)?,
        vector: Vec::new(),
        text: text_of(&mut payload, TEXT)?,
        metadata: metadata_of(&mut payload)?,
    })
}

/// The vector of the embedder. A point that came by its words alone has none.
pub(super) fn dense(vectors: Option<VectorsOutput>) -> Vec<f32> {
    let named = match vectors.and_then(|vectors| vectors.vectors_options) {
        Some(VectorsOptions::Vectors(mut named)) => named.vectors.remove(DENSE),
        _ => None,
    };
    match named.map(|vector| vector.into_vector()) {
        Some(vector_output::Vector::Dense(dense)) => dense.data,
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_become_uuids_of_version_8() {
        // From Python: uuid of sha256(b"a").digest()[:16] with version and variant set.
        assert_eq!(
            uuid("a").point_id_options,
            Some(PointIdOptions::Uuid(
                "ca978112-ca1b-8dca-bac2-31b39a23dc4d".to_owned()
            ))
        );
        assert_ne!(uuid("a"), uuid("b"));
    }

    #[test]
    fn what_is_put_into_a_payload_comes_out_of_it() {
        let list: Value = vec![
            true.into(),
            Value::List(vec![]),
            Time::from_millis(-5).into(),
        ]
        .into();
        let before = Point {
            id: "점".into(),
            vector: Vec::new(),
            text: "the \0 text".into(),
            metadata: Metadata::from([
                ("a\"b".into(), list),
                ("n".into(), 2.0.into()),
                ("i".into(), i64::MAX.into()),
            ]),
        };
        assert_eq!(point(payload(&before)).unwrap(), before);
    }

    #[test]
    fn a_payload_of_somebody_else_is_an_error() {
        let mut strange = payload(&Point {
            id: "a".into(),
            vector: Vec::new(),
            text: String::new(),
            metadata: Metadata::new(),
        });
        strange.remove(TEXT);
        assert_eq!(point(strange).unwrap_err().kind(), ErrorKind::Corrupt);
    }
}
