//! Ask your documents, with no server and no key.
//!
//! `cargo run --release --example ask -- "How does the local store survive a power cut?" .`
#![allow(clippy::print_stdout, reason = "it talks to a person")]
#![allow(unreachable_pub, reason = "its modules are files, not an interface")]

#[path = "support/answer.rs"]
mod answer;
mod support;

use std::process::ExitCode;
use std::time::Instant;

use gori::ingest::{Journal, Report, ingest};
use gori::loaders::{Dir, worker};
use gori::models::bert::Encoder;
use gori::splitters::Auto;
use gori::vectorstores::lexical::{self, LexicalStore};
use gori::vectorstores::{LocalStore, Options};
use gori::{Chain as _, ChainExt as _, Context, Embedder as _, Query, Result, retrieve::retrieve};
use support::{Args, fail, progress};

#[tokio::main]
async fn main() -> ExitCode {
    // PDF files are parsed in a worker process with limits: this program is its own worker.
    worker::serve_if_asked();
    let outcome = run().await;
    outcome.map_or_else(|error| fail(&error), |()| ExitCode::SUCCESS)
}

async fn run() -> Result<()> {
    let args = Args::parse()?;
    if args.help {
        println!("{}", support::USAGE);
        return Ok(());
    }
    let (embedder, files) = support::encoder_and_folder(&args.embedder).await?;
    let splitter = support::tokens::splitter(&embedder, &files)?;
    let folder = args
        .store
        .join(embedder.id().replace(|c: char| !c.is_alphanumeric(), "-"));
    let options = Options::new(embedder.dims()).embedder(embedder.id());
    let store = LocalStore::create_or_open(folder.join("vectors"), options)?;
    let words = LexicalStore::create_or_open(folder.join("words"), lexical::Options::new())?;

    let report = update(&args, (&splitter, &embedder), (&store, &words), folder).await?;
    let cx = Context::new();
    let retriever = args.retriever.over(&embedder, &store, &words);
    let retrieve = retrieve(retriever, args.k).named("retrieve");
    let start = Instant::now();
    let found = retrieve.call(&cx, Query::new(&args.question)).await?;
    let retrieval = start.elapsed();
    answer::answer(&args, &cx, &embedder, found, &report, retrieval).await
}

/// Brings the store and the index by words to what the paths hold now.
async fn update(
    args: &Args,
    (splitter, embedder): (&Auto, &Encoder),
    (store, words): (&LocalStore, &LexicalStore),
    folder: std::path::PathBuf,
) -> Result<Report> {
    let dir = (args.paths.iter().skip(1)).fold(Dir::new(&args.paths[0]), Dir::and);
    let journal = Journal::open(folder.join("sources"))?;
    let report = ingest(&dir, splitter, embedder, store)
        .lexical(words)
        .records(&journal)
        .progress(|p| {
            progress(&format!(
                "{} documents, {} of {} chunks embedded",
                p.documents, p.embedded, p.chunks
            ))
        })
        .await?;
    progress("");
    support::tell(report, gori::VectorStore::count(store, None).await? == 0)
}
