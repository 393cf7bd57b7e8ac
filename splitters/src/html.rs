//! HTML, cut at its headings and blocks.

mod names;
mod scan;
mod tags;

use std::ops::Range;

use gori_core::{Chunk, Document, Splitter};

use crate::Separators;
use crate::cut::Cut;
use crate::limit::{Limit, Plan, limited};
use crate::measure::Measure;
use crate::ranked::Inner;
use scan::scan;

/// Cuts the source text of HTML before its headings, then between blocks, the outer before the
/// inner, then within them as prose.
///
/// - A chunk lies below one heading and carries the path of headings to it. A heading with
///   nothing of its own below it stands in the chunk of its first subsection. A title with
///   tags in it is given as it is written.
/// - Tables, lists and preformatted text are not torn unless one alone is above the limit; then
///   it is cut between its rows, items or lines.
/// - Nothing is left out: scripts, styles and comments are in chunks too. Who wants the text
///   that a reader sees loads HTML as Markdown first.
///
/// ```
/// use gori_core::{Document, Splitter};
/// use gori_splitters::Html;
///
/// let text = "<h1>Keys</h1><h2>Rotating</h2><p>Once a year.</p><h2>Losing</h2><p>Do not.</p>";
/// let document = Document::new("keys.html", text);
/// let chunks = Html::chars(500).split(&document);
/// assert_eq!(chunks[0].text(), "<h1>Keys</h1><h2>Rotating</h2><p>Once a year.</p>");
/// assert_eq!(chunks[0].headings, ["Keys", "Rotating"]);
/// assert_eq!(chunks[1].headings, ["Keys", "Losing"]);
/// ```
#[derive(Clone, Debug)]
pub struct Html {
    limit: Limit,
    elements: Elements,
}

limited!(Html);

impl Html {
    pub(crate) fn with(limit: Limit) -> Self {
        Self {
            limit,
            elements: Elements::new(),
        }
    }
}

impl Splitter for Html {
    fn split<'d>(&self, document: &'d Document) -> Vec<Chunk<'d>> {
        let text = document.text.as_str();
        self.limit.run(text, 0..text.len(), &self.elements)
    }

    fn id(&self) -> String {
        format!("html: {}", self.limit)
    }
}

/// How HTML is cut once the limit is known.
#[derive(Clone, Debug)]
pub(crate) struct Elements(Inner);

impl Elements {
    pub(crate) fn new() -> Self {
        Self(Inner {
            prose: Separators::inline_html(),
            verbatim: Separators::verbatim(),
        })
    }
}

impl Plan for Elements {
    fn cut<M: Measure>(&self, cut: &mut Cut<'_, M>, range: Range<usize>) {
        let page = scan(cut.text(), range.clone());
        let mut path: Vec<(u8, &str)> = Vec::new();
        let mut headings = page.headings.iter().peekable();
        let mut start = range.start;
        loop {
            // The section ends before the next heading that begins one of its own.
            let end = headings.peek().map_or(range.end, |heading| heading.start);
            let first = cut.len();
            if start < end {
                page.borders.cut(cut, &self.0, start..end);
            }
            let titles: Vec<_> = path.iter().map(|(_, title)| *title).collect();
            for chunk in cut.chunks_from(first) {
                chunk.headings.clone_from(&titles);
            }
            let Some(heading) = headings.next() else {
                return;
            };
            start = end;
            heading.follow(&mut path);
            while let Some(inner) = headings.next_if(|next| next.joins) {
                inner.follow(&mut path);
            }
        }
    }
}
