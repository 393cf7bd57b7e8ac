//! Where a long text can be cut without changing its count.
//!
//! An encoding first splits a text by a regular expression and then encodes each match by
//! itself, so a cut does not change the count where (a) every match that covers the character
//! before it ends there, and (b) no look-ahead of a match on its left sees past it. None of
//! the expressions looks behind, so what stands right of a cut needs no condition.
//!
//! Three places are certain in all of them:
//! - after a letter or a digit, before a character of another class that is neither a mark
//!   (which belongs to the letter) nor an apostrophe (which may begin `'s`);
//! - before a run of blanks, since every match that takes newlines stops at the last of them;
//! - before the last of a run of blanks that something follows, since `\s+(?!\S)` leaves
//!   exactly that one.
//!
//! The third matters: `\s+(?!\S)` is the one pattern that the regex engine backtracks in, and
//! a run of a million blanks overflows its stack. Such a run is one match, so it is encoded
//! without the expression.

/// From which sizes on a text is cut. The tests use small ones, since the places must be right
/// and not merely rare.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    /// How much text an engine is given at once where there is a place to cut, in bytes.
    pub(crate) piece: usize,
    /// A run of blanks this long, in bytes, is kept away from the regular expression. At
    /// least 4, so that it has two characters.
    pub(crate) long_run: usize,
    /// A run that is one match is encoded in windows of so many bytes.
    pub(crate) window: usize,
    /// How many tokens before the end of a window are given up at once, since they may be
    /// others when the text goes on.
    pub(crate) guard: usize,
}

impl Sizes {
    pub(crate) const NORMAL: Self = Self {
        piece: 64 << 10,
        long_run: 4 << 10,
        window: 8 << 10,
        guard: 8,
    };
}

/// How the regular expression of an encoding treats white space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blanks {
    /// `\s++$|\s*[\r\n]|\s+(?!\S)`: what ends the text is one match, newlines included.
    Cl100k,
    /// `\s*[\r\n]+|\s+(?!\S)`: newlines and the blanks after them are always two matches.
    O200k,
    /// `\s++$|\s+(?!\S)`: newlines are blanks like any other.
    Gpt2,
}

/// A part of a text whose count can be added to those of the parts around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part<'t> {
    /// To be split by the regular expression.
    Text(&'t str),
    /// White space that is one match.
    Run(&'t str),
}

/// The parts of a text, in order. Their counts add up to its count.
pub(crate) fn parts(text: &str, blanks: Blanks, sizes: Sizes) -> impl Iterator<Item = Part<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let part = first(rest, blanks, sizes);
        let (Part::Text(taken) | Part::Run(taken)) = part;
        rest = rest.get(taken.len()..).unwrap_or_default();
        Some(part)
    })
}

fn first(rest: &str, blanks: Blanks, sizes: Sizes) -> Part<'_> {
    if rest.len() <= sizes.piece {
        return Part::Text(rest);
    }
    match last_cut(rest, sizes.piece) {
        Some(end) => Part::Text(rest.get(..end).unwrap_or(rest)),
        None => stretch(rest, blanks, sizes),
    }
}

/// The last safe cut in the first `limit` bytes.
fn last_cut(text: &str, limit: usize) -> Option<usize> {
    let head = (0..=limit).rev().find_map(|end| text.get(..end))?;
    let mut right = text.get(head.len()..)?.chars().next()?;
    let mut at = head.len();
    for left in head.chars().rev() {
        if is_cut(left, right) {
            return Some(at);
        }
        at -= left.len_utf8();
        right = left;
    }
    None
}

/// What to take of a text whose first piece has no safe cut.
fn stretch(text: &str, blanks: Blanks, sizes: Sizes) -> Part<'_> {
    let mut white = White { from: 0, line: 0 };
    let mut left = None;
    for (at, c) in text.char_indices() {
        if at >= sizes.piece && left.is_some_and(|left| is_cut(left, c)) {
            return Part::Text(text.get(..at).unwrap_or(text));
        }
        let behind = at + c.len_utf8();
        if !c.is_whitespace() {
            if let Some((start, end)) = white.long_match(text, at, blanks, sizes) {
                return long_run(text, start, end);
            }
            white.from = behind;
        }
        if !c.is_whitespace() || blanks != Blanks::Gpt2 && is_newline(c) {
            white.line = behind;
        }
        left = Some(c);
    }
    match white.long_match(text, text.len(), blanks, sizes) {
        Some((start, end)) => long_run(text, start, end),
        None => Part::Text(text),
    }
}

/// A run of white space.
#[derive(Clone, Copy, Debug)]
struct White {
    from: usize,
    /// Behind its last newline, where newlines are not blanks like any other.
    line: usize,
}

