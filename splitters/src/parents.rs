//! Small chunks to search, each with the larger one to read.

use std::collections::VecDeque;

use gori_core::{Chunk, Document, Splitter};

/// Cuts a document into large chunks, and each of them into small ones that know it as their
/// [parent](Chunk::parent).
///
/// The small ones are embedded and searched; a parent retriever gives in their place the large
/// ones that they were cut from.
///
/// ```
/// use gori_core::{Document, Splitter};
/// use gori_splitters::{Markdown, Parents, Sentence};
///
/// let splitter = Parents::new(Markdown::chars(200), Sentence::chars(30));
/// let text = "# Keys\n\nRotate them once a year. Never copy them.\n\n# Locks\n\nOil them.\n";
/// let document = Document::new("keys.md", text);
/// let chunks = splitter.split(&document);
/// assert_eq!(chunks[1].text(), "Rotate them once a year.");
/// assert_eq!(chunks[1].headings, ["Keys"]);
/// let parent = chunks[1].parent.clone().unwrap_or_default();
/// assert_eq!(&text[parent], "# Keys\n\nRotate them once a year. Never copy them.");
/// ```
#[derive(Clone, Debug)]
pub struct Parents<P, C> {
    parents: P,
    children: C,
}

impl<P: Splitter, C: Splitter> Parents<P, C> {
    /// Cuts by the first splitter, and what it gives by the second.
    ///
    /// Where the first repeats the end of one chunk in the next, the small chunks of what is
    /// repeated belong to the one before.
    pub fn new(parents: P, children: C) -> Self {
        Self { parents, children }
    }
}

impl<P: Splitter, C: Splitter> Splitter for Parents<P, C> {
    fn split<'d>(&self, document: &'d Document) -> Vec<Chunk<'d>> {
        let mut all: Vec<Chunk<'d>> = Vec::new();
        for parent in self.parents.split(document) {
            let within = Document {
                text: parent.text().to_owned(),
                source: document.source.clone(),
                part: document.part.clone(),
                revision: document.revision,
                metadata: document.metadata.clone(),
            };
            for child in self.children.split(&within) {
                let Some(child) = adopted(document, &parent, &within, &child) else {
                    continue;
                };
                let reaches = |before: &Chunk<'_>| child.span().end > before.span().end;
                if all.last().is_none_or(reaches) {
                    while all
                        .last()
                        .is_some_and(|before| child.span().start <= before.span().start)
                    {
                        all.pop();
                    }
                    all.push(child);
                }
            }
        }
        all
    }

    fn id(&self) -> String {
        format!(
            "{}, of parents by {}",
            self.children.id(),
            self.parents.id()
        )
    }
}

/// A chunk of the parent's text as a chunk of the document.
fn adopted<'d>(
    document: &'d Document,
    parent: &Chunk<'d>,
    within: &Document,
    child: &Chunk<'_>,
) -> Option<Chunk<'d>> {
    let offset = parent.span().start;
    let span = child.span();
    let mut chunk = Chunk::new(&document.text, offset + span.start..offset + span.end)?;
    chunk.headings.clone_from(&parent.headings);
    let inner = child.headings.iter();
    let mut inner: VecDeque<&str> = inner
        .filter_map(|title| original(document, offset, within, title))
        .collect();
    // The parent's path ends with the headings that stand in it, which the child tells too.
    let shared = (0..=inner.len().min(chunk.headings.len()))
        .rev()
        .find(|shared| {
            let tail = chunk.headings.len() - shared;
            chunk
                .headings
                .iter()
                .skip(tail)
                .eq(inner.iter().take(*shared))
        });
    inner.drain(..shared.unwrap_or(0));
    chunk.headings.extend(inner);
    chunk.path = path(document, parent, child);
    chunk.oversize = child.oversize;
    chunk.parent = Some(parent.span());
    Some(chunk)
}

/// The parent's path, unless the child's begins with it and goes on: what a piece of a text says
/// of itself is no path in the whole.
fn path(document: &Document, parent: &Chunk<'_>, child: &Chunk<'_>) -> Option<String> {
    let goes_on = match (&parent.path, &child.path) {
        (Some(outer), Some(inner)) => inner.starts_with(outer.as_str()),
        (None, _) => parent.text() == document.text.trim(),
        _ => false,
    };
    if goes_on {
        child.path.clone()
    } else {
        parent.path.clone()
    }
}

/// A piece of the parent's copied text, where it stands in the document.
fn original<'d>(
    document: &'d Document,
    offset: usize,
    within: &Document,
    piece: &str,
) -> Option<&'d str> {
    let at = (piece.as_ptr() as usize).checked_sub(within.text.as_ptr() as usize)?;
    let start = offset + at;
    let found = document.text.get(start..start + piece.len())?;
    (found == piece).then_some(found)
}
