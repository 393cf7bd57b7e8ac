//! Where a server is and how to speak with it.

use gori_core::{Error, ErrorKind, Limits, Result};

use super::Anthropic;
use crate::http::{Auth, Settings, describe_a_server};
use crate::tokens::Catalog;

/// A server that speaks Anthropic's protocol, from which models are made. Nothing is sent
/// until a model is asked something.
#[derive(Clone, Debug)]
pub struct Server {
    settings: Settings,
}

describe_a_server!(Server);

impl Server {
    /// Anthropic's own.
    pub fn anthropic() -> Self {
        Self::at("https://api.anthropic.com/v1")
    }

    /// The server with this base URL, which mostly ends in `/v1`.
    pub fn at(base: impl Into<String>) -> Self {
        Self {
            settings: Settings::at(base.into()),
        }
    }

    /// A language model whose limits the published [`Catalog`] knows.
    ///
    /// # Errors
    /// `NotFound` where it does not: give them with [`Server::model_with`]. `Config` where the
    /// base URL or TLS is wrong.
    pub fn model(&self, id: &str) -> Result<Anthropic> {
        let limits = Catalog::published().get(id)?.limits();
        self.model_with(id, limits)
    }

    /// A language model with these limits.
    ///
    /// # Errors
    /// `Config` where the limits have no output cap, which the protocol requires in every
    /// request; or where the base URL or TLS is wrong.
    pub fn model_with(&self, id: &str, limits: Limits) -> Result<Anthropic> {
        let Some(cap) = limits.output else {
            return Err(Error::new(
                ErrorKind::Config,
                "a model of Anthropic's needs an output cap: every request must name one",
            )
            .about(id));
        };
        Ok(Anthropic::new(
            self.settings.endpoint(Auth::XApiKey)?,
            id,
            limits,
            cap,
        ))
    }
}
