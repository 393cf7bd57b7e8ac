//! Planning: who gets how much, until the text that would be written fits exactly.

use gori_core::{Fidelity, TokenCounter, Tool};

use super::budget::Budget;
use super::builder::Form;
use super::decide::{Fate, Pin, Table};
use super::framing::Framing;
use super::memo::Memo;
use super::node::{Node, at_both_ends};
use super::overflow::{Needed, Overflow};
use super::plan::{PromptPlan, Writer};
use super::prefix::Prefix;
use super::report::Account;
use super::section::{Placement, Tier};
use super::size::{Size, Sizer, UNUSED};
use super::tally::{Page, Sum, Tally};
use super::text::Text;

/// How often the room is corrected by what the joined text really costs.
const ROUNDS: usize = 14;

/// Room that is not worth another round: this part of the budget.
const SPARE: usize = 500;

/// A prompt whose sections were checked, ready to be planned as often as you like. Made by
/// [`PromptBuilder::build`](super::PromptBuilder::build).
#[derive(Clone, Debug)]
pub struct Draft {
    form: Form,
    separator: Text,
    nodes: Vec<Node>,
    tools: Vec<Tool>,
    order: Vec<usize>,
}

/// What one plan is made with.
struct Desk<'a> {
    draft: &'a Draft,
    memo: &'a Memo<'a>,
    table: Table<'a>,
    /// Tokens as counted, before the margin of a counter that estimates.
    capacity: usize,
}

impl Draft {
    pub(super) fn new(form: Form, separator: Text, nodes: Vec<Node>, tools: Vec<Tool>) -> Self {
        let mut order: Vec<usize> = (0..nodes.len()).collect();
        order.sort_by_key(|place| {
            let node = nodes.get(*place);
            node.map(|node| (node.tier, std::cmp::Reverse(node.weight)))
        });
        Self {
            form,
            separator,
            nodes,
            tools,
            order,
        }
    }

    /// The prompt that fits the budget. Pure: the same sections, budget and counter give the
    /// same plan, byte for byte.
    ///
    /// # Errors
    /// [`Overflow`] where what is required does not fit.
    pub fn plan(
        &self,
        budget: &Budget,
        counter: impl TokenCounter,
    ) -> Result<PromptPlan, Overflow> {
        self.plan_with(budget, &Memo::new(counter))
    }

    /// [`plan`](Self::plan) with a counter that remembers what it counted before.
    ///
    /// # Errors
    /// As [`plan`](Self::plan).
    pub fn plan_with(&self, budget: &Budget, memo: &Memo<'_>) -> Result<PromptPlan, Overflow> {
        let free = vec![Pin::Free; self.nodes.len()];
        self.plan_pinned(budget, memo, &free)
    }

    /// The prompt of the next turn, whose stable prefix is the one before, byte for byte, as long
    /// as its sections did not change, everything required fits beside it, and less than two
    /// steps of room lie unused. So a provider's cache finds it again, and a prefix that had
    /// to be cut is not cut elsewhere on every turn.
    ///
    /// # Errors
    /// As [`plan`](Self::plan).
    pub fn plan_after(
        &self,
        before: &Prefix,
        budget: &Budget,
        memo: &Memo<'_>,
    ) -> Result<PromptPlan, Overflow> {
        let Some(pins) = before.pins(&self.nodes) else {
            return self.plan_with(budget, memo);
        };
        match self.plan_pinned(budget, memo, &pins) {
            Ok(plan) if plan.slack() < budget.input() / 8 || before.is_whole() => Ok(plan),
            _ => self.plan_with(budget, memo),
        }
    }

    fn plan_pinned(
        &self,
        budget: &Budget,
        memo: &Memo<'_>,
        pins: &[Pin],
    ) -> Result<PromptPlan, Overflow> {
        let margin = match memo.fidelity() {
            Fidelity::Exact => 0.0,
            Fidelity::Estimated { margin } => margin,
        };
        let capacity = without_margin(budget.input(), margin);
        let sizer = Sizer::new(memo, self.framing(), capacity);
        let sizes: Vec<Size> = self.nodes.iter().map(|node| sizer.size(node)).collect();
        let table = Table {
            nodes: &self.nodes,
            sizes: &sizes,
            order: &self.order,
            separator: memo.count(&self.separator),
            sizer: &sizer,
            pins,
        };
        let desk = Desk {
            draft: self,
            memo,
            table,
            capacity,
        };
        let fates = desk
            .settle()
            .map_err(|over| over.of_budget(budget.input(), margin))?;
        Ok(desk.write(&fates, budget, margin))
    }

