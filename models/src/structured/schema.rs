//! The schema of a type, in the form that servers take.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value as Json;

/// The JSON Schema (draft 2020-12) of a type as it is deserialized.
///
/// Objects with named properties are closed and all their properties required, which servers
/// that decode by a schema ask for; an `Option` may still be `null`. Maps stay open.
pub fn schema_of<T: JsonSchema>() -> Json {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.meta_schema = None;
    });
    let mut schema = settings
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value();
    close(&mut schema);
    schema
}

fn close(schema: &mut Json) {
    match schema {
        Json::Array(items) => items.iter_mut().for_each(close),
        Json::Object(fields) => {
            if let Some(Json::Object(properties)) = fields.get("properties") {
                let names: Vec<Json> = properties.keys().cloned().map(Json::from).collect();
                fields.insert("required".into(), names.into());
                fields.entry("additionalProperties").or_insert(false.into());
            }
            fields.values_mut().for_each(close);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only its schema matters")]
    struct Order {
        item: String,
        note: Option<String>,
        extras: BTreeMap<String, u8>,
        parts: Vec<Part>,
    }

    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only its schema matters")]
    struct Part {
        size: f32,
    }

    #[test]
    fn objects_are_closed_and_maps_stay_open() {
        let schema = schema_of::<Order>();
        assert_eq!(schema["additionalProperties"], json!(false));
        // Whether names come as written or sorted is for serde_json's `preserve_order`, which any
        // crate of a build can switch on.
        let mut required: Vec<String> = serde_json::from_value(schema["required"].clone()).unwrap();
        required.sort();
        assert_eq!(required, ["extras", "item", "note", "parts"]);
        assert_eq!(schema["$defs"]["Part"]["required"], json!(["size"]));
        assert_eq!(
            schema["properties"]["extras"]["additionalProperties"]["type"],
            json!("integer")
        );
        assert_eq!(
            schema["properties"]["note"]["type"],
            json!(["string", "null"])
        );
        assert!(schema.get("$schema").is_none());
    }
}
