//! Points found by their words, as sparse vectors.

use std::collections::BTreeMap;

use async_trait::async_trait;
use gori_core::{
    Error, ErrorKind, Filter, Hit, LexicalIndex, Point, Result, Selection, VectorStore as _,
};
use qdrant_client::qdrant::{Query, SparseVector, vector_input};

use super::payload::WORDS;
use super::store::{Ask, Qdrant, nearest_to};
use crate::lexical;

/// The points of a [`Qdrant`] store, found by their words. From [`Qdrant::words`].
///
/// Terms are those of the [lexical](crate::lexical) store. Each is a number, the first four bytes
/// of its CRC-32C, so that in some ten thousand different terms a pair may be taken for one. A
/// text weighs a term as BM25 does, with a mean length of 256 terms taken for granted, since a
/// text's vector cannot change when others come; how rare a term is the server works out when it
/// is asked. So scores differ somewhat from those of the lexical store.
///
/// Points put in here without a vector are found by their words alone.
#[derive(Clone, Debug)]
pub struct Words {
    store: Qdrant,
    options: lexical::Options,
}

/// The mean length of a text, in terms, that weights are worked out with.
const MEAN: f32 = 256.0;

impl Words {
    pub(super) fn of(store: &Qdrant) -> Result<Self> {
        let options = store.shared.options.words.ok_or_else(|| {
            Error::new(ErrorKind::Config, "the store is not opened for words")
                .hint("open it with `Options::words`")
        })?;
        Ok(Self {
            store: store.clone(),
            options,
        })
    }

    /// The query for a question; none where it has no term.
    pub(super) fn query(&self, question: &str) -> Option<Query> {
        #[expect(clippy::cast_precision_loss, reason = "few terms occur 2^24 times")]
        let terms = self
            .options
            .analyzer
            .question(question)
            .into_iter()
            .map(|(term, count)| (number(&term), count as f32));
        let sparse = sparse(terms)?;
        Some(nearest_to(vector_input::Variant::Sparse(sparse)))
    }
}

fn number(term: &str) -> u32 {
    crc32c::crc32c(term.as_bytes())
}

/// A sparse vector; none without a number.
fn sparse(terms: impl Iterator<Item = (u32, f32)>) -> Option<SparseVector> {
    let mut sums = BTreeMap::<u32, f32>::new();
    for (term, weight) in terms {
        *sums.entry(term).or_default() += weight;
    }
    let (indices, values) = sums.into_iter().unzip();
    let vector = SparseVector { values, indices };
    (!vector.indices.is_empty()).then_some(vector)
}

/// The weights of a point's terms; none where it has no term.
pub(super) fn terms_of(options: &lexical::Options, point: &Point) -> Option<SparseVector> {
    let mut counts = BTreeMap::<u32, f32>::new();
    let mut length = 0.0;
    options.analyzer.each_of(point, &mut |term: &str| {
        *counts.entry(number(term)).or_default() += 1.0;
        length += 1.0;
    });
    let weigh = |tf| options.bm25.weight(tf, length, MEAN);
    sparse(counts.into_iter().map(|(term, tf)| (term, weigh(tf))))
}

#[async_trait]
impl LexicalIndex for Words {
    async fn upsert(&self, points: &[Point]) -> Result<()> {
        self.store.put(points, true).await
    }

    async fn search(&self, query: &str, k: usize, filter: Option<&Filter>) -> Result<Vec<Hit>> {
        let Some(query) = self.query(query) else {
            return Ok(Vec::new());
        };
        let ask = Ask {
            query,
            using: Some(WORDS),
            prefetch: Vec::new(),
            k,
            with_vectors: false,
        };
        self.store.ask(ask, filter).await
    }

    async fn delete(&self, which: &Selection<'_>) -> Result<u64> {
        self.store.delete(which).await
    }

    async fn count(&self) -> Result<u64> {
        self.store.count(None).await
    }
}

#[cfg(test)]
mod tests {
    use gori_core::Metadata;

    use super::*;

    fn point(text: &str) -> Point {
        Point {
            id: "a".into(),
            vector: Vec::new(),
            text: text.into(),
            metadata: Metadata::new(),
        }
    }

    #[test]
    fn a_term_that_occurs_more_often_weighs_more_and_one_alike_as_much() {
        let options = lexical::Options::new();
        let sparse = terms_of(&options, &point("lock key key")).unwrap();
        let weight = |term: &str| {
            let at = sparse.indices.iter().position(|i| *i == number(term));
            sparse.values[at.unwrap()]
        };
        assert!(weight("key") > weight("lock"));
        assert!(weight("lock") > 0.0);
        assert!(sparse.indices.is_sorted());
        assert!(terms_of(&options, &point(" … ")).is_none());
    }
}
