//! Durations, sizes and versions, read from the texts people write and written back in one form.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::code::Code;
use crate::name::NameError;

macro_rules! serde_by_text {
    ($name:ident) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                Self::from_str(&String::deserialize(d)?).map_err(serde::de::Error::custom)
            }
        }
    };
}

/// A time span in whole milliseconds, at most 30 days: `250ms`, `2s`, `1.5s`, `3min`, `1h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span(u64);

const MAX_SPAN_MS: u64 = 30 * 24 * 3_600_000;

impl Span {
    /// From milliseconds; longer spans than 30 days are cut to 30 days.
    #[must_use]
    pub fn from_millis(ms: u64) -> Self {
        Self(ms.min(MAX_SPAN_MS))
    }

    /// From a small constant.
    pub(crate) const fn of_millis(ms: u32) -> Self {
        Self(ms as u64)
    }

    /// In milliseconds.
    #[must_use]
    pub fn as_millis(self) -> u64 {
        self.0
    }

    /// As the standard library's duration.
    #[must_use]
    pub fn as_duration(self) -> Duration {
        Duration::from_millis(self.0)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 > 0 && self.0.is_multiple_of(1000) {
            write!(f, "{}s", self.0 / 1000)
        } else {
            write!(f, "{}ms", self.0)
        }
    }
}

impl FromStr for Span {
    type Err = NameError;

    fn from_str(s: &str) -> Result<Self, NameError> {
        let bad = || {
            NameError::new(
                Code::DurationInvalid,
                format!(
                    "{s:?} is not a duration up to 30 days in whole milliseconds, such as 250ms, 1.5s, 3min or 1h"
                ),
            )
        };
        let at = s
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .ok_or_else(bad)?;
        let (number, unit) = s.split_at_checked(at).ok_or_else(bad)?;
        let factor: u64 = match unit.trim() {
            "ms" => 1,
            "s" | "sec" => 1000,
            "min" | "m" => 60_000,
            "h" => 3_600_000,
            _ => return Err(bad()),
        };
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        let whole: u64 = whole.parse().map_err(|_| bad())?;
        let mut ms = whole.checked_mul(factor).ok_or_else(bad)?;
        let mut scale = factor;
        for digit in part.chars() {
            let digit = u64::from(digit.to_digit(10).ok_or_else(bad)?);
            if !scale.is_multiple_of(10) && digit != 0 {
                return Err(bad());
            }
            scale /= 10;
            ms = ms.checked_add(digit * scale).ok_or_else(bad)?;
        }
        if ms > MAX_SPAN_MS {
            return Err(bad());
        }
        Ok(Self(ms))
    }
}

serde_by_text!(Span);

/// A size in bytes: `512K`, `64M`, `2G` (powers of 1024, as systemd reads them) or a plain number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(u64);

impl Bytes {
    /// From a number of bytes.
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// In bytes.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (shift, unit) in [(30, "G"), (20, "M"), (10, "K")] {
            if self.0 > 0 && self.0.trailing_zeros() >= shift {
                return write!(f, "{}{unit}", self.0 >> shift);
            }
        }
        write!(f, "{}", self.0)
    }
}

impl FromStr for Bytes {
    type Err = NameError;

    fn from_str(s: &str) -> Result<Self, NameError> {
        let bad = || {
            NameError::new(
                Code::SizeInvalid,
                format!("{s:?} is not a size such as 512K, 64M or 2G"),
            )
        };
        let (number, shift) = match s.as_bytes().last() {
            Some(b'K') => (s.strip_suffix('K'), 10),
            Some(b'M') => (s.strip_suffix('M'), 20),
            Some(b'G') => (s.strip_suffix('G'), 30),
            _ => (Some(s), 0),
        };
        let number = number.ok_or_else(bad)?;
        if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
            return Err(bad());
        }
        let number: u64 = number.parse().map_err(|_| bad())?;
        number.checked_mul(1 << shift).map(Self).ok_or_else(bad)
    }
}

serde_by_text!(Bytes);

/// A version of up to three numbers: `252`, `4.4`, `1.2.2`. What follows a dash, plus or tilde is left away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// The first number.
    pub major: u32,
    /// The second number, 0 if not given.
    pub minor: u32,
    /// The third number, 0 if not given.
    pub patch: u32,
}

impl Version {
    /// A version of three numbers.
    #[must_use]
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self {
            major,
            minor,
            patch,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.minor, self.patch) {
            (0, 0) => write!(f, "{}", self.major),
            (minor, 0) => write!(f, "{}.{minor}", self.major),
            (minor, patch) => write!(f, "{}.{minor}.{patch}", self.major),
        }
    }
}

impl FromStr for Version {
    type Err = NameError;

    fn from_str(s: &str) -> Result<Self, NameError> {
        let bad = || {
            NameError::new(
                Code::VersionInvalid,
                format!("{s:?} is not a version such as 252, 4.4 or 1.2.2"),
            )
        };
        let core = s.split(['-', '+', '~']).next().unwrap_or_default();
        let mut parts = core.split('.').map(|p| {
            let digits = !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit());
            p.parse::<u32>().ok().filter(|_| digits).ok_or_else(bad)
        });
        let major = parts.next().ok_or_else(bad)??;
        let minor = parts.next().transpose()?.unwrap_or(0);
        let patch = parts.next().transpose()?.unwrap_or(0);
        if parts.next().is_some() {
            return Err(bad());
        }
        Ok(Self {
            major,
            minor,
            patch,
        })
    }
}

serde_by_text!(Version);
