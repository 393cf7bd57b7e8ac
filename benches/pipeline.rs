//! Ingest by stage, and how long a question takes without a model that writes.
//!
//! The corpus is made here, the same on every machine: 200 Markdown files of 12 paragraphs.
//! The encoder is the default one, fetched on first use.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it prints figures"
)]
#![allow(clippy::indexing_slicing, clippy::cast_precision_loss)]

use std::time::Instant;

use gori::ingest::{Seconds, ingest};
use gori::loaders::Dir;
use gori::models::bert::{Encoder, Options};
use gori::models::extract::Extractive;
use gori::models::files::{self, Fetch};
use gori::splitters::Auto;
use gori::vectorstores::{LocalStore, Options as StoreOptions};
use gori::{Chain as _, Context, Embedder as _, Query, Result, retrieve::*};

const FILES: usize = 200;
const WORDS: [&str; 16] = [
    "harbour", "rope", "measured", "store", "record", "power", "board", "sensor", "written",
    "before", "signal", "camera", "node", "restart", "journal", "light",
];

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    runtime
        .map_err(|error| gori::Error::io("runtime", error))?
        .block_on(run())
}

async fn run() -> Result<()> {
    let model = files::fetch("all-minilm-l6-v2", &Fetch::from_env()).await?;
    let embedder = Encoder::open(model.path(), &Options::default())?;
    let folder = tempfile::tempdir().map_err(|error| gori::Error::io("temporary folder", error))?;
    let corpus = folder.path().join("corpus");
    write_corpus(&corpus).map_err(|error| gori::Error::io(corpus.display(), error))?;
    let options = StoreOptions::new(embedder.dims()).embedder(embedder.id());
    let store = LocalStore::create_or_open(folder.path().join("store"), options)?;

    let report = ingest(&Dir::new(&corpus), &Auto::chars(900), &embedder, &store).await?;
    let Seconds {
        total,
        load,
        split,
        embed,
        store: stored,
        ..
    } = report.seconds;
    let rate = |n: u64, s: f64| n as f64 / s.max(1e-9);
    println!(
        "ingest/documents       {:9.0} a second, whole run",
        rate(report.documents, total)
    );
    println!(
        "ingest/chunks          {:9.0} a second, whole run",
        rate(report.embedded, total)
    );
    println!(
        "ingest/load            {:9.0} documents a second",
        rate(report.documents, load)
    );
    println!(
        "ingest/split           {:9.0} chunks a second",
        rate(report.chunks, split)
    );
    println!(
        "ingest/embed           {:9.0} chunks a second",
        rate(report.embedded, embed)
    );
    println!(
        "ingest/store           {:9.0} chunks a second",
        rate(report.embedded, stored)
    );

    let retrieve = retrieve(Dense::new(&embedder, &store), 8);
    let extractive = Extractive::new(&embedder);
    let (cx, mut found, mut answered) = (Context::new(), Vec::new(), Vec::new());
    for n in 0..40 {
        let question = format!(
            "When is the {} of node {n} written?",
            WORDS[n % WORDS.len()]
        );
        let start = Instant::now();
        let retrieved = retrieve.call(&cx, Query::new(question)).await?;
        found.push(start.elapsed().as_secs_f64() * 1e3);
        let start = Instant::now();
        extractive.answer(&cx, retrieved).await?;
        answered.push(start.elapsed().as_secs_f64() * 1e3);
    }
    println!(
        "question/retrieve      {:9.2} ms, median",
        median(&mut found)
    );
    println!(
        "question/quote         {:9.2} ms, median",
        median(&mut answered)
    );
    Ok(())
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Sentences of pseudo-random words, by a linear congruential generator.
fn write_corpus(folder: &std::path::Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut state = 1_u64;
    let mut word = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        WORDS[(state >> 33) as usize % WORDS.len()]
    };
    for file in 0..FILES {
        let mut text = format!("# File {file}\n\n");
        for _ in 0..12 {
            for _ in 0..8 {
                let words: Vec<&str> = (0..9).map(|_| word()).collect();
                text += &format!("The {}. ", words.join(" "));
            }
            text += "\n\n";
        }
        std::fs::write(folder.join(format!("{file}.md")), text)?;
    }
    Ok(())
}
