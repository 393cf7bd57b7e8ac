//! Source files: what is said in their comments is text, the marks around it are not.

use gori_core::{Hit, Value, field};

/// How a language marks its comments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// `//`, `///`, `//!`, and ` * ` within `/** ... */`.
    Slashes,
    /// `#`.
    Hash,
    /// `--`.
    Dashes,
}

impl Style {
    /// The style of the file that a hit is from; none where it is no source file.
    pub(super) fn of(hit: &Hit) -> Option<Self> {
        let source = hit.metadata.get(field::SOURCE).and_then(Value::as_str)?;
        let name = source.rsplit(['/', '\\']).next()?;
        let extension = name
            .rsplit_once('.')
            .map_or(name, |(_, extension)| extension);
        match extension.to_ascii_lowercase().as_str() {
            "rs" | "c" | "h" | "cc" | "cpp" | "hpp" | "cs" | "java" | "kt" | "scala" | "swift"
            | "go" | "js" | "jsx" | "mjs" | "ts" | "tsx" | "php" | "proto" | "dart" | "zig" => {
                Some(Self::Slashes)
            }
            "py" | "sh" | "bash" | "rb" | "pl" | "r" | "toml" | "yaml" | "yml" | "service"
            | "socket" | "target" | "timer" | "conf" | "cfg" | "mk" | "makefile" | "dockerfile"
            | "nix" => Some(Self::Hash),
            "sql" | "lua" | "hs" | "ada" => Some(Self::Dashes),
            _ => None,
        }
    }

    /// The bytes of the mark that a line without its indent begins with; none where it is code.
    fn mark(self, line: &str) -> Option<usize> {
        let run = |c: u8| line.bytes().take_while(|byte| *byte == c).count();
        match self {
            Self::Slashes if line.starts_with("//") => {
                let slashes = run(b'/');
                let inner = line.as_bytes().get(slashes) == Some(&b'!');
                Some(slashes + usize::from(inner))
            }
            Self::Slashes if line.starts_with("/*") => Some(
                1 + line
                    .bytes()
                    .skip(1)
                    .take_while(|byte| *byte == b'*')
                    .count(),
            ),
            // A star within a comment stands apart; one that stands close takes a reference.
            Self::Slashes if line.starts_with('*') => {
                let apart = line
                    .as_bytes()
                    .get(1)
                    .is_none_or(|next| b" \t\r\n/".contains(next));
                apart.then_some(1)
            }
            // `#!` is a command line, `#[` would be Rust.
            Self::Hash if line.starts_with('#') && !line.starts_with("#!") => Some(run(b'#')),
            Self::Dashes if line.starts_with("--") => Some(run(b'-')),
            _ => None,
        }
    }
}

/// The text with its comment marks turned into blanks, so that every offset stays, and for each
/// line whether it is a comment.
pub(super) fn unmarked(text: &str, style: Style) -> (String, Vec<bool>) {
    let (mut plain, mut comments) = (String::with_capacity(text.len()), Vec::new());
    for line in text.split_inclusive('\n') {
        let bare = line.trim_start_matches([' ', '\t']);
        let mark = style.mark(bare);
        comments.push(mark.is_some());
        let Some((mark, rest)) = mark.and_then(|mark| bare.split_at_checked(mark)) else {
            plain.push_str(line);
            continue;
        };
        let blanks = line.len() - bare.len() + mark.len();
        plain.extend(std::iter::repeat_n(' ', blanks));
        let close = rest.trim_end().strip_suffix("*/").or_else(|| {
            // The star was the mark: ` */`.
            (mark == "*" && rest.trim_end() == "/").then_some("")
        });
        match close {
            Some(words) if style == Style::Slashes => {
                plain.push_str(words);
                let close = rest.get(words.len()..).unwrap_or_default();
                plain.extend(
                    close
                        .chars()
                        .map(|c| if matches!(c, '*' | '/') { ' ' } else { c }),
                );
            }
            _ => plain.push_str(rest),
        }
    }
    (plain, comments)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str, style: Style) -> Vec<String> {
        let (plain, comments) = unmarked(text, style);
        assert_eq!(plain.len(), text.len());
        let lines = plain.lines().zip(comments).filter(|line| line.1);
        lines
            .map(|line| line.0.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect()
    }

    #[test]
    fn marks_are_blanks_and_code_stays() {
        let text = "//! A log.\n/// Synced.\n  // see a/b\n/**\n * Doc.\n * More. */\n*pointer = 3;\nlet a = 1; // no\n";
        assert_eq!(
            words(text, Style::Slashes),
            ["A log.", "Synced.", "see a/b", "", "Doc.", "More."]
        );
        assert_eq!(
            words("#!/bin/sh\n# one\n## two\nx=1 # no\n", Style::Hash),
            ["one", "two"]
        );
        assert_eq!(words("-- one\nselect 1;\n", Style::Dashes), ["one"]);
        assert_eq!(
            words("/// see src/\n /* a */\n*/\n", Style::Slashes),
            ["see src/", "a", ""]
        );
    }

    proptest! {
        #[test]
        fn offsets_and_letters_stay(text in "([a-z가 /*#!\\-\\n]){0,80}", which in 0..3_usize) {
            let style = [Style::Slashes, Style::Hash, Style::Dashes][which];
            let (plain, comments) = unmarked(&text, style);
            prop_assert_eq!(plain.len(), text.len());
            prop_assert_eq!(comments.len(), text.split_inclusive('\n').count());
            for ((at, before), (same, after)) in text.char_indices().zip(plain.char_indices()) {
                prop_assert_eq!(at, same);
                prop_assert!(before == after || after == ' ' && "/*#!-".contains(before) || after == ' ' && before == '\t');
            }
        }
    }
}
