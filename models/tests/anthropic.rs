//! Anthropic's protocol over a real connection, to a server that says what it is told.
#![cfg(feature = "http")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

use std::sync::Arc;

use gori_core::{Context, Delta, ErrorKind, LayerExt as _, Limits, Llm, OutputCap, Prompt, Window};
use gori_models::anthropic::{Anthropic, Server};
use gori_models::http::ApiKey;
use gori_testkit::conformance;
use gori_testkit::hostile::{self, Received, Reply};
use serde_json::{Value as Json, json};

const SAYS: &str =
    "A wall keeps the wind out, and a window lets the light of the morning 안으로 들인다.";
const LIMITS: Limits = Limits {
    window: Window(8192),
    output: Some(OutputCap(512)),
};

fn model(server: &hostile::Server) -> Anthropic {
    Server::at(server.base_url())
        .key(ApiKey::new("sk-ant-test").unwrap())
        .model_with("claude-x", LIMITS)
        .unwrap()
}

/// What the model says within the request's bounds, counting words as tokens.
fn said(request: &Json) -> (String, &'static str) {
    let most = request["max_tokens"].as_u64().unwrap() as usize;
    let stop = request["stop_sequences"][0].as_str();
    if let Some(at) = stop.and_then(|stop| SAYS.find(stop)) {
        return (SAYS.split_at(at).0.to_owned(), "stop_sequence");
    }
    let words: Vec<&str> = SAYS.split_inclusive(' ').collect();
    match words.len() > most {
        true => (words[..most].concat(), "max_tokens"),
        false => (SAYS.to_owned(), "end_turn"),
    }
}

fn event(json: &Json) -> Vec<u8> {
    let name = json["type"].as_str().unwrap();
    format!("event: {name}\ndata: {json}\n\n").into_bytes()
}

fn answer(received: &Received) -> Reply {
    assert_eq!(received.path, "/v1/messages");
    assert_eq!(received.headers["x-api-key"], "sk-ant-test");
    assert_eq!(received.headers["anthropic-version"], "2023-06-01");
    assert!(!received.headers.contains_key("authorization"));
    let request = received.json();
    let (text, reason) = said(&request);
    let tokens = text.split_whitespace().count();
    if request["stream"] != json!(true) {
        return Reply::json(&json!({
            "type": "message", "role": "assistant", "model": "claude-x",
            "content": [{"type": "text", "text": text}], "stop_reason": reason,
            "usage": {"input_tokens": 9, "output_tokens": tokens},
        }));
    }
    let usage = json!({"input_tokens": 9, "output_tokens": 1});
    let mut events = vec![
        json!({"type": "message_start", "message": {"usage": usage}}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        json!({"type": "ping"}),
    ];
    events.extend(text.split_inclusive(' ').map(|piece| {
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}})
    }));
    events.extend([
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {"output_tokens": tokens}}),
        json!({"type": "message_stop"}),
    ]);
    let bytes: Vec<u8> = events.iter().flat_map(event).collect();
    bytes
        .chunks(37)
        .fold(Reply::events(), |reply, chunk| reply.chunk(chunk))
        .end()
}

#[tokio::test]
async fn the_second_wire_format_keeps_the_same_laws() {
    let server = hostile::Server::start(answer).await;
    let bare = model(&server);
    let prompts = [Prompt::user("one"), Prompt::user("둘")];
    let stacks: [(&str, Arc<dyn Llm>); 2] = [
        ("bare", Arc::new(bare.clone())),
        ("retry and traced", Arc::new(bare.retry(2).traced())),
    ];
    for (name, llm) in stacks {
        let tried = conformance::llm::check(&llm, &prompts).await;
        conformance::llm::check_repeatable(&llm, &prompts).await;
        conformance::llm::check_bounds(&llm, &prompts[0]).await;
        println!("{name}: {tried:?}");
    }
}

#[tokio::test]
async fn its_errors_are_typed_too() {
    for (status, kind, expected, transient) in [
        (401, "authentication_error", ErrorKind::Unauthorized, false),
        (404, "not_found_error", ErrorKind::NotFound, false),
        (429, "rate_limit_error", ErrorKind::RateLimited, true),
        (529, "overloaded_error", ErrorKind::Unavailable, true),
        (400, "invalid_request_error", ErrorKind::InvalidInput, false),
    ] {
        let body = json!({"type": "error", "error": {"type": kind, "message": "no"}}).to_string();
        let server =
            hostile::Server::start(move |_| Reply::whole(status, "application/json", &body)).await;
        let error = model(&server)
            .complete(&Context::new(), &Prompt::user("x"))
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.is_transient()),
            (expected, transient),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn an_error_in_the_middle_of_a_stream_ends_it() {
    use futures_util::StreamExt as _;
    let server = hostile::Server::start(|_| {
        let text = json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "so"}});
        let broken = json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
        Reply::events().chunk(&event(&text)).chunk(&event(&broken)).end()
    })
    .await;
    let stream = model(&server)
        .stream(&Context::new(), &Prompt::user("x"))
        .await
        .unwrap();
    let mut items: Vec<_> = stream.collect().await;
    assert_eq!(
        items.pop().unwrap().unwrap_err().kind(),
        ErrorKind::Unavailable
    );
    assert_eq!(
        items
            .into_iter()
            .map(Result::unwrap)
            .collect::<Vec<Delta>>(),
        [Delta::Text("so".into())]
    );
}

#[test]
fn a_model_without_an_output_cap_is_refused_when_it_is_made() {
    let limits = Limits {
        output: None,
        ..LIMITS
    };
    let error = Server::anthropic()
        .model_with("claude-x", limits)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}
