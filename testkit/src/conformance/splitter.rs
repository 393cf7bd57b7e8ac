//! The laws of [`Splitter`].

use gori_core::{Chunk, Document, Splitter};
use unicode_segmentation::UnicodeSegmentation as _;

/// The limit that a splitter was given: how a text is measured, and the most a chunk may have.
#[derive(Clone, Copy)]
pub struct Limit<'m> {
    /// The size of a text in the unit of the limit.
    pub measure: &'m dyn Fn(&str) -> usize,
    /// The most a chunk may have.
    pub most: usize,
}

impl std::fmt::Debug for Limit<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "at most {}", self.most)
    }
}

/// Texts on which splitters have been seen to fail, one of each kind.
pub fn texts() -> Vec<String> {
    let fixed = [
        "",
        " \t\r\n\u{3000}",
        "a",
        "One.\n\nTwo three four five.\n\n\n\nSix seven.\n",
        "one\r\ntwo\r\n\r\nthree\r\n",
        "one\rtwo\r\rthree\r",
        "고리는 사슬의 한 마디다. 문서를 답으로 바꾼다.\n\n각 단계는 하나의 고리다.",
        "链条的一环。把文档变成答案！每一步都是一环？是的，没错。",
        "ハンドルは鎖の一つの輪です。文書を答えに変えます。「本当？」「はい。」",
        "e\u{301}e\u{301}e\u{301} n\u{303}\u{327} \u{301}x\u{200d}y",
        "👩‍👩‍👧‍👦👩‍👩‍👧‍👦 🇰🇷🇯🇵🇨🇳🇺🇸 👍🏽👍🏿",
        "\u{600}\u{600}1 \u{600} \u{600}\n\u{600}x",
        "क्षत्रिय क्क्क्क किमपि।",
        "\0\u{1}\u{feff}\u{202e}abc\u{2028}def\u{85}ghi",
        "# A\n\n## B\n\n- x\n  ```\n  # no\n  ```\n\n|a|b|\n|-|-|\n|1|2|\n\nSetext\n======\n\n> q\n",
        "```\nnever closed\n\n# not a heading\n",
        "{\"a\": [1, 2.5e3, \"x\\\"y\", null], \"b\": {\"c\": true}}",
        "<html><h1>T</h1><p>a<p>b<pre>c\n\nd</pre><ul><li>e</ul>",
        "fn main() {\n    let x = 1;\n}\n\n/// Doc.\nimpl A {\n    fn b() {}\n}\n",
    ];
    let long = [
        "a".repeat(3000),
        "\u{301}".repeat(700),
        " ".repeat(2000),
        "\r".repeat(2000),
        "\u{1f1f0}".repeat(501),
        "👩\u{200d}".repeat(300),
        "가".repeat(1000),
        "x ".repeat(1500),
        "\n\n\n".repeat(500) + "end",
        "- ".repeat(500),
        "> ".repeat(500),
        "[".repeat(1000),
    ];
    fixed.into_iter().map(str::to_owned).chain(long).collect()
}

/// Runs every law on every text of [`texts`], each under every name; gives the number of chunks.
///
/// # Panics
/// When a law is broken.
pub fn check_all(splitter: &dyn Splitter, limit: Option<Limit<'_>>, names: &[&str]) -> usize {
    let mut chunks = 0;
    for text in texts() {
        for name in names {
            chunks += check(splitter, &Document::new(*name, text.as_str()), limit);
        }
    }
    chunks
}

/// Runs every law on a document; gives the number of chunks.
///
/// # Panics
/// When a law is broken.
pub fn check(splitter: &dyn Splitter, document: &Document, limit: Option<Limit<'_>>) -> usize {
    assert!(!splitter.id().is_empty(), "it has a name");
    let text = document.text.as_str();
    let chunks = splitter.split(document);
    for chunk in &chunks {
        let span = chunk.span();
        assert_eq!(
            text.get(span.clone()),
            Some(chunk.text()),
            "{span:?} is the chunk's text"
        );
        assert!(!chunk.text().trim().is_empty(), "{span:?} is blank");
    }
    progress(&chunks);
    coverage(text, &chunks);
    clusters(text, &chunks);
    if let Some(limit) = limit {
        sizes(&chunks, limit);
    }
    assert!(
        splitter.split(document) == chunks,
        "the same document gives the same chunks"
    );
    chunks.len()
}

fn progress(chunks: &[Chunk<'_>]) {
    for pair in chunks.windows(2) {
        let (before, after) = (pair[0].span(), pair[1].span());
        assert!(
            before.start < after.start && before.end < after.end,
            "{after:?} makes no progress over {before:?}"
        );
    }
}

fn coverage(text: &str, chunks: &[Chunk<'_>]) {
    let mut covered = 0;
    for chunk in chunks {
        let span = chunk.span();
        let skipped = &text[covered.min(span.start)..span.start];
        assert!(
            skipped.trim().is_empty(),
            "{skipped:?} before {span:?} is in no chunk"
        );
        covered = span.end;
    }
    let skipped = &text[covered..];
    assert!(
        skipped.trim().is_empty(),
        "{skipped:?} at the end is in no chunk"
    );
}

fn clusters(text: &str, chunks: &[Chunk<'_>]) {
    let mut borders: Vec<_> = text.grapheme_indices(true).map(|(at, _)| at).collect();
    borders.push(text.len());
    for chunk in chunks {
        for end in [chunk.span().start, chunk.span().end] {
            assert!(
                borders.binary_search(&end).is_ok(),
                "{end} cuts a grapheme cluster"
            );
        }
    }
}

fn sizes(chunks: &[Chunk<'_>], limit: Limit<'_>) {
    for chunk in chunks {
        let size = (limit.measure)(chunk.text());
        if chunk.oversize {
            let clusters = chunk.text().graphemes(true).count();
            assert_eq!(
                clusters,
                1,
                "only an atom may be oversize, not {:?}",
                chunk.text()
            );
        } else {
            let most = limit.most;
            assert!(
                size <= most,
                "{size} is above {most} and unmarked: {:?}",
                chunk.text()
            );
        }
    }
}
