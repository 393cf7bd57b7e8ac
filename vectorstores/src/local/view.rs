//! What a store holds at one moment. A search works on the view it began with, whatever is
//! written meanwhile; a write makes the next view and puts it in the place of the last.

use std::collections::BTreeSet;
use std::sync::Arc;

use gori_core::{Error, Filter, Point, Result, Selection};

use super::bits::Bits;
use super::chunk::{Builder, Chunk, hash};
use super::codec::Put;
use super::coded::Coded;
use super::names::Span;
use super::segment::Segment;

/// A row of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) part: usize,
    pub(crate) row: u32,
}

/// Points that came one after the other.
#[derive(Clone, Debug)]
pub(crate) enum Data {
    Chunk(Arc<Chunk>),
    Segment(Arc<Segment>),
}

/// Points that came one after the other, and which of them are gone.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) data: Data,
    /// Copied when written, since an older view may share it.
    pub(crate) dead: Arc<Bits>,
    dead_count: usize,
}

impl Part {
    pub(crate) fn new(data: Data, dead: Bits) -> Self {
        let dead_count = dead.len();
        Self {
            data,
            dead: Arc::new(dead),
            dead_count,
        }
    }

    pub(crate) fn len(&self) -> usize {
        match &self.data {
            Data::Chunk(chunk) => chunk.len(),
            Data::Segment(segment) => segment.len(),
        }
    }

    fn find(&self, hash: u64, id: &str) -> Result<Option<u32>> {
        Ok(match &self.data {
            Data::Chunk(chunk) => chunk.find(hash, id).find(|row| !self.dead.has(*row)),
            Data::Segment(segment) => segment
                .find(hash, id)?
                .into_iter()
                .find(|row| !self.dead.has(*row)),
        })
    }

    /// The rows that are there and fulfil the filter.
    pub(crate) fn select(&self, filter: Option<&Filter>) -> Result<Bits> {
        let mut rows = match (&self.data, filter) {
            (_, None) => Bits::all(self.len()),
            (Data::Chunk(chunk), Some(filter)) => (0..)
                .zip(chunk.rows())
                .filter(|(_, row)| filter.matches(&row.metadata))
                .map(|(number, _)| number)
                .collect(),
            (Data::Segment(segment), Some(filter)) => {
                let (fields, section) = segment.fields()?;
                match fields.select(section, filter, segment.len()) {
                    Some(rows) => rows,
                    None => ask_every_row(segment, filter)?,
                }
            }
        };
        rows.minus(&self.dead);
        Ok(rows)
    }

    /// The rows by their codes.
    pub(crate) fn coded(&self) -> Result<Coded<'_>> {
        match &self.data {
            Data::Chunk(chunk) => Ok(chunk.coded()),
            Data::Segment(segment) => segment.coded(),
        }
    }

    /// Reads the record of a row into this buffer. Its checksums are verified.
    pub(crate) fn put<'b>(&self, row: u32, body: &'b mut Vec<u8>) -> Result<Option<Put<'b>>> {
        match &self.data {
            Data::Chunk(chunk) => chunk.put(row, body),
            Data::Segment(segment) => segment.put(row, body).map(Some),
        }
    }

    /// The id of a row.
    pub(crate) fn id(&self, row: u32) -> Result<Option<String>> {
        Ok(match &self.data {
            Data::Chunk(chunk) => chunk.row(row).map(|row| row.id.to_string()),
            Data::Segment(segment) => Some(segment.put(row, &mut Vec::new())?.id.to_owned()),
        })
    }

    /// The error for a record that is whole and yet no point.
    pub(crate) fn error(&self, row: u32) -> Error {
        match &self.data {
            Data::Chunk(chunk) => {
                let place = chunk.row(row).map_or(0, |row| row.place.at);
                chunk.log.damaged(place)
            }
            Data::Segment(segment) => segment.error(row),
        }
    }

    /// Whether it holds points of this log.
    pub(crate) fn is_of(&self, span: Span) -> bool {
        match &self.data {
            Data::Chunk(chunk) => chunk.log.span == span,
            Data::Segment(segment) => segment.index.foot.logs.contains(&span),
        }
    }
}

fn ask_every_row(segment: &Segment, filter: &Filter) -> Result<Bits> {
    let (mut rows, mut body) = (Bits::default(), Vec::new());
    for row in (0..).take(segment.len()) {
        let metadata = segment
            .put(row, &mut body)?
            .metadata()
            .ok_or_else(|| segment.error(row))?;
        if filter.matches(&metadata) {
            rows.add(row);
        }
    }
    Ok(rows)
}

/// What a store holds at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct View {
    pub(crate) parts: Vec<Part>,
}

impl View {
    pub(crate) fn len(&self) -> usize {
        self.parts
            .iter()
            .map(|part| part.len() - part.dead_count)
            .sum()
    }

