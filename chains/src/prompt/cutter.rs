//! The longest cut of a text that fits, and the shortest that is enough, with few counts.
//!
//! Counting is what takes time. So a place is guessed from what counting the whole text told of
//! where its tokens lie, the cut there is counted exactly, and what it really costs moves the next
//! guess. Where the counter knows no seams, tokens are taken to lie evenly at first.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use super::edge::{self, Sentences};
use super::memo::Measured;
use super::text::Text;
use super::truncate::{Cut, Lose, Truncate, Unit};

/// How many guesses are made before the best so far is taken.
const GUESSES: usize = 16;

/// A cut that leaves less than this part of what it may cost is long enough.
const NEAR: usize = 500;

/// Searches cuts of one text; what a cut costs is asked of the caller, marks and fence included.
pub(super) struct Cutter<'a> {
    pub(super) text: &'a Text,
    pub(super) how: &'a Truncate,
    pub(super) unit: Unit,
    pub(super) measured: Arc<Measured>,
    pub(super) sentences: Rc<Sentences>,
    /// What the whole text costs, its fence included.
    pub(super) whole: usize,
    /// About what marks and fence cost.
    pub(super) around: usize,
    pub(super) cost: &'a dyn Fn(&Cut) -> usize,
}

/// A cut that was counted.
struct Tried {
    cut: Cut,
    estimate: usize,
    cost: usize,
}

