//! Standard input.

use std::io::Read as _;
use std::sync::Arc;

use futures_core::stream::BoxStream;
use futures_util::stream;
use gori_core::{Error, Loaded, Loader, Result, Seen};

use crate::pipeline::{Found, Job, Opened};
use crate::reader::too_long;
use crate::{Blob, Reader, pipeline};

/// What comes in through standard input, as one source.
///
/// It can be read once: a second load finds it at its end. A thread that waits for input goes
/// on waiting when the stream is dropped, since nothing can call it back.
///
/// ```
/// use gori_loaders::Stdin;
///
/// let piped = Stdin::new().media_type("text/markdown");
/// ```
#[derive(Clone, Debug)]
pub struct Stdin {
    name: Arc<str>,
    media_type: Option<String>,
    reader: Reader,
}

impl Default for Stdin {
    fn default() -> Self {
        Self::new()
    }
}

impl Stdin {
    /// A source named `-`, whose format is told by its content.
    pub fn new() -> Self {
        Self {
            name: Arc::from("-"),
            media_type: None,
            reader: Reader::new(),
        }
    }

    /// The name of the source. An extension helps to tell the format.
    #[must_use]
    pub fn named(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = name.into();
        self
    }

    /// What the input is.
    #[must_use]
    pub fn media_type(mut self, media_type: impl Into<String>) -> Self {
        self.media_type = Some(media_type.into());
        self
    }

    /// Reads the input by this reader.
    #[must_use]
    pub fn reader(mut self, reader: Reader) -> Self {
        self.reader = reader;
        self
    }
}

impl Loader for Stdin {
    fn load<'a>(&'a self, seen: &'a dyn Seen) -> BoxStream<'a, Result<Loaded>> {
        let (source, media_type) = (self.name.clone(), self.media_type.clone());
        let limits = self.reader.kept_limits().clone();
        let open = move |_: &_| {
            let mut bytes = Vec::new();
            let mut bounded = std::io::stdin().take(limits.source_bytes.saturating_add(1));
            bounded
                .read_to_end(&mut bytes)
                .map_err(|error| Error::io("standard input", error))?;
            if bytes.len() as u64 > limits.source_bytes {
                return Ok(Opened::Skipped(too_long(bytes.len() as u64, &limits)));
            }
            let mut blob = Blob::new(source, bytes);
            blob.media_type = media_type;
            Ok(Opened::Blob(blob))
        };
        let job = Job {
            source: self.name.clone(),
            open: Box::new(open),
        };
        let found = stream::iter([Ok(Found::Source(job))]);
        pipeline::load(Box::pin(found), &self.reader, seen)
    }
}
