//! Recording exchanges, and playing them again where there is no network.
//!
//! A cassette is a file with a line of JSON for each exchange: the path and body of the
//! request, the status, the content type and the pieces of the answer. Keys are not in it: no
//! header of a request is recorded, of the answer's only a few, and what the server sends back
//! goes through [`Transport::scrub`] and the words that [`Recorder::hide`] names.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use futures_util::{StreamExt, stream};
use gori_core::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{Body, Request, Response, Transport};

/// The headers of an answer that its reading depends on.
const HEADERS: [&str; 5] = [
    "content-type",
    "retry-after",
    "retry-after-ms",
    "x-should-retry",
    "date",
];

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Exchange {
    path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request: Option<Json>,
    status: u16,
    headers: Vec<(String, String)>,
    answer: Vec<String>,
    /// Why the answer ended, where it did not end well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    broken: Option<String>,
}

/// Passes requests on and records what is said.
///
/// The whole answer is read before the caller sees its first piece, so a stream that is being
/// recorded comes at once.
#[derive(Debug)]
pub struct Recorder<T> {
    inner: T,
    path: PathBuf,
    hidden: Vec<String>,
    exchanges: Mutex<Vec<Exchange>>,
}

impl<T: Transport> Recorder<T> {
    /// Records to this file, which is written anew after every exchange.
    pub fn new(inner: T, path: impl Into<PathBuf>) -> Self {
        Self {
            inner,
            path: path.into(),
            hidden: Vec::new(),
            exchanges: Mutex::default(),
        }
    }

    /// Writes `***` in the place of this word wherever it stands, besides the key.
    #[must_use]
    pub fn hide(mut self, secret: impl Into<String>) -> Self {
        self.hidden.push(secret.into());
        self.hidden.retain(|word| !word.is_empty());
        self
    }

    fn scrub(&self, text: &str) -> String {
        let text = self.inner.scrub(text);
        self.hidden
            .iter()
            .fold(text, |text, word| text.replace(word, "***"))
    }

    fn keep(&self, exchange: Exchange) -> Result<()> {
        let mut exchanges = self
            .exchanges
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        exchanges.push(exchange);
        let lines: serde_json::Result<Vec<String>> =
            exchanges.iter().map(serde_json::to_string).collect();
        let lines = lines.map_err(|e| {
            Error::new(ErrorKind::Internal, "an exchange cannot be written").caused_by(e)
        })?;
        // A secret may stand in a request as well, and over the border of two pieces.
        let text = self.scrub(&(lines.join("\n") + "\n"));
        std::fs::write(&self.path, text).map_err(|e| Error::io(self.path.display(), e))
    }
}

#[async_trait]
impl<T: Transport> Transport for Recorder<T> {
    async fn send(&self, request: &Request, end: Instant) -> Result<Response> {
        let mut response = self.inner.send(request, end).await?;
        let mut bytes = Vec::new();
        let broken = loop {
            match response.body.next().await {
                Ok(Some(piece)) => bytes.extend(piece),
                Ok(None) => break None,
                Err(error) => break Some(error.message().to_owned()),
            }
        };
        let answer = self.scrub(&String::from_utf8_lossy(&bytes));
        let keep = |(name, _): &(String, String)| HEADERS.contains(&name.as_str());
        let exchange = Exchange {
            path: request.path.clone(),
            request: json_of(request),
            status: response.status,
            headers: response
                .headers
                .iter()
                .filter(|h| keep(h))
                .cloned()
                .collect(),
            answer: answer.split_inclusive("\n\n").map(str::to_owned).collect(),
            broken,
        };
        self.keep(exchange.clone())?;
        Ok(played(exchange))
    }

    fn scrub(&self, text: &str) -> String {
        Recorder::scrub(self, text)
    }
}

/// Answers from a cassette, and never from the network.
///
/// A request is answered by the first exchange not yet played whose path and body are equal;
/// the order of fields does not matter.
#[derive(Clone, Debug)]
pub struct Replayer {
    exchanges: Arc<Mutex<VecDeque<Exchange>>>,
}

