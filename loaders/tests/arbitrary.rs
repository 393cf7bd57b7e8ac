//! Any bytes under any name: a result or a typed error, the same on every run. The fuzz
//! targets of `fuzz/` try the same for longer.
#![allow(clippy::unwrap_used)]

mod support;

use gori_core::{ErrorKind, Result};
use gori_loaders::{Blob, Formats, Isolation, Limits, Reader, Sample};
use proptest::prelude::*;

const NAMES: [&str; 17] = [
    "a", "a.txt", "a.md", "a.html", "a.csv", "a.tsv", "a.json", "a.jsonl", "a.ipynb", "a.srt",
    "a.xml", "a.eml", "a.mbox", "a.docx", "a.xlsx", "a.epub", "a.pdf",
];

/// Pieces that the formats are made of.
const PIECES: [&str; 60] = [
    "<",
    ">",
    "</",
    "/>",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<?xml ?>",
    "<!DOCTYPE html>",
    "<p>",
    "<table><tr><td>",
    "<rss>",
    "<item>",
    "<feed xmlns='http://www.w3.org/2005/Atom'>",
    "<entry>",
    "<title>",
    "&amp;",
    "&#x",
    ";",
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "\\",
    "\\u",
    "null",
    "1e9",
    "\"cells\"",
    "\"nbformat\"",
    "\"nbformat_minor\"",
    "\n",
    "\r\n",
    "\n\n",
    "\t",
    " ",
    "-->",
    "00:00:01,000",
    "WEBVTT",
    "1",
    "From ",
    "From: a@b\n",
    "Subject: =?utf-8?B?",
    "Content-Type: multipart/mixed; boundary=b\n",
    "--b",
    "---",
    "# ",
    "```",
    "|",
    "PK\u{3}\u{4}",
    "%PDF-1.7\n",
    "obj",
    "stream",
    "endstream",
    "\u{0}",
    "\u{feff}",
    "한글",
];

fn structured() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        8 => prop::sample::select(&PIECES[..]).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..8),
        2 => "[a-z]{1,6}".prop_map(String::into_bytes),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

fn read(name: &str, bytes: &[u8]) -> Result<Vec<gori_core::Document>> {
    let limits = Limits {
        text_bytes: 1 << 20,
        ..Limits::default()
    };
    let reader = Reader::new()
        .isolation(Isolation::in_process())
        .limits(limits);
    reader.documents(Blob::new(name, bytes))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn any_bytes_end_in_a_result_or_a_typed_error(name in prop::sample::select(&NAMES[..]), bytes in structured()) {
        let first = read(name, &bytes);
        match (&first, read(name, &bytes)) {
            (Ok(one), Ok(other)) => prop_assert_eq!(one, &other),
            (Err(one), Err(other)) => {
                prop_assert_eq!(one.kind(), other.kind());
                prop_assert_ne!(one.kind(), ErrorKind::Internal);
                prop_assert_eq!(one.subject(), Some(name), "an error names its source");
            }
            (one, other) => prop_assert!(false, "{:?} and then {:?}", one, other),
        }
    }

    /// The content decides, so the end of a file that is longer than its head may not matter.
    #[test]
    fn detection_never_fails_and_always_ends(name in prop::sample::select(&NAMES[..]), bytes in structured()) {
        let formats = Formats::default();
        let sample = Sample::new(name, &bytes, None);
        let first = formats.detect(&sample).map(|format| format.name());
        prop_assert_eq!(first, formats.detect(&sample).map(|format| format.name()));
        if sample.is_text() {
            prop_assert!(first.is_some(), "any text is text");
        }
    }
}
