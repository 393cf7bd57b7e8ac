//! How a text may be shortened, and the longest cut that fits.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::edge;
use super::text::Text;

/// Where a text may be cut. Where a kept part would hold none of these borders, the next finer
/// one is taken, and the report says which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Between user-perceived characters (UAX #29); inside one only where it alone is too long.
    Grapheme,
    /// Between words (UAX #29).
    Word,
    /// Between lines.
    Line,
    /// Between sentences (UAX #29).
    Sentence,
}

/// What of a text is given up first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lose {
    /// The beginning: what came last matters most, as in a log.
    Head,
    /// The end: what came first matters most, as in an article.
    Tail,
    /// The middle: of a file, its imports and its last function.
    Middle,
    /// Beginning and end alike: the place around a match.
    BothEnds,
}

/// How a text may be shortened.
///
/// ```
/// use gori_chains::prompt::{Section, Truncate, Unit};
///
/// let log = Section::user("log", "…").shrink(Truncate::head(Unit::Line).mark("[earlier lines]"));
/// ```
#[derive(Clone, Debug)]
pub struct Truncate {
    pub(super) lose: Lose,
    pub(super) unit: Unit,
    /// Per cent of what is kept of both ends that is kept of the beginning.
    pub(super) head: u8,
    pub(super) marks: Marks,
}

/// What stands where something was cut, with a blank towards the text.
#[derive(Clone, Debug)]
pub(super) struct Marks {
    pub(super) lead: Text,
    pub(super) trail: Text,
    pub(super) between: Text,
}

impl Marks {
    fn new(mark: &str) -> Self {
        let text = |text: String| Text::from(if mark.is_empty() { String::new() } else { text });
        Self {
            lead: text(format!("{mark} ")),
            trail: text(format!(" {mark}")),
            between: text(format!(" {mark} ")),
        }
    }
}

impl Truncate {
    fn new(lose: Lose, unit: Unit) -> Self {
        Self {
            lose,
            unit,
            head: 50,
            marks: Marks::new("[…]"),
        }
    }

    /// Gives up the beginning.
    pub fn head(unit: Unit) -> Self {
        Self::new(Lose::Head, unit)
    }

    /// Gives up the end.
    pub fn tail(unit: Unit) -> Self {
        Self::new(Lose::Tail, unit)
    }

    /// Gives up the middle, keeping as much of the beginning as of the end.
    pub fn middle(unit: Unit) -> Self {
        Self::new(Lose::Middle, unit)
    }

    /// Gives up the middle, keeping so many per cent of what is kept at the beginning. More
    /// than a hundred is a hundred.
    pub fn middle_with_head(unit: Unit, per_cent: u8) -> Self {
        Self {
            head: per_cent.min(100),
            ..Self::new(Lose::Middle, unit)
        }
    }

    /// Gives up the beginning and the end alike.
    pub fn both_ends(unit: Unit) -> Self {
        Self::new(Lose::BothEnds, unit)
    }

    /// What is written where something was cut, `[…]` where nothing else is said. It is counted.
    #[must_use]
    pub fn mark(mut self, mark: &str) -> Self {
        self.marks = Marks::new(mark);
        self
    }

    pub(super) fn has_mark(&self) -> bool {
        !self.marks.between.is_empty()
    }
}

/// What is kept of a text: ranges of its bytes, in order, none empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    pub(super) kept: Vec<Range<usize>>,
    /// The border it was cut at.
    pub(super) at: Unit,
}

/// Searches cuts of one text; what a cut costs is asked of the caller, marks and fence included.
pub(super) struct Cutter<'a> {
    pub(super) text: &'a Text,
    pub(super) how: &'a Truncate,
    pub(super) cost: &'a dyn Fn(&Cut) -> usize,
    /// What the whole text costs.
    pub(super) whole: usize,
}

