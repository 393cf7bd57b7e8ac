//! From the JSON of an answer to a completion.
//! <https://platform.openai.com/docs/api-reference/chat/object>

use gori_core::{Completion, Error, ErrorKind, Finish, Result, ToolCall, Usage};
use serde_json::{Map, Value as Json};

use crate::http::malformed;

/// Reads an answer that came whole. `model` stands in where the server does not name one.
pub(super) fn decode(mut json: Json, model: &str) -> Result<Completion> {
    let body = json.as_object_mut().ok_or_else(|| malformed("no object"))?;
    let usage = usage(body.get("usage"));
    let mut choice = body
        .get_mut("choices")
        .and_then(Json::as_array_mut)
        .and_then(|choices| (!choices.is_empty()).then(|| choices.swap_remove(0)))
        .ok_or_else(|| malformed("no choices"))?;
    let message = choice
        .get_mut("message")
        .map(Json::take)
        .unwrap_or_default();
    let tool_calls = match message.get("tool_calls") {
        Some(Json::Array(calls)) => calls
            .iter()
            .enumerate()
            .map(tool_call)
            .collect::<Result<_>>()?,
        _ => Vec::new(),
    };
    let finish = choice
        .get("finish_reason")
        .and_then(Json::as_str)
        .map(finish)
        .ok_or_else(cut_short)?;
    let model = body
        .get("model")
        .and_then(Json::as_str)
        .unwrap_or(model)
        .into();
    Ok(Completion {
        text: text(message.get("content")),
        finish: if tool_calls.is_empty() {
            finish
        } else {
            Finish::ToolCalls
        },
        tool_calls,
        usage,
        model,
        extra: extra(body, &choice, &message),
    })
}

fn cut_short() -> Error {
    Error::new(
        ErrorKind::Truncated,
        "the answer has no finish reason, so it may be cut short",
    )
}

