//! Which items of a list are kept in a given room.

use super::node::{Body, Entry, Node, Rendition};
use super::section::Pick;
use super::size::{Kept, Size, Sizer};
use super::truncate::Cut;

/// A choice of items, by the sum of their costs.
struct Choice {
    kept: Vec<usize>,
    cut: Option<(usize, Cut)>,
}

impl Choice {
    fn rendition(mut self) -> Rendition {
        self.kept.sort_unstable();
        Rendition::Items {
            kept: self.kept,
            cut: self.cut,
        }
    }
}

impl Sizer<'_> {
    /// The fewest items the list can live with.
    pub(super) fn least_items(&self, node: &Node, size: &Size) -> Option<Kept> {
        let Body::List {
            entries,
            pick,
            min_items,
            ..
        } = &node.body
        else {
            return None;
        };
        let all = entries.len();
        if *min_items > all {
            return None;
        }
        let least = node.min.map_or(0, |min| min.of(self.capacity));
        let order = match pick {
            Pick::Latest => (0..all).rev().collect(),
            Pick::Best if least == 0 => by_cost(size),
            Pick::Best | Pick::Earliest => (0..all).collect::<Vec<_>>(),
        };
        let mut kept = Vec::new();
        for n in order {
            kept.push(n);
            if kept.len() < *min_items {
                continue;
            }
            let rendition = Choice {
                kept: kept.clone(),
                cut: None,
            }
            .rendition();
            let tokens = self.alone(node, &rendition);
            if tokens >= least.min(size.wanted) {
                return Some(self.smaller_by_cutting(node, size, (rendition, tokens)));
            }
        }
        Some((Rendition::Whole, size.wanted))
    }

    /// Where items may be cut and one is enough, a cut of the first candidate may be smaller
    /// than any whole item.
    fn smaller_by_cutting(&self, node: &Node, size: &Size, least: Kept) -> Kept {
        let Body::List {
            entries,
            pick,
            min_items,
            ..
        } = &node.body
        else {
            return least;
        };
        let first = match pick {
            Pick::Latest => entries.len().saturating_sub(1),
            Pick::Best | Pick::Earliest => 0,
        };
        if *min_items > 1 || node.min.is_some() {
            return least;
        }
        let cut = entries.get(first).and_then(|entry| {
            let whole = size.parts.get(first).copied().unwrap_or(0);
            self.cut_item(node, entry, whole, least.1.min(48))
        });
        let Some((cut, _)) = cut else {
            return least;
        };
        let rendition = Rendition::Items {
            kept: vec![first],
            cut: Some((first, cut)),
        };
        let tokens = self.alone(node, &rendition);
        if tokens < least.1 {
            (rendition, tokens)
        } else {
            least
        }
    }

    /// The items that fit. Their costs add up only nearly, so the choice is made again with
    /// the difference taken into account until it fits and nothing more does.
    pub(super) fn items(&self, place: usize, node: &Node, size: &Size, room: usize) -> Kept {
        let (mut best, mut allowed): (Option<Kept>, usize) = (None, room);
        let mut too_much = usize::MAX;
        for _ in 0..6 {
            let rendition = self.choose(node, size, allowed).rendition();
            let tokens = self.alone(node, &rendition);
            if tokens <= room {
                let better = best.as_ref().is_none_or(|(_, most)| tokens > *most);
                if better && tokens > 0 {
                    best = Some((rendition, tokens));
                }
                let more = allowed + (room - tokens);
                if !better || more >= too_much || more == allowed {
                    break;
                }
                allowed = more;
            } else {
                too_much = too_much.min(allowed);
                allowed = allowed.saturating_sub(tokens - room);
                if best.is_some() {
                    break;
                }
            }
        }
        let least = || self.least_items(node, size);
        let floor = self.floor(place, node, size);
        let enough = |kept: &Kept| floor.is_none_or(|floor| kept.1 >= floor);
        best.filter(enough)
            .or_else(least)
            .unwrap_or((Rendition::Whole, size.wanted))
    }

    fn choose(&self, node: &Node, size: &Size, room: usize) -> Choice {
        let Body::List {
            entries,
            pick,
            min_items,
            ..
        } = &node.body
        else {
            return Choice {
                kept: Vec::new(),
                cut: None,
            };
        };
        let fence = node.fence.as_ref().map_or(0, |fence| {
            self.tokens(&fence.open) + self.tokens(&fence.close)
        });
        let left = room.saturating_sub(fence);
        let all = 0..entries.len();
        let choice = match pick {
            Pick::Latest => self.in_turn(node, size, entries, all.rev(), left, false),
            Pick::Earliest => self.in_turn(node, size, entries, all, left, false),
            Pick::Best => self.in_turn(node, size, entries, all, left, true),
        };
        if choice.kept.len() >= *min_items || *pick != Pick::Best {
            return choice;
        }
        // The best ones were too large for the number that is wanted: the smallest come first.
        let smallest = by_cost(size).into_iter();
        self.in_turn(node, size, entries, smallest, left, true)
    }

    fn in_turn(
        &self,
        node: &Node,
        size: &Size,
        entries: &[Entry],
        order: impl Iterator<Item = usize>,
        room: usize,
        pass_over: bool,
    ) -> Choice {
        let separator = self.separator(node);
        let (mut kept, mut cut, mut left) = (Vec::new(), None, room);
        for n in order {
            let between = if kept.is_empty() { 0 } else { separator };
            let cost = size.parts.get(n).copied().unwrap_or(0);
            if between + cost <= left {
                left -= between + cost;
                kept.push(n);
                continue;
            }
            if cut.is_none() && left > between {
                let entry = entries.get(n);
                let part = entry.and_then(|e| self.cut_item(node, e, cost, left - between));
                if let Some((part, tokens)) = part {
                    left -= between + tokens;
                    cut = Some((n, part));
                    kept.push(n);
                }
            }
            if !pass_over {
                break;
            }
        }
        Choice { kept, cut }
    }
}

/// The items from the cheapest to the dearest.
fn by_cost(size: &Size) -> Vec<usize> {
    let mut order: Vec<usize> = (0..size.parts.len()).collect();
    order.sort_by_key(|n| size.parts.get(*n).copied());
    order
}
