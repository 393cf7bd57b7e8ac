//! Documents, and the chunks cut from them.

use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::Metadata;

/// A text with where it came from.
///
/// One source (a file, a page, a query) gives one document or several, such as one
/// a page of a PDF or one a row of a table; `part` tells them apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// The name of the source: a path, an address, a table and key. Unique within a corpus.
    pub source: Arc<str>,
    /// Which part of the source this is.
    pub part: Part,
    /// The content of the source when it was read, hashed. The same for all parts.
    pub revision: Revision,
    /// The text.
    pub text: String,
    /// What else is known: title, author, media type, columns.
    pub metadata: Metadata,
}

/// Which part of a source a document is.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// All of it.
    #[default]
    Whole,
    /// A page, counted from 1.
    Page(u32),
    /// A row or record, counted from 1.
    Row(u64),
    /// A named part: an entry of an archive, a sheet, a chapter.
    Named(String),
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Whole => Ok(()),
            Self::Page(page) => write!(f, "page {page}"),
            Self::Row(row) => write!(f, "row {row}"),
            Self::Named(name) => f.write_str(name),
        }
    }
}

/// A hash of a source's content: equal revisions mean equal content.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Revision(u128);

impl Revision {
    /// The revision of these bytes: the first 128 bits of their SHA-256.
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest as _;
        let digest = sha2::Sha256::digest(bytes);
        Self(
            digest
                .iter()
                .take(16)
                .fold(0, |hash, byte| hash << 8 | u128::from(*byte)),
        )
    }
}

impl std::fmt::Display for Revision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl std::fmt::Debug for Revision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Revision({self})")
    }
}

impl Document {
    /// A whole source with no metadata; its revision is that of the text.
    pub fn new(source: impl Into<Arc<str>>, text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            source: source.into(),
            part: Part::Whole,
            revision: Revision::of(text.as_bytes()),
            text,
            metadata: Metadata::new(),
        }
    }

    /// A stable id: source, part and revision, so that it changes with the content.
    pub fn id(&self) -> String {
        match self.part {
            Part::Whole => format!("{}@{}", self.source, self.revision),
            ref part => format!("{}#{part}@{}", self.source, self.revision),
        }
    }
}

/// A piece of a document that borrows its text.
///
/// A chunk is made from a span and gets its text from the document, so the two cannot
/// disagree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk<'d> {
    text: &'d str,
    span: Range<usize>,
    /// The headings above it, outermost first.
    pub headings: Vec<&'d str>,
    /// Where it lies in a larger structure that is no heading, such as `impl Store > fn open`.
    pub path: Option<String>,
    /// The span of the larger chunk it was cut from, where a splitter makes chunks of chunks:
    /// the small one is searched, the large one is read.
    pub parent: Option<Range<usize>>,
    /// It is above the limit because it could not be cut: one grapheme cluster, one number.
    pub oversize: bool,
}

impl<'d> Chunk<'d> {
    /// The chunk of `text` at `span`, in bytes; `None` where the span is no slice of the text.
    pub fn new(text: &'d str, span: Range<usize>) -> Option<Self> {
        Some(Self {
            text: text.get(span.clone())?,
            span,
            headings: Vec::new(),
            path: None,
            parent: None,
            oversize: false,
        })
    }

    /// The text.
    pub fn text(&self) -> &'d str {
        self.text
    }

    /// Where it lies in the document's text, in bytes.
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }
}

/// Turns byte offsets of a text into line numbers, in logarithmic time after one pass.
#[derive(Clone, Debug)]
pub struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    /// Finds the lines of a text. LF ends a line, so CRLF does too.
    pub fn of(text: &str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0).chain(ends.map(|(i, _)| i + 1)).collect();
        Self { starts }
    }

    /// The line of a byte offset, counted from 1.
    pub fn line(&self, offset: usize) -> u32 {
        let line = self.starts.partition_point(|start| *start <= offset);
        u32::try_from(line).unwrap_or(u32::MAX)
    }

    /// The first and the last line of a span, counted from 1.
    pub fn span(&self, span: &Range<usize>) -> (u32, u32) {
        let last = span.end.saturating_sub(1).max(span.start);
        (self.line(span.start), self.line(last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_is_the_text_at_its_span() {
        let text = "고리는 사슬의 한 마디다";
        let chunk = Chunk::new(text, 0..9).unwrap();
        assert_eq!((chunk.text(), chunk.span()), ("고리는", 0..9));
        assert!(Chunk::new(text, 1..9).is_none(), "cuts a character");
        assert!(Chunk::new(text, 0..999).is_none(), "beyond the end");
    }

    #[test]
    fn lines_are_counted_from_one() {
        let lines = Lines::of("a\nbc\r\n\nd");
        assert_eq!(
            [0, 1, 2, 4, 5, 6, 7].map(|i| lines.line(i)),
            [1, 1, 2, 2, 2, 3, 4]
        );
        assert_eq!(lines.span(&(0..2)), (1, 1));
        assert_eq!(lines.span(&(0..3)), (1, 2));
        assert_eq!(lines.span(&(2..2)), (2, 2));
    }

    #[test]
    fn the_id_changes_with_the_content_and_the_part() {
        let a = Document::new("a.md", "x");
        let b = Document::new("a.md", "y");
        let page = Document {
            part: Part::Page(2),
            ..a.clone()
        };
        assert_ne!(a.id(), b.id());
        assert_ne!(a.id(), page.id());
        assert_eq!(a.id(), Document::new("a.md", "x").id());
    }
}
