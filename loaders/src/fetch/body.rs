//! A body as it comes in: counted, unpacked, and cut off at its limits.

use std::io::Write;
use std::time::Duration;

use flate2::write::MultiGzDecoder;
use gori_core::{Error, ErrorKind, Result};
use reqwest::Response;
use reqwest::header::CONTENT_ENCODING;

use super::policy::FetchPolicy;
use crate::limits::{human_bytes, too_large};

/// Bytes that may be unpacked whatever the ratio is: a few bytes of gzip are a header.
const RATIO_FROM: u64 = 64 << 10;

/// A body above this gets room for a large one at once: what is reserved and not written costs
/// nothing, while every step of a growth by doubling leaves its hole in the allocator behind.
const SMALL: usize = 1 << 20;
/// The room of a large body, as far as its limit allows.
const LARGE: usize = 64 << 20;

/// Reads a body to its end.
///
/// # Errors
/// `TooLarge` at a limit, `Timeout` when nothing comes, `Protocol` when it is damaged.
pub(super) async fn read(mut response: Response, policy: &FetchPolicy) -> Result<Vec<u8>> {
    let declared = response.content_length().unwrap_or_default();
    if declared > policy.wire_bytes {
        return Err(too_large("the body", human_bytes(policy.wire_bytes)));
    }
    let mut body = Body::new(&response, policy)?;
    while let Some(piece) = next(&mut response, policy.idle).await? {
        body.take(&piece)?;
    }
    body.finish()
}

async fn next(response: &mut Response, idle: Duration) -> Result<Option<bytes::Bytes>> {
    match tokio::time::timeout(idle, response.chunk()).await {
        Ok(Ok(piece)) => Ok(piece),
        Ok(Err(error)) => Err(super::client::network(error)),
        Err(_) => Err(Error::new(
            ErrorKind::Timeout,
            format!("the server sent nothing for {idle:?}"),
        )),
    }
}

struct Body {
    writer: Writer,
    wire: u64,
    wire_limit: u64,
    ratio: u64,
}

enum Writer {
    Plain(Bounded),
    Gzip(Box<MultiGzDecoder<Bounded>>),
}

impl Body {
    fn new(response: &Response, policy: &FetchPolicy) -> Result<Self> {
        let bounded = Bounded {
            bytes: Vec::new(),
            limit: policy.bytes,
            at_once: u64::MAX,
            passed: None,
        };
        let encoding = response.headers().get(CONTENT_ENCODING);
        let encoding = encoding.map(|value| value.as_bytes().to_ascii_lowercase());
        let writer = match encoding.as_deref() {
            None | Some(b"" | b"identity") => Writer::Plain(bounded),
            Some(b"gzip" | b"x-gzip") => Writer::Gzip(Box::new(MultiGzDecoder::new(bounded))),
            Some(_) => {
                return Err(Error::new(
                    ErrorKind::Protocol,
                    "an encoding that was not asked for",
                ));
            }
        };
        Ok(Self {
            writer,
            wire: 0,
            wire_limit: policy.wire_bytes,
            ratio: policy.ratio,
        })
    }

    fn take(&mut self, piece: &[u8]) -> Result<()> {
        self.wire += piece.len() as u64;
        if self.wire > self.wire_limit {
            return Err(too_large("the body", human_bytes(self.wire_limit)));
        }
        let written = match &mut self.writer {
            Writer::Plain(bounded) => bounded.write_all(piece),
            Writer::Gzip(decoder) => {
                let most = self.wire.saturating_mul(self.ratio).max(RATIO_FROM);
                decoder.get_mut().at_once = most;
                decoder.write_all(piece)
            }
        };
        written.map_err(|error| self.failed(error))
    }

    fn finish(mut self) -> Result<Vec<u8>> {
        if let Writer::Gzip(decoder) = &mut self.writer
            && let Err(error) = decoder.try_finish()
        {
            return Err(self.failed(error));
        }
        let mut bytes = match self.writer {
            Writer::Plain(bounded) => bounded.bytes,
            Writer::Gzip(mut decoder) => std::mem::take(&mut decoder.get_mut().bytes),
        };
        bytes.shrink_to_fit();
        Ok(bytes)
    }

    fn failed(&self, error: std::io::Error) -> Error {
        let bounded = match &self.writer {
            Writer::Plain(bounded) => bounded,
            Writer::Gzip(decoder) => decoder.get_ref(),
        };
        match bounded.passed {
            Some(Limit::Bytes) => too_large("the unpacked body", human_bytes(bounded.limit)),
            Some(Limit::Ratio) => too_large("what each byte of the body unpacks to", self.ratio),
            None => Error::new(ErrorKind::Protocol, "the body is damaged").caused_by(error),
        }
    }
}

#[derive(Clone, Copy)]
enum Limit {
    Bytes,
    Ratio,
}

/// Memory that takes no more than it may.
struct Bounded {
    bytes: Vec<u8>,
    limit: u64,
    /// What the ratio allows for now.
    at_once: u64,
    passed: Option<Limit>,
}

impl Write for Bounded {
    fn write(&mut self, piece: &[u8]) -> std::io::Result<usize> {
        let length = self.bytes.len() as u64 + piece.len() as u64;
        if length > self.limit {
            self.passed = Some(Limit::Bytes);
        } else if length > self.at_once {
            self.passed = Some(Limit::Ratio);
        }
        if self.passed.is_some() {
            return Err(std::io::Error::other("above the limit"));
        }
        if self.bytes.capacity() < self.bytes.len() + piece.len() {
            let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
            let needed = self.bytes.len() + piece.len();
            let twice = (self.bytes.len() * 2).max(needed);
            let wanted = if needed > SMALL {
                twice.max(LARGE)
            } else {
                twice
            }
            .min(limit);
            self.bytes.reserve_exact(wanted - self.bytes.len());
        }
        self.bytes.extend_from_slice(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
