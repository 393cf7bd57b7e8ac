//! The splitter for everything that has no better one.

use std::ops::Range;

use gori_core::{Chunk, Document, Splitter};

use crate::cut::Cut;
use crate::limit::{Limit, Plan, limited};
use crate::measure::Measure;
use crate::separators::Separators;

/// Cuts at the coarsest separators that give chunks within the limit: paragraphs, then lines,
/// then words, then grapheme clusters.
///
/// With the [plain](Separators::plain) separators, which are the default, the chunks are those
/// of LangChain's `RecursiveCharacterTextSplitter`, but for three things: a chunk that lies
/// wholly within its neighbour is left out, grapheme clusters stay whole, and what is shared
/// between chunks of tokens is measured in tokens of the chunks themselves.
///
/// ```
/// use gori_core::{Document, Splitter};
/// use gori_splitters::Recursive;
///
/// let document = Document::new("a.txt", "One link.\n\nAnother link, somewhat longer.");
/// let chunks = Recursive::chars(20).overlap(4)?.split(&document);
/// let texts: Vec<_> = chunks.iter().map(|chunk| chunk.text()).collect();
/// assert_eq!(texts, ["One link.", "Another link,", "somewhat longer."]);
/// assert_eq!(chunks[1].span(), 11..24);
/// # Ok::<(), gori_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Recursive {
    limit: Limit,
    separators: Separators,
}

limited!(Recursive);

impl Recursive {
    pub(crate) fn with(limit: Limit) -> Self {
        Self {
            limit,
            separators: Separators::plain(),
        }
    }

    /// Cuts at these separators instead of the plain ones.
    #[must_use]
    pub fn separators(mut self, separators: Separators) -> Self {
        self.separators = separators;
        self
    }
}

impl Splitter for Recursive {
    fn split<'d>(&self, document: &'d Document) -> Vec<Chunk<'d>> {
        let text = document.text.as_str();
        self.limit.run(text, 0..text.len(), &self.separators)
    }

    fn id(&self) -> String {
        format!("recursive: {}, at {:?}", self.limit, self.separators)
    }
}

impl Plan for Separators {
    fn cut<M: Measure>(&self, cut: &mut Cut<'_, M>, range: Range<usize>) {
        cut.by_levels(&self.levels, range);
    }
}
