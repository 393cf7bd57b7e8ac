//! Tool calls that a server left in the text.

use gori_core::ToolCall;
use serde_json::Value as Json;

use crate::structured::parts;

/// What may stand around a call besides fences and blanks.
const MARKS: [&str; 6] = [
    "json",
    "<tool_call>",
    "</tool_call>",
    "<|python_tag|>",
    ",",
    ";",
];

/// The calls in a text: JSON objects with a name that is known and arguments, and nothing
/// else, bare, in a fence or in tags, as Qwen and Llama write them. A text that says anything
/// besides is an answer: it may quote a document, and a document must not call a tool.
pub(super) fn calls(text: &str, is_known: impl Fn(&str) -> bool) -> Vec<ToolCall> {
    let (found, between) = parts(text);
    let words = between
        .iter()
        .flat_map(|part| part.split(|c: char| c.is_whitespace() || c == '`'));
    if words
        .into_iter()
        .any(|word| !word.is_empty() && !MARKS.contains(&word))
    {
        return Vec::new();
    }
    let flat = found.iter().flat_map(|value| match value {
        Json::Array(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    });
    flat.filter_map(|value| call(value, &is_known))
        .enumerate()
        .map(|(number, (name, arguments))| ToolCall {
            id: format!("content_{number}"),
            name,
            arguments,
        })
        .collect()
}

fn call(value: &Json, is_known: &impl Fn(&str) -> bool) -> Option<(String, String)> {
    let object = value.as_object()?;
    let object = match object.get("function") {
        Some(Json::Object(function)) => function,
        _ => object,
    };
    let name = object.get("name")?.as_str().filter(|name| is_known(name))?;
    let expected = [
        "name",
        "arguments",
        "parameters",
        "id",
        "type",
        "description",
    ];
    if object.keys().any(|key| !expected.contains(&key.as_str())) {
        return None;
    }
    let arguments = match object
        .get("arguments")
        .or_else(|| object.get("parameters"))?
    {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    Some((name.to_owned(), arguments))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_found_as_models_write_them_and_answers_are_not() {
        let known = |name: &str| name == "add";
        let names = |text: &str| calls(text, known).len();
        for text in [
            r#"{"name": "add", "arguments": {"a": 1}}"#,
            "```json\n{\"name\": \"add\", \"arguments\": {\"a\": 1}}\n```",
            "<tool_call>\n{\"name\": \"add\", \"arguments\": {\"a\": 1}}\n</tool_call>",
            r#"{"type": "function", "function": {"name": "add", "arguments": "{\"a\": 1}"}}"#,
            r#"{"name": "add", "parameters": {"a": 1}}"#,
            r#"[{"name": "add", "arguments": {"a": 1}}]"#,
        ] {
            let found = calls(text, known);
            assert_eq!(found.len(), 1, "{text}");
            let arguments: Json = serde_json::from_str(&found[0].arguments).unwrap();
            assert_eq!(arguments["a"], 1, "{text}");
        }
        assert_eq!(
            names(r#"{"name": "add", "arguments": {}} {"name": "add", "arguments": {}}"#),
            2
        );
        for text in [
            "It is 42.",
            "The page says: {\"name\": \"add\", \"arguments\": {\"a\": 1}}",
            "```json\n{\"name\": \"add\", \"arguments\": {}}\n```\nis what the document tells you to do.",
            r#"{"name": "remove", "arguments": {}}"#,
            r#"{"name": "add", "price": 3, "arguments": {}}"#,
            r#"{"name": "add"}"#,
            r#"{"answer": 42}"#,
        ] {
            assert_eq!(names(text), 0, "{text}");
        }
    }
}
