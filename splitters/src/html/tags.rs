//! The tags of HTML as far as they tell where elements begin and end.
//!
//! A subset of the standard's tokenizer (13.2.5): quoted attributes, comments, declarations and
//! raw text are passed over whole. It takes any text, and time in proportion to its length.

use std::ops::Range;

use memchr::{memchr, memmem};

/// What stands at an offset.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A start tag, its name in the given range.
    Start(Range<usize>),
    /// An end tag.
    End(Range<usize>),
    /// A comment or a declaration.
    Aside,
}

/// The first tag, comment or declaration at or behind `at`, with its span.
pub(super) fn next(text: &[u8], mut at: usize) -> Option<(Token, Range<usize>)> {
    loop {
        let start = at + memchr(b'<', text.get(at..)?)?;
        if let Some((token, end)) = tag(text, start) {
            return Some((token, start..end));
        }
        at = start + 1;
    }
}

/// The offset where raw text of this element ends: at its end tag, or with the text.
pub(super) fn raw_end(text: &[u8], from: usize, name: &[u8]) -> usize {
    let mut at = from;
    while let Some(found) = text.get(at..).and_then(|rest| memmem::find(rest, b"</")) {
        let start = at + found;
        let after = text.get(start + 2..).unwrap_or_default();
        let same = after
            .get(..name.len())
            .is_some_and(|n| n.eq_ignore_ascii_case(name));
        if same && after.get(name.len()).is_none_or(|byte| ends_name(*byte)) {
            return start;
        }
        at = start + 2;
    }
    text.len()
}

/// The token that this `<` begins, and the offset behind it; `None` where it is text.
fn tag(text: &[u8], start: usize) -> Option<(Token, usize)> {
    match text.get(start + 1..)? {
        [b'!', b'-', b'-', ..] => {
            // `<!-->` is a whole comment too.
            let rest = text.get(start + 2..)?;
            let end = memmem::find(rest, b"-->").map_or(text.len(), |at| start + 2 + at + 3);
            Some((Token::Aside, end))
        }
        [b'!' | b'?', ..] => Some((Token::Aside, behind_bracket(text, start)?)),
        [b'/', letter, ..] if letter.is_ascii_alphabetic() => {
            let name = name(text, start + 2);
            let end = behind_attributes(text, name.end)?;
            Some((Token::End(name), end))
        }
        [b'/', ..] => Some((Token::Aside, behind_bracket(text, start)?)),
        [letter, ..] if letter.is_ascii_alphabetic() => {
            let name = name(text, start + 1);
            let end = behind_attributes(text, name.end)?;
            Some((Token::Start(name), end))
        }
        _ => None,
    }
}

fn behind_bracket(text: &[u8], start: usize) -> Option<usize> {
    Some(start + memchr(b'>', text.get(start..)?)? + 1)
}

fn ends_name(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>')
}

fn name(text: &[u8], start: usize) -> Range<usize> {
    let rest = text.get(start..).unwrap_or_default();
    let length = rest.iter().position(|byte| ends_name(*byte));
    start..start + length.unwrap_or(rest.len())
}

/// The offset behind the `>` that ends a tag: not one in a quoted value. Where a quotation has
/// no end, the first `>` of all ends it; `None` where there is none.
fn behind_attributes(text: &[u8], start: usize) -> Option<usize> {
    let mut value = false;
    let mut at = start;
    loop {
        match *text.get(at)? {
            b'>' => return Some(at + 1),
            b'=' => value = true,
            quote @ (b'"' | b'\'') if value => {
                let Some(length) = memchr(quote, text.get(at + 1..)?) else {
                    return behind_bracket(text, start);
                };
                at += length + 1;
                value = false;
            }
            byte if byte.is_ascii_whitespace() => {}
            _ => value = false,
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<&str> {
        let (mut at, mut found) = (0, Vec::new());
        while let Some((_, span)) = next(text.as_bytes(), at) {
            at = span.end;
            found.extend(text.get(span));
        }
        found
    }

    #[test]
    fn tags_end_where_they_do() {
        for (text, expected) in [
            ("a <b> c", &["<b>"] as &[&str]),
            (
                "<a title=\"x > y\" b='>'>z</a >",
                &["<a title=\"x > y\" b='>'>", "</a >"],
            ),
            (
                "<!-- <p> -->x<!doctype html><?php ?>",
                &["<!-- <p> -->", "<!doctype html>", "<?php ?>"],
            ),
            ("1 < 2 <3 <a it's>", &["<a it's>"]),
            ("<a b=\"never closed> <p>", &["<a b=\"never closed>", "<p>"]),
            ("<p", &[]),
            ("<!-- never closed <p>", &["<!-- never closed <p>"]),
        ] {
            assert_eq!(tokens(text), expected, "{text}");
        }
        let script = b"if (a </b/) x</SCRIPTS></script >";
        assert_eq!(raw_end(script, 0, b"script"), 23);
    }
}
