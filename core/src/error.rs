//! The one error type of the workspace.
//!
//! An [`Error`] tells what happened (its kind and message), where (the path of
//! stages it travelled through, and the subject it is about, such as a file),
//! and what to do (a hint, whether to retry, and how long to wait first).

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

/// The result of everything fallible in gori.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, to match on. New kinds may be added in a minor release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The caller passed something that can never work: mend the input.
    InvalidInput,
    /// A setting, file or model does not fit the rest: mend the configuration.
    Config,
    /// What was asked for does not exist.
    NotFound,
    /// This implementation cannot do what was asked.
    Unsupported,
    /// The operating system refused or failed to read or write.
    Io,
    /// Stored bytes are damaged, or are not what they claim to be.
    Corrupt,
    /// The store takes no more writes, as after a failed fsync.
    ReadOnly,
    /// Somebody else holds the lock or the resource.
    Busy,
    /// The network failed before an answer came.
    Network,
    /// The other side answered with something that its protocol does not allow.
    Protocol,
    /// An answer ended before it was whole.
    Truncated,
    /// The other side is down or overloaded.
    Unavailable,
    /// Too many requests or tokens: wait.
    RateLimited,
    /// The key or the permission is missing or wrong.
    Unauthorized,
    /// A guard of ours said no: an address, a statement, a plan.
    Refused,
    /// A deadline passed.
    Timeout,
    /// The work was stopped by whoever asked for it.
    Cancelled,
    /// Something is larger than its limit: a file, a prompt, an answer.
    TooLarge,
    /// A model gave something unusable.
    Model,
    /// A defect of gori itself. Please report it.
    Internal,
}

impl ErrorKind {
    /// The kind as the words that stand in front of a message.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidInput => "invalid input",
            Self::Config => "configuration",
            Self::NotFound => "not found",
            Self::Unsupported => "unsupported",
            Self::Io => "input/output",
            Self::Corrupt => "corrupt data",
            Self::ReadOnly => "read-only",
            Self::Busy => "busy",
            Self::Network => "network",
            Self::Protocol => "protocol",
            Self::Truncated => "truncated",
            Self::Unavailable => "unavailable",
            Self::RateLimited => "rate limited",
            Self::Unauthorized => "unauthorized",
            Self::Refused => "refused",
            Self::Timeout => "timeout",
            Self::Cancelled => "cancelled",
            Self::TooLarge => "too large",
            Self::Model => "model",
            Self::Internal => "internal",
        }
    }

    /// Whether the same call may succeed later without any change.
    const fn is_transient(self) -> bool {
        matches!(
            self,
            Self::Network | Self::Truncated | Self::Unavailable | Self::RateLimited | Self::Busy
        )
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

type BoxError = Box<dyn StdError + Send + Sync + 'static>;

/// What happened, where, and what to do about it.
///
/// `Display` is one line; `Debug` is that line followed by the chain of causes.
///
/// ```
/// use gori_core::{Error, ErrorKind};
///
/// let error = Error::new(ErrorKind::NotFound, "no collection `docs`")
///     .hint("create it with `ingest` first")
///     .at("retrieve")
///     .at("rag");
/// assert_eq!(
///     error.to_string(),
///     "rag > retrieve: not found: no collection `docs`; create it with `ingest` first"
/// );
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    hint: Option<Cow<'static, str>>,
    subject: Option<String>,
    /// Innermost stage first, since stages are added on the way out.
    stages: Vec<Cow<'static, str>>,
    transient: Option<bool>,
    retry_after: Option<Duration>,
    source: Option<BoxError>,
}

