//! The store.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use gori_core::{
    Capabilities, Error, ErrorKind, Filter, Hit, Metric, Point, Result, Search, Selection,
    VectorStore, sort_hits,
};
use qdrant_client::Qdrant as Client;
use qdrant_client::qdrant::{
    CountPoints, DeletePoints, DenseVector, Filter as Conditions, GetPoints, NamedVectors, PointId,
    PointStruct, PointsIdsList, PointsSelector, PrefetchQuery, Query, QueryPoints, ScoredPoint,
    ScrollPoints, SearchParams, UpsertPoints, Vector, VectorInput, Vectors, VectorsSelector,
    WithPayloadSelector, WithVectorsSelector, points_selector::PointsSelectorOneOf, query::Variant,
    vector, vector_input, vectors::VectorsOptions, with_payload_selector, with_vectors_selector,
};

use super::collection;
use super::connection::{client, failed};
use super::filter::{Pushed, Which};
use super::options::Options;
use super::payload::{self, DENSE, WORDS, uuid};
use super::words::{Words, terms_of};
use super::writes::Writes;

/// More hits than this are asked for only where so many points are there.
const MANY: usize = 1000;

/// Points looked at in one call where Qdrant cannot decide alone which are meant.
const PAGE: u32 = 1000;

/// Points in a collection of Qdrant. See the [module](super). Cheap to clone; clones are one
/// store.
///
/// A write returns once the server has applied it and written it to its log, which it syncs
/// every few seconds: an acknowledged write outlives the process of the server, and what the
/// power takes only other replicas have. So [`Capabilities::durable`] is not claimed. One batch
/// is one call, which is brought to its end once it was begun, even when its future is dropped;
/// the server applies a call to each shard as a whole. How many points a delete
/// took out is counted before, so another who writes at the same time may make it wrong.
#[derive(Clone)]
pub struct Qdrant {
    pub(super) shared: Arc<Shared>,
}

/// What clones share.
pub(super) struct Shared {
    client: Client,
    name: String,
    pub(super) options: Options,
    writes: Writes,
}

/// The client holds the key.
impl std::fmt::Debug for Qdrant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Qdrant")
            .field("name", &self.shared.name)
            .field("options", &self.shared.options)
            .finish_non_exhaustive()
    }
}

/// A search of any kind, but for the filter.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) query: Query,
    pub(super) using: Option<&'static str>,
    pub(super) prefetch: Vec<PrefetchQuery>,
    pub(super) k: usize,
    pub(super) with_vectors: bool,
}

impl Qdrant {
    /// Opens the store of this name, or makes it. The address is that of the server's gRPC
    /// service, as a rule port 6334.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] for a name that is not plain. [`ErrorKind::Config`] where the
    /// address cannot be read or the store was made for another dimension, metric or embedder;
    /// both are named then. [`ErrorKind::Network`], [`ErrorKind::Unauthorized`] and
    /// [`ErrorKind::Unavailable`] as the server has it.
    pub async fn open(address: &str, name: &str, options: Options) -> Result<Self> {
        collection::check_name(name)?;
        let client = client(address, &options)?;
        collection::open(&client, name, &options).await?;
        let name = name.to_owned();
        Ok(Self {
            shared: Arc::new(Shared {
                client,
                name,
                options,
                writes: Writes::default(),
            }),
        })
    }

    /// The same points, found by their words.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] where the store is not opened for [words](Options::words).
    pub fn words(&self) -> Result<Words> {
        Words::of(self)
    }

    /// The nearest points by vector and by words, fused by the server by reciprocal ranks in one
    /// call. Hits say no more than their fused scores; a hybrid retriever over this store and
    /// its [`words`](Self::words) says what each leg gave.
    ///
    /// # Errors
    /// As [`words`](Self::words), and those of a search.
    pub async fn hybrid(&self, query: &Search<'_>, question: &str) -> Result<Vec<Hit>> {
        let words = self.words()?;
        let options = &self.shared.options;
        query.check(options.dims)?;
        let depth = query.k.saturating_mul(2).clamp(50, MANY) as u64;
        let leg = |query: Query, using: &str| PrefetchQuery {
            query: Some(query),
            using: Some(using.to_owned()),
            limit: Some(depth),
            ..Default::default()
        };
        let mut prefetch = vec![leg(nearest(query.vector), DENSE)];
        prefetch.extend(words.query(question).map(|query| leg(query, WORDS)));
        let fusion = qdrant_client::qdrant::Fusion::Rrf.into();
        let ask = Ask {
            query: Query {
                variant: Some(Variant::Fusion(fusion)),
            },
            using: None,
            prefetch,
            k: query.k,
            with_vectors: query.with_vectors,
        };
        let hits = self.ask(ask, query.filter).await?;
        Ok(at_least(hits, query.min_score))
    }

