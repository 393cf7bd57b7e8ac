//! Chunks on their way to the store, and what becomes true when they are there.

use std::ops::Range;
use std::sync::Arc;

use gori_core::{Chunk, Document, Lines, Metadata, Part, Point, Revision, Value, field};
use sha2::{Digest as _, Sha256};

/// A chunk with all that its point needs but the vector.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) id: String,
    /// What is embedded: the headings above, then the text.
    pub(super) embedded: String,
    pub(super) text: Range<usize>,
    pub(super) metadata: Metadata,
}

impl Pending {
    pub(super) fn into_point(self, vector: Vec<f32>) -> Point {
        let text = self.embedded.get(self.text).unwrap_or_default().to_owned();
        Point {
            id: self.id,
            vector,
            text,
            metadata: self.metadata,
        }
    }
}

/// A source whose last chunk is in this batch or an earlier one.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) source: Arc<str>,
    pub(super) revision: Revision,
    pub(super) chunks: u64,
    /// Points of other content may be in the store.
    pub(super) stale: bool,
}

/// A bounded number of chunks, and the sources they begin and end.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) chunks: Vec<Pending>,
    /// Sources to be recorded as begun before the chunks are stored.
    pub(super) begun: Vec<Arc<str>>,
    /// Sources to be recorded as done after the chunks are stored.
    pub(super) finished: Vec<Finished>,
    /// Sources that failed half-way: their new points go, their old ones stay.
    pub(super) failed: Vec<(Arc<str>, Revision)>,
}

/// The name in a point's metadata under which its source's revision is kept.
pub(crate) const REVISION: &str = "revision";

/// The chunks of a document as points without vectors.
pub(super) fn pending(document: &Document, chunks: &[Chunk<'_>]) -> Vec<Pending> {
    let lines = Lines::of(&document.text);
    chunks
        .iter()
        .map(|chunk| one(document, chunk, &lines))
        .collect()
}

fn one(document: &Document, chunk: &Chunk<'_>, lines: &Lines) -> Pending {
    let heading = chunk.headings.join(" > ");
    let mut metadata = document.metadata.clone();
    let mut set = |name: &str, value: Value| metadata.insert(name.to_owned(), value);
    set(field::SOURCE, document.source.as_ref().into());
    set(REVISION, document.revision.to_string().into());
    match &document.part {
        Part::Whole => None,
        Part::Page(page) => set(field::PAGE, (*page).into()),
        part => set(field::PART, part.to_string().into()),
    };
    if let Some(path) = &chunk.path {
        set(field::HEADING, path.as_str().into());
    } else if !heading.is_empty() {
        set(field::HEADING, heading.as_str().into());
    }
    let (first, last) = lines.span(&chunk.span());
    set(field::LINE, first.into());
    set(field::LINE_END, last.into());
    set(field::BYTE, int(chunk.span().start));
    set(field::BYTE_END, int(chunk.span().end));
    if let Some(parent) = &chunk.parent {
        set(field::PARENT, int(parent.start));
        set(field::PARENT_END, int(parent.end));
    }
    let embedded = match heading.as_str() {
        "" => chunk.text().to_owned(),
        heading => format!("{heading}\n{}", chunk.text()),
    };
    let text = embedded.len() - chunk.text().len()..embedded.len();
    Pending {
        id: id(document, chunk),
        embedded,
        text,
        metadata,
    }
}

fn int(number: usize) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

/// The first 128 bits of a hash of source, part, place and text, in hexadecimal: the same chunk
/// has the same id in every run.
fn id(document: &Document, chunk: &Chunk<'_>) -> String {
    let mut hash = Sha256::new();
    for piece in [&*document.source, &document.part.to_string(), chunk.text()] {
        hash.update((piece.len() as u64).to_le_bytes());
        hash.update(piece);
    }
    hash.update((chunk.span().start as u64).to_le_bytes());
    hash.finalize()
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
