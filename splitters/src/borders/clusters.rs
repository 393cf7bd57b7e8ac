//! Borders between grapheme clusters: the last resort, where nothing else separates.

use unicode_segmentation::GraphemeCursor;

use super::Borders;
use crate::trim::is_border;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Clusters<'t>(pub(crate) &'t str);

impl Clusters<'_> {
    /// The start of the cluster that `at` lies in, or `at` itself when it is a border.
    fn floor(&self, from: usize, at: usize) -> usize {
        let mut at = at;
        while !self.0.is_char_boundary(at) {
            at -= 1;
        }
        if is_border(self.0, from, at) {
            return at;
        }
        if let Some(window) = self.0.get(from..) {
            let mut cursor = GraphemeCursor::new(at - from, window.len(), true);
            at = from + cursor.prev_boundary(window, 0).ok().flatten().unwrap_or(0);
        }
        at
    }

    /// The end of the cluster that starts at `from`.
    fn step(&self, from: usize) -> usize {
        let Some(window) = self.0.get(from..) else {
            return self.0.len();
        };
        let mut cursor = GraphemeCursor::new(0, window.len(), true);
        let step = cursor.next_boundary(window, 0).ok().flatten();
        from + step.unwrap_or(window.len())
    }
}

impl Borders for Clusters<'_> {
    fn last(&self, from: usize, upto: usize, end: usize) -> Option<usize> {
        let at = self.floor(from, upto.min(end));
        (at > from).then_some(at)
    }

    fn next(&self, from: usize, upto: usize, end: usize) -> Option<usize> {
        // A cluster that reaches beyond the stretch ends with it.
        let at = self.step(from).min(end);
        (at <= upto).then_some(at)
    }

    fn first(&self, from: usize, at: usize, end: usize) -> Option<usize> {
        if at <= from {
            return self.next(from, end - 1, end);
        }
        let floor = self.floor(from, at.min(end));
        let ceil = if floor < at { self.step(floor) } else { floor };
        (ceil < end).then_some(ceil)
    }
}
