//! What an index holds at one moment. A search works on the view it began with, whatever is
//! written meanwhile; a write makes the next view and puts it in the place of the last.

use std::collections::BTreeSet;
use std::sync::Arc;

use gori_core::{Filter, Metadata, Result};

use super::chunk::Chunk;
use super::inverted::Inverted;
use super::segment::Segment;
use crate::local::bits::Bits;
use crate::local::chunk::hash;
use crate::local::names::Span;
use crate::local::write::Which;

/// A row of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) part: usize,
    pub(crate) row: u32,
}

/// Texts that came one after the other.
#[derive(Clone, Debug)]
pub(crate) enum Data {
    Chunk(Arc<Chunk>),
    Segment(Arc<Segment>),
}

/// Texts that came one after the other, and which of them are gone.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) data: Data,
    /// Copied when written, since an older view may share it.
    pub(crate) dead: Arc<Bits>,
    pub(crate) dead_rows: usize,
    /// The lengths of the rows that are there, added up.
    length: u64,
}

impl Part {
    pub(crate) fn new(data: Data, dead: Bits) -> Result<Self> {
        let dead_rows = dead.len();
        let mut part = Self {
            data,
            dead: Arc::new(dead),
            dead_rows,
            length: 0,
        };
        let lengths = (0..).zip(part.words()?.lengths);
        part.length = lengths
            .filter(|(row, _)| !part.dead.has(*row))
            .map(|(_, length)| u64::from(*length))
            .sum();
        Ok(part)
    }

    pub(crate) fn len(&self) -> usize {
        match &self.data {
            Data::Chunk(chunk) => chunk.rows.len(),
            Data::Segment(segment) => segment.len(),
        }
    }

    pub(crate) fn words(&self) -> Result<Inverted<'_>> {
        match &self.data {
            Data::Chunk(chunk) => Ok(chunk.words.inverted()),
            Data::Segment(segment) => segment.words(),
        }
    }

    fn find(&self, hash: u64, id: &str) -> Result<Option<u32>> {
        Ok(match &self.data {
            Data::Chunk(chunk) => chunk.find(hash, id).find(|row| !self.dead.has(*row)),
            Data::Segment(segment) => {
                let rows = segment.rows.find(hash, id)?;
                rows.into_iter().find(|row| !self.dead.has(*row))
            }
        })
    }

    /// The rows that are there and fulfil the filter.
    pub(crate) fn select(&self, filter: Option<&Filter>) -> Result<Bits> {
        let mut rows = match (&self.data, filter) {
            (_, None) => Bits::all(self.len()),
            (Data::Chunk(chunk), Some(filter)) => (0..)
                .zip(&chunk.rows)
                .filter(|(_, row)| filter.matches(&row.metadata))
                .map(|(row, _)| row)
                .collect(),
            (Data::Segment(segment), Some(filter)) => {
                let (fields, section) = segment.rows.fields()?;
                match fields.select(section, filter, segment.len()) {
                    Some(rows) => rows,
                    None => ask_every_row(segment, filter)?,
                }
            }
        };
        rows.minus(&self.dead);
        Ok(rows)
    }

    pub(crate) fn id(&self, row: u32) -> Result<String> {
        match &self.data {
            Data::Chunk(chunk) => Ok(chunk.row(row).map_or("", |row| &row.id).to_owned()),
            Data::Segment(segment) => Ok(segment.rows.put(row, &mut Vec::new())?.id.to_owned()),
        }
    }

    pub(crate) fn metadata(&self, row: u32) -> Result<Metadata> {
        match &self.data {
            Data::Chunk(chunk) => {
                let row = chunk.row(row);
                Ok(row.map(|row| (*row.metadata).clone()).unwrap_or_default())
            }
            Data::Segment(segment) => {
                let metadata = segment.rows.put(row, &mut Vec::new())?.metadata();
                metadata.ok_or_else(|| segment.rows.error(row))
            }
        }
    }

    pub(crate) fn text(&self, row: u32) -> Result<String> {
        match &self.data {
            Data::Chunk(chunk) => chunk
                .row(row)
                .map_or(Ok(String::new()), |row| chunk.text(row)),
            Data::Segment(segment) => Ok(segment.rows.put(row, &mut Vec::new())?.text.to_owned()),
        }
    }

    /// The logs whose texts it holds.
    pub(crate) fn logs(&self) -> &[Span] {
        match &self.data {
            Data::Chunk(chunk) => chunk
                .log
                .as_ref()
                .map_or(&[], |log| std::slice::from_ref(&log.span)),
            Data::Segment(segment) => &segment.rows.index.foot.logs,
        }
    }

    pub(crate) fn is_segment(&self) -> bool {
        matches!(self.data, Data::Segment(_))
    }
}

