//! JSON told by its content.

use serde::de::IgnoredAny;

use crate::sample::Sample;

/// Whether a text of any name is JSON or JSON Lines as far as its head goes.
pub(super) fn json(sample: &Sample<'_>) -> bool {
    if !sample.text_starts_with(&["{", "["]) {
        return false;
    }
    let head = sample.head();
    let mut values = serde_json::Deserializer::from_str(&head).into_iter::<IgnoredAny>();
    let mut whole = 0u32;
    loop {
        match values.next() {
            None => return whole > 0,
            Some(Ok(_)) => whole += 1,
            // The head is cut off where it likes; the file ends where a value ends.
            Some(Err(error)) => return error.is_eof() && !sample.is_short(),
        }
    }
}

/// Whether each line is a value of its own, whatever the file is called: the first is a whole
/// one, and the next begins another.
pub(super) fn lines(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let (Some(first), Some(second)) = (lines.next(), lines.next()) else {
        return false;
    };
    let begins = |line: &str| line.starts_with(['{', '[']);
    begins(first) && begins(second) && serde_json::from_str::<IgnoredAny>(first).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_json(text: &str) -> bool {
        json(&Sample::new("upload", text.as_bytes(), None))
    }

    #[test]
    fn json_is_told_from_what_only_begins_like_it() {
        assert!(is_json("{\"a\": [1, 2]}"));
        assert!(is_json("\u{feff} [1]\n[2]\n"));
        assert!(is_json(&format!("[{}1]", "123456, ".repeat(10_000))));
        for text in [
            "[1] a footnote",
            "[section]\nkey=1",
            "{% block %}",
            "\"a\"",
            "{\"a\":",
            "7",
        ] {
            assert!(!is_json(text), "{text}");
        }
    }

    #[test]
    fn lines_are_told_from_one_value() {
        assert!(lines("{\"a\": 1}\n\n{\"a\": 2}"));
        assert!(!lines("[\n[1],\n[2]\n]"));
        assert!(!lines("{\"a\": 1}\n"));
    }
}