    fn failed(&self, error: qdrant_client::QdrantError) -> Error {
        failed(error).about(&self.shared.name)
    }

    /// Hits that fulfil the filter. Where Qdrant lets more through than the filter does, more is
    /// asked for until there are enough.
    pub(super) async fn ask(&self, ask: Ask, filter: Option<&Filter>) -> Result<Vec<Hit>> {
        let pushed = Pushed::of(filter);
        let conditions = match pushed.conditions {
            Which::None => return Ok(Vec::new()),
            Which::All => None,
            Which::Those(conditions) => Some(conditions),
        };
        if ask.k == 0 {
            return Ok(Vec::new());
        }
        let mut limit = ask.k;
        loop {
            if limit > MANY {
                let there = self.count_those(conditions.clone()).await?;
                limit = limit.min(usize::try_from(there).unwrap_or(usize::MAX));
            }
            if limit == 0 {
                return Ok(Vec::new());
            }
            let points = self.query(&ask, conditions.clone(), limit).await?;
            let is_all = points.len() < limit;
            let mut hits = Vec::with_capacity(points.len());
            for point in points {
                let hit = self.hit(point, &ask)?;
                if filter.is_none_or(|filter| filter.matches(&hit.metadata)) {
                    hits.push(hit);
                }
            }
            if is_all || pushed.exact || hits.len() >= ask.k {
                sort_hits(&mut hits);
                hits.truncate(ask.k);
                return Ok(hits);
            }
            let more = limit.saturating_mul(4).max(64);
            if limit > MANY {
                let there = self.count_those(conditions.clone()).await?;
                if limit as u64 >= there {
                    sort_hits(&mut hits);
                    return Ok(hits);
                }
            }
            limit = more;
        }
    }

    async fn query(
        &self,
        ask: &Ask,
        conditions: Option<Conditions>,
        limit: usize,
    ) -> Result<Vec<ScoredPoint>> {
        let options = &self.shared.options;
        let mut prefetch = ask.prefetch.clone();
        for leg in &mut prefetch {
            leg.filter.clone_from(&conditions);
            leg.limit = leg.limit.map(|deep| deep.max(limit as u64));
            leg.params = Some(params(options));
        }
        let query = QueryPoints {
            collection_name: self.shared.name.clone(),
            prefetch,
            query: Some(ask.query.clone()),
            using: ask.using.map(str::to_owned),
            filter: conditions,
            params: Some(params(options)),
            limit: Some(limit as u64),
            with_payload: Some(with_payload(true)),
            with_vectors: Some(with_vectors(ask.with_vectors)),
            ..Default::default()
        };
        let answer = self.shared.client.query(query).await;
        Ok(answer.map_err(|error| self.failed(error))?.result)
    }

    fn hit(&self, point: ScoredPoint, ask: &Ask) -> Result<Hit> {
        let is_distance = ask.using == Some(DENSE) && self.shared.options.metric == Metric::L2;
        let score = point.score;
        let vector = ask.with_vectors.then(|| payload::dense(point.vectors));
        let Point {
            id, text, metadata, ..
        } = payload::point(point.payload).map_err(|error| error.about(&self.shared.name))?;
        Ok(Hit {
            id,
            score: if is_distance { -score } else { score },
            text,
            metadata,
            vector,
            legs: Vec::new(),
        })
    }

    /// Puts points in; those without a vector only where `wordy` says that words are enough.
    pub(super) async fn put(&self, points: &[Point], wordy: bool) -> Result<()> {
        let dims = self.shared.options.dims;
        for point in points {
            match wordy && point.vector.is_empty() {
                true => point.check_text()?,
                false => point.check(dims)?,
            }
        }
        if points.is_empty() {
            return Ok(());
        }
        // Of points with the same id the last one stays.
        let last: HashMap<&str, &Point> = points.iter().map(|p| (p.id.as_str(), p)).collect();
        let points = last.into_values().map(|point| self.stored(point)).collect();
        let upsert = UpsertPoints {
            collection_name: self.shared.name.clone(),
            wait: Some(true),
            points,
            ..Default::default()
        };
        let store = self.clone();
        self.shared.writes.settle().await;
        let write = async move {
            let done = store.shared.client.upsert_points(upsert).await;
            done.map(drop).map_err(|error| store.failed(error))
        };
        self.shared.writes.run(write).await
    }

