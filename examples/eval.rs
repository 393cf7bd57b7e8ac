//! How well retrieval does on a file in SQuAD's layout: whole paragraphs, exact search.
//!
//! `cargo run --release --example eval -- [--answers] [--retriever hybrid|dense|lexical] FILE.json`
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it talks to a person"
)]
#![allow(unreachable_pub, reason = "its modules are files, not an interface")]

mod support;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Instant;

use gori::models::extract::{Extractive, contains_answer};
use gori::vectorstores::{MemoryLexical, MemoryStore};
use gori::{Context, Embedder as _, Error, Hit, LexicalIndex as _, Metadata, Point, Query, Result};
use gori::{Retrieved, Retriever as _, Role, VectorStore as _};

#[derive(serde::Deserialize)]
struct Squad {
    data: Vec<Article>,
}
#[derive(serde::Deserialize)]
struct Article {
    paragraphs: Vec<Paragraph>,
}
#[derive(serde::Deserialize)]
struct Paragraph {
    context: String,
    qas: Vec<Qa>,
}
#[derive(serde::Deserialize)]
struct Qa {
    question: String,
    answers: Vec<Gold>,
}
#[derive(serde::Deserialize)]
struct Gold {
    text: String,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => support::fail(&error),
    }
}

async fn run() -> Result<()> {
    let (answers, how, file) = args()?;
    let text = std::fs::read_to_string(&file).map_err(|error| Error::io(&file, error))?;
    let squad: Squad = serde_json::from_str(&text).map_err(|error| {
        Error::invalid(error.to_string())
            .about(&file)
            .hint("it must have SQuAD's layout")
    })?;
    let paragraphs: Vec<Paragraph> = squad
        .data
        .into_iter()
        .flat_map(|article| article.paragraphs)
        .collect();

    let cx = Context::new();
    let embedder = support::encoder("all-minilm-l6-v2").await?;
    let store = MemoryStore::new(embedder.dims());
    let texts: Vec<&str> = paragraphs
        .iter()
        .map(|paragraph| paragraph.context.as_str())
        .collect();
    let rows = embedder.embed(&cx, &texts, Role::Document).await?;
    let point = |(i, (text, row)): (usize, (&&str, &[f32]))| Point {
        id: i.to_string(),
        vector: row.to_vec(),
        text: (*text).to_owned(),
        metadata: Metadata::new(),
    };
    let points: Vec<Point> = texts
        .iter()
        .zip(rows.rows())
        .enumerate()
        .map(point)
        .collect();
    store.upsert(&points).await?;
    let words = MemoryLexical::default();
    words.upsert(&points).await?;

    let retriever = how.over(&embedder, &store, &words);
    let extractive = Extractive::new(&embedder);
    let (mut ranks, mut contained, mut questions) = (BTreeMap::<usize, u32>::new(), 0_u32, 0_u32);
    let start = Instant::now();
    let mut retrieving = std::time::Duration::ZERO;
    for (id, paragraph) in paragraphs.iter().enumerate() {
        for qa in &paragraph.qas {
            let begun = Instant::now();
            let query = Query::new(&qa.question).k(10);
            let hits = retriever.retrieve(&cx, &query).await?;
            retrieving += begun.elapsed();
            questions += 1;
            if let Some(rank) = rank(&hits, id) {
                *ranks.entry(rank).or_default() += 1;
            }
            if answers {
                let answer = extractive.answer(&cx, Retrieved { query, hits }).await?;
                let held = |gold: &Gold| {
                    answer
                        .quotes
                        .iter()
                        .any(|q| contains_answer(&q.text, &gold.text))
                };
                contained += u32::from(qa.answers.iter().any(held));
            }
            support::progress(&format!(
                "{questions} questions, {:.0} s",
                start.elapsed().as_secs_f64()
            ));
        }
    }
    support::progress("");
    let share = |sum: f64| sum / f64::from(questions.max(1));
    let over = |gain: &dyn Fn(f64) -> f64| {
        share(
            ranks
                .iter()
                .map(|(rank, n)| {
                    gain(f64::from(u32::try_from(*rank).unwrap_or(u32::MAX))) * f64::from(*n)
                })
                .sum(),
        )
    };
    let recall = |k: f64| over(&|rank| if rank <= k { 1.0 } else { 0.0 });
    if answers {
        println!("answers@2={:.3}", share(f64::from(contained)));
    }
    println!(
        "R@1={:.3} R@5={:.3} R@10={:.3} MRR@10={:.3} nDCG@10={:.3} queries_per_s={:.0}",
        recall(1.0),
        recall(5.0),
        recall(10.0),
        over(&|rank| 1.0 / rank),
        over(&|rank| 1.0 / (rank + 1.0).log2()),
        f64::from(questions) / retrieving.as_secs_f64(),
    );
    Ok(())
}

/// Whether answers are judged, how passages are found, and the file.
fn args() -> Result<(bool, support::retriever::How, String)> {
    let usage = "usage: eval [--answers] [--retriever hybrid|dense|lexical] FILE.json";
    let (mut answers, mut how, mut file) = (false, None, None);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--answers" => answers = true,
            "--retriever" => {
                let name = args.next().unwrap_or_default();
                how = Some(name.parse().map_err(|why: String| Error::invalid(why))?);
            }
            _ => file = Some(arg),
        }
    }
    let file = file.ok_or_else(|| Error::invalid(usage))?;
    Ok((answers, how.unwrap_or_default(), file))
}

/// Where the right paragraph stands, counted from 1.
fn rank(hits: &[Hit], paragraph: usize) -> Option<usize> {
    let id = paragraph.to_string();
    hits.iter()
        .position(|hit| hit.id == id)
        .map(|place| place + 1)
}
