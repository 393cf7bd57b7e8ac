//! Cuts a text into the units an answer quotes: sentences, and where the text is marked up,
//! headings, list items, table rows and lines of code.
//!
//! Sentence ends are those of Unicode (UAX #29, by the unicode-segmentation crate), which know
//! Chinese, Japanese and Korean punctuation and do not cut decimals, minus those that written
//! text shows to be wrong: after an abbreviation or an initial, inside a name with a dot, and
//! before a word that goes on in lower case.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation as _;

/// A unit longer than this is cut at white space: nobody reads it as one sentence.
const LONGEST: usize = 800;

/// A list item up to this many bytes is quoted whole, a longer one by its sentences.
const WHOLE_ITEM: usize = 240;

/// What a unit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UnitKind {
    /// A sentence of running text.
    Sentence,
    /// A heading: it names what follows and rarely answers by itself.
    Heading,
    /// A list item, or a sentence of a long one.
    Item,
    /// A row of a table.
    Row,
    /// A line of code.
    Code,
}

/// A piece of a text that can be quoted by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Where it lies in the text, in bytes, without white space around it and without the
    /// mark of a heading, list item or quotation before it.
    pub span: Range<usize>,
    /// What it is.
    pub kind: UnitKind,
}

/// The units of a text, in order. They do not overlap, and what lies between them is white
/// space or markup.
///
/// ```
/// use gori_models::extract::units;
///
/// let text = "# Keys\nDr. Kim wrote v1.2, e.g. the API. Rotate keys!\n- one\n- two";
/// let found: Vec<&str> = units(text).into_iter().map(|u| &text[u.span]).collect();
/// assert_eq!(found, ["Keys", "Dr. Kim wrote v1.2, e.g. the API.", "Rotate keys!", "one", "two"]);
/// ```
pub fn units(text: &str) -> Vec<Unit> {
    cut(text, None)
}

/// The units of a source file whose comment marks are blanks: the text of its comments, and
/// each line of code. `comments` tells for each line which it is.
pub(super) fn source_units(text: &str, comments: &[bool]) -> Vec<Unit> {
    cut(text, Some(comments))
}

fn cut(text: &str, comments: Option<&[bool]>) -> Vec<Unit> {
    let mut cutter = Cutter {
        text,
        units: Vec::new(),
    };
    let mut block: Option<Block> = None;
    let mut fence: Option<Fence> = None;
    let mut at = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let span = at..at + line.len();
        at = span.end;
        let comment = comments.map(|comments| comments.get(number) == Some(&true));
        if comment == Some(false) {
            if let Some(done) = block.take() {
                cutter.block(done);
            }
            fence = None;
            cutter.push(span, UnitKind::Code);
            continue;
        }
        // The indent of a comment is that of the code.
        let bare = line.trim_start_matches([' ', '\t']);
        let (line, indent) = match comment {
            Some(_) => (bare, line.len() - bare.len()),
            None => (line, 0),
        };
        let mark = Fence::of(line);
        if let Some(open) = fence {
            match mark {
                Some(mark) if mark.closes(open) => fence = None,
                _ => cutter.push(span, UnitKind::Code),
            }
            continue;
        }
        let (kind, start) = classify(line, block.is_some());
        let here = span.start + indent + start..span.end;
        match (kind, &mut block) {
            (Line::Text, Some(open)) => open.span.end = here.end,
            (kind, open) => {
                if let Some(done) = open.take() {
                    cutter.block(done);
                }
                match kind {
                    Line::Blank | Line::Rule => {}
                    Line::Fence => fence = mark,
                    Line::Text => {
                        block = Some(Block {
                            span: here,
                            kind: UnitKind::Sentence,
                        })
                    }
                    Line::Item => {
                        block = Some(Block {
                            span: here,
                            kind: UnitKind::Item,
                        })
                    }
                    Line::Heading => cutter.push(trim_hashes(text, here), UnitKind::Heading),
                    Line::Row => cutter.push(here, UnitKind::Row),
                    Line::Code => cutter.push(here, UnitKind::Code),
                }
            }
        }
    }
    if let Some(done) = block {
        cutter.block(done);
    }
    cutter.units
}

struct Block {
    span: Range<usize>,
    kind: UnitKind,
}

/// An opening or closing line of a fenced block of code.
#[derive(Clone, Copy)]
struct Fence {
    mark: u8,
    length: usize,
    bare: bool,
}

