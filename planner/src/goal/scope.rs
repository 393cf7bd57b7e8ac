//! What a goal speaks of: the units and the times that an answer to it may name.
//!
//! A model is held to these by its schema, and an answer from elsewhere by a check. So no answer can bring in a unit
//! or a time that nobody asked for, and the question to the model stays short over an inventory of any size.

use super::english;
use super::korean;
use super::resolve::fold;
use crate::inventory::{Inventory, Unit};
use crate::name::UnitRef;
use crate::quantity::Span;

/// The units and times of a goal.
pub(super) struct Scope<'a> {
    inventory: &'a Inventory,
    /// The units that it names.
    pub(super) units: Vec<&'a Unit>,
    /// The units of nodes that it names: what may be lost with them.
    pub(super) on_nodes: Vec<&'a Unit>,
    /// The times that it names.
    pub(super) times: Times,
}

/// The times of a goal.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Times {
    /// These and no others, possibly none.
    Said(Vec<Span>),
    /// There is a word for a time that could not be read, so any time may be meant.
    Unread,
}

impl<'a> Scope<'a> {
    pub(super) fn of(goal: &str, inventory: &'a Inventory) -> Self {
        let folded = fold(goal);
        let is_on = |unit: &&Unit| folded.contains(&fold(unit.node.as_str()));
        Self {
            inventory,
            units: inventory
                .units
                .iter()
                .filter(|u| is_mentioned(&folded, u))
                .collect(),
            on_nodes: inventory.units.iter().filter(is_on).collect(),
            times: Times::of(goal),
        }
    }

    /// Whether a unit is there and the goal does not name it. One that is not there is the check's affair.
    pub(super) fn omits(&self, at: &UnitRef) -> bool {
        let is = |u: &Unit| u.at() == *at;
        self.inventory.units.iter().any(is) && !self.units.iter().any(|u| is(u))
    }

    /// As [`Scope::omits`], for a unit that fails or is lost: the goal may name its node instead.
    pub(super) fn omits_loss(&self, at: &UnitRef) -> bool {
        self.omits(at) && !self.on_nodes.iter().any(|u| u.at() == *at)
    }
}

impl Times {
    fn of(goal: &str) -> Self {
        let lower = goal.to_lowercase();
        let words: Vec<&str> = lower
            .split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':' | '(' | ')'))
            .map(|w| w.trim_end_matches('.'))
            .filter(|w| !w.is_empty())
            .collect();
        let mut said = Vec::new();
        let mut at = 0;
        while let Some(word) = words.get(at) {
            let read = |count: usize| {
                let window = words.get(at..at + count)?;
                let span = english::time(window).or_else(|| korean::time(window))?;
                Some((span, count))
            };
            match read(2).or_else(|| read(1)) {
                Some((span, count)) => {
                    said.push(span);
                    at += count;
                }
                None if is_time(word) => return Self::Unread,
                None => at += 1,
            }
        }
        said.sort_unstable();
        said.dedup();
        Self::Said(said)
    }

    /// Whether the goal may mean this time.
    pub(super) fn may_be(&self, span: Span) -> bool {
        match self {
            Self::Said(spans) => spans.contains(&span),
            Self::Unread => true,
        }
    }
}

/// Whether a word speaks of a time, in whatever way.
fn is_time(word: &str) -> bool {
    const ENGLISH: [&str; 7] = [
        "second",
        "minute",
        "hour",
        "millisecond",
        "moment",
        "sec",
        "ms",
    ];
    const KOREAN: [&str; 3] = ["초", "분", "시간"];
    let singular = word.strip_suffix('s').unwrap_or(word);
    // "일초", "30분까지": what stands before the unit is a number, and "충분히" is no time.
    let korean = |unit: &str| {
        let number = |c: char| c.is_ascii_digit() || "일이삼사오육칠팔구십몇한두세네".contains(c);
        word.split_once(unit)
            .is_some_and(|(before, _)| before.chars().all(number))
    };
    ENGLISH.contains(&singular) || ENGLISH.contains(&word) || KOREAN.iter().any(|u| korean(u))
}

fn is_mentioned(goal: &str, unit: &Unit) -> bool {
    let stem = fold(unit.name.stem());
    goal.contains(&stem)
        || unit
            .aliases
            .iter()
            .any(|a| goal.contains(&fold(a.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(goal: &str) -> Vec<u64> {
        match Times::of(goal) {
            Times::Said(spans) => spans.into_iter().map(Span::as_millis).collect(),
            Times::Unread => panic!("unread in {goal:?}"),
        }
    }

    #[test]
    fn times_are_read_in_both_languages() {
        assert_eq!(said("give up after 3 s, or two seconds."), [2_000, 3_000]);
        assert_eq!(said("within 500ms; then 500 ms"), [500]);
        assert_eq!(said("인지는 카메라를 최대 2초까지만 기다립니다"), [2_000]);
        assert_eq!(said("3초 안에 멈춰"), [3_000]);
        assert!(said("start node2 after node1; v2.1 is fine, 충분히 기다려").is_empty());
    }

    #[test]
    fn a_time_that_cannot_be_read_leaves_every_time_open() {
        for goal in [
            "wait half a second",
            "after a minute",
            "일초 안에",
            "몇 초 안에",
            "in a moment",
        ] {
            assert_eq!(Times::of(goal), Times::Unread, "{goal}");
        }
    }
}