impl White {
    /// The first match in this run up to `end`, if it is a long one and surely one.
    fn long_match(
        self,
        text: &str,
        end: usize,
        blanks: Blanks,
        sizes: Sizes,
    ) -> Option<(usize, usize)> {
        let is_last = end == text.len();
        let (before, run) = text.get(..end)?.split_at_checked(self.from)?;
        // Newlines right behind a symbol belong to its match. A text begins at a cut, so behind a
        // letter or a digit, behind what was a run, or behind the newlines of a symbol.
        let newlines = match blanks {
            Blanks::Gpt2 => 0,
            Blanks::Cl100k | Blanks::O200k => run
                .bytes()
                .take_while(|byte| matches!(byte, b'\r' | b'\n'))
                .count(),
        };
        let own = match before.chars().next_back().filter(|_| newlines > 0) {
            Some(c) if c.is_ascii_punctuation() => Some(self.from + newlines),
            Some(c) if !is_letter(c) && !c.is_ascii_digit() => None,
            _ => Some(self.from),
        };
        if let Some(own) = own {
            let lines = match blanks {
                Blanks::Gpt2 => 0,
                Blanks::Cl100k if is_last => end - own,
                Blanks::Cl100k | Blanks::O200k => self.line.saturating_sub(own),
            };
            if lines >= sizes.long_run {
                return Some((own, own + lines));
            }
            // What ends with them can be told apart from what follows, but for o200k's slash.
            let goes_on = text.get(own..).is_some_and(|rest| rest.starts_with('/'));
            if own - self.from >= sizes.long_run && !goes_on {
                return Some((own, own));
            }
        }
        if end.saturating_sub(self.line) < sizes.long_run {
            return None;
        }
        match (is_last, blanks) {
            (false, _) => Some((self.line, end - run.chars().next_back()?.len_utf8())),
            (true, Blanks::Cl100k) => None,
            (true, Blanks::O200k | Blanks::Gpt2) => Some((self.line, end)),
        }
    }
}

/// What to take of a text that holds a match of blanks alone.
fn long_run(text: &str, start: usize, end: usize) -> Part<'_> {
    match text.get(..start) {
        None | Some("") => Part::Run(text.get(..end).unwrap_or(text)),
        Some(before) => Part::Text(before),
    }
}

fn is_newline(c: char) -> bool {
    matches!(c, '\r' | '\n')
}

/// Whether a match always ends between these two.
pub(crate) fn is_cut(left: char, right: char) -> bool {
    let breaks_any = (right.is_ascii() && !right.is_ascii_alphanumeric() && right != '\'')
        || is_cjk_punctuation(right);
    if left.is_ascii_digit() {
        breaks_any || right.is_ascii_alphabetic()
    } else {
        is_letter(left) && (breaks_any || right.is_ascii_digit())
    }
}

/// Blocks that hold nothing but letters (`\p{L}`). Far from all letters: only a certain yes
/// counts.
pub(crate) fn is_letter(c: char) -> bool {
    matches!(c,
        'a'..='z' | 'A'..='Z'
        | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{24f}' // Latin
        | '\u{391}'..='\u{3a1}' | '\u{3a3}'..='\u{3e1}' // Greek
        | '\u{400}'..='\u{481}' // Cyrillic
        | '\u{5d0}'..='\u{5ea}' // Hebrew
        | '\u{620}'..='\u{64a}' // Arabic
        | '\u{905}'..='\u{939}' // Devanagari
        | '\u{e01}'..='\u{e30}' // Thai
        | '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}' // kana
        | '\u{4e00}'..='\u{9fff}' // Han
        | '\u{ac00}'..='\u{d7a3}') // Hangul
}

/// Some of what is white space or neither letter, digit nor mark beyond ASCII.
pub(crate) fn is_cjk_punctuation(c: char) -> bool {
    matches!(c,
        '\u{3000}'..='\u{3003}' | '\u{3008}'..='\u{3011}'
        | '\u{ff01}'..='\u{ff06}' | '\u{ff08}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff1f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_a_part_of_the_text_in_order() {
        let text = format!(
            "{}{}x{}",
            "ab c1 ".repeat(30_000),
            " ".repeat(99_999),
            "\n\t".repeat(70_000)
        );
        for blanks in [Blanks::Cl100k, Blanks::O200k, Blanks::Gpt2] {
            let joined: String = parts(&text, blanks, Sizes::NORMAL)
                .map(|part| match part {
                    Part::Text(t) | Part::Run(t) => t,
                })
                .collect();
            assert!(joined == text, "{blanks:?}");
        }
    }

    #[test]
    fn prose_is_cut_below_the_limit_and_not_into_crumbs() {
        let text = "Words, and 12 numbers; 한국어 문장도 있다. 中文，也有。\n".repeat(8_000);
        let sizes: Vec<usize> = parts(&text, Blanks::O200k, Sizes::NORMAL)
            .map(|part| match part {
                Part::Text(t) => t.len(),
                Part::Run(_) => unreachable!("no long run in {}", text.len()),
            })
            .collect();
        assert!(sizes.iter().all(|&size| size <= Sizes::NORMAL.piece));
        assert!(
            sizes.len() <= text.len() / (Sizes::NORMAL.piece - 100) + 1,
            "{sizes:?}"
        );
    }

    #[test]
    fn what_counts_as_letter_or_punctuation_is_so_in_the_expressions() {
        let letter = regex::Regex::new(r"^\p{L}$").unwrap();
        let other = regex::Regex::new(r"^[^\p{L}\p{N}\p{M}]$").unwrap();
        let mut tried = 0;
        for c in '\0'..=char::MAX {
            let text = c.to_string();
            assert!(!is_letter(c) || letter.is_match(&text), "{c:?}");
            assert!(!is_cjk_punctuation(c) || other.is_match(&text), "{c:?}");
            tried += usize::from(is_letter(c));
        }
        println!("{tried} letters");
        assert!(tried > 30_000);
    }
}
