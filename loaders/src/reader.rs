//! Bytes to documents: detection, limits, isolation, in one place for every source.

use std::sync::Arc;

use gori_core::{Document, Error, Loaded, Result, ResultExt as _, Revision, Stop};

use crate::format::{Clock, Event, Formats, Input, Output};
use crate::isolation::Isolation;
use crate::limits::human_bytes;
use crate::sample::Sample;
use crate::{Blob, Limits};

/// Reads what a source gives by the format that knows it. Cheap to clone; every source has
/// one.
///
/// ```
/// use gori_loaders::{Blob, Reader};
///
/// let documents = Reader::new().documents(Blob::new("a.md", "---\ntags: [x]\n---\n# A title\n"))?;
/// assert_eq!(documents[0].metadata["title"], "A title".into());
/// # Ok::<(), gori_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Reader {
    formats: Arc<Formats>,
    limits: Arc<Limits>,
    isolation: Isolation,
}

impl Reader {
    /// Every format that is compiled in, with default limits and isolation.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads by these formats.
    #[must_use]
    pub fn formats(mut self, formats: Formats) -> Self {
        self.formats = Arc::new(formats);
        self
    }

    /// Keeps these limits.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = Arc::new(limits);
        self
    }

    /// Keeps hostile formats apart in this way.
    #[must_use]
    pub fn isolation(mut self, isolation: Isolation) -> Self {
        self.isolation = isolation;
        self
    }

    /// The same reader for one load: what is reported once a load is reported anew.
    pub(crate) fn for_one_load(&self) -> Self {
        self.clone().isolation(self.isolation.for_one_load())
    }

    /// The limits it keeps.
    pub fn kept_limits(&self) -> &Limits {
        &self.limits
    }

    /// All documents of some bytes, here and now. Blocks; for a corpus, use a source.
    ///
    /// # Errors
    /// When the bytes cannot be read. That they hold no text is no error.
    pub fn documents(&self, blob: Blob) -> Result<Vec<Document>> {
        let mut documents = Vec::new();
        self.read(blob, None, &Stop::new(), &mut |loaded| {
            if let Loaded::Document(document) = loaded {
                documents.push(document);
            }
            Ok(())
        })?;
        Ok(documents)
    }

    /// Reads some bytes unless they are what is `known` already, and hands on each item as it
    /// comes. The error names the source.
    pub(crate) fn read(
        &self,
        blob: Blob,
        known: Option<Revision>,
        stop: &Stop,
        emit: &mut dyn FnMut(Loaded) -> Result<()>,
    ) -> Result<()> {
        let source = blob.source.clone();
        self.read_blob(blob, known, stop, emit).about(source)
    }

    fn read_blob(
        &self,
        blob: Blob,
        known: Option<Revision>,
        stop: &Stop,
        emit: &mut dyn FnMut(Loaded) -> Result<()>,
    ) -> Result<()> {
        let source = blob.source.clone();
        let skipped = |reason: String| Loaded::Skipped {
            source: source.clone(),
            reason,
        };
        if blob.bytes.len() as u64 > self.limits.source_bytes {
            return emit(skipped(too_long(blob.bytes.len() as u64, &self.limits)));
        }
        let revision = blob.revision();
        if known == Some(revision) {
            return emit(Loaded::Unchanged(source));
        }
        if blob.bytes.is_empty() {
            return emit(skipped("empty".to_owned()));
        }
        let sample = Sample::new(&blob.source, &blob.bytes, blob.media_type.as_deref());
        let Some(format) = self.formats.detect(&sample) else {
            return emit(skipped(unknown(&sample)));
        };
        let clock = Clock::start();
        let input = Input {
            source: &blob.source,
            bytes: &blob.bytes,
            charset: blob.charset.as_deref(),
            limits: &self.limits,
            stop,
            clock: &clock,
            isolation: &self.isolation,
        };
        let mut hand_on = |event| {
            let loaded = match event {
                Event::Part {
                    part,
                    text,
                    metadata,
                } => Loaded::Document(Document {
                    source: source.clone(),
                    part,
                    revision,
                    text,
                    metadata: blob.metadata.clone().into_iter().chain(metadata).collect(),
                }),
                Event::Warning(message) => Loaded::Warning {
                    source: source.clone(),
                    message,
                },
                Event::Skipped(reason) => skipped(reason),
            };
            clock.pause(|| emit(loaded))
        };
        let mut output = Output::new(&self.limits, &mut hand_on);
        format.read(&input, &mut output)?;
        if !output.has_given() {
            output.skip("no text in it")?;
        }
        Ok(())
    }
}

/// Why a source is passed over for its size.
pub(crate) fn too_long(bytes: u64, limits: &Limits) -> String {
    format!(
        "{}, above the limit of {}",
        human_bytes(bytes),
        human_bytes(limits.source_bytes)
    )
}

fn unknown(sample: &Sample<'_>) -> String {
    match sample.binary_kind() {
        Some(kind) => format!("{kind}, which no format here reads"),
        None if sample.is_text() => "no format here reads it".to_owned(),
        None => "binary data of an unknown kind".to_owned(),
    }
}

/// The error of work for which nobody waits any more.
pub(crate) fn nobody_waits() -> Error {
    Error::new(
        gori_core::ErrorKind::Cancelled,
        "nobody waits for the documents",
    )
}
