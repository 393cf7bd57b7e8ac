//! The laws of the port, on every splitter, in every unit.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::sync::Arc;

use common::{Cl100k, Fickle, Seamless, Words, text};
use futures_util::FutureExt as _;
use gori_core::{Chunk, Context, Document, Splitter, TokenCounter};
use gori_splitters::{
    Auto, Code, Html, Json, Language, Markdown, Parents, Recursive, Semantic, Sentence, Separators,
};
use gori_testkit::HashEmbedder;
use gori_testkit::conformance::splitter::{Limit, check, check_all};
use proptest::prelude::*;

const NAMES: &[&str] = &["a.txt", "a.md", "a.html", "a.json", "a.rs", "a.py"];

/// A file in each of the languages that have a grammar.
const SOURCES: &[&str] = &[
    "a.rs", "a.c", "a.h", "a.cpp", "a.py", "a.java", "a.go", "a.js", "a.ts", "a.tsx", "a.sh",
];

/// The names under which a splitter may be given a text and cut it in another way.
fn names(splitter: &dyn Splitter) -> &'static [&'static str] {
    match splitter.id() {
        id if id.starts_with("auto") => NAMES,
        id if id.starts_with("code") => SOURCES,
        _ => &["a.txt"],
    }
}

#[derive(Clone, Copy, Debug)]
enum Unit {
    Chars,
    Bytes,
    Cl100k,
    Seamless,
    Words,
    Fickle,
}

const UNITS: [Unit; 6] = [
    Unit::Chars,
    Unit::Bytes,
    Unit::Cl100k,
    Unit::Seamless,
    Unit::Words,
    Unit::Fickle,
];

impl Unit {
    fn size(self, text: &str) -> usize {
        match self {
            Self::Chars => text.chars().count(),
            Self::Bytes => text.len(),
            Self::Cl100k | Self::Seamless => Cl100k.count(text),
            Self::Words => Words.count(text),
            Self::Fickle => Fickle.count(text),
        }
    }
}

fn seamless() -> Arc<Seamless<Cl100k>> {
    Arc::new(Seamless {
        inner: Cl100k,
        bytes: 0.into(),
    })
}

/// A splitter in a unit, with an overlap.
macro_rules! build {
    ($splitter:ident, $unit:expr, $size:expr, $overlap:expr) => {
        match $unit {
            Unit::Chars => $splitter::chars($size),
            Unit::Bytes => $splitter::bytes($size),
            Unit::Cl100k => $splitter::tokens($size, Cl100k),
            Unit::Seamless => $splitter::tokens($size, seamless()),
            Unit::Words => $splitter::tokens($size, Words),
            Unit::Fickle => $splitter::tokens($size, Fickle),
        }
        .overlap($overlap)
        .unwrap()
    };
}

/// The semantic splitter as one that needs nobody: its embedder answers at once.
#[derive(Debug)]
struct Embedded(Semantic, HashEmbedder);

impl Splitter for Embedded {
    fn split<'d>(&self, document: &'d Document) -> Vec<Chunk<'d>> {
        let cx = Context::new();
        let split = self.0.split(&cx, &self.1, document).now_or_never();
        split.unwrap().unwrap()
    }
}

fn splitters(unit: Unit, size: usize, overlap: usize) -> Vec<Box<dyn Splitter>> {
    let recursive: Recursive = build!(Recursive, unit, size, overlap);
    let folded = [vec!["aba", "\n"], vec!["a b", "ab"], vec!["aa"], vec!["e"]];
    vec![
        Box::new(recursive.clone()),
        Box::new(recursive.clone().separators(Separators::prose())),
        Box::new(recursive.clone().separators(Separators::none())),
        Box::new(
            recursive
                .clone()
                .separators(Separators::code(Language::Rust)),
        ),
        Box::new(recursive.separators(Separators::new(folded).unwrap())),
        Box::new(build!(Markdown, unit, size, overlap)),
        Box::new(build!(Auto, unit, size, overlap)),
        Box::new(build!(Sentence, unit, size, overlap)),
        Box::new(build!(Html, unit, size, overlap)),
        Box::new(build!(Json, unit, size, overlap)),
        Box::new(build!(Code, unit, size, overlap)),
        Box::new(Parents::new(
            build!(Recursive, unit, size * 3, overlap),
            build!(Sentence, unit, size, overlap),
        )),
        Box::new(Embedded(
            build!(Semantic, unit, size, overlap)
                .percentile(60.0)
                .unwrap(),
            HashEmbedder::new(8),
        )),
    ]
}

