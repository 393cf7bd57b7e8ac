//! BERT's way from text to words: cleaned, Chinese characters apart, accents and capitals gone,
//! cut at blanks and round every punctuation mark.
//!
//! The rules are those of BERT's `BasicTokenizer` as the tokenizers crate has them, on the same
//! tables of Unicode's categories, so that ids are equal to the last.

use std::ops::ControlFlow;

use unicode_categories::UnicodeCategories;
use unicode_normalization::UnicodeNormalization;

use super::file::Normalizer;

/// Whether a word ends before this character under every setting, and no rule looks beyond it.
pub(super) fn divides(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

/// What is done to a text before its words are looked up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    clean: bool,
    chinese: bool,
    accents: bool,
    lowercase: bool,
}

impl From<Normalizer> for Words {
    fn from(settings: Normalizer) -> Self {
        Self {
            clean: settings.clean_text,
            chinese: settings.handle_chinese_chars,
            accents: settings.strip_accents.unwrap_or(settings.lowercase),
            lowercase: settings.lowercase,
        }
    }
}

impl Words {
    /// Hands on every word of a text in order, until `hand` breaks.
    pub(super) fn each<B>(
        self,
        text: &str,
        mut hand: impl FnMut(&str) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        let mut word = String::new();
        for run in text.split(divides) {
            if run.is_ascii() {
                let kept = run
                    .chars()
                    .filter(|&c| !self.clean || !c.is_ascii_control());
                for c in kept {
                    let c = if self.lowercase {
                        c.to_ascii_lowercase()
                    } else {
                        c
                    };
                    add(c, &mut word, &mut hand)?;
                }
            } else {
                self.normalised(run, |c| add(c, &mut word, &mut hand))?;
            }
            flush(&mut word, &mut hand)?;
        }
        ControlFlow::Continue(())
    }

    /// Hands on every character of a run without blanks, as the vocabulary knows it.
    fn normalised<B>(
        self,
        run: &str,
        mut hand: impl FnMut(char) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        let spaced: String = run
            .chars()
            .filter(|&c| !self.clean || !is_noise(c))
            .map(|c| {
                if self.clean && c.is_whitespace() {
                    ' '
                } else {
                    c
                }
            })
            .flat_map(|c| match self.chinese && is_chinese(c) {
                true => [Some(' '), Some(c), Some(' ')],
                false => [Some(c), None, None],
            })
            .flatten()
            .collect();
        let plain = if self.accents {
            spaced.nfd().filter(|c| !c.is_mark_nonspacing()).collect()
        } else {
            spaced
        };
        for c in plain.chars() {
            if self.lowercase {
                c.to_lowercase().try_for_each(&mut hand)?;
            } else {
                hand(c)?;
            }
        }
        ControlFlow::Continue(())
    }
}

/// Takes a character into the word, or ends the word at it.
fn add<B>(
    c: char,
    word: &mut String,
    hand: &mut impl FnMut(&str) -> ControlFlow<B>,
) -> ControlFlow<B> {
    if c.is_whitespace() {
        return flush(word, hand);
    }
    if c.is_ascii_punctuation() || (!c.is_ascii() && c.is_punctuation()) {
        flush(word, hand)?;
        return hand(c.encode_utf8(&mut [0; 4]));
    }
    word.push(c);
    ControlFlow::Continue(())
}

fn flush<B>(word: &mut String, hand: &mut impl FnMut(&str) -> ControlFlow<B>) -> ControlFlow<B> {
    if word.is_empty() {
        return ControlFlow::Continue(());
    }
    let flow = hand(word);
    word.clear();
    flow
}

/// Control and format characters, private use, and the mark of what could not be decoded.
fn is_noise(c: char) -> bool {
    c == '\0' || c == '\u{fffd}' || c.is_other()
}

/// A character of Chinese writing, which is a word of its own: the blocks BERT lists. The one
/// that begins at 2B820 begins at 2B920 in the tokenizers crate, whose ids are the measure.
fn is_chinese(c: char) -> bool {
    matches!(
        u32::from(c),
        0x4e00..=0x9fff
            | 0x3400..=0x4dbf
            | 0x20000..=0x2a6df
            | 0x2a700..=0x2b73f
            | 0x2b740..=0x2b81f
            | 0x2b920..=0x2ceaf
            | 0xf900..=0xfaff
            | 0x2f800..=0x2fa1f
    )
}
