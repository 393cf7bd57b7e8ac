//! OpenAI's protocol over a real connection, against a server that says and does what it is told.
#![cfg(feature = "http")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use gori_core::layer::{Cache, Fallback, LayerExt as _, MemoryCache, Rates};
use gori_core::{
    Context, Delta, Embedder as _, Error, ErrorKind, Limits, Llm, Prompt, Role, Window,
};
use gori_models::http::{ApiKey, Deadlines};
use gori_models::openai::{OpenAi, Server};
use gori_testkit::conformance;
use gori_testkit::hostile::{self, Faults, Received, Reply, Step, answer_to};
use serde_json::json;

const LIMITS: Limits = Limits {
    window: Window(4096),
    output: None,
};

/// Deadlines a test can wait for, each different, so that it shows which one ended a call.
fn short() -> Deadlines {
    Deadlines {
        connect: Duration::from_secs(2),
        first_byte: Duration::from_millis(300),
        idle: Duration::from_millis(200),
        total: Duration::from_millis(1_500),
    }
}

fn llm(server: &hostile::Server, deadlines: Deadlines) -> OpenAi {
    let server = Server::at(server.base_url()).deadlines(deadlines);
    server
        .key(ApiKey::new("sk-test").unwrap())
        .model_with("hostile", LIMITS)
        .unwrap()
}

async fn honest() -> hostile::Server {
    let faults = Faults {
        share: 0.0,
        seed: 1,
        stall: Duration::ZERO,
    };
    hostile::Server::start(move |received| hostile::chat(received, faults)).await
}

/// A server that gives this reply to everything, and the error that a whole answer ends in.
async fn error_of(reply: Reply) -> Error {
    let server = hostile::Server::start(move |_| reply.clone()).await;
    llm(&server, short())
        .complete(&Context::new(), &Prompt::user("x"))
        .await
        .unwrap_err()
}

#[tokio::test]
async fn it_keeps_the_laws_bare_and_in_every_decorator() {
    let server = honest().await;
    let prompts = [Prompt::user("one"), Prompt::user("둘")];
    let bare = llm(&server, Deadlines::default());
    let some = |n| NonZeroU32::new(n).unwrap();
    let store = Arc::new(MemoryCache::new(NonZeroUsize::new(1 << 20).unwrap()));
    let stacks: Vec<(&str, Arc<dyn Llm>)> = vec![
        ("bare", Arc::new(bare.clone())),
        ("retry", Arc::new(bare.clone().retry(3))),
        (
            "timeout",
            Arc::new(bare.clone().timeout(Duration::from_secs(20))),
        ),
        (
            "limit",
            Arc::new(
                bare.clone().limit(
                    Rates::new()
                        .concurrency(some(2))
                        .tokens_a_minute(some(1_000_000)),
                ),
            ),
        ),
        ("traced", Arc::new(bare.clone().traced())),
        (
            "fallback",
            Arc::new(Fallback::new(bare.clone(), bare.clone())),
        ),
        ("boxed", Arc::new(Box::new(bare.clone()) as Box<dyn Llm>)),
    ];
    for (name, llm) in stacks {
        println!(
            "{name}: {:?}",
            conformance::llm::check(&*llm, &prompts).await
        );
    }
    // A remembered answer comes from the store even when the time is over, so the law of the
    // deadline is no law for a cache.
    let cached = Cache::new(bare, store);
    let cx = Context::new();
    let first = cached.complete(&cx, &prompts[0]).await.unwrap();
    let asked = server.requests();
    assert_eq!(
        cached.complete(&cx, &prompts[0]).await.unwrap().text,
        first.text
    );
    assert_eq!(server.requests(), asked, "the second answer was remembered");
}

#[tokio::test]
async fn the_answer_is_the_servers_whole_and_in_pieces() {
    let server = honest().await;
    let llm = llm(&server, Deadlines::default());
    let (cx, prompt) = (Context::new(), Prompt::user("what?"));
    assert_eq!(
        llm.complete(&cx, &prompt).await.unwrap().text,
        answer_to("what?")
    );
    let mut text = String::new();
    let mut stream = llm.stream(&cx, &prompt).await.unwrap();
    while let Some(delta) = stream.next().await {
        if let Delta::Text(piece) = delta.unwrap() {
            text.push_str(&piece);
        }
    }
    assert_eq!(text, answer_to("what?"));
    let header = &server.received()[0].headers["authorization"];
    assert_eq!(header, "Bearer sk-test");
}

