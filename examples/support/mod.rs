//! What several examples share: the command line, the progress line, the default encoder.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each example takes what it needs, and its modules are files, not an interface"
)]
#![allow(clippy::print_stderr, reason = "it talks to a person")]

pub mod llm;
pub mod retriever;
mod show;
pub mod tokens;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gori::ingest::Report;
use gori::models::bert::{Encoder, Options};
use gori::models::files::{self, Fetch};
use gori::{Error, ErrorKind, Result};
pub use show::{progress, show_fetch};

/// The flags of `ask`.
#[derive(Debug)]
pub struct Args {
    pub question: String,
    pub paths: Vec<PathBuf>,
    pub llm: Option<String>,
    pub embedder: String,
    pub retriever: retriever::How,
    pub store: PathBuf,
    pub k: usize,
    pub budget: Option<usize>,
    pub json: bool,
    pub help: bool,
}

pub const USAGE: &str = "\
usage: ask [FLAGS] QUESTION PATH...

  --llm local[:NAME]  write the answer with a model in this process: smollm2 (as without a
                      NAME), qwen2.5-coder or FILE.gguf; needs the feature local-llm
  --llm URL           write the answer with an OpenAI-compatible server, such as
                      http://127.0.0.1:8080/v1#MODEL; a key is read from OPENAI_API_KEY
  --embedder NAME     a model by name or a folder with its files [all-minilm-l6-v2]
  --retriever HOW     hybrid, dense or lexical: by words and vectors, or one of them [hybrid]
  --store DIR         where the index is kept [.gori]
  --k N               passages to retrieve [8]
  --budget N          the most tokens of prompt
  --json              the answer and the figures as one JSON object
  --help              this text";

impl Args {
    /// Reads the command line. A wrong flag is one clear line.
    pub fn parse() -> Result<Self> {
        Self::read().map_err(|error| Error::invalid(error.to_string()).hint("see --help"))
    }

    fn read() -> std::result::Result<Self, lexopt::Error> {
        use lexopt::prelude::*;
        let mut args = Self {
            question: String::new(),
            paths: Vec::new(),
            llm: None,
            embedder: "all-minilm-l6-v2".to_owned(),
            retriever: retriever::How::default(),
            store: ".gori".into(),
            k: 8,
            budget: None,
            json: false,
            help: false,
        };
        let mut parser = lexopt::Parser::from_env();
        while let Some(arg) = parser.next()? {
            match arg {
                Long("llm") => args.llm = Some(parser.value()?.string()?),
                Long("embedder") => args.embedder = parser.value()?.string()?,
                Long("retriever") => args.retriever = parser.value()?.parse()?,
                Long("store") => args.store = parser.value()?.into(),
                Long("k") => args.k = at_least_one(parser.value()?.parse()?, "--k")?,
                Long("budget") => {
                    args.budget = Some(at_least_one(parser.value()?.parse()?, "--budget")?)
                }
                Long("json") => args.json = true,
                Long("help") | Short('h') => {
                    args.help = true;
                    return Ok(args);
                }
                Value(text) if args.question.is_empty() => args.question = text.string()?,
                Value(path) => args.paths.push(path.into()),
                _ => return Err(arg.unexpected()),
            }
        }
        if args.question.trim().is_empty() || args.paths.is_empty() {
            return Err("a question and at least one path are needed".into());
        }
        Ok(args)
    }
}

fn at_least_one(number: usize, flag: &str) -> std::result::Result<usize, lexopt::Error> {
    if number == 0 {
        Err(format!("{flag} must be at least 1").into())
    } else {
        Ok(number)
    }
}

/// Opens an encoder from a folder, or fetches the model of that name, showing how far it is.
pub async fn encoder(name: &str) -> Result<Encoder> {
    Ok(encoder_and_folder(name).await?.0)
}

/// As [`encoder`], with the folder of its files.
pub async fn encoder_and_folder(name: &str) -> Result<(Encoder, PathBuf)> {
    let folder = PathBuf::from(name);
    if folder.is_dir() {
        return Ok((Encoder::open(&folder, &Options::default())?, folder));
    }
    let fetch = Fetch::from_env().progress(Arc::new(show_fetch));
    let model = files::fetch(name, &fetch).await?;
    let options = Options {
        name: Some(name.to_owned()),
        ..Options::default()
    };
    let folder = model.path().to_owned();
    Ok((Encoder::open(&folder, &options)?, folder))
}

/// Names every file that was odd or failed. Where there is then nothing to answer from, that is
/// the error.
pub fn tell(mut report: Report, empty: bool) -> Result<Report> {
    let last = if empty { report.failed.pop() } else { None };
    for (source, what) in report.skipped.iter().chain(&report.warnings) {
        eprintln!("note: {source}: {what}");
    }
    for error in &report.failed {
        eprintln!("failed: {error}");
    }
    let nothing = "there is no text to answer from under the given paths";
    match (empty, last) {
        (false, _) => Ok(report),
        (true, Some(error)) => Err(error),
        (true, None) => Err(Error::new(ErrorKind::NotFound, nothing)),
    }
}

/// A duration as milliseconds.
pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// An error as one line, and the code to leave with.
pub fn fail(error: &Error) -> std::process::ExitCode {
    progress("");
    eprintln!("error: {error}");
    std::process::ExitCode::from(if error.kind() == ErrorKind::InvalidInput {
        2
    } else {
        1
    })
}
