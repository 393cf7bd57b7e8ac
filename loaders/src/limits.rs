//! How much of anything one source may cost.

use std::time::Duration;

use gori_core::{Error, ErrorKind};
use serde::{Deserialize, Serialize};

/// What one source may cost to read. What is above a limit becomes a
/// [`Skipped`](gori_core::Loaded::Skipped) or an error of that source, never a shortened text.
///
/// ```
/// use gori_loaders::Limits;
///
/// let limits = Limits { source_bytes: 1 << 20, ..Limits::default() };
/// assert!(limits.source_bytes < Limits::default().source_bytes);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes of the source itself. 64 MiB.
    pub source_bytes: u64,
    /// Bytes of text of all documents of the source together. 64 MiB.
    pub text_bytes: u64,
    /// Documents that one source may give: pages, rows, entries. 1,000,000.
    pub parts: u64,
    /// Time to parse it. 9 seconds, so that a hostile file ends within 10 with everything
    /// around it.
    pub time: Duration,
    /// Memory that parsing may take beyond what an idle worker process takes, in bytes. Held
    /// only where a worker process parses. 384 MiB, so that with the source, a worker and the
    /// text in flight a hostile file stays below 512 MiB.
    pub memory: u64,
    /// How deep elements, objects or containers may be nested. 512.
    pub depth: usize,
    /// Attributes of one element, or fields of one record. 256 for markup.
    pub attributes: usize,
    /// Bytes that a compressed part may unpack to, for each byte that it takes. 200.
    pub ratio: u64,
    /// Bytes that all compressed parts of one source may unpack to. 256 MiB.
    pub unpacked_bytes: u64,
    /// Entries of an archive or of a packed document. 20,000.
    pub entries: usize,
    /// Fields of one record of a table. 4,096.
    pub fields: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            source_bytes: 64 << 20,
            text_bytes: 64 << 20,
            parts: 1_000_000,
            time: Duration::from_secs(9),
            memory: 384 << 20,
            depth: 512,
            attributes: 256,
            ratio: 200,
            unpacked_bytes: 256 << 20,
            entries: 20_000,
            fields: 4_096,
        }
    }
}

/// The error of a limit: what was too large, and how large it may be.
pub(crate) fn too_large(what: &str, limit: impl std::fmt::Display) -> Error {
    Error::new(
        ErrorKind::TooLarge,
        format!("{what}: above the limit of {limit}"),
    )
    .hint("raise it in `Limits` if the source is to be trusted")
}

/// A number of bytes as people write it.
pub(crate) fn human_bytes(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let mut unit = "bytes";
    let mut tenths = u128::from(bytes) * 10;
    for next in UNITS {
        if tenths < 10_240 {
            break;
        }
        tenths /= 1024;
        unit = next;
    }
    match tenths % 10 {
        0 => format!("{} {unit}", tenths / 10),
        rest => format!("{}.{rest} {unit}", tenths / 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_as_people_do() {
        let shown = [0, 1023, 1024, 1536, 64 << 20, 3 << 30].map(human_bytes);
        assert_eq!(
            shown,
            [
                "0 bytes",
                "1023 bytes",
                "1 KiB",
                "1.5 KiB",
                "64 MiB",
                "3 GiB"
            ]
        );
    }
}
