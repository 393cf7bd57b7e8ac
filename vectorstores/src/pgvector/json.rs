//! Metadata as `jsonb`, so that filters mean in SQL what they mean in Rust.

use std::fmt::Write as _;

use gori_core::{Metadata, Value};

/// The metadata as the text of a JSON object.
pub(super) fn object(metadata: &Metadata) -> String {
    let mut out = String::from("{");
    for (place, (name, value)) in metadata.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        string(name, &mut out);
        out.push(':');
        write(value, &mut out);
    }
    out.push('}');
    out
}

/// One value as the text of JSON.
pub(super) fn value(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

/// Text as Postgres can hold it: it has no NUL.
pub(super) fn text(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

fn write(value: &Value, out: &mut String) {
    // Writing to a string cannot fail.
    let _ = match value {
        Value::Bool(is) => write!(out, "{is}"),
        Value::Int(int) => write!(out, "{int}"),
        // All digits of a whole float: `jsonb` compares numbers exactly, and the shortest
        // form of a large one is another number.
        Value::Float(float) if float.fract() == 0.0 => write!(out, "{float:.0}"),
        Value::Float(float) => write!(out, "{float:?}"),
        Value::Time(time) => write!(out, "{{\"$time\":{}}}", time.millis),
        Value::Str(text) => {
            string(text, out);
            Ok(())
        }
        Value::List(values) => {
            out.push('[');
            for (place, value) in values.iter().enumerate() {
                if place > 0 {
                    out.push(',');
                }
                write(value, out);
            }
            out.push(']');
            Ok(())
        }
    };
}

fn string(string: &str, out: &mut String) {
    out.push_str(&serde_json::Value::from(text(string)).to_string());
}

#[cfg(test)]
mod tests {
    use gori_core::Time;

    use super::*;

    #[test]
    fn values_are_written_as_jsonb_compares_them() {
        let list: Value = vec![
            true.into(),
            Value::from(-3),
            0.25.into(),
            2.0.into(),
            "a\"\0점".into(),
            Time::from_millis(-5).into(),
        ]
        .into();
        assert_eq!(
            value(&list),
            "[true,-3,0.25,2,\"a\\\"\u{fffd}점\",{\"$time\":-5}]"
        );
        assert_eq!(
            value(&1.234_567_890_123_456_8e18.into()),
            "1234567890123456768"
        );
        assert_eq!(value(&1e-300.into()), "1e-300");
        let metadata: Metadata =
            [("x y".to_owned(), list.clone()), ("a".to_owned(), 1.into())].into();
        let parsed: serde_json::Value = serde_json::from_str(&object(&metadata)).unwrap();
        assert_eq!(parsed["a"], 1);
        assert_eq!(parsed["x y"][1], -3);
    }
}
