//! How an index by words is made and opened.

use super::analyse::Analyzer;
use super::bm25::Bm25;
use super::language::Language;

/// What an index by words is made for. Any of it may change from one opening to the next: where
/// that changes the terms, what was indexed is indexed anew from the logs.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub(crate) analyzer: Analyzer,
    pub(crate) bm25: Bm25,
    pub(crate) seal_after: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            analyzer: Analyzer::default(),
            bm25: Bm25::default(),
            seal_after: 4096,
        }
    }
}

impl Options {
    /// English stems, the usual numbers of BM25.
    pub fn new() -> Self {
        Self::default()
    }

    /// The language of words in Latin letters.
    #[must_use]
    pub fn language(mut self, language: Language) -> Self {
        self.analyzer = Analyzer::new(language);
        self
    }

    /// The numbers of BM25.
    #[must_use]
    pub fn bm25(mut self, bm25: Bm25) -> Self {
        self.bm25 = bm25;
        self
    }

    /// After how many texts a log is sealed and its words go to disk; 4,096 unless said
    /// otherwise. Fewer mean less memory and more files.
    #[must_use]
    pub fn seal_after(mut self, texts: usize) -> Self {
        self.seal_after = texts.max(1);
        self
    }
}
