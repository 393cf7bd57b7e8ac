//! The OpenAI client against a real llama-server with SmolLM2-135M: what it says is seldom
//! right, but the protocol is the real one.
#![cfg(all(
    feature = "http",
    feature = "structured",
    target_os = "linux",
    target_arch = "x86_64"
))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures_core::stream::BoxStream;
use futures_util::StreamExt as _;
use gori_core::{
    Completion, Content, Context, Delta, Embedder as _, ErrorKind, Finish, Format, LayerExt as _,
    Limits, Llm, Prompt, Result, Role, Sampling,
};
use gori_models::http::ApiKey;
use gori_models::openai::{OpenAi, Server};
use gori_models::structured::Structured;
use gori_models::tools::Toolbox;
use gori_testkit::conformance;
use gori_testkit::servers::{Gguf, LlamaServer, or_skip};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

const KEY: &str = "sk-real-server";

async fn started() -> Option<LlamaServer> {
    let flags = ["--no-webui", "-np", "1", "--api-key", KEY];
    or_skip(LlamaServer::start(Gguf::SmolLm2, &flags).await)
}

async fn model(server: &LlamaServer) -> OpenAi {
    Server::at(server.base_url())
        .key(ApiKey::new(KEY).unwrap())
        .discover(&Context::new())
        .await
        .unwrap()
}

/// A prompt that gets the same answer each time. What the server remembers of an earlier
/// prompt changes the order of its sums, and so now and then a word.
fn greedy(text: &str, tokens: usize) -> Prompt {
    let mut prompt = Prompt::user(text).sampling(Sampling {
        max_tokens: Some(tokens),
        temperature: Some(0.0),
        seed: Some(1),
        ..Sampling::default()
    });
    prompt.extra.insert("cache_prompt".into(), false.into());
    prompt
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Animal {
    kind: Kind,
    #[schemars(range(min = 0, max = 8))]
    legs: u8,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Bird,
    Fish,
    Insect,
}

#[tokio::test]
async fn chat_stream_json_and_tools_against_a_real_server() {
    let Some(server) = started().await else {
        return;
    };
    let llm = model(&server).await;
    assert_eq!(
        llm.limits().window.0,
        4096,
        "the window it was started with"
    );
    the_laws(&llm).await;
    json_by_schema(&llm).await;
    a_tool_called_in_the_content(&llm).await;
    a_dropped_stream_stops_the_server(&llm).await;
    extras_pass_through(&llm).await;
    what_is_wrong_is_named(&server, &llm).await;
}

async fn the_laws(llm: &OpenAi) {
    let prompts = [greedy("Tell me about the sea.", 12)];
    // Every other decorator is held to the laws with faster models.
    let stack: Arc<dyn Llm> = Arc::new(llm.clone().retry(2).timeout(Duration::from_secs(120)));
    let tried = conformance::llm::check(&stack, &prompts).await;
    let again = conformance::llm::check_repeatable(llm, &prompts).await;
    conformance::llm::check_bounds(llm, &greedy("Tell me about the sea.", 24)).await;
    println!("{tried:?}, repeated {again:?}");
}

async fn json_by_schema(llm: &OpenAi) {
    let prompt = greedy("A sparrow, as JSON with kind and legs.", 64);
    let cx = Context::new();
    let asked = Structured::<Animal>::new().explain(false);
    let found = asked.ask(llm, &cx, &prompt).await.unwrap();
    println!("{:?} from {:?}", found.value, found.raw);
    assert_eq!(found.attempts, 1, "the server held the model to the schema");
    assert!(found.value.legs <= 8);
    assert!(matches!(
        found.value.kind,
        Kind::Bird | Kind::Fish | Kind::Insect
    ));
    assert_eq!(cx.usage().total(), found.usage);
}

/// Makes the model call the tool, as text, until it has had a result. SmolLM2 would not by
/// itself; the schema holds it to the form that larger models write.
#[derive(Clone, Debug)]
struct CallsFirst(OpenAi);

#[async_trait]
impl Llm for CallsFirst {
    fn id(&self) -> &str {
        self.0.id()
    }
    fn limits(&self) -> Limits {
        self.0.limits()
    }
    async fn complete(&self, cx: &Context, prompt: &Prompt) -> Result<Completion> {
        let mut prompt = prompt.clone();
        let parts = prompt.messages.iter().flat_map(|message| &message.parts);
        let answered = parts
            .into_iter()
            .any(|part| matches!(part, Content::ToolResult { .. }));
        prompt.tools.clear();
        if !answered {
            let arguments = json!({
                "type": "object", "additionalProperties": false, "required": ["a", "b"],
                "properties": {
                    "a": {"type": "integer", "minimum": 0, "maximum": 99},
                    "b": {"type": "integer", "minimum": 0, "maximum": 99},
                },
            });
            let schema = json!({
                "type": "object", "additionalProperties": false, "required": ["name", "arguments"],
                "properties": {"name": {"const": "add"}, "arguments": arguments},
            });
            prompt.format = Format::Json {
                name: "call".into(),
                schema,
            };
        }
        self.0.complete(cx, &prompt).await
    }
    async fn stream(
        &self,
        cx: &Context,
        prompt: &Prompt,
    ) -> Result<BoxStream<'static, Result<Delta>>> {
        self.0.stream(cx, prompt).await
    }
}

