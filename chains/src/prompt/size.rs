//! What a section would take, what it can do with less, and what becomes of it in a given room.

use std::cell::RefCell;
use std::collections::HashMap;

use super::framing::Framing;
use super::memo::Memo;
use super::node::{Body, Entry, EntryBody, Node, Rendition};
use super::section::{Placement, Tier};
use super::tally::Tally;
use super::text::Text;
use super::truncate::{Cut, Cutter};

/// Less than this of a cut text helps nobody, where no other minimum is given.
const SHRED: usize = 24;

/// The room a section wants and can live with, in tokens, fence included.
#[derive(Clone, Debug, Default)]
pub(super) struct Size {
    /// All of it, or the text that is preferred.
    pub(super) wanted: usize,
    /// What it may get at most.
    pub(super) goal: usize,
    /// What it needs at least; `None` where it can never be kept.
    pub(super) floor: Option<usize>,
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
    made: RefCell<HashMap<(usize, usize), Kept>>,
}

impl<'a> Sizer<'a> {
    pub(super) fn new(memo: &'a Memo<'a>, framing: Option<Framing>, capacity: usize) -> Self {
        Self {
            memo,
            framing,
            capacity,
            made: RefCell::default(),
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
            floor: None,
            max,
            step,
            parts,
        };
        size.floor = self.floor(node, &size).filter(|floor| *floor <= max);
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

    fn floor(&self, node: &Node, size: &Size) -> Option<usize> {
        match &node.body {
            Body::Text(_) => Some(
                self.least_cut(node, size)
                    .map_or(size.wanted, |kept| kept.1),
            ),
            Body::Fallbacks(_) => size.parts.iter().min().copied(),
            Body::List { .. } => self.least_items(node, size).map(|kept| kept.1),
        }
    }

    /// The shortest cut a text can live with, where it can be cut at all.
    fn least_cut(&self, node: &Node, size: &Size) -> Option<Kept> {
        let (Body::Text(text), Some(how)) = (&node.body, &node.shrink) else {
            return None;
        };
        let cost = |cut: &Cut| self.alone(node, &Rendition::Cut(cut.clone()));
        let cutter = Cutter {
            text,
            how,
            cost: &cost,
            whole: size.wanted,
        };
        let least = self.least(node, size.wanted);
        let shortest = cutter.shortest();
        let (cut, tokens) = if shortest.1 >= least {
            shortest
        } else {
            cutter.at_least(least)?
        };
        (tokens < size.wanted).then_some((Rendition::Cut(cut), tokens))
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
        let floor = size.floor.unwrap_or(size.wanted);
        let room = stepped(size, room).max(floor);
        let key = (place, room);
        if let Some(made) = self.made.borrow().get(&key) {
            return made.clone();
        }
        let made = match &node.body {
            Body::List { .. } => self.items(node, size, room),
            _ => self.cut(node, size, room),
        };
        self.made.borrow_mut().insert(key, made.clone());
        made
    }

    fn variant(&self, size: &Size, room: usize) -> Kept {
        let fits = size.parts.iter().position(|part| *part <= room);
        let shortest = || (0..size.parts.len()).min_by_key(|n| size.parts.get(*n));
        let n = fits.or_else(shortest).unwrap_or(0);
        (
            Rendition::Variant(n),
            size.parts.get(n).copied().unwrap_or(0),
        )
    }

    fn cut(&self, node: &Node, size: &Size, room: usize) -> Kept {
        let whole = || (Rendition::Whole, size.wanted);
        let Some(least) = self.least_cut(node, size) else {
            return whole();
        };
        let (Body::Text(text), Some(how)) = (&node.body, &node.shrink) else {
            return whole();
        };
        let cost = |cut: &Cut| self.alone(node, &Rendition::Cut(cut.clone()));
        let cutter = Cutter {
            text,
            how,
            cost: &cost,
            whole: size.wanted,
        };
        let (cut, tokens) = cutter.at_most(room);
        if tokens <= room && tokens >= least.1 {
            (Rendition::Cut(cut), tokens)
        } else {
            least
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
        let cost = |cut: &Cut| self.entry(node, entry, Some(cut));
        let cutter = Cutter {
            text,
            how,
            cost: &cost,
            whole,
        };
        let (cut, tokens) = (room >= SHRED).then(|| cutter.at_most(room))?;
        (tokens <= room).then_some((cut, tokens))
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

/// The room after what is cut away was rounded up to whole steps.
fn stepped(size: &Size, room: usize) -> usize {
    if size.step == 0 {
        return room;
    }
    let lost = size.wanted.saturating_sub(room).div_ceil(size.step) * size.step;
    size.wanted.saturating_sub(lost)
}
