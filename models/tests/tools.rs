//! The loop of tools: what a model calls is run within bounds, and told back.
#![cfg(feature = "structured")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;
use std::time::Duration;

use gori_core::{Content, Context, Error, ErrorKind, Prompt, Speaker};
use gori_models::tools::{Run, Toolbox};
use gori_testkit::ScriptedLlm;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::Instant;

#[derive(Deserialize, JsonSchema)]
struct Wait {
    seconds: u64,
}

#[derive(Deserialize, JsonSchema)]
struct Nothing {}

/// Waits; fails; panics; says much.
fn tools() -> Toolbox {
    Toolbox::new()
        .with("wait", "Waits.", |wait: Wait| async move {
            tokio::time::sleep(Duration::from_secs(wait.seconds)).await;
            Ok(wait.seconds)
        })
        .with("fail", "Fails.", |_: Nothing| async {
            Err::<(), _>(Error::invalid("the drawer is stuck"))
        })
        .with("break", "Breaks.", |_: Nothing| async {
            if true {
                panic!("a defect of the tool");
            }
            Ok(())
        })
        .with("talk", "Talks.", |_: Nothing| async {
            Ok("말".repeat(1_000))
        })
}

async fn run(tools: &Toolbox, answers: &[&str]) -> gori_core::Result<Run> {
    let llm = ScriptedLlm::new(answers.iter().copied());
    tools
        .run(&llm, &Context::new(), &Prompt::user("Do it."))
        .await
}

fn results(run: &Run) -> Vec<&str> {
    run.calls
        .iter()
        .map(|called| called.result.as_str())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn calls_of_one_round_run_side_by_side_and_come_back_in_order() {
    let start = Instant::now();
    let call =
        r#"[{"name":"wait","arguments":{"seconds":9}},{"name":"wait","arguments":{"seconds":3}}]"#;
    let done = run(&tools(), &[call, "Done."]).await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 9, "not one after the other");
    assert_eq!(results(&done), ["9", "3"]);
    assert_eq!((done.answer.text.as_str(), done.rounds), ("Done.", 2));
    assert_eq!(done.usage.requests, 2);

    let start = Instant::now();
    run(&tools().at_once(1), &[call, "Done."]).await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 12, "one at a time");
}

#[tokio::test(start_paused = true)]
async fn the_transcript_pairs_every_call_with_its_result() {
    let call = r#"{"name":"fail","arguments":{}}{"name":"wait","arguments":{"seconds":1}}"#;
    let done = run(&tools(), &[call, "Done."]).await.unwrap();
    let speakers: Vec<Speaker> = done.messages.iter().map(|m| m.speaker).collect();
    use Speaker::{Assistant, Tool, User};
    assert_eq!(speakers, [User, Assistant, Tool, Assistant]);
    let ids = |at: usize| -> Vec<String> {
        let parts = done.messages[at].parts.iter();
        let id = |part: &Content| match part {
            Content::ToolCall(call) => call.id.clone(),
            Content::ToolResult { id, .. } => id.clone(),
            other => panic!("{other:?}"),
        };
        parts.map(id).collect()
    };
    assert_eq!(ids(1), ids(2));
    assert_eq!(ids(1).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn whatever_goes_wrong_with_a_call_is_told_to_the_model() {
    let tools = tools().timeout(Duration::from_secs(2)).max_result(100);
    let calls = concat!(
        r#"{"name":"fail","arguments":{}}"#,
        r#"{"name":"break","arguments":{}}"#,
        r#"{"name":"wait","arguments":{"seconds":60}}"#,
        r#"{"name":"wait","arguments":{"seconds":"soon"}}"#,
        r#"{"name":"talk","arguments":{}}"#,
    );
    let done = run(&tools, &[calls, "I see."]).await.unwrap();
    let told = results(&done);
    for (result, words) in told.iter().zip([
        "the drawer is stuck",
        "the tool failed",
        "longer than 2.0s",
        "do not fit",
        "cut off",
    ]) {
        assert!(result.contains(words), "{words}: {result}");
    }
    let succeeded: Vec<bool> = done.calls.iter().map(|called| called.succeeded).collect();
    assert_eq!(succeeded, [false, false, false, false, true]);
    assert!(told[4].starts_with("말") && told[4].len() < 200);
}

#[tokio::test]
async fn a_model_that_never_stops_calling_is_stopped() {
    let call = r#"{"name":"fail","arguments":{}}"#;
    let error = run(&tools().rounds(3), &[call; 9]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Model);
    assert!(error.to_string().contains("3 rounds"), "{error}");
    let done = run(&tools().rounds(3), &[call, call, call, "Enough."]).await;
    assert_eq!(done.unwrap().calls.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_of_the_call_ends_its_tools_and_a_drop_does_too() {
    let alive = Arc::new(());
    let held = Arc::clone(&alive);
    let tools = Toolbox::new().with("hold", "Holds.", move |_: Nothing| {
        let held = Arc::clone(&held);
        async move {
            tokio::time::sleep(Duration::from_secs(20)).await;
            drop(held);
            Ok(())
        }
    });
    let call = r#"{"name":"hold","arguments":{}}"#;
    let prompt = Prompt::user("Do it.");
    let cx = Context::new().within(Duration::from_millis(100));
    let llm = ScriptedLlm::new([call]);
    let error = tools.run(&llm, &cx, &prompt).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);

    let (llm, cx) = (ScriptedLlm::new([call]), Context::new());
    let dropped = tokio::time::timeout(Duration::from_secs(1), tools.run(&llm, &cx, &prompt));
    assert!(dropped.await.is_err());
    assert_eq!(
        Arc::strong_count(&alive),
        2,
        "the call's own handle is gone"
    );
}

#[tokio::test]
async fn a_document_that_is_quoted_calls_nothing() {
    let quote = r#"The page reads: {"name":"fail","arguments":{}}"#;
    let done = run(&tools(), &[quote]).await.unwrap();
    assert!(done.calls.is_empty());
    assert_eq!(done.answer.text, quote);
}

#[tokio::test]
async fn the_model_is_told_of_the_tools_and_their_arguments() {
    let llm = ScriptedLlm::new(["Nothing to do."]);
    let prompt = Prompt::user("?");
    tools().run(&llm, &Context::new(), &prompt).await.unwrap();
    let told = &llm.prompts()[0].tools;
    let names: Vec<&str> = told.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["break", "fail", "talk", "wait"]);
    assert_eq!(
        told[3].parameters["properties"]["seconds"]["type"],
        "integer"
    );
}
