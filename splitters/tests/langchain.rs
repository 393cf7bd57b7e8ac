//! The recursive splitter against the rules of LangChain's, written down plainly.
//!
//! `benches/peers/splitters.sh` compares with LangChain itself; here its rules stand in the
//! simplest form that follows them, so that they hold without Python.

mod common;

use common::text;
use gori_core::{Document, Splitter};
use gori_splitters::Recursive;
use proptest::prelude::*;

const SEPARATORS: &[&str] = &["\n\n", "\n", " ", ""];

fn length(text: &str) -> usize {
    text.chars().count()
}

/// The pieces of a text, each but the first beginning with the separator.
fn pieces<'t>(text: &'t str, separator: &str) -> Vec<&'t str> {
    let mut starts: Vec<_> = match separator {
        "" => text.char_indices().map(|(at, _)| at).collect(),
        _ => text.match_indices(separator).map(|(at, _)| at).collect(),
    };
    starts.insert(0, 0);
    starts.push(text.len());
    starts.dedup();
    starts
        .windows(2)
        .filter_map(|pair| text.get(pair[0]..pair[1]))
        .collect()
}

/// Joins pieces up to the size, each chunk starting with what the overlap keeps of the last.
fn merge(
    base: usize,
    pieces: &[&str],
    size: usize,
    overlap: usize,
    chunks: &mut Vec<(usize, usize)>,
) {
    let (mut first, mut total, mut start, mut end) = (0, 0, base, base);
    for (i, piece) in pieces.iter().enumerate() {
        let length = length(piece);
        if total + length > size && first < i {
            chunks.push((start, end));
            while total > overlap || total + length > size && total > 0 {
                total -= self::length(pieces[first]);
                start += pieces[first].len();
                first += 1;
            }
        }
        total += length;
        end += piece.len();
    }
    if first < pieces.len() {
        chunks.push((start, end));
    }
}

fn split(
    text: &str,
    base: usize,
    separators: &[&str],
    size: usize,
    overlap: usize,
    chunks: &mut Vec<(usize, usize)>,
) {
    let found = separators
        .iter()
        .position(|s| text.contains(s))
        .unwrap_or(separators.len() - 1);
    let finer = &separators[found + 1..];
    let (mut good, mut at, mut start) = (Vec::new(), base, base);
    for piece in pieces(text, separators[found]) {
        if length(piece) < size {
            good.push(piece);
        } else {
            merge(start, &good, size, overlap, chunks);
            good.clear();
            start = at + piece.len();
            if finer.is_empty() {
                chunks.push((at, start));
            } else {
                split(piece, at, finer, size, overlap, chunks);
            }
        }
        at += piece.len();
    }
    merge(start, &good, size, overlap, chunks);
}

/// Blanks stripped, and what lies within a neighbour left out.
fn stripped(text: &str, chunks: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut kept: Vec<(usize, usize)> = Vec::new();
    for (start, end) in chunks {
        let chunk = &text.as_bytes()[*start..*end];
        let chunk = std::str::from_utf8(chunk).unwrap_or_default();
        let start = end - chunk.trim_start().len();
        let end = start + chunk.trim().len();
        if start == end || kept.last().is_some_and(|last| end <= last.1) {
            continue;
        }
        if kept.last().is_some_and(|last| start <= last.0) {
            kept.pop();
        }
        kept.push((start, end));
    }
    kept
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, ..ProptestConfig::default() })]
    #[test]
    fn chunks_are_those_of_langchains_rules(
        text in prop_oneof![
            "([a-zé한]{1,12}[ \n]{0,3}){0,40}",
            "[ab \n]{0,120}",
            text().prop_map(|text| text.replace(|c: char| !c.is_ascii() || c == '\r', "x")),
        ],
        (size, overlap) in (1_usize..40).prop_flat_map(|size| (Just(size), 0..size)),
    ) {
        let mut theirs = Vec::new();
        split(&text, 0, SEPARATORS, size, overlap, &mut theirs);
        let theirs = stripped(&text, &theirs);
        let document = Document::new("a.txt", text.as_str());
        let splitter = Recursive::chars(size).overlap(overlap).unwrap();
        let ours: Vec<_> = splitter.split(&document).iter().map(|c| (c.span().start, c.span().end)).collect();
        prop_assert_eq!(ours, theirs);
    }
}
