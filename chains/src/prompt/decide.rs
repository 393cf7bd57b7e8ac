//! Who gets how much.
//!
//! Tier by tier, and within a tier from heavy to light, each section is let in if what it needs
//! at least fits into what is left; then those of the tier that want more share what is left in
//! proportion to their weights; only then comes the next tier. This is greedy: it is easy to
//! foresee and no section is left out that would have fitted instead of one of a lower tier,
//! but another choice may fill the room better.

use super::node::{Node, Rendition};
use super::section::Tier;
use super::size::{Kept, Size, Sizer};

/// How often room that was handed back is offered again within a tier.
const OFFERS: usize = 16;

/// What became of each section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Kept(Rendition, usize),
    /// It needed so much, with what must come along, and so much was left.
    NoRoom {
        needed: usize,
        left: usize,
    },
    /// It, or what must come along, is larger than it may ever be.
    TooLarge(usize),
    /// It, or what must come along, was not in the prefix before, which stays as it was.
    HeldOut(usize),
    /// There is nothing in it.
    Empty,
}

impl Fate {
    pub(super) fn tokens(&self) -> usize {
        match self {
            Self::Kept(_, tokens) => *tokens,
            _ => 0,
        }
    }
}

/// What was worked out before any room was given.
pub(super) struct Table<'a> {
    pub(super) nodes: &'a [Node],
    pub(super) sizes: &'a [Size],
    /// By tier, then from heavy to light, then as added.
    pub(super) order: &'a [usize],
    /// What each section costs beyond its text.
    pub(super) separator: usize,
    pub(super) sizer: &'a Sizer<'a>,
    /// What is already settled about each section.
    pub(super) pins: &'a [Pin],
}

/// A section that has less than it may get, and what it counts against the others.
struct Wanting {
    place: usize,
    has: usize,
    more: usize,
    weight: u32,
}

/// Whether a section is to be as it was in the prompt before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pin {
    Free,
    In(Kept),
    Out,
}

