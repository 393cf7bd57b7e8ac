//! The encoder beside its peer, sentence-transformers on torch, in one run:
//!
//! ```text
//! benches/peers/setup.sh
//! cargo bench --bench encoder -- FILE [MODEL_DIRECTORY]
//! ```
//!
//! `FILE` is in SQuAD's layout; all its paragraphs are encoded, then all its questions. Both sides
//! have two threads, a window of 256 tokens and the same 32-bit weights, and take turns, so that
//! what else the machine does hits both; the best of the rounds counts. The peer has the batch
//! size that it is fastest with. Without a model directory the catalogue's is fetched.

#![allow(clippy::print_stdout, clippy::expect_used, missing_docs)]

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use gori_core::Stop;
use gori_models::bert::{Encoder, Options};
use gori_models::files::{Fetch, fetch_blocking};
use serde_json::Value;

const THREADS: usize = 2;
const ROUNDS: usize = 7;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    // `cargo bench` adds a flag of its own.
    let mut arguments = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench");
    let Some(file) = arguments.next() else {
        println!("encoder: left out; give a file: cargo bench --bench encoder -- FILE");
        return Ok(());
    };
    let model = match arguments.next() {
        Some(directory) => PathBuf::from(directory),
        None => {
            let name = "all-minilm-l6-v2-fp32";
            fetch_blocking(name, &Fetch::from_env(), &Stop::new())?
                .path()
                .to_owned()
        }
    };
    let texts = texts(&std::fs::read_to_string(&file)?)?;
    let options = Options {
        threads: NonZeroUsize::new(THREADS),
        ..Options::default()
    };
    let encoder = Encoder::open(&model, &options)?;
    let mut peer = Peer::start(&model, Path::new(&file))?;
    println!("peer: {}", peer.about);
    let mut best = [[f64::INFINITY; 2]; 2];
    let mut ours: Vec<Vec<f32>> = vec![Vec::new(); 2];
    for round in 0..=ROUNDS {
        for (set, (name, texts)) in texts.iter().enumerate() {
            let seconds = peer.run(name)?;
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let start = Instant::now();
            ours[set] = encoder.encode(&texts, &Stop::new())?;
            let took = start.elapsed().as_secs_f64();
            // The first round warms up both.
            if round > 0 {
                best[set] = [best[set][0].min(took), best[set][1].min(seconds)];
            }
        }
    }
    let apart = peer.furthest(&ours.concat())?;
    println!(
        "{THREADS} threads, best of {ROUNDS} rounds in turns; vectors at most {apart:.1e} apart"
    );
    println!("| texts | count | gori, a second | peer, a second | ratio |");
    println!("|---|---|---|---|---|");
    for ((name, texts), [ours, peers]) in texts.iter().zip(best) {
        let count = texts.len() as f64;
        let (mine, theirs) = (count / ours, count / peers);
        println!(
            "| {name} | {count} | {mine:.1} | {theirs:.1} | {:.2} |",
            mine / theirs
        );
    }
    Ok(())
}

/// Paragraphs and questions in the order of the file.
fn texts(json: &str) -> Result<[(&'static str, Vec<String>); 2]> {
    let value: Value = serde_json::from_str(json)?;
    let list = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
    let text = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let (mut paragraphs, mut questions) = (Vec::new(), Vec::new());
    for article in list(&value, "data") {
        for paragraph in list(&article, "paragraphs") {
            paragraphs.push(text(&paragraph, "context"));
            questions.extend(
                list(&paragraph, "qas")
                    .iter()
                    .map(|qa| text(qa, "question")),
            );
        }
    }
    if paragraphs.is_empty() {
        return Err("the file holds no paragraphs in SQuAD's layout".into());
    }
    Ok([("paragraphs", paragraphs), ("questions", questions)])
}

/// The Python side, spoken to by lines.
struct Peer {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    about: String,
}

impl Peer {
    fn start(model: &Path, file: &Path) -> Result<Self> {
        let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers");
        let python = peers.join(".venv/bin/python");
        if !python.exists() {
            return Err("there is no peer yet: run benches/peers/setup.sh".into());
        }
        let mut child = Command::new(python)
            .arg(peers.join("encoder.py"))
            .args([model, file])
            .arg(THREADS.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let input = child.stdin.take().ok_or("no standard input")?;
        let output = child.stdout.take().ok_or("no standard output")?;
        let mut peer = Self {
            child,
            input,
            output: BufReader::new(output),
            about: String::new(),
        };
        let ready = peer.line()?;
        peer.about = ready
            .strip_prefix("ready ")
            .ok_or("the peer did not start")?
            .to_owned();
        Ok(peer)
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            return Err("the peer ended early; run benches/peers/encoder.py by hand".into());
        }
        Ok(line.trim_end().to_owned())
    }

    /// Seconds that it takes for a set of texts.
    fn run(&mut self, name: &str) -> Result<f64> {
        writeln!(self.input, "{name}")?;
        Ok(self.line()?.parse()?)
    }

    /// The greatest difference of a number to the peer's.
    fn furthest(&mut self, ours: &[f32]) -> Result<f32> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("vectors");
        writeln!(self.input, "write {}", path.display())?;
        self.line()?;
        let bytes = std::fs::read(path)?;
        let theirs = bytes
            .as_chunks::<4>()
            .0
            .iter()
            .map(|b| f32::from_le_bytes(*b));
        if theirs.len() != ours.len() {
            return Err("the peer gave another number of vectors".into());
        }
        Ok(ours
            .iter()
            .zip(theirs)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It is stateless, and may be in the middle of a batch.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