impl Error {
    /// An error of a kind, with what happened in one sentence without a final stop.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            hint: None,
            subject: None,
            stages: Vec::new(),
            transient: None,
            retry_after: None,
            source: None,
        }))
    }

    /// Short for [`ErrorKind::InvalidInput`].
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::InvalidInput, message)
    }

    /// An [`ErrorKind::Io`] error about a path or an address.
    pub fn io(subject: impl fmt::Display, source: std::io::Error) -> Self {
        let kind = match source.kind() {
            std::io::ErrorKind::NotFound => ErrorKind::NotFound,
            std::io::ErrorKind::TimedOut => ErrorKind::Timeout,
            _ => ErrorKind::Io,
        };
        Self::new(kind, source.to_string())
            .about(subject)
            .caused_by(source)
    }

    /// Adds what the reader can do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Names the thing it is about: a file, a source, a model, a row.
    #[must_use]
    pub fn about(mut self, subject: impl fmt::Display) -> Self {
        self.0.subject = Some(subject.to_string());
        self
    }

    /// Adds a stage to the path. Called on the way out, so the outermost comes last.
    #[must_use]
    pub fn at(mut self, stage: impl Into<Cow<'static, str>>) -> Self {
        self.0.stages.push(stage.into());
        self
    }

    /// Keeps the error that caused this one.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Says that retrying can (or cannot) help, where the kind alone says otherwise.
    #[must_use]
    pub fn transient(mut self, transient: bool) -> Self {
        self.0.transient = Some(transient);
        self
    }

    /// Keeps how long the other side asked to wait.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// What went wrong, to match on.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What happened, without path, subject or hint.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What it is about, when that has a name.
    pub fn subject(&self) -> Option<&str> {
        self.0.subject.as_deref()
    }

    /// What to do about it, when there is something to do.
    pub fn advice(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// The stages it travelled through, outermost first.
    pub fn path(&self) -> impl Iterator<Item = &str> {
        self.0.stages.iter().rev().map(AsRef::as_ref)
    }

    /// Whether the same call may succeed later without any change.
    pub fn is_transient(&self) -> bool {
        self.0
            .transient
            .unwrap_or_else(|| self.0.kind.is_transient())
    }

    /// How long the other side asked to wait before a retry.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, stage) in self.path().enumerate() {
            f.write_str(if i == 0 { "" } else { " > " })?;
            f.write_str(stage)?;
        }
        if !self.0.stages.is_empty() {
            f.write_str(": ")?;
        }
        write!(f, "{}: ", self.0.kind)?;
        if let Some(subject) = &self.0.subject {
            write!(f, "{subject}: ")?;
        }
        f.write_str(&self.0.message)?;
        if let Some(hint) = &self.0.hint {
            write!(f, "; {hint}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        let mut cause = self.source();
        while let Some(error) = cause {
            write!(f, "\n  caused by: {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.0.source {
            Some(source) => Some(source.as_ref()),
            None => None,
        }
    }
}

/// Adds a stage or a subject to the error of a result.
pub trait ResultExt<T> {
    /// Adds a stage to the error's path.
    fn at(self, stage: impl Into<Cow<'static, str>>) -> Result<T>;
    /// Names what the error is about.
    fn about(self, subject: impl fmt::Display) -> Result<T>;
}

impl<T> ResultExt<T> for Result<T> {
    fn at(self, stage: impl Into<Cow<'static, str>>) -> Result<T> {
        self.map_err(|error| error.at(stage))
    }

    fn about(self, subject: impl fmt::Display) -> Result<T> {
        self.map_err(|error| error.about(subject))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_is_one_line_and_debug_is_the_chain() {
        let cause = std::io::Error::other("disk on fire");
        let error = Error::io("a.log", cause).at("append").at("upsert");
        assert_eq!(
            error.to_string(),
            "upsert > append: input/output: a.log: disk on fire"
        );
        assert_eq!(
            format!("{error:?}"),
            "upsert > append: input/output: a.log: disk on fire\n  caused by: disk on fire"
        );
    }

    #[test]
    fn the_kind_decides_on_retry_unless_told_otherwise() {
        assert!(Error::new(ErrorKind::RateLimited, "slow down").is_transient());
        assert!(!Error::invalid("no").is_transient());
        assert!(
            !Error::new(ErrorKind::Network, "gone")
                .transient(false)
                .is_transient()
        );
    }

    #[test]
    fn an_error_is_one_pointer_wide() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }
}