#[derive(Deserialize, JsonSchema)]
struct Pair {
    a: i64,
    b: i64,
}

#[derive(Serialize)]
struct Sum {
    sum: i64,
}

async fn a_tool_called_in_the_content(llm: &OpenAi) {
    let ran = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&ran);
    let tools = Toolbox::new().with("add", "Adds two numbers.", move |pair: Pair| {
        counter.fetch_add(1, Ordering::SeqCst);
        async move {
            Ok(Sum {
                sum: pair.a + pair.b,
            })
        }
    });
    let prompt = greedy("Use the tool add for 2 and 40.", 64);
    let llm = CallsFirst(llm.clone());
    let run = tools.run(&llm, &Context::new(), &prompt).await.unwrap();
    println!("{:?}, then {:?}", run.calls, run.answer.text);
    assert_eq!((ran.load(Ordering::SeqCst), run.rounds), (1, 2));
    assert_eq!(run.calls[0].call.name, "add");
    assert!(run.calls[0].succeeded && run.calls[0].result.starts_with("{\"sum\":"));
    assert!(
        run.usage.prompt_tokens > 0 && run.usage.requests == 2,
        "{:?}",
        run.usage
    );
}

/// The server has one slot: were it still writing thousands of tokens, the next would wait.
async fn a_dropped_stream_stops_the_server(llm: &OpenAi) {
    let mut long = greedy("Count.", 3_500);
    long.extra.insert("ignore_eos".into(), true.into());
    let mut stream = llm.stream(&Context::new(), &long).await.unwrap();
    assert!(matches!(
        stream.next().await.unwrap().unwrap(),
        Delta::Text(_)
    ));
    drop(stream);
    let start = Instant::now();
    llm.complete(&Context::new(), &greedy("Hello.", 1))
        .await
        .unwrap();
    let took = start.elapsed();
    println!("served again after {took:.1?}");
    assert!(
        took < Duration::from_secs(20),
        "it was still writing: {took:.1?}"
    );
}

async fn extras_pass_through(llm: &OpenAi) {
    let mut prompt = greedy("Hello.", 4);
    prompt.extra.insert("logprobs".into(), true.into());
    let answer = llm.complete(&Context::new(), &prompt).await.unwrap();
    assert!(
        answer.extra["logprobs"]["content"][0]["logprob"].is_number(),
        "{:?}",
        answer.extra
    );
    assert!(answer.extra.contains_key("timings"), "{:?}", answer.extra);
    assert_eq!(answer.finish, Finish::Length);
    assert!(answer.usage.prompt_tokens > 0 && answer.usage.completion_tokens == 4);
}

async fn what_is_wrong_is_named(server: &LlamaServer, llm: &OpenAi) {
    let cx = Context::new();
    let long = Prompt::user("sea ".repeat(6_000));
    let error = llm.complete(&cx, &long).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge, "{error:?}");
    let stream = llm.stream(&cx, &long).await;
    assert_eq!(stream.err().unwrap().kind(), ErrorKind::TooLarge);

    let other = Server::at(server.base_url()).key(ApiKey::new("sk-wrong").unwrap());
    let other = other.model_with(llm.id(), llm.limits()).unwrap();
    let error = other.complete(&cx, &Prompt::user("x")).await.unwrap_err();
    println!("{error}");
    assert_eq!(error.kind(), ErrorKind::Unauthorized, "{error:?}");

    let base = server.base_url().replace("/v1", "/v9");
    let lost = Server::at(base).key(ApiKey::new(KEY).unwrap());
    let lost = lost.model_with(llm.id(), llm.limits()).unwrap();
    let error = lost.complete(&cx, &Prompt::user("x")).await.unwrap_err();
    println!("{error}");
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error:?}");
}

#[tokio::test]
async fn embeddings_of_a_real_server_keep_the_laws() {
    let flags = [
        "--embeddings",
        "--pooling",
        "mean",
        "-ub",
        "4096",
        "-b",
        "4096",
    ];
    let Some(server) = or_skip(LlamaServer::start(Gguf::SmolLm2, &flags).await) else {
        return;
    };
    let cx = Context::new();
    let openai = Server::at(server.base_url());
    let id = openai.models(&cx).await.unwrap().remove(0);
    let embedder = openai.discover_embedder(&cx, &id).await.unwrap();
    assert_eq!(embedder.dims(), 576, "SmolLM2-135M's width");
    // The server's sums depend on what else is in a batch. It takes minutes for thousands of
    // words.
    let texts = conformance::embedder::TEXTS;
    conformance::embedder::check_with(&embedder, 2e-2, texts).await;
    let texts = [
        "a cat on the sofa",
        "a kitten on the couch",
        "tax law of 1974",
    ];
    let rows = embedder.embed(&cx, &texts, Role::Document).await.unwrap();
    let dot = |a: usize, b: usize| -> f32 {
        let (a, b) = (rows.row(a).unwrap(), rows.row(b).unwrap());
        a.iter().zip(b).map(|(x, y)| x * y).sum()
    };
    assert!(dot(0, 1) > dot(0, 2), "{} {}", dot(0, 1), dot(0, 2));
}
