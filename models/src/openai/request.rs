//! From a prompt to the JSON of a request.
//! <https://platform.openai.com/docs/api-reference/chat/create>

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gori_core::{Content, Format, Message, Prompt, Speaker, Tool, ToolCall};
use serde_json::{Map, Value as Json, json};

/// What differs between servers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dialect<'m> {
    pub(super) model: &'m str,
    /// OpenAI's newer models refuse `max_tokens`; other servers know nothing else.
    pub(super) max_completion_tokens: bool,
    pub(super) stream: bool,
}

pub(super) fn encode(prompt: &Prompt, dialect: Dialect<'_>) -> Json {
    let mut body = Map::new();
    let mut set = |name: &str, value: Json| {
        body.insert(name.to_owned(), value);
    };
    set("model", dialect.model.into());
    set(
        "messages",
        prompt.messages.iter().flat_map(message).collect(),
    );
    let sampling = &prompt.sampling;
    if let Some(most) = sampling.max_tokens {
        let name = if dialect.max_completion_tokens {
            "max_completion_tokens"
        } else {
            "max_tokens"
        };
        set(name, most.into());
    }
    if let Some(temperature) = sampling.temperature {
        set("temperature", crate::http::decimal(temperature));
    }
    if let Some(top_p) = sampling.top_p {
        set("top_p", crate::http::decimal(top_p));
    }
    if let Some(seed) = sampling.seed {
        set("seed", seed.into());
    }
    if !sampling.stop.is_empty() {
        set("stop", sampling.stop.clone().into());
    }
    if !prompt.tools.is_empty() {
        set("tools", prompt.tools.iter().map(tool).collect());
    }
    if let Format::Json { name, schema } = &prompt.format {
        set("response_format", response_format(name, schema));
    }
    for (name, value) in &prompt.extra {
        set(name, value.clone());
    }
    // Last, since the reading of the answer depends on it.
    set("stream", dialect.stream.into());
    if dialect.stream {
        set("stream_options", json!({ "include_usage": true }));
    }
    Json::Object(body)
}

/// The messages of one turn: OpenAI wants each result of a tool as a message of its own.
fn message(message: &Message) -> Vec<Json> {
    let mut out = Vec::new();
    let mut parts = Vec::new();
    let mut calls = Vec::new();
    for part in &message.parts {
        match part {
            Content::ToolResult { id, text } => {
                out.push(json!({ "role": "tool", "tool_call_id": id, "content": text }));
            }
            Content::ToolCall(call) => calls.push(tool_call(call)),
            Content::Image { media_type, data } => {
                let url = format!("data:{media_type};base64,{}", STANDARD.encode(data));
                parts.push(json!({ "type": "image_url", "image_url": { "url": url } }));
            }
            Content::Text { text } => parts.push(json!({ "type": "text", "text": text })),
            // Kinds of content that this format has no place for.
            _ => {}
        }
    }
    if parts.is_empty() && calls.is_empty() && !out.is_empty() {
        return out;
    }
    let mut turn = Map::new();
    turn.insert("role".into(), role(message.speaker).into());
    turn.insert("content".into(), content(parts, !calls.is_empty()));
    if !calls.is_empty() {
        turn.insert("tool_calls".into(), calls.into());
    }
    out.push(Json::Object(turn));
    out
}

/// Plain text where it is all there is, since many servers take nothing else.
fn content(parts: Vec<Json>, has_calls: bool) -> Json {
    let texts: Option<String> = parts
        .iter()
        .map(|part| part.get("text").and_then(Json::as_str))
        .collect();
    match texts {
        Some(text) if text.is_empty() && has_calls => Json::Null,
        Some(text) => text.into(),
        None => parts.into(),
    }
}

fn role(speaker: Speaker) -> &'static str {
    match speaker {
        Speaker::System => "system",
        Speaker::User => "user",
        Speaker::Assistant => "assistant",
        Speaker::Tool => "tool",
    }
}

fn tool_call(call: &ToolCall) -> Json {
    json!({
        "id": call.id,
        "type": "function",
        "function": { "name": call.name, "arguments": call.arguments },
    })
}

fn tool(tool: &Tool) -> Json {
    json!({
        "type": "function",
        "function": { "name": tool.name, "description": tool.description, "parameters": tool.parameters },
    })
}

