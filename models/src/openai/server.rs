//! Where a server is and how to speak with it.

use std::sync::Arc;

use gori_core::{Limits, Result};

use super::{OpenAi, OpenAiEmbedder};
use crate::http::{ApiKey, Auth, Deadlines, Endpoint, Live, Transport};
use crate::tokens::Catalog;

/// A server that speaks OpenAI's protocol, from which models are made.
///
/// Nothing is sent until a model is asked something, except by the methods that take a
/// [`Context`](gori_core::Context).
#[derive(Clone, Debug)]
pub struct Server {
    base: String,
    key: Option<ApiKey>,
    deadlines: Deadlines,
    plain_http: bool,
    transport: Option<Arc<dyn Transport>>,
}

impl Server {
    /// OpenAI's own.
    pub fn openai() -> Self {
        Self::at("https://api.openai.com/v1")
    }

    /// The server with this base URL, which mostly ends in `/v1`, such as
    /// `http://127.0.0.1:8080/v1`.
    pub fn at(base: impl Into<String>) -> Self {
        Self {
            base: base.into(),
            key: None,
            deadlines: Deadlines::default(),
            plain_http: false,
            transport: None,
        }
    }

    /// Shows this key, as `authorization: Bearer`.
    #[must_use]
    pub fn key(mut self, key: ApiKey) -> Self {
        self.key = Some(key);
        self
    }

    /// How long each part of a request may take.
    #[must_use]
    pub fn deadlines(mut self, deadlines: Deadlines) -> Self {
        self.deadlines = deadlines;
        self
    }

    /// Lets the key go over plain http to another machine: only where the network is yours.
    #[must_use]
    pub fn allow_plain_http(mut self, allow: bool) -> Self {
        self.plain_http = allow;
        self
    }

    /// Sends requests this way instead of over the network: a recording, a fake, a client of
    /// your own. The base URL, the key and the connect deadline are its own affair then.
    #[must_use]
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// A language model whose limits the published [`Catalog`] knows.
    ///
    /// # Errors
    /// `NotFound` where it does not: give them with [`Server::model_with`], or ask the server
    /// by [`Server::discover`]. `Config` where the base URL or TLS is wrong.
    pub fn model(&self, id: &str) -> Result<OpenAi> {
        let limits = Catalog::published().get(id)?.limits();
        self.model_with(id, limits)
    }

    /// A language model with these limits.
    ///
    /// # Errors
    /// `Config` where the base URL or TLS is wrong.
    pub fn model_with(&self, id: &str, limits: Limits) -> Result<OpenAi> {
        Ok(OpenAi::new(self.endpoint()?, id, limits, self.is_openai()))
    }

    /// An embedding model that gives vectors of `dims` numbers. See also
    /// [`Server::discover_embedder`].
    ///
    /// # Errors
    /// `Config` where the base URL or TLS is wrong, or `dims` is 0.
    pub fn embedder(&self, id: &str, dims: usize) -> Result<OpenAiEmbedder> {
        OpenAiEmbedder::new(self.endpoint()?, id, dims)
    }

    pub(super) fn endpoint(&self) -> Result<Endpoint> {
        let transport = match &self.transport {
            Some(transport) => transport.clone(),
            None => {
                let mut live =
                    Live::new(&self.base, self.deadlines)?.allow_plain_http(self.plain_http);
                if let Some(key) = &self.key {
                    live = live.key(Auth::Bearer, key.clone());
                }
                Arc::new(live)
            }
        };
        Ok(Endpoint::new(transport, self.deadlines))
    }

    fn is_openai(&self) -> bool {
        self.base.starts_with("https://api.openai.com/")
    }
}