#[tokio::test]
async fn a_connection_is_used_again_after_whole_answers() {
    let server = honest().await;
    let llm = llm(&server, Deadlines::default());
    for _ in 0..10 {
        llm.complete(&Context::new(), &Prompt::user("a"))
            .await
            .unwrap();
    }
    assert_eq!((server.requests(), server.connections()), (10, 1));
}

/// llama-server does so, and the request after every stream was lost.
#[tokio::test]
async fn a_server_that_closes_after_a_stream_which_it_promised_to_keep_loses_no_request() {
    let faults = Faults {
        share: 0.0,
        seed: 1,
        stall: Duration::ZERO,
    };
    let server = hostile::Server::start(move |received: &Received| {
        let reply = hostile::chat(received, faults);
        match received.json()["stream"] == json!(true) {
            true => reply.wait(Duration::from_millis(2)).then(Step::Close),
            false => reply,
        }
    })
    .await;
    let llm = llm(&server, Deadlines::default());
    for _ in 0..20 {
        let stream = llm
            .stream(&Context::new(), &Prompt::user("b"))
            .await
            .unwrap();
        assert!(stream.all(|delta| async move { delta.is_ok() }).await);
        llm.complete(&Context::new(), &Prompt::user("a"))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_key_in_an_error_with_status_200_is_not_repeated() {
    let whole = r#"{"error":{"message":"wrong: sk-test","code":500}}"#;
    let event = format!("data: {whole}\n\n");
    for reply in [
        Reply::whole(200, "application/json", whole),
        Reply::events().chunk(event.as_bytes()).end(),
    ] {
        let server = hostile::Server::start(move |_| reply.clone()).await;
        let (llm, cx, prompt) = (llm(&server, short()), Context::new(), Prompt::user("x"));
        let error = match llm.stream(&cx, &prompt).await {
            Ok(mut stream) => stream.next().await.unwrap().unwrap_err(),
            Err(error) => error,
        };
        assert!(error.to_string().contains("wrong: ***"), "{error}");
        assert!(!format!("{error:?}").contains("sk-test"));
    }
}

#[tokio::test]
async fn dropping_a_stream_closes_its_request_at_once() {
    for after in [0, 1] {
        let piece = b"data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n";
        let server = hostile::Server::start(move |_| {
            Reply::events().chunk(piece).wait(Duration::from_secs(30))
        })
        .await;
        let llm = llm(&server, Deadlines::default());
        let mut stream = llm
            .stream(&Context::new(), &Prompt::user("x"))
            .await
            .unwrap();
        for _ in 0..after {
            assert_eq!(
                stream.next().await.unwrap().unwrap(),
                Delta::Text("a".into())
            );
        }
        let dropped = Instant::now();
        drop(stream);
        let left = server.left().await.saturating_duration_since(dropped);
        println!("closed {left:.1?} after the drop");
        assert!(left < Duration::from_millis(100), "{left:?}");
    }
}

#[tokio::test]
async fn dropping_a_call_that_waits_closes_its_request() {
    let server = hostile::Server::start(|_| Reply::default().wait(Duration::from_secs(30))).await;
    let llm = llm(&server, Deadlines::default());
    let (cx, prompt) = (Context::new(), Prompt::user("x"));
    let call = tokio::time::timeout(Duration::from_millis(200), llm.complete(&cx, &prompt));
    assert!(call.await.is_err());
    let dropped = Instant::now();
    let left = server.left().await.saturating_duration_since(dropped);
    assert!(left < Duration::from_millis(100), "{left:?}");
}

#[tokio::test]
async fn every_deadline_ends_a_call_by_itself() {
    let head =
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n";
    let silent = Reply::default().wait(Duration::from_secs(30));
    let stalls = Reply::raw(head).wait(Duration::from_secs(30));
    let drips = (0..300).fold(Reply::raw(head), |reply, _| {
        reply
            .then(Step::Send(b" ".to_vec()))
            .wait(Duration::from_millis(100))
    });
    for (name, reply, least, most) in [
        ("did not begin", silent, 300, 1_200),
        ("stopped in the middle", stalls, 200, 1_200),
        ("the deadline passed", drips, 1_500, 4_000),
    ] {
        let start = Instant::now();
        let error = error_of(reply).await;
        let took = start.elapsed().as_millis();
        assert_eq!(error.kind(), ErrorKind::Timeout, "{error:?}");
        assert!(error.to_string().contains(name), "{error}");
        assert!((least..most).contains(&took), "{name}: {took} ms");
    }
}

#[tokio::test]
async fn the_deadline_of_the_call_holds_besides() {
    let server = hostile::Server::start(|_| Reply::default().wait(Duration::from_secs(30))).await;
    let llm = llm(&server, Deadlines::default());
    let cx = Context::new().within(Duration::from_millis(150));
    let start = Instant::now();
    let error = llm.complete(&cx, &Prompt::user("x")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(!error.is_transient(), "no time is left for another attempt");
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn nobody_listening_is_a_network_error_and_at_once() {
    let port = {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.local_addr().unwrap().port()
    };
    let server = Server::at(format!("http://127.0.0.1:{port}/v1"));
    let llm = server.model_with("m", LIMITS).unwrap();
    let error = llm
        .complete(&Context::new(), &Prompt::user("x"))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.is_transient()),
        (ErrorKind::Network, true),
        "{error:?}"
    );
    assert!(error.advice().is_some());
    let named = format!("http://127.0.0.1:{port}");
    assert!(error.to_string().contains(&named), "{error}");
}

#[tokio::test]
async fn what_is_no_answer_is_never_taken_for_one() {
    let whole = |status, content_type, body: &str| Reply::whole(status, content_type, body);
    for (reply, kind, transient) in [
        (
            whole(200, "text/html", "<html><title>Log in</title>"),
            ErrorKind::Protocol,
            false,
        ),
        (
            whole(
                200,
                "application/json",
                "{\"error\":{\"message\":\"x\",\"code\":503}}",
            ),
            ErrorKind::Unavailable,
            true,
        ),
        (
            whole(
                200,
                "application/json",
                "{\"choices\":[{\"message\":{\"content\":\"half",
            ),
            ErrorKind::Protocol,
            false,
        ),
        (
            whole(200, "application/json", ""),
            ErrorKind::Protocol,
            false,
        ),
        (
            whole(
                401,
                "application/json",
                "{\"error\":{\"message\":\"bad key\"}}",
            ),
            ErrorKind::Unauthorized,
            false,
        ),
        (
            Reply::with_headers(302, &[("location", "http://127.0.0.1:1/")], ""),
            ErrorKind::Config,
            false,
        ),
        (Reply::default().then(Step::Close), ErrorKind::Network, true),
        (
            Reply::raw("HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{").then(Step::Close),
            ErrorKind::Network,
            true,
        ),
    ] {
        let error = error_of(reply.clone()).await;
        assert_eq!(
            (error.kind(), error.is_transient()),
            (kind, transient),
            "{reply:?} {error:?}"
        );
    }
}

#[tokio::test]
async fn a_key_that_the_server_sends_back_is_not_repeated() {
    let server = hostile::Server::start(|received: &Received| {
        let said = format!(
            "{{\"error\":{{\"message\":\"wrong: {}\"}}}}",
            received.headers["authorization"]
        );
        Reply::whole(401, "application/json", &said)
    })
    .await;
    let error = llm(&server, short())
        .complete(&Context::new(), &Prompt::user("x"))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("wrong: Bearer ***"), "{error}");
    assert!(!format!("{error:?}").contains("sk-test"));
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    let mut reply = Reply::raw(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n",
    );
    for _ in 0..70 {
        reply = reply.chunk(&vec![b' '; 1 << 20]);
    }
    let deadlines = Deadlines {
        total: Duration::from_secs(60),
        idle: Duration::from_secs(20),
        ..short()
    };
    let server = hostile::Server::start(move |_| reply.clone()).await;
    let error = llm(&server, deadlines)
        .complete(&Context::new(), &Prompt::user("x"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge, "{error:?}");
}

#[tokio::test]
async fn a_server_that_cannot_stream_is_read_all_the_same() {
    let body = json!({"choices": [{"message": {"content": "whole"}, "finish_reason": "length"}]});
    let server = hostile::Server::start(move |_| Reply::json(&body)).await;
    let stream = llm(&server, short())
        .stream(&Context::new(), &Prompt::user("x"))
        .await
        .unwrap();
    let deltas: Vec<Delta> = stream.map(Result::unwrap).collect().await;
    assert_eq!(deltas[0], Delta::Text("whole".into()));
    assert!(matches!(deltas[1], Delta::End { .. }), "{deltas:?}");
}

#[tokio::test]
async fn limits_are_discovered_or_asked_for_and_never_made_up() {
    let serve = |props: Reply, models: serde_json::Value| {
        hostile::Server::start(move |received: &Received| match received.path.as_str() {
            "/props" => props.clone(),
            "/v1/models" => Reply::json(&models),
            other => panic!("asked for {other}"),
        })
    };
    let cx = Context::new();
    let missing = || Reply::whole(404, "text/plain", "no such page");
    let one = json!({"data": [{"id": "qwen"}]});

    let llama = serve(
        Reply::json(&json!({"default_generation_settings": {"n_ctx": 2048}})),
        one.clone(),
    )
    .await;
    let found = Server::at(llama.base_url()).discover(&cx).await.unwrap();
    assert_eq!((found.id(), found.limits().window), ("qwen", Window(2048)));

    let vllm = serve(
        missing(),
        json!({"data": [{"id": "qwen", "max_model_len": 8192}]}),
    )
    .await;
    let found = Server::at(vllm.base_url()).discover(&cx).await.unwrap();
    assert_eq!(found.limits().window, Window(8192));

    let silent = serve(missing(), one).await;
    let error = Server::at(silent.base_url())
        .discover(&cx)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    assert!(error.to_string().contains("limits"), "{error}");

    let known = serve(missing(), json!({"data": [{"id": "gpt-4o"}]})).await;
    let found = Server::at(known.base_url()).discover(&cx).await.unwrap();
    assert_eq!(found.limits().window, Window(128_000));

    let several = serve(missing(), json!({"data": [{"id": "a"}, {"id": "b"}]})).await;
    let error = Server::at(several.base_url())
        .discover(&cx)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("a, b"), "{error}");

    assert_eq!(
        Server::openai().model("gpt-99").unwrap_err().kind(),
        ErrorKind::NotFound
    );
}

/// A vector for a text, from its bytes.
fn vector(text: &str) -> Vec<f64> {
    let mut state = text.bytes().fold(1_u64, |sum, byte| {
        sum.wrapping_mul(1_099_511_628_211) ^ u64::from(byte)
    });
    (0..8)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f64 / 1e6 - 8.0
        })
        .collect()
}