    #[cfg(test)]
    pub(super) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    #[cfg(test)]
    pub(super) fn order(&self) -> &[usize] {
        &self.order
    }

    fn framing(&self) -> Option<Framing> {
        match self.form {
            Form::Text => None,
            Form::Chat(framing) => Some(framing),
        }
    }

    /// The kept sections in the order in which they stand, and how many are of the prefix.
    fn layout(&self, fates: &[Fate]) -> (Vec<usize>, usize) {
        let kept = |place: &usize| matches!(fates.get(*place), Some(Fate::Kept(..)));
        let placed = |wanted: Placement| {
            let here = move |place: &usize| {
                self.nodes
                    .get(*place)
                    .is_some_and(|n| n.placement == wanted)
            };
            (0..self.nodes.len()).filter(kept).filter(here)
        };
        let mut places: Vec<usize> = placed(Placement::Prefix).collect();
        let prefix = places.len();
        let important = |place: &&usize| {
            let node = self.nodes.get(**place)?;
            (node.placement == Placement::Edges && kept(place)).then_some(())
        };
        let edges: Vec<usize> = self
            .order
            .iter()
            .filter(|place| important(place).is_some())
            .copied()
            .collect();
        let mut edges = at_both_ends(&edges);
        let back = edges.split_off(edges.len().div_ceil(2));
        places.extend(edges);
        places.extend(placed(Placement::Body));
        places.extend(back);
        places.extend(placed(Placement::Tail));
        (places, prefix)
    }

    /// Walks over what is kept; counting and writing both walk here.
    pub(super) fn walk(&self, fates: &[Fate], page: &mut impl Page) {
        let (places, prefix) = self.layout(fates);
        let all = places.len();
        for (n, place) in places.into_iter().enumerate() {
            if n == prefix {
                page.prefix_ends();
            }
            let (Some(node), Some(Fate::Kept(rendition, _))) =
                (self.nodes.get(place), fates.get(place))
            else {
                continue;
            };
            if node.is_text() {
                page.section(node.speaker, &self.separator);
            }
            node.emit(rendition, page);
        }
        if prefix == all {
            page.prefix_ends();
        }
    }
}

