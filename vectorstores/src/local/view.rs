//! What a store holds at one moment. A search works on the view it began with, whatever is
//! written meanwhile; a write makes the next view and puts it in the place of the last.

use std::sync::Arc;

use gori_core::{Filter, Hit, Metric, Point, Result, Search, Selection, sort_hits};

use super::chunk::{Builder, Chunk, Row, hash};
use super::codec::Put;
use crate::score::Scorer;
use crate::topk::TopK;

/// A row of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    part: usize,
    row: u32,
}

#[derive(Clone, Debug)]
struct Part {
    chunk: Arc<Chunk>,
    dead: Dead,
}

/// Which rows of a part are gone. Copied when written, since an older view may share it.
#[derive(Clone, Debug, Default)]
struct Dead {
    words: Arc<Vec<u64>>,
    count: usize,
}

impl Dead {
    fn has(&self, row: u32) -> bool {
        let word = self.words.get(row as usize / 64);
        word.is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    fn add(&mut self, row: u32) {
        let words = Arc::make_mut(&mut self.words);
        let at = row as usize / 64;
        if words.len() <= at {
            words.resize(at + 1, 0);
        }
        if let Some(word) = words.get_mut(at) {
            self.count += usize::from(*word >> (row % 64) & 1 == 0);
            *word |= 1 << (row % 64);
        }
    }
}

/// What a store holds at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct View {
    parts: Vec<Part>,
}

impl View {
    pub(crate) fn len(&self) -> usize {
        let live = |part: &Part| part.chunk.len() - part.dead.count;
        self.parts.iter().map(live).sum()
    }

    pub(crate) fn dead(&self) -> usize {
        self.parts.iter().map(|part| part.dead.count).sum()
    }

    /// The points that are there, oldest first.
    pub(crate) fn live(&self) -> impl Iterator<Item = (Address, &Row)> {
        self.live_vectors().map(|(address, row, _)| (address, row))
    }

    fn live_vectors(&self) -> impl Iterator<Item = (Address, &Row, &[f32])> {
        self.parts.iter().enumerate().flat_map(|(part, held)| {
            let rows = held.chunk.rows().zip(0..);
            let live = rows.filter(|(_, row)| !held.dead.has(*row));
            live.map(move |((data, vector), row)| (Address { part, row }, data, vector))
        })
    }

    fn row(&self, address: Address) -> Option<&Row> {
        self.parts.get(address.part)?.chunk.row(address.row)
    }

    pub(crate) fn find(&self, id: &str) -> Option<Address> {
        let hash = hash(id);
        self.parts
            .iter()
            .enumerate()
            .rev()
            .find_map(|(part, held)| {
                let mut rows = held.chunk.find(hash, id);
                let row = rows.find(|row| !held.dead.has(*row))?;
                Some(Address { part, row })
            })
    }

    /// The ids that a selection means, each once.
    pub(crate) fn select(&self, which: &Selection<'_>) -> Vec<Arc<str>> {
        match which {
            Selection::Ids(ids) => {
                let mut ids: Vec<&str> = ids.to_vec();
                ids.sort_unstable();
                ids.dedup();
                let found = ids.into_iter().filter_map(|id| self.row(self.find(id)?));
                found.map(|row| Arc::clone(&row.id)).collect()
            }
            Selection::Filter(filter) => {
                let fit = self.live().filter(|(_, row)| filter.matches(&row.metadata));
                fit.map(|(_, row)| Arc::clone(&row.id)).collect()
            }
            Selection::All => self.live().map(|(_, row)| Arc::clone(&row.id)).collect(),
        }
    }

    pub(crate) fn count(&self, filter: Option<&Filter>) -> usize {
        match filter {
            None => self.len(),
            Some(filter) => self
                .live()
                .filter(|(_, row)| filter.matches(&row.metadata))
                .count(),
        }
    }

    /// Takes a point out; whether it was there.
    pub(crate) fn remove(&mut self, id: &str) -> bool {
        let Some(Address { part, row }) = self.find(id) else {
            return false;
        };
        if let Some(part) = self.parts.get_mut(part) {
            part.dead.add(row);
        }
        true
    }

    /// Adds a chunk of points, none of whose ids may be there.
    pub(crate) fn push(&mut self, chunk: Chunk) {
        let mut part = Part {
            chunk: Arc::new(chunk),
            dead: Dead::default(),
        };
        while let Some(last) = self
            .parts
            .pop_if(|last| last.chunk.should_join(&part.chunk))
        {
            let log = Arc::clone(&part.chunk.log);
            let mut joined = Builder::default();
            for held in [&last, &part] {
                for ((row, vector), number) in held.chunk.rows().zip(0..) {
                    if !held.dead.has(number) {
                        joined.push(row.clone(), vector);
                    }
                }
            }
            part = Part {
                chunk: Arc::new(joined.finish(log)),
                dead: Dead::default(),
            };
        }
        self.parts.push(part);
    }

    /// Reads a point from the log.
    pub(crate) fn point(&self, address: Address) -> Result<Option<Point>> {
        let Some((part, row)) = self.parts.get(address.part).zip(self.row(address)) else {
            return Ok(None);
        };
        let log = &part.chunk.log;
        let body = log.body(row.place)?;
        let point = Put::decode(&body, log.dims).and_then(|put| put.point());
        point.ok_or_else(|| log.damaged(row.place.at)).map(Some)
    }

    pub(crate) fn get(&self, ids: &[&str]) -> Result<Vec<Point>> {
        let found = ids.iter().filter_map(|id| self.find(id));
        found
            .filter_map(|address| self.point(address).transpose())
            .collect()
    }

    pub(crate) fn search(&self, metric: Metric, query: &Search<'_>) -> Result<Vec<Hit>> {
        let scorer = Scorer::new(metric, query.vector);
        let mut top = TopK::new(query.k, query.min_score);
        for (address, row, vector) in self.live_vectors() {
            if query
                .filter
                .is_none_or(|filter| filter.matches(&row.metadata))
            {
                top.push(scorer.score(vector, row.inverse), address);
            }
        }
        // Only the best are read from the log, once ids have settled the ties.
        let mut best: Vec<_> = top
            .into_vec()
            .into_iter()
            .filter_map(|(score, address)| Some((score, address, &self.row(address)?.id)))
            .collect();
        best.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.2.cmp(b.2)));
        best.truncate(query.k);
        let mut hits = Vec::with_capacity(best.len());
        for (score, address, _) in best {
            hits.extend(self.point(address)?.map(|point| Hit {
                id: point.id,
                score,
                text: point.text,
                metadata: point.metadata,
                vector: query.with_vectors.then_some(point.vector),
                legs: Vec::new(),
            }));
        }
        sort_hits(&mut hits);
        Ok(hits)
    }
}