fn response_format(name: &str, schema: &Json) -> Json {
    let mut format = json!({ "name": name, "schema": schema });
    if is_strict(schema)
        && let Some(format) = format.as_object_mut()
    {
        format.insert("strict".into(), true.into());
    }
    json!({ "type": "json_schema", "json_schema": format })
}

/// Whether the schema keeps OpenAI's rules for `strict`: every object closed, every property
/// required. Where it does not, the flag would make the request fail.
fn is_strict(schema: &Json) -> bool {
    match schema {
        Json::Array(items) => items.iter().all(is_strict),
        Json::Object(fields) => {
            let closed = || {
                let Some(properties) = fields.get("properties").and_then(Json::as_object) else {
                    return fields.get("type") != Some(&Json::from("object"));
                };
                let required = fields.get("required").and_then(Json::as_array);
                let is_required =
                    |name: &String| required.is_some_and(|r| r.iter().any(|r| r == name.as_str()));
                fields.get("additionalProperties") == Some(&Json::Bool(false))
                    && properties.keys().all(is_required)
            };
            closed() && fields.values().all(is_strict)
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIALECT: Dialect<'_> = Dialect {
        model: "m",
        max_completion_tokens: false,
        stream: false,
    };

    #[test]
    fn a_whole_prompt_is_written_as_the_reference_says() {
        let mut prompt = Prompt::new([
            Message::system("Be brief."),
            Message {
                speaker: Speaker::User,
                parts: vec![
                    Content::Text {
                        text: "What is this?".into(),
                    },
                    Content::Image {
                        media_type: "image/png".into(),
                        data: [1, 2, 3].into(),
                    },
                ],
            },
            Message {
                speaker: Speaker::Assistant,
                parts: vec![Content::ToolCall(ToolCall {
                    id: "c1".into(),
                    name: "look".into(),
                    arguments: "{}".into(),
                })],
            },
            Message {
                speaker: Speaker::Tool,
                parts: vec![
                    Content::ToolResult {
                        id: "c1".into(),
                        text: "a cat".into(),
                    },
                    Content::ToolResult {
                        id: "c2".into(),
                        text: "a dog".into(),
                    },
                ],
            },
        ]);
        prompt.sampling.max_tokens = Some(64);
        prompt.sampling.temperature = Some(0.7);
        prompt.sampling.seed = Some(7);
        prompt.sampling.stop = vec!["\n\n".into()];
        prompt.tools.push(Tool {
            name: "look".into(),
            description: "Looks".into(),
            parameters: json!({"type": "object"}),
        });
        prompt.extra.insert("logprobs".into(), true.into());
        let expected = json!({
            "model": "m",
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": [
                    {"type": "text", "text": "What is this?"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,AQID"}},
                ]},
                {"role": "assistant", "content": null, "tool_calls": [
                    {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}},
                ]},
                {"role": "tool", "tool_call_id": "c1", "content": "a cat"},
                {"role": "tool", "tool_call_id": "c2", "content": "a dog"},
            ],
            "max_tokens": 64, "temperature": 0.7, "seed": 7, "stop": ["\n\n"],
            "tools": [{"type": "function", "function": {"name": "look", "description": "Looks", "parameters": {"type": "object"}}}],
            "logprobs": true, "stream": false,
        });
        assert_eq!(encode(&prompt, DIALECT), expected);
    }

    #[test]
    fn extra_fields_cannot_turn_streaming_over() {
        let mut prompt = Prompt::user("x");
        prompt.extra.insert("stream".into(), false.into());
        let body = encode(
            &prompt,
            Dialect {
                stream: true,
                max_completion_tokens: true,
                ..DIALECT
            },
        );
        assert_eq!(body["stream"], json!(true));
        assert_eq!(body["stream_options"], json!({"include_usage": true}));
    }

    #[test]
    fn strict_is_asked_for_where_the_schema_keeps_its_rules() {
        let closed = json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": false});
        let strict = |schema: &Json| {
            response_format("n", schema)["json_schema"]
                .get("strict")
                .is_some()
        };
        assert!(strict(&closed));
        for (pointer, value) in [
            ("/required", json!([])),
            ("/additionalProperties", json!(true)),
            ("/properties/a", json!({"type": "object"})),
        ] {
            let mut open = closed.clone();
            *open.pointer_mut(pointer).unwrap() = value;
            assert!(!strict(&open), "{pointer}");
        }
    }
}
