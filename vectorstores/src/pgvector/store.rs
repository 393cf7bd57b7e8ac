//! The store.

use std::collections::HashMap;

use async_trait::async_trait;
use gori_core::{
    Capabilities, Error, ErrorKind, Filter, Hit, Metadata, Metric, Point, Result, Search,
    Selection, VectorStore, sort_hits,
};
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::connection::{Connection, failed};
use super::filter::{Bound, condition};
use super::json;
use super::table::{self, Index, Options, Table, operator};

/// Points in a table of Postgres. See the [module](super).
///
/// A write is durable when the server says that it is committed, that is, as durable as the
/// server's `fsync` and `synchronous_commit` make it. In filters a NUL in text counts as
/// U+FFFD, since Postgres has no NUL; the texts themselves come back as they were.
///
/// The connection is not encrypted: keep it on this machine or in a tunnel.
#[derive(Debug)]
pub struct PgVector {
    connection: Connection,
    table: Table,
    options: Options,
}

#[derive(Serialize, Deserialize)]
struct Payload {
    text: String,
    metadata: Metadata,
}

impl PgVector {
    /// Opens the store of this name, or makes it.
    ///
    /// The address is a URL, `postgres://user:password@host:5432/database`, or a list of
    /// settings, `host=… user=…`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] for a name that is not plain. [`ErrorKind::Config`] where
    /// the address cannot be read, pgvector is not installed, or the store was made for
    /// another dimension, metric or embedder; both are named then. [`ErrorKind::Network`],
    /// [`ErrorKind::Unauthorized`] and [`ErrorKind::Unavailable`] as the server has it.
    pub async fn open(address: &str, name: &str, options: Options) -> Result<Self> {
        let table = Table::new(name)?;
        let ef_search = match options.index {
            Index::Exact => None,
            Index::Hnsw { ef_search, .. } => Some(u32::from(ef_search)),
        };
        let connection = Connection::new(address, None)?;
        table::open(&*connection.client().await?, &table, &options).await?;
        // The setting is known to the server only once the extension is.
        let connection = Connection::new(address, ef_search)?;
        Ok(Self {
            connection,
            table,
            options,
        })
    }

    async fn rows(&self, statement: &str, bound: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>> {
        let client = self.connection.client().await?;
        let rows = client.query(statement, bound).await;
        rows.map_err(|e| failed(e).about(self.table.as_str()))
    }

    async fn execute(&self, statement: &str, bound: &[&(dyn ToSql + Sync)]) -> Result<u64> {
        let client = self.connection.client().await?;
        let changed = client.execute(statement, bound).await;
        changed.map_err(|e| failed(e).about(self.table.as_str()))
    }

    /// Whether this search may use the graph, if there is one.
    fn by_graph(&self, query: &Search<'_>) -> bool {
        match self.options.index {
            Index::Exact => false,
            Index::Hnsw { ef_search, .. } => {
                query.filter.is_none() && query.k <= usize::from(ef_search)
            }
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "scores are f32")]
    fn score(&self, distance: f64) -> f32 {
        let score = match self.options.metric {
            Metric::Cosine => 1.0 - distance,
            Metric::Dot | Metric::L2 => -distance,
        };
        score as f32
    }

    fn hit(&self, row: &Row, with_vector: bool) -> Result<Hit> {
        let payload = payload(row, 1)?;
        let vector = match with_vector {
            true => Some(row.try_get(3).map_err(unreadable)?),
            false => None,
        };
        Ok(Hit {
            id: row.try_get(0).map_err(unreadable)?,
            score: self.score(row.try_get(2).map_err(unreadable)?),
            text: payload.text,
            metadata: payload.metadata,
            vector,
            legs: Vec::new(),
        })
    }
}

fn unreadable(error: tokio_postgres::Error) -> Error {
    let what = "a row is not what this store writes";
    Error::new(ErrorKind::Corrupt, what).caused_by(error)
}

fn payload(row: &Row, column: usize) -> Result<Payload> {
    let text: &str = row.try_get(column).map_err(unreadable)?;
    serde_json::from_str(text).map_err(|e| {
        Error::new(
            ErrorKind::Corrupt,
            "a payload is not what this store writes",
        )
        .caused_by(e)
    })
}

/// A vector as pgvector reads it. A float's shortest decimal is read as the same float again.
fn vector(numbers: &[f32]) -> String {
    let numbers: Vec<String> = numbers.iter().map(f32::to_string).collect();
    format!("[{}]", numbers.join(","))
}

/// Columns of the rows to put in.
#[derive(Default)]
struct Columns {
    ids: Vec<String>,
    vectors: Vec<String>,
    payloads: Vec<String>,
    metadata: Vec<String>,
}

impl Columns {
    /// Of points with the same id the last one stays.
    fn of(points: &[Point]) -> Result<Self> {
        let last: HashMap<&str, &Point> = points.iter().map(|p| (p.id.as_str(), p)).collect();
        let mut columns = Self::default();
        for point in last.into_values() {
            let payload = Payload {
                text: point.text.clone(),
                metadata: point.metadata.clone(),
            };
            let payload = serde_json::to_string(&payload).map_err(|e| {
                Error::invalid("the point cannot be written as JSON")
                    .about(&point.id)
                    .caused_by(e)
            })?;
            columns.ids.push(point.id.clone());
            columns.vectors.push(vector(&point.vector));
            columns.payloads.push(payload);
            columns.metadata.push(json::object(&point.metadata));
        }
        Ok(columns)
    }
}

#[async_trait]
impl VectorStore for PgVector {
    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::new(self.options.dims);
        capabilities.metric = self.options.metric;
        capabilities.embedder = self.options.embedder.clone();
        capabilities.durable = true;
        capabilities.exact = self.options.index == Index::Exact;
        capabilities
    }