impl Cutter<'_> {
    /// The longest cut that costs at most so much, and its cost. Where even the shortest costs
    /// more, the shortest.
    pub(super) fn at_most(&self, allowed: usize) -> (Cut, usize) {
        let mut keep = self.search(allowed);
        for _ in 0..8 {
            let cut = self.shape(keep, self.how.unit);
            let cost = (self.cost)(&cut);
            if cost <= allowed {
                return (cut, cost);
            }
            // Snapping moved only inwards, so what costs more is the join with a mark.
            keep = keep.saturating_sub(8 * (cost - allowed)).min(keep / 8 * 7);
        }
        self.shortest()
    }

    /// The shortest cut at a border that costs at least so much, and its cost; `None` where
    /// only the whole text does.
    pub(super) fn at_least(&self, wanted: usize) -> Option<(Cut, usize)> {
        let (cut, cost) = self.at_most(wanted);
        if cost == wanted {
            return Some((cut, cost));
        }
        let start = self.search(wanted);
        let mut further = 4;
        while start + further < self.text.len() {
            let cut = self.shape(start + further, self.how.unit);
            let cost = (self.cost)(&cut);
            if cost >= wanted {
                return Some((cut, cost));
            }
            further += (further / 2).max(4);
        }
        None
    }

    /// The least that can be kept: one character as people see it.
    pub(super) fn shortest(&self) -> (Cut, usize) {
        let cut = self.shape(0, Unit::Grapheme);
        let cost = (self.cost)(&cut);
        (cut, cost)
    }

    /// How many bytes to keep so that the cost comes close to what is allowed from below.
    /// Between two bounds the next guess is by proportion, and by halves where that stalls.
    fn search(&self, allowed: usize) -> usize {
        let (mut low, mut low_cost) = (0, 0);
        let (mut high, mut high_cost) = (self.text.len(), self.whole.max(allowed + 1));
        let close = allowed - allowed / 500;
        for round in 0..40 {
            if high - low <= 1 || (low_cost >= close && low > 0) {
                break;
            }
            let share = (high - low) as u128 * (allowed.saturating_sub(low_cost)) as u128
                / (high_cost - low_cost).max(1) as u128;
            let step = match round % 3 {
                2 => (high - low) / 2,
                _ => usize::try_from(share).unwrap_or(1),
            };
            let guess = low + step.clamp(1, high - low - 1);
            let cost = (self.cost)(&self.shape_raw(guess));
            if cost <= allowed {
                (low, low_cost) = (guess, cost.max(low_cost));
            } else {
                (high, high_cost) = (guess, cost.max(low_cost + 1));
            }
        }
        low
    }

    /// So many bytes kept, at any character: for the search, where borders would only cost time.
    fn shape_raw(&self, keep: usize) -> Cut {
        let text = self.text.as_str();
        let (down, up) = (|at| edge::floor(text, at), |at| edge::ceil(text, at));
        self.ranges(keep, down, up, Unit::Grapheme)
    }

    /// At most so many bytes kept, between borders; at least one character.
    fn shape(&self, keep: usize, unit: Unit) -> Cut {
        let text = self.text.as_str();
        let coarsest = std::cell::Cell::new(unit);
        let note = |(at, border): (usize, Unit)| {
            coarsest.set(coarsest.get().min(border));
            at
        };
        let down = |at| note(edge::down(text, at, unit));
        let up = |at| note(edge::up(text, at, unit));
        let cut = self.ranges(keep, down, up, unit);
        Cut {
            at: coarsest.get(),
            ..cut
        }
    }

    fn ranges(
        &self,
        keep: usize,
        down: impl Fn(usize) -> usize,
        up: impl Fn(usize) -> usize,
        at: Unit,
    ) -> Cut {
        let length = self.text.len();
        let keep = keep.min(length);
        #[expect(
            clippy::single_range_in_vec_init,
            reason = "the ranges that are kept, of which there may be one"
        )]
        let kept = match self.how.lose {
            Lose::Tail => vec![0..down(keep)],
            Lose::Head => vec![up(length - keep)..length],
            Lose::Middle => {
                let head = keep / 100 * usize::from(self.how.head)
                    + keep % 100 * usize::from(self.how.head) / 100;
                let (from, to) = (down(head), up(length - (keep - head)));
                if from < to {
                    vec![0..from, to..length]
                } else {
                    vec![0..from.min(length)]
                }
            }
            Lose::BothEnds => {
                let start = up((length - keep) / 2);
                let end = down(start.max((length - keep) / 2 + keep));
                if start < end {
                    vec![start..end]
                } else {
                    vec![start..edge::after(self.text.as_str(), start)]
                }
            }
        };
        Cut {
            kept: kept.into_iter().filter(|range| !range.is_empty()).collect(),
            at,
        }
    }
}