impl Table<'_> {
    fn size(&self, place: usize) -> Option<(&Node, &Size)> {
        Some((self.nodes.get(place)?, self.sizes.get(place)?))
    }

    fn floor(&self, place: usize) -> Option<usize> {
        match self.pins.get(place)? {
            Pin::In((_, tokens)) => Some(*tokens),
            Pin::Out => None,
            Pin::Free => {
                let (node, size) = self.size(place)?;
                self.sizer.floor(place, node, size)
            }
        }
    }

    fn can_be_kept(&self, place: usize) -> bool {
        match (self.pins.get(place), self.size(place)) {
            (Some(Pin::In(_)), _) => true,
            (Some(Pin::Free), Some((node, size))) => self.sizer.can_be_kept(place, node, size),
            _ => false,
        }
    }

    fn goal(&self, place: usize) -> usize {
        match self.pins.get(place) {
            Some(Pin::In((_, tokens))) => *tokens,
            _ => self.size(place).map_or(0, |(_, size)| size.goal),
        }
    }

    fn make(&self, place: usize, room: usize) -> Kept {
        match (self.pins.get(place), self.size(place)) {
            (Some(Pin::In(kept)), _) => kept.clone(),
            (_, Some((node, size))) => self.sizer.make(place, node, size, room),
            _ => (Rendition::Whole, 0),
        }
    }

    /// Everything that is wanted, as far as its own maximum allows.
    pub(super) fn all(&self) -> Vec<Fate> {
        let wanted = self.nodes.iter().enumerate().map(|(place, node)| {
            if node.is_empty() {
                return Fate::Empty;
            }
            match self.stuck(node) {
                Some(fate) => fate,
                None => self.kept(place, self.goal(place)),
            }
        });
        wanted.collect()
    }

    fn kept(&self, place: usize, room: usize) -> Fate {
        let (rendition, tokens) = self.make(place, room);
        Fate::Kept(rendition, tokens)
    }

    /// Which of the sections that come along can never be kept.
    fn stuck(&self, node: &Node) -> Option<Fate> {
        let which = node.along.iter().copied().find(|place| {
            let empty = self.nodes.get(*place).is_none_or(Node::is_empty);
            !empty && !self.can_be_kept(*place)
        })?;
        Some(match self.pins.get(which) {
            Some(Pin::Out) => Fate::HeldOut(which),
            _ => Fate::TooLarge(which),
        })
    }

    /// Only what is required, as small as it can be.
    pub(super) fn least(&self) -> Vec<Fate> {
        self.decide(0)
    }

    /// What becomes of each section when there is so much room. What is required is let in
    /// whether it fits or not: that was found out before.
    pub(super) fn decide(&self, room: usize) -> Vec<Fate> {
        self.by_tier(room, Self::grow)
    }

    /// Who would be let in when there is so much room, each with what it needs at least.
    pub(super) fn admitted(&self, room: usize) -> Vec<Fate> {
        self.by_tier(room, |table, places, fates, left| {
            let more = table.wanting(places, fates).into_iter().map(|w| w.more);
            *left = left.saturating_sub(more.sum());
        })
    }

    fn by_tier(
        &self,
        room: usize,
        share_out: impl Fn(&Self, &[usize], &mut [Fate], &mut usize),
    ) -> Vec<Fate> {
        let none = Fate::NoRoom { needed: 0, left: 0 };
        let mut fates = vec![none; self.nodes.len()];
        let mut left = room;
        for tier in Tier::ALL {
            let of_tier = |place: &&usize| self.nodes.get(**place).is_some_and(|n| n.tier == tier);
            let places: Vec<usize> = self.order.iter().filter(of_tier).copied().collect();
            for place in &places {
                self.admit(*place, &mut fates, &mut left);
            }
            share_out(self, &places, &mut fates, &mut left);
        }
        fates
    }

    fn admit(&self, place: usize, fates: &mut [Fate], left: &mut usize) {
        let Some(node) = self.nodes.get(place) else {
            return;
        };
        if matches!(fates.get(place), Some(Fate::Kept(..))) {
            return;
        }
        let refused = if node.is_empty() {
            Some(Fate::Empty)
        } else {
            self.stuck(node)
        };
        if let (Some(refused), Some(fate)) = (refused, fates.get_mut(place)) {
            *fate = refused;
            return;
        }
        let absent = |other: &&usize| {
            let kept = matches!(fates.get(**other), Some(Fate::Kept(..)));
            !kept && self.nodes.get(**other).is_some_and(|node| !node.is_empty())
        };
        let along: Vec<usize> = node.along.iter().filter(absent).copied().collect();
        let cost = |other: &usize| self.floor(*other).unwrap_or(0) + self.separator;
        let needed = along.iter().map(cost).sum();
        if needed > *left && node.tier != Tier::Required {
            if let Some(fate) = fates.get_mut(place) {
                *fate = Fate::NoRoom {
                    needed,
                    left: *left,
                };
            }
            return;
        }
        *left = left.saturating_sub(needed);
        for other in along {
            if let Some(fate) = fates.get_mut(other) {
                *fate = self.kept(other, self.floor(other).unwrap_or(0));
            }
        }
    }

    /// Those of a tier that have less than they may get.
    fn wanting(&self, places: &[usize], fates: &[Fate]) -> Vec<Wanting> {
        let want = |place: &usize| match fates.get(*place) {
            Some(Fate::Kept(_, has)) if *has < self.goal(*place) => Some(Wanting {
                place: *place,
                has: *has,
                more: self.goal(*place) - has,
                weight: self.nodes.get(*place)?.weight,
            }),
            _ => None,
        };
        places.iter().filter_map(want).collect()
    }

    /// Shares what is left among the sections of a tier that want more.
    fn grow(&self, places: &[usize], fates: &mut [Fate], left: &mut usize) {
        let wanting = self.wanting(places, fates);
        let shares = share(
            &wanting
                .iter()
                .map(|w| (w.more, w.weight))
                .collect::<Vec<_>>(),
            *left,
        );
        for (wanting, more) in wanting.iter().zip(shares) {
            self.offer(wanting.place, wanting.has, more, fates, left);
        }
        // Cuts end at borders and items are whole, so some of it comes back.
        let hungry = wanting.iter().map(|wanting| wanting.place);
        for place in hungry.take(OFFERS) {
            let has = fates.get(place).map_or(0, Fate::tokens);
            if has < self.goal(place) && *left > 0 {
                self.offer(place, has, *left, fates, left);
            }
        }
    }

    fn offer(&self, place: usize, has: usize, more: usize, fates: &mut [Fate], left: &mut usize) {
        let (rendition, tokens) = self.make(place, (has + more).min(self.goal(place)));
        if tokens > has
            && tokens - has <= *left
            && let Some(fate) = fates.get_mut(place)
        {
            *left -= tokens - has;
            *fate = Fate::Kept(rendition, tokens);
        }
    }

    /// The same, but with so much more room for one text that was cut, if it takes it.
    pub(super) fn fill(&self, place: usize, fates: &[Fate], more: usize) -> Option<Vec<Fate>> {
        let Some(Fate::Kept(Rendition::Cut(_), tokens)) = fates.get(place) else {
            return None;
        };
        if self.pins.get(place) != Some(&Pin::Free) {
            return None;
        }
        let (node, size) = self.size(place)?;
        let (rendition, filled) = self.sizer.filled(place, node, size, tokens + more)?;
        if filled <= *tokens {
            return None;
        }
        let mut fates = fates.to_vec();
        *fates.get_mut(place)? = Fate::Kept(rendition, filled);
        Some(fates)
    }

    /// The sum of what is kept, each by itself.
    pub(super) fn estimate(&self, fates: &[Fate]) -> usize {
        let cost = |fate: &Fate| match fate {
            Fate::Kept(_, tokens) => tokens + self.separator,
            _ => 0,
        };
        fates.iter().map(cost).sum()
    }
}

