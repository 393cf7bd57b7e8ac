//! Long inputs: every call within its budget, whatever the model answers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use futures_core::stream::BoxStream;
use gori_chains::long::{Task, map_reduce, refine, stuff, tree};
use gori_core::{
    Chain as _, Completion, Context, Delta, Error, ErrorKind, Fidelity, Finish, Limits, Llm,
    OutputCap, Prompt, Result, TokenCounter, Usage, Window,
};

/// A token for each run of letters and each other character but blanks.
#[derive(Clone, Copy, Debug)]
struct Tokens;

impl TokenCounter for Tokens {
    fn id(&self) -> &str {
        "tokens"
    }
    fn fidelity(&self) -> Fidelity {
        Fidelity::Exact
    }
    fn count(&self, text: &str) -> usize {
        let mut before = false;
        let mut tokens = 0;
        for c in text.chars() {
            let letter = c.is_alphanumeric();
            tokens += usize::from(if letter { !before } else { !c.is_whitespace() });
            before = letter;
        }
        tokens
    }
}

/// Fails when a prompt with its answer is over the window; otherwise answers with the numbers it
/// saw, at a length of its own.
#[derive(Clone, Debug)]
struct Strict {
    window: usize,
    answer_words: usize,
    calls: Arc<AtomicUsize>,
}

impl Strict {
    fn new(window: usize, answer_words: usize) -> Self {
        Self {
            window,
            answer_words,
            calls: Arc::default(),
        }
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Llm for Strict {
    fn id(&self) -> &str {
        "strict"
    }
    fn limits(&self) -> Limits {
        Limits {
            window: Window(self.window),
            output: Some(OutputCap(self.window / 2)),
        }
    }
    async fn complete(&self, _: &Context, prompt: &Prompt) -> Result<Completion> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let tokens: usize = prompt
            .messages
            .iter()
            .map(|m| Tokens.count(&m.to_text()) + 10)
            .sum();
        let answer = prompt.sampling.max_tokens.unwrap();
        if tokens + answer > self.window {
            return Err(Error::new(
                ErrorKind::TooLarge,
                format!("{tokens} and {answer} tokens"),
            ));
        }
        let text = prompt.messages.last().unwrap().to_text();
        let marks: Vec<&str> = text
            .split_whitespace()
            .filter(|w| w.starts_with("mark"))
            .collect();
        let filler = "word. ".repeat(self.answer_words);
        Ok(Completion {
            text: format!("seen: {} {filler}", marks.join(" ")),
            tool_calls: Vec::new(),
            finish: Finish::Stop,
            usage: Usage::default(),
            model: "strict".into(),
            extra: serde_json::Map::new(),
        })
    }
    async fn stream(&self, _: &Context, _: &Prompt) -> Result<BoxStream<'static, Result<Delta>>> {
        Err(Error::new(ErrorKind::Unsupported, "not here"))
    }
}

/// Text with a mark every so often, so that it shows which parts were read.
fn book(sentences: usize) -> String {
    (0..sentences)
        .map(|n| match n % 50 {
            0 => format!("mark{} stands here. ", n / 50),
            _ => "The store keeps a log of every change and reads it again. ".to_owned(),
        })
        .collect()
}

fn marks(text: &str) -> usize {
    text.split_whitespace()
        .filter(|w| w.starts_with("mark"))
        .count()
}

#[tokio::test]
async fn no_call_is_over_its_budget_and_every_part_is_read() {
    let cx = Context::new();
    let (mut tried, mut calls) = (0, 0);
    for window in [600, 1_000, 4_000] {
        for words in [0, 5, 20] {
            let text = book(400);
            let llm = Strict::new(window, words);
            let task = || Task::new("List the marks.").answer(100);
            let by_map = map_reduce(llm.clone(), Tokens, task())
                .call(&cx, text.clone())
                .await
                .unwrap();
            let by_refine = refine(llm.clone(), Tokens, task())
                .call(&cx, text.clone())
                .await
                .unwrap();
            let by_tree = tree(llm.clone(), Tokens, task())
                .call(&cx, text)
                .await
                .unwrap();
            for (how, answer) in [("map", by_map), ("refine", by_refine), ("tree", by_tree)] {
                assert_eq!(
                    marks(&answer),
                    8,
                    "{how}, window {window}, {words} words: {answer}"
                );
                tried += 1;
            }
            calls += llm.calls();
        }
    }
    println!("{tried} long inputs in {calls} calls");
    assert!(calls > 50);
}

#[tokio::test]
async fn an_answer_that_never_ends_is_cut_and_the_next_call_still_fits() {
    let cx = Context::new();
    let llm = Strict::new(800, 5_000);
    for answer in [
        map_reduce(llm.clone(), Tokens, Task::new("Go on.").answer(50))
            .call(&cx, book(300))
            .await,
        refine(llm.clone(), Tokens, Task::new("Go on.").answer(50))
            .call(&cx, book(300))
            .await,
        tree(llm.clone(), Tokens, Task::new("Go on.").answer(50))
            .call(&cx, book(300))
            .await,
    ] {
        assert!(Tokens.count(&answer.unwrap()) <= 50);
    }
}

#[tokio::test]
async fn a_text_that_does_not_fit_is_stuffed_whole_or_not_at_all() {
    let llm = Strict::new(1_000, 5);
    let chain = stuff(
        llm.clone(),
        Tokens,
        Task::new("List the marks.").answer(100),
    );
    let cx = Context::new();
    assert_eq!(marks(&chain.call(&cx, book(51)).await.unwrap()), 2);
    let error = chain.call(&cx, book(500)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert_eq!(llm.calls(), 1, "nothing was sent");
}

#[tokio::test]
async fn a_window_too_small_for_the_task_is_named() {
    let chain = tree(Strict::new(40, 5), Tokens, Task::new("List the marks."));
    let error = chain.call(&Context::new(), book(9)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert!(error.to_string().contains("task"), "{error}");
}

#[tokio::test]
async fn hostile_texts_are_worked_through() {
    for text in [
        "x".repeat(20_000),
        " ".repeat(20_000),
        "e\u{301}".repeat(5_000),
        "</data>".repeat(2_000),
    ] {
        let llm = Strict::new(700, 1);
        let answer = refine(llm.clone(), Tokens, Task::new("Go on.").answer(50))
            .call(&Context::new(), text)
            .await;
        assert!(answer.is_ok(), "{answer:?}");
    }
}
