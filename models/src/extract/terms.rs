//! The terms by which a question and a sentence are seen to speak of the same thing.

use super::containment::is_unspaced;

/// Words that agree in their first characters count as one: `surrender`, `surrendered`. This is
/// a stemmer that knows no language.
const PREFIX: usize = 6;

/// The terms of a text: words in lower case, cut to a prefix, and pairs of neighbouring
/// characters in scripts without spaces.
pub(super) fn terms(text: &str) -> Vec<String> {
    let mut terms = Vec::new();
    let mut word = String::new();
    let mut previous = None;
    let mut paired = false;
    for c in text.chars().flat_map(char::to_lowercase).chain([' ']) {
        if is_unspaced(c) {
            if let Some(before) = previous.replace(c) {
                terms.push([before, c].iter().collect());
                paired = true;
            }
        } else if let Some(alone) = previous.take() {
            if !paired {
                terms.push(String::from(alone));
            }
            paired = false;
        }
        if c.is_alphanumeric() && !is_unspaced(c) {
            word.push(c);
        } else if !word.is_empty() {
            terms.push(word.chars().take(PREFIX).collect());
            word.clear();
        }
    }
    terms
}

#[cfg(test)]
mod tests {
    use super::terms;

    #[test]
    fn words_are_cut_to_a_prefix_and_unspaced_scripts_paired() {
        assert_eq!(terms("Surrendered, v2!"), ["surren", "v2"]);
        assert_eq!(terms("고리는 A1 字"), ["고리", "리는", "a1", "字"]);
        assert_eq!(terms("2024年5月"), ["2024", "年", "5", "月"]);
        assert!(terms(" … ").is_empty());
    }
}
