//! What was ingested: one record a source.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use gori_core::{Result, Revision};
use serde::{Deserialize, Serialize};

/// How far the ingest of a source got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// Points of it may be in the store, of whatever content.
    Begun,
    /// All points of this content are in the store, and none of any other.
    Done {
        /// The content.
        revision: Revision,
        /// The splitter and the embedder, by their ids.
        recipe: Revision,
        /// How many points.
        chunks: u64,
    },
}

/// Remembers what was ingested.
///
/// # For implementors
/// `write` is durable when it returns, and all or nothing for each source. Of two records of a
/// source the later one counts; `None` forgets it.
#[async_trait]
pub trait Records: Debug + Send + Sync {
    /// Every record, by source.
    async fn all(&self) -> Result<BTreeMap<String, Record>>;

    /// Writes records.
    async fn write(&self, records: &[(String, Option<Record>)]) -> Result<()>;
}

/// Records in memory, for stores in memory.
#[derive(Debug, Default)]
pub struct MemoryRecords(Mutex<BTreeMap<String, Record>>);

#[async_trait]
impl Records for MemoryRecords {
    async fn all(&self) -> Result<BTreeMap<String, Record>> {
        Ok(self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone())
    }

    async fn write(&self, records: &[(String, Option<Record>)]) -> Result<()> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        apply(&mut all, records.iter().cloned());
        Ok(())
    }
}

pub(super) fn apply(
    all: &mut BTreeMap<String, Record>,
    records: impl IntoIterator<Item = (String, Option<Record>)>,
) {
    for (source, record) in records {
        match record {
            Some(record) => all.insert(source, record),
            None => all.remove(&source),
        };
    }
}