impl Replayer {
    /// Reads a cassette.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] or [`ErrorKind::Io`] where it cannot be read, and
    /// [`ErrorKind::Corrupt`] where it is none.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(|e| Error::io(path.display(), e))?;
        Self::from_text(&text).map_err(|e| e.about(path.display()))
    }

    /// Takes the content of a cassette, such as by `include_str!`.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] where it is none.
    pub fn from_text(text: &str) -> Result<Self> {
        let exchange = |(number, line): (usize, &str)| {
            serde_json::from_str(line).map_err(|e| {
                Error::new(
                    ErrorKind::Corrupt,
                    format!("line {} is no exchange: {e}", number + 1),
                )
            })
        };
        let lines = text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty());
        let exchanges = lines
            .map(exchange)
            .collect::<Result<VecDeque<Exchange>>>()?;
        Ok(Self {
            exchanges: Arc::new(Mutex::new(exchanges)),
        })
    }

    /// How many exchanges were not played yet.
    pub fn left(&self) -> usize {
        self.exchanges
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }
}

#[async_trait]
impl Transport for Replayer {
    async fn send(&self, request: &Request, _: Instant) -> Result<Response> {
        let body = json_of(request);
        let mut exchanges = self
            .exchanges
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let is_it = |e: &Exchange| e.path == request.path && e.request == body;
        let found = exchanges
            .iter()
            .position(is_it)
            .and_then(|at| exchanges.remove(at));
        found.map(played).ok_or_else(|| {
            Error::new(
                ErrorKind::NotFound,
                "this request is not on the cassette, or was played",
            )
            .about(&request.path)
            .hint("record it again")
        })
    }
}

fn json_of(request: &Request) -> Option<Json> {
    let body = request.body.as_ref()?;
    let text = || Json::String(String::from_utf8_lossy(body).into_owned());
    Some(serde_json::from_slice(body).unwrap_or_else(|_| text()))
}

fn played(exchange: Exchange) -> Response {
    let pieces = exchange
        .answer
        .into_iter()
        .map(|piece| Ok(piece.into_bytes()));
    let broken = exchange
        .broken
        .map(|why| Err(Error::new(ErrorKind::Network, why)));
    Response {
        status: exchange.status,
        headers: exchange.headers,
        body: Body::new(stream::iter(pieces.chain(broken)).boxed()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Echoes the key, as some servers do in their errors.
    #[derive(Debug)]
    struct Echo;

    #[async_trait]
    impl Transport for Echo {
        async fn send(&self, request: &Request, _: Instant) -> Result<Response> {
            let text = format!(
                "data: {} sk-canary other-secret\n\ndata: [DONE]\n\n",
                request.path
            );
            Ok(Response {
                status: 200,
                headers: vec![
                    ("content-type".into(), "text/event-stream".into()),
                    ("set-cookie".into(), "session=sk-canary".into()),
                ],
                body: Body::of(text),
            })
        }

        fn scrub(&self, text: &str) -> String {
            text.replace("sk-canary", "***")
        }
    }

    async fn text(response: Response) -> String {
        let mut body = response.body;
        let mut bytes = Vec::new();
        while let Some(piece) = body.next().await.unwrap() {
            bytes.extend(piece);
        }
        String::from_utf8(bytes).unwrap()
    }

    #[tokio::test]
    async fn what_is_recorded_is_played_again_without_secrets() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let recorder = Recorder::new(Echo, file.path()).hide("other-secret");
        let request = |n: u8| {
            let mut request = Request::post(
                "/chat",
                format!("{{\"n\":{n},\"user\":\"other-secret\"}}").into_bytes(),
            );
            request.headers.push(("x-secret", "sk-canary".into()));
            request
        };
        let mut said = Vec::new();
        for n in [1, 2, 1] {
            said.push(text(recorder.send(&request(n), Instant::now()).await.unwrap()).await);
        }
        let cassette = std::fs::read_to_string(file.path()).unwrap();
        for secret in ["sk-canary", "other-secret", "cookie"] {
            assert!(!cassette.contains(secret), "{cassette}");
        }
        let replayer = Replayer::open(file.path()).unwrap();
        assert_eq!(replayer.left(), 3);
        let hidden = |n: u8| {
            Request::post(
                "/chat",
                format!("{{\"user\":\"***\",\"n\":{n}}}").into_bytes(),
            )
        };
        for (n, said) in [1, 2, 1].into_iter().zip(said) {
            assert_eq!(
                text(replayer.send(&hidden(n), Instant::now()).await.unwrap()).await,
                said
            );
        }
        let error = replayer.send(&hidden(1), Instant::now()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "each is played once");
    }

    #[test]
    fn what_is_no_cassette_is_named() {
        assert_eq!(
            Replayer::from_text("{}").unwrap_err().kind(),
            ErrorKind::Corrupt
        );
        assert_eq!(Replayer::from_text("\n").unwrap().left(), 0);
    }
}
