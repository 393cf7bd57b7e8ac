//! Where a server is and how to speak with it: what the wire formats share.

use std::sync::Arc;

use gori_core::Result;

use super::{ApiKey, Auth, Deadlines, Endpoint, Live, Transport};

/// What a server's builder collects.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) base: String,
    pub(crate) key: Option<ApiKey>,
    pub(crate) deadlines: Deadlines,
    pub(crate) plain_http: bool,
    pub(crate) transport: Option<Arc<dyn Transport>>,
}

impl Settings {
    pub(crate) fn at(base: String) -> Self {
        Self {
            base,
            key: None,
            deadlines: Deadlines::default(),
            plain_http: false,
            transport: None,
        }
    }

    pub(crate) fn endpoint(&self, auth: Auth) -> Result<Endpoint> {
        let transport = match &self.transport {
            Some(transport) => transport.clone(),
            None => {
                let live = Live::new(&self.base, self.deadlines)?.allow_plain_http(self.plain_http);
                Arc::new(match &self.key {
                    Some(key) => live.key(auth, key.clone()),
                    None => live,
                })
            }
        };
        Ok(Endpoint::new(transport, self.deadlines))
    }
}

/// The methods by which every server is described, on a type whose field `settings`
/// holds the [`Settings`].
macro_rules! describe_a_server {
    ($server:ty) => {
        impl $server {
            /// Shows this key with every request.
            #[must_use]
            pub fn key(mut self, key: crate::http::ApiKey) -> Self {
                self.settings.key = Some(key);
                self
            }

            /// How long each part of a request may take.
            #[must_use]
            pub fn deadlines(mut self, deadlines: crate::http::Deadlines) -> Self {
                self.settings.deadlines = deadlines;
                self
            }

            /// Lets the key go over plain http to another machine: only where the network is
            /// yours.
            #[must_use]
            pub fn allow_plain_http(mut self, allow: bool) -> Self {
                self.settings.plain_http = allow;
                self
            }

            /// Sends requests this way instead of over the network: a recording, a fake, a
            /// client of your own. The base URL, the key and the connect deadline are its own
            /// affair then.
            #[must_use]
            pub fn transport(
                mut self,
                transport: std::sync::Arc<dyn crate::http::Transport>,
            ) -> Self {
                self.settings.transport = Some(transport);
                self
            }
        }
    };
}
pub(crate) use describe_a_server;
