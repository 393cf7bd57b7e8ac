//! From a prompt to the JSON of a request. <https://platform.claude.com/docs/en/api/messages>

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gori_core::{Content, Format, Message, OutputCap, Prompt, Speaker, Tool};
use serde_json::{Map, Value as Json, json};

/// What the request says besides the prompt.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dialect<'m> {
    pub(super) model: &'m str,
    pub(super) cap: OutputCap,
    pub(super) stream: bool,
}

pub(super) fn encode(prompt: &Prompt, dialect: Dialect<'_>) -> Json {
    let mut body = Map::new();
    let mut set = |name: &str, value: Json| {
        body.insert(name.to_owned(), value);
    };
    let sampling = &prompt.sampling;
    set("model", dialect.model.into());
    set(
        "max_tokens",
        sampling
            .max_tokens
            .unwrap_or(dialect.cap.0)
            .min(dialect.cap.0)
            .into(),
    );
    let system = system(&prompt.messages);
    if !system.is_empty() {
        set("system", system.into());
    }
    set(
        "messages",
        prompt.messages.iter().filter_map(message).collect(),
    );
    if let Some(temperature) = sampling.temperature {
        set("temperature", crate::http::decimal(temperature));
    }
    if let Some(top_p) = sampling.top_p {
        set("top_p", crate::http::decimal(top_p));
    }
    if !sampling.stop.is_empty() {
        set("stop_sequences", sampling.stop.clone().into());
    }
    let mut tools: Vec<Json> = prompt.tools.iter().map(tool).collect();
    if let Format::Json { name, schema } = &prompt.format {
        let choice = if tools.is_empty() {
            json!({ "type": "tool", "name": name })
        } else {
            json!({ "type": "any" })
        };
        tools.push(
            json!({ "name": name, "description": "Gives the answer.", "input_schema": schema }),
        );
        set("tool_choice", choice);
    }
    if !tools.is_empty() {
        set("tools", tools.into());
    }
    for (name, value) in &prompt.extra {
        set(name, value.clone());
    }
    // Last, since the reading of the answer depends on it.
    set("stream", dialect.stream.into());
    Json::Object(body)
}

/// The rules stand apart from the conversation in this format.
fn system(messages: &[Message]) -> String {
    let rules = messages
        .iter()
        .filter(|message| message.speaker == Speaker::System);
    rules.map(Message::to_text).collect::<Vec<_>>().join("\n\n")
}

fn message(message: &Message) -> Option<Json> {
    let role = match message.speaker {
        Speaker::System => return None,
        Speaker::User | Speaker::Tool => "user",
        Speaker::Assistant => "assistant",
    };
    let content: Vec<Json> = message.parts.iter().filter_map(part).collect();
    (!content.is_empty()).then(|| json!({ "role": role, "content": content }))
}

/// Empty text is left out, since the server refuses it.
fn part(part: &Content) -> Option<Json> {
    Some(match part {
        Content::Text { text } if text.is_empty() => return None,
        Content::Text { text } => json!({ "type": "text", "text": text }),
        Content::Image { media_type, data } => json!({
            "type": "image",
            "source": { "type": "base64", "media_type": media_type, "data": STANDARD.encode(data) },
        }),
        Content::ToolCall(call) => json!({
            "type": "tool_use", "id": call.id, "name": call.name, "input": input(&call.arguments),
        }),
        Content::ToolResult { id, text } => {
            json!({ "type": "tool_result", "tool_use_id": id, "content": text })
        }
        _ => return None,
    })
}

/// The server wants an object; what a model wrote may be none.
fn input(arguments: &str) -> Json {
    match serde_json::from_str(arguments) {
        Ok(Json::Object(input)) => Json::Object(input),
        _ if arguments.trim().is_empty() => json!({}),
        _ => json!({ "raw": arguments }),
    }
}

fn tool(tool: &Tool) -> Json {
    json!({ "name": tool.name, "description": tool.description, "input_schema": tool.parameters })
}

#[cfg(test)]
mod tests {
    use gori_core::ToolCall;

    use super::*;

    const DIALECT: Dialect<'_> = Dialect {
        model: "m",
        cap: OutputCap(100),
        stream: false,
    };

    #[test]
    fn a_whole_prompt_is_written_as_the_reference_says() {
        let call = |arguments: &str| {
            Content::ToolCall(ToolCall {
                id: "c1".into(),
                name: "look".into(),
                arguments: arguments.into(),
            })
        };
        let mut prompt = Prompt::new([
            Message::system("Be brief."),
            Message::system("Be kind."),
            Message {
                speaker: Speaker::User,
                parts: vec![
                    Content::Text {
                        text: "What?".into(),
                    },
                    Content::Image {
                        media_type: "image/png".into(),
                        data: [1, 2, 3].into(),
                    },
                ],
            },
            Message {
                speaker: Speaker::Assistant,
                parts: vec![
                    Content::Text { text: "".into() },
                    call("{\"x\":1}"),
                    call("broken"),
                ],
            },
            Message {
                speaker: Speaker::Tool,
                parts: vec![Content::ToolResult {
                    id: "c1".into(),
                    text: "a cat".into(),
                }],
            },
        ]);
        prompt.sampling.temperature = Some(0.3);
        prompt.sampling.stop = vec!["X".into()];
        prompt.tools.push(Tool {
            name: "look".into(),
            description: "Looks".into(),
            parameters: json!({"type": "object"}),
        });
        let expected = json!({
            "model": "m", "max_tokens": 100, "system": "Be brief.\n\nBe kind.",
            "messages": [
                {"role": "user", "content": [
                    {"type": "text", "text": "What?"},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AQID"}},
                ]},
                {"role": "assistant", "content": [
                    {"type": "tool_use", "id": "c1", "name": "look", "input": {"x": 1}},
                    {"type": "tool_use", "id": "c1", "name": "look", "input": {"raw": "broken"}},
                ]},
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "a cat"}]},
            ],
            "temperature": 0.3, "stop_sequences": ["X"],
            "tools": [{"name": "look", "description": "Looks", "input_schema": {"type": "object"}}],
            "stream": false,
        });
        assert_eq!(encode(&prompt, DIALECT), expected);
    }

    #[test]
    fn the_cap_of_the_model_is_never_exceeded() {
        let mut prompt = Prompt::user("x");
        prompt.sampling.max_tokens = Some(1_000);
        assert_eq!(encode(&prompt, DIALECT)["max_tokens"], json!(100));
    }

    #[test]
    fn json_is_asked_for_as_a_tool_that_must_be_called() {
        let mut prompt = Prompt::user("x");
        prompt.format = Format::Json {
            name: "city".into(),
            schema: json!({"type": "object"}),
        };
        let body = encode(&prompt, DIALECT);
        assert_eq!(body["tool_choice"], json!({"type": "tool", "name": "city"}));
        prompt.tools.push(Tool {
            name: "look".into(),
            description: String::new(),
            parameters: json!({}),
        });
        let body = encode(&prompt, DIALECT);
        assert_eq!(
            (
                &body["tool_choice"],
                body["tools"].as_array().unwrap().len()
            ),
            (&json!({"type": "any"}), 2)
        );
    }
}
