//! Fuzz targets, one a splitter: `cargo +nightly fuzz run html` in `splitters/`.
//!
//! The first three bytes choose the size, the overlap and, where that matters, the language; the
//! rest is the text, with what is no UTF-8 replaced. Every law of the port is checked on it.

use gori_core::{Document, Splitter};
use gori_splitters::{Code, Html, Json, Language, Markdown, Parents, Recursive, Sentence};
use gori_testkit::conformance::splitter::{Limit, check};

/// What the first bytes ask for, and the text.
struct Asked {
    size: usize,
    overlap: usize,
    choice: usize,
    text: String,
}

impl Asked {
    fn from(data: &[u8]) -> Option<Self> {
        let [size, overlap, choice, text @ ..] = data else {
            return None;
        };
        let size = usize::from(*size) + 1;
        Some(Self {
            size,
            overlap: usize::from(*overlap) % size,
            choice: usize::from(*choice),
            text: String::from_utf8_lossy(text).into_owned(),
        })
    }

    fn laws(&self, splitter: &dyn Splitter) {
        let measure = |text: &str| text.chars().count();
        let limit = Limit {
            measure: &measure,
            most: self.size,
        };
        let document = Document::new("a.txt", self.text.as_str());
        check(splitter, &document, Some(limit));
    }
}

macro_rules! targets {
    ($($(#[$doc:meta])* $name:ident: $splitter:ident;)*) => {$(
        $(#[$doc])*
        pub fn $name(data: &[u8]) {
            if let Some(asked) = Asked::from(data)
                && let Ok(splitter) = $splitter::chars(asked.size).overlap(asked.overlap)
            {
                asked.laws(&splitter);
            }
        }
    )*};
}
targets! {
    /// The recursive splitter.
    recursive: Recursive;
    /// Markdown.
    markdown: Markdown;
    /// Sentences.
    sentence: Sentence;
    /// HTML.
    html: Html;
    /// JSON.
    json: Json;
}

/// Code in the language that the third byte chooses.
pub fn code(data: &[u8]) {
    let Some(asked) = Asked::from(data) else {
        return;
    };
    let languages: Vec<Language> = Code::grammars().collect();
    if let Some(language) = languages.get(asked.choice % languages.len().max(1))
        && let Ok(splitter) = Code::chars(asked.size).overlap(asked.overlap)
    {
        asked.laws(&splitter.language(*language));
    }
}

/// Sentences within sections.
pub fn parents(data: &[u8]) {
    if let Some(asked) = Asked::from(data)
        && let Ok(parents) = Markdown::chars(asked.size * 4).overlap(asked.overlap)
        && let Ok(children) = Sentence::chars(asked.size).overlap(asked.overlap)
    {
        asked.laws(&Parents::new(parents, children));
    }
}
