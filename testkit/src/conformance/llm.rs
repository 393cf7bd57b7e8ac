//! The laws of [`Llm`].

use std::time::Duration;

use futures_util::StreamExt as _;
use gori_core::{Completion, Context, Delta, ErrorKind, Finish, Llm, Prompt, ToolCall, Usage};

/// What the laws were tried on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tried {
    /// Answers that came whole.
    pub completions: usize,
    /// Answers that came in pieces.
    pub streams: usize,
    /// Pieces of them.
    pub pieces: usize,
}

/// Runs every law. The model must answer each of the prompts, however often it is asked.
///
/// # Panics
/// When a law is broken.
pub async fn check(llm: &dyn Llm, prompts: &[Prompt]) -> Tried {
    assert!(!prompts.is_empty(), "without prompts nothing is shown");
    describes_itself(llm);
    let mut tried = Tried::default();
    for prompt in prompts {
        a_completion_is_whole_and_paid_for(llm, prompt).await;
        tried.completions += 1;
        tried.pieces += a_stream_joined(llm, prompt).await.1;
        tried.streams += 1;
        a_dropped_call_harms_nothing(llm, prompt).await;
    }
    a_passed_deadline_is_a_timeout(llm).await;
    tried
}

/// Runs the laws of a model that says the same each time it is asked the same, as one at
/// temperature 0 does.
///
/// # Panics
/// When a law is broken.
pub async fn check_repeatable(llm: &dyn Llm, prompts: &[Prompt]) -> Tried {
    assert!(!prompts.is_empty(), "without prompts nothing is shown");
    let mut tried = Tried::default();
    for prompt in prompts {
        let whole = a_completion_is_whole_and_paid_for(llm, prompt).await;
        let again = a_completion_is_whole_and_paid_for(llm, prompt).await;
        assert_eq!(again.text, whole.text, "it repeats itself");
        let (streamed, pieces) = a_stream_joined(llm, prompt).await;
        assert_eq!(streamed.text, whole.text, "the pieces are the whole");
        assert_eq!(
            streamed.calls, whole.tool_calls,
            "the calls are those of the whole"
        );
        assert_eq!(
            streamed.finish, whole.finish,
            "it stops for the same reason"
        );
        tried.completions += 2;
        tried.streams += 1;
        tried.pieces += pieces;
    }
    tried
}

/// Runs the laws of the bounds in [`Sampling`](gori_core::Sampling), for a model that repeats
/// itself and answers this prompt with a dozen words or more.
///
/// # Panics
/// When a law is broken.
pub async fn check_bounds(llm: &dyn Llm, prompt: &Prompt) {
    let whole = a_completion_is_whole_and_paid_for(llm, prompt).await;
    let words: Vec<&str> = whole.text.split_whitespace().collect();
    assert!(words.len() >= 12, "too short to cut: {}", whole.text);

    let mut short = prompt.clone();
    short.sampling.max_tokens = Some(5);
    let cut = a_completion_is_whole_and_paid_for(llm, &short).await;
    assert_eq!(
        cut.finish,
        Finish::Length,
        "the most tokens were reached: {cut:?}"
    );
    assert!(cut.usage.completion_tokens <= 5, "{:?}", cut.usage);
    assert!(
        whole.text.starts_with(&cut.text),
        "{:?} begins {:?}",
        cut.text,
        whole.text
    );
    let (streamed, _) = a_stream_joined(llm, &short).await;
    assert_eq!((streamed.text, streamed.finish), (cut.text, Finish::Length));

    let mut stopped = prompt.clone();
    stopped.sampling.stop = vec![words[6].to_owned()];
    let at = whole.text.find(words[6]).expect("one of its words");
    let cut = a_completion_is_whole_and_paid_for(llm, &stopped).await;
    let same = |text: &str| text.trim_end() == whole.text[..at].trim_end();
    assert!(same(&cut.text), "{:?} ends before {:?}", cut.text, words[6]);
    assert_eq!(cut.finish, Finish::Stop);
    let (streamed, _) = a_stream_joined(llm, &stopped).await;
    assert!(
        same(&streamed.text),
        "no part of the stop text is streamed: {:?}",
        streamed.text
    );
    assert_eq!(streamed.finish, Finish::Stop);
}

