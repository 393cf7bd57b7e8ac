//! The splitter that looks at what it is given.

use gori_core::{Chunk, Document, Splitter};

use crate::Kind;
use crate::code::{Source, read_by_grammar};
use crate::html::Elements;
use crate::json::Values;
use crate::limit::{Limit, limited};
use crate::markdown::Blocks;
use crate::sentence::Prose;

/// Cuts every document by the splitter for its [kind](Kind::of): Markdown by its sections and
/// blocks, code by its items, HTML by its headings and elements, JSON by its values, all else by
/// paragraphs and sentences.
///
/// ```
/// use gori_core::{Document, Splitter};
/// use gori_splitters::Auto;
///
/// let splitter = Auto::chars(200);
/// let document = Document::new("a.md", "# Keys\n\nRotate them.\n\n# Locks\n\nOil them.\n");
/// let chunks = splitter.split(&document);
/// assert_eq!(chunks.len(), 2);
/// assert_eq!(chunks[1].headings, ["Locks"]);
/// ```
#[derive(Clone, Debug)]
pub struct Auto {
    limit: Limit,
    markdown: Blocks,
    html: Elements,
    json: Values,
    code: Source,
    prose: Prose,
}

limited!(Auto);

impl Auto {
    pub(crate) fn with(limit: Limit) -> Self {
        Self {
            limit,
            markdown: Blocks::new(),
            html: Elements::new(),
            json: Values::new(),
            code: Source::new(),
            prose: Prose::new(),
        }
    }
}

impl Splitter for Auto {
    fn split<'d>(&self, document: &'d Document) -> Vec<Chunk<'d>> {
        let text = document.text.as_str();
        let all = 0..text.len();
        match Kind::of(document) {
            Kind::Markdown => self.limit.run(text, all, &self.markdown),
            Kind::Html => self.limit.run(text, all, &self.html),
            Kind::Json => self.limit.run(text, all, &self.json),
            Kind::Code(language) => {
                let plan = self.code.plan(Some(language), &document.source);
                self.limit.run(text, all, &plan)
            }
            Kind::Prose => self.limit.run(text, all, &self.prose),
        }
    }

    fn id(&self) -> String {
        format!("auto 2: {}{}", self.limit, read_by_grammar())
    }
}
