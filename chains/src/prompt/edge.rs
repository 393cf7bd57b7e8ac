//! Borders near a place in a text, found without reading the whole of it.
//!
//! A sentence or word can only be told from what stands around it, so a window is looked at. A
//! border further away than the window does not count: giving up two thousand bytes to end with
//! a sentence is no longer what anybody wants, and a finer border is taken instead.

use std::cell::RefCell;
use std::ops::Range;

use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation as _};

use super::truncate::Unit;

/// How far a border may be, in bytes. What is longer than that between two is no word.
const fn window(unit: Unit) -> usize {
    match unit {
        Unit::Sentence => 2_048,
        Unit::Line => 2_048,
        Unit::Word => 64,
        Unit::Grapheme => 64,
    }
}

/// The last character border at this byte or before it.
pub(super) fn floor(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (at.saturating_sub(3)..=at)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0)
}

/// The first character border at this byte or after it.
pub(super) fn ceil(text: &str, at: usize) -> usize {
    (at..at + 4)
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(text.len())
}

const fn finer(unit: Unit) -> Option<Unit> {
    match unit {
        Unit::Sentence | Unit::Line => Some(Unit::Word),
        Unit::Word => Some(Unit::Grapheme),
        Unit::Grapheme => None,
    }
}

/// The sentences of one text that were met: each from its first byte to the first of the next,
/// or as far as was looked. Telling sentences apart takes longer than counting tokens, and who
/// searches a cut asks about the same few of them again and again.
#[derive(Debug, Default)]
pub(super) struct Sentences(RefCell<Vec<Range<usize>>>);

impl Sentences {
    fn around(&self, at: usize) -> Option<usize> {
        let known = self.0.borrow();
        let sentence = known.iter().find(|sentence| sentence.contains(&at));
        sentence.map(|sentence| sentence.start)
    }
}

/// The last border at this byte or before it, blanks before it left out, and what border it is.
/// At least one character lies before it, where the text has one.
pub(super) fn down(text: &str, at: usize, unit: Unit, known: &Sentences) -> (usize, Unit) {
    let at = floor(text, at);
    let last = |unit| match unit {
        Unit::Sentence => known.around(at).or_else(|| {
            let sentence = last_sentence(text, at)?;
            let start = sentence.start;
            known.0.borrow_mut().push(sentence);
            Some(start)
        }),
        _ => last_border(text, at, unit),
    };
    let Some((border, unit)) = coarsest(unit, last) else {
        return (if at > 0 { at } else { after(text, 0) }, Unit::Grapheme);
    };
    let trimmed = border - blanks(text.get(..border).unwrap_or_default().chars().rev());
    (if trimmed > 0 { trimmed } else { border }, unit)
}

/// The first border at this byte or after it, blanks behind it left out, and what border it
/// is. At least one character lies behind it, where the text has one.
pub(super) fn up(text: &str, at: usize, unit: Unit) -> (usize, Unit) {
    let at = ceil(text, at);
    let Some((border, unit)) = coarsest(unit, |unit| first_border(text, at, unit)) else {
        let last = at < text.len();
        return (
            if last { at } else { before(text, text.len()) },
            Unit::Grapheme,
        );
    };
    let trimmed = border + blanks(text.get(border..).unwrap_or_default().chars());
    (
        if trimmed < text.len() {
            trimmed
        } else {
            border
        },
        unit,
    )
}

/// The end of what reaches at least to this byte and ends at a border, blanks before it left
/// out, and what border it is.
pub(super) fn end_after(text: &str, at: usize, unit: Unit) -> (usize, Unit) {
    let at = ceil(text, at.max(1));
    if at >= text.len() {
        return (text.len(), unit);
    }
    let Some((border, unit)) = coarsest(unit, |unit| first_border(text, at, unit)) else {
        return (at, Unit::Grapheme);
    };
    let trimmed = border - blanks(text.get(..border).unwrap_or_default().chars().rev());
    (if trimmed > 0 { trimmed } else { border }, unit)
}

