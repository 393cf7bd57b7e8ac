//! The words within a word: those of `LocalStore`, `fault_fs`, `log.rs` and `U.S.`.

/// Gives the parts of a word, in order: cut at underscores, at dots and colons that do not stand
/// between digits, behind a short elided word (`l'homme`), and where capitals begin a new word
/// (`HTTPServer`). Nothing for a word that is one part.
pub(crate) fn parts(word: &str) -> Vec<&str> {
    if word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Vec::new();
    }
    let mut cutter = Cutter {
        word,
        start: 0,
        parts: Vec::new(),
    };
    let chars: Vec<(usize, char)> = word.char_indices().collect();
    for (i, (at, c)) in chars.iter().copied().enumerate() {
        let before = i.checked_sub(1).and_then(|i| chars.get(i)).map(|x| x.1);
        let after = chars.get(i + 1).map(|x| x.1);
        let elided = c == '\'' && at - cutter.start <= 2 && after.is_some_and(char::is_alphabetic);
        if is_joint(before, c, after) || elided {
            cutter.cut(at, at + c.len_utf8());
        } else if begins_word(before, c, after) {
            cutter.cut(at, at);
        }
    }
    cutter.cut(word.len(), word.len());
    if cutter.parts.len() > 1 {
        cutter.parts
    } else {
        Vec::new()
    }
}

struct Cutter<'w> {
    word: &'w str,
    start: usize,
    parts: Vec<&'w str>,
}

impl Cutter<'_> {
    /// Ends a part at `end`; the next begins at `next`.
    fn cut(&mut self, end: usize, next: usize) {
        let part = self.word.get(self.start..end).unwrap_or_default();
        if part.chars().any(char::is_alphanumeric) {
            self.parts.push(part);
        }
        self.start = next;
    }
}

fn is_joint(before: Option<char>, c: char, after: Option<char>) -> bool {
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    c == '_' || matches!(c, '.' | ':') && !(digit(before) && digit(after))
}

fn begins_word(before: Option<char>, c: char, after: Option<char>) -> bool {
    let lower = |c: Option<char>| c.is_some_and(char::is_lowercase);
    c.is_uppercase() && (lower(before) || before.is_some_and(char::is_uppercase) && lower(after))
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn names_are_cut_where_their_words_meet() {
        for (word, want) in [
            ("LocalStore", &["Local", "Store"][..]),
            ("HTTPServer", &["HTTP", "Server"]),
            ("fault_fs", &["fault", "fs"]),
            ("create_or_open", &["create", "or", "open"]),
            ("log.rs", &["log", "rs"]),
            ("U.S", &["U", "S"]),
            ("l'homme", &["l", "homme"]),
            ("XMLHttpRequest2", &["XML", "Http", "Request2"]),
            ("store", &[]),
            ("Store", &[]),
            ("Chopin's", &[]),
            ("3.14", &[]),
            ("v1.2.3", &[]),
            ("int8", &[]),
            ("__", &[]),
            ("", &[]),
        ] {
            assert_eq!(parts(word), want, "{word}");
        }
    }
}
