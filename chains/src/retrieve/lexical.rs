//! Retrieval by words.

use async_trait::async_trait;
use gori_core::{Context, Hit, LexicalIndex, Query, Result, ResultExt as _, Retriever};

use super::{DEFAULT_K, mark};

/// Takes the texts that share most with the question's words.
#[derive(Clone, Debug)]
pub struct Lexical<I> {
    index: I,
    k: usize,
}

impl<I: LexicalIndex> Lexical<I> {
    /// The name of its leg in [`Hit::legs`].
    pub const LEG: &'static str = "lexical";

    /// Searches the index; 8 hits unless the question says otherwise.
    pub fn new(index: I) -> Self {
        Self {
            index,
            k: DEFAULT_K,
        }
    }
}

#[async_trait]
impl<I: LexicalIndex> Retriever for Lexical<I> {
    async fn retrieve(&self, cx: &Context, query: &Query) -> Result<Vec<Hit>> {
        cx.check()?;
        let k = query.k.unwrap_or(self.k);
        let found = self.index.search(&query.text, k, query.filter.as_ref());
        let mut hits = found.await.at("lexical")?;
        mark(&mut hits, Self::LEG);
        Ok(hits)
    }
}
