//! Where sentences end.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr2;
use unicode_segmentation::UnicodeSegmentation as _;

use crate::trim::{is_border, trim};

/// What a stop behind it does not end, whatever follows.
const TITLES: &[&str] = &[
    "mr", "mrs", "ms", "mx", "dr", "prof", "st", "gen", "col", "capt", "lt", "sgt", "rev", "hon",
    "gov", "sen", "rep", "vs", "cf", "ca", "approx", "al", "messrs", "mme", "mlle", "hr", "fr",
    "bzw", "sr", "sra",
];

/// What a stop behind it does not end where a number follows.
const NUMBERED: &[&str] = &[
    "no", "nos", "nr", "fig", "figs", "eq", "eqs", "sec", "sect", "vol", "ch", "chap", "p", "pp",
    "art", "para", "tab", "ver", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept",
    "oct", "nov", "dec",
];

/// Brackets and quotation marks that open and never close.
const OPENING: &[char] = &[
    '(', '[', '{', '「', '『', '（', '《', '〈', '【', '〔', '［', '｛', '“', '‘', '«', '„',
];

/// The sentences of a text, in order, without the blanks around them. A blank line ends a
/// sentence, the end of a line that goes on does not.
///
/// ```
/// let text = "It costs 3.50 a link. \"Really?\" Yes.\n\nA new paragraph";
/// let found = gori_splitters::sentences(text);
/// let found: Vec<_> = found.into_iter().map(|span| &text[span]).collect();
/// assert_eq!(found, ["It costs 3.50 a link.", "\"Really?\"", "Yes.", "A new paragraph"]);
/// ```
pub fn sentences(text: &str) -> Vec<Range<usize>> {
    let found = within(text, 0..text.len()).into_iter();
    found.filter_map(|span| trim(text, span)).collect()
}

/// The sentences of a range with the blanks behind them: they leave no gap.
pub(crate) fn within(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let inside = text.get(range.clone()).unwrap_or_default();
    let joined = joined(inside);
    let mut sentences = Vec::new();
    let (mut start, mut blank) = (0, true);
    for (from, segment) in joined.split_sentence_bound_indices() {
        blank = blank && segment.trim().is_empty();
        let end = from + segment.len();
        let before = joined.get(start..end).unwrap_or_default();
        // Unicode's rules leave a bracket that opens with the sentence before it.
        let before = match end == inside.len() {
            true => before,
            false => before.trim_end_matches(OPENING),
        };
        let at = start + before.len();
        let after = joined.get(at..).unwrap_or_default();
        let border = is_border(text, range.start + start, range.start + at);
        if at == inside.len() || border && !blank && !goes_on(before.trim_end(), after) {
            sentences.push(range.start + start..range.start + at);
            (start, blank) = (at, at == end);
        }
    }
    sentences
}

/// The text with a blank for every end of a line in the middle of a paragraph, byte for byte
/// as long as it was: Unicode's rules would end a sentence there.
fn joined(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut done = 0;
    while let Some(found) = text
        .as_bytes()
        .get(done..)
        .and_then(|b| memchr2(b'\n', b'\r', b))
    {
        let at = done + found;
        let rest = text.get(at..).unwrap_or_default();
        let end = if rest.starts_with("\r\n") { 2 } else { 1 };
        let next = rest.get(end..).unwrap_or_default();
        let break_ = rest.get(..end).unwrap_or_default();
        out.push_str(text.get(done..at).unwrap_or_default());
        // The second of two line breaks stays one, and so the blank line ends the sentence.
        let blank = text.get(..at).is_some_and(|t| t.ends_with(['\n', '\r']));
        let keep = blank || begins_anew(next);
        out.push_str(if keep { break_ } else { [" ", "  "][end - 1] });
        done = at + end;
    }
    match done {
        0 => Cow::Borrowed(text),
        _ => {
            out.push_str(text.get(done..).unwrap_or_default());
            Cow::Owned(out)
        }
    }
}

