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
    mapping: Mapping,
    incomplete: bool,
}

impl Page {
    pub(super) fn new(number: u32, text: String, metadata: &Metadata) -> Self {
        Self {
            number,
            mapping: Mapping::of(&text),
            text,
            incomplete: metadata.get(INCOMPLETE) == Some(&Value::Bool(true)),
        }
    }

    /// A page that the engine never came to.
    pub(super) fn unread(number: u32) -> Self {
        Self {
            number,
            text: String::new(),
            mapping: Mapping::default(),
            incomplete: true,
        }
    }

    pub(super) fn is_blank(&self) -> bool {
        self.mapping.all == 0
    }

    pub(super) fn mapping(&self) -> Mapping {
        self.mapping
    }

    /// Whether too many of its characters could not be mapped.
    pub(super) fn is_garbled(&self) -> bool {
        self.mapping.unmapped() > MAX_UNMAPPED
    }

    /// Whether another engine may read it better. A page that is blank and was read without
    /// a complaint is blank.
    pub(super) fn is_doubtful(&self) -> bool {
        (self.incomplete && self.is_blank()) || self.is_garbled()
    }

    /// Takes the other text when more of it can be read. Nothing is not better than characters
    /// without a mapping, of which a warning tells.
    pub(super) fn or_better(&mut self, other: String) {
        let theirs = Mapping::of(&other);
        let cleaner = theirs.all > 0 && theirs.unmapped() < self.mapping.unmapped();
        if self.is_blank() || (cleaner && theirs.readable() >= self.mapping.readable() * 0.8) {
            self.text = other;
            self.mapping = theirs;
        }
    }
}

/// How many characters that are no blanks a text has, and how many of them an engine could not
/// map: replacement characters, private use, controls.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mapping {
    all: u64,
    bad: u64,
}

impl Mapping {
    fn of(text: &str) -> Self {
        let mut mapping = Self::default();
        for c in text.chars().filter(|c| !c.is_whitespace()) {
            let private = matches!(c, '\u{e000}'..='\u{f8ff}');
            let bad = c == char::REPLACEMENT_CHARACTER || private || c.is_control();
            mapping.all += 1;
            mapping.bad += u64::from(bad);
        }
        mapping
    }

    /// The share that could not be mapped, 0 of a text without characters.
    pub(super) fn unmapped(self) -> f64 {
        self.bad as f64 / self.all.max(1) as f64
    }

    fn readable(self) -> f64 {
        (self.all - self.bad) as f64
    }
}

impl std::ops::AddAssign for Mapping {
    fn add_assign(&mut self, other: Self) {
        self.all += other.all;
        self.bad += other.bad;
    }
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

    #[test]
    fn a_page_without_any_mapping_did_not_become_a_blank_one() {
        let mut page = Page::new(1, "\u{fffd}\u{fffd}".to_owned(), &Metadata::new());
        page.or_better(" \n".to_owned());
        assert_eq!(page.text, "\u{fffd}\u{fffd}");
        assert!(page.is_garbled());
    }
}
