//! The port that finds what a question needs.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;

use crate::{Context, Filter, Hit, Result};

/// A question to a corpus.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// The question as it was asked.
    pub text: String,
    /// How many hits at most; `None` leaves it to the retriever.
    pub k: Option<usize>,
    /// Only what fulfils it.
    pub filter: Option<Filter>,
}

impl Query {
    /// A question without a filter.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            k: None,
            filter: None,
        }
    }

    /// At most this many hits.
    #[must_use]
    pub fn k(mut self, k: usize) -> Self {
        self.k = Some(k);
        self
    }

    /// Only what fulfils the filter.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }
}

impl From<&str> for Query {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Query {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

/// A question with what was found for it: what travels from retrieval to the answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Retrieved {
    /// The question.
    pub query: Query,
    /// What was found, best first.
    pub hits: Vec<Hit>,
}

/// Finds what a question needs.
///
/// # For implementors
/// - At most [`Query::k`] hits, best first, ties by id, no id twice; the same question gives the
///   same hits.
/// - [`Hit::legs`] tells what each part of a composed search gave a hit, and is never empty.
/// - Only what fulfils [`Query::filter`] is found. Finding nothing is no error.
#[async_trait]
pub trait Retriever: Debug + Send + Sync {
    /// The hits for a question, best first.
    async fn retrieve(&self, cx: &Context, query: &Query) -> Result<Vec<Hit>>;

    /// The share of a question, from 0 to 1, that it can read: see
    /// [`Embedder::coverage`](crate::Embedder::coverage). A composed search asks it before it
    /// trusts the hits.
    fn coverage(&self, question: &str) -> f32 {
        let _ = question;
        1.0
    }
}

macro_rules! forward {
    ($($pointer:ty),*) => {$(
        #[async_trait]
        impl<R: Retriever + ?Sized> Retriever for $pointer {
            async fn retrieve(&self, cx: &Context, query: &Query) -> Result<Vec<Hit>> {
                (**self).retrieve(cx, query).await
            }
            fn coverage(&self, question: &str) -> f32 { (**self).coverage(question) }
        }
    )*};
}
forward!(&R, Arc<R>, Box<R>);
