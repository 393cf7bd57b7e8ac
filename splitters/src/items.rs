//! Named parts of a text that lie within each other, and the way to the one a chunk is in.

use std::ops::Range;

/// A named part.
#[derive(Debug)]
pub(crate) struct Item<N> {
    pub(crate) range: Range<usize>,
    pub(crate) parent: Option<usize>,
    pub(crate) name: N,
}

/// Parts in the order of their starts, the outer before the inner.
#[derive(Debug)]
pub(crate) struct Items<N>(Vec<Item<N>>);

impl<N> Items<N> {
    pub(crate) fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a part behind all others; gives its place.
    pub(crate) fn push(&mut self, range: Range<usize>, parent: Option<usize>, name: N) -> usize {
        self.0.push(Item {
            range,
            parent,
            name,
        });
        self.0.len() - 1
    }

    /// Says where a part ends whose end was not known when it was added.
    pub(crate) fn end(&mut self, place: usize, end: usize) {
        if let Some(item) = self.0.get_mut(place) {
            item.range.end = end;
        }
    }

    pub(crate) fn get(&self, place: usize) -> Option<&Item<N>> {
        self.0.get(place)
    }

    /// The innermost part that holds the whole span.
    pub(crate) fn innermost(&self, span: &Range<usize>) -> Option<usize> {
        let behind = self
            .0
            .partition_point(|item| item.range.start <= span.start);
        let mut place = behind.checked_sub(1);
        while let Some(item) = place.and_then(|place| self.0.get(place)) {
            if item.range.end >= span.end {
                break;
            }
            place = item.parent;
        }
        place
    }

    /// The parts directly within one, or outside of all, that the span touches.
    pub(crate) fn touched(&self, within: Option<usize>, span: &Range<usize>) -> Vec<usize> {
        let behind = self
            .0
            .partition_point(|item| item.range.start <= span.start);
        let mut before = behind.checked_sub(1);
        while let Some(item) = before.and_then(|place| self.0.get(place)) {
            if item.parent == within {
                break;
            }
            before = item.parent;
        }
        let ends_in = |place: &usize| {
            let item = self.0.get(*place);
            item.is_some_and(|item| item.parent == within && item.range.end > span.start)
        };
        let last = self.0.partition_point(|item| item.range.start < span.end);
        let inside = (behind..last).filter(|place| {
            let item = self.0.get(*place);
            item.is_some_and(|item| item.parent == within)
        });
        before.filter(ends_in).into_iter().chain(inside).collect()
    }

    /// The names from the outermost part to this one.
    pub(crate) fn names(&self, place: Option<usize>) -> Vec<&N> {
        let mut names = Vec::new();
        let mut place = place;
        while let Some(item) = place.and_then(|place| self.0.get(place)) {
            names.push(&item.name);
            place = item.parent;
        }
        names.reverse();
        names
    }

    /// The innermost part that holds all of a span but for marks that close or part what is
    /// around it, such as braces and commas; and the span without them.
    pub(crate) fn home(
        &self,
        text: &str,
        span: Range<usize>,
        marks: &[char],
    ) -> (Option<usize>, Range<usize>) {
        let mut span = span;
        loop {
            let place = self.innermost(&span);
            let whole = place.and_then(|place| self.get(place));
            if whole.is_some_and(|item| item.range == span) {
                return (place, span);
            }
            let [only] = self.touched(place, &span)[..] else {
                return (place, span);
            };
            let Some(part) = self.get(only).map(|item| item.range.clone()) else {
                return (place, span);
            };
            let part = part.start.max(span.start)..part.end.min(span.end);
            let is_mark = |rest: Option<&str>| {
                let outside = rest.unwrap_or_default();
                outside
                    .chars()
                    .all(|c| c.is_whitespace() || marks.contains(&c))
            };
            let marks_only =
                is_mark(text.get(span.start..part.start)) && is_mark(text.get(part.end..span.end));
            if !marks_only || part.is_empty() {
                return (place, span);
            }
            span = part;
        }
    }
}