impl Fence {
    fn of(line: &str) -> Option<Self> {
        let line = line.trim();
        let mark = *line
            .as_bytes()
            .first()
            .filter(|mark| matches!(mark, b'`' | b'~'))?;
        let length = line.bytes().take_while(|byte| *byte == mark).count();
        let bare = length == line.len();
        // A line of inline code may begin with three backticks too, but then it has more of them.
        let info_is_plain = line.bytes().skip(length).all(|byte| byte != b'`');
        (length >= 3 && info_is_plain).then_some(Self { mark, length, bare })
    }

    fn closes(self, open: Self) -> bool {
        self.bare && self.mark == open.mark && self.length >= open.length
    }
}

enum Line {
    Blank,
    /// A ruler, or the line below the head of a table, or one that underlines a heading.
    Rule,
    Fence,
    Heading,
    Item,
    Row,
    Code,
    Text,
}

/// What a line is, and where its content begins. A line in an open paragraph is never indented
/// code.
fn classify(line: &str, open: bool) -> (Line, usize) {
    let bare = line.trim_start_matches([' ', '\t', '>']);
    let start = line.len() - bare.len();
    let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
    let trimmed = bare.trim();
    if trimmed.is_empty() {
        return (Line::Blank, start);
    }
    if Fence::of(trimmed).is_some() {
        return (Line::Fence, start);
    }
    if trimmed.len() >= 3 && trimmed.bytes().all(|b| b"-=*_|:+ \t".contains(&b)) {
        return (Line::Rule, start);
    }
    if let Some(skip) = heading(bare) {
        return (Line::Heading, start + skip);
    }
    if let Some(skip) = item(bare) {
        return (Line::Item, start + skip);
    }
    if trimmed.starts_with('|') || (trimmed.contains('\t') && !open) {
        return (Line::Row, start);
    }
    if !open && (indent >= 4 || line.starts_with('\t')) {
        return (Line::Code, start);
    }
    (Line::Text, start)
}

/// The length of a heading's mark, `## `.
fn heading(line: &str) -> Option<usize> {
    let level = line.bytes().take_while(|byte| *byte == b'#').count();
    let space = line.as_bytes().get(level) == Some(&b' ');
    ((1..=6).contains(&level) && space).then_some(level + 1)
}

/// The length of a list item's mark: `- `, `• `, `12. `, `3) `, with a task's box after it.
fn item(line: &str) -> Option<usize> {
    let first = line.chars().next()?;
    let mark = if matches!(first, '-' | '*' | '+' | '•' | '‣' | '◦' | '–') {
        first.len_utf8()
    } else {
        let digits = line.bytes().take_while(u8::is_ascii_digit).count();
        let ends = matches!(line.as_bytes().get(digits), Some(b'.' | b')'));
        if !(1..=3).contains(&digits) || !ends {
            return None;
        }
        digits + 1
    };
    let rest = line.get(mark..)?;
    let text = rest.trim_start_matches([' ', '\t']);
    if text.len() == rest.len() {
        return None;
    }
    let boxed = ["[ ] ", "[x] ", "[X] "]
        .iter()
        .any(|mark| text.starts_with(mark));
    Some(line.len() - text.len() + if boxed { 4 } else { 0 })
}

/// A heading may be closed by hashes, which are no part of it.
fn trim_hashes(text: &str, span: Range<usize>) -> Range<usize> {
    let line = text.get(span.clone()).unwrap_or_default().trim_end();
    let open = line.trim_end_matches('#');
    let end = if open.ends_with(' ') {
        open.len()
    } else {
        line.len()
    };
    span.start..span.start + end
}

struct Cutter<'t> {
    text: &'t str,
    units: Vec<Unit>,
}

impl Cutter<'_> {
    /// Adds a unit without the white space around it, and nothing where nothing is left.
    fn push(&mut self, span: Range<usize>, kind: UnitKind) {
        let raw = self.text.get(span.clone()).unwrap_or_default();
        let from = span.start + raw.len() - raw.trim_start().len();
        let text = raw.trim();
        if text.chars().any(char::is_alphanumeric) {
            let mut start = from;
            for piece in pieces(text) {
                let bare = piece.trim_start();
                let first = start + piece.len() - bare.len();
                let span = first..first + bare.trim_end().len();
                if !span.is_empty() {
                    self.units.push(Unit { span, kind });
                }
                start += piece.len();
            }
        }
    }

    /// Adds the sentences of a paragraph or list item.
    fn block(&mut self, block: Block) {
        let Block { span, kind } = block;
        let raw = self.text.get(span.clone()).unwrap_or_default();
        if kind == UnitKind::Item && raw.len() <= WHOLE_ITEM {
            return self.push(span, kind);
        }
        // Unicode ends a sentence at every line; a paragraph's lines are only wrapped. All three
        // characters are one byte long, so the offsets stay.
        let flat = raw.replace(['\n', '\r'], " ");
        let mut start = 0;
        for end in ends(&flat) {
            self.push(span.start + start..span.start + end, kind);
            start = end;
        }
    }
}

