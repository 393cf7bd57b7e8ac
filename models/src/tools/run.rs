//! The loop: ask, call, give the results back, ask again.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures_util::{FutureExt, StreamExt, stream};
use gori_core::{
    Completion, Content, Context, Error, ErrorKind, Finish, Llm, Message, Prompt, Result, Speaker,
    ToolCall, Usage,
};

use super::{Toolbox, content};

/// One call and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Called {
    /// What the model wrote.
    pub call: ToolCall,
    /// What it was given: the result, or what went wrong.
    pub result: String,
    /// Whether the function succeeded.
    pub succeeded: bool,
    /// How long it took.
    pub took: Duration,
}

/// An answer, and how it came about.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// The last answer, which calls no tool.
    pub answer: Completion,
    /// The whole conversation: the prompt's messages, calls, results and the answer.
    pub messages: Vec<Message>,
    /// All calls, in order.
    pub calls: Vec<Called>,
    /// How often the model was asked.
    pub rounds: u32,
    /// What all rounds cost.
    pub usage: Usage,
}

impl Toolbox {
    /// Asks the model, runs the tools it calls, those of one round side by side, and gives it
    /// their results, until it answers. A call that fails, takes too long, panics or names no
    /// tool is told to the model as such. Dropping the future stops everything.
    ///
    /// # Errors
    /// What the model gives, and [`ErrorKind::Model`] where it still calls tools after the last
    /// round.
    pub async fn run(&self, llm: &impl Llm, cx: &Context, prompt: &Prompt) -> Result<Run> {
        let mut prompt = prompt.clone();
        prompt.tools.extend(self.tools().cloned());
        let (mut calls, mut usage) = (Vec::new(), Usage::default());
        for round in 0..=self.rounds {
            let mut answer = llm.complete(cx, &prompt).await?;
            usage += answer.usage;
            prompt.tokens = None;
            self.take_calls_from_the_text(&mut answer);
            prompt.messages.push(said(&answer));
            if answer.tool_calls.is_empty() {
                let messages = prompt.messages;
                return Ok(Run {
                    answer,
                    messages,
                    calls,
                    rounds: round + 1,
                    usage,
                });
            }
            if round < self.rounds {
                let results = self.call_all(cx, answer.tool_calls).await?;
                prompt.messages.push(heard(&results));
                calls.extend(results);
            }
        }
        let message = format!("the model still calls tools after {} rounds", self.rounds);
        Err(Error::new(ErrorKind::Model, message)
            .hint("raise Toolbox::rounds, or say in the prompt when to stop"))
    }

    fn take_calls_from_the_text(&self, answer: &mut Completion) {
        if answer.tool_calls.is_empty() {
            answer.tool_calls = content::calls(&answer.text, |name| self.tools.contains_key(name));
            if !answer.tool_calls.is_empty() {
                answer.finish = Finish::ToolCalls;
                answer.text.clear();
            }
        }
    }

    async fn call_all(&self, cx: &Context, calls: Vec<ToolCall>) -> Result<Vec<Called>> {
        let all = stream::iter(calls)
            .map(|call| self.call(call))
            .buffered(self.at_once)
            .collect::<Vec<_>>();
        match cx.remaining() {
            None => Ok(all.await),
            Some(left) => tokio::time::timeout(left, all)
                .await
                .map_err(|_| Error::new(ErrorKind::Timeout, "the deadline passed while tools ran")),
        }
    }

    async fn call(&self, call: ToolCall) -> Called {
        let start = Instant::now();
        let result = self.result(&call).await;
        let succeeded = result.is_ok();
        let text = result.unwrap_or_else(|wrong| format!("error: {wrong}"));
        Called {
            call,
            result: shorten(text, self.max_result),
            succeeded,
            took: start.elapsed(),
        }
    }

    async fn result(&self, call: &ToolCall) -> Result<String, String> {
        let Some((_, function)) = self.tools.get(&call.name) else {
            let names: Vec<&str> = self.tools.keys().map(String::as_str).collect();
            return Err(format!(
                "there is no such tool; there are {}",
                names.join(", ")
            ));
        };
        let running = async { function(&call.arguments).await };
        let fenced = AssertUnwindSafe(running).catch_unwind();
        match tokio::time::timeout(self.timeout, fenced).await {
            Ok(Ok(Ok(result))) => Ok(result),
            Ok(Ok(Err(error))) => Err(error.message().to_owned()),
            Ok(Err(_)) => Err("the tool failed".to_owned()),
            Err(_) => Err(format!("the tool took longer than {:.1?}", self.timeout)),
        }
    }
}

fn said(answer: &Completion) -> Message {
    let text = (!answer.text.is_empty()).then(|| Content::Text {
        text: answer.text.clone(),
    });
    let calls = answer.tool_calls.iter().cloned().map(Content::ToolCall);
    Message {
        speaker: Speaker::Assistant,
        parts: text.into_iter().chain(calls).collect(),
    }
}

fn heard(results: &[Called]) -> Message {
    let result = |called: &Called| Content::ToolResult {
        id: called.call.id.clone(),
        text: called.result.clone(),
    };
    Message {
        speaker: Speaker::Tool,
        parts: results.iter().map(result).collect(),
    }
}

fn shorten(mut text: String, most: usize) -> String {
    if text.len() > most {
        let whole = text.len();
        let end = (0..=most)
            .rev()
            .find(|end| text.is_char_boundary(*end))
            .unwrap_or(0);
        text.truncate(end);
        text.push_str(&format!("\n[cut off: {end} of {whole} bytes]"));
    }
    text
}
