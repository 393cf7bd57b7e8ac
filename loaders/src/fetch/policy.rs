//! What a fetcher may do.

use std::sync::Arc;
use std::time::Duration;

use gori_core::{Error, ErrorKind, Result};
use reqwest::Url;
use reqwest::header::HeaderValue;

use super::resolve::{Resolve, SystemResolver};
use super::target;

/// What a [`Fetcher`](super::Fetcher) may do. The defaults suit the public internet.
///
/// ```
/// use gori_loaders::FetchPolicy;
///
/// let policy = FetchPolicy::default()
///     .allow_host("wiki.intranet:8080")?
///     .port(8443);
/// # Ok::<(), gori_core::Error>(())
/// ```
#[derive(Clone)]
pub struct FetchPolicy {
    pub(super) hosts: Vec<(String, Option<u16>)>,
    pub(super) ports: Vec<u16>,
    pub(super) content_types: Vec<String>,
    pub(super) credentials: Vec<(Url, HeaderValue)>,
    pub(super) proxy: Option<Url>,
    pub(crate) user_agent: String,
    pub(super) resolver: Arc<dyn Resolve>,
    /// Redirects that are followed. 5.
    pub redirects: usize,
    /// Time to connect, TLS included. 5 seconds.
    pub connect: Duration,
    /// Time from the request to the first byte of the answer. 10 seconds.
    pub first_byte: Duration,
    /// Time between two pieces of the body. 10 seconds.
    pub idle: Duration,
    /// Time for everything, redirects included. 30 seconds.
    pub total: Duration,
    /// Bytes of the body as it comes. 10 MB.
    pub wire_bytes: u64,
    /// Bytes of the body once it is unpacked. 50 MB.
    pub bytes: u64,
    /// Bytes that each byte of the body may unpack to. 100.
    pub ratio: u64,
}

impl std::fmt::Debug for FetchPolicy {
    /// Without credentials: neither those of an origin nor those in the address of a proxy.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let origins = self.credentials.iter().map(|(url, _)| target::shown(url));
        f.debug_struct("FetchPolicy")
            .field("hosts", &self.hosts)
            .field("ports", &self.ports)
            .field("content_types", &self.content_types)
            .field("credentials_for", &origins.collect::<Vec<_>>())
            .field("proxy", &self.proxy.as_ref().map(target::shown))
            .field("user_agent", &self.user_agent)
            .field("resolver", &self.resolver)
            .field("redirects", &self.redirects)
            .field("connect", &self.connect)
            .field("first_byte", &self.first_byte)
            .field("idle", &self.idle)
            .field("total", &self.total)
            .field("wire_bytes", &self.wire_bytes)
            .field("bytes", &self.bytes)
            .field("ratio", &self.ratio)
            .finish()
    }
}

impl Default for FetchPolicy {
    fn default() -> Self {
        Self {
            hosts: Vec::new(),
            ports: vec![80, 443],
            content_types: [
                "text/*",
                "application/xhtml+xml",
                "application/xml",
                "application/rss+xml",
                "application/atom+xml",
                "application/json",
                "application/x-ndjson",
                "application/pdf",
                "application/epub+zip",
                "application/gzip",
                "application/x-gzip",
                "application/x-ipynb+json",
                "application/vnd.openxmlformats-officedocument.*",
                "application/octet-stream",
                "message/rfc822",
            ]
            .map(str::to_owned)
            .to_vec(),
            credentials: Vec::new(),
            proxy: None,
            user_agent: concat!("gori-loaders/", env!("CARGO_PKG_VERSION")).to_owned(),
            resolver: Arc::new(SystemResolver),
            redirects: 5,
            connect: Duration::from_secs(5),
            first_byte: Duration::from_secs(10),
            idle: Duration::from_secs(10),
            total: Duration::from_secs(30),
            wire_bytes: 10_000_000,
            bytes: 50_000_000,
            ratio: 100,
        }
    }
}

impl FetchPolicy {
    /// Lets this host be reached wherever it is, on a private address or on loopback, as
    /// `name` or `name:port`. The name must stand so in the address that is fetched; an entry
    /// with a port lets that port be used and no other.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] when it is no host.
    pub fn allow_host(mut self, host: &str) -> Result<Self> {
        let wrong = || {
            Error::invalid("no host")
                .about(host)
                .hint("write it as `name`, `name:port` or `[::1]:port`")
        };
        // The parser spells it as it will spell the address to be compared with.
        let url = Url::parse(&format!("http://{host}/")).map_err(|_| wrong())?;
        if url.path() != "/" || url.query().is_some() || !url.username().is_empty() {
            return Err(wrong());
        }
        let name = url.host_str().ok_or_else(wrong)?.to_owned();
        // `:80` is dropped by the parser as the default of its scheme.
        let port = url.port().or_else(|| host.ends_with(":80").then_some(80));
        self.hosts.push((name, port));
        Ok(self)
    }

    /// Lets this port be used, beside 80 and 443.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.ports.push(port);
        self
    }

    /// Takes answers of this content type, beside those of text and documents. `*` at the end
    /// stands for anything.
    #[must_use]
    pub fn content_type(mut self, content_type: &str) -> Self {
        self.content_types.push(content_type.to_ascii_lowercase());
        self
    }

    /// Sends this `Authorization` to one origin, such as `https://docs.example.org`, and to
    /// no other, wherever redirects lead.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] when it is no origin or no value of a header.
    pub fn authorization(mut self, origin: &str, value: &str) -> Result<Self> {
        let url = Url::parse(origin).map_err(|_| Error::invalid("no origin").about(origin))?;
        // The value is no part of the error: it is a secret.
        let mut value = HeaderValue::from_str(value)
            .map_err(|_| Error::invalid("no value of a header").about(origin))?;
        value.set_sensitive(true);
        self.credentials.push((url, value));
        Ok(self)
    }

    /// Goes through this proxy. Proxies of the environment are never used.
    ///
    /// The proxy looks names up itself: the addresses behind them are checked before by a
    /// look-up of our own, which a hostile name server may answer otherwise.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] when it is no address.
    pub fn proxy(mut self, url: &str) -> Result<Self> {
        let url = Url::parse(url).map_err(|_| {
            Error::new(ErrorKind::InvalidInput, "no address of a proxy")
                .hint("write it as `http://host:port`")
        })?;
        self.proxy = Some(url);
        Ok(self)
    }

    /// Names itself so to servers.
    #[must_use]
    pub fn user_agent(mut self, name: &str) -> Self {
        self.user_agent = name.to_owned();
        self
    }

    /// Looks names up by this.
    #[must_use]
    pub fn resolver(mut self, resolver: impl Resolve + 'static) -> Self {
        self.resolver = Arc::new(resolver);
        self
    }

    /// Whether the policy lets this host be reached wherever it is.
    pub(super) fn trusts(&self, host: &str, port: Option<u16>) -> bool {
        let host = target::bare(host);
        self.hosts.iter().any(|(name, only)| {
            target::bare(name) == host && (only.is_none() || port.is_none() || *only == port)
        })
    }
}
