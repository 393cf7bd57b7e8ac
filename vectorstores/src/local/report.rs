//! What opening a store found.

/// What opening a store found and mended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The store was made now.
    pub created: bool,
    /// Points that are there.
    pub points: u64,
    /// Bytes that a crash had left of a write that was never acknowledged, now cut off.
    pub torn_bytes: u64,
    /// Indexes that were damaged or missing. Their points were read from the logs, and the
    /// indexes are made anew.
    pub rebuilt: Vec<String>,
    /// Files that a crash had left of unfinished work, now removed.
    pub removed: Vec<String>,
}
