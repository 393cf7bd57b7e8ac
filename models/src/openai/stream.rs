//! From events to the pieces of an answer.
//! <https://platform.openai.com/docs/api-reference/chat-streaming>

use std::collections::VecDeque;

use gori_core::{Delta, Finish, Result, ToolCall, Usage};
use serde_json::Value as Json;

use super::response::{arguments, finish, id_or_number, text, usage};
use crate::http::{in_success, malformed, unexplained};
use crate::sse::Event;
use crate::wire::{Decode, truncated};

/// What was read so far.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    calls: Vec<Call>,
    finish: Option<Finish>,
    usage: Option<Usage>,
    done: bool,
}

/// A tool call whose arguments are still coming.
#[derive(Debug)]
struct Call {
    index: Option<u64>,
    call: ToolCall,
}

impl Decode for Reader {
    fn event(&mut self, event: &Event, out: &mut VecDeque<Delta>) -> Result<()> {
        let data = event.data.trim();
        if data == "[DONE]" {
            self.done = true;
            return Ok(());
        }
        if data.is_empty() {
            return Ok(());
        }
        let chunk: Json =
            serde_json::from_str(data).map_err(|_| malformed("an event that is no JSON"))?;
        if let Some(error) = in_success(&chunk) {
            return Err(error);
        }
        if event.name == "error" {
            return Err(unexplained(&chunk));
        }
        self.chunk(&chunk, out)
    }

    fn is_done(&self) -> bool {
        self.done
    }

    fn finish(&mut self, out: &mut VecDeque<Delta>) -> Result<()> {
        let finish = self.finish.take().ok_or_else(truncated)?;
        let called = !self.calls.is_empty();
        out.extend(self.calls.drain(..).map(|call| Delta::ToolCall(call.call)));
        out.push_back(Delta::End {
            finish: if called { Finish::ToolCalls } else { finish },
            usage: self.usage.unwrap_or_else(|| usage(None)),
        });
        Ok(())
    }
}

impl Reader {
    fn chunk(&mut self, chunk: &Json, out: &mut VecDeque<Delta>) -> Result<()> {
        // Some servers repeat a growing usage in every chunk: the last one holds.
        if let Some(reported) = chunk.get("usage").filter(|usage| usage.is_object()) {
            self.usage = Some(usage(Some(reported)));
        }
        let choices = chunk.get("choices").and_then(Json::as_array);
        let is_first =
            |choice: &&Json| choice.get("index").and_then(Json::as_u64).unwrap_or(0) == 0;
        let Some(choice) = choices.and_then(|choices| choices.iter().find(is_first)) else {
            return Ok(());
        };
        if let Some(delta) = choice.get("delta") {
            let text = text(delta.get("content"));
            if !text.is_empty() {
                out.push_back(Delta::Text(text));
            }
            if let Some(calls) = delta.get("tool_calls").and_then(Json::as_array) {
                calls.iter().try_for_each(|call| self.call(call))?;
            }
        }
        if let Some(reason) = choice.get("finish_reason").and_then(Json::as_str) {
            self.finish = Some(finish(reason));
        }
        Ok(())
    }

