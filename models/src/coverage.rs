//! Which scripts a vocabulary was made for.
//!
//! An English model turns a Korean question into loose letters or unknowns and gives it a vector
//! all the same, near to nothing that matters. Whoever mixes such a search with another needs to
//! know. A vocabulary shows it: one made for a language holds hundreds of its word pieces, one
//! that was not holds the odd letter (BERT's English one: 27,000 Latin pieces, 488 Chinese
//! characters, 86 Cyrillic pieces, 70 Korean letters).

use std::collections::{BTreeMap, BTreeSet};

/// Pieces that show a script was trained on, or a hundredth of a vocabulary that is smaller.
const ENOUGH: usize = 300;
/// The same for Chinese characters, of which readers need thousands; or a tenth.
const ENOUGH_HAN: usize = 2000;

/// The scripts of a vocabulary.
#[derive(Clone, Debug)]
pub(crate) struct Coverage(BTreeSet<Script>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Script {
    Latin,
    Greek,
    Cyrillic,
    Arabic,
    Hangul,
    Kana,
    Han,
    /// Most other scripts fill one block of 128 characters: its number.
    Block(u32),
}

impl Script {
    /// The script of a letter; digits, signs and marks belong to all.
    fn of(c: char) -> Option<Self> {
        if !c.is_alphabetic() {
            return None;
        }
        Some(match u32::from(c) {
            0..=0x2af | 0x1e00..=0x1eff | 0x2c60..=0x2c7f | 0xa720..=0xa7ff | 0xff21..=0xff5a => {
                Self::Latin
            }
            0x370..=0x3ff | 0x1f00..=0x1fff => Self::Greek,
            0x400..=0x52f | 0x1c80..=0x1c8f | 0x2de0..=0x2dff | 0xa640..=0xa69f => Self::Cyrillic,
            0x600..=0x6ff | 0x750..=0x77f | 0x8a0..=0x8ff | 0xfb50..=0xfdff | 0xfe70..=0xfeff => {
                Self::Arabic
            }
            0x1100..=0x11ff | 0x3130..=0x318f | 0xa960..=0xa97f | 0xac00..=0xd7ff => Self::Hangul,
            0x3040..=0x30ff | 0x31f0..=0x31ff | 0xff66..=0xff9f => Self::Kana,
            0x2e80..=0x2fdf | 0x3005..=0x3007 | 0x3400..=0x9fff | 0xf900..=0xfaff => Self::Han,
            0x20000..=0x3ffff => Self::Han,
            other => Self::Block(other >> 7),
        })
    }
}

impl Coverage {
    /// The scripts that a vocabulary holds enough pieces of.
    pub(crate) fn of<'v>(vocabulary: impl Iterator<Item = &'v str>) -> Self {
        let mut pieces = BTreeMap::<Script, usize>::new();
        let mut size = 0;
        for piece in vocabulary {
            size += 1;
            if let Some(script) = piece.chars().find_map(Script::of) {
                *pieces.entry(script).or_default() += 1;
            }
        }
        let enough = |script| match script {
            Script::Han => ENOUGH_HAN.min(size / 10),
            _ => ENOUGH.min(size / 100),
        };
        Self(
            (pieces.into_iter())
                .filter(|(script, count)| *count >= enough(*script).max(1))
                .map(|(script, _)| script)
                .collect(),
        )
    }

    /// The share of a text's letters that are in one of the scripts; 1 when it has no letters.
    pub(crate) fn share(&self, text: &str) -> f32 {
        let (mut letters, mut covered) = (0_u32, 0_u32);
        for script in text.chars().filter_map(Script::of) {
            letters += 1;
            covered += u32::from(self.0.contains(&script));
        }
        if letters == 0 {
            1.0
        } else {
            covered as f32 / letters as f32
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The proportions of BERT's English vocabulary.
    fn english() -> Coverage {
        let han = ('\u{4e00}'..).take(488);
        let hangul = ('\u{1100}'..).take(70);
        let mut words: Vec<String> = han.chain(hangul).map(String::from).collect();
        words.extend((0..27_000).map(|i| format!("##word{i}")));
        Coverage::of(words.iter().map(String::as_str))
    }

    #[test]
    fn an_english_vocabulary_covers_english_alone() {
        let english = english();
        for (text, share) in [
            ("Where is the key?", 1.0),
            ("naïve café", 1.0),
            ("열쇠는 어디에 있습니까?", 0.0),
            ("钥匙在哪里", 0.0),
            ("ключ", 0.0),
            ("key 钥匙", 0.6),
            ("12 + 30 = 42 🙂", 1.0),
            ("", 1.0),
        ] {
            assert_eq!(english.share(text), share, "{text}");
        }
    }

    #[test]
    fn a_chinese_vocabulary_covers_chinese() {
        let words: Vec<String> = ('\u{4e00}'..).take(7_000).map(String::from).collect();
        let chinese = Coverage::of(words.iter().map(String::as_str));
        assert_eq!(chinese.share("钥匙在哪里"), 1.0);
        assert_eq!(chinese.share("열쇠"), 0.0);
    }
}