    /// Indexes of which a section was used and found damaged.
    pub(crate) fn damaged(&self) -> BTreeSet<Span> {
        let segments = self.parts.iter().filter_map(|part| match &part.data {
            Data::Segment(segment) => Some(&segment.index),
            Data::Chunk(_) => None,
        });
        segments
            .filter(|index| index.is_damaged())
            .map(|index| index.foot.index)
            .collect()
    }

    /// Whether a search may pass over points.
    pub(crate) fn has_graph(&self) -> bool {
        self.parts.iter().any(|part| match &part.data {
            Data::Segment(segment) => segment.index.has("links"),
            Data::Chunk(_) => false,
        })
    }

    /// How many points of this log are in memory, dead ones too.
    pub(crate) fn points_of(&self, span: Span) -> usize {
        self.parts
            .iter()
            .filter(|part| part.is_of(span))
            .map(Part::len)
            .sum()
    }

    pub(crate) fn dead(&self) -> usize {
        self.parts.iter().map(|part| part.dead_count).sum()
    }

    /// The points that are there and fulfil the filter, oldest first.
    pub(crate) fn select(&self, filter: Option<&Filter>) -> Result<Vec<Address>> {
        let mut all = Vec::new();
        for (part, held) in self.parts.iter().enumerate() {
            all.extend(held.select(filter)?.iter().map(|row| Address { part, row }));
        }
        Ok(all)
    }

    pub(crate) fn id(&self, address: Address) -> Result<Option<String>> {
        self.parts
            .get(address.part)
            .map_or(Ok(None), |part| part.id(address.row))
    }

    pub(crate) fn find(&self, id: &str) -> Result<Option<Address>> {
        let hash = hash(id);
        for (part, held) in self.parts.iter().enumerate().rev() {
            if let Some(row) = held.find(hash, id)? {
                return Ok(Some(Address { part, row }));
            }
        }
        Ok(None)
    }

    /// The points that a selection means, each once.
    pub(crate) fn selected(&self, which: &Selection<'_>) -> Result<Vec<Address>> {
        match which {
            Selection::Ids(ids) => {
                let mut ids: Vec<&str> = ids.to_vec();
                ids.sort_unstable();
                ids.dedup();
                ids.into_iter()
                    .filter_map(|id| self.find(id).transpose())
                    .collect()
            }
            Selection::Filter(filter) => self.select(Some(filter)),
            Selection::All => self.select(None),
        }
    }

    pub(crate) fn count(&self, filter: Option<&Filter>) -> Result<usize> {
        let Some(filter) = filter else {
            return Ok(self.len());
        };
        let counts = self
            .parts
            .iter()
            .map(|part| Ok(part.select(Some(filter))?.len()));
        counts.sum()
    }

    /// Takes a point out, if it is there.
    pub(crate) fn remove(&mut self, id: &str) -> Result<()> {
        if let Some(address) = self.find(id)? {
            self.kill(address);
        }
        Ok(())
    }

    pub(crate) fn kill(&mut self, Address { part, row }: Address) {
        if let Some(part) = self.parts.get_mut(part)
            && Arc::make_mut(&mut part.dead).add(row)
        {
            part.dead_count += 1;
        }
    }

    /// Adds a chunk of points, none of whose ids may be there.
    pub(crate) fn push(&mut self, chunk: Chunk) {
        let mut chunk = Arc::new(chunk);
        let mut dead = Bits::default();
        while let Some((last, last_dead)) = self.pop_joinable(&chunk) {
            let mut joined = Builder::default();
            joined.join(&last, &last_dead);
            joined.join(&chunk, &dead);
            chunk = Arc::new(joined.finish(Arc::clone(&chunk.log)));
            dead = Bits::default();
        }
        self.parts.push(Part::new(Data::Chunk(chunk), dead));
    }

    fn pop_joinable(&mut self, next: &Chunk) -> Option<(Arc<Chunk>, Arc<Bits>)> {
        let last = self.parts.last()?;
        let Data::Chunk(chunk) = &last.data else {
            return None;
        };
        let pair = chunk
            .should_join(next)
            .then(|| (Arc::clone(chunk), Arc::clone(&last.dead)))?;
        self.parts.pop();
        Some(pair)
    }

    /// Reads a point from its log.
    pub(crate) fn point(&self, address: Address) -> Result<Option<Point>> {
        let Some(part) = self.parts.get(address.part) else {
            return Ok(None);
        };
        let mut body = Vec::new();
        let put = part.put(address.row, &mut body)?;
        let point = put.map(|put| put.point().ok_or_else(|| part.error(address.row)));
        point.transpose()
    }

    pub(crate) fn get(&self, ids: &[&str]) -> Result<Vec<Point>> {
        let mut points = Vec::new();
        for id in ids {
            if let Some(address) = self.find(id)? {
                points.extend(self.point(address)?);
            }
        }
        Ok(points)
    }
}
