//! Borders that a parser found beforehand.

use super::Borders;

/// Offsets in rising order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offsets<'o>(pub(crate) &'o [usize]);

impl Borders for Offsets<'_> {
    fn last(&self, from: usize, upto: usize, _end: usize) -> Option<usize> {
        let behind = self.0.partition_point(|at| *at <= upto);
        let at = *self.0.get(behind.checked_sub(1)?)?;
        (at > from).then_some(at)
    }

    fn next(&self, from: usize, upto: usize, _end: usize) -> Option<usize> {
        let next = self.0.partition_point(|at| *at <= from);
        self.0.get(next).copied().filter(|at| *at <= upto)
    }

    fn first(&self, from: usize, at: usize, end: usize) -> Option<usize> {
        let at = at.max(from + 1);
        let first = self.0.partition_point(|border| *border < at);
        self.0.get(first).copied().filter(|border| *border < end)
    }
}
