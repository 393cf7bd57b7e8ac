//! Thousands of requests, 64 in flight, at a server that misbehaves in one of five: no answer is
//! wrong or doubled, nothing leaks, every call ends in time, and the key shows nowhere.
//!
//! `GORI_CAMPAIGN=full cargo test --release -p gori-models --test campaign -- --nocapture` makes it
//! 10,000 requests instead of a sample.
#![cfg(feature = "http")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, stream};
use gori_core::layer::{LayerExt as _, Rates, Retry, RetryPolicy};
use gori_core::{Context, Delta, Error, ErrorKind, Limits, Llm, Prompt, Result, Window};
use gori_models::breaker::{Breaker, BreakerPolicy};
use gori_models::http::{ApiKey, Deadlines};
use gori_models::openai::{OpenAi, Server};
use gori_testkit::hostile::{self, Faults, Reply, answer_to};

const CANARY: &str = "sk-canary-7f3a9b";
const IN_FLIGHT: usize = 64;
const DEADLINE: Duration = Duration::from_secs(20);

fn requests() -> usize {
    match std::env::var("GORI_CAMPAIGN") {
        Ok(size) if size == "full" => 10_000,
        _ => 1_500,
    }
}

fn client(server: &hostile::Server) -> OpenAi {
    let deadlines = Deadlines {
        connect: Duration::from_secs(5),
        first_byte: Duration::from_secs(5),
        idle: Duration::from_secs(5),
        total: Duration::from_secs(15),
    };
    let server = Server::at(server.base_url()).deadlines(deadlines);
    let limits = Limits {
        window: Window(4096),
        output: None,
    };
    server
        .key(ApiKey::new(CANARY).unwrap())
        .model_with("hostile", limits)
        .unwrap()
}

fn retrying(llm: OpenAi) -> impl Llm + Clone {
    let rates = Rates::new().concurrency(NonZeroU32::new(IN_FLIGHT as u32).unwrap());
    let policy =
        RetryPolicy::attempts(4).waits(Duration::from_millis(5), Duration::from_millis(50));
    Retry::new(llm.limit(rates), policy)
}

/// Asks one question, whole or as a stream.
async fn ask(llm: &(impl Llm + ?Sized), number: usize) -> Result<String> {
    let cx = Context::new().within(DEADLINE);
    let prompt = Prompt::user(format!("question {number}"));
    if number.is_multiple_of(3) {
        return Ok(llm.complete(&cx, &prompt).await?.text);
    }
    let mut stream = llm.stream(&cx, &prompt).await?;
    let mut text = String::new();
    let mut ended = false;
    while let Some(delta) = stream.next().await {
        match delta? {
            Delta::Text(piece) => text.push_str(&piece),
            Delta::End { .. } => ended = true,
            other => panic!("nobody asked for {other:?}"),
        }
        // What a reader sees is always the beginning of the right answer.
        assert!(
            answer_to(&format!("question {number}")).starts_with(&text),
            "{text}"
        );
    }
    assert!(ended, "a stream ends in its end or an error");
    Ok(text)
}

/// Everything that is logged, from every crate, and what of it showed the key.
#[derive(Clone, Default)]
struct Log {
    bytes: Arc<AtomicUsize>,
    leaks: Arc<Mutex<Vec<String>>>,
}

impl tracing::Subscriber for Log {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, span: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        self.write(&format!("{span:?}"));
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, values: &tracing::span::Record<'_>) {
        self.write(&format!("{values:?}"));
    }
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        self.write(&format!("{event:?}"));
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

/// What reqwest and rustls say goes this way.
impl log::Log for Log {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }
    fn log(&self, record: &log::Record<'_>) {
        self.write(&format!("{} {}", record.target(), record.args()));
    }
    fn flush(&self) {}
}

impl Log {
    fn write(&self, line: &str) {
        self.bytes.fetch_add(line.len(), Ordering::Relaxed);
        if line.contains(CANARY) {
            self.leaks.lock().unwrap().push(line.to_owned());
        }
    }
}

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