/// Whether a line is blank or an item of a list: not the rest of the line before.
fn begins_anew(line: &str) -> bool {
    let line = line.trim_start_matches([' ', '\t']);
    let bytes = line.as_bytes();
    // More digits are a year that ends a sentence more often than an item.
    let digits = bytes.iter().take(3).take_while(|b| b.is_ascii_digit());
    let digits = digits.count();
    match bytes.get(digits..).unwrap_or_default() {
        [b'\n' | b'\r', ..] | [] => digits == 0,
        [b'.' | b')', b' ', ..] => digits > 0,
        [b'-' | b'*' | b'+', b' ', ..] => digits == 0,
        _ => line.starts_with(['•', '·', '※', '–']),
    }
}

/// A word that can be an abbreviation has at most so many characters.
const WORD: usize = 12;

/// Whether a sentence that seems to end here goes on: behind an abbreviation, an initial or
/// the number of an item.
fn goes_on(before: &str, after: &str) -> bool {
    let Some(before) = before.strip_suffix('.') else {
        return false;
    };
    let ends_word = |c: char| c.is_whitespace() || "([\"'“‘«".contains(c);
    let mut tail = before.char_indices().rev().take(WORD);
    let (word, first) = match tail.find(|(_, c)| ends_word(*c)) {
        Some((at, c)) => (before.get(at + c.len_utf8()..), false),
        None if before.chars().nth(WORD).is_some() => return false,
        None => (Some(before), true),
    };
    let word = word.unwrap_or_default();
    let mut letters = word.chars();
    match (letters.next(), letters.next()) {
        (Some(letter), None) => letter.is_uppercase() || first && letter.is_alphanumeric(),
        (Some(_), Some('.')) => word.split('.').all(|part| part.chars().count() <= 1),
        _ if first && word.len() <= 3 && word.bytes().all(|b| b.is_ascii_digit()) => true,
        _ => {
            let word = word.to_lowercase();
            let number = after.starts_with(|c: char| c.is_numeric());
            TITLES.contains(&word.as_str()) || number && NUMBERED.contains(&word.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(text: &str) -> Vec<&str> {
        sentences(text)
            .into_iter()
            .filter_map(|s| text.get(s))
            .collect()
    }

    #[test]
    fn sentences_of_many_scripts() {
        for expected in [
            &["Dr. A. B. Kim came.", "He left at 3.30 p.m. and slept."] as &[&str],
            &[
                "See Fig. 3 and No. 4.",
                "Is it?",
                "It is!",
                "(Really.)",
                "Good.",
            ],
            &["고리는 사슬의 한 마디다.", "문서를 답으로 바꾼다!", "정말?"],
            &["链条的一环。", "把文档变成答案！", "是的，没错。"],
            &["ハンドルは鎖の一つの輪です。", "「本当？」", "「はい。」"],
            &["क्षत्रिय आया।", "वह गया।"],
            &["U.S. and E.U. law differ, e.g. here.", "Mr. Smith agrees."],
        ] {
            let spaced = expected.join(" ");
            assert_eq!(of(&spaced), expected, "{spaced}");
        }
        assert_eq!(
            of("链条的一环。是的，没错。「好。」"),
            ["链条的一环。", "是的，没错。", "「好。」"]
        );
    }

    #[test]
    fn a_line_that_goes_on_ends_no_sentence_and_a_blank_one_does() {
        assert_eq!(
            of("One\ntwo. Three\r\nfour."),
            ["One\ntwo.", "Three\r\nfour."]
        );
        assert_eq!(
            of("A title\n\nA text.\n- an item\n- another"),
            ["A title", "A text.", "- an item", "- another"]
        );
        assert_eq!(
            of("1. First of all.\n2. Then."),
            ["1. First of all.", "2. Then."]
        );
    }

    proptest! {
        #[test]
        fn sentences_leave_nothing_out(text: String, joined in "([a-c.?! \n\r]|。){0,40}") {
            for text in [text, joined] {
                let mut at = 0;
                for span in within(&text, 0..text.len()) {
                    prop_assert_eq!(span.start, at);
                    prop_assert!(span.end > at);
                    at = span.end;
                }
                prop_assert_eq!(at, text.len());
                prop_assert_eq!(super::joined(&text).len(), text.len());
            }
        }
    }
}
