//! Which unit somebody means.

use crate::inventory::Inventory;
use crate::name::{NodeName, UnitRef};

pub(super) struct Names<'a> {
    inventory: &'a Inventory,
}

pub(super) enum Found {
    One(UnitRef),
    Many(Vec<UnitRef>),
    /// None, and what comes near.
    None(Vec<UnitRef>),
}

/// Lower case, blanks, dashes and underscores alike.
pub(super) fn fold(text: &str) -> String {
    let words: Vec<String> = text
        .split([' ', '-', '_'])
        .filter(|w| !w.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.join(" ")
}

/// Korean particles that follow a name, the longer first.
const PARTICLES: [&str; 17] = [
    "에서는",
    "서비스",
    "에서",
    "으로",
    "까지",
    "부터",
    "을",
    "를",
    "이",
    "가",
    "은",
    "는",
    "의",
    "에",
    "와",
    "과",
    "도",
];

impl<'a> Names<'a> {
    pub(super) fn new(inventory: &'a Inventory) -> Self {
        Self { inventory }
    }

    pub(super) fn nodes(&self) -> impl Iterator<Item = &'a NodeName> + use<'a> {
        self.inventory.nodes.iter().map(|n| &n.name)
    }

    pub(super) fn units_on(&self, node: &NodeName) -> impl Iterator<Item = UnitRef> {
        self.inventory
            .units
            .iter()
            .filter(move |u| u.node == *node)
            .map(crate::inventory::Unit::at)
    }

    /// The node of a name, with or without a Korean particle.
    pub(super) fn node(&self, text: &str) -> Option<NodeName> {
        stripped(text).find_map(|t| {
            self.nodes()
                .find(|n| n.as_str().eq_ignore_ascii_case(&t))
                .cloned()
        })
    }

    pub(super) fn unit(&self, text: &str, node: Option<&str>) -> Found {
        let node_name = node.and_then(|n| self.node(n));
        if node.is_some() && node_name.is_none() {
            return Found::None(self.named(text, None));
        }
        for text in stripped(text) {
            let units = self.named(&text, node_name.as_ref());
            match units.as_slice() {
                [] => {}
                [one] => return Found::One(one.clone()),
                _ => return Found::Many(units),
            }
        }
        let wanted = fold(text);
        let near = self
            .inventory
            .units
            .iter()
            .filter(|u| {
                let stem = fold(u.name.stem());
                stem.contains(&wanted) || wanted.contains(&stem) || strsim(&stem, &wanted) <= 2
            })
            .map(crate::inventory::Unit::at)
            .take(8);
        Found::None(near.collect())
    }

    /// The units of that name, stem or alias; `NODE/UNIT` is taken as it stands.
    fn named(&self, text: &str, node: Option<&NodeName>) -> Vec<UnitRef> {
        let exact = UnitRef::parse(text).ok();
        let wanted = fold(text);
        self.inventory
            .units
            .iter()
            .filter(|u| node.is_none_or(|n| u.node == *n))
            .filter(|u| {
                exact.as_ref() == Some(&u.at())
                    || fold(u.name.as_str()) == wanted
                    || fold(u.name.stem()) == wanted
                    || u.aliases.iter().any(|a| fold(a.as_str()) == wanted)
            })
            .map(crate::inventory::Unit::at)
            .collect()
    }

    /// The shortest name that means the unit and no other.
    pub(super) fn short(&self, at: &UnitRef) -> String {
        let stem = at.unit.stem();
        match self.named(stem, None).as_slice() {
            [one] if one == at => stem.to_owned(),
            _ => at.to_string(),
        }
    }

    /// Whether the text is a unit or its alias.
    pub(super) fn knows(&self, text: &str) -> bool {
        stripped(text).any(|t| !self.named(&t, None).is_empty())
    }
}

/// The text, and the text without up to two particles at its end.
pub(super) fn stripped(text: &str) -> impl Iterator<Item = String> + use<> {
    let mut list = vec![text.trim().to_owned()];
    for depth in 0..2 {
        let last: Vec<String> = list
            .iter()
            .skip(if depth == 0 { 0 } else { 1 })
            .cloned()
            .collect();
        for text in last {
            list.extend(
                PARTICLES
                    .iter()
                    .filter_map(|p| text.strip_suffix(p))
                    .map(|t| t.trim().to_owned())
                    .filter(|t| !t.is_empty()),
            );
        }
    }
    list.into_iter()
}

/// Levenshtein's distance.
fn strsim(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for (j, cb) in b.iter().enumerate() {
            let at = |row: &[usize], k: usize| row.get(k).copied().unwrap_or(usize::MAX - 1);
            let change = at(&row, j) + usize::from(ca != *cb);
            next.push(change.min(at(&row, j + 1) + 1).min(at(&next, j) + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}
