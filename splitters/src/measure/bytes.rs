//! Sizes in bytes of UTF-8.

use super::Measure;
use crate::borders::Borders;

#[derive(Debug)]
pub(crate) struct Bytes {
    size: usize,
    overlap: usize,
}

impl Bytes {
    pub(crate) fn new(size: usize, overlap: usize) -> Self {
        Self { size, overlap }
    }
}

impl Measure for Bytes {
    fn fits(&mut self, from: usize, to: usize) -> bool {
        to - from <= self.size
    }

    fn last_fit(&mut self, borders: &impl Borders, from: usize, end: usize) -> Option<usize> {
        if end - from <= self.size {
            return Some(end);
        }
        borders.last(from, from + self.size, end)
    }

    fn share(&mut self, borders: &impl Borders, from: usize, to: usize, next: usize) -> usize {
        let earliest = to
            .saturating_sub(self.overlap)
            .max(next.saturating_sub(self.size));
        borders.first(from, earliest, to).unwrap_or(to)
    }

    fn shares(&self) -> bool {
        self.overlap > 0
    }
}