    fn stored(&self, point: &Point) -> PointStruct {
        let mut named = NamedVectors::default();
        if !point.vector.is_empty() {
            let data = point.vector.clone();
            let dense = vector::Vector::Dense(DenseVector { data });
            named.vectors.insert(DENSE.to_owned(), stored_vector(dense));
        }
        if let Some(options) = &self.shared.options.words
            && let Some(words) = terms_of(options, point)
        {
            let words = vector::Vector::Sparse(words);
            named.vectors.insert(WORDS.to_owned(), stored_vector(words));
        }
        PointStruct {
            id: Some(uuid(&point.id)),
            payload: payload::payload(point),
            vectors: Some(Vectors {
                vectors_options: Some(VectorsOptions::Vectors(named)),
            }),
        }
    }

    async fn count_those(&self, filter: Option<Conditions>) -> Result<u64> {
        let count = CountPoints {
            collection_name: self.shared.name.clone(),
            filter,
            exact: Some(true),
            ..Default::default()
        };
        let answer = self.shared.client.count(count).await;
        let answer = answer.map_err(|error| self.failed(error))?;
        let counted = answer.result.map(|result| result.count);
        counted.ok_or_else(|| Error::new(ErrorKind::Protocol, "Qdrant gives no count"))
    }

    /// The points that fulfil a filter which Qdrant cannot decide alone.
    async fn scan(&self, conditions: Option<Conditions>, filter: &Filter) -> Result<Vec<PointId>> {
        let (mut found, mut offset) = (Vec::new(), None);
        loop {
            let page = ScrollPoints {
                collection_name: self.shared.name.clone(),
                filter: conditions.clone(),
                offset,
                limit: Some(PAGE),
                with_payload: Some(with_payload(true)),
                with_vectors: Some(with_vectors(false)),
                ..Default::default()
            };
            let page = self.shared.client.scroll(page).await;
            let page = page.map_err(|error| self.failed(error))?;
            for mut point in page.result {
                if filter.matches(&payload::metadata_of(&mut point.payload)?) {
                    found.extend(point.id);
                }
            }
            offset = page.next_page_offset;
            if offset.is_none() {
                return Ok(found);
            }
        }
    }

    async fn delete_those(&self, which: PointsSelectorOneOf) -> Result<()> {
        let delete = DeletePoints {
            collection_name: self.shared.name.clone(),
            wait: Some(true),
            points: Some(PointsSelector {
                points_selector_one_of: Some(which),
            }),
            ..Default::default()
        };
        let store = self.clone();
        let write = async move {
            let done = store.shared.client.delete_points(delete).await;
            done.map(drop).map_err(|error| store.failed(error))
        };
        self.shared.writes.run(write).await
    }

    async fn delete_ids(&self, ids: Vec<PointId>) -> Result<u64> {
        let count = ids.len() as u64;
        if count > 0 {
            let ids = PointsIdsList { ids };
            self.delete_those(PointsSelectorOneOf::Points(ids)).await?;
        }
        Ok(count)
    }

    async fn read(&self, ids: Vec<PointId>, whole: bool) -> Result<Vec<Point>> {
        let get = GetPoints {
            collection_name: self.shared.name.clone(),
            ids,
            with_payload: Some(with_payload(true)),
            with_vectors: Some(with_vectors(whole)),
            ..Default::default()
        };
        let answer = self.shared.client.get_points(get).await;
        let found = answer.map_err(|error| self.failed(error))?.result;
        let point = |found: qdrant_client::qdrant::RetrievedPoint| {
            let vector = payload::dense(found.vectors);
            let point = payload::point(found.payload)?;
            Ok(Point { vector, ..point })
        };
        let points: Result<Vec<Point>> = found.into_iter().map(point).collect();
        points.map_err(|error| error.about(&self.shared.name))
    }
}

fn stored_vector(vector: vector::Vector) -> Vector {
    Vector {
        vector: Some(vector),
        ..Default::default()
    }
}

