//! Source code, cut between its items.

#[cfg(feature = "tree-sitter")]
mod grammar;
#[cfg(feature = "tree-sitter")]
mod path;
#[cfg(feature = "tree-sitter")]
mod syntax;

use std::ops::Range;

use gori_core::{Chunk, Document, Splitter};

use crate::cut::Cut;
use crate::limit::{Limit, Plan, limited};
use crate::measure::Measure;
use crate::ranked::Inner;
use crate::{Kind, Language, Separators};

/// Cuts source code between whole items, an item that is too long between those within it, and
/// what is left at statements, lines and words.
///
/// - With the feature of a language on (`code` has them all), its code is read by tree-sitter.
///   Comments and attributes before an item stay with it, and a chunk's [path](Chunk::path)
///   names what it is in or has: `impl Store > fn open`.
/// - Without, and in other languages, items are told by how lines begin, and have no path.
/// - Broken code is cut as well as it can be read, and nothing of it is lost.
///
/// The language is that of the document's media type or of its name's extension.
///
#[cfg_attr(feature = "code-rust", doc = "```")]
#[cfg_attr(not(feature = "code-rust"), doc = "```ignore")]
/// use gori_core::{Document, Splitter};
/// use gori_splitters::Code;
///
/// let text = "impl Store {\n    /// Opens.\n    fn open() {}\n\n    fn close() {}\n}\n";
/// let document = Document::new("store.rs", text);
/// let chunks = Code::chars(50).split(&document);
/// assert_eq!(chunks[0].text(), "impl Store {\n    /// Opens.\n    fn open() {}");
/// assert_eq!(chunks[0].path.as_deref(), Some("impl Store > fn open"));
/// assert_eq!(chunks[1].path.as_deref(), Some("impl Store > fn close"));
/// ```
#[derive(Clone, Debug)]
pub struct Code {
    limit: Limit,
    language: Option<Language>,
    source: Source,
}

limited!(Code);

impl Code {
    pub(crate) fn with(limit: Limit) -> Self {
        Self {
            limit,
            language: None,
            source: Source::new(),
        }
    }

    /// Takes every document as code of this language, whatever its name.
    #[must_use]
    pub fn language(mut self, language: Language) -> Self {
        self.language = Some(language);
        self
    }

    /// The languages whose code is read by a grammar, by the features of this build.
    pub fn grammars() -> impl Iterator<Item = Language> {
        let all = Language::ALL.iter().copied();
        #[cfg(feature = "tree-sitter")]
        let all = all.filter(|language| grammar::has(*language));
        #[cfg(not(feature = "tree-sitter"))]
        let all = all.take(0);
        all
    }
}

impl Splitter for Code {
    fn split<'d>(&self, document: &'d Document) -> Vec<Chunk<'d>> {
        let of_document = || match Kind::of(document) {
            Kind::Code(language) => Some(language),
            _ => None,
        };
        let language = self.language.or_else(of_document);
        let text = document.text.as_str();
        let plan = self.source.plan(language, &document.source);
        self.limit.run(text, 0..text.len(), &plan)
    }

    fn id(&self) -> String {
        match self.language {
            Some(language) => format!("code: {}, {language:?}{}", self.limit, read_by_grammar()),
            None => format!("code: {}{}", self.limit, read_by_grammar()),
        }
    }
}

/// What the features of this build change in how code is cut, for the id of a splitter.
pub(crate) fn read_by_grammar() -> String {
    let names: Vec<_> = Code::grammars()
        .map(|language| format!("{language:?}"))
        .collect();
    match names.is_empty() {
        true => String::new(),
        false => format!(", by grammar: {}", names.join(" ")),
    }
}

/// How code is cut, whatever its language.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// In the order of [`Language::ALL`].
    separators: Vec<Separators>,
    inner: Inner,
}

/// How code of one language is cut once the limit is known.
#[derive(Debug)]
pub(crate) struct InLanguage<'s> {
    source: &'s Source,
    language: Option<Language>,
    /// The name of the document, which tells the dialect.
    name: &'s str,
}

impl Source {
    pub(crate) fn new() -> Self {
        let all = Language::ALL.iter().copied();
        Self {
            separators: all.map(Separators::code).collect(),
            inner: Inner {
                prose: Separators::verbatim(),
                verbatim: Separators::verbatim(),
            },
        }
    }

    pub(crate) fn plan<'s>(&'s self, language: Option<Language>, name: &'s str) -> InLanguage<'s> {
        InLanguage {
            source: self,
            language,
            name,
        }
    }

    fn separators(&self, language: Option<Language>) -> &Separators {
        let place = Language::ALL.iter().position(|l| Some(*l) == language);
        let separators = place.and_then(|at| self.separators.get(at));
        separators.unwrap_or(&self.inner.verbatim)
    }
}

impl Plan for InLanguage<'_> {
    fn cut<M: Measure>(&self, cut: &mut Cut<'_, M>, range: Range<usize>) {
        if !self.by_grammar(cut, range.clone()) {
            cut.by_levels(&self.source.separators(self.language).levels, range);
        }
    }
}

impl InLanguage<'_> {
    /// Cuts by the grammar of the language; whether there is one that can.
    #[cfg(feature = "tree-sitter")]
    fn by_grammar<M: Measure>(&self, cut: &mut Cut<'_, M>, range: Range<usize>) -> bool {
        let text = cut.text();
        let syntax = self
            .language
            .and_then(|language| grammar::read(language, self.name, text));
        let Some(syntax) = syntax else {
            return false;
        };
        let first = cut.len();
        syntax.borders.cut(cut, &self.source.inner, range);
        for chunk in cut.chunks_from(first) {
            chunk.path = syntax.path(text, chunk.span());
        }
        true
    }

    #[cfg(not(feature = "tree-sitter"))]
    fn by_grammar<M: Measure>(&self, _cut: &mut Cut<'_, M>, _range: Range<usize>) -> bool {
        let _ = self.name;
        false
    }
}
