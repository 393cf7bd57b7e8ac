//! The fetcher: one request, its redirects, and its answer.

use std::error::Error as StdError;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use gori_core::{Error, ErrorKind, Result};
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, LOCATION, RETRY_AFTER,
};
use reqwest::{Client, Response, StatusCode, Url};

use super::policy::FetchPolicy;
use super::resolve::{Guard, lookup};
use super::{body, target};
use crate::Blob;

/// Fetches addresses within a [`FetchPolicy`]. Cheap to clone; needs a tokio runtime.
///
/// ```no_run
/// # async fn fetch() -> gori_core::Result<()> {
/// use gori_loaders::{FetchPolicy, Fetcher};
///
/// let fetcher = Fetcher::new(FetchPolicy::default())?;
/// let page = fetcher.get("https://example.org/").await?;
/// assert!(!page.bytes.is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Fetcher {
    client: Client,
    policy: Arc<FetchPolicy>,
}

impl std::fmt::Debug for Fetcher {
    /// The client would show the address of a proxy with its password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fetcher")
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

/// What was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// Where it came from in the end, without user, query and fragment where those were left
    /// out of [`Fetcher::get`]'s address already.
    pub url: String,
    /// The content type as the server declared it.
    pub content_type: Option<String>,
    /// Whether the server asks not to have it indexed (`X-Robots-Tag`).
    pub no_index: bool,
    /// The content, unpacked.
    pub bytes: Vec<u8>,
}

impl Fetched {
    /// The content under the name of a source.
    pub fn into_blob(self, source: impl Into<Arc<str>>) -> Blob {
        let blob = Blob::new(source, self.bytes);
        match &self.content_type {
            Some(header) => blob.content_type(header),
            None => blob,
        }
    }
}

impl Fetcher {
    /// A fetcher with this policy.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when TLS or the proxy cannot be set up.
    pub fn new(policy: FetchPolicy) -> Result<Self> {
        let policy = Arc::new(policy);
        let wrong = |error: reqwest::Error| {
            Error::new(ErrorKind::Config, "the HTTP client cannot be set up")
                .caused_by(error.without_url())
        };
        let mut builder = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .dns_resolver(Arc::new(Guard(policy.clone())))
            .connect_timeout(policy.connect)
            .pool_idle_timeout(Duration::from_secs(15))
            .user_agent(&policy.user_agent)
            .tls_backend_preconfigured(super::tls::config()?);
        if let Some(proxy) = &policy.proxy {
            builder = builder.proxy(reqwest::Proxy::all(proxy.clone()).map_err(wrong)?);
        }
        let client = builder.build().map_err(wrong)?;
        Ok(Self { client, policy })
    }

    /// The policy.
    pub fn policy(&self) -> &FetchPolicy {
        &self.policy
    }

    /// Gets what is at an address.
    ///
    /// # Errors
    /// [`ErrorKind::Refused`] when the policy says no, [`ErrorKind::Timeout`] and
    /// [`ErrorKind::TooLarge`] at its limits, [`ErrorKind::Network`] when nobody answers, and
    /// by the status of the answer `NotFound`, `Unauthorized`, `RateLimited`, `Unavailable`
    /// or `Protocol`. No error shows user, query or fragment of an address.
    pub async fn get(&self, url: &str) -> Result<Fetched> {
        let url = Url::parse(url).map_err(|error| {
            // The text itself may hold a secret.
            Error::invalid(format!("no address: {error}"))
        })?;
        let shown = target::shown(&url);
        match tokio::time::timeout(self.policy.total, self.follow(url)).await {
            Ok(result) => result.map_err(|error| match error.subject() {
                Some(_) => error,
                None => error.about(&shown),
            }),
            Err(_) => Err(Error::new(
                ErrorKind::Timeout,
                format!("not done after {:?}", self.policy.total),
            )
            .about(shown)),
        }
    }

    async fn follow(&self, mut url: Url) -> Result<Fetched> {
        for _ in 0..=self.policy.redirects {
            let response = self.request(&url).await?;
            if !response.status().is_redirection() {
                return self
                    .answer(response)
                    .await
                    .map_err(|error| error.about(target::shown(&url)));
            }
            url = redirected(&url, &response)?;
        }
        let what = format!("more than {} redirects", self.policy.redirects);
        Err(Error::new(ErrorKind::Refused, what))
    }

    /// Sends one request, after every check, and waits for the head of its answer.
    async fn request(&self, url: &Url) -> Result<Response> {
        target::check(url, &self.policy)?;
        if self.policy.proxy.is_some()
            && let Some(url::Host::Domain(host)) = url.host()
        {
            lookup(host, &self.policy).await?;
        }
        let mut request = self
            .client
            .get(url.clone())
            .header(ACCEPT, "*/*")
            .header(ACCEPT_ENCODING, "gzip");
        let own = self
            .policy
            .credentials
            .iter()
            .filter(|(origin, _)| origin.origin() == url.origin());
        for (_, value) in own {
            request = request.header(AUTHORIZATION, value.clone());
        }
        let wait = self.policy.connect + self.policy.first_byte;
        let response = match tokio::time::timeout(wait, request.send()).await {
            Ok(response) => response.map_err(network)?,
            Err(_) => {
                let what = format!("no answer within {wait:?}");
                return Err(Error::new(ErrorKind::Timeout, what).about(target::shown(url)));
            }
        };
        self.check_peer(url, &response)?;
        Ok(response)
    }

