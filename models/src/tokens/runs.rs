//! Counting a megabyte without a blank in windows.
//!
//! A run of one kind of character is one match of an encoding's expression, and the engine
//! encodes a match by a heap over all of its bytes: it takes seconds for some megabytes. But a
//! list of tokens is the encoding of its text exactly when every two neighbours of it are the
//! encoding of theirs (Neubeck and van Antwerpen, "So many tokens, so little time", 2024). So a run
//! is encoded a window at a time, each beginning at a token's border, and only where two windows
//! meet are the neighbours looked at: what is added up is then the count of the whole. Where no
//! border stands that test, the text is encoded in one.
//!
//! What repeats itself has equal windows, and an equal window is not encoded again.

use std::cell::RefCell;
use std::ops::RangeInclusive;
use std::rc::Rc;

use rustc_hash::FxHashMap;
use tiktoken_rs::{CoreBPE, Rank};

use super::cut::{Blanks, Sizes, is_letter};

/// Combining marks, which no encoding takes for letters, digits or blanks.
const MARKS: RangeInclusive<char> = '\u{300}'..='\u{36f}';

/// How many borders are tried before no further window is begun.
const BORDERS: usize = 24;

/// Characters of which a run is one match, wherever in the run one begins to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Letter,
    Capital,
    Mark,
    Symbol,
    Newline,
}

impl Kind {
    fn of(c: char, blanks: Blanks) -> Option<Self> {
        let marks = match blanks {
            // Letters and marks are of one match here and in no other expression.
            Blanks::O200k => Self::Letter,
            Blanks::Cl100k | Blanks::Gpt2 => Self::Mark,
        };
        match c {
            'A'..='Z' => Some(Self::Capital),
            '\r' | '\n' if blanks != Blanks::Gpt2 => Some(Self::Newline),
            c if MARKS.contains(&c) => Some(marks),
            '\0'..='\u{8}' | '!'..='/' | ':'..='@' | '['..='`' | '{'..='~' => Some(Self::Symbol),
            '\u{200c}' | '\u{200d}' | '\u{1f300}'..='\u{1faff}' => Some(Self::Symbol),
            'a'..='z' => Some(Self::Letter),
            // Without case, so that no expression ends a word before a capital.
            c if c >= '\u{5d0}' && is_letter(c) => Some(Self::Letter),
            _ => None,
        }
    }

    /// Whether a run of this kind that begins with `first` is one match after this character too.
    /// Newlines behind a symbol belong to its match, which ends elsewhere than one that begins
    /// among them; and so do marks behind two symbols where they are else of a letter's match.
    fn follows(self, first: char, before: Option<char>) -> bool {
        match self {
            Self::Newline => before.is_none_or(|c| c == ' ' || c == '\t'),
            Self::Letter if MARKS.contains(&first) => {
                before.is_none_or(|c| c.is_whitespace() || c.is_ascii_digit() || is_letter(c))
            }
            _ => true,
        }
    }
}

/// The first run that is worth windows, from its first byte to one past its last.
pub(super) fn long_run(text: &str, blanks: Blanks, sizes: Sizes) -> Option<(usize, usize)> {
    let (mut start, mut kind, mut before) = (0, None, None);
    // The newlines of a symbol are a run where the text ends with them.
    let mut of_symbol = false;
    for (at, c) in text.char_indices() {
        let of = Kind::of(c, blanks);
        if of == kind {
            before = Some(c);
            continue;
        }
        if kind.is_some() && at - start >= 2 * sizes.window && !of_symbol {
            return Some((start, at));
        }
        start = at;
        let symbol = before.is_some_and(|c: char| c.is_ascii_punctuation());
        of_symbol = of == Some(Kind::Newline) && symbol;
        kind = of.filter(|kind| of_symbol || kind.follows(c, before));
        before = Some(c);
    }
    (kind.is_some() && text.len() - start >= 2 * sizes.window).then_some((start, text.len()))
}

/// The count of a text that cannot be cut.
pub(super) fn count(table: &CoreBPE, text: &str, blanks: Blanks, sizes: Sizes) -> usize {
    match long_run(text, blanks, sizes) {
        Some((start, end)) => count_in_windows(table, text, (start, end), sizes),
        None => table.encode_ordinary(text).len(),
    }
}