fn ask_every_row(segment: &Segment, filter: &Filter) -> Result<Bits> {
    let (mut rows, mut body) = (Bits::default(), Vec::new());
    for row in (0..).take(segment.len()) {
        let metadata = segment.rows.put(row, &mut body)?.metadata();
        if filter.matches(&metadata.ok_or_else(|| segment.rows.error(row))?) {
            rows.add(row);
        }
    }
    Ok(rows)
}

/// What an index holds at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct View {
    pub(crate) parts: Vec<Part>,
}

impl View {
    /// How many texts there are.
    pub(crate) fn len(&self) -> usize {
        self.parts
            .iter()
            .map(|part| part.len() - part.dead_rows)
            .sum()
    }

    /// The lengths of all texts that are there, added up.
    pub(crate) fn length(&self) -> u64 {
        self.parts.iter().map(|part| part.length).sum()
    }

    /// Files of which a section was used and found damaged.
    pub(crate) fn damaged(&self) -> BTreeSet<Span> {
        let segments = self.parts.iter().filter_map(|part| match &part.data {
            Data::Segment(segment) => Some(&segment.rows.index),
            Data::Chunk(_) => None,
        });
        segments
            .filter(|index| index.is_damaged())
            .map(|index| index.foot.index)
            .collect()
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

    /// The texts that a selection means, each once.
    pub(crate) fn selected(&self, which: &Which) -> Result<Vec<Address>> {
        let filter = match which {
            Which::Ids(ids) => {
                let ids: BTreeSet<&String> = ids.iter().collect();
                let found = ids.into_iter().filter_map(|id| self.find(id).transpose());
                return found.collect();
            }
            Which::Filter(filter) => Some(filter),
            Which::All => None,
        };
        let mut all = Vec::new();
        for (part, held) in self.parts.iter().enumerate() {
            all.extend(held.select(filter)?.iter().map(|row| Address { part, row }));
        }
        Ok(all)
    }

    pub(crate) fn id(&self, address: Address) -> Result<String> {
        self.parts
            .get(address.part)
            .map_or(Ok(String::new()), |part| part.id(address.row))
    }

    /// Takes a text out, if it is there.
    pub(crate) fn remove(&mut self, id: &str) -> Result<()> {
        match self.find(id)? {
            Some(address) => self.kill(address),
            None => Ok(()),
        }
    }

    pub(crate) fn kill(&mut self, Address { part, row }: Address) -> Result<()> {
        if let Some(part) = self.parts.get_mut(part) {
            let length = part
                .words()?
                .lengths
                .get(row as usize)
                .copied()
                .unwrap_or_default();
            if Arc::make_mut(&mut part.dead).add(row) {
                part.dead_rows += 1;
                part.length = part.length.saturating_sub(length.into());
            }
        }
        Ok(())
    }

    /// Adds texts, none of whose ids may be there.
    pub(crate) fn push(&mut self, mut chunk: Chunk) -> Result<()> {
        while let Some(Part {
            data: Data::Chunk(last),
            dead,
            ..
        }) = self.parts.pop_if(|last| match &last.data {
            Data::Chunk(last) => last.should_join(&chunk),
            Data::Segment(_) => false,
        }) {
            chunk = last.join(&dead, &chunk);
        }
        self.parts
            .push(Part::new(Data::Chunk(Arc::new(chunk)), Bits::default())?);
        Ok(())
    }

    /// Lets go of chunks in memory that are mostly dead.
    pub(crate) fn sweep(&mut self) -> Result<()> {
        for part in &mut self.parts {
            if let Data::Chunk(chunk) = &part.data
                && part.dead_rows * 2 > part.len()
            {
                let living = Arc::new(chunk.without(&part.dead));
                *part = Part::new(Data::Chunk(living), Bits::default())?;
            }
        }
        self.parts.retain(|part| part.len() > 0);
        Ok(())
    }
}
