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
/// Hits come best first and tell in [`Hit::legs`] what each part of a composed search gave
/// them. Finding nothing is no error.
#[async_trait]
pub trait Retriever: Debug + Send + Sync {
    /// The hits for a question, best first.
    async fn retrieve(&self, cx: &Context, query: &Query) -> Result<Vec<Hit>>;
}

macro_rules! forward {
    ($($pointer:ty),*) => {$(
        #[async_trait]
        impl<R: Retriever + ?Sized> Retriever for $pointer {
            async fn retrieve(&self, cx: &Context, query: &Query) -> Result<Vec<Hit>> {
                (**self).retrieve(cx, query).await
            }
        }
    )*};
}
forward!(&R, Arc<R>, Box<R>);
