//! Counting what a prompt would be, by the same walk that writes it.

use std::ops::Range;

use gori_core::Speaker;

use super::framing::Framing;
use super::memo::{Joined, Memo};
use super::node::{Node, Rendition, Said, Sink};
use super::text::Text;

/// Where sections come one after the other: a text, or messages.
pub(super) trait Page: Sink {
    /// A section that is said by this speaker follows: in the same text or message as the one
    /// before, or in one of its own.
    fn section(&mut self, speaker: Speaker, separator: &Text);
    /// What came so far is the stable prefix.
    fn prefix_ends(&mut self);
}

/// Tokens of texts, counted, and of what is around them, estimated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) text: usize,
    pub(super) around: usize,
    pub(super) messages: usize,
}

impl Sum {
    pub(super) fn all(self) -> usize {
        self.text + self.around
    }
}

/// A page that only counts.
#[derive(Debug)]
pub(super) struct Tally<'m> {
    memo: &'m Memo<'m>,
    framing: Option<Framing>,
    sum: Sum,
    open: Joined<'m>,
    /// Who speaks in the open message; `None` where nothing can be added to it.
    speaker: Option<Speaker>,
    prefix: usize,
}

impl<'m> Tally<'m> {
    pub(super) fn new(memo: &'m Memo<'m>, framing: Option<Framing>) -> Self {
        Self {
            memo,
            framing,
            sum: Sum::default(),
            open: Joined::new(memo),
            speaker: None,
            prefix: 0,
        }
    }

    /// The tokens of a section by itself.
    pub(super) fn alone(
        memo: &'m Memo<'m>,
        framing: Option<Framing>,
        node: &Node,
        rendition: &Rendition,
    ) -> usize {
        let mut tally = Self::new(memo, framing);
        node.emit(rendition, &mut tally);
        tally.finish().0.all()
    }

    fn close(&mut self) {
        let open = std::mem::replace(&mut self.open, Joined::new(self.memo));
        self.sum.text += open.finish();
    }

    /// What it came to, and how much of it was the stable prefix.
    pub(super) fn finish(mut self) -> (Sum, usize) {
        self.close();
        (self.sum, self.prefix)
    }
}

impl Sink for Tally<'_> {
    fn text(&mut self, text: &Text, range: Range<usize>) {
        self.open.push(text, &range);
    }

    fn message(&mut self, said: &Said) {
        self.close();
        self.speaker = None;
        let texts = said.texts.iter().map(|text| self.memo.count(text));
        self.sum.text += texts.sum::<usize>();
        self.sum.messages += 1;
        if let Some(framing) = self.framing {
            self.sum.around +=
                framing.message + said.calls * framing.tool_call + said.images * framing.image;
        }
    }
}

impl Page for Tally<'_> {
    fn section(&mut self, speaker: Speaker, separator: &Text) {
        if self.speaker == Some(speaker) || (self.framing.is_none() && self.speaker.is_some()) {
            self.whole(separator);
        } else {
            self.close();
            self.sum.messages += 1;
            self.sum.around += self.framing.map_or(0, |framing| framing.message);
        }
        self.speaker = Some(speaker);
    }

    fn prefix_ends(&mut self) {
        // The open message goes on behind the prefix, so this is near the truth and no more.
        self.prefix = self.sum.all() + self.open.so_far();
    }
}
