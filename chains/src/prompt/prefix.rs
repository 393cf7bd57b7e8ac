//! The stable prefix of a prompt, to be kept on the next turn.

use std::sync::Arc;

use super::decide::{Fate, Pin};
use super::node::{Node, Rendition};
use super::section::Placement;
use super::size::Kept;

/// What the stable prefix of a plan was made of. Give it to
/// [`Draft::plan_after`](super::Draft::plan_after) on the next turn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prefix {
    sections: Vec<Held>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Held {
    id: Arc<str>,
    made_of: u64,
    kept: Option<Kept>,
}

impl Prefix {
    pub(super) fn of(nodes: &[Node], fates: &[Fate]) -> Self {
        let prefix = |(node, _): &(&Node, &Fate)| node.placement == Placement::Prefix;
        let held = |(node, fate): (&Node, &Fate)| Held {
            id: Arc::clone(&node.id),
            made_of: node.fingerprint(),
            kept: match fate {
                Fate::Kept(rendition, tokens) => Some((rendition.clone(), *tokens)),
                _ => None,
            },
        };
        Self {
            sections: nodes.iter().zip(fates).filter(prefix).map(held).collect(),
        }
    }

    /// Whether nothing of it was cut or left out, so that it cannot grow.
    pub(super) fn is_whole(&self) -> bool {
        let whole = |held: &Held| matches!(&held.kept, Some((Rendition::Whole, _)));
        self.sections.iter().all(whole)
    }

    /// How each section is settled, where the prefix still has the same sections.
    pub(super) fn pins(&self, nodes: &[Node]) -> Option<Vec<Pin>> {
        let mut before = self.sections.iter();
        let mut pins = Vec::with_capacity(nodes.len());
        for node in nodes {
            if node.placement != Placement::Prefix {
                pins.push(Pin::Free);
                continue;
            }
            let held = before.next()?;
            if held.id != node.id || held.made_of != node.fingerprint() {
                return None;
            }
            pins.push(held.kept.clone().map_or(Pin::Out, Pin::In));
        }
        before.next().is_none().then_some(pins)
    }
}