fn describes_itself(llm: &dyn Llm) {
    assert!(!llm.id().is_empty(), "it has a name");
    let limits = llm.limits();
    assert!(limits.window.0 > 0, "it has a window");
    if let Some(output) = limits.output {
        assert!(
            output.0 > 0 && output.0 <= limits.window.0,
            "the cap lies within the window"
        );
    }
    assert_eq!(llm.limits(), limits, "limits do not change");
}

async fn a_completion_is_whole_and_paid_for(llm: &dyn Llm, prompt: &Prompt) -> Completion {
    let cx = Context::new();
    let completion = llm.complete(&cx, prompt).await.unwrap();
    let says = !completion.text.is_empty() || !completion.tool_calls.is_empty();
    assert!(says, "it says something: {completion:?}");
    assert!(!completion.model.is_empty(), "the model names itself");
    let calls = completion.finish == Finish::ToolCalls;
    assert_eq!(
        calls,
        !completion.tool_calls.is_empty(),
        "calls and their finish go together"
    );
    assert_eq!(
        cx.usage().total(),
        completion.usage,
        "the ledger holds what the answer cost, once"
    );
    completion
}

/// What the pieces of a stream are together.
struct Joined {
    text: String,
    calls: Vec<ToolCall>,
    finish: Finish,
}

/// Reads a stream, which ends once and is paid for, and counts its pieces.
async fn a_stream_joined(llm: &dyn Llm, prompt: &Prompt) -> (Joined, usize) {
    let cx = Context::new();
    let deltas: Vec<_> = llm.stream(&cx, prompt).await.unwrap().collect().await;
    let deltas: Vec<Delta> = deltas.into_iter().collect::<Result<_, _>>().unwrap();
    let is_end = |delta: &Delta| matches!(delta, Delta::End { .. });
    assert_eq!(
        deltas.iter().filter(|d| is_end(d)).count(),
        1,
        "one end: {deltas:?}"
    );
    let Some(Delta::End { finish, usage }) = deltas.last() else {
        panic!("the end comes last: {deltas:?}");
    };
    assert!(deltas.len() > 1, "something comes before the end");
    let empty = |delta: &Delta| matches!(delta, Delta::Text(text) if text.is_empty());
    assert!(!deltas.iter().any(empty), "no piece is empty");
    let called = deltas
        .iter()
        .any(|delta| matches!(delta, Delta::ToolCall(_)));
    assert_eq!(
        *finish == Finish::ToolCalls,
        called,
        "calls and their finish go together"
    );
    assert_eq!(
        cx.usage().total(),
        *usage,
        "the ledger holds what the answer cost, once"
    );
    let (finish, pieces) = (finish.clone(), deltas.len());
    let (mut text, mut calls) = (String::new(), Vec::new());
    for delta in deltas {
        match delta {
            Delta::Text(piece) => text.push_str(&piece),
            Delta::ToolCall(call) => calls.push(call),
            _ => {}
        }
    }
    let joined = Joined {
        text,
        calls,
        finish,
    };
    (joined, pieces)
}

async fn a_dropped_call_harms_nothing(llm: &dyn Llm, prompt: &Prompt) {
    let cx = Context::new();
    drop(llm.complete(&cx, prompt));
    if let Ok(mut stream) = llm.stream(&cx, prompt).await {
        let _ = stream.next().await;
    }
    let half = tokio::time::timeout(Duration::from_millis(1), llm.complete(&cx, prompt));
    drop(half.await);
    a_completion_is_whole_and_paid_for(llm, prompt).await;
}

/// Of a question that no cache can have an answer to.
async fn a_passed_deadline_is_a_timeout(llm: &dyn Llm) {
    let prompt = &Prompt::user("what is asked when the time is over?");
    let cx = Context::new().within(Duration::ZERO);
    let error = llm.complete(&cx, prompt).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error:?}");
    let error = match llm.stream(&cx, prompt).await {
        Err(error) => error,
        Ok(mut stream) => stream.next().await.expect("an item").unwrap_err(),
    };
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error:?}");
    assert_eq!(cx.usage().total(), Usage::default(), "nothing was used");
}
