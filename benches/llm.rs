//! A GGUF model in process: tokens a second of prompt and of answer, taking turns with llama.cpp.
//!
//! ```text
//! npm install --prefix benches/peers --no-save node-llama-cpp@3.22.1      # once, for the peer
//! cargo bench --features local-llm --bench llm                            # SmolLM2-135M
//! cargo bench --features local-llm --bench llm -- qwen2.5-coder           # or a path/to/file.gguf
//! ```
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "it measures"
)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use futures_util::StreamExt as _;
use gori::models::files::{self, Fetch};
use gori::models::gguf::Gguf;
use gori::{Context, Delta, Llm as _, Prompt, Result, Sampling};
use serde_json::{Value as Json, json};

/// Rounds, each an answer by either side. The median of each figure is quoted.
const ROUNDS: usize = 5;
const ANSWER: usize = 128;

/// Tokens a second.
#[derive(Clone, Copy, Debug)]
struct Speed {
    prompt: f64,
    answer: f64,
}

#[tokio::main]
async fn main() -> Result<()> {
    // `cargo bench` adds `--bench`.
    let name = std::env::args().skip(1).find(|arg| !arg.starts_with("--"));
    let path = find(name.as_deref().unwrap_or("smollm2")).await?;
    let start = Instant::now();
    let model = Gguf::open(&Context::new(), &path).await?;
    println!(
        "{}: opened in {:.2} s",
        path.display(),
        start.elapsed().as_secs_f64()
    );
    let mut peer = Peer::start(&path);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        ours.push(answer(&model, round).await?);
        theirs.extend(peer.as_mut().map(|peer| peer.answer(round)));
    }
    let ours = show("gori", &ours);
    match peer {
        Some(_) => {
            let theirs = show("llama.cpp", &theirs);
            println!(
                "gori / llama.cpp: prompt {:.2}, answer {:.2}",
                ours.prompt / theirs.prompt,
                ours.answer / theirs.answer
            );
        }
        None => {
            println!("llama.cpp was left out: benches/peers/node_modules has no node-llama-cpp")
        }
    }
    Ok(())
}

async fn find(name: &str) -> Result<PathBuf> {
    if name.ends_with(".gguf") {
        return Ok(name.into());
    }
    let folder = files::fetch(name, &Fetch::from_env()).await?;
    folder.only("gguf").map(Path::to_owned)
}

/// About 400 tokens that differ from round to round at their start, so that nothing is kept.
fn prompt(round: usize) -> String {
    let story = "The keeper of the lighthouse wrote down the weather every evening, the ships that \
        passed, and how much oil was left. In the seventh winter the supply boat did not come, and \
        the light burned lower each night. ";
    format!(
        "Story {round}. {}\n\nTell a long story that goes on from there.",
        story.repeat(8)
    )
}

async fn answer(model: &Gguf, round: usize) -> Result<Speed> {
    let prompt = Prompt::user(prompt(round)).sampling(Sampling {
        max_tokens: Some(ANSWER),
        ..Sampling::default()
    });
    let (start, mut first) = (Instant::now(), None);
    let mut stream = model.stream(&Context::new(), &prompt).await?;
    while let Some(delta) = stream.next().await {
        match delta? {
            Delta::End { usage, .. } => {
                let first: Instant = first.unwrap_or(start);
                let (prompt, answer) = (first - start, first.elapsed());
                let read = usage.prompt_tokens - usage.cached_tokens;
                return Ok(Speed {
                    prompt: read as f64 / prompt.as_secs_f64(),
                    answer: (usage.completion_tokens - 1) as f64 / answer.as_secs_f64(),
                });
            }
            _ => {
                first.get_or_insert_with(Instant::now);
            }
        }
    }
    unreachable!("a stream ends with its end")
}

fn show(who: &str, rounds: &[Speed]) -> Speed {
    let median = |figure: fn(&Speed) -> f64| {
        let mut all: Vec<f64> = rounds.iter().map(figure).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    let speed = Speed {
        prompt: median(|speed| speed.prompt),
        answer: median(|speed| speed.answer),
    };
    println!(
        "{who}: prompt {:.1} tokens/s, answer {:.1} tokens/s",
        speed.prompt, speed.answer
    );
    speed
}

/// llama.cpp as a child process.
struct Peer {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Peer {
    fn start(model: &Path) -> Option<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers");
        folder
            .join("node_modules/node-llama-cpp")
            .exists()
            .then(|| {
                let threads = std::thread::available_parallelism().unwrap();
                let mut child = Command::new("node")
                    .arg(folder.join("llama.mjs"))
                    .args([model.as_os_str(), threads.to_string().as_ref()])
                    .stdin(Stdio::piped())
                    .stdout(Stdio::piped())
                    .spawn()
                    .unwrap();
                let input = child.stdin.take().unwrap();
                let output = BufReader::new(child.stdout.take().unwrap());
                let mut peer = Self {
                    child,
                    input,
                    output,
                };
                println!("peer: {}", peer.line()["ready"]);
                peer
            })
    }

    fn line(&mut self) -> Json {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    fn ask(&mut self, question: &Json) -> Json {
        writeln!(self.input, "{question}").unwrap();
        self.line()
    }

    fn answer(&mut self, round: usize) -> Speed {
        let text = format!(
            "<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n",
            prompt(round)
        );
        let tokens = self.ask(&json!({ "tokenize": text, "special": true }));
        let speed = self.ask(&json!({ "speed": tokens, "count": ANSWER }));
        Speed {
            prompt: speed["prompt"].as_f64().unwrap(),
            answer: speed["answer"].as_f64().unwrap(),
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
