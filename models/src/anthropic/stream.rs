//! From events to the pieces of an answer. <https://platform.claude.com/docs/en/build-with-claude/streaming>

use std::collections::VecDeque;

use gori_core::{Delta, Result, ToolCall, Usage};
use serde_json::Value as Json;

use super::response::{finish, usage};
use crate::http::{in_success, malformed};
use crate::sse::Event;
use crate::wire::{Decode, truncated};

/// What was read so far.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    /// The tool whose arguments are the answer itself.
    answer: Option<String>,
    /// Text beside that tool, which counts where the model does not call it.
    beside: String,
    call: Option<ToolCall>,
    answered: bool,
    called: bool,
    reason: Option<String>,
    usage: Usage,
    done: bool,
}

impl Reader {
    pub(super) fn new(answer: Option<String>) -> Self {
        Self {
            answer,
            ..Self::default()
        }
    }

    /// Text outside the answer's own tool is no part of an answer that must be JSON, so it is
    /// held back until it is sure that there is nothing else.
    fn text(&mut self, text: Option<&Json>, out: &mut VecDeque<Delta>) {
        let text = text.and_then(Json::as_str).unwrap_or_default();
        if self.answer.is_some() {
            self.beside.push_str(text);
        } else if !text.is_empty() {
            out.push_back(Delta::Text(text.to_owned()));
        }
    }

    fn begin(&mut self, block: &Json, out: &mut VecDeque<Delta>) -> Result<()> {
        let text = |name: &str| block.get(name).and_then(Json::as_str).map(str::to_owned);
        match block.get("type").and_then(Json::as_str) {
            Some("text") => self.text(block.get("text"), out),
            Some("tool_use") => {
                self.call = Some(ToolCall {
                    id: text("id").ok_or_else(|| malformed("a tool call without an id"))?,
                    name: text("name").ok_or_else(|| malformed("a tool call without a name"))?,
                    arguments: String::new(),
                });
            }
            _ => {}
        }
        Ok(())
    }

