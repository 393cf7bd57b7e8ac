//! JSON, cut by its structure.

mod scan;

use std::ops::Range;

use gori_core::{Chunk, Document, Splitter};

use crate::Separators;
use crate::cut::Cut;
use crate::limit::{Limit, Plan, limited};
use crate::measure::Measure;
use crate::ranked::Inner;
use scan::{Name, Structure, scan};

/// Cuts JSON between the members of objects and the elements of arrays, the outer before the
/// inner; several values one after the other, as in JSON Lines, between them.
///
/// A chunk's [path](Chunk::path) is the JSON pointer (RFC 6901) of the innermost value that
/// holds it; a chunk of the whole has none. What is no JSON is cut all the same, and nothing of
/// it is lost.
///
/// ```
/// use gori_core::{Document, Splitter};
/// use gori_splitters::Json;
///
/// let text = r#"{"keys": [{"id": 1, "use": "door"}, {"id": 2, "use": "gate"}], "n": 2}"#;
/// let document = Document::new("keys.json", text);
/// let chunks = Json::chars(35).split(&document);
/// assert_eq!(chunks[1].text(), r#"{"id": 1, "use": "door"},"#);
/// assert_eq!(chunks[1].path.as_deref(), Some("/keys/0"));
/// ```
#[derive(Clone, Debug)]
pub struct Json {
    limit: Limit,
    values: Values,
}

limited!(Json);

impl Json {
    pub(crate) fn with(limit: Limit) -> Self {
        Self {
            limit,
            values: Values::new(),
        }
    }
}

impl Splitter for Json {
    fn split<'d>(&self, document: &'d Document) -> Vec<Chunk<'d>> {
        let text = document.text.as_str();
        self.limit.run(text, 0..text.len(), &self.values)
    }

    fn id(&self) -> String {
        format!("json: {}", self.limit)
    }
}

/// How JSON is cut once the limit is known.
#[derive(Clone, Debug)]
pub(crate) struct Values(Inner);

impl Values {
    pub(crate) fn new() -> Self {
        Self(Inner {
            prose: Separators::escaped(),
            verbatim: Separators::verbatim(),
        })
    }
}

impl Plan for Values {
    fn cut<M: Measure>(&self, cut: &mut Cut<'_, M>, range: Range<usize>) {
        let text = cut.text();
        let structure = scan(text, range.clone());
        let first = cut.len();
        structure.borders.cut(cut, &self.0, range);
        for chunk in cut.chunks_from(first) {
            chunk.path = structure.pointer(text, chunk.span());
        }
    }
}

impl Structure<'_> {
    /// The pointer to the innermost value that holds the span.
    fn pointer(&self, text: &str, span: Range<usize>) -> Option<String> {
        let (place, _) = self.values.home(text, span, &['{', '}', '[', ']', ',']);
        let mut pointer = String::new();
        for name in self.values.names(place) {
            match name {
                Name::Whole => {}
                Name::Index(index) => pointer.push_str(&format!("/{index}")),
                Name::Key(key) => {
                    let key = unescaped(text.get(key.clone()).unwrap_or_default());
                    pointer.push('/');
                    pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
                }
            }
        }
        (!pointer.is_empty()).then_some(pointer)
    }
}

/// A key as it is meant; as it is written, where that is no valid string.
fn unescaped(key: &str) -> String {
    serde_json::from_str(key).unwrap_or_else(|_| key.trim_matches('"').to_owned())
}