#[tokio::test]
async fn embeddings_keep_the_laws_of_the_port() {
    let server = hostile::Server::start(|received: &Received| {
        let request = received.json();
        let inputs: Vec<&str> = request["input"]
            .as_array()
            .unwrap()
            .iter()
            .map(|t| t.as_str().unwrap())
            .collect();
        assert!(
            !inputs.is_empty() && inputs.len() <= 4,
            "batches of at most 4"
        );
        assert!(
            inputs.iter().all(|text| !text.is_empty()),
            "no empty text is sent"
        );
        // In the wrong order, as the protocol allows.
        let rows = inputs
            .iter()
            .enumerate()
            .rev()
            .map(|(i, text)| json!({"index": i, "embedding": vector(text)}));
        Reply::json(&json!({"data": rows.collect::<Vec<_>>()}))
    })
    .await;
    let cx = Context::new();
    let embedder = Server::at(server.base_url())
        .discover_embedder(&cx, "tiny")
        .await
        .unwrap()
        .batch(4);
    assert_eq!((embedder.dims(), embedder.id()), (8, "tiny"));
    conformance::embedder::check(&embedder, 0.0).await;

    let with = embedder.clone().prefixes("passage: ", "query: ");
    assert_ne!(with.id(), embedder.id());
    let document = with.embed(&cx, &["x"], Role::Document).await.unwrap();
    let query = with.embed(&cx, &["x"], Role::Query).await.unwrap();
    assert_ne!(document, query);

    let wrong = Server::at(server.base_url()).embedder("tiny", 9).unwrap();
    let error = wrong.embed(&cx, &["x"], Role::Query).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Model);
}
