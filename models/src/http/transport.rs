//! The port between what is said to a model's server and how it gets there.

use std::fmt::{self, Debug};
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use futures_core::stream::BoxStream;
use futures_util::{StreamExt, stream};
use gori_core::Result;

/// What is asked of a server. Keys are no part of it: who sends it adds them.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// Under the base URL, such as `/chat/completions`; or, where it begins with `//`, from
    /// the root of the server, such as `//props`.
    pub path: String,
    /// Names and values.
    pub headers: Vec<(&'static str, String)>,
    /// JSON to post. Without a body it is a GET.
    pub body: Option<Vec<u8>>,
}

impl Request {
    /// A GET.
    pub fn get(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            headers: Vec::new(),
            body: None,
        }
    }

    /// A POST of JSON.
    pub fn post(path: impl Into<String>, body: Vec<u8>) -> Self {
        Self {
            body: Some(body),
            ..Self::get(path)
        }
    }
}

/// The body is prompt text, which is not shown.
impl Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("path", &self.path)
            .field("body_bytes", &self.body.as_ref().map(Vec::len))
            .finish_non_exhaustive()
    }
}

/// What a server answers.
#[derive(Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Names, in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The content as it comes.
    pub body: Body,
}

impl Response {
    /// The first header of this lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(n, _)| n == name)?;
        Some(value)
    }

    /// Whether the content says it is of this media type, whatever its parameters.
    pub(crate) fn is(&self, media_type: &str) -> bool {
        let content_type = self.header("content-type").unwrap_or_default();
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case(media_type)
    }
}

/// The content of an answer, in pieces of any size. Dropping it closes the connection.
pub struct Body(BoxStream<'static, Result<Vec<u8>>>);

impl Body {
    /// A body that comes in pieces.
    pub fn new(pieces: BoxStream<'static, Result<Vec<u8>>>) -> Self {
        Self(pieces)
    }

    /// A body that is there already.
    pub fn of(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self(stream::once(async { Ok(bytes) }).boxed())
    }

    /// The next piece, or `None` at the end.
    ///
    /// # Errors
    /// Whatever the transport meets: a broken connection, a deadline, too many bytes.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        self.0.next().await.transpose()
    }

    /// The pieces.
    pub fn into_stream(self) -> BoxStream<'static, Result<Vec<u8>>> {
        self.0
    }
}

impl Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Body(..)")
    }
}

/// Sends requests.
///
/// # For implementors
/// - An answer with any status is `Ok`; `Err` means that no answer came.
/// - Dropping the future or the [`Body`] ends the request and closes its connection.
/// - The body ends with an error, never silently, where the connection breaks, a deadline
///   passes or a size is exceeded.
/// - No error holds the key or the query of a URL.
#[async_trait]
pub trait Transport: Debug + Send + Sync {
    /// Sends a request, which must have ended, body and all, at `end`.
    async fn send(&self, request: &Request, end: Instant) -> Result<Response>;

    /// The text without the secrets that this transport knows, for errors and recordings.
    fn scrub(&self, text: &str) -> String {
        text.to_owned()
    }
}

#[async_trait]
impl<T: Transport + ?Sized> Transport for Arc<T> {
    async fn send(&self, request: &Request, end: Instant) -> Result<Response> {
        (**self).send(request, end).await
    }

    fn scrub(&self, text: &str) -> String {
        (**self).scrub(text)
    }
}