/// The ends of the sentences of a paragraph, in bytes; the last is that of the text.
fn ends(text: &str) -> Vec<usize> {
    let mut ends: Vec<usize> = Vec::new();
    let mut start = 0;
    for (at, piece) in text.split_sentence_bound_indices() {
        let end = at + piece.len();
        let sentence = text.get(start..end).unwrap_or_default();
        let next = text.get(end..).unwrap_or_default();
        if next.is_empty() || !goes_on(sentence, next) {
            ends.push(end);
            start = end;
        }
    }
    ends
}

/// Whether a sentence goes on although Unicode ends it here.
fn goes_on(sentence: &str, next: &str) -> bool {
    let text = sentence.trim_end();
    let spaced = text.len() < sentence.len();
    // Only so far as quotes and brackets can stand before a word, or rows of dots cost a scan
    // of all that follows for each of them.
    let first = next.chars().take(6).find(|c| c.is_alphanumeric());
    let bare = text.trim_end_matches(|c: char| "\"'”’()[]»*_`".contains(c));
    let ascii_end = bare.ends_with(['.', '?', '!']);
    if ascii_end && !spaced {
        // `파일.확장자`, `vec![]`, `?q=`: a dot inside a name ends nothing.
        return true;
    }
    if ascii_end && first.is_some_and(char::is_lowercase) {
        return true;
    }
    bare.len() == text.len()
        && bare
            .strip_suffix('.')
            .is_some_and(|word| abbreviated(word, next))
}

/// Words that a dot shortens. Titles and the like always stand before what they belong to.
const SHORT: &[&str] = &[
    "mr", "mrs", "ms", "dr", "prof", "st", "mt", "ft", "gen", "col", "lt", "sgt", "capt", "cmdr",
    "adm", "maj", "rev", "hon", "sen", "rep", "gov", "pres", "messrs", "mme", "mlle", "v", "no",
    "nos", "vol", "vols", "fig", "figs", "eq", "sec", "ch", "pp", "ed", "eds", "cf", "vs", "viz",
    "al", "e.g", "i.e", "eg", "ie", "ca", "approx", "art", "dept", "univ", "jan", "feb", "mar",
    "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec",
];

/// Words that begin a sentence far oftener than they follow an acronym within one.
const STARTERS: &[&str] = &[
    "the", "a", "an", "in", "it", "its", "he", "she", "they", "we", "i", "you", "this", "that",
    "these", "those", "there", "however", "but", "and", "as", "at", "on", "for", "from", "when",
    "while", "after", "before", "by", "to", "with", "his", "her", "their", "our", "some", "many",
    "most", "all", "if", "since", "although", "what", "who", "how", "why", "where",
];

/// Whether the text before a dot ends in an abbreviation that the next word belongs to.
fn abbreviated(text: &str, next: &str) -> bool {
    let word = text
        .rsplit(|c: char| !(c.is_alphanumeric() || c == '.'))
        .next()
        .unwrap_or_default();
    if SHORT.contains(&word.to_lowercase().as_str()) {
        return true;
    }
    let initial = word.chars().count() == 1 && word.chars().all(char::is_uppercase);
    let acronym = word.contains('.') && word.split('.').all(|part| part.chars().count() <= 1);
    let following = next.split_whitespace().next().unwrap_or_default();
    let starts = STARTERS.contains(&following.trim_end_matches(',').to_lowercase().as_str());
    (initial || acronym) && !starts
}