    /// Looks once more at who answered. That it is somebody else than was let through is a
    /// defect of the client below; then at least nothing of the answer is used.
    fn check_peer(&self, url: &Url, response: &Response) -> Result<()> {
        let host = url.host_str().unwrap_or_default();
        let trusted = self.policy.trusts(host, url.port_or_known_default());
        let peer: Option<IpAddr> = response.remote_addr().map(|address| address.ip());
        match peer {
            Some(peer)
                if !trusted && self.policy.proxy.is_none() && !super::address::is_public(peer) =>
            {
                Err(target::not_public(url))
            }
            _ => Ok(()),
        }
    }

    async fn answer(&self, response: Response) -> Result<Fetched> {
        check_status(&response)?;
        let text = |name| {
            let value = response.headers().get(name)?;
            value.to_str().ok().map(str::to_owned)
        };
        let content_type = text(CONTENT_TYPE);
        self.check_type(content_type.as_deref())?;
        let robots = text(reqwest::header::HeaderName::from_static("x-robots-tag"));
        let no_index = robots.is_some_and(|tag| {
            let tag = tag.to_ascii_lowercase();
            tag.contains("noindex") || tag.contains("none")
        });
        let url = response.url().to_string();
        let bytes = body::read(response, &self.policy).await?;
        Ok(Fetched {
            url,
            content_type,
            no_index,
            bytes,
        })
    }

    fn check_type(&self, declared: Option<&str>) -> Result<()> {
        // Without a declaration the content itself tells what it is.
        let Some(declared) = declared else {
            return Ok(());
        };
        let essence = declared
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        let wanted =
            self.policy
                .content_types
                .iter()
                .any(|wanted| match wanted.strip_suffix('*') {
                    Some(start) => essence.starts_with(start),
                    None => *wanted == essence,
                });
        if wanted {
            return Ok(());
        }
        let shown: String = essence
            .chars()
            .filter(char::is_ascii_graphic)
            .take(80)
            .collect();
        Err(
            Error::new(ErrorKind::Refused, format!("content of type `{shown}`"))
                .hint("allow it by `FetchPolicy::content_type`"),
        )
    }
}

/// Where a redirect leads. From https it never leads to http.
fn redirected(from: &Url, response: &Response) -> Result<Url> {
    let broken =
        |what: &'static str| Error::new(ErrorKind::Protocol, what).about(target::shown(from));
    let location = response
        .headers()
        .get(LOCATION)
        .and_then(|value| value.to_str().ok())
        .ok_or_else(|| broken("a redirect to nowhere"))?;
    let to = from
        .join(location)
        .map_err(|_| broken("a redirect to what is no address"))?;
    if from.scheme() == "https" && to.scheme() == "http" {
        return Err(
            Error::new(ErrorKind::Refused, "a redirect from https to http")
                .about(target::shown(from)),
        );
    }
    Ok(to)
}

fn check_status(response: &Response) -> Result<()> {
    let status = response.status();
    if status == StatusCode::OK {
        return Ok(());
    }
    let kind = match status.as_u16() {
        404 | 410 => ErrorKind::NotFound,
        401 | 403 | 407 | 451 => ErrorKind::Unauthorized,
        429 => ErrorKind::RateLimited,
        408 => ErrorKind::Timeout,
        500.. => ErrorKind::Unavailable,
        _ => ErrorKind::Protocol,
    };
    let error = Error::new(kind, format!("the server answered {status}"));
    let wait = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.trim().parse().ok());
    Err(match wait {
        Some(seconds) => error.with_retry_after(Duration::from_secs(seconds)),
        None => error,
    })
}

/// The error of the client: ours where the resolver gave one, else one without the address.
pub(super) fn network(error: reqwest::Error) -> Error {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(&error);
    while let Some(inner) = cause {
        if let Some(own) = inner.downcast_ref::<Error>() {
            let copy = Error::new(own.kind(), own.message().to_owned());
            let copy = match own.advice() {
                Some(advice) => copy.hint(advice.to_owned()),
                None => copy,
            };
            return match own.subject() {
                Some(subject) => copy.about(subject),
                None => copy,
            };
        }
        cause = inner.source();
    }
    let (kind, what) = if error.is_timeout() {
        (ErrorKind::Timeout, "the connection was not made in time")
    } else if error.is_connect() {
        (ErrorKind::Network, "no connection")
    } else if error.is_body() || error.is_decode() {
        (ErrorKind::Network, "the answer broke off")
    } else {
        (ErrorKind::Network, "no answer")
    };
    Error::new(kind, what).caused_by(error.without_url())
}
