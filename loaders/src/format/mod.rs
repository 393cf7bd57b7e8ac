//! What bytes mean: one format a file, behind one trait.

use std::cell::Cell;
use std::fmt::Debug;
use std::time::{Duration, Instant};

use gori_core::{Error, ErrorKind, Metadata, Part, Result, Stop};

use crate::Limits;
use crate::isolation::Isolation;
use crate::limits::{human_bytes, too_large};
use crate::sample::Sample;

#[cfg(feature = "csv")]
mod csv;
#[cfg(feature = "epub")]
pub(crate) mod epub;
#[cfg(feature = "feed")]
mod feed;
#[cfg(feature = "html")]
mod html;
#[cfg(feature = "json")]
mod json;
#[cfg(feature = "mail")]
pub(crate) mod mail;
#[cfg(feature = "markdown")]
mod markdown;
#[cfg(feature = "notebook")]
mod notebook;
#[cfg(feature = "office")]
pub(crate) mod office;
#[cfg(feature = "pdf")]
pub(crate) mod pdf;
mod registry;
#[cfg(feature = "subtitles")]
mod subtitles;
mod text;

#[cfg(feature = "csv")]
pub use csv::Csv;
#[cfg(feature = "epub")]
pub use epub::Epub;
#[cfg(feature = "feed")]
pub use feed::Feed;
#[cfg(feature = "html")]
pub use html::Html;
#[cfg(feature = "web")]
pub(crate) use html::links as html_links;
#[cfg(feature = "json")]
pub use json::Json;
#[cfg(feature = "mail")]
pub use mail::{Eml, Mbox};
#[cfg(feature = "markdown")]
pub use markdown::Markdown;
#[cfg(feature = "notebook")]
pub use notebook::Notebook;
#[cfg(feature = "office")]
pub use office::{Docx, Pptx, Xlsx};
#[cfg(feature = "pdf")]
pub use pdf::Pdf;
pub use registry::Formats;
#[cfg(feature = "subtitles")]
pub use subtitles::Subtitles;
pub use text::Text;

/// Names of metadata that formats give.
pub mod meta {
    /// The title. Text.
    pub const TITLE: &str = "title";
    /// Who wrote it. Text.
    pub const AUTHOR: &str = "author";
    /// The media type, such as `text/markdown`. Text.
    pub const MEDIA_TYPE: &str = "media_type";
    /// The programming language of source code, in lower case, such as `rust`. Text.
    pub const LANGUAGE: &str = "language";
}

/// How sure a format is that bytes are its own. The surest wins; among equals the first in
/// the list of [`Formats`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// They are not.
    No,
    /// Nothing speaks against it: any text is text.
    Possible,
    /// The name or the declared media type says so, and the bytes allow it.
    Named,
    /// The bytes themselves say so.
    Certain,
}

/// What bytes mean.
///
/// # For implementors
/// - [`recognise`](Format::recognise) looks at the bytes, not at the name alone; it runs on
///   every source, so it looks at a bounded number of them or stops early.
/// - [`read`](Format::read) gives its parts in order through [`Output`], which holds the
///   limits; it returns as soon as `Output` or [`Input::check`] says no, and asks the latter
///   every few milliseconds.
/// - It never panics, loops or recurses without bound, whatever the bytes are.
/// - A source without any text is no error: say why by [`Output::skip`], or give no part.
pub trait Format: Debug + Send + Sync {
    /// A short name in lower case, such as `pdf`.
    fn name(&self) -> &'static str;

    /// How sure the format is that these bytes are its own.
    fn recognise(&self, sample: &Sample<'_>) -> Certainty;

    /// Reads all parts.
    ///
    /// # Errors
    /// When the bytes are not what they claim to be, or a limit is passed. Parts that were
    /// given before stay.
    fn read(&self, input: &Input<'_>, output: &mut Output<'_>) -> Result<()>;
}

/// The bytes of a source and what may be done with them.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The name of the source.
    pub source: &'a str,
    /// All of its bytes.
    pub bytes: &'a [u8],
    /// The charset that was declared, by its label.
    pub charset: Option<&'a str>,
    /// The limits to keep.
    pub limits: &'a Limits,
    pub(crate) stop: &'a Stop,
    pub(crate) clock: &'a Clock,
    pub(crate) isolation: &'a Isolation,
}