impl Desk<'_> {
    fn count(&self, fates: &[Fate]) -> (Sum, usize) {
        let framing = self.draft.framing();
        let mut tally = Tally::new(self.memo, framing);
        self.draft.walk(fates, &mut tally);
        let (mut sum, prefix) = tally.finish();
        if let Some(framing) = framing {
            sum.around += framing.answer + framing.tools(&self.draft.tools, self.memo);
        }
        (sum, prefix)
    }

    /// Decides by sums and corrects the room by exact counts, until it fits and next to nothing
    /// is left that could be used. What is returned was counted as it will be written.
    fn settle(&self) -> Result<Vec<Fate>, Overflow> {
        let all = self.table.all();
        let missing = |fate: &Fate| matches!(fate, Fate::TooLarge(_) | Fate::HeldOut(_));
        let total = self.count(&all).0.all();
        if total <= self.capacity && !all.iter().any(missing) {
            return Ok(all);
        }
        let least = self.table.least();
        let floor = self.count(&least).0.all();
        let unmet = |place: &usize| {
            let required = self
                .draft
                .nodes
                .get(*place)
                .is_some_and(|n| n.tier == Tier::Required);
            required && !matches!(least.get(*place), Some(Fate::Kept(..) | Fate::Empty))
        };
        if floor > self.capacity || (0..least.len()).any(|place| unmet(&place)) {
            return Err(self.overflow(&least, floor));
        }
        // What joins save or cost is about the same for texts cut short as for the cuts to come,
        // so the room is right before the first of those is made.
        let admitted = self.table.admitted(self.capacity);
        let sum = self.capacity + self.table.estimate(&admitted);
        let room = sum.saturating_sub(self.count(&admitted).0.all());
        let floor = self.table.estimate(&least);
        Ok(self.top_up(self.fill(least, room.max(floor), floor)))
    }

    /// Gives what is still left to texts that would rather be cut at a word than leave it.
    fn top_up(&self, mut fates: Vec<Fate>) -> Vec<Fate> {
        let fills = |place: &&usize| {
            let node = self.draft.nodes.get(**place);
            node.and_then(|node| node.shrink.as_ref())
                .is_some_and(|how| how.fill)
        };
        for place in self.draft.order.iter().filter(fills) {
            let mut spare = self.capacity - self.count(&fates).0.all();
            for _ in 0..4 {
                if spare <= self.capacity / UNUSED {
                    return fates;
                }
                let Some(more) = self.table.fill(*place, &fates, spare) else {
                    break;
                };
                let total = self.count(&more).0.all();
                if total <= self.capacity {
                    fates = more;
                    break;
                }
                spare = spare.saturating_sub(total - self.capacity);
            }
        }
        fates
    }

    fn fill(&self, least: Vec<Fate>, room: usize, floor: usize) -> Vec<Fate> {
        let (mut room, mut best, mut best_room) = (room, least, 0);
        let mut too_much: Option<usize> = None;
        for round in 0..ROUNDS {
            let fates = self.table.decide(room);
            let total = self.count(&fates).0.all();
            if total <= self.capacity {
                let spare = self.capacity - total;
                let same = fates == best;
                (best, best_room) = (fates, room);
                if spare <= self.capacity / SPARE || same && round > 0 {
                    break;
                }
                room = match too_much {
                    Some(above) => room + (above - room) / 2,
                    None => room + spare,
                };
            } else {
                too_much = Some(room);
                let excess = (total - self.capacity) << round.min(10);
                let lower = if best_room > 0 {
                    best_room + (room - best_room) / 2
                } else {
                    room.saturating_sub(excess)
                };
                room = lower.max(floor);
            }
            if room == best_room || too_much.is_some_and(|above| room >= above) {
                break;
            }
        }
        best
    }

    fn overflow(&self, least: &[Fate], floor: usize) -> Overflow {
        let mut sections: Vec<Needed> = Vec::new();
        let mut needed = floor;
        for (place, fate) in least.iter().enumerate() {
            let required = self
                .draft
                .nodes
                .get(place)
                .is_some_and(|n| n.tier == Tier::Required);
            let which = match fate {
                Fate::Kept(..) => place,
                Fate::TooLarge(which) | Fate::HeldOut(which) if required => *which,
                _ => continue,
            };
            let (Some(node), Some(size)) =
                (self.draft.nodes.get(which), self.table.sizes.get(which))
            else {
                continue;
            };
            if sections.iter().any(|section| section.id == *node.id) {
                continue;
            }
            let kept = matches!(fate, Fate::Kept(..));
            if !kept {
                needed += size.wanted;
            }
            sections.push(Needed {
                id: node.id.to_string(),
                tokens: if kept { fate.tokens() } else { size.wanted },
                max: node.max.filter(|_| !kept).map(|max| max.of(self.capacity)),
            });
        }
        Overflow {
            sections,
            needed,
            budget: self.capacity,
            short_by: needed.saturating_sub(self.capacity),
        }
    }

    fn write(&self, fates: &[Fate], budget: &Budget, margin: f32) -> PromptPlan {
        let (sum, prefix_tokens) = self.count(fates);
        let mut writer = Writer::new(self.draft.framing().is_some());
        self.draft.walk(fates, &mut writer);
        let account = Account {
            nodes: &self.draft.nodes,
            order: &self.draft.order,
            sizes: self.table.sizes,
            sizer: self.table.sizer,
            separator: self.table.separator,
            fates,
            sum,
            budget: budget.input(),
            total: with_margin(sum.all(), margin),
            margin,
            prefix_tokens,
            exact: self.memo.fidelity() == Fidelity::Exact && self.draft.framing().is_none(),
        };
        let prefix = Prefix::of(&self.draft.nodes, fates);
        writer.finish(account, prefix, budget.reserve(), &self.draft.tools)
    }
}

/// The count of a counter that estimates, with its margin on top.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "token counts need no more than the 53 bits of an f64, and the margin is not negative"
)]
pub(super) fn with_margin(tokens: usize, margin: f32) -> usize {
    (tokens as f64 * (1.0 + f64::from(margin.max(0.0)))).ceil() as usize
}

/// The most tokens whose count with margin stays within a budget.
fn without_margin(budget: usize, margin: f32) -> usize {
    let mut guess = budget;
    while with_margin(guess, margin) > budget {
        let over = with_margin(guess, margin) - budget;
        guess -= (over / 2).clamp(1, guess);
    }
    guess
}
