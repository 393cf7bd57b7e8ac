//! Sections made ready for planning: checked, fenced, with their relations resolved.

use std::sync::Arc;

use gori_core::{Content, Message, Speaker};

use super::fence::Fence;
use super::section::{Arrange, Pick, Placement, Size, Tier};
use super::text::Text;
use super::truncate::{Cut, Truncate};

/// A section that was checked.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) id: Arc<str>,
    pub(super) speaker: Speaker,
    pub(super) tier: Tier,
    pub(super) weight: u32,
    pub(super) min: Option<Size>,
    pub(super) max: Option<Size>,
    pub(super) shrink: Option<Truncate>,
    pub(super) placement: Placement,
    pub(super) step: Option<usize>,
    pub(super) fence: Option<Fence>,
    pub(super) body: Body,
    /// What is kept with it, itself included, in order: its group, what it requires, and what
    /// those bring along.
    pub(super) along: Vec<usize>,
}

#[derive(Clone, Debug)]
pub(super) enum Body {
    Text(Text),
    List {
        entries: Vec<Entry>,
        pick: Pick,
        arrange: Arrange,
        separator: Text,
        min_items: usize,
    },
    Fallbacks(Vec<Text>),
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) fence: Option<Fence>,
    pub(super) body: EntryBody,
}

#[derive(Clone, Debug)]
pub(super) enum EntryBody {
    Text(Text),
    Messages(Vec<Said>),
}

/// A message with its texts ready to be counted.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) message: Message,
    pub(super) texts: Vec<Text>,
    pub(super) calls: usize,
    pub(super) images: usize,
}

impl Said {
    pub(super) fn new(message: Message) -> Self {
        let (mut texts, mut calls, mut images) = (Vec::new(), 0, 0);
        for part in &message.parts {
            match part {
                Content::Text { text } | Content::ToolResult { text, .. } => {
                    texts.push(Text::from(text.as_str()));
                }
                Content::ToolCall(call) => {
                    texts.push(Text::from(call.name.as_str()));
                    texts.push(Text::from(call.arguments.as_str()));
                    calls += 1;
                }
                // A picture, or a part that this version does not know and cannot measure.
                _ => images += 1,
            }
        }
        Self {
            message,
            texts,
            calls,
            images,
        }
    }
}

/// What became of a section that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rendition {
    /// All of it.
    Whole,
    /// A text that was cut.
    Cut(Cut),
    /// Some items, in the order given, one of which may be cut.
    Items {
        kept: Vec<usize>,
        cut: Option<(usize, Cut)>,
    },
    /// One of the shorter texts.
    Variant(usize),
}

/// What a prompt is written or counted with, so that both see the same.
pub(super) trait Sink {
    /// A piece of a text.
    fn text(&mut self, text: &Text, range: std::ops::Range<usize>);
    /// A message of its own.
    fn message(&mut self, said: &Said);

    /// A text as it is.
    fn whole(&mut self, text: &Text) {
        self.text(text, 0..text.len());
    }
}

impl Node {
    pub(super) fn is_empty(&self) -> bool {
        let blank = |entry: &Entry| match &entry.body {
            EntryBody::Text(text) => text.is_empty(),
            EntryBody::Messages(messages) => messages.is_empty(),
        };
        match &self.body {
            Body::Text(text) => text.is_empty(),
            Body::List { entries, .. } => entries.iter().all(blank),
            Body::Fallbacks(variants) => variants.iter().all(Text::is_empty),
        }
    }

    /// Whether it has text of its own to be joined with the neighbours of the same speaker.
    pub(super) fn is_text(&self) -> bool {
        match &self.body {
            Body::List { entries, .. } => {
                let text = |entry: &Entry| matches!(entry.body, EntryBody::Text(_));
                entries.iter().all(text)
            }
            Body::Text(_) | Body::Fallbacks(_) => true,
        }
    }

