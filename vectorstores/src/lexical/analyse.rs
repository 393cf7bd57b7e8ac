//! How a text becomes terms.
//!
//! A text is brought to Unicode's form NFKC, so that the two spellings of a Korean syllable or
//! of a full-width digit are one. Words are those of UAX #29, in lower case, cut to their stems.
//! A name made of several words counts as itself and as each of them: `LocalStore` is found by
//! `local store`, `fault_fs` by `fault`.
//!
//! Chinese and Japanese put no spaces between words, Korean glues particles to them. There every
//! pair of neighbouring characters is a term, and in a text each character too, so that a
//! question of one character finds it.

use std::borrow::Cow;
use std::collections::HashMap;

use gori_core::{Point, Value, field};
use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfkc_quick};
use unicode_segmentation::UnicodeSegmentation as _;

use super::identifier::parts;
use super::language::{Language, Stems};

/// The version of the rules of this module. Another one makes stored indexes anew.
const VERSION: u32 = 1;

/// A word longer than this many bytes is cut: it is no word.
const LONGEST: usize = 64;

/// The most different terms of a question that are looked at.
const MOST: usize = 1024;

/// Turns texts into the terms by which they are found.
///
/// ```
/// use gori_vectorstores::lexical::{Analyzer, Language};
///
/// let english = Analyzer::default();
/// assert_eq!(english.terms("The LocalStore's keys"), ["the", "localstor", "local", "store", "key"]);
/// assert_eq!(english.terms("고리는"), ["고리", "리는", "고", "리", "는"]);
/// assert_eq!(Analyzer::new(Language::German).terms("Häuser"), ["haus"]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Analyzer {
    language: Language,
    stems: Stems,
}

impl Default for Analyzer {
    fn default() -> Self {
        Self::new(Language::default())
    }
}

/// Which side of a search a text is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Text,
    Question,
}

impl Analyzer {
    /// With the stems of this language for words in Latin letters.
    pub fn new(language: Language) -> Self {
        Self {
            language,
            stems: Stems::of(language),
        }
    }

    /// Names the rules: a stored index is made anew when they change.
    pub fn id(&self) -> String {
        let (code, stems) = (self.language.code(), self.stems.fingerprint());
        format!("words {VERSION} {code} {stems:08x}")
    }

    /// The terms of a text, in order.
    pub fn terms(&self, text: &str) -> Vec<String> {
        self.collect(text, Side::Text)
    }

    /// The terms of a question, in order.
    pub fn question_terms(&self, question: &str) -> Vec<String> {
        self.collect(question, Side::Question)
    }

    fn collect(&self, text: &str, side: Side) -> Vec<String> {
        let mut terms = Vec::new();
        self.each(text, side, &mut |term| terms.push(term.to_owned()));
        terms
    }

    /// The different terms of a question, sorted, with how often each occurs.
    pub(crate) fn question(&self, question: &str) -> Vec<(String, u32)> {
        let mut counts = HashMap::<String, u32>::new();
        self.each(question, Side::Question, &mut |term| {
            if let Some(count) = counts.get_mut(term) {
                *count += 1;
            } else if counts.len() < MOST {
                counts.insert(term.to_owned(), 1);
            }
        });
        let mut terms: Vec<_> = counts.into_iter().collect();
        terms.sort_unstable();
        terms
    }

    /// Gives the terms of a point: those of the heading above it and of its text.
    pub(crate) fn each_of(&self, point: &Point, each: &mut impl FnMut(&str)) {
        if let Some(heading) = point.metadata.get(field::HEADING).and_then(Value::as_str) {
            self.each(heading, Side::Text, each);
        }
        self.each(&point.text, Side::Text, each);
    }

    fn each(&self, text: &str, side: Side, each: &mut impl FnMut(&str)) {
        let text = match is_nfkc_quick(text.chars()) {
            IsNormalized::Yes => Cow::Borrowed(text),
            _ => Cow::Owned(text.nfkc().collect()),
        };
        let mut rest = &*text;
        while let Some(first) = rest.chars().next() {
            let unspaced = is_unspaced(first);
            let end = rest.find(|c| is_unspaced(c) != unspaced);
            let (run, behind) = rest
                .split_at_checked(end.unwrap_or(rest.len()))
                .unwrap_or((rest, ""));
            if unspaced {
                characters(run, side, each);
            } else {
                run.unicode_words().for_each(|word| self.word(word, each));
            }
            rest = behind;
        }
    }

