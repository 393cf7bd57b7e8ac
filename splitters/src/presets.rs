//! Separators for the common kinds of text.

use crate::{Language, Separator, Separators};

type Rank = &'static [Separator<'static>];

const fn before(text: &'static str) -> Separator<'static> {
    Separator::before(text)
}

const fn behind(text: &'static str) -> Separator<'static> {
    Separator::behind(text)
}

const PARAGRAPHS: Rank = &[before("\n\n"), before("\r\n\r\n"), before("\n\r\n")];
const LINES: Rank = &[before("\n"), before("\r")];
const BLANKS: Rank = &[before(" "), before("\t"), before("\u{3000}")];

const BLANK_LINE: Rank = &[before("\n\n")];
const NEWLINE: Rank = &[before("\n")];
const WORD: Rank = &[before(" ")];

/// Ends of sentences: with a blank where the mark has other uses, without one where it has not.
const SENTENCES: Rank = &[
    behind(". "),
    behind("! "),
    behind("? "),
    behind(".\" "),
    behind("?\" "),
    behind("!\" "),
    behind(".) "),
    behind("。"),
    behind("！"),
    behind("？"),
    behind("。」"),
    behind("！」"),
    behind("？」"),
    behind("。”"),
    behind("！”"),
    behind("？”"),
    behind("．"),
    behind("। "),
    behind("؟ "),
];
const CLAUSES: Rank = &[
    behind("; "),
    behind(": "),
    behind(", "),
    behind("，"),
    behind("、"),
    behind("；"),
    behind("："),
];

/// The end of an item at the margin, with the comments and attributes of the next one behind.
const BRACES: Rank = &[
    behind("\n}\n"),
    behind("\n}\r\n"),
    behind("\n};\n"),
    behind("\n};\r\n"),
    behind("\n)\n"),
];
const INNER_BRACES: Rank = &[
    behind("\n    }\n"),
    behind("\n  }\n"),
    behind("\n\t}\n"),
    behind("\n    }\r\n"),
    behind("\n  }\r\n"),
    behind("\n\t}\r\n"),
];
const PYTHON: Rank = &[
    before("\nclass "),
    before("\ndef "),
    before("\nasync def "),
    before("\n@"),
    before("\nif __name__"),
];
const INNER_PYTHON: Rank = &[
    before("\n    def "),
    before("\n    async def "),
    before("\n    @"),
    before("\n    class "),
    before("\n\tdef "),
];
const SHELL: Rank = &[behind("\n}\n"), behind("\n}\r\n"), before("\nfunction ")];
const RUBY: Rank = &[behind("\nend\n"), before("\nclass "), before("\nmodule ")];
const INNER_RUBY: Rank = &[behind("\n  end\n"), behind("\n    end\n")];
const LUA: Rank = &[
    behind("\nend\n"),
    before("\nlocal function "),
    before("\nfunction "),
];
const SQL: Rank = &[behind(";\n"), behind(";\r\n")];

const HEADINGS: Rank = &[
    before("<h1"),
    before("<h2"),
    before("<h3"),
    before("<h4"),
    before("<section"),
    before("<article"),
    before("<H1"),
    before("<H2"),
    before("<H3"),
];
const ELEMENTS: Rank = &[
    behind("</p>"),
    behind("</table>"),
    behind("</ul>"),
    behind("</ol>"),
    behind("</pre>"),
    behind("</div>"),
    behind("</P>"),
    behind("</UL>"),
];
const INNER_ELEMENTS: Rank = &[
    behind("</li>"),
    behind("</tr>"),
    behind("<br>"),
    behind("</dd>"),
];

const BREAKS: Rank = &[
    behind("<br>"),
    behind("<br/>"),
    behind("<br />"),
    behind("<BR>"),
];
const ESCAPED_PARAGRAPHS: Rank = &[behind("\\n\\n"), behind("\\r\\n\\r\\n")];
const ESCAPED_LINES: Rank = &[behind("\\n")];

impl Separators {
    /// Paragraphs, lines, words: what LangChain takes when nothing is said.
    pub fn plain() -> Self {
        Self::preset(&[BLANK_LINE, NEWLINE, WORD])
    }

    /// Paragraphs, lines, sentences, clauses, words, for any script; also with CR LF or CR
    /// at the ends of lines.
    pub fn prose() -> Self {
        Self::preset(&[PARAGRAPHS, LINES, SENTENCES, CLAUSES, BLANKS])
    }

    /// Headings, elements, then as in prose.
    pub fn html() -> Self {
        Self::preset(&[
            HEADINGS,
            ELEMENTS,
            INNER_ELEMENTS,
            PARAGRAPHS,
            LINES,
            SENTENCES,
            BLANKS,
        ])
    }

    /// Items at the margin, items within, blank lines, lines, words.
    pub fn code(language: Language) -> Self {
        let (outer, inner) = match language {
            Language::Python => (PYTHON, INNER_PYTHON),
            Language::Shell => (SHELL, INNER_BRACES),
            Language::Ruby => (RUBY, INNER_RUBY),
            Language::Lua => (LUA, INNER_RUBY),
            Language::Sql => (SQL, INNER_BRACES),
            Language::Rust
            | Language::C
            | Language::Cpp
            | Language::CSharp
            | Language::Java
            | Language::Kotlin
            | Language::Scala
            | Language::Swift
            | Language::Go
            | Language::JavaScript
            | Language::TypeScript
            | Language::Php => (BRACES, INNER_BRACES),
        };
        Self::preset(&[outer, inner, PARAGRAPHS, LINES, BLANKS])
    }

    /// Between paragraphs alone.
    pub(crate) fn paragraphs() -> Self {
        Self::preset(&[PARAGRAPHS])
    }

    /// The inside of a sentence: lines, clauses, words.
    pub(crate) fn clauses() -> Self {
        Self::preset(&[LINES, CLAUSES, BLANKS])
    }

    /// The inside of a string of JSON, whose line breaks are written as escapes.
    pub(crate) fn escaped() -> Self {
        Self::preset(&[
            ESCAPED_PARAGRAPHS,
            ESCAPED_LINES,
            SENTENCES,
            CLAUSES,
            BLANKS,
        ])
    }

    /// The inside of a block of HTML.
    pub(crate) fn inline_html() -> Self {
        Self::preset(&[BREAKS, PARAGRAPHS, LINES, SENTENCES, CLAUSES, BLANKS])
    }

    /// The inside of a fenced block or a table: blank lines, lines, words.
    pub(crate) fn verbatim() -> Self {
        Self::preset(&[PARAGRAPHS, LINES, BLANKS])
    }

    /// The ranks of this file, which a test builds one by one; should one ever not build, the
    /// text is cut between its characters, which keeps every law.
    fn preset(ranks: &[Rank]) -> Self {
        let ranks = ranks.iter().map(|rank| rank.iter().copied());
        Self::new(ranks).unwrap_or_else(|_| Self::none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_has_all_its_ranks() {
        assert_eq!(Separators::plain().levels.len(), 3);
        assert_eq!(Separators::prose().levels.len(), 5);
        assert_eq!(Separators::html().levels.len(), 7);
        assert_eq!(Separators::verbatim().levels.len(), 3);
        assert_eq!(Separators::paragraphs().levels.len(), 1);
        assert_eq!(Separators::clauses().levels.len(), 3);
        assert_eq!(Separators::escaped().levels.len(), 5);
        assert_eq!(Separators::inline_html().levels.len(), 6);
        for language in Language::ALL {
            assert_eq!(Separators::code(*language).levels.len(), 5, "{language:?}");
        }
    }
}
