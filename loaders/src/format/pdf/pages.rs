//! A page as an engine read it, and how far to trust that.

use gori_core::{Metadata, Value};

/// The share of characters without a mapping above which a page is doubtful.
const MAX_UNMAPPED: f64 = 0.01;

/// Set by an engine on a page of which it could not read everything.
pub(super) const INCOMPLETE: &str = "incomplete";

#[derive(Debug)]
pub(super) struct Page {
    pub(super) number: u32,
    pub(super) text: String,
    incomplete: bool,
}

impl Page {
    pub(super) fn new(number: u32, text: String, metadata: &Metadata) -> Self {
        Self {
            number,
            text,
            incomplete: metadata.get(INCOMPLETE) == Some(&Value::Bool(true)),
        }
    }

    /// A page that the engine never came to.
    pub(super) fn unread(number: u32) -> Self {
        Self {
            number,
            text: String::new(),
            incomplete: true,
        }
    }

    pub(super) fn is_blank(&self) -> bool {
        self.text.chars().all(char::is_whitespace)
    }

    /// Whether another engine may read it better. A page that is blank and was read without
    /// a complaint is blank.
    pub(super) fn is_doubtful(&self) -> bool {
        (self.incomplete && self.is_blank()) || unmapped(&self.text) > MAX_UNMAPPED
    }

    /// Takes the other text when more of it can be read.
    pub(super) fn or_better(&mut self, other: String) {
        let readable = |text: &str| {
            let all = text.chars().filter(|c| !c.is_whitespace()).count() as f64;
            all * (1.0 - unmapped(text))
        };
        let cleaner = unmapped(&other) < unmapped(&self.text);
        if self.is_blank() || (cleaner && readable(&other) >= readable(&self.text) * 0.8) {
            self.text = other;
        }
    }
}

/// The share of the characters that are no blanks which an engine could not map: replacement
/// characters, private use, controls.
pub(super) fn unmapped(text: &str) -> f64 {
    let (mut all, mut bad) = (0u64, 0u64);
    for c in text.chars().filter(|c| !c.is_whitespace()) {
        all += 1;
        let private = matches!(c, '\u{e000}'..='\u{f8ff}');
        if c == char::REPLACEMENT_CHARACTER || private || c.is_control() {
            bad += 1;
        }
    }
    if all == 0 {
        return 0.0;
    }
    bad as f64 / all as f64
}

/// Numbers of pages as people write them: `pages 1-3, 7`.
pub(super) fn runs(pages: &[u32]) -> String {
    let mut parts: Vec<(u32, u32)> = Vec::new();
    for page in pages {
        match parts.last_mut() {
            Some((_, last)) if *last + 1 == *page => *last = *page,
            _ => parts.push((*page, *page)),
        }
    }
    let shown: Vec<String> = parts
        .iter()
        .map(|(first, last)| match last - first {
            0 => first.to_string(),
            _ => format!("{first}-{last}"),
        })
        .collect();
    let word = if pages.len() == 1 { "page" } else { "pages" };
    format!("{word} {}", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_written_in_runs() {
        assert_eq!(runs(&[3]), "page 3");
        assert_eq!(runs(&[1, 2, 3, 7, 9, 10]), "pages 1-3, 7, 9-10");
    }

    #[test]
    fn the_better_text_is_the_one_with_more_that_can_be_read() {
        let page = |text: &str| Page::new(1, text.to_owned(), &Metadata::new());
        assert!(!page("plain").is_doubtful());
        assert!(!page(" \n").is_doubtful(), "blank without a complaint");
        assert!(Page::unread(1).is_doubtful());
        let mut garbled = page("\u{fffd}\u{fffd}\u{fffd}\u{fffd} text");
        assert!(garbled.is_doubtful());
        garbled.or_better("real text".to_owned());
        assert_eq!(garbled.text, "real text");
        garbled.or_better(String::new());
        assert_eq!(garbled.text, "real text");
    }
}
