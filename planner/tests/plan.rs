//! The example `plan` with a language model: what a model understood is said back, and rendered only when it is
//! confirmed. The model is a server that gives scripted answers, since these have to be wrong on purpose.
#![allow(clippy::unwrap_used, unreachable_pub, reason = "a test may")]

#[path = "common/example.rs"]
mod example;

use std::process::{Command, Output};

use gori_testkit::hostile::{Received, Reply, Server};
use serde_json::json;

const FREE: &str = "Perception should never be alive without the camera.";
const RIGHT: &str = r#"{"questions":[],"edges":[{"unit":"node2/perception.service","needs":"node1/camera.service","kind":"hard"}],"reactions":[]}"#;
const CYCLE: &str = r#"{"questions":[],"edges":[{"unit":"node2/perception.service","needs":"node1/camera.service","kind":"hard"},{"unit":"node1/camera.service","needs":"node2/perception.service","kind":"hard"}],"reactions":[]}"#;
const ASKS: &str = r#"{"questions":["How long may it take?"],"edges":[],"reactions":[]}"#;

fn reply(received: &Received, answer: &str) -> Reply {
    match (received.method.as_str(), received.path.as_str()) {
        ("GET", "/v1/models") => Reply::json(
            &json!({ "object": "list", "data": [{ "id": "scripted", "max_model_len": 4096 }] }),
        ),
        ("POST", "/v1/chat/completions") => Reply::json(&json!({
            "object": "chat.completion", "model": "scripted",
            "choices": [{ "index": 0, "message": { "role": "assistant", "content": answer }, "finish_reason": "stop" }],
            "usage": { "prompt_tokens": 3, "completion_tokens": 5 },
        })),
        _ => Reply::whole(404, "application/json", "{}"),
    }
}

/// Runs `plan` on [`FREE`] with a model that always gives this answer.
async fn plan(answer: &'static str, flags: &[&str]) -> (Output, String) {
    let server = Server::start(move |received| reply(received, answer)).await;
    let mut command = Command::new(example::built("plan"));
    let inventory = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../examples/inventory/drive.toml"
    );
    command.args([inventory, FREE, "--llm"]);
    command.arg(format!("{}#scripted", server.base_url()));
    command.args(flags);
    let ran = tokio::task::spawn_blocking(move || command.output()).await;
    let output = ran.unwrap().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output, text)
}

#[tokio::test]
async fn what_a_model_understood_is_said_back_and_not_rendered() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("bundle");
    let (output, text) = plan(RIGHT, &["--out", out.to_str().unwrap()]).await;
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(text.contains("perception needs camera"), "{text}");
    assert!(!out.exists());
    let (output, text) = plan(RIGHT, &["--json"]).await;
    let said: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (output.status.code(), &said["outcome"]),
        (Some(3), &json!("question"))
    );
    assert_eq!(said["understood"], json!(["perception needs camera"]));
}

#[tokio::test]
async fn what_is_confirmed_is_rendered() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("bundle");
    let (output, _) = plan(RIGHT, &["--yes", "--out", out.to_str().unwrap()]).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(out.join("README.md").exists());
}

#[tokio::test]
async fn no_confirmation_helps_a_plan_that_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("bundle");
    let (output, text) = plan(CYCLE, &["--yes", "--out", out.to_str().unwrap()]).await;
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(text.contains("cycle-cross"), "{text}");
    assert!(!out.exists());
}

#[tokio::test]
async fn a_question_of_the_model_comes_back() {
    let (output, text) = plan(ASKS, &["--yes"]).await;
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(text.contains("How long may it take?"), "{text}");
}
