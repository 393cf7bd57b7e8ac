//! The text of PDF files as JSON, one line a file: what `benches/peers/pdf.py` compares.
//!
//! `cargo run --release -p gori-loaders --example pdf_text -- [--engine worker|inside|first|extract] < paths`
//!
//! `worker` is what a program gets, `inside` the same in this process, `first` the first engine
//! alone, `extract` pdf-extract as it is.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::io::BufRead as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use gori_core::Part;
use gori_loaders::{Blob, Formats, Isolation, Pdf, Reader};
use serde_json::json;

fn main() {
    gori_loaders::worker::serve_if_asked();
    let engine = std::env::args()
        .nth(2)
        .unwrap_or_else(|| "worker".to_owned());
    let reader = match engine.as_str() {
        "worker" => Reader::new().isolation(Isolation::required()),
        "inside" => Reader::new().isolation(Isolation::in_process()),
        _ => Reader::new()
            .isolation(Isolation::in_process())
            .formats(Formats::none().with(Pdf::first_engine_only())),
    };
    std::panic::set_hook(Box::new(|_| {}));
    for path in std::io::stdin().lock().lines() {
        let path = path.unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let start = Instant::now();
        let read = match engine.as_str() {
            "extract" => extract(&bytes),
            _ => pages(&reader, &path, bytes),
        };
        let seconds = start.elapsed().as_secs_f64();
        let line = match read {
            Ok(pages) => json!({ "path": path, "seconds": seconds, "pages": pages }),
            Err(error) => json!({ "path": path, "seconds": seconds, "error": error }),
        };
        println!("{line}");
    }
}

/// Text by the number of the page.
fn pages(
    reader: &Reader,
    path: &str,
    bytes: Vec<u8>,
) -> Result<std::collections::BTreeMap<u32, String>, String> {
    let documents = reader
        .documents(Blob::new(path, bytes))
        .map_err(|error| error.to_string())?;
    let pages = documents
        .into_iter()
        .filter_map(|document| match document.part {
            Part::Page(page) => Some((page, document.text)),
            _ => None,
        });
    Ok(pages.collect())
}

fn extract(bytes: &[u8]) -> Result<std::collections::BTreeMap<u32, String>, String> {
    let read = catch_unwind(AssertUnwindSafe(|| {
        pdf_extract::extract_text_from_mem_by_pages(bytes)
    }));
    match read {
        Ok(Ok(pages)) => Ok((1..).zip(pages).collect()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("panic".to_owned()),
    }
}
