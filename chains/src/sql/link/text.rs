//! A question as words.

use std::collections::BTreeSet;

use crate::sql::profile::words;

/// Words that carry no meaning for a database.
const STOP: &[&str] = &[
    "a", "an", "the", "of", "for", "in", "on", "at", "to", "from", "by", "with", "and", "or", "is",
    "are", "was", "were", "be", "been", "do", "does", "did", "has", "have", "had", "how", "many",
    "much", "what", "which", "who", "whom", "whose", "when", "where", "why", "that", "this",
    "these", "those", "there", "it", "its", "their", "them", "they", "we", "our", "us", "i", "me",
    "my", "you", "your", "all", "any", "each", "every", "per", "show", "list", "give", "find",
    "tell", "get", "me", "please", "than", "then", "as", "not", "no", "more", "most", "less",
    "least", "many", "some", "only", "also", "ever", "never", "same", "other", "between", "into",
    "over", "under", "up", "out", "about", "can", "could", "should", "would", "will", "them", "he",
    "she", "his", "her", "one", "two", "three", "five", "ten", "first", "last",
];

/// One word of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// As it was written.
    pub(super) shown: String,
    /// Its stem, in lower case.
    pub(super) stem: String,
    /// Whether it carries no meaning by itself.
    pub(super) stop: bool,
    /// Whether it stands in quotes.
    pub(super) quoted: bool,
}

/// A question as words.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) words: Vec<Word>,
    pub(super) stems: BTreeSet<String>,
}

impl Question {
    pub(super) fn new(text: &str) -> Self {
        let mut all = Vec::new();
        let mut quoted = false;
        let mut word = String::new();
        let chars: Vec<char> = text.chars().collect();
        for (at, &c) in chars.iter().enumerate() {
            let next = chars.get(at + 1).copied().unwrap_or(' ');
            let before = at
                .checked_sub(1)
                .and_then(|at| chars.get(at))
                .copied()
                .unwrap_or(' ');
            // An apostrophe inside a word belongs to it; a full stop or a hyphen between letters too.
            let inner = matches!(c, '\'' | '’' | '.' | '-' | '&' | '/')
                && before.is_alphanumeric()
                && next.is_alphanumeric();
            if c.is_alphanumeric() || c == '_' || inner {
                word.push(c);
                continue;
            }
            push(&mut all, &mut word, quoted);
            let opens =
                matches!(c, '"' | '“' | '”') || (c == '\'' && (quoted || before.is_whitespace()));
            if opens {
                quoted = !quoted;
            }
        }
        push(&mut all, &mut word, quoted);
        let stems = all
            .iter()
            .filter(|w| !w.stop)
            .map(|w| w.stem.clone())
            .collect();
        Self { words: all, stems }
    }

    /// Whether the words of a phrase stand in the question one behind the other.
    pub(super) fn names(&self, phrase: &str) -> bool {
        let wanted: Vec<String> = words(phrase).iter().map(|word| stem(word)).collect();
        !wanted.is_empty()
            && self.words.windows(wanted.len()).any(|window| {
                window
                    .iter()
                    .zip(&wanted)
                    .all(|(word, stem)| word.stem == *stem)
            })
    }
}

fn push(all: &mut Vec<Word>, word: &mut String, quoted: bool) {
    if word.is_empty() {
        return;
    }
    let shown = std::mem::take(word);
    let lower = shown.to_lowercase();
    let lower = lower
        .strip_suffix("'s")
        .or_else(|| lower.strip_suffix("’s"))
        .unwrap_or(&lower);
    let stop = !quoted && STOP.contains(&lower);
    all.push(Word {
        stem: stem(lower),
        shown,
        stop,
        quoted,
    });
}

/// The word without the endings of number and of the commonest verb forms. Both sides of a
/// comparison go through it, so it need not give words.
pub(super) fn stem(word: &str) -> String {
    let word = word.to_lowercase();
    let cut = |ending: &str, least: usize| {
        word.strip_suffix(ending)
            .filter(|rest| rest.chars().count() >= least)
    };
    if let Some(rest) = cut("ies", 3) {
        return format!("{rest}y");
    }
    let word = cut("sses", 2)
        .map(|rest| format!("{rest}ss"))
        .or_else(|| {
            let es = cut("es", 3).filter(|rest| {
                rest.ends_with(['x', 'z']) || rest.ends_with("ch") || rest.ends_with("sh")
            });
            es.or_else(|| cut("s", 3).filter(|rest| !rest.ends_with('s') && !rest.ends_with("u")))
                .map(str::to_owned)
        })
        .unwrap_or_else(|| word.clone());
    let rest = ["ing", "ed"].iter().find_map(|ending| {
        word.strip_suffix(ending)
            .filter(|rest| rest.chars().count() >= 4)
    });
    let word = rest
        .or_else(|| {
            word.strip_suffix('e')
                .filter(|rest| rest.chars().count() >= 4)
        })
        .unwrap_or(&word);
    // `cancelled` and `canceled`, `shipping` and `ship`.
    let mut ends = word.chars().rev();
    match (ends.next(), ends.next()) {
        (Some(a), Some(b)) if a == b && a != 's' && !"aeiou".contains(a) => {
            ends.rev().chain([b]).collect()
        }
        _ => word.to_owned(),
    }
}

/// The share of the words of one question that another has too.
pub(crate) fn overlap(a: &str, b: &str) -> f64 {
    let (a, b) = (Question::new(a).stems, Question::new(b).stems);
    let both = a.intersection(&b).count();
    let all = a.union(&b).count();
    #[expect(clippy::cast_precision_loss, reason = "a share of few words")]
    if all == 0 {
        0.0
    } else {
        both as f64 / all as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_word_have_one_stem() {
        for forms in [
            &["invoice", "invoices"][..],
            &["country", "countries"],
            &["cancel", "canceled", "cancelled"],
            &["box", "boxes"],
            &["ship", "shipping"],
            &["class", "classes"],
        ] {
            let stems: BTreeSet<String> = forms.iter().map(|word| stem(word)).collect();
            assert_eq!(stems.len(), 1, "{forms:?} {stems:?}");
        }
    }

    #[test]
    fn quotes_and_apostrophes_are_read() {
        let question = Question::new("What is AC/DC's track \"Night Ferry\" in t_ord?");
        let shown: Vec<_> = question
            .words
            .iter()
            .map(|w| (w.shown.as_str(), w.quoted))
            .collect();
        assert_eq!(
            shown,
            [
                ("What", false),
                ("is", false),
                ("AC/DC's", false),
                ("track", false),
                ("Night", true),
                ("Ferry", true),
                ("in", false),
                ("t_ord", false)
            ]
        );
        assert!(question.names("night ferry") && !question.names("ferry night"));
    }
}
