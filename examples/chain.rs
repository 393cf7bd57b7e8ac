//! A chain built by hand, drawn, and streamed: retrieve, fit a prompt, let a model write.
//!
//! `cargo run --release --features local-llm --example chain -- local README.md`, or with
//! the address of an OpenAI-compatible server in place of `local`.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it talks to a person"
)]
mod support;

use std::io::Write as _;
use std::num::NonZeroUsize;
use std::process::ExitCode;

use futures_util::StreamExt as _;
use gori::rag::AnswerDelta;
use gori::vectorstores::MemoryStore;
use gori::{ingest::ingest, loaders::Dir, rag::*, retrieve::*, splitters::Auto, *};

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => support::fail(&error),
    }
}

async fn run() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let (Some(llm), Some(path)) = (args.next(), args.next()) else {
        return Err(Error::invalid("usage: chain local|URL PATH").hint("see the example's head"));
    };
    let embedder = support::encoder("all-minilm-l6-v2").await?;
    let store = MemoryStore::new(embedder.dims());
    ingest(&Dir::new(path), &Auto::chars(900), &embedder, &store).await?;
    let (llm, counter) = support::llm::open(&llm).await?;

    // Links are joined when this is compiled: one that does not fit the next is a compile error.
    let chain = step(async |_: Context, text: String| Ok(Query::new(text.trim())))
        .named("question")
        .then(retrieve(Dense::new(&embedder, &store), 4))
        .then(fit_prompt(counter, llm.limits()))
        .then(complete(llm.retry(2).traced()));
    println!("{}\n\n{}", chain.plan(), chain.plan().to_mermaid());

    // The last link streams, so the whole chain does.
    let cx = Context::new();
    let mut answer = chain.stream(&cx, "What is this about?".into()).await?;
    while let Some(delta) = answer.next().await {
        if let AnswerDelta::Text(text) = delta? {
            print!("{text}");
            let _ = std::io::stdout().flush();
        }
    }
    println!("\n");

    // Many inputs at once: in order, two at a time, and each with a result of its own.
    let questions = ["How is it licensed?", "When should I not use it?"].map(String::from);
    let two = NonZeroUsize::MIN.saturating_add(1);
    for answer in chain.batch(two).call(&cx, questions.into()).await? {
        println!("{}\n", answer?.text);
    }
    println!("used in all: {:?}", cx.usage().total());
    Ok(())
}
