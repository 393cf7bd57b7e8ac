//! What the files of a store are called.
//!
//! ```text
//! LOCK                        held by the writer
//! CURRENT                     which of the files below count
//! log-00000001-00000001.0     points, in the order they came: the truth
//! idx-00000001-00000004.2     made from the logs 1 to 4, and made anew when damaged
//! ```
//!
//! A log or index is named after the first and the last of the logs, as they were first
//! written, whose points it holds, and counts how often that range was rewritten. So even
//! without CURRENT it can be told which files are older, and which replaced which.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub(crate) const LOCK: &str = "LOCK";
pub(crate) const CURRENT: &str = "CURRENT";
pub(crate) const CURRENT_NEW: &str = "CURRENT.new";

/// The range of first logs that a file holds, and how often it was rewritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Span {
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) rev: u32,
}

impl Span {
    /// A log that was written and never rewritten.
    pub(crate) const fn one(number: u64) -> Self {
        Self {
            first: number,
            last: number,
            rev: 0,
        }
    }

    /// The name of the log.
    pub(crate) fn log(self) -> String {
        format!("log-{self}")
    }

    /// The name of the index made from these logs.
    pub(crate) fn index(self) -> String {
        format!("idx-{self}")
    }

    /// Which index a name is of, when it is one of ours.
    pub(crate) fn of_index(name: &str) -> Option<Self> {
        name.strip_prefix("idx-")?.parse().ok()
    }

    /// Which log a name is of, when it is one of ours.
    pub(crate) fn of_log(name: &str) -> Option<Self> {
        name.strip_prefix("log-")?.parse().ok()
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08}-{:08}.{}", self.first, self.last, self.rev)
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parse = || {
            let (range, rev) = text.split_once('.')?;
            let (first, last) = range.split_once('-')?;
            let span = Self {
                first: first.parse().ok()?,
                last: last.parse().ok()?,
                rev: rev.parse().ok()?,
            };
            // Only the one spelling that we write ourselves is ours.
            (span.first <= span.last && span.to_string() == text).then_some(span)
        };
        parse().ok_or_else(|| format!("`{text}` names no file of a store"))
    }
}

impl TryFrom<String> for Span {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_back_and_no_other_is() {
        let span = Span {
            first: 3,
            last: 123_456_789,
            rev: 7,
        };
        assert_eq!(Span::of_log(&span.log()), Some(span));
        for name in [
            "log-1-1.0",
            "log-00000002-00000001.0",
            "log-00000001-00000001.+1",
            "log-00000001-00000001",
            "LOCK",
        ] {
            assert_eq!(Span::of_log(name), None, "{name}");
        }
    }
}
