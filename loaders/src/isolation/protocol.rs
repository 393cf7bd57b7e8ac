//! What the program and its worker say to each other over two pipes.
//!
//! A frame is `g`, its kind, the length of a header and of a body as little-endian u32, the
//! header as JSON, and the body as it is. The worker says [`Kind::Hello`] once; then for each
//! [`Kind::Job`] with the bytes as its body it answers [`Kind::Event`]s, whose body is text,
//! and one [`Kind::End`]. The program trusts the worker no further than this: lengths are
//! bounded before anything is allocated, text is checked to be UTF-8.

use gori_core::{Error, ErrorKind, Metadata, Part, Result};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::Task;
use crate::Limits;
use crate::format::Event;

/// What both sides must agree on: the version of this crate, which is that of the protocol.
pub(super) const HELLO: &str = concat!("gori-loaders ", env!("CARGO_PKG_VERSION"), " protocol 1");

/// The bytes in front of header and body.
pub(super) const PREFIX: usize = 10;
/// Metadata and a task are small.
const MAX_HEADER: usize = 16 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Hello = 1,
    Job = 2,
    Event = 3,
    End = 4,
}

/// The lengths of a frame that begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Prefix {
    pub(super) kind: Kind,
    pub(super) header: usize,
    pub(super) body: usize,
}

impl Prefix {
    /// Reads the first bytes of a frame.
    ///
    /// # Errors
    /// When they are none, or announce more than `max_body` bytes.
    pub(super) fn decode(bytes: [u8; PREFIX], max_body: u64) -> Result<Self> {
        let [mark, kind, h0, h1, h2, h3, b0, b1, b2, b3] = bytes;
        let kind = match kind {
            1 => Kind::Hello,
            2 => Kind::Job,
            3 => Kind::Event,
            4 => Kind::End,
            _ => return Err(broken("an unknown frame")),
        };
        let header = u32::from_le_bytes([h0, h1, h2, h3]) as usize;
        let body = u32::from_le_bytes([b0, b1, b2, b3]) as usize;
        if mark != b'g' {
            return Err(broken("something that is no frame"));
        }
        if header > MAX_HEADER || body as u64 > max_body {
            return Err(broken("a frame above the limit"));
        }
        Ok(Self { kind, header, body })
    }
}

/// A frame up to its body, which follows as it is.
pub(super) fn encode(kind: Kind, header: &impl Serialize, body: usize) -> Result<Vec<u8>> {
    let header = serde_json::to_vec(header)
        .map_err(|error| broken("a header that cannot be written").caused_by(error))?;
    let length = |length: usize| {
        u32::try_from(length).map_err(|_| Error::new(ErrorKind::TooLarge, "a frame above 4 GiB"))
    };
    let mut frame = vec![b'g', kind as u8];
    frame.extend_from_slice(&length(header.len())?.to_le_bytes());
    frame.extend_from_slice(&length(body)?.to_le_bytes());
    frame.extend_from_slice(&header);
    Ok(frame)
}

pub(super) fn decode<T: DeserializeOwned>(header: &[u8]) -> Result<T> {
    serde_json::from_slice(header)
        .map_err(|error| broken("a header that cannot be read").caused_by(error))
}

fn broken(what: &str) -> Error {
    Error::new(
        ErrorKind::Protocol,
        format!("the worker process sent {what}"),
    )
    .hint("call `gori_loaders::worker::serve_if_asked` first of all in `main`")
}

/// The header of a job.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Job {
    pub(super) task: Task,
    pub(super) limits: Limits,
}

/// The header of an event; its text is the body.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum EventHeader {
    Part { part: Part, metadata: Metadata },
    Warning,
    Skipped,
}

impl EventHeader {
    /// Takes the text off an event.
    pub(super) fn split(event: Event) -> (Self, String) {
        match event {
            Event::Part {
                part,
                text,
                metadata,
            } => (Self::Part { part, metadata }, text),
            Event::Warning(message) => (Self::Warning, message),
            Event::Skipped(reason) => (Self::Skipped, reason),
        }
    }