/// The start of what reaches back at least to this byte and starts at a border, blanks behind
/// it left out, and what border it is.
pub(super) fn start_before(text: &str, at: usize, unit: Unit) -> (usize, Unit) {
    let at = floor(text, at.min(text.len().saturating_sub(1)));
    if at == 0 {
        return (0, unit);
    }
    let Some((border, unit)) = coarsest(unit, |unit| last_border(text, at, unit)) else {
        return (at, Unit::Grapheme);
    };
    let trimmed = border + blanks(text.get(border..).unwrap_or_default().chars());
    (
        if trimmed < text.len() {
            trimmed
        } else {
            border
        },
        unit,
    )
}

/// The first answer, from the unit that is wanted to the finest.
fn coarsest(unit: Unit, find: impl Fn(Unit) -> Option<usize>) -> Option<(usize, Unit)> {
    let mut units = std::iter::successors(Some(unit), |unit| finer(*unit));
    units.find_map(|unit| Some((find(unit)?, unit)))
}

/// How many bytes of blanks stand there. They are only followed as far as a window goes, so
/// that a run of a million is not walked for every question.
fn blanks(chars: impl Iterator<Item = char>) -> usize {
    let blank = chars.take(64).take_while(|c| c.is_whitespace());
    blank.map(char::len_utf8).sum()
}

/// Behind the character at this byte: a whole grapheme where that is of bearable length.
pub(super) fn after(text: &str, at: usize) -> usize {
    let tail = text.get(at..).unwrap_or_default();
    let near = tail
        .get(..floor(tail, window(Unit::Grapheme)))
        .unwrap_or(tail);
    let grapheme = near.graphemes(true).next().map_or(0, str::len);
    let one = tail.chars().next().map_or(0, char::len_utf8);
    let whole = grapheme < near.len() || near.len() == tail.len();
    at + if whole { grapheme } else { one }
}

/// Before the character that ends at this byte, as [`after`].
fn before(text: &str, at: usize) -> usize {
    let head = text.get(..at).unwrap_or_default();
    let near = head.get(ceil(head, head.len().saturating_sub(window(Unit::Grapheme)))..);
    let near = near.unwrap_or(head);
    let grapheme = near.graphemes(true).next_back().map_or(0, str::len);
    let one = head.chars().next_back().map_or(0, char::len_utf8);
    let whole = grapheme < near.len() || near.len() == head.len();
    at - if whole { grapheme } else { one }
}

/// Telling sentences apart takes time, so it is tried near the place first.
const NEAR: [usize; 3] = [96, 384, window(Unit::Sentence)];

/// The sentence that this byte is in, from its first byte to the first that is not surely in it.
fn last_sentence(text: &str, at: usize) -> Option<Range<usize>> {
    if at == 0 || at >= text.len() {
        return (at > 0).then_some(text.len()..text.len() + 1);
    }
    let to = ceil(text, (at + 64).min(text.len()));
    NEAR.iter().find_map(|near| {
        let from = floor(text, at.saturating_sub(*near));
        let mut last = None;
        for (place, _) in text.get(from..to)?.split_sentence_bound_indices() {
            if from + place > at {
                return Some(last?..from + place);
            }
            // What a window begins with is no border for that.
            last = (place > 0).then_some(from + place);
        }
        Some(last?..to)
    })
}

fn last_border(text: &str, at: usize, unit: Unit) -> Option<usize> {
    if at == 0 || at >= text.len() {
        return (at > 0).then_some(text.len());
    }
    let from = floor(text, at.saturating_sub(window(unit)));
    let to = ceil(text, (at + 64).min(text.len()));
    let near = text.get(from..to)?;
    let inside = |place: &usize| *place > 0 && from + place <= at;
    match unit {
        Unit::Sentence => return Some(last_sentence(text, at)?.start),
        Unit::Line => near.get(..at - from)?.rfind('\n').map(|i| i + 1),
        Unit::Word => near
            .split_word_bound_indices()
            .map(|(i, _)| i)
            .rfind(inside),
        Unit::Grapheme => return grapheme(text, at, false),
    }
    .map(|place| from + place)
}