/// What the provider sent beyond the protocol's common part: its names are kept.
fn extra(body: &Map<String, Json>, choice: &Json, message: &Json) -> Map<String, Json> {
    const KNOWN: [&str; 5] = ["choices", "usage", "model", "object", "error"];
    const OF_CHOICE: [&str; 1] = ["logprobs"];
    const OF_MESSAGE: [&str; 4] = ["refusal", "reasoning_content", "reasoning", "annotations"];
    let pick = |from: &Json, names: &[&str]| -> Vec<(String, Json)> {
        let field = |name: &&str| Some(((*name).to_owned(), from.get(*name)?.clone()));
        names.iter().filter_map(field).collect()
    };
    body.iter()
        .filter(|(name, _)| !KNOWN.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .chain(pick(choice, &OF_CHOICE))
        .chain(pick(message, &OF_MESSAGE))
        .filter(|(_, value)| !value.is_null())
        .collect()
}

/// Text, or a list of parts of which the text counts.
pub(super) fn text(content: Option<&Json>) -> String {
    match content {
        Some(Json::String(text)) => text.clone(),
        Some(Json::Array(parts)) => parts
            .iter()
            .filter_map(|part| part.get("text").and_then(Json::as_str))
            .collect(),
        _ => String::new(),
    }
}

pub(super) fn finish(reason: &str) -> Finish {
    match reason {
        "stop" | "eos" => Finish::Stop,
        "length" => Finish::Length,
        "tool_calls" | "function_call" => Finish::ToolCalls,
        "content_filter" => Finish::Filtered,
        other => Finish::Other(other.to_owned()),
    }
}

pub(super) fn usage(usage: Option<&Json>) -> Usage {
    let number = |pointer: &str| {
        usage
            .and_then(|u| u.pointer(pointer))
            .and_then(Json::as_u64)
    };
    Usage {
        prompt_tokens: number("/prompt_tokens").unwrap_or(0),
        cached_tokens: number("/prompt_tokens_details/cached_tokens").unwrap_or(0),
        completion_tokens: number("/completion_tokens").unwrap_or(0),
        requests: 1,
    }
}

fn tool_call((index, call): (usize, &Json)) -> Result<ToolCall> {
    let name = call.pointer("/function/name").and_then(Json::as_str);
    Ok(ToolCall {
        id: id_or_number(call.get("id"), index),
        name: name
            .ok_or_else(|| malformed("a tool call without a name"))?
            .to_owned(),
        arguments: arguments(call.pointer("/function/arguments")),
    })
}

/// Some servers send no id; the result must name the call all the same.
pub(super) fn id_or_number(id: Option<&Json>, index: usize) -> String {
    match id.and_then(Json::as_str) {
        Some(id) if !id.is_empty() => id.to_owned(),
        _ => format!("call_{index}"),
    }
}

/// JSON text by the protocol; an object from servers that read it for us.
pub(super) fn arguments(arguments: Option<&Json>) -> String {
    match arguments {
        Some(Json::String(text)) => text.clone(),
        Some(Json::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// As llama-server 10434 sent it, with its timings cut down.
    fn recorded() -> Json {
        json!({
            "choices": [{"finish_reason": "stop", "index": 0, "message": {"role": "assistant", "content": "Paris."}}],
            "created": 1_763_800_000, "model": "qwen", "system_fingerprint": "b10434", "object": "chat.completion",
            "usage": {"completion_tokens": 3, "prompt_tokens": 14, "total_tokens": 17, "prompt_tokens_details": {"cached_tokens": 5}},
            "id": "chatcmpl-1", "timings": {"prompt_n": 9},
        })
    }

    #[test]
    fn a_whole_answer_is_read_and_what_is_beyond_it_kept() {
        let completion = decode(recorded(), "m").unwrap();
        assert_eq!(
            (completion.text.as_str(), completion.finish),
            ("Paris.", Finish::Stop)
        );
        let usage = Usage {
            prompt_tokens: 14,
            cached_tokens: 5,
            completion_tokens: 3,
            requests: 1,
        };
        assert_eq!((completion.usage, &*completion.model), (usage, "qwen"));
        assert_eq!(completion.extra["timings"], json!({"prompt_n": 9}));
        assert!(!completion.extra.contains_key("choices"));
    }

    #[test]
    fn tool_calls_are_read_from_every_kind_of_server() {
        let with = |calls: Json| {
            let mut json = recorded();
            json["choices"][0]["message"] = json!({"content": null, "tool_calls": calls});
            decode(json, "m")
        };
        let completion = with(json!([
            {"id": "c1", "type": "function", "function": {"name": "a", "arguments": "{\"x\":1}"}},
            {"function": {"name": "b", "arguments": {"y": 2}}},
        ]))
        .unwrap();
        assert_eq!(
            completion.finish,
            Finish::ToolCalls,
            "though the server said stop"
        );
        let ids: Vec<_> = completion
            .tool_calls
            .iter()
            .map(|c| (c.id.as_str(), c.arguments.as_str()))
            .collect();
        assert_eq!(ids, [("c1", "{\"x\":1}"), ("call_1", "{\"y\":2}")]);
        assert_eq!(
            with(json!([{"id": "c"}])).unwrap_err().kind(),
            ErrorKind::Protocol
        );
    }

    #[test]
    fn an_answer_without_a_finish_reason_is_no_answer() {
        let mut json = recorded();
        json["choices"][0]["finish_reason"] = Json::Null;
        assert_eq!(decode(json, "m").unwrap_err().kind(), ErrorKind::Truncated);
    }

    #[test]
    fn what_is_no_answer_is_a_protocol_error() {
        for json in [
            json!({}),
            json!([]),
            json!({"choices": []}),
            json!({"choices": {}}),
            json!(null),
            json!("x"),
        ] {
            assert_eq!(
                decode(json.clone(), "m").unwrap_err().kind(),
                ErrorKind::Protocol,
                "{json}"
            );
        }
    }
}
