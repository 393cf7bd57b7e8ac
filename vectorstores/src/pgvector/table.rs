//! The table of a store, and what it was made for.

use gori_core::{Error, ErrorKind, Metric, Result};
use serde::{Deserialize, Serialize};
use tokio_postgres::Client;

use super::connection::failed;

/// What a store is made for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    pub(super) dims: usize,
    pub(super) metric: Metric,
    pub(super) embedder: Option<String>,
    #[serde(skip)]
    pub(super) index: Index,
}

/// How the nearest are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Index {
    /// By looking at every row: exact, and quick up to some ten thousand.
    #[default]
    Exact,
    /// By pgvector's HNSW graph: for more than that. It may miss some. Searches with a filter,
    /// and for more than `ef_search` points, look at every row all the same, since the graph
    /// would find too few. Up to 2,000 dimensions.
    Hnsw {
        /// Links of a node, from 2 to 100. pgvector takes 16 unless told otherwise.
        m: u16,
        /// Candidates when a row is put in, from 4 to 1,000. pgvector takes 64.
        ef_construction: u16,
        /// Candidates in a search, from 1 to 1,000. pgvector takes 40.
        ef_search: u16,
    },
}

impl Options {
    /// A store of vectors of so many numbers, searched exactly by cosine.
    pub fn new(dims: usize) -> Self {
        Self {
            dims,
            metric: Metric::Cosine,
            embedder: None,
            index: Index::Exact,
        }
    }

    /// Another metric.
    #[must_use]
    pub fn metric(mut self, metric: Metric) -> Self {
        self.metric = metric;
        self
    }

    /// The embedder that the vectors come from; one of another is refused on opening.
    #[must_use]
    pub fn embedder(mut self, id: impl Into<String>) -> Self {
        self.embedder = Some(id.into());
        self
    }

    /// How the nearest are found. An HNSW index is built on opening where there is none.
    #[must_use]
    pub fn index(mut self, index: Index) -> Self {
        self.index = index;
        self
    }

    fn check(&self) -> Result<()> {
        let most = match self.index {
            Index::Exact => 16_000,
            Index::Hnsw { .. } => 2_000,
        };
        if (1..=most).contains(&self.dims) {
            return Ok(());
        }
        let message = format!(
            "pgvector holds vectors of 1 to {most} numbers here, not of {}",
            self.dims
        );
        Err(Error::new(ErrorKind::Config, message))
    }
}

/// The name of a table, checked so that it can stand in a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table(String);

impl Table {
    pub(super) fn new(name: &str) -> Result<Self> {
        let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let starts = name.starts_with(|c: char| c.is_ascii_lowercase());
        if starts && name.len() <= 48 && name.chars().all(letters) {
            return Ok(Self(name.to_owned()));
        }
        let what = "the name of a store is 1 to 48 lower-case letters, digits and underscores";
        Err(Error::invalid(what).about(name))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The operator that gives the distance of two vectors.
pub(super) fn operator(metric: Metric) -> &'static str {
    match metric {
        Metric::Cosine => "<=>",
        Metric::Dot => "<#>",
        Metric::L2 => "<->",
    }
}

/// Makes the table where there is none, and compares what it was made for.
pub(super) async fn open(client: &Client, table: &Table, options: &Options) -> Result<()> {
    options.check()?;
    let name = table.as_str();
    // One statement string is one transaction. The lock keeps two who open at once from making
    // the same table, which IF NOT EXISTS alone does not.
    let tables = format!(
        "SELECT pg_advisory_xact_lock(1735357033);
         CREATE EXTENSION IF NOT EXISTS vector;
         CREATE TABLE IF NOT EXISTS gori_stores (name text PRIMARY KEY, made_for text NOT NULL);
         CREATE TABLE IF NOT EXISTS {name} (
             id text COLLATE \"C\" PRIMARY KEY, embedding vector({}) NOT NULL,
             payload text NOT NULL, metadata jsonb NOT NULL);",
        options.dims
    );
    client.batch_execute(&tables).await.map_err(failed)?;
    let made_for = serde_json::to_string(options)
        .map_err(|e| Error::new(ErrorKind::Internal, "options cannot be written").caused_by(e))?;
    let insert = "INSERT INTO gori_stores VALUES ($1::text, $2::text) ON CONFLICT DO NOTHING";
    client
        .execute(insert, &[&name, &made_for])
        .await
        .map_err(failed)?;
    let select = "SELECT made_for FROM gori_stores WHERE name = $1::text";
    let row = client.query_one(select, &[&name]).await.map_err(failed)?;
    let before: Options = row
        .try_get::<_, String>(0)
        .ok()
        .and_then(|text| serde_json::from_str(&text).ok())
        .ok_or_else(|| {
            let what = "the table gori_stores holds something else for this store";
            Error::new(ErrorKind::Corrupt, what).about(name)
        })?;
    compare(&before, options).map_err(|e| e.about(name))?;
    graph(client, table, options).await
}

fn compare(before: &Options, now: &Options) -> Result<()> {
    let differs = |what: &str, before: String, now: String| {
        let message = format!("the store was made for {what} {before}, not {now}");
        Err(Error::new(ErrorKind::Config, message)
            .hint("open it with what it was made for, or make another store"))
    };
    if before.dims != now.dims {
        return differs("vectors of", before.dims.to_string(), now.dims.to_string());
    }
    if before.metric != now.metric {
        return differs(
            "the metric",
            format!("{:?}", before.metric),
            format!("{:?}", now.metric),
        );
    }
    match (&before.embedder, &now.embedder) {
        (Some(before), Some(now)) if before != now => {
            differs("the embedder", before.clone(), now.clone())
        }
        _ => Ok(()),
    }
}

async fn graph(client: &Client, table: &Table, options: &Options) -> Result<()> {
    let Index::Hnsw {
        m, ef_construction, ..
    } = options.index
    else {
        return Ok(());
    };
    let kind = match options.metric {
        Metric::Cosine => "vector_cosine_ops",
        Metric::Dot => "vector_ip_ops",
        Metric::L2 => "vector_l2_ops",
    };
    let name = table.as_str();
    let index = format!(
        "CREATE INDEX IF NOT EXISTS {name}_hnsw ON {name} USING hnsw (embedding {kind})
         WITH (m = {m}, ef_construction = {ef_construction})"
    );
    client.batch_execute(&index).await.map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_may_stand_in_a_statement() {
        for good in ["a", "notes_2"] {
            assert!(Table::new(good).is_ok(), "{good}");
        }
        let long = "x".repeat(49);
        for bad in ["", "2x", "_x", "Notes", "a b", "a\"b", "a;b", "점", &long] {
            assert!(Table::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_a_store_was_made_for_is_compared_and_both_are_named() {
        let made = Options::new(3).embedder("mini");
        assert!(compare(&made, &Options::new(3)).is_ok());
        for (other, words) in [
            (Options::new(4), ["3", "4"]),
            (Options::new(3).metric(Metric::L2), ["Cosine", "L2"]),
            (Options::new(3).embedder("large"), ["mini", "large"]),
        ] {
            let error = compare(&made, &other).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(
                words.iter().all(|word| error.to_string().contains(word)),
                "{error}"
            );
        }
    }
}
