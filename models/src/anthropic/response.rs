//! From the JSON of an answer to a completion. <https://platform.claude.com/docs/en/api/messages>

use gori_core::{Completion, Error, ErrorKind, Finish, Format, Prompt, Result, ToolCall, Usage};
use serde_json::{Map, Value as Json};

use crate::http::malformed;

/// The name of the tool whose arguments are the answer itself, where JSON was asked for.
pub(super) fn answer_tool(prompt: &Prompt) -> Option<String> {
    match &prompt.format {
        Format::Json { name, .. } => Some(name.clone()),
        _ => None,
    }
}

/// Reads an answer that came whole. `model` stands in where the server does not name one.
pub(super) fn decode(json: Json, model: &str, answer: Option<String>) -> Result<Completion> {
    let Json::Object(body) = json else {
        return Err(malformed("no object"));
    };
    let content = body.get("content").and_then(Json::as_array);
    let content = content.ok_or_else(|| malformed("no content"))?;
    let mut text = String::new();
    let mut tool_calls = Vec::new();
    for part in content {
        match part.get("type").and_then(Json::as_str) {
            Some("text") => {
                text.push_str(part.get("text").and_then(Json::as_str).unwrap_or_default())
            }
            Some("tool_use") => {
                let call = tool_call(part)?;
                if Some(&call.name) == answer.as_ref() {
                    // The answer itself; what the model said before it is no part of it.
                    text = call.arguments;
                } else {
                    tool_calls.push(call);
                }
            }
            _ => {}
        }
    }
    let reason = body
        .get("stop_reason")
        .and_then(Json::as_str)
        .ok_or_else(|| {
            Error::new(
                ErrorKind::Truncated,
                "the answer has no stop reason, so it may be cut short",
            )
        })?;
    Ok(Completion {
        text,
        finish: finish(reason, !tool_calls.is_empty()),
        tool_calls,
        usage: usage(body.get("usage"), Usage::default()),
        model: body
            .get("model")
            .and_then(Json::as_str)
            .unwrap_or(model)
            .into(),
        extra: extra(body),
    })
}

fn extra(body: Map<String, Json>) -> Map<String, Json> {
    const KNOWN: [&str; 5] = ["usage", "model", "type", "role", "stop_reason"];
    // Thinking and citations are in the parts of the content, so those are kept whole.
    let keep = |name: &str, value: &Json| !KNOWN.contains(&name) && !value.is_null();
    body.into_iter()
        .filter(|(name, value)| keep(name, value))
        .collect()
}

/// `calls` tells whether there are calls besides the answer's own.
pub(super) fn finish(reason: &str, calls: bool) -> Finish {
    match reason {
        _ if calls => Finish::ToolCalls,
        "end_turn" | "stop_sequence" | "tool_use" => Finish::Stop,
        "max_tokens" | "model_context_window_exceeded" => Finish::Length,
        "refusal" => Finish::Filtered,
        other => Finish::Other(other.to_owned()),
    }
}

/// What is reported, over what was reported before. The prompt's tokens come in three parts:
/// read from the cache, written to it, and neither.
pub(super) fn usage(reported: Option<&Json>, before: Usage) -> Usage {
    let number = |name: &str| {
        reported
            .and_then(|usage| usage.get(name))
            .and_then(Json::as_u64)
    };
    let cached = number("cache_read_input_tokens");
    let prompt = number("input_tokens").map(|fresh| {
        fresh + cached.unwrap_or(0) + number("cache_creation_input_tokens").unwrap_or(0)
    });
    Usage {
        prompt_tokens: prompt.unwrap_or(before.prompt_tokens),
        cached_tokens: cached.unwrap_or(before.cached_tokens),
        completion_tokens: number("output_tokens").unwrap_or(before.completion_tokens),
        requests: 1,
    }
}

fn tool_call(part: &Json) -> Result<ToolCall> {
    let text = |name: &str| part.get(name).and_then(Json::as_str).map(str::to_owned);
    Ok(ToolCall {
        id: text("id").ok_or_else(|| malformed("a tool call without an id"))?,
        name: text("name").ok_or_else(|| malformed("a tool call without a name"))?,
        arguments: part.get("input").map_or_else(String::new, Json::to_string),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Of the form that the reference shows.
    fn recorded() -> Json {
        json!({
            "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x",
            "content": [{"type": "thinking", "thinking": "hm", "signature": "s"}, {"type": "text", "text": "Paris."}],
            "stop_reason": "end_turn", "stop_sequence": null,
            "usage": {"input_tokens": 10, "cache_read_input_tokens": 20, "cache_creation_input_tokens": 5, "output_tokens": 3},
        })
    }

    #[test]
    fn a_whole_answer_is_read_and_what_is_beyond_it_kept() {
        let completion = decode(recorded(), "m", None).unwrap();
        assert_eq!(
            (completion.text.as_str(), completion.finish),
            ("Paris.", Finish::Stop)
        );
        let usage = Usage {
            prompt_tokens: 35,
            cached_tokens: 20,
            completion_tokens: 3,
            requests: 1,
        };
        assert_eq!((completion.usage, &*completion.model), (usage, "claude-x"));
        assert_eq!(completion.extra["content"][0]["thinking"], json!("hm"));
    }

    #[test]
    fn the_tool_that_gives_the_answer_is_the_answer() {
        let mut json = recorded();
        json["content"] = json!([
            {"type": "text", "text": "Here:"},
            {"type": "tool_use", "id": "t1", "name": "city", "input": {"name": "Paris"}},
        ]);
        json["stop_reason"] = json!("tool_use");
        let completion = decode(json.clone(), "m", Some("city".into())).unwrap();
        assert_eq!(
            (completion.text.as_str(), completion.finish),
            ("{\"name\":\"Paris\"}", Finish::Stop)
        );
        let completion = decode(json, "m", None).unwrap();
        assert_eq!(
            (completion.tool_calls.len(), completion.finish),
            (1, Finish::ToolCalls)
        );
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        let mut cut = recorded();
        cut["stop_reason"] = Json::Null;
        assert_eq!(
            decode(cut, "m", None).unwrap_err().kind(),
            ErrorKind::Truncated
        );
        for json in [json!({}), json!([]), json!({"content": "x"})] {
            assert_eq!(
                decode(json, "m", None).unwrap_err().kind(),
                ErrorKind::Protocol
            );
        }
    }
}