#[test]
fn every_splitter_obeys_the_laws_on_every_text_of_the_suite() {
    let (mut tried, mut chunks) = (0, 0);
    for unit in UNITS {
        for (size, overlap) in [(1, 0), (7, 3), (40, 0), (120, 30)] {
            for splitter in splitters(unit, size, overlap) {
                let measure = |text: &str| unit.size(text);
                let limit = Some(Limit {
                    measure: &measure,
                    most: size,
                });
                // The unit makes no difference to a grammar, so that one language does for most.
                let names = match (unit, names(&*splitter)) {
                    (Unit::Chars, names) => names,
                    (_, names) if names == SOURCES => &SOURCES[..1],
                    (_, names) => names,
                };
                chunks += check_all(&*splitter, limit, names);
                tried += 1;
            }
        }
    }
    println!("{tried} splitters, {chunks} chunks");
}

#[test]
fn a_pointer_to_a_splitter_is_a_splitter() {
    let splitter: Arc<dyn Splitter> = Arc::new(Recursive::chars(10));
    check_all(&splitter, None, NAMES);
    assert_eq!(splitter.id(), Recursive::chars(10).id());
}

#[test]
fn an_overlap_that_leaves_no_progress_is_refused_when_built() {
    for (size, overlap) in [(10, 10), (10, 11), (0, 1), (1, 1), (1, usize::MAX)] {
        let error = Recursive::chars(size).overlap(overlap).unwrap_err();
        assert_eq!(error.kind(), gori_core::ErrorKind::Config, "{error}");
        assert!(Markdown::bytes(size).overlap(overlap).is_err());
        assert!(Auto::tokens(size, Words).overlap(overlap).is_err());
        assert!(Sentence::chars(size).overlap(overlap).is_err());
        assert!(Html::bytes(size).overlap(overlap).is_err());
        assert!(Json::tokens(size, Words).overlap(overlap).is_err());
        assert!(Code::chars(size).overlap(overlap).is_err());
        assert!(Semantic::chars(size).overlap(overlap).is_err());
    }
    assert!(Recursive::chars(10).overlap(9).is_ok());
    assert!(Separators::new([[""]]).is_err(), "an empty separator");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]
    #[test]
    fn every_splitter_obeys_the_laws(
        text in text(),
        unit in prop::sample::select(UNITS.to_vec()),
        (size, overlap) in (1_usize..60).prop_flat_map(|size| (Just(size), 0..size)),
        name in any::<prop::sample::Index>(),
    ) {
        let mut document = Document::new("a.txt", text);
        for splitter in splitters(unit, size, overlap) {
            document.source = (*name.get(names(&*splitter))).into();
            let measure = |text: &str| unit.size(text);
            let limit = Limit { measure: &measure, most: size };
            check(&*splitter, &document, Some(limit));
        }
    }

    #[test]
    fn seams_make_no_difference_but_to_the_time(
        text in text(), size in 1_usize..80, overlap in 0_usize..20,
    ) {
        prop_assume!(overlap < size);
        let document = Document::new("a.txt", text.repeat(8));
        for (before, after) in text.chars().zip(text.chars().skip(1)) {
            if Cl100k.seam(before, after) {
                let (left, right) = text.split_at(text.find(&format!("{before}{after}")).unwrap() + before.len_utf8());
                prop_assert_eq!(Cl100k.count(left) + Cl100k.count(right), Cl100k.count(&text));
            }
        }
        let with = Recursive::tokens(size, Cl100k);
        let without = Recursive::tokens(size, seamless());
        for chunk in with.split(&document) {
            prop_assert!(Cl100k.count(chunk.text()) <= size || chunk.oversize);
        }
        let (with, without) = (with.split(&document).len(), without.split(&document).len());
        prop_assert!(with.abs_diff(without) * 20 <= with.max(20), "{with} and {without} chunks");
    }
}
