//! Places where a text may be cut.

mod any;
mod clusters;
mod literal;
mod offsets;

pub(crate) use any::Any;
pub(crate) use clusters::Clusters;
pub(crate) use literal::Literal;
pub(crate) use offsets::Offsets;

/// The borders of one rank within a stretch of text.
///
/// `from` is always a border or the start of the stretch, and `end` its end, which nobody
/// needs to be told is a border. None of these cuts a grapheme cluster.
pub(crate) trait Borders {
    /// The last border behind `from` that is not behind `upto`.
    fn last(&self, from: usize, upto: usize, end: usize) -> Option<usize>;

    /// The first border behind `from` that is not behind `upto`.
    fn next(&self, from: usize, upto: usize, end: usize) -> Option<usize>;

    /// The first border behind `from` that is not before `at`, and is before `end`.
    fn first(&self, from: usize, at: usize, end: usize) -> Option<usize>;
}

/// On which side of a separator the text is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Side {
    Before,
    Behind,
}