impl Input<'_> {
    /// Fails once the work may stop.
    ///
    /// # Errors
    /// [`ErrorKind::Cancelled`], or [`ErrorKind::Timeout`] when the time of [`Limits`] is up.
    pub fn check(&self) -> Result<()> {
        self.stop.check()?;
        if self.clock.spent() > self.limits.time {
            return Err(timed_out(self.limits));
        }
        Ok(())
    }
}

/// The time that parsing took. The time during which a parser waits for whoever takes its
/// parts does not count: a slow reader downstream is no fault of the file.
#[derive(Debug)]
pub(crate) struct Clock {
    start: Instant,
    waited: Cell<Duration>,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self {
            start: Instant::now(),
            waited: Cell::default(),
        }
    }

    fn spent(&self) -> Duration {
        self.start.elapsed().saturating_sub(self.waited.get())
    }

    /// Does something that does not count.
    pub(crate) fn pause<T>(&self, wait: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let value = wait();
        self.waited.set(self.waited.get() + start.elapsed());
        value
    }
}

/// The error of a source that took too long.
pub(crate) fn timed_out(limits: &Limits) -> Error {
    Error::new(
        ErrorKind::Timeout,
        format!("parsing took more than {:?}", limits.time),
    )
    .hint("raise `Limits::time` if the source is to be trusted")
}

/// What a format gives, piece by piece.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Event {
    Part {
        part: Part,
        text: String,
        metadata: Metadata,
    },
    Warning(String),
    Skipped(String),
}

/// Where a format puts its parts. Holds the limits of text and of parts.
pub struct Output<'a> {
    emit: &'a mut dyn FnMut(Event) -> Result<()>,
    text_left: u64,
    parts_left: u64,
    limits: &'a Limits,
    given: bool,
    stopped: bool,
}

impl Debug for Output<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Output")
            .field("text_left", &self.text_left)
            .field("parts_left", &self.parts_left)
            .finish_non_exhaustive()
    }
}

impl<'a> Output<'a> {
    pub(crate) fn new(limits: &'a Limits, emit: &'a mut dyn FnMut(Event) -> Result<()>) -> Self {
        Self {
            emit,
            text_left: limits.text_bytes,
            parts_left: limits.parts,
            limits,
            given: false,
            stopped: false,
        }
    }

    /// Gives a part. One without any text but blanks is left out.
    ///
    /// # Errors
    /// When a limit is passed or nobody waits any more: return it.
    pub fn part(&mut self, part: Part, text: String, metadata: Metadata) -> Result<()> {
        if text.chars().all(char::is_whitespace) {
            return Ok(());
        }
        self.text_left = self
            .text_left
            .checked_sub(text.len() as u64)
            .ok_or_else(|| too_large("the text", human_bytes(self.limits.text_bytes)))?;
        self.parts_left = self
            .parts_left
            .checked_sub(1)
            .ok_or_else(|| too_large("the number of parts", self.limits.parts))?;
        self.given = true;
        self.emit(Event::Part {
            part,
            text,
            metadata,
        })
    }

    /// Tells something about the source whose parts come all the same.
    ///
    /// # Errors
    /// When nobody waits any more: return it.
    pub fn warn(&mut self, message: impl Into<String>) -> Result<()> {
        self.emit(Event::Warning(message.into()))
    }

    /// Tells why the source gives no part. Does nothing after a part was given.
    ///
    /// # Errors
    /// When nobody waits any more: return it.
    pub fn skip(&mut self, reason: impl Into<String>) -> Result<()> {
        if self.given {
            return Ok(());
        }
        self.given = true;
        self.emit(Event::Skipped(reason.into()))
    }

    fn emit(&mut self, event: Event) -> Result<()> {
        let emitted = (self.emit)(event);
        self.stopped |= emitted.is_err();
        emitted
    }

    /// Hands on what a task gave.
    #[allow(dead_code, reason = "used by formats behind features")]
    pub(crate) fn take(&mut self, event: Event) -> Result<()> {
        match event {
            Event::Part {
                part,
                text,
                metadata,
            } => self.part(part, text, metadata),
            Event::Warning(message) => self.warn(message),
            Event::Skipped(reason) => self.skip(reason),
        }
    }

    /// Whether a part or a reason for none was given.
    pub(crate) fn has_given(&self) -> bool {
        self.given
    }

    /// Whether nobody takes parts any more.
    #[allow(dead_code, reason = "used by formats behind features")]
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped
    }
}
