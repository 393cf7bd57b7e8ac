//! What a section would take, what it can do with less, and what becomes of it in a given room.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use super::cutter::Cutter;
use super::edge::Sentences;
use super::framing::Framing;
use super::memo::Memo;
use super::node::{Body, Entry, EntryBody, Node, Rendition};
use super::section::{Placement, Tier};
use super::tally::Tally;
use super::text::Text;
use super::truncate::{Cut, Truncate, Unit};

/// Less than this of a cut text helps nobody, where no other minimum is given.
const SHRED: usize = 24;

/// This part of the budget may be left unused where a text is to fill it.
pub(super) const UNUSED: usize = 100;

/// The room a section wants and can live with, in tokens, fence included.
#[derive(Clone, Debug, Default)]
pub(super) struct Size {
    /// All of it, or the text that is preferred.
    pub(super) wanted: usize,
    /// What it may get at most.
    pub(super) goal: usize,
    /// The least it can be made into; `None` where it can never be kept. Worked out when it is
    /// asked for: where everything fits nobody does.
    least: OnceCell<Option<Kept>>,
    max: usize,
    step: usize,
    /// Each item of a list, or each variant.
    pub(super) parts: Vec<usize>,
}

/// A section as it would be written, and its tokens by itself.
pub(super) type Kept = (Rendition, usize);

/// Works out sizes and renditions for one plan, and remembers them.
pub(super) struct Sizer<'a> {
    memo: &'a Memo<'a>,
    framing: Option<Framing>,
    pub(super) capacity: usize,
    /// What a section was made into, and the most room that this is the answer for.
    made: RefCell<HashMap<usize, (Kept, usize)>>,
    /// What cuts of a section cost.
    costs: RefCell<HashMap<Parts, usize>>,
    /// The sentences of a section's text that were met.
    sentences: RefCell<HashMap<usize, Rc<Sentences>>>,
}

/// A section's place, and what is kept of its text.
type Parts = (usize, Vec<Range<usize>>);

impl<'a> Sizer<'a> {
    pub(super) fn new(memo: &'a Memo<'a>, framing: Option<Framing>, capacity: usize) -> Self {
        Self {
            memo,
            framing,
            capacity,
            made: RefCell::default(),
            costs: RefCell::default(),
            sentences: RefCell::default(),
        }
    }

    pub(super) fn size(&self, node: &Node) -> Size {
        let max = node.max.map_or(usize::MAX, |max| max.of(self.capacity));
        let step = match (node.step, node.placement) {
            (Some(step), _) => step,
            (None, Placement::Prefix) => self.capacity / 16,
            _ => 0,
        };
        let parts: Vec<usize> = match &node.body {
            Body::Text(_) => Vec::new(),
            Body::List { entries, .. } => {
                entries.iter().map(|e| self.entry(node, e, None)).collect()
            }
            Body::Fallbacks(all) => (0..all.len())
                .map(|n| self.alone(node, &Rendition::Variant(n)))
                .collect(),
        };
        let wanted = self.alone(node, &Rendition::Whole);
        let mut size = Size {
            wanted,
            goal: wanted.min(max),
            least: OnceCell::new(),
            max,
            step,
            parts,
        };
        if let Body::Fallbacks(_) = node.body {
            size.goal = size
                .parts
                .iter()
                .copied()
                .find(|part| *part <= max)
                .unwrap_or(0);
        }
        size
    }

    /// The tokens of a section by itself.
    pub(super) fn alone(&self, node: &Node, rendition: &Rendition) -> usize {
        match (&node.body, rendition, &node.fence) {
            (Body::Text(text), Rendition::Whole, None) => self.memo.count(text),
            _ => Tally::alone(self.memo, self.framing, node, rendition),
        }
    }

    fn entry(&self, node: &Node, entry: &Entry, cut: Option<&Cut>) -> usize {
        let mut tally = Tally::new(self.memo, self.framing);
        node.emit_entry(entry, cut, &mut tally);
        tally.finish().0.all()
    }

