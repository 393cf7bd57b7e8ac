//! Documents into a store, again and again: what did not change is not even parsed.
//!
//! `cargo run --release --example ingest -- core/src README.md`
#![allow(clippy::print_stdout, reason = "it talks to a person")]

mod support;

use std::process::ExitCode;

use gori::ingest::{Journal, Report, ingest};
use gori::loaders::{Dir, worker};
use gori::splitters::Auto;
use gori::vectorstores::{LocalStore, Options};
use gori::{Embedder as _, Error, Result, VectorStore as _};

#[tokio::main]
async fn main() -> ExitCode {
    // A hostile file is parsed in a process of its own, which this line makes of this program.
    worker::serve_if_asked();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => support::fail(&error),
    }
}

async fn run() -> Result<()> {
    let mut paths = std::env::args().skip(1);
    let first = paths
        .next()
        .ok_or_else(|| Error::invalid("usage: ingest PATH...").hint("give a folder or a file"))?;
    let dir = paths.fold(Dir::new(first), |dir, path| dir.and(path));

    let embedder = support::encoder("all-minilm-l6-v2").await?;
    let options = Options::new(embedder.dims()).embedder(embedder.id());
    let store = LocalStore::create_or_open(".gori/ingest/vectors", options)?;
    // The journal remembers each source by its content, and is written after the store has it.
    let journal = Journal::open(".gori/ingest/sources")?;

    let report = ingest(&dir, &Auto::chars(900), &embedder, &store)
        .records(&journal)
        .progress(|p| support::progress(&format!("{} of {} chunks", p.embedded, p.chunks)))
        .await?;
    support::progress("");
    let held = store.count(None).await?;
    // One bad file never stops the others; each is named.
    show(&support::tell(report, held == 0)?);
    println!("the store holds {held} chunks; run it again, and nothing is embedded");
    Ok(())
}

fn show(report: &Report) {
    println!(
        "{} added, {} changed, {} unchanged, {} deleted; {} of {} chunks embedded",
        report.added,
        report.changed,
        report.unchanged,
        report.deleted,
        report.embedded,
        report.chunks
    );
    let s = report.seconds;
    println!(
        "{:.2} s: load {:.2}, split {:.2}, embed {:.2}, store {:.2} (stages overlap)",
        s.total, s.load, s.split, s.embed, s.store
    );
}