    /// Puts an event together again.
    pub(super) fn join(self, body: Vec<u8>) -> Result<Event> {
        let text = String::from_utf8(body)
            .map_err(|error| broken("text that is not UTF-8").caused_by(error))?;
        Ok(match self {
            Self::Part { part, metadata } => Event::Part {
                part,
                text,
                metadata,
            },
            Self::Warning => Event::Warning(text),
            Self::Skipped => Event::Skipped(text),
        })
    }
}

/// The header of an end: nothing, or the error.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct End(Option<Failure>);

#[derive(Debug, Serialize, Deserialize)]
struct Failure {
    kind: String,
    message: String,
    hint: Option<String>,
}

/// The kinds of error that a parser gives.
const KINDS: &[ErrorKind] = &[
    ErrorKind::InvalidInput,
    ErrorKind::Config,
    ErrorKind::NotFound,
    ErrorKind::Unsupported,
    ErrorKind::Corrupt,
    ErrorKind::Unauthorized,
    ErrorKind::Refused,
    ErrorKind::Timeout,
    ErrorKind::Cancelled,
    ErrorKind::TooLarge,
    ErrorKind::Protocol,
    ErrorKind::Io,
];

impl From<Result<()>> for End {
    fn from(result: Result<()>) -> Self {
        Self(result.err().map(|error| Failure {
            kind: error.kind().as_str().to_owned(),
            message: error.message().to_owned(),
            hint: error.advice().map(str::to_owned),
        }))
    }
}

impl From<End> for Result<()> {
    fn from(end: End) -> Self {
        let Some(failure) = end.0 else { return Ok(()) };
        let kind = KINDS.iter().find(|kind| kind.as_str() == failure.kind);
        let error = Error::new(*kind.unwrap_or(&ErrorKind::Internal), failure.message);
        Err(match failure.hint {
            Some(hint) => error.hint(hint),
            None => error,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_survives_the_way() {
        let events = [
            Event::Part {
                part: Part::Page(7),
                text: "텍스트\n".to_owned(),
                metadata: Metadata::from([("a".to_owned(), 1.into())]),
            },
            Event::Warning("careful".to_owned()),
            Event::Skipped("nothing".to_owned()),
        ];
        for event in events {
            let (header, text) = EventHeader::split(event.clone());
            let frame = encode(Kind::Event, &header, text.len()).unwrap();
            let (prefix, header) = frame.split_first_chunk::<PREFIX>().unwrap();
            let prefix = Prefix::decode(*prefix, 100).unwrap();
            assert_eq!((prefix.header, prefix.body), (header.len(), text.len()));
            let header: EventHeader = decode(header).unwrap();
            assert_eq!(header.join(text.into_bytes()).unwrap(), event);
        }
    }

    #[test]
    fn an_error_keeps_its_kind_and_its_hint() {
        let error = Error::new(ErrorKind::Unauthorized, "locked").hint("unlock it");
        let end = serde_json::to_vec(&End::from(Err(error))).unwrap();
        let end: End = decode(&end).unwrap();
        let error = Result::from(end).unwrap_err();
        assert_eq!(error.to_string(), "unauthorized: locked; unlock it");
        assert!(Result::from(End::from(Ok(()))).is_ok());
    }

    #[test]
    fn what_is_no_frame_is_refused_before_anything_is_allocated() {
        let good = *b"g\x03\x01\0\0\0\x02\0\0\0";
        assert!(Prefix::decode(good, 2).is_ok());
        assert!(Prefix::decode(good, 1).is_err(), "a body above the limit");
        assert!(Prefix::decode(*b"Hello worl", 1 << 30).is_err());
        assert!(Prefix::decode(*b"g\x09\0\0\0\0\0\0\0\0", 1).is_err());
        assert!(Prefix::decode(*b"g\x03\xff\xff\xff\xff\0\0\0\0", 1).is_err());
    }
}
