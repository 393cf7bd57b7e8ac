//! The one place that does network I/O.

use std::error::Error as _;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures_util::stream;
use gori_core::{Error, ErrorKind, Result};
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Client, Url, redirect};
use tokio::time::timeout_at;

use super::deadlines::Late;
use super::{ApiKey, Body, Deadlines, Request, Response, Transport};

/// How a key is shown to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// `authorization: Bearer KEY`.
    Bearer,
    /// `x-api-key: KEY`.
    XApiKey,
}

/// Sends requests over the network.
///
/// It follows no redirects (an API that redirects is a wrong base URL, and a key must not
/// travel), asks for no compression, and reads no more than a limit. A key goes out over
/// plain `http` only to this machine, unless [`Live::allow_plain_http`] says otherwise. The
/// usual proxy variables of the environment hold, except for this machine.
#[derive(Clone, Debug)]
pub struct Live {
    base: Url,
    client: Client,
    key: Option<(Auth, ApiKey)>,
    deadlines: Deadlines,
    max_body: usize,
    plain_http: bool,
}

impl Live {
    /// The largest answer that is read, in bytes, unless said otherwise.
    pub const MAX_BODY: usize = 64 << 20;

    /// A transport to this base URL, such as `https://api.openai.com/v1` or
    /// `http://127.0.0.1:8080/v1`.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] where the URL is not http or https, or holds a user, a password,
    /// a query or a fragment; or where this machine's certificates cannot be read.
    pub fn new(base: &str, deadlines: Deadlines) -> Result<Self> {
        let base = parse_base(base)?;
        let client = client(&base, deadlines)?;
        Ok(Self {
            base,
            client,
            key: None,
            deadlines,
            max_body: Self::MAX_BODY,
            plain_http: false,
        })
    }

    /// Shows this key with every request.
    #[must_use]
    pub fn key(mut self, auth: Auth, key: ApiKey) -> Self {
        self.key = Some((auth, key));
        self
    }

    /// Lets the key go over plain http to another machine: only where the network is yours.
    #[must_use]
    pub fn allow_plain_http(mut self, allow: bool) -> Self {
        self.plain_http = allow;
        self
    }

    /// Reads answers up to this many bytes.
    #[must_use]
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    fn url(&self, path: &str) -> Result<Url> {
        let mut url = self.base.clone();
        let full = match path.strip_prefix("//") {
            Some(from_root) => format!("/{from_root}"),
            None => format!("{}{path}", self.base.path().trim_end_matches('/')),
        };
        url.set_path(&full);
        Ok(url)
    }

    fn auth_header(&self) -> Result<Option<(HeaderName, HeaderValue)>> {
        let Some((auth, key)) = &self.key else {
            return Ok(None);
        };
        if self.base.scheme() == "http" && !is_this_machine(&self.base) && !self.plain_http {
            return Err(Error::new(
                ErrorKind::Config,
                "a key would go over plain http to another machine",
            )
            .hint("use https, or allow_plain_http where the network is yours"));
        }
        let (name, value) = match auth {
            Auth::Bearer => ("authorization", format!("Bearer {}", key.expose())),
            Auth::XApiKey => ("x-api-key", key.expose().to_owned()),
        };
        let mut value = HeaderValue::from_str(&value)
            .map_err(|_| Error::new(ErrorKind::Config, "the key cannot stand in a header"))?;
        value.set_sensitive(true);
        Ok(Some((HeaderName::from_static(name), value)))
    }
}

