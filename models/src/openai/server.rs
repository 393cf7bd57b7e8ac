//! Where a server is and how to speak with it.

use gori_core::{Limits, Result};

use super::{OpenAi, OpenAiEmbedder};
use crate::http::{Auth, Endpoint, Settings, describe_a_server};
use crate::tokens::Catalog;

/// A server that speaks OpenAI's protocol, from which models are made.
///
/// Nothing is sent until a model is asked something, except by the methods that take a
/// [`Context`](gori_core::Context).
#[derive(Clone, Debug)]
pub struct Server {
    settings: Settings,
}

describe_a_server!(Server);

impl Server {
    /// OpenAI's own.
    pub fn openai() -> Self {
        Self::at("https://api.openai.com/v1")
    }

    /// The server with this base URL, which mostly ends in `/v1`, such as
    /// `http://127.0.0.1:8080/v1`.
    pub fn at(base: impl Into<String>) -> Self {
        Self {
            settings: Settings::at(base.into()),
        }
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
        let is_openai = self.settings.base.starts_with("https://api.openai.com/");
        Ok(OpenAi::new(self.endpoint()?, id, limits, is_openai))
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
        self.settings.endpoint(Auth::Bearer)
    }
}
