//! Finding what a question needs: one retriever a file, each a [`Retriever`] that may wrap
//! others.
//!
//! | retriever | finds |
//! |---|---|
//! | [`Dense`] | what is near by its vector |
//! | [`Lexical`] | what shares its words |
//! | [`Hybrid`] | both, fused; the default choice |
//! | [`MultiQuery`] | what other wordings of the question find too |
//! | [`Mmr`] | the same, without the like of what is already there |
//! | [`Rerank`] | the same, in the order of who reads it closely |
//! | [`Threshold`] | the same, without what scores too low |
//! | [`Parent`], [`Window`] | the same, each with the text around it |
//!
//! [`Ranks`] measures any of them over questions whose right passage is known.
//!
//! The order that works is from finding to reading: `Window(Threshold(Rerank(Hybrid(..))))`.

mod dense;
mod fuse;
mod hybrid;
mod lexical;
mod mmr;
mod multi_query;
mod parent;
mod ranks;
mod rerank;
mod stitch;
mod threshold;
mod window;

use gori_core::{Chain, Context, Hit, Leg, Plan, Query, Result, Retrieved, Retriever};

pub use dense::Dense;
pub use fuse::Fusion;
pub use hybrid::Hybrid;
pub use lexical::Lexical;
pub use mmr::Mmr;
pub use multi_query::MultiQuery;
pub use parent::Parent;
pub use ranks::Ranks;
pub use rerank::{EmbedderReranker, LlmReranker, Rerank};
pub use threshold::Threshold;
pub use window::Window;

/// How many hits there are where neither the question nor the retriever says otherwise.
const DEFAULT_K: usize = 8;

/// A retriever as the first link of a chain: a question becomes the question and what was
/// found for it, `k` hits at most unless the question says otherwise.
pub fn retrieve<R: Retriever>(retriever: R, k: usize) -> Retrieve<R> {
    Retrieve { retriever, k }
}

/// A retriever as a link. Made by [`retrieve`].
#[derive(Clone, Debug)]
pub struct Retrieve<R> {
    retriever: R,
    k: usize,
}

impl<R: Retriever> Chain for Retrieve<R> {
    type Input = Query;
    type Output = Retrieved;

    async fn call(&self, cx: &Context, mut query: Query) -> Result<Retrieved> {
        query.k.get_or_insert(self.k);
        let hits = self.retriever.retrieve(cx, &query).await?;
        Ok(Retrieved { query, hits })
    }

    fn plan(&self) -> Plan {
        Plan::stage("retrieve")
    }
}

/// The same question with another number of hits.
fn asking_for(query: &Query, k: usize) -> Query {
    Query {
        k: Some(k),
        ..query.clone()
    }
}

/// Adds to each hit, in their order, what this leg gave it.
fn mark(hits: &mut [Hit], name: &'static str) {
    for (rank, hit) in (1..).zip(hits) {
        hit.legs.push(Leg {
            name,
            rank,
            score: hit.score,
        });
    }
}