    fn go_on(&mut self, delta: &Json, out: &mut VecDeque<Delta>) -> Result<()> {
        match delta.get("type").and_then(Json::as_str) {
            Some("text_delta") => self.text(delta.get("text"), out),
            Some("input_json_delta") => {
                let more = delta
                    .get("partial_json")
                    .and_then(Json::as_str)
                    .unwrap_or_default();
                let call = self.call.as_mut();
                let call =
                    call.ok_or_else(|| malformed("a piece of a tool call that never began"))?;
                if Some(&call.name) == self.answer.as_ref() {
                    if !more.is_empty() {
                        out.push_back(Delta::Text(more.to_owned()));
                    }
                } else {
                    call.arguments.push_str(more);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn end_block(&mut self, out: &mut VecDeque<Delta>) {
        let Some(call) = self.call.take() else { return };
        if Some(&call.name) == self.answer.as_ref() {
            self.beside.clear();
            self.answered = true;
        } else {
            self.called = true;
            out.push_back(Delta::ToolCall(call));
        }
    }
}

impl Decode for Reader {
    fn event(&mut self, event: &Event, out: &mut VecDeque<Delta>) -> Result<()> {
        let json: Json = serde_json::from_str(event.data.trim())
            .map_err(|_| malformed("an event that is no JSON"))?;
        if let Some(error) = in_success(&json) {
            return Err(error);
        }
        let nothing = Json::Null;
        let field = |name: &str| json.get(name).unwrap_or(&nothing);
        match json.get("type").and_then(Json::as_str) {
            Some("message_start") => self.usage = usage(json.pointer("/message/usage"), self.usage),
            Some("content_block_start") => self.begin(field("content_block"), out)?,
            Some("content_block_delta") => self.go_on(field("delta"), out)?,
            Some("content_block_stop") => self.end_block(out),
            Some("message_delta") => {
                self.usage = usage(json.get("usage"), self.usage);
                let reason = json.pointer("/delta/stop_reason").and_then(Json::as_str);
                self.reason = reason.map(str::to_owned).or(self.reason.take());
            }
            Some("message_stop") => self.done = true,
            // Pings, and kinds of event that are yet to come.
            _ => {}
        }
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.done
    }

    fn finish(&mut self, out: &mut VecDeque<Delta>) -> Result<()> {
        let reason = self.reason.take().ok_or_else(truncated)?;
        let usage = Usage {
            requests: 1,
            ..self.usage
        };
        let beside = std::mem::take(&mut self.beside);
        if !self.answered && !beside.is_empty() {
            out.push_back(Delta::Text(beside));
        }
        out.push_back(Delta::End {
            finish: finish(&reason, self.called),
            usage,
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use gori_core::{ErrorKind, Finish};

    use super::*;
    use crate::sse::Parser;

    fn read(bytes: &str, chunk: usize, answer: Option<&str>) -> (Vec<Delta>, Option<ErrorKind>) {
        let (mut parser, mut out) = (Parser::new(), VecDeque::new());
        let mut reader = Reader::new(answer.map(str::to_owned));
        let mut run = || -> Result<()> {
            for part in bytes.as_bytes().chunks(chunk) {
                for event in parser.feed(part)? {
                    reader.event(&event, &mut out)?;
                }
            }
            reader.finish(&mut out)
        };
        let error = run().err().map(|e| e.kind());
        (out.into(), error)
    }

    /// Of the form that the reference shows: text, then a tool call.
    const RECORDED: &str = concat!(
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":25,\"cache_read_input_tokens\":5,\"output_tokens\":1}}}\n\n",
        "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
        "event: ping\ndata: {\"type\": \"ping\"}\n\n",
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"서울\"}}\n\n",
        "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
        "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t1\",\"name\":\"look\",\"input\":{}}}\n\n",
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"\"}}\n\n",
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"x\\\":\"}}\n\n",
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"1}\"}}\n\n",
        "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":1}\n\n",
        "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"},\"usage\":{\"output_tokens\":15}}\n\n",
        "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
    );

    const USAGE: Usage = Usage {
        prompt_tokens: 30,
        cached_tokens: 5,
        completion_tokens: 15,
        requests: 1,
    };

    #[test]
    fn a_recorded_stream_is_read_wherever_it_is_split() {
        let call = ToolCall {
            id: "t1".into(),
            name: "look".into(),
            arguments: "{\"x\":1}".into(),
        };
        let end = Delta::End {
            finish: Finish::ToolCalls,
            usage: USAGE,
        };
        let expected = vec![Delta::Text("서울".into()), Delta::ToolCall(call), end];
        for chunk in 1..=RECORDED.len() {
            assert_eq!(
                read(RECORDED, chunk, None),
                (expected.clone(), None),
                "in pieces of {chunk}"
            );
        }
    }

    #[test]
    fn the_tool_that_gives_the_answer_streams_as_text() {
        let end = Delta::End {
            finish: Finish::Stop,
            usage: USAGE,
        };
        let expected = vec![Delta::Text("{\"x\":".into()), Delta::Text("1}".into()), end];
        assert_eq!(read(RECORDED, 40, Some("look")), (expected, None));
    }

    #[test]
    fn text_in_the_place_of_json_is_not_lost() {
        let (deltas, error) = read(RECORDED, 33, Some("another"));
        let texts: Vec<&Delta> = deltas
            .iter()
            .filter(|delta| matches!(delta, Delta::Text(_)))
            .collect();
        assert_eq!((texts, error), (vec![&Delta::Text("서울".into())], None));
    }

    #[test]
    fn an_end_without_a_stop_reason_is_an_error_and_never_an_answer() {
        let events: Vec<&str> = RECORDED.split_inclusive("\n\n").collect();
        for keep in 0..events.len() - 2 {
            let (deltas, error) = read(&events[..keep].concat(), 50, None);
            assert_eq!(error, Some(ErrorKind::Truncated), "{keep} events");
            assert!(
                !deltas
                    .iter()
                    .any(|delta| matches!(delta, Delta::End { .. }))
            );
        }
    }

    #[test]
    fn an_error_event_ends_the_stream_with_it() {
        let broken = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n";
        assert_eq!(read(broken, 9, None).1, Some(ErrorKind::Unavailable));
    }
}
