//! gori's side of `benches/peers/splitters.sh`: cuts the corpus, writes every span for the
//! comparison, and prints CPU seconds.
//!
//! Without a directory it says so and does nothing, so that a plain `cargo bench` stays short.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    missing_docs,
    reason = "a program"
)]

#[path = "../tests/common/mod.rs"]
mod common;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, hint};

use common::Cl100k;
use gori_core::{Document, Fidelity, Splitter, TokenCounter};
use gori_splitters::{Auto, Markdown, Recursive, Separators};
use rustix::time::{ClockId, clock_gettime};

fn main() {
    let Some(directory) = env::args().skip(1).find(|arg| !arg.starts_with("--")) else {
        println!("run benches/peers/splitters.sh, which makes the corpus and the peers");
        return;
    };
    let directory = Path::new(&directory);
    let markdown = documents(&directory.join("markdown"), "a.md");
    let mut all = documents(&directory.join("prose"), "a.txt");
    all.extend(markdown.iter().cloned());
    fs::create_dir_all(directory.join("spans")).unwrap();

    for size in [500, 1000, 2000] {
        run(
            directory,
            &format!("chars-{size}"),
            &Recursive::chars(size),
            &all,
        );
    }
    let overlapping = Recursive::chars(1000).overlap(200).unwrap();
    run(directory, "chars-1000-200", &overlapping, &all);
    run(directory, "bytes-1000", &Recursive::bytes(1000), &all);
    let prose = Recursive::chars(1000).separators(Separators::prose());
    run(directory, "prose-1000", &prose, &all);
    run(directory, "auto-1000", &Auto::chars(1000), &all);
    run(
        directory,
        "markdown-1000",
        &Markdown::chars(1000),
        &markdown,
    );
    tokens(&all);
    unbroken();
}

/// Best of several, since whatever else the machine does only ever adds.
fn best(times: usize, mut work: impl FnMut()) -> f64 {
    let seconds = (0..times).map(|_| {
        let start = cpu();
        work();
        cpu() - start
    });
    seconds.fold(f64::INFINITY, f64::min)
}

fn cpu() -> f64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

fn documents(path: &Path, name: &str) -> Vec<Document> {
    let text = fs::read_to_string(path).unwrap();
    let texts = text.split_terminator('\0');
    texts.map(|text| Document::new(name, text)).collect()
}

fn size(documents: &[Document]) -> usize {
    documents.iter().map(|document| document.text.len()).sum()
}

fn report(name: &str, bytes: usize, seconds: f64) {
    println!("gori\t{name}\t{bytes}\t{seconds:.6}");
}

fn run(directory: &Path, name: &str, splitter: &dyn Splitter, documents: &[Document]) {
    let seconds = best(7, || {
        for document in documents {
            hint::black_box(splitter.split(document));
        }
    });
    report(name, size(documents), seconds);
    let mut spans = Vec::new();
    for document in documents {
        let chunks = splitter.split(document);
        spans.extend((chunks.len() as u64).to_le_bytes());
        for chunk in chunks {
            spans.extend((chunk.span().start as u64).to_le_bytes());
            spans.extend((chunk.span().end as u64).to_le_bytes());
        }
    }
    fs::write(directory.join("spans").join(name), spans).unwrap();
}

/// Counting the texts once, whole, against cutting them by tokens. They take turns at every
/// document, so that what else the machine does hits both alike.
fn tokens(all: &[Document]) {
    const SIZES: [usize; 3] = [128, 256, 512];
    let splitters = SIZES.map(|size| Recursive::tokens(size, Cl100k));
    let some: Vec<_> = all.iter().step_by(8).collect();
    let bytes = some.iter().map(|document| document.text.len()).sum();
    let (mut count, mut split) = (0.0, [0.0; SIZES.len()]);
    Cl100k.count("the table is read on first use");
    for document in some {
        count += best(3, || {
            hint::black_box(Cl100k.count(&document.text));
        });
        for (splitter, seconds) in splitters.iter().zip(&mut split) {
            *seconds += best(3, || {
                hint::black_box(splitter.split(document));
            });
        }
    }
    report("count-once", bytes, count);
    for (size, seconds) in SIZES.iter().zip(split) {
        report(&format!("tokens-{size}"), bytes, seconds);
    }
    for size in SIZES {
        let counted = Arc::new(Counted::default());
        let splitter = Recursive::tokens(size, counted.clone());
        for document in all.iter().step_by(8) {
            splitter.split(document);
        }
        let calls = counted.calls.load(Ordering::Relaxed);
        let counted = counted.bytes.load(Ordering::Relaxed) as f64 / bytes as f64;
        let apart = bytes / calls.max(1);
        eprintln!("tokens-{size}: {counted:.3} times the text is counted, {apart} bytes a call");
    }
}

/// Takes note of what it is asked to count.
#[derive(Debug, Default)]
struct Counted {
    bytes: AtomicUsize,
    calls: AtomicUsize,
}

impl TokenCounter for Counted {
    fn id(&self) -> &str {
        Cl100k.id()
    }
    fn fidelity(&self) -> Fidelity {
        Cl100k.fidelity()
    }
    fn count(&self, text: &str) -> usize {
        self.bytes.fetch_add(text.len(), Ordering::Relaxed);
        self.calls.fetch_add(1, Ordering::Relaxed);
        Cl100k.count(text)
    }
    fn seam(&self, before: char, after: char) -> bool {
        Cl100k.seam(before, after)
    }
}

/// One run without a separator, doubled three times.
fn unbroken() {
    for megabytes in [12, 25, 50, 100] {
        let document = Document::new("a.md", "a".repeat(megabytes << 20));
        let bytes = document.text.len();
        for (name, splitter) in [
            ("unbroken-chars", &Recursive::chars(1000) as &dyn Splitter),
            ("unbroken-markdown", &Markdown::chars(1000)),
        ] {
            let seconds = best(1, || {
                hint::black_box(splitter.split(&document));
            });
            report(&format!("{name}/{megabytes}"), bytes, seconds);
        }
    }
    for kilobytes in [250, 500, 1000, 2000] {
        let document = Document::new("a.txt", "a".repeat(kilobytes << 10));
        let seconds = best(1, || {
            hint::black_box(Recursive::tokens(256, Cl100k).split(&document));
        });
        report(
            &format!("unbroken-tokens/{kilobytes}K"),
            document.text.len(),
            seconds,
        );
    }
}
