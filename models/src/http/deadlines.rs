//! How long a request may take.

use std::time::{Duration, Instant};

use gori_core::{Context, Error, ErrorKind};

/// How long each part of a request may take. The deadline of the call's
/// [`Context`] holds besides, whichever ends first.
///
/// A total alone lets a dead server hold a caller for minutes; an idle limit alone lets a
/// server that sends one byte a second hold it for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// Until the connection stands. 5 s unless said otherwise.
    pub connect: Duration,
    /// From the request to the first byte of the answer, which for an answer that is not
    /// streamed is the whole time of writing it. 300 s unless said otherwise.
    pub first_byte: Duration,
    /// Between two pieces of an answer. 60 s unless said otherwise.
    pub idle: Duration,
    /// For everything. 600 s unless said otherwise.
    pub total: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_byte: Duration::from_secs(300),
            idle: Duration::from_secs(60),
            total: Duration::from_secs(600),
        }
    }
}

impl Deadlines {
    /// When a request of this call that starts now must have ended.
    pub(crate) fn end(&self, cx: &Context) -> Instant {
        let own = Instant::now() + self.total.min(Duration::from_secs(86_400));
        cx.deadline().map_or(own, |deadline| deadline.min(own))
    }
}

/// Which limit passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Late {
    FirstByte,
    Idle,
    Total,
}

impl Late {
    pub(crate) fn error(self) -> Error {
        let (message, transient) = match self {
            Self::FirstByte => ("the server did not begin to answer in time", true),
            Self::Idle => ("the server stopped in the middle of its answer", true),
            Self::Total => ("the deadline passed before the answer was whole", false),
        };
        Error::new(ErrorKind::Timeout, message).transient(transient)
    }
}
