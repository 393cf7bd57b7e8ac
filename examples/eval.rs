//! How well retrieval does on a file in SQuAD's layout: whole paragraphs, exact search.
//!
//! `cargo run --release --example eval -- [--answers] [--retriever hybrid|dense|lexical] FILE.json`
#![allow(clippy::print_stdout, reason = "it talks to a person")]
#![allow(unreachable_pub, reason = "its modules are files, not an interface")]

#[path = "support/squad.rs"]
mod squad;
mod support;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use gori::models::extract::{Extractive, contains_answer};
use gori::retrieve::Ranks;
use gori::vectorstores::{MemoryLexical, MemoryStore};
use gori::{Context, Embedder as _, LexicalIndex as _, Query, Result, Retrieved};
use gori::{Retriever as _, Role, VectorStore as _};

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => support::fail(&error),
    }
}

async fn run() -> Result<()> {
    let (answers, how, paragraphs) = squad::args()?;
    let cx = Context::new();
    let embedder = support::encoder("all-minilm-l6-v2").await?;
    let texts: Vec<&str> = paragraphs.iter().map(|p| p.context.as_str()).collect();
    let rows = embedder.embed(&cx, &texts, Role::Document).await?;
    let points = squad::points(&texts, rows.rows());
    let (store, words) = (MemoryStore::new(embedder.dims()), MemoryLexical::default());
    store.upsert(&points).await?;
    words.upsert(&points).await?;

    let retriever = how.over(&embedder, &store, &words);
    let extractive = Extractive::new(&embedder);
    let (mut ranks, mut contained, mut retrieving) = (Ranks::default(), 0_u32, Duration::ZERO);
    for (id, paragraph) in paragraphs.iter().enumerate() {
        for qa in &paragraph.qas {
            let start = Instant::now();
            let query = Query::new(&qa.question).k(10);
            let hits = retriever.retrieve(&cx, &query).await?;
            retrieving += start.elapsed();
            ranks.add_hits(&hits, &id.to_string());
            if answers {
                let found = Retrieved { query, hits };
                let quotes = extractive.answer(&cx, found).await?.quotes;
                let mut golds = qa.answers.iter().map(|gold| &gold.text);
                let held = golds.any(|g| quotes.iter().any(|q| contains_answer(&q.text, g)));
                contained += u32::from(held);
            }
            support::progress(&format!("{} questions", ranks.questions()));
        }
    }
    support::progress("");
    let questions = f64::from(ranks.questions());
    if answers {
        println!("answers@2={:.3}", f64::from(contained) / questions.max(1.0));
    }
    let speed = questions / retrieving.as_secs_f64();
    println!("{ranks} queries_per_s={speed:.0}");
    Ok(())
}
