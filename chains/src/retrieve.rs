//! Finding what a question needs.

mod dense;

use gori_core::{Chain, Context, Plan, Query, Result, Retrieved, Retriever};

pub use dense::Dense;

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