    /// A number that changes when what it is made of changes.
    pub(super) fn fingerprint(&self) -> u64 {
        let mix =
            |seed: u64, key: u64| seed.rotate_left(5) ^ key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let texts: Vec<u64> = match &self.body {
            Body::Text(text) => vec![text.key()],
            Body::Fallbacks(variants) => variants.iter().map(Text::key).collect(),
            Body::List { entries, .. } => entries
                .iter()
                .flat_map(|entry| match &entry.body {
                    EntryBody::Text(text) => vec![text.key()],
                    EntryBody::Messages(messages) => {
                        let texts = messages.iter().flat_map(|said| &said.texts);
                        texts.map(Text::key).collect()
                    }
                })
                .collect(),
        };
        texts.into_iter().fold(0, mix)
    }

    /// Writes what is kept of it.
    pub(super) fn emit(&self, rendition: &Rendition, sink: &mut impl Sink) {
        if let Some(fence) = &self.fence {
            sink.whole(&fence.open);
        }
        match (&self.body, rendition) {
            (Body::Text(text), Rendition::Cut(cut)) => self.emit_cut(text, cut, sink),
            (Body::Text(text), _) => sink.whole(text),
            (Body::Fallbacks(variants), rendition) => {
                let n = match rendition {
                    Rendition::Variant(n) => *n,
                    _ => 0,
                };
                if let Some(text) = variants.get(n) {
                    sink.whole(text);
                }
            }
            (Body::List { .. }, Rendition::Items { kept, cut }) => {
                self.emit_items(kept, cut.as_ref(), sink);
            }
            (Body::List { entries, .. }, _) => {
                let all: Vec<usize> = (0..entries.len()).collect();
                self.emit_items(&all, None, sink);
            }
        }
        if let Some(fence) = &self.fence {
            sink.whole(&fence.close);
        }
    }

    fn emit_items(&self, kept: &[usize], cut: Option<&(usize, Cut)>, sink: &mut impl Sink) {
        let Body::List {
            entries,
            arrange,
            separator,
            ..
        } = &self.body
        else {
            return;
        };
        let mut after_text = false;
        for n in arranged(kept, *arrange) {
            let Some(entry) = entries.get(n) else {
                continue;
            };
            if after_text && matches!(entry.body, EntryBody::Text(_)) {
                sink.whole(separator);
            }
            after_text = matches!(entry.body, EntryBody::Text(_));
            let cut = cut.filter(|(which, _)| *which == n).map(|(_, cut)| cut);
            self.emit_entry(entry, cut, sink);
        }
    }

    pub(super) fn emit_entry(&self, entry: &Entry, cut: Option<&Cut>, sink: &mut impl Sink) {
        match &entry.body {
            EntryBody::Messages(messages) => messages.iter().for_each(|said| sink.message(said)),
            EntryBody::Text(text) => {
                if let Some(fence) = &entry.fence {
                    sink.whole(&fence.open);
                }
                match cut {
                    Some(cut) => self.emit_cut(text, cut, sink),
                    None => sink.whole(text),
                }
                if let Some(fence) = &entry.fence {
                    sink.whole(&fence.close);
                }
            }
        }
    }

    fn emit_cut(&self, text: &Text, cut: &Cut, sink: &mut impl Sink) {
        let Some(how) = &self.shrink else {
            return sink.whole(text);
        };
        let mut last_end = None;
        for range in &cut.kept {
            match last_end {
                None if range.start > 0 => sink.whole(&how.marks.lead),
                Some(end) if end < range.start => sink.whole(&how.marks.between),
                _ => {}
            }
            sink.text(text, range.clone());
            last_end = Some(range.end);
        }
        if last_end.is_some_and(|end| end < text.len()) {
            sink.whole(&how.marks.trail);
        }
    }
}

/// The kept items in the order in which they stand.
fn arranged(kept: &[usize], arrange: Arrange) -> Vec<usize> {
    match arrange {
        Arrange::AsGiven => kept.to_vec(),
        Arrange::Reversed => kept.iter().rev().copied().collect(),
        Arrange::Edges => at_both_ends(kept),
    }
}

/// The first of them at the beginning, the second at the end, the third second, and so on.
pub(super) fn at_both_ends<T: Copy>(best_first: &[T]) -> Vec<T> {
    let front = best_first.iter().step_by(2);
    let back = best_first.iter().skip(1).step_by(2).rev();
    front.chain(back).copied().collect()
}
