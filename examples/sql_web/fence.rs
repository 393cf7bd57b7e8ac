//! Who may ask, and what the page may do.
//!
//! A page that a person has open elsewhere can send requests here. It cannot name another host
//! and have it resolve to this machine (the `Host` header is checked), nor post from its own
//! origin (`Origin` and `Sec-Fetch-Site` are checked, and only JSON is taken).

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use gori::{Error, ErrorKind, Result};

const COOKIE: &str = "gori_token";

/// No script, style or request but our own, no frame around it, and text never becomes markup.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types 'none'";

/// Where the page is, and the token that it asks for.
#[derive(Debug)]
pub struct Fence {
    address: SocketAddr,
    token: Option<String>,
}

/// 128 bits of the operating system's randomness, in hexadecimal.
pub fn new_token() -> Result<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|e| {
        Error::new(ErrorKind::Internal, format!("there is no randomness: {e}"))
            .hint("set GORI_WEB_TOKEN")
    })?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

impl Fence {
    pub fn new(address: SocketAddr, token: Option<String>) -> Self {
        Self { address, token }
    }

    /// What a person opens.
    pub fn address(&self) -> String {
        match &self.token {
            Some(token) => format!("http://{}/?token={token}", self.address),
            None => format!("http://{}/", self.address),
        }
    }

    /// Without a token only names of this machine are answered to. With one, whoever has it has
    /// been told the address.
    fn knows(&self, host: &str) -> bool {
        let port = self.address.port();
        let name = host.strip_suffix(&format!(":{port}"));
        let own = self.address.ip().to_string();
        match name {
            _ if self.token.is_some() => true,
            Some(name) => name == "localhost" || name == own || name == format!("[{own}]"),
            None => false,
        }
    }

    fn admits(&self, headers: &HeaderMap) -> bool {
        let Some(token) = &self.token else {
            return true;
        };
        let text = |name| {
            headers
                .get(name)
                .and_then(|value: &HeaderValue| value.to_str().ok())
        };
        let bearer = text(header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
        let cookies = text(header::COOKIE).unwrap_or_default().split(';');
        let cookie = cookies
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(name, _)| *name == COOKIE)
            .map(|(_, value)| value);
        bearer.or(cookie).is_some_and(|given| same(given, token))
    }
}

/// Compares in a time that does not tell how much was right.
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len()
        && a.bytes()
            .zip(b.bytes())
            .fold(0, |all, (x, y)| all | (x ^ y))
            == 0
}

/// Lets a request through, or says why not; every answer carries the page's limits.
pub async fn hold(State(fence): State<Arc<Fence>>, request: Request, next: Next) -> Response {
    let mut response = match refusal(&fence, &request) {
        Some(response) => response,
        None => next.run(request).await,
    };
    let limits = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in limits {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

fn refusal(fence: &Fence, request: &Request) -> Option<Response> {
    let headers = request.headers();
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text("host").unwrap_or_default();
    if !fence.knows(host) {
        let what = "this page answers to its own address alone";
        return Some((StatusCode::MISDIRECTED_REQUEST, what).into_response());
    }
    let foreign = text("sec-fetch-site").is_some_and(|s| s != "same-origin" && s != "none")
        || text("origin").is_some_and(|origin| origin != format!("http://{host}"));
    if request.method() != Method::GET && foreign {
        return Some((StatusCode::FORBIDDEN, "asked from another page").into_response());
    }
    if let (Some(token), "/") = (&fence.token, request.uri().path())
        && let Some(given) = request.uri().query().and_then(|q| q.strip_prefix("token="))
        && same(given, token)
    {
        let cookie = format!("{COOKIE}={token}; HttpOnly; SameSite=Strict; Path=/");
        let headers = [
            (header::LOCATION, "/".to_owned()),
            (header::SET_COOKIE, cookie),
        ];
        return Some((StatusCode::SEE_OTHER, headers).into_response());
    }
    if !fence.admits(headers) {
        let what = "open the address with the token that was printed at the start";
        return Some((StatusCode::UNAUTHORIZED, what).into_response());
    }
    None
}

/// A file of the page, which is part of the program.
pub async fn asset(kind: &'static str, text: &'static str) -> Response {
    let kind = format!("{kind}; charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}
