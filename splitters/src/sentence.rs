//! Prose, cut between its sentences.

mod bounds;

use std::ops::Range;

use gori_core::{Chunk, Document, Splitter};

pub use bounds::sentences;

use crate::Separators;
use crate::borders::Offsets;
use crate::cut::Cut;
use crate::limit::{Limit, Plan, limited};
use crate::measure::Measure;

/// Cuts prose between paragraphs, then between [sentences], then between lines, clauses and
/// words.
///
/// Sentences end where Unicode's rules (UAX #29) say so, in any script, but not at the end of
/// a line that goes on, nor behind a title, an initial or another usual abbreviation.
///
/// ```
/// use gori_core::{Document, Splitter};
/// use gori_splitters::Sentence;
///
/// let text = "Dr. Kim oiled the\nchain. It ran! 고리는 사슬의 한 마디다. 是的。没错。";
/// let document = Document::new("a.txt", text);
/// let chunks = Sentence::chars(25).split(&document);
/// let texts: Vec<_> = chunks.iter().map(|chunk| chunk.text()).collect();
/// assert_eq!(texts, ["Dr. Kim oiled the\nchain.", "It ran! 고리는 사슬의 한 마디다.", "是的。没错。"]);
/// ```
#[derive(Clone, Debug)]
pub struct Sentence {
    limit: Limit,
    prose: Prose,
}

limited!(Sentence);

impl Sentence {
    pub(crate) fn with(limit: Limit) -> Self {
        Self {
            limit,
            prose: Prose::new(),
        }
    }
}

impl Splitter for Sentence {
    fn split<'d>(&self, document: &'d Document) -> Vec<Chunk<'d>> {
        let text = document.text.as_str();
        self.limit.run(text, 0..text.len(), &self.prose)
    }

    fn id(&self) -> String {
        format!("sentence: {}", self.limit)
    }
}

/// How prose is cut once the limit is known.
#[derive(Clone, Debug)]
pub(crate) struct Prose {
    paragraphs: Separators,
    inner: Separators,
}

impl Prose {
    pub(crate) fn new() -> Self {
        Self {
            paragraphs: Separators::paragraphs(),
            inner: Separators::clauses(),
        }
    }

    fn paragraph<M: Measure>(&self, cut: &mut Cut<'_, M>, range: Range<usize>) {
        let found = bounds::within(cut.text(), range.clone());
        let starts: Vec<_> = found.into_iter().map(|sentence| sentence.start).collect();
        cut.pack(&Offsets(&starts), range, &|cut, sentence| {
            cut.by_levels(&self.inner.levels, sentence);
        });
    }
}

impl Plan for Prose {
    fn cut<M: Measure>(&self, cut: &mut Cut<'_, M>, range: Range<usize>) {
        match self.paragraphs.levels.first() {
            Some(level) => cut.by_level(level, range, &|cut, long| self.paragraph(cut, long)),
            None => self.paragraph(cut, range),
        }
    }
}