    fn least(&self, node: &Node, wanted: usize) -> usize {
        let unless_said = if node.tier == Tier::Required {
            0
        } else {
            SHRED
        };
        let min = node.min.map_or(unless_said, |min| min.of(self.capacity));
        min.min(wanted)
    }

    /// What a section needs at least; `None` where it can never be kept.
    pub(super) fn floor(&self, place: usize, node: &Node, size: &Size) -> Option<usize> {
        Some(self.smallest(place, node, size)?.1)
    }

    /// Whether a section can be kept at all.
    pub(super) fn can_be_kept(&self, place: usize, node: &Node, size: &Size) -> bool {
        matches!(node.body, Body::Text(_)) && size.wanted <= size.max
            || self.floor(place, node, size).is_some()
    }

    fn smallest<'s>(&self, place: usize, node: &Node, size: &'s Size) -> Option<&'s Kept> {
        let least = || {
            let least = match &node.body {
                Body::Text(_) => self
                    .least_cut(place, node, size)
                    .or(Some((Rendition::Whole, size.wanted))),
                Body::Fallbacks(_) => Some(shortest_variant(size)),
                Body::List { .. } => self.least_items(node, size),
            };
            least.filter(|(_, tokens)| *tokens <= size.max)
        };
        size.least.get_or_init(least).as_ref()
    }

    /// The shortest cut a text can live with, where it can be cut at all.
    fn least_cut(&self, place: usize, node: &Node, size: &Size) -> Option<Kept> {
        let least = self.least(node, size.wanted);
        let (cut, tokens) = self.with_cutter(place, node, size, None, |cutter| {
            let shortest = (least <= cutter.around + 2).then(|| cutter.shortest());
            let enough = shortest.filter(|(_, tokens)| *tokens >= least);
            enough.or_else(|| cutter.at_least(least))
        })??;
        (tokens < size.wanted).then_some((Rendition::Cut(cut), tokens))
    }

    /// Something done with the cuts of a text, where it may be cut, at its unit or another.
    fn with_cutter<T>(
        &self,
        place: usize,
        node: &Node,
        size: &Size,
        unit: Option<Unit>,
        run: impl FnOnce(&Cutter<'_>) -> T,
    ) -> Option<T> {
        let (Body::Text(text), Some(how)) = (&node.body, &node.shrink) else {
            return None;
        };
        let unit = unit.unwrap_or(how.unit);
        let cost = |cut: &Cut| {
            let key = (place, cut.kept.clone());
            if let Some(known) = self.costs.borrow().get(&key) {
                return *known;
            }
            let tokens = self.alone(node, &Rendition::Cut(cut.clone()));
            self.costs.borrow_mut().insert(key, tokens);
            tokens
        };
        let sentences = Rc::clone(self.sentences.borrow_mut().entry(place).or_default());
        Some(run(&Cutter {
            sentences,
            ..self.cutter(text, how, unit, size.wanted, &cost)
        }))
    }

    fn cutter<'c>(
        &self,
        text: &'c Text,
        how: &'c Truncate,
        unit: Unit,
        whole: usize,
        cost: &'c dyn Fn(&Cut) -> usize,
    ) -> Cutter<'c> {
        let measured = self.memo.measure(text);
        let marks = how.marks_of_a_cut().map(|mark| self.memo.count(mark));
        let fence = whole.saturating_sub(measured.tokens().unwrap_or(whole));
        Cutter {
            text,
            how,
            unit,
            measured,
            sentences: Rc::default(),
            whole,
            around: fence + marks.sum::<usize>(),
            cost,
        }
    }

    /// What becomes of a section that has so much room; the room is never below its floor.
    pub(super) fn make(&self, place: usize, node: &Node, size: &Size, room: usize) -> Kept {
        let room = room.min(size.max);
        if let Body::Fallbacks(_) = node.body {
            return self.variant(size, room);
        }
        if size.wanted <= room {
            return (Rendition::Whole, size.wanted);
        }
        let floor = self.floor(place, node, size).unwrap_or(size.wanted);
        let room = stepped(size, room).max(floor);
        // Whoever is let in gets this first, in every round.
        if let (Body::Text(_), true) = (&node.body, room == floor)
            && let Some(least) = self.smallest(place, node, size)
        {
            return least.clone();
        }
        let known = self.made.borrow().get(&place).cloned();
        if let Some((made, _)) = known.filter(|(made, most)| (made.1..=*most).contains(&room)) {
            return made;
        }
        let made = match &node.body {
            Body::List { .. } => self.items(place, node, size, room),
            _ => self.cut(place, node, size, room),
        };
        self.made.borrow_mut().insert(place, (made.clone(), room));
        made
    }

    fn variant(&self, size: &Size, room: usize) -> Kept {
        let fits = |(n, tokens): (usize, &usize)| {
            (*tokens <= room).then_some((Rendition::Variant(n), *tokens))
        };
        let first = size.parts.iter().enumerate().find_map(fits);
        first.unwrap_or_else(|| shortest_variant(size))
    }

    fn cut(&self, place: usize, node: &Node, size: &Size, room: usize) -> Kept {
        let Some(least) = self.smallest(place, node, size) else {
            return (Rendition::Whole, size.wanted);
        };
        let longest = self.with_cutter(place, node, size, None, |cutter| cutter.at_most(room));
        match longest {
            Some((cut, tokens)) if tokens <= room && tokens >= least.1 => {
                (Rendition::Cut(cut), tokens)
            }
            _ => least.clone(),
        }
    }

    /// The longest cut of an item that fits into so much room, where it leaves more than a shred.
    pub(super) fn cut_item(
        &self,
        node: &Node,
        entry: &Entry,
        whole: usize,
        room: usize,
    ) -> Option<(Cut, usize)> {
        let (Some(how), EntryBody::Text(text)) = (&node.shrink, &entry.body) else {
            return None;
        };
        if room < SHRED {
            return None;
        }
        let cost = |cut: &Cut| self.entry(node, entry, Some(cut));
        let cuts = how
            .units()
            .map(|unit| self.cutter(text, how, unit, whole, &cost).at_most(room));
        self.fullest(room, cuts)
    }

    /// A text that is cut as [`Truncate::fill`] has it, in so much room.
    pub(super) fn filled(
        &self,
        place: usize,
        node: &Node,
        size: &Size,
        room: usize,
    ) -> Option<Kept> {
        let how = node
            .shrink
            .as_ref()
            .filter(|how| how.fill && size.step == 0)?;
        let room = room.min(size.max);
        let cuts = how.units().filter_map(|unit| {
            self.with_cutter(place, node, size, Some(unit), |cutter| cutter.at_most(room))
        });
        let (cut, tokens) = self.fullest(room, cuts)?;
        Some((Rendition::Cut(cut), tokens))
    }

    /// The first cut that leaves next to nothing of the room unused, or the fullest.
    fn fullest(
        &self,
        room: usize,
        cuts: impl Iterator<Item = (Cut, usize)>,
    ) -> Option<(Cut, usize)> {
        let mut best: Option<(Cut, usize)> = None;
        for (cut, tokens) in cuts.filter(|(_, tokens)| *tokens <= room) {
            if best.as_ref().is_none_or(|(_, most)| tokens > *most) {
                best = Some((cut, tokens));
            }
            if tokens + self.capacity / UNUSED >= room {
                break;
            }
        }
        best
    }

    pub(super) fn tokens(&self, text: &Text) -> usize {
        self.memo.count(text)
    }

    pub(super) fn separator(&self, node: &Node) -> usize {
        match &node.body {
            Body::List { separator, .. } if node.is_text() => self.memo.count(separator),
            _ => 0,
        }
    }
}

fn shortest_variant(size: &Size) -> Kept {
    let least = size
        .parts
        .iter()
        .enumerate()
        .min_by_key(|(_, tokens)| **tokens);
    let (n, tokens) = least.unwrap_or((0, &0));
    (Rendition::Variant(n), *tokens)
}

/// The room after what is cut away was rounded up to whole steps.
fn stepped(size: &Size, room: usize) -> usize {
    if size.step == 0 {
        return room;
    }
    let lost = size.wanted.saturating_sub(room).div_ceil(size.step) * size.step;
    size.wanted.saturating_sub(lost)
}
