//! A splitter for documents whose sentences were embedded before.

use std::collections::HashMap;

use gori_core::{Chunk, Document, Splitter};

use super::Semantic;

/// Cuts the documents it was [planned](Semantic::plan) for where their meaning turns, and all
/// others by sentences.
#[derive(Clone, Debug)]
pub struct Planned {
    semantic: Semantic,
    embedder: String,
    /// Where passages begin, by the document's id, which changes with its content.
    starts: HashMap<String, Vec<usize>>,
}

impl Planned {
    pub(super) fn new(semantic: Semantic, embedder: &str) -> Self {
        Self {
            semantic,
            embedder: embedder.to_owned(),
            starts: HashMap::new(),
        }
    }

    pub(super) fn add(&mut self, document: &Document, starts: Vec<usize>) {
        self.starts.insert(document.id(), starts);
    }
}

impl Splitter for Planned {
    fn split<'d>(&self, document: &'d Document) -> Vec<Chunk<'d>> {
        let starts = self.starts.get(&document.id());
        self.semantic
            .run(document, starts.map_or(&[], Vec::as_slice))
    }

    fn id(&self) -> String {
        format!("{} by {}", self.semantic.name(), self.embedder)
    }
}