impl Cutter<'_> {
    /// The longest cut that costs at most so much, and its cost. Where even the shortest costs
    /// more, the shortest.
    pub(super) fn at_most(&self, allowed: usize) -> (Cut, usize) {
        let (mut low, mut high): (Option<Tried>, Option<Tried>) = (None, None);
        let (mut least, mut most) = (0, self.text.len());
        let (mut idle, mut below) = (0, None);
        for _ in 0..GUESSES {
            if most - least <= 1 {
                break;
            }
            let guess = match (idle, below.take()) {
                (_, Some(below)) => below,
                (0, None) => self.guess(allowed, low.as_ref(), high.as_ref()),
                _ => least + (most - least) / 2,
            };
            // A few bytes more are within the error of the guess.
            if guess < least + 4 && self.measured.is_dense() && low.is_some() {
                break;
            }
            let guess = guess.clamp(least + 1, most - 1);
            let cut = self.shape(guess, self.unit);
            let is = |tried: &Option<Tried>| tried.as_ref().is_some_and(|tried| tried.cut == cut);
            if is(&low) || is(&high) {
                // No border lies between, so nothing is counted; another guess further away.
                idle += 1;
                if is(&low) {
                    least = guess;
                } else {
                    most = guess;
                    below = kept(&cut).checked_sub(1).filter(|keep| *keep < most);
                }
                if is(&low) && self.measured.is_dense() {
                    break;
                }
                continue;
            }
            idle = 0;
            let tried = self.tried(cut);
            let near = tried.cost <= allowed && allowed - tried.cost <= allowed / NEAR;
            if tried.cost <= allowed {
                (least, low) = (guess, Some(tried));
            } else {
                (most, high) = (guess, Some(tried));
            }
            if near {
                break;
            }
        }
        low.map_or_else(|| self.shortest(), |low| (low.cut, low.cost))
    }

    /// A short cut that costs at least so much, and its cost; `None` where only the whole text
    /// does. With dense seams it is the shortest at a border.
    pub(super) fn at_least(&self, wanted: usize) -> Option<(Cut, usize)> {
        let mut target = wanted.saturating_sub(self.around);
        let mut best: Option<(Cut, usize)> = None;
        for round in 0..GUESSES / 2 {
            let Some(cut) = self.reach(self.keep(target.saturating_sub(1)) + 1) else {
                break;
            };
            let Tried { cut, cost, .. } = self.tried(cut);
            if cost < wanted {
                if best.is_some() {
                    break;
                }
                target += (wanted - cost) << round;
                continue;
            }
            let far = cost > 2 * wanted + 32 && !self.measured.is_dense();
            if best.as_ref().is_none_or(|(_, least)| cost < *least) {
                best = Some((cut, cost));
            }
            if !far {
                break;
            }
            target = target * wanted / cost;
        }
        best
    }

    /// The least that can be kept: one character as people see it.
    pub(super) fn shortest(&self) -> (Cut, usize) {
        let cut = self.shape(0, Unit::Grapheme);
        let cost = (self.cost)(&cut);
        (cut, cost)
    }

    fn tried(&self, cut: Cut) -> Tried {
        let estimate = cut.kept.iter().map(|range| {
            let end = self.before(range.end);
            end - self.before(range.start).min(end)
        });
        Tried {
            estimate: estimate.sum(),
            cost: (self.cost)(&cut),
            cut,
        }
    }

    /// How many bytes to keep so that the cost comes close to what is allowed from below.
    fn guess(&self, allowed: usize, low: Option<&Tried>, high: Option<&Tried>) -> usize {
        let target = match (low, high) {
            (None, None) => allowed.saturating_sub(self.around),
            (Some(low), None) => low.estimate + (allowed - low.cost),
            (None, Some(high)) => {
                let less = high.estimate.saturating_sub(high.cost - allowed);
                less.max(share(high.estimate, allowed, high.cost))
            }
            (Some(low), Some(high)) => {
                let between = high.estimate.saturating_sub(low.estimate);
                low.estimate + share(between, allowed - low.cost, high.cost - low.cost)
            }
        };
        self.keep(target)
    }

    /// The most bytes that can be kept with about so many tokens.
    fn keep(&self, tokens: usize) -> usize {
        let (mut fits, mut more) = (0, self.text.len() + 1);
        while more - fits > 1 {
            let middle = fits + (more - fits) / 2;
            if self.estimate(middle) <= tokens {
                fits = middle;
            } else {
                more = middle;
            }
        }
        fits
    }

    fn before(&self, at: usize) -> usize {
        self.measured.before(at, self.text.len(), self.whole)
    }

    /// About how many tokens so many bytes have, kept at any character.
    fn estimate(&self, keep: usize) -> usize {
        let length = self.text.len();
        let between = |from, to| {
            let to = self.before(to);
            to - self.before(from).min(to)
        };
        match self.how.lose {
            Lose::Tail => between(0, keep),
            Lose::Head => between(length - keep, length),
            Lose::Middle => {
                let head = self.of_head(keep);
                between(0, head) + between(length - (keep - head), length)
            }
            Lose::BothEnds => {
                let start = (length - keep) / 2;
                between(start, start + keep)
            }
        }
    }

    /// Of so many bytes that are kept of both ends, those of the beginning.
    fn of_head(&self, keep: usize) -> usize {
        keep / 100 * usize::from(self.how.head) + keep % 100 * usize::from(self.how.head) / 100
    }

    /// At most so many bytes kept, between borders; at least one character.
    fn shape(&self, keep: usize, unit: Unit) -> Cut {
        let text = self.text.as_str();
        let finest = Cell::new(unit);
        let note = |(at, border): (usize, Unit)| {
            finest.set(finest.get().min(border));
            at
        };
        let down = |at| note(edge::down(text, at, unit, &self.sentences));
        let up = |at| note(edge::up(text, at, unit));
        let length = text.len();
        let keep = keep.min(length);
        #[expect(
            clippy::single_range_in_vec_init,
            reason = "the ranges that are kept, of which there may be one"
        )]
        let kept = match self.how.lose {
            Lose::Tail => vec![0..down(keep)],
            Lose::Head => vec![up(length - keep)..length],
            Lose::Middle => {
                let head = self.of_head(keep);
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
                    vec![start..edge::after(text, start)]
                }
            }
        };
        Cut {
            kept: kept.into_iter().filter(|range| !range.is_empty()).collect(),
            at: finest.get(),
        }
    }

    /// At least about so many bytes kept, between borders; `None` where that is all of them.
    fn reach(&self, keep: usize) -> Option<Cut> {
        let text = self.text.as_str();
        let length = text.len();
        let keep = keep.min(length);
        let (from, to) = match self.how.lose {
            Lose::Tail => (keep, length),
            Lose::Head => (0, length - keep),
            Lose::Middle => {
                let head = self.of_head(keep);
                (head, length - (keep - head))
            }
            Lose::BothEnds => ((length - keep) / 2, (length - keep) / 2 + keep),
        };
        let finest = Cell::new(self.unit);
        let note = |(at, border): (usize, Unit)| {
            finest.set(finest.get().min(border));
            at
        };
        let end = |at| note(edge::end_after(text, at, self.unit));
        let start = |at| note(edge::start_before(text, at, self.unit));
        #[expect(
            clippy::single_range_in_vec_init,
            reason = "the ranges that are kept, of which there may be one"
        )]
        let kept = match self.how.lose {
            Lose::Tail => vec![0..end(from)],
            Lose::Head => vec![start(to)..length],
            Lose::Middle => {
                let (end, start) = (end(from), start(to));
                if end >= start {
                    return None;
                }
                vec![0..end, start..length]
            }
            Lose::BothEnds => vec![start(from)..end(to)],
        };
        let cut = Cut {
            kept: kept.into_iter().filter(|range| !range.is_empty()).collect(),
            at: finest.get(),
        };
        (1..length).contains(&self::kept(&cut)).then_some(cut)
    }
}

fn kept(cut: &Cut) -> usize {
    cut.kept.iter().map(ExactSizeIterator::len).sum()
}

/// `part` of `of` of a number.
fn share(number: usize, part: usize, of: usize) -> usize {
    let share = number as u128 * part as u128 / (of as u128).max(1);
    usize::try_from(share).unwrap_or(number)
}