#[async_trait]
impl Transport for Live {
    async fn send(&self, request: &Request, end: Instant) -> Result<Response> {
        let url = self.url(&request.path)?;
        let mut builder = match &request.body {
            None => self.client.get(url),
            Some(body) => self
                .client
                .post(url)
                .header("content-type", "application/json")
                .body(body.clone()),
        };
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        if let Some((name, value)) = self.auth_header()? {
            builder = builder.header(name, value);
        }
        let first_byte = Instant::now() + self.deadlines.first_byte;
        let answered = timeout_at(first_byte.min(end).into(), builder.send()).await;
        let late = if end <= first_byte {
            Late::Total
        } else {
            Late::FirstByte
        };
        let response = answered
            .map_err(|_| late.error())?
            .map_err(|e| no_answer(e, &self.base))?;
        let headers = response.headers().iter();
        Ok(Response {
            status: response.status().as_u16(),
            headers: headers
                .filter_map(|(name, value)| {
                    Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
                })
                .collect(),
            body: Reading::new(response, self, end).into_body(),
        })
    }

    fn scrub(&self, text: &str) -> String {
        match &self.key {
            Some((_, key)) => key.scrub(text),
            None => text.to_owned(),
        }
    }
}

/// A body that is being read. It owns the connection: dropping it closes it.
struct Reading {
    response: reqwest::Response,
    idle: Duration,
    end: Instant,
    left: usize,
}

impl Reading {
    fn new(response: reqwest::Response, live: &Live, end: Instant) -> Self {
        Self {
            response,
            idle: live.deadlines.idle,
            end,
            left: live.max_body,
        }
    }

    fn into_body(self) -> Body {
        Body::new(Box::pin(stream::try_unfold(self, |mut reading| async {
            let piece = reading.next().await?;
            Ok(piece.map(|piece| (piece, reading)))
        })))
    }

    async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        let idle = Instant::now() + self.idle;
        let read = timeout_at(idle.min(self.end).into(), self.response.chunk()).await;
        let late = if self.end <= idle {
            Late::Total
        } else {
            Late::Idle
        };
        let Some(piece) = read.map_err(|_| late.error())?.map_err(broken)? else {
            return Ok(None);
        };
        match self.left.checked_sub(piece.len()) {
            Some(left) => self.left = left,
            None => {
                return Err(Error::new(
                    ErrorKind::TooLarge,
                    "the answer is larger than this client reads",
                ));
            }
        }
        Ok(Some(piece.into()))
    }
}

fn parse_base(base: &str) -> Result<Url> {
    let wrong = |message: String| {
        Error::new(ErrorKind::Config, message).hint("write it as https://host/v1")
    };
    let url =
        Url::parse(base.trim()).map_err(|e| wrong(format!("the base URL cannot be read: {e}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("the base URL is neither http nor https".into()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("the base URL holds a user or a password".into())
            .hint("give the key as an ApiKey: URLs end up in logs"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("the base URL holds a query or a fragment".into()));
    }
    Ok(url)
}

fn is_this_machine(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_matches(['[', ']'])
            .parse::<IpAddr>()
            .is_ok_and(|ip| ip.to_canonical().is_loopback()),
        None => false,
    }
}

fn client(base: &Url, deadlines: Deadlines) -> Result<Client> {
    let mut builder = Client::builder()
        .tls_backend_preconfigured(tls(base.scheme() == "https")?)
        .redirect(redirect::Policy::none())
        .connect_timeout(deadlines.connect)
        .user_agent(concat!("gori/", env!("CARGO_PKG_VERSION")));
    if is_this_machine(base) {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|e| {
        Error::new(ErrorKind::Config, "the HTTP client could not be made")
            .caused_by(e.without_url())
    })
}

/// TLS by rustls on ring, with the certificates that this machine trusts. They are read only
/// where they are needed: a board that speaks to itself may have none.
fn tls(verify: bool) -> Result<rustls::ClientConfig> {
    use rustls_platform_verifier::BuilderVerifierExt;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let failed = |e: rustls::Error| {
        Error::new(ErrorKind::Config, "TLS could not be set up")
            .hint("install the system's certificates (ca-certificates)")
            .caused_by(e)
    };
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(failed)?;
    Ok(if verify {
        builder
            .with_platform_verifier()
            .map_err(failed)?
            .with_no_client_auth()
    } else {
        let none = rustls::RootCertStore::empty();
        builder.with_root_certificates(none).with_no_client_auth()
    })
}

/// The request failed before an answer came. Of the address only scheme, host and port are
/// told: a path or a query may hold what is nobody else's affair.
fn no_answer(error: reqwest::Error, base: &Url) -> Error {
    let server = base.origin().ascii_serialization();
    let error = error.without_url();
    if error.is_builder() {
        return Error::new(ErrorKind::Config, "the request could not be made").caused_by(error);
    }
    if error.is_timeout() {
        let message = format!("no connection to {server} came about in time");
        return Error::new(ErrorKind::Timeout, message)
            .transient(true)
            .caused_by(error);
    }
    if !error.is_connect() {
        return Error::new(
            ErrorKind::Network,
            format!("{server} closed the connection without an answer"),
        )
        .caused_by(error);
    }
    if names_a_certificate(&error) {
        return Error::new(
            ErrorKind::Network,
            format!("the certificate of {server} is not trusted"),
        )
        .transient(false)
        .caused_by(error);
    }
    Error::new(ErrorKind::Network, format!("no connection to {server}"))
        .hint("check that it runs and that the address is right")
        .caused_by(error)
}

fn names_a_certificate(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.to_string().contains("certificate") {
            return true;
        }
        cause = error.source();
    }
    false
}

