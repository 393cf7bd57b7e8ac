//! Markdown, cut at its sections and blocks.

mod blocks;
mod html;
mod lines;
mod outline;

use std::ops::Range;

use gori_core::{Chunk, Document, Splitter};

use crate::borders::Offsets;
use crate::cut::Cut;
use crate::limit::{Limit, Plan, limited};
use crate::measure::Measure;
use crate::separators::Separators;
use blocks::{Block, Content};
use outline::{Section, sections};

/// Cuts Markdown at its headings, then between blocks, then within them.
///
/// - A chunk lies in one section and carries the path of its headings, the section's own
///   last. A heading with nothing of its own below it stands in the chunk of its first
///   subsection.
/// - Tables and fenced code are not torn, unless one alone is above the limit; then it is
///   cut between its lines.
/// - A list is cut between its items, a paragraph as prose.
///
/// ```
/// use gori_core::{Document, Splitter};
/// use gori_splitters::Markdown;
///
/// let text = "# Keys\n\n## Rotating\n\nOnce a year.\n\n## Losing\n\nDo not.\n";
/// let document = Document::new("keys.md", text);
/// let chunks = Markdown::chars(500).split(&document);
/// assert_eq!(chunks[0].text(), "# Keys\n\n## Rotating\n\nOnce a year.");
/// assert_eq!(chunks[0].headings, ["Keys", "Rotating"]);
/// assert_eq!(chunks[1].headings, ["Keys", "Losing"]);
/// ```
#[derive(Clone, Debug)]
pub struct Markdown {
    limit: Limit,
    blocks: Blocks,
}

limited!(Markdown);

impl Markdown {
    pub(crate) fn with(limit: Limit) -> Self {
        Self {
            limit,
            blocks: Blocks::new(),
        }
    }
}

impl Splitter for Markdown {
    fn split<'d>(&self, document: &'d Document) -> Vec<Chunk<'d>> {
        let text = document.text.as_str();
        self.limit.run(text, 0..text.len(), &self.blocks)
    }

    fn id(&self) -> String {
        format!("markdown: {}", self.limit)
    }
}

/// How Markdown is cut once the limit is known.
#[derive(Clone, Debug)]
pub(crate) struct Blocks {
    prose: Separators,
    verbatim: Separators,
}

impl Plan for Blocks {
    fn cut<M: Measure>(&self, cut: &mut Cut<'_, M>, range: Range<usize>) {
        let text = cut.text();
        let blocks = blocks::scan(text, range.clone());
        let mut path = Vec::new();
        for section in sections(&blocks, range) {
            let first = cut.len();
            self.section(cut, &section);
            outline::follow(&mut path, section.blocks);
            let headings: Vec<_> = path.iter().map(|(_, title)| *title).collect();
            for chunk in cut.chunks_from(first) {
                chunk.headings.clone_from(&headings);
            }
        }
    }
}

impl Blocks {
    pub(crate) fn new() -> Self {
        Self {
            prose: Separators::prose(),
            verbatim: Separators::verbatim(),
        }
    }

    fn section<M: Measure>(&self, cut: &mut Cut<'_, M>, section: &Section<'_, '_>) {
        let starts: Vec<_> = section
            .blocks
            .iter()
            .filter(|b| !b.inner)
            .map(|b| b.start)
            .collect();
        cut.pack(&Offsets(&starts), section.range.clone(), &|cut, block| {
            self.block(cut, section.blocks, block);
        });
    }

    /// Cuts a block that is above the limit at the blocks within it.
    fn block<M: Measure>(&self, cut: &mut Cut<'_, M>, blocks: &[Block<'_>], range: Range<usize>) {
        let first = blocks.partition_point(|block| block.start < range.start);
        let last = blocks.partition_point(|block| block.start < range.end);
        let parts = blocks.get(first..last).unwrap_or_default();
        let starts: Vec<_> = parts.iter().map(|part| part.start).collect();
        cut.pack(&Offsets(&starts), range, &|cut, part| {
            let at = starts.partition_point(|start| *start <= part.start);
            let content = at
                .checked_sub(1)
                .and_then(|at| Some(&parts.get(at)?.content));
            let separators = match content {
                Some(Content::Verbatim) => &self.verbatim,
                _ => &self.prose,
            };
            cut.by_levels(&separators.levels, part);
        });
    }
}
