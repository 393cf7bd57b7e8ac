//! Counters and texts that several tests share.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file takes what it needs"
)]

use std::sync::atomic::{AtomicUsize, Ordering};

use gori_core::{Fidelity, TokenCounter};
use proptest::prelude::*;

/// OpenAI's cl100k_base, with the seams that its expression allows.
#[derive(Clone, Debug)]
pub struct Cl100k;

impl TokenCounter for Cl100k {
    fn id(&self) -> &str {
        "cl100k_base"
    }
    fn fidelity(&self) -> Fidelity {
        Fidelity::Exact
    }
    fn count(&self, text: &str) -> usize {
        tiktoken_rs::cl100k_base_singleton()
            .encode_ordinary(text)
            .len()
    }
    /// No match goes from a letter over to a blank, and none looks behind itself.
    fn seam(&self, before: char, after: char) -> bool {
        let letter = before.is_ascii_alphanumeric() || matches!(before, '가'..='힣' | '一'..='鿿');
        letter && (after.is_ascii_whitespace() || matches!(after, ',' | '.' | '，' | '。'))
    }
}

/// Another counter without its seams, and with a record of what was counted.
#[derive(Debug, Default)]
pub struct Seamless<C> {
    pub inner: C,
    pub bytes: AtomicUsize,
}

impl<C: TokenCounter> TokenCounter for Seamless<C> {
    fn id(&self) -> &str {
        self.inner.id()
    }
    fn fidelity(&self) -> Fidelity {
        self.inner.fidelity()
    }
    fn count(&self, text: &str) -> usize {
        self.bytes.fetch_add(text.len(), Ordering::Relaxed);
        self.inner.count(text)
    }
}

/// A word or a mark is a token, whatever its length, as WordPiece counts what it does not know.
#[derive(Clone, Debug, Default)]
pub struct Words;

impl TokenCounter for Words {
    fn id(&self) -> &str {
        "words"
    }
    fn fidelity(&self) -> Fidelity {
        Fidelity::Exact
    }
    fn count(&self, text: &str) -> usize {
        text.split_whitespace()
            .map(|word| {
                let marks = word.chars().filter(char::is_ascii_punctuation).count();
                marks
                    + word
                        .split(|c: char| c.is_ascii_punctuation())
                        .filter(|w| !w.is_empty())
                        .count()
            })
            .sum()
    }
    fn seam(&self, before: char, after: char) -> bool {
        before.is_whitespace() || after.is_whitespace()
    }
}

/// A counter that gives fewer tokens to some longer texts, as merges may.
#[derive(Clone, Debug, Default)]
pub struct Fickle;

impl TokenCounter for Fickle {
    fn id(&self) -> &str {
        "fickle"
    }
    fn fidelity(&self) -> Fidelity {
        Fidelity::Exact
    }
    fn count(&self, text: &str) -> usize {
        let length = text.chars().count();
        if length.is_multiple_of(5) {
            length / 2
        } else {
            length
        }
    }
}

/// Texts of words, blanks, marks, lines and whatever has been found to break splitters.
pub fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => "[a-z]{1,9}".boxed(),
        6 => Just(" ".to_owned()).boxed(),
        3 => Just("\n".to_owned()).boxed(),
        2 => Just("\n\n".to_owned()).boxed(),
        1 => prop::sample::select(vec![
            "\r\n", "\r", "\n\n\n", "   ", "\t", "\u{3000}", ". ", "? ", "。", "，", "가", "고리는", "한 마디",
            "链条", "です。", "e\u{301}", "\u{301}", "\u{200d}", "👩‍👩‍👧‍👦", "🇰🇷", "\u{1f1f0}", "👍🏽", "\u{600}",
            "क्षि", "\u{feff}", "\0", "# ", "## H\n", "- ", "1. ", "> ", "```", "\n```\n", "~~~\n", "|", "|a|b|\n|-|-|\n",
            "    ", "---\n", "===\n", "<div>", "<!--", "-->", "<pre>", "\"", "{", "}", "[", "]", ":", ",", "123",
            "\n}\n", "fn f() {", "<p>", "</p>", "<h1>", "def f():", "$", "\\", "'s", "U.S. ", "\u{2028}", "\u{85}",
            "<table><tr><td>", "</td></tr></table>", "<li>", "</ul>", "<script>", "</script>", "<h2 id=x>", "</h2>",
            "<a href=\"", "'", "=", "</pre>", "</div>", "class A {\n", "/* ", "*/", "// c\n", "#define X\n", "#if 0\n",
            "{\"a\":[", "}]", "\\u00e9", "\\\"", "impl A for B {\n", "    def f(self):\n", "@dec\n", "export function f() {\n",
            "if x; then\n", "fi\n", "<<EOF\n", "r#\"", "'''", "Mr. ", "e.g. ", "1. ", "~", "/",
        ]).prop_map(str::to_owned).boxed(),
        1 => any::<String>().boxed(),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}
