//! Whether a text contains an expected answer, as question-answering sets are scored.

use unicode_segmentation::UnicodeSegmentation as _;

/// Whether `text` contains `answer`, word for word once both are normalised as the SQuAD
/// evaluation script does: lower case, no punctuation (here a space takes its place, so that a
/// part of a hyphenated word is found), no English articles.
///
/// Words count as wholes, so that `9` is not found in `1990`; in scripts that put no spaces
/// between words, or glue particles to them, each character is a word. An answer of which
/// nothing is left is contained in nothing.
///
/// ```
/// use gori_models::extract::contains_answer;
///
/// assert!(contains_answer("It fell to the U.S. Army in 1990.", "the U.S. army"));
/// assert!(!contains_answer("It fell in 1990.", "9"));
/// assert!(contains_answer("他有24次拦截。", "24"));
/// ```
pub fn contains_answer(text: &str, answer: &str) -> bool {
    let answer = words(answer);
    !answer.is_empty()
        && words(text)
            .windows(answer.len())
            .any(|window| window == answer)
}

/// The words of a text in lower case, without punctuation and articles.
fn words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let mut plain = String::with_capacity(lower.len());
    for cluster in lower.graphemes(true) {
        match cluster.chars().next() {
            Some(first) if is_unspaced(first) => plain.extend([" ", cluster, " "]),
            Some(first) if first.is_alphanumeric() => plain.push_str(cluster),
            _ => plain.push(' '),
        }
    }
    plain
        .split_whitespace()
        .filter(|word| !matches!(*word, "a" | "an" | "the"))
        .map(str::to_owned)
        .collect()
}

/// Whether a character is of a script whose words are not told apart by spaces, or, like
/// Korean, glues particles to them: Hiragana, Katakana, Han, Hangul.
pub(super) fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{1100}'..='\u{11FF}' | '\u{3040}'..='\u{30FF}' | '\u{3130}'..='\u{318F}'
        | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7A3}'
        | '\u{F900}'..='\u{FAFF}' | '\u{FF66}'..='\u{FF9D}' | '\u{20000}'..='\u{3FFFF}')
}