/// Cuts what is far too long at white space, or inside a word where there is none.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while rest.len() > LONGEST {
        let mut end = LONGEST;
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let (head, _) = rest.split_at(end);
        let at = head
            .rfind(char::is_whitespace)
            .map_or(end, |space| space + 1);
        let Some((head, tail)) = rest
            .split_at_checked(at)
            .or_else(|| rest.split_at_checked(end))
        else {
            break;
        };
        pieces.push(head);
        rest = tail;
    }
    pieces.push(rest);
    pieces
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(text: &str) -> Vec<&str> {
        units(text)
            .into_iter()
            .map(|unit| text.get(unit.span).unwrap())
            .collect()
    }

    #[test]
    fn abbreviations_initials_decimals_and_names_cut_nothing() {
        for whole in [
            "Dr. Kim met Prof. Lee at St. Mary's on Jan. 5.",
            "It grew by 3.5 percent, i.e. much more than e.g. Mr. J. R. Smith had guessed.",
            "The U.S. Army holds Brown v. Board in high regard.",
            "See Fig. 3 and vol. 2, pp. 4 ff. of Node.js and config.설정 for vec![] and a?b=c.",
            "\"Stop!\" he said.",
            "버전 1.2.3을 설치한다.",
        ] {
            assert_eq!(texts(whole), [whole]);
        }
    }

    #[test]
    fn sentences_end_where_they_end() {
        for (text, count) in [
            ("One. Two! Three? Four…", 4),
            ("He lived in the U.S. The war began.", 2),
            ("(It was late.) She left.", 2),
            ("\"It was late.\" She left.", 2),
            ("今天下雨。我在家！真的吗？是。", 4),
            ("「雨だ。」彼は言った。", 2),
            ("비가 온다. 집에 있다. 정말?", 3),
        ] {
            assert_eq!(units(text).len(), count, "{text}: {:?}", texts(text));
        }
    }

    #[test]
    fn a_wrapped_paragraph_is_cut_at_sentences_and_not_at_lines() {
        assert_eq!(
            texts("The log is\nsynced. The\r\ngraph is\r\nnot.\n\nNext"),
            ["The log is\nsynced.", "The\r\ngraph is\r\nnot.", "Next"]
        );
    }

    #[test]
    fn markup_is_cut_by_its_blocks_and_its_marks_are_left_out() {
        let text = "# Store ##\nText.\n- one. Two.\n  goes on\n* [x] done\n1. first\n\n\
            | a | b |\n|---|---|\n| 1 | 2 |\n> quoted\n> text\n```rust\nlet a = 1;\n\n# no\n```\n\
            \n    indented\n";
        let found: Vec<(UnitKind, &str)> = units(text)
            .into_iter()
            .map(|unit| (unit.kind, text.get(unit.span).unwrap()))
            .collect();
        use UnitKind::{Code, Heading, Item, Row, Sentence};
        assert_eq!(
            found,
            [
                (Heading, "Store"),
                (Sentence, "Text."),
                (Item, "one. Two.\n  goes on"),
                (Item, "done"),
                (Item, "first"),
                (Row, "| a | b |"),
                (Row, "| 1 | 2 |"),
                (Sentence, "quoted\n> text"),
                (Code, "let a = 1;"),
                (Code, "# no"),
                (Code, "indented"),
            ]
        );
    }

    #[test]
    fn a_long_item_is_cut_into_its_sentences() {
        let item = format!("- {}", "This is a sentence of an item. ".repeat(20));
        assert_eq!(units(&item).len(), 20);
    }

    #[test]
    fn what_never_ends_is_cut_all_the_same() {
        for run in [
            "a".repeat(100_000),
            "字".repeat(50_000),
            "ab ".repeat(50_000),
        ] {
            let units = units(&run);
            assert!(units.iter().all(|unit| unit.span.len() <= LONGEST));
            let kept: usize = units.iter().map(|unit| unit.span.len()).sum();
            let words: usize = run.split_whitespace().map(str::len).sum();
            assert!(kept >= words, "{kept} of {words}");
        }
    }

    #[test]
    fn time_grows_with_the_text_and_not_with_its_square() {
        // Each is a case on which looking ahead or back at every character would be quadratic.
        for hard in [
            ". 1 ", ".", "\"", "a. ", "U.S. ", "\n", "e.g. ", "`", "```\n", "> ",
        ] {
            let start = std::time::Instant::now();
            let _ = units(&hard.repeat(1_000_000 / hard.len()));
            assert!(
                start.elapsed().as_secs() < 20,
                "{hard:?}: {:?}",
                start.elapsed()
            );
        }
    }

    proptest! {
        #[test]
        fn units_are_in_order_apart_and_lose_no_word(text in "([a-zA-Z0-9가字.!?。 \n`#>|*-]|\\PC){0,300}") {
            let units = units(&text);
            let mut end = 0;
            let mut kept = String::new();
            for unit in &units {
                prop_assert!(unit.span.start >= end && !unit.span.is_empty());
                let words = text.get(unit.span.clone()).unwrap();
                prop_assert_eq!(words, words.trim());
                kept.push_str(words);
                end = unit.span.end;
            }
            // Only the marks of lists and code fences hold anything that could be a word.
            if !text.contains(['`', '~', '.', ')', '-', '*', '+', '•', '‣', '◦', '–']) {
                let words = |s: &str| s.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
                prop_assert_eq!(words(&kept), words(&text));
            }
        }
    }
}