    /// Adds to the call of the same index, or begins one.
    fn call(&mut self, piece: &Json) -> Result<()> {
        let index = piece.get("index").and_then(Json::as_u64);
        let name = piece.pointer("/function/name").and_then(Json::as_str);
        let more = arguments(piece.pointer("/function/arguments"));
        let known = self.calls.iter_mut().rev().find(|call| match index {
            Some(_) => call.index == index,
            // Without an index a piece without a name goes on with the last call.
            None => name.is_none(),
        });
        match (known, name) {
            (Some(known), _) => known.call.arguments.push_str(&more),
            (None, Some(name)) => {
                let id = id_or_number(piece.get("id"), self.calls.len());
                let call = ToolCall {
                    id,
                    name: name.to_owned(),
                    arguments: more,
                };
                self.calls.push(Call { index, call });
            }
            (None, None) => return Err(malformed("a piece of a tool call that never began")),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use gori_core::ErrorKind;

    use super::*;
    use crate::sse::Parser;

    /// The pieces and the error, if any, of a stream that ends after these bytes.
    fn read(bytes: &str, chunk: usize) -> (Vec<Delta>, Option<ErrorKind>) {
        let (mut parser, mut reader, mut out) = (Parser::new(), Reader::default(), VecDeque::new());
        let mut run = || -> Result<()> {
            for part in bytes.as_bytes().chunks(chunk) {
                for event in parser.feed(part)? {
                    if !reader.is_done() {
                        reader.event(&event, &mut out)?;
                    }
                }
            }
            reader.finish(&mut out)
        };
        let error = run().err().map(|e| e.kind());
        let mut joined: Vec<Delta> = Vec::new();
        for delta in out {
            match (joined.last_mut(), delta) {
                (Some(Delta::Text(before)), Delta::Text(text)) => before.push_str(&text),
                (_, delta) => joined.push(delta),
            }
        }
        (joined, error)
    }

    /// As llama-server sent it.
    const RECORDED: &str = concat!(
        "data: {\"choices\":[{\"finish_reason\":null,\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":null}}],\"model\":\"qwen\"}\n\n",
        "data: {\"choices\":[{\"finish_reason\":null,\"index\":0,\"delta\":{\"content\":\"서울\"}}]}\n\n",
        "data: {\"choices\":[{\"finish_reason\":null,\"index\":0,\"delta\":{\"content\":\" is\"}}]}\n\n",
        "data: {\"choices\":[{\"finish_reason\":\"stop\",\"index\":0,\"delta\":{}}]}\n\n",
        "data: {\"choices\":[],\"usage\":{\"completion_tokens\":2,\"prompt_tokens\":11,\"prompt_tokens_details\":{\"cached_tokens\":4}}}\n\n",
        "data: [DONE]\n\n",
    );

    #[test]
    fn a_recorded_stream_is_read_wherever_it_is_split() {
        let usage = Usage {
            prompt_tokens: 11,
            cached_tokens: 4,
            completion_tokens: 2,
            requests: 1,
        };
        let expected = vec![
            Delta::Text("서울 is".into()),
            Delta::End {
                finish: Finish::Stop,
                usage,
            },
        ];
        for chunk in 1..=RECORDED.len() {
            assert_eq!(
                read(RECORDED, chunk),
                (expected.clone(), None),
                "in pieces of {chunk}"
            );
        }
    }

    #[test]
    fn an_end_without_done_is_whole_once_it_had_a_finish_reason() {
        let without = RECORDED.replace("data: [DONE]\n\n", "");
        assert_eq!(read(&without, 7), read(RECORDED, 7));
    }

    #[test]
    fn an_end_without_a_finish_reason_is_an_error_and_never_an_answer() {
        let whole: Vec<&str> = RECORDED.split_inclusive("\n\n").collect();
        for keep in 0..3 {
            let cut = whole[..keep].concat();
            for end in ["", "data: [DONE]\n\n", "data: {\"cho"] {
                let (deltas, error) = read(&format!("{cut}{end}"), 5);
                assert_eq!(error, Some(ErrorKind::Truncated), "{keep} {end}");
                assert!(
                    !deltas
                        .iter()
                        .any(|delta| matches!(delta, Delta::End { .. }))
                );
            }
        }
    }

    #[test]
    fn an_error_in_the_middle_ends_the_stream_with_it() {
        let begun = "data: {\"choices\":[{\"delta\":{\"content\":\"so\"}}]}\n\n";
        for (event, kind) in [
            (
                "data: {\"error\":{\"message\":\"x\",\"code\":503}}\n\n",
                ErrorKind::Unavailable,
            ),
            (
                "event: error\ndata: {\"message\":\"x\"}\n\n",
                ErrorKind::Unavailable,
            ),
            ("data: {\"choices\": [\n\n", ErrorKind::Protocol),
            ("data: <html>\n\n", ErrorKind::Protocol),
        ] {
            let (deltas, error) = read(&format!("{begun}{event}"), 9);
            assert_eq!(
                (deltas, error),
                (vec![Delta::Text("so".into())], Some(kind)),
                "{event}"
            );
        }
    }

    #[test]
    fn tool_calls_come_whole_and_once() {
        let stream = concat!(
            "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}}]}}]}\n\n",
            "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\\\"x\\\"\"}},{\"index\":1,\"id\":\"b\",\"function\":{\"name\":\"g\",\"arguments\":\"{}\"}}]}}]}\n\n",
            "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\":1}\"}}]}}]}\n\n",
            "data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"another choice\"}}]}\n\n",
            "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE] \n\n",
        );
        let call = |id: &str, name: &str, arguments: &str| {
            Delta::ToolCall(ToolCall {
                id: id.into(),
                name: name.into(),
                arguments: arguments.into(),
            })
        };
        let end = Delta::End {
            finish: Finish::ToolCalls,
            usage: usage(None),
        };
        let expected = vec![call("a", "f", "{\"x\":1}"), call("b", "g", "{}"), end];
        assert_eq!(read(stream, 3), (expected, None));
        let whole = "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"function\":{\"name\":\"f\",\"arguments\":{\"x\":1}}},{\"function\":{\"name\":\"f\"}}]},\"finish_reason\":\"stop\"}]}\n\n";
        assert_eq!(
            read(whole, 64).0.len(),
            3,
            "two calls and the end, without an index"
        );
    }

    #[test]
    fn what_follows_done_is_not_read() {
        let late =
            format!("{RECORDED}data: {{\"choices\":[{{\"delta\":{{\"content\":\"late\"}}}}]}}\n\n");
        assert_eq!(read(&late, 11), read(RECORDED, 11));
    }
}