/// Shares room by weight; nobody gets more than wanted, and what one does not want the others
/// get.
fn share(wants: &[(usize, u32)], room: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..wants.len()).collect();
    let get = |n: usize| wants.get(n).copied().unwrap_or((0, 1));
    // Whoever wants least for its weight is satisfied first.
    order.sort_by(|a, b| {
        let ((want_a, weight_a), (want_b, weight_b)) = (get(*a), get(*b));
        let left = want_a as u128 * u128::from(weight_b);
        left.cmp(&(want_b as u128 * u128::from(weight_a)))
            .then(a.cmp(b))
    });
    let mut weights: u128 = wants.iter().map(|(_, weight)| u128::from(*weight)).sum();
    let mut left = room;
    let mut shares = vec![0; wants.len()];
    for n in order {
        let (want, weight) = get(n);
        let fair = (left as u128 * u128::from(weight))
            .checked_div(weights)
            .unwrap_or(0);
        let got = usize::try_from(fair).unwrap_or(left).min(want);
        if let Some(share) = shares.get_mut(n) {
            *share = got;
        }
        left -= got;
        weights -= u128::from(weight);
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_shared_by_weight_and_what_is_not_wanted_goes_on() {
        assert_eq!(share(&[(100, 1), (100, 1)], 100), [50, 50]);
        assert_eq!(share(&[(100, 2), (100, 1)], 90), [60, 30]);
        assert_eq!(share(&[(10, 1), (100, 1), (100, 1)], 110), [10, 50, 50]);
        assert_eq!(share(&[(10, 1), (20, 1)], 100), [10, 20]);
        assert_eq!(share(&[(10, 0), (20, 0)], 100), [0, 0]);
        assert_eq!(share(&[], 100), [0; 0]);
        let shares = share(&[(usize::MAX, u32::MAX), (usize::MAX, 1)], usize::MAX);
        assert!(shares.iter().copied().fold(0_usize, usize::saturating_add) > usize::MAX / 2);
    }
}