/// The answer ended before it was whole.
fn broken(error: reqwest::Error) -> Error {
    Error::new(
        ErrorKind::Network,
        "the connection broke in the middle of the answer",
    )
    .caused_by(error.without_url())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_urls_that_hide_secrets_or_go_elsewhere_are_refused() {
        for base in [
            "ftp://host/v1",
            "https://user:pw@host/v1",
            "https://host/v1?key=sk-1",
            "https://host/#x",
            "host/v1",
            "",
            "file:///etc/passwd",
        ] {
            let error = Live::new(base, Deadlines::default()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{base}");
            assert!(!format!("{error:?}").contains("sk-1"));
        }
    }

    #[test]
    fn paths_are_joined_under_the_base_or_from_the_root() {
        for base in ["http://127.0.0.1:1/v1", "http://127.0.0.1:1/v1/"] {
            let live = Live::new(base, Deadlines::default()).unwrap();
            assert_eq!(
                live.url("/models").unwrap().as_str(),
                "http://127.0.0.1:1/v1/models"
            );
            assert_eq!(
                live.url("//props").unwrap().as_str(),
                "http://127.0.0.1:1/props"
            );
        }
    }

    #[test]
    fn a_key_goes_over_plain_http_to_this_machine_only() {
        let key = ApiKey::new("sk-1").unwrap();
        let header = |base: &str, allow| {
            Live::new(base, Deadlines::default())
                .unwrap()
                .key(Auth::Bearer, key.clone())
                .allow_plain_http(allow)
                .auth_header()
        };
        for base in [
            "http://127.0.0.1:1/v1",
            "http://localhost/v1",
            "http://[::1]/v1",
            "https://example.org/v1",
        ] {
            assert!(header(base, false).is_ok(), "{base}");
        }
        for base in [
            "http://example.org/v1",
            "http://192.168.0.2/v1",
            "http://127.0.0.1.example.org/",
        ] {
            assert_eq!(
                header(base, false).unwrap_err().kind(),
                ErrorKind::Config,
                "{base}"
            );
            assert!(header(base, true).is_ok(), "{base}");
        }
    }

    #[test]
    fn debug_shows_no_key() {
        let live = Live::new("http://127.0.0.1:1/v1", Deadlines::default())
            .unwrap()
            .key(Auth::XApiKey, ApiKey::new("sk-canary").unwrap());
        assert!(!format!("{live:?}").contains("canary"));
        assert!(!format!("{:?}", live.auth_header()).contains("canary"));
        assert_eq!(live.scrub("got sk-canary back"), "got *** back");
    }
}
