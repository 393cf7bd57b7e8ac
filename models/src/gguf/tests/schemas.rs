//! Answers of a schema, from a model that knows nothing.

use std::time::{Duration, Instant};

use gori_core::{Context, ErrorKind, Finish, Format, Llm as _, Prompt, Sampling};
use serde_json::{Value, json};

use super::file::{Gguf as File, Random};
use super::open;

/// A random schema whose values are bounded in length.
pub(super) fn schema(random: &mut Random, depth: usize) -> Value {
    let kinds = if depth == 0 { 4 } else { 6 };
    match random.next() % kinds {
        0 => json!({"type": "string", "maxLength": 1 + random.next() % 8}),
        1 => json!({"type": "integer", "minimum": 0, "maximum": 10 + random.next() % 1000}),
        2 => json!({"type": "boolean"}),
        3 => json!({"enum": ["red", "green", 7, null]}),
        4 => {
            json!({"type": "array", "items": schema(random, depth - 1), "minItems": 1, "maxItems": 1 + random.next() % 3})
        }
        _ => {
            let count = 1 + random.next() % 3;
            let names: Vec<String> = (0..count).map(|i| format!("field{i}")).collect();
            let fields: serde_json::Map<String, Value> = names
                .iter()
                .map(|name| (name.clone(), schema(random, depth - 1)))
                .collect();
            json!({"type": "object", "properties": fields, "required": names, "additionalProperties": false})
        }
    }
}

/// Whether a value is what these schemas ask for.
pub(super) fn fits(value: &Value, schema: &Value) -> bool {
    if let Some(choices) = schema.get("enum") {
        return choices.as_array().unwrap().contains(value);
    }
    let limit = |name: &str| schema[name].as_u64().unwrap_or(u64::MAX);
    match schema["type"].as_str().unwrap() {
        "string" => value
            .as_str()
            .is_some_and(|s| s.chars().count() as u64 <= limit("maxLength")),
        "integer" => value.as_u64().is_some_and(|n| n <= limit("maximum")),
        "boolean" => value.is_boolean(),
        "array" => value.as_array().is_some_and(|items| {
            (1..=limit("maxItems")).contains(&(items.len() as u64))
                && items.iter().all(|item| fits(item, &schema["items"]))
        }),
        _ => value.as_object().is_some_and(|fields| {
            let properties = schema["properties"].as_object().unwrap();
            fields.len() == properties.len()
                && fields
                    .iter()
                    .all(|(name, value)| properties.get(name).is_some_and(|s| fits(value, s)))
        }),
    }
}

#[tokio::test]
async fn every_answer_parses_and_fits_its_schema() {
    let model = open(&File::tiny("llama")).await.unwrap();
    let cx = Context::new();
    let mut random = Random(11);
    let (mut tried, start) = (0, Instant::now());
    // A hundred, or as many as a busy machine does in a minute.
    while tried < 100 && start.elapsed() < Duration::from_secs(60) {
        let schema = schema(&mut random, 3);
        let mut prompt = Prompt::user("Hi").sampling(Sampling {
            temperature: Some((tried % 3) as f32),
            seed: Some(tried),
            max_tokens: Some(460),
            ..Sampling::default()
        });
        prompt.format = Format::Json {
            name: "x".into(),
            schema: schema.clone(),
        };
        let answer = model.complete(&cx, &prompt).await.unwrap();
        assert_eq!(answer.finish, Finish::Stop, "{schema}: {}", answer.text);
        let value: Value = serde_json::from_str(&answer.text).unwrap();
        assert!(fits(&value, &schema), "{schema}: {value}");
        tried += 1;
    }
    println!("{tried} schemas");
    assert!(tried >= 10, "{tried}");
}

#[tokio::test]
async fn a_schema_that_cannot_be_is_an_error_and_the_model_lives_on() {
    let model = open(&File::tiny("llama")).await.unwrap();
    let cx = Context::new();
    for schema in [
        json!({"type": "unicorn"}),
        json!({"$ref": "#/nowhere"}),
        json!({"type": "array", "uniqueItems": true}),
        json!({"type": "object", "propertyNames": {"pattern": "a"}}),
        json!(7),
    ] {
        let mut prompt = Prompt::user("Hi");
        prompt.format = Format::Json {
            name: "x".into(),
            schema,
        };
        let error = model.complete(&cx, &prompt).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error:?}");
    }
    assert!(
        model
            .complete(
                &cx,
                &Prompt::user("Hi").sampling(Sampling {
                    max_tokens: Some(3),
                    ..Sampling::default()
                })
            )
            .await
            .is_ok()
    );
}