/// The query for the points nearest to a vector.
pub(super) fn nearest(vector: &[f32]) -> Query {
    let data = vector.to_vec();
    nearest_to(vector_input::Variant::Dense(DenseVector { data }))
}

pub(super) fn nearest_to(vector: vector_input::Variant) -> Query {
    Query {
        variant: Some(Variant::Nearest(VectorInput {
            variant: Some(vector),
        })),
    }
}

fn params(options: &Options) -> SearchParams {
    SearchParams {
        hnsw_ef: options.ef_search.map(u64::from),
        exact: options.exact.then_some(true),
        ..Default::default()
    }
}

fn with_payload(with: bool) -> WithPayloadSelector {
    WithPayloadSelector {
        selector_options: Some(with_payload_selector::SelectorOptions::Enable(with)),
    }
}

fn with_vectors(with: bool) -> WithVectorsSelector {
    use with_vectors_selector::SelectorOptions::{Enable, Include};
    let names = vec![DENSE.to_owned()];
    let options = match with {
        true => Include(VectorsSelector { names }),
        false => Enable(false),
    };
    WithVectorsSelector {
        selector_options: Some(options),
    }
}

fn at_least(mut hits: Vec<Hit>, least: Option<f32>) -> Vec<Hit> {
    if let Some(least) = least {
        hits.retain(|hit| hit.score >= least);
    }
    hits
}

#[async_trait]
impl VectorStore for Qdrant {
    fn capabilities(&self) -> Capabilities {
        let options = &self.shared.options;
        let mut capabilities = Capabilities::new(options.dims);
        capabilities.metric = options.metric;
        capabilities.embedder = options.embedder.clone();
        capabilities.exact = options.exact;
        capabilities
    }

    async fn upsert(&self, points: &[Point]) -> Result<()> {
        self.put(points, false).await
    }

    async fn search(&self, query: &Search<'_>) -> Result<Vec<Hit>> {
        query.check(self.shared.options.dims)?;
        let ask = Ask {
            query: nearest(query.vector),
            using: Some(DENSE),
            prefetch: Vec::new(),
            k: query.k,
            with_vectors: query.with_vectors,
        };
        let hits = self.ask(ask, query.filter).await?;
        Ok(at_least(hits, query.min_score))
    }

    async fn delete(&self, which: &Selection<'_>) -> Result<u64> {
        self.shared.writes.settle().await;
        let filter = match which {
            Selection::Ids(ids) => {
                let distinct: HashSet<&str> = ids.iter().copied().collect();
                let ids = distinct.into_iter().map(uuid).collect();
                let there = self.read(ids, false).await?;
                let ids = there.iter().map(|point| uuid(&point.id)).collect();
                return self.delete_ids(ids).await;
            }
            Selection::Filter(filter) => Some(*filter),
            Selection::All => None,
        };
        let pushed = Pushed::of(filter);
        let conditions = match pushed.conditions {
            Which::None => return Ok(0),
            Which::All => None,
            Which::Those(conditions) => Some(conditions),
        };
        match filter {
            Some(filter) if !pushed.exact => {
                let ids = self.scan(conditions, filter).await?;
                self.delete_ids(ids).await
            }
            _ => {
                let count = self.count_those(conditions.clone()).await?;
                if count > 0 {
                    let which = PointsSelectorOneOf::Filter(conditions.unwrap_or_default());
                    self.delete_those(which).await?;
                }
                Ok(count)
            }
        }
    }

    async fn get(&self, ids: &[&str]) -> Result<Vec<Point>> {
        let distinct: HashSet<&str> = ids.iter().copied().collect();
        let asked = distinct.into_iter().map(uuid).collect();
        let found = self.read(asked, true).await?;
        let found: HashMap<&str, &Point> = found.iter().map(|p| (p.id.as_str(), p)).collect();
        let found = ids.iter().filter_map(|id| found.get(id));
        Ok(found.map(|point| (*point).clone()).collect())
    }

    async fn count(&self, filter: Option<&Filter>) -> Result<u64> {
        let pushed = Pushed::of(filter);
        let conditions = match pushed.conditions {
            Which::None => return Ok(0),
            Which::All => None,
            Which::Those(conditions) => Some(conditions),
        };
        match filter {
            Some(filter) if !pushed.exact => Ok(self.scan(conditions, filter).await?.len() as u64),
            _ => self.count_those(conditions).await,
        }
    }
}