    fn word(&self, word: &str, each: &mut impl FnMut(&str)) {
        let word = word.replace('\u{2019}', "'");
        let parts = parts(&word);
        let joined: String = if parts.is_empty() {
            word.clone()
        } else {
            parts.concat()
        };
        for word in std::iter::once(joined.as_str()).chain(parts) {
            let lower = word.to_lowercase();
            self.stems.stem(cut(&lower), each);
        }
    }
}

/// Gives the pairs of neighbouring characters; of a text, and of a run of one, each too.
fn characters(run: &str, side: Side, each: &mut impl FnMut(&str)) {
    let ends: Vec<usize> = run
        .char_indices()
        .map(|(at, c)| at + c.len_utf8())
        .collect();
    let starts = || std::iter::once(0).chain(ends.iter().copied());
    for (start, end) in starts().zip(ends.iter().skip(1)) {
        each(run.get(start..*end).unwrap_or_default());
    }
    if side == Side::Text || ends.len() == 1 {
        for (start, end) in starts().zip(&ends) {
            each(run.get(start..*end).unwrap_or_default());
        }
    }
}

/// The first bytes of a word that is no word.
fn cut(word: &str) -> &str {
    let end = (0..=LONGEST.min(word.len()))
        .rev()
        .find(|at| word.is_char_boundary(*at));
    word.get(..end.unwrap_or(0)).unwrap_or_default()
}

/// Whether a character is of a script whose words are not told apart by spaces, or, like
/// Korean, glues particles to them: Hiragana, Katakana, Han, Hangul. After NFKC there are no
/// half-width and no compatibility forms.
fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{1100}'..='\u{11FF}' | '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{4DBF}'
        | '\u{4E00}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7A3}' | '\u{F900}'..='\u{FAFF}'
        | '\u{3005}'..='\u{3007}' | '\u{20000}'..='\u{3FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn forms_of_a_word_and_spellings_of_a_character_are_one_term() {
        let analyzer = Analyzer::default();
        let same = |a: &str, b: &str| {
            let (a, b) = (analyzer.terms(a), analyzer.terms(b));
            assert!(!a.is_empty());
            assert_eq!(a, b);
        };
        same(
            "rotating Keys",
            "rotates the key".replace("the ", "").as_str(),
        );
        same("U.S. Army", "u.s army");
        same("Ｆｕｌｌ１２", "full12");
        same("caf\u{e9}", "cafe\u{301}");
        same("고리", "\u{1100}\u{1169}\u{1105}\u{1175}");
        same("don\u{2019}t", "don't");
        assert!(analyzer.terms(" … — !").is_empty());
    }

    #[test]
    fn a_question_of_one_character_finds_the_texts_that_hold_it() {
        let analyzer = Analyzer::default();
        assert_eq!(analyzer.question_terms("水"), ["水"]);
        assert!(analyzer.terms("水は流れる").contains(&"水".to_owned()));
        assert_eq!(analyzer.question_terms("流れる"), ["流れ", "れる"]);
    }

    #[test]
    fn what_is_no_word_is_cut_and_time_stays_linear() {
        let analyzer = Analyzer::default();
        for run in ["a", "A", "aB", "字", "_", "a.", "'", "a'", "é", "\u{301}"] {
            let start = std::time::Instant::now();
            let terms = analyzer.terms(&run.repeat(300_000 / run.len()));
            assert!(terms.iter().all(|term| term.len() <= LONGEST), "{run}");
            assert!(
                start.elapsed().as_secs() < 20,
                "{run}: {:?}",
                start.elapsed()
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn any_text_has_terms_and_no_empty_one(text in "([a-zA-Z0-9가字.'_:’é́ж]|\\PC){0,60}", language in 0..6_usize) {
            let languages = [Language::English, Language::German, Language::French, Language::Turkish, Language::Finnish, Language::None];
            let analyzer = Analyzer::new(languages[language]);
            let terms = analyzer.terms(&text);
            prop_assert!(terms.iter().all(|term| !term.is_empty()));
            let question = analyzer.question_terms(&text);
            prop_assert!(question.iter().all(|term| terms.contains(term)), "a text is found by itself");
            let letters = text.chars().any(|c| c.is_ascii_alphanumeric());
            prop_assert!(!letters || !terms.is_empty());
        }
    }
}
