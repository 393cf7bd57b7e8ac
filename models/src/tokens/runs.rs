//! Counting a megabyte without a blank in windows.
//!
//! A run of one kind of character is one match of an encoding's expression, and the engine
//! encodes a match by a heap over all of its bytes: it takes seconds for some megabytes. But a
//! list of tokens is the encoding of its text exactly when every two neighbours of it are the
//! encoding of theirs (Neubeck and van Antwerpen, "So many tokens, so little time", 2024). So a run
//! is encoded a window at a time, each beginning at a token's border, and only where two windows
//! meet are the neighbours looked at: what is added up is then the count of the whole. Where no
//! border stands that test, the text is encoded in one.

use std::ops::RangeInclusive;

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
    for (at, c) in text.char_indices() {
        let of = Kind::of(c, blanks);
        if of == kind {
            before = Some(c);
            continue;
        }
        if kind.is_some() && at - start >= 2 * sizes.window {
            return Some((start, at));
        }
        start = at;
        kind = of.filter(|kind| kind.follows(c, before));
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
    let run = Run { table, text, start };
    let mut window = run.window(0, start + sizes.window);
    let (mut counted, mut before) = (0, Vec::new());
    while window.to + sizes.window < end {
        let Some((tokens, next)) = run.next(&window, sizes) else {
            break;
        };
        counted += tokens;
        before = window.tokens;
        before.truncate(tokens);
        window = next;
    }
    // The rest begins as the last window did, but nobody has said that it is encoded so.
    let rest = run.window(window.from, text.len());
    if before.is_empty() || run.meet(&before, &rest) {
        counted + rest.tokens.len()
    } else {
        table.encode_ordinary(text).len()
    }
}

struct Run<'t> {
    table: &'t CoreBPE,
    text: &'t str,
    start: usize,
}

/// A part of the text, encoded by itself.
struct Window {
    from: usize,
    to: usize,
    tokens: Vec<Rank>,
}

impl Run<'_> {
    fn window(&self, from: usize, to: usize) -> Window {
        let to = (to..self.text.len()).find(|to| self.text.is_char_boundary(*to));
        let to = to.unwrap_or(self.text.len());
        Window {
            from,
            to,
            tokens: self.encode(from, to),
        }
    }

    fn encode(&self, from: usize, to: usize) -> Vec<Rank> {
        let text = self.text.get(from..to).unwrap_or_default();
        self.table.encode_ordinary(text)
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