fn first_border(text: &str, at: usize, unit: Unit) -> Option<usize> {
    if at == 0 || at >= text.len() {
        return (at < text.len()).then_some(0);
    }
    let from = floor(text, at.saturating_sub(64));
    let to = ceil(text, (at + window(unit)).min(text.len()));
    let near = text.get(from..to)?;
    let inside = |place: &usize| *place > 0 && from + place >= at;
    match unit {
        Unit::Sentence => near
            .split_sentence_bound_indices()
            .map(|(i, _)| i)
            .find(inside),
        Unit::Line => {
            let mut bytes = near.bytes().enumerate().skip(at - from - 1);
            let line = bytes.find(|(_, byte)| *byte == b'\n').map(|(i, _)| i + 1);
            line.filter(|place| from + place < text.len())
        }
        Unit::Word => near.split_word_bound_indices().map(|(i, _)| i).find(inside),
        Unit::Grapheme => return grapheme(text, at, true),
    }
    .map(|place| from + place)
}

/// The border between graphemes nearest to a place, where one is near.
fn grapheme(text: &str, at: usize, forward: bool) -> Option<usize> {
    let reach = window(Unit::Grapheme);
    let from = floor(text, at.saturating_sub(reach));
    let to = ceil(text, (at + reach).min(text.len()));
    let near = text.get(from..to)?;
    let mut cursor = GraphemeCursor::new(at - from, near.len(), true);
    let place = match cursor.is_boundary(near, 0) {
        Ok(true) => Some(at - from),
        _ if forward => cursor
            .next_boundary(near, 0)
            .ok()
            .flatten()
            .filter(|i| from + i < to),
        _ => cursor
            .prev_boundary(near, 0)
            .ok()
            .flatten()
            .filter(|i| *i > 0),
    }?;
    (from + place > 0 && from + place < text.len()).then_some(from + place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = "One is here. Two follows!\nThree 한국어 문장도 있다. 👩‍👩‍👧 e\u{301}nd";

    fn text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("word".to_owned()),
            Just(" ".to_owned()),
            Just(". ".to_owned()),
            Just("\n".to_owned()),
            Just("👩‍👩‍👧".to_owned()),
            Just("e\u{301}\u{301}".to_owned()),
            Just("한국어".to_owned()),
            Just("🇰🇷🇫🇷".to_owned()),
            Just("x".repeat(300)),
            "\\PC{0,5}",
        ];
        prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn borders_lie_between_characters_on_their_side_and_keep_something(
            text in text(), at in 0_usize..3_000,
        ) {
            let at = at.min(text.len());
            for unit in [Unit::Sentence, Unit::Line, Unit::Word, Unit::Grapheme] {
                let (d, _) = down(&text, at, unit, &Sentences::default());
                let (u, _) = up(&text, at, unit);
                prop_assert!(text.is_char_boundary(d) && text.is_char_boundary(u));
                prop_assert!(text.is_empty() || d > 0 && u < text.len());
                prop_assert!(d <= at || d <= after(&text, 0), "{d} {at}");
                prop_assert!(u >= at || u >= before(&text, text.len()), "{u} {at}");
            }
        }

        #[test]
        fn a_word_border_is_one_of_the_whole_text(text in "[a-z .\n]{0,200}", at in 0_usize..200) {
            let words: Vec<usize> = text.split_word_bound_indices().map(|(i, _)| i).collect();
            let (d, unit) = down(&text, at, Unit::Word, &Sentences::default());
            if unit == Unit::Word && d < text.len() {
                prop_assert!(words.contains(&d), "{text:?} {at} {d}");
            }
        }
    }

    #[test]
    fn each_border_is_where_a_reader_would_put_it() {
        let end = |at, unit| {
            TEXT.split_at(down(TEXT, at, unit, &Sentences::default()).0)
                .0
        };
        assert_eq!(end(20, Unit::Sentence), "One is here.");
        assert_eq!(end(20, Unit::Word), "One is here. Two");
        assert_eq!(end(40, Unit::Line), "One is here. Two follows!");
        let start = |at, unit| TEXT.split_at(up(TEXT, at, unit).0).1;
        assert!(start(3, Unit::Sentence).starts_with("Two follows!"));
        assert!(start(3, Unit::Line).starts_with("Three"));
        assert!(start(5, Unit::Word).starts_with("here"));
        let family = TEXT.find('👩').unwrap();
        assert_eq!(
            down(TEXT, family + 9, Unit::Grapheme, &Sentences::default()).0,
            family - 1,
            "never inside a family"
        );
    }
}
