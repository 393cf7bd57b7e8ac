//! How a text may be shortened.

use std::ops::Range;

use serde::{Deserialize, Serialize};

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
    pub(super) fill: bool,
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
            fill: false,
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

    /// Cuts at a word, or if need be inside one, where ending at the unit's border would leave
    /// more than a hundredth of the budget unused. Without this the unit is held, and what a
    /// whole sentence or line does not fit into stays free.
    #[must_use]
    pub fn fill(self) -> Self {
        Self { fill: true, ..self }
    }

    /// The units to cut at, the best first.
    pub(super) fn units(&self) -> impl Iterator<Item = Unit> {
        let finer = [Unit::Word, Unit::Grapheme];
        let finer = finer
            .into_iter()
            .filter(|unit| self.fill && *unit < self.unit);
        std::iter::once(self.unit).chain(finer)
    }

    /// The marks that a cut in its usual shape has.
    pub(super) fn marks_of_a_cut(&self) -> impl Iterator<Item = &Text> {
        let Marks {
            lead,
            trail,
            between,
        } = &self.marks;
        let marks = match self.lose {
            Lose::Head => [Some(lead), None],
            Lose::Tail => [None, Some(trail)],
            Lose::Middle => [Some(between), None],
            Lose::BothEnds => [Some(lead), Some(trail)],
        };
        marks.into_iter().flatten()
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