    /// One statement, so that it is all or nothing even for a caller who goes away.
    async fn upsert(&self, points: &[Point]) -> Result<()> {
        let check = |point: &Point| point.check(self.options.dims);
        points.iter().try_for_each(check)?;
        if points.is_empty() {
            return Ok(());
        }
        let rows = Columns::of(points)?;
        let statement = format!(
            "INSERT INTO {} (id, embedding, payload, metadata)
             SELECT i, v::vector, p, m::jsonb
             FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS row(i, v, p, m)
             ON CONFLICT (id) DO UPDATE SET embedding = excluded.embedding,
                 payload = excluded.payload, metadata = excluded.metadata",
            self.table.as_str()
        );
        let bound: [&(dyn ToSql + Sync); 4] =
            [&rows.ids, &rows.vectors, &rows.payloads, &rows.metadata];
        self.execute(&statement, &bound).await.map(|_| ())
    }

    async fn search(&self, query: &Search<'_>) -> Result<Vec<Hit>> {
        query.check(self.options.dims)?;
        if query.k == 0 {
            return Ok(Vec::new());
        }
        let mut bound = Bound::default();
        let to = bound.text(vector(query.vector));
        let most = i64::try_from(query.k).unwrap_or(i64::MAX);
        let most = bound.text(most.to_string());
        let condition = condition(query.filter, &mut bound);
        let distance = format!("embedding {} ({to})::vector", operator(self.options.metric));
        // An index serves the distance alone: no expression over it, and, in the releases seen, no
        // second key beside it.
        let order = match self.by_graph(query) {
            true => distance.clone(),
            false => format!("({distance}) + 0, id"),
        };
        let vectors = if query.with_vectors {
            ", embedding::real[]"
        } else {
            ""
        };
        let statement = format!(
            "SELECT id, payload, {distance}{vectors} FROM {} WHERE {condition}
             ORDER BY {order} LIMIT ({most})::bigint",
            self.table.as_str()
        );
        let rows = self.rows(&statement, &bound.parameters()).await?;
        let hits = rows.iter().map(|row| self.hit(row, query.with_vectors));
        let mut hits: Vec<Hit> = hits.collect::<Result<_>>()?;
        if let Some(least) = query.min_score {
            hits.retain(|hit| hit.score >= least);
        }
        // Two distances may be one score.
        sort_hits(&mut hits);
        Ok(hits)
    }

    async fn delete(&self, which: &Selection<'_>) -> Result<u64> {
        let table = self.table.as_str();
        match which {
            Selection::Ids(ids) => {
                let statement = format!("DELETE FROM {table} WHERE id = ANY($1::text[])");
                self.execute(&statement, &[ids]).await
            }
            Selection::Filter(filter) => {
                let mut bound = Bound::default();
                let condition = condition(Some(filter), &mut bound);
                let statement = format!("DELETE FROM {table} WHERE {condition}");
                self.execute(&statement, &bound.parameters()).await
            }
            Selection::All => self.execute(&format!("DELETE FROM {table}"), &[]).await,
        }
    }

    async fn get(&self, ids: &[&str]) -> Result<Vec<Point>> {
        let statement = format!(
            "SELECT id, payload, embedding::real[] FROM {} WHERE id = ANY($1::text[])",
            self.table.as_str()
        );
        let rows = self.rows(&statement, &[&ids]).await?;
        let mut found = HashMap::with_capacity(rows.len());
        for row in &rows {
            let Payload { text, metadata } = payload(row, 1)?;
            let point = Point {
                id: row.try_get(0).map_err(unreadable)?,
                vector: row.try_get(2).map_err(unreadable)?,
                text,
                metadata,
            };
            found.insert(point.id.clone(), point);
        }
        Ok(ids
            .iter()
            .filter_map(|id| found.get(*id).cloned())
            .collect())
    }

    async fn count(&self, filter: Option<&Filter>) -> Result<u64> {
        let mut bound = Bound::default();
        let condition = condition(filter, &mut bound);
        let statement = format!(
            "SELECT count(*) FROM {} WHERE {condition}",
            self.table.as_str()
        );
        let rows = self.rows(&statement, &bound.parameters()).await?;
        let row = rows
            .first()
            .ok_or_else(|| Error::new(ErrorKind::Protocol, "a count without a row"))?;
        let count: i64 = row.try_get(0).map_err(unreadable)?;
        Ok(u64::try_from(count).unwrap_or(0))
    }
}