fn tasks() -> usize {
    tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fifth_of_faults_gives_no_wrong_answer_no_leak_and_no_late_end() {
    let log = Log::default();
    let _ = tracing::subscriber::set_global_default(log.clone());
    let _ = log::set_boxed_logger(Box::new(log.clone()));
    log::set_max_level(log::LevelFilter::Trace);
    let before = (open_files(), tasks());
    let faults = Faults {
        share: 0.2,
        seed: 17,
        stall: Duration::from_millis(400),
    };
    let server = hostile::Server::start(move |received| hostile::chat(received, faults)).await;
    let llm = retrying(client(&server));

    let start = Instant::now();
    let outcomes: Vec<(Result<String>, Duration)> = stream::iter(0..requests())
        .map(|number| {
            let llm = &llm;
            async move {
                let asked = Instant::now();
                (ask(llm, number).await, asked.elapsed())
            }
        })
        .buffered(IN_FLIGHT)
        .collect()
        .await;
    let took = start.elapsed();

    let mut kinds: BTreeMap<ErrorKind, usize> = BTreeMap::new();
    let (mut right, mut late) = (0, 0);
    for (number, (outcome, time)) in outcomes.iter().enumerate() {
        late += usize::from(*time > DEADLINE);
        match outcome {
            Ok(text) => {
                assert_eq!(
                    *text,
                    answer_to(&format!("question {number}")),
                    "wrong or doubled"
                );
                right += 1;
            }
            Err(error) => {
                shows_no_key(error);
                *kinds.entry(error.kind()).or_default() += 1;
            }
        }
    }
    println!(
        "{} calls, {} requests, {right} right, 0 wrong or doubled, errors {kinds:?}, {late} late, {took:.1?}",
        outcomes.len(),
        server.requests(),
    );
    assert!(
        late * 1_000 <= outcomes.len(),
        "99.9 % end before their deadline"
    );
    assert!(right * 10 > outcomes.len() * 7, "most calls succeed");
    assert!(kinds.len() > 3, "the faults were of many kinds");

    // Had a permit leaked, these would not all run at once.
    let all_at_once = (0..IN_FLIGHT).map(|number| ask(&llm, number));
    let again = tokio::time::timeout(DEADLINE, futures_util::future::join_all(all_at_once)).await;
    assert_eq!(again.expect("no permit is lost").len(), IN_FLIGHT);
    println!("{IN_FLIGHT} permits of {IN_FLIGHT} left");

    assert!(!format!("{llm:?}").contains(CANARY));
    let bytes = log.bytes.load(Ordering::Relaxed);
    println!("{bytes} bytes of log, none with the key");
    assert!(bytes > 100_000, "the log was looked at: {bytes}");
    assert_eq!(*log.leaks.lock().unwrap(), [""; 0], "the key was logged");
    drop((llm, server));
    nothing_is_left(before).await;
}

fn shows_no_key(error: &Error) {
    let shown = format!(
        "{error} {error:?} {:?} {:?}",
        error.advice(),
        error.subject()
    );
    assert!(!shown.contains(CANARY), "{shown}");
}

async fn nothing_is_left(before: (usize, usize)) {
    for _ in 0..500 {
        let after = (open_files(), tasks());
        if after.0 <= before.0 && after.1 <= before.1 {
            println!("files and tasks: {before:?} before, {after:?} after");
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!(
        "files and tasks: {before:?} before, {:?} after",
        (open_files(), tasks())
    );
}

/// Asks a server that is down, and gives the requests for each call.
async fn outage(guard: impl FnOnce(OpenAi) -> Box<dyn Llm>) -> f64 {
    const CALLS: usize = 300;
    let server = hostile::Server::start(|_| Reply::whole(503, "text/plain", "down")).await;
    let llm = guard(client(&server));
    let outcomes: Vec<_> = stream::iter(0..CALLS)
        .map(|number| ask(&*llm, number))
        .buffer_unordered(IN_FLIGHT)
        .collect()
        .await;
    assert!(
        outcomes
            .iter()
            .all(|o| matches!(o, Err(e) if e.kind() == ErrorKind::Unavailable))
    );
    let share = server.requests() as f64 / CALLS as f64;
    println!(
        "{} requests for {CALLS} calls: {share:.2}",
        server.requests()
    );
    share
}

#[tokio::test]
async fn a_full_outage_costs_at_most_a_fifth_more_requests() {
    let share = outage(|llm| Box::new(retrying(llm))).await;
    assert!(share <= 1.2, "{share}");
    let share = outage(|llm| Box::new(Breaker::new(retrying(llm), BreakerPolicy::default()))).await;
    assert!(share <= 0.5, "with a circuit breaker: {share}");
}

#[test]
fn no_public_type_shows_the_key() {
    let key = ApiKey::new(CANARY).unwrap();
    let server = Server::at("http://127.0.0.1:1/v1").key(key.clone());
    let limits = Limits {
        window: Window(1),
        output: None,
    };
    let llm = server.model_with("m", limits).unwrap();
    let embedder = server.embedder("m", 1).unwrap();
    let shown = format!("{key:?} {server:?} {llm:?} {embedder:?}");
    assert!(!shown.contains(CANARY), "{shown}");
    let panic = std::panic::catch_unwind(|| panic!("{key:?}")).unwrap_err();
    assert!(!panic.downcast_ref::<String>().unwrap().contains(CANARY));
}