/// The count of a text of which the bytes from the first to before the second are a run.
pub(super) fn count_in_windows(
    table: &CoreBPE,
    text: &str,
    (start, end): (usize, usize),
    sizes: Sizes,
) -> usize {
    let run = Run::new(table, text, start);
    let mut window = run.window(0, start + sizes.window);
    let mut counted = 0;
    let mut before: Option<(Rc<[Rank]>, usize)> = None;
    while window.to + sizes.window < end {
        let Some((tokens, next)) = run.next(&window, sizes) else {
            break;
        };
        counted += tokens;
        before = Some((window.tokens, tokens));
        window = next;
    }
    // The rest begins as the last window did, but nobody has said that it is encoded so.
    let rest = run.window(window.from, text.len());
    let before = before.as_ref().and_then(|(all, stay)| all.get(..*stay));
    if before.is_none_or(|before| run.meet(before, &rest)) {
        counted + rest.tokens.len()
    } else {
        table.encode_ordinary(text).len()
    }
}

/// How many encodings are remembered while one run is counted.
const REMEMBERED: usize = 64;

struct Run<'t> {
    table: &'t CoreBPE,
    text: &'t str,
    start: usize,
    /// A long run is mostly one that repeats itself, and then its windows do too.
    known: RefCell<FxHashMap<&'t str, Rc<[Rank]>>>,
}

/// A part of the text, encoded by itself.
struct Window {
    from: usize,
    to: usize,
    tokens: Rc<[Rank]>,
}

impl<'t> Run<'t> {
    fn new(table: &'t CoreBPE, text: &'t str, start: usize) -> Self {
        Self {
            table,
            text,
            start,
            known: RefCell::default(),
        }
    }

    fn window(&self, from: usize, to: usize) -> Window {
        let to = (to..self.text.len()).find(|to| self.text.is_char_boundary(*to));
        let to = to.unwrap_or(self.text.len());
        Window {
            from,
            to,
            tokens: self.encode(from, to),
        }
    }

    fn encode(&self, from: usize, to: usize) -> Rc<[Rank]> {
        let text = self.text.get(from..to).unwrap_or_default();
        let mut known = self.known.borrow_mut();
        if let Some(tokens) = known.get(text) {
            return Rc::clone(tokens);
        }
        if known.len() >= REMEMBERED {
            known.clear();
        }
        let tokens: Rc<[Rank]> = self.table.encode_ordinary(text).into();
        known.insert(text, Rc::clone(&tokens));
        tokens
    }

    fn length(&self, token: Rank) -> usize {
        let bytes = self.table.decode_bytes(&[token]);
        bytes.map_or(0, |bytes| bytes.len())
    }

    /// How many tokens of a window stay, and the window that begins behind them.
    fn next(&self, window: &Window, sizes: Sizes) -> Option<(usize, Window)> {
        let mut border = window.to;
        let mut tried = 0;
        for (n, token) in window.tokens.iter().enumerate().rev() {
            let usable = border > self.start + 1 && self.text.is_char_boundary(border);
            if usable && n + 1 + sizes.guard <= window.tokens.len() {
                let next = self.window(border, border + sizes.window);
                if self.meet(window.tokens.get(..=n)?, &next) {
                    return Some((n + 1, next));
                }
                tried += 1;
            }
            if tried == BORDERS {
                break;
            }
            border = border.checked_sub(self.length(*token))?;
        }
        None
    }

    /// Whether the last of these tokens and the first of the next window are neighbours in the
    /// encoding of both. A few more are taken in where one of them ends inside a character.
    fn meet(&self, before: &[Rank], next: &Window) -> bool {
        let (mut from, mut first) = (next.from, before.len());
        while first == before.len() || !self.text.is_char_boundary(from) {
            let Some(token) = first.checked_sub(1).and_then(|n| before.get(n)) else {
                return false;
            };
            let Some(shorter) = from.checked_sub(self.length(*token)) else {
                return false;
            };
            (from, first) = (shorter, first - 1);
        }
        let (mut to, mut last) = (next.from, 0);
        while last == 0 || !self.text.is_char_boundary(to) {
            let Some(token) = next.tokens.get(last) else {
                return false;
            };
            (to, last) = (to + self.length(*token), last + 1);
        }
        let apart = before
            .iter()
            .skip(first)
            .chain(next.tokens.iter().take(last));
        from >= self.start && self.encode(from, to).iter().eq(apart)
    }
}
