//! What a plan changes against what is there, and the way back.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::Serialize;

use crate::render::Bundle;

/// What happens to one file of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The node.
    pub node: String,
    /// The file on the node.
    pub path: String,
    /// What happens to it.
    pub kind: Kind,
    /// The unified diff.
    pub diff: String,
}

/// What happens to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// It is new.
    Add,
    /// Its content changes.
    Change,
    /// It goes.
    Remove,
}

/// Changes in the order in which they are safe: what is added and changed first, BlueChi's access before the units
/// that use it, and what is removed last, in the reverse order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct Diff {
    /// The changes, in order.
    pub changes: Vec<Change>,
}

impl Diff {
    /// From the bundle that is deployed to the one that shall be. Only files of nodes count.
    #[must_use]
    pub fn between(old: &Bundle, new: &Bundle) -> Self {
        let mut changes: Vec<Change> = paths(old)
            .union(&paths(new))
            .filter_map(|p| change(old, new, p))
            .collect();
        changes.sort_by_cached_key(|c| {
            let removed = c.kind == Kind::Remove;
            let rank = rank(&c.path);
            (
                removed,
                if removed { 3 - rank } else { rank },
                c.node.clone(),
                c.path.clone(),
            )
        });
        Self { changes }
    }

    /// The way back: the changes that undo these, each before the one it rests on.
    #[must_use]
    pub fn rollback(old: &Bundle, new: &Bundle) -> Self {
        Self::between(new, old)
    }

    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The nodes that something changes on.
    #[must_use]
    pub fn nodes(&self) -> BTreeSet<&str> {
        self.changes.iter().map(|c| c.node.as_str()).collect()
    }

    /// The bundle that comes out when the changes are made to `old` with the contents of `new`.
    #[must_use]
    pub fn applied(&self, old: &Bundle, new: &Bundle) -> Bundle {
        let mut files: std::collections::BTreeMap<&str, &str> = old
            .files()
            .filter(|(p, _)| p.starts_with("nodes/"))
            .collect();
        for change in &self.changes {
            let path = format!("nodes/{}{}", change.node, change.path);
            match new.files().find(|(p, _)| *p == path) {
                Some((path, content)) => drop(files.insert(path, content)),
                None => drop(files.remove(path.as_str())),
            }
        }
        Bundle::from_files(files)
    }

    /// All changes as text: a list, and the diffs.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for change in &self.changes {
            let sign = match change.kind {
                Kind::Add => '+',
                Kind::Change => '~',
                Kind::Remove => '-',
            };
            let _ = writeln!(text, "{sign} {} {}", change.node, change.path);
        }
        for change in &self.changes {
            let _ = write!(text, "\n{}", change.diff);
        }
        text
    }
}

fn paths(bundle: &Bundle) -> BTreeSet<&str> {
    bundle
        .files()
        .map(|(p, _)| p)
        .filter(|p| p.starts_with("nodes/"))
        .collect()
}

/// Access first, then scripts and containers, then units and their drop-ins.
fn rank(path: &str) -> u8 {
    if path.contains("/bluechi/controller.conf.d/") {
        0
    } else if path.contains("/bluechi/") {
        1
    } else if path.contains("/lib/gori/") || path.contains("/containers/") {
        2
    } else {
        3
    }
}

fn change(old: &Bundle, new: &Bundle, path: &str) -> Option<Change> {
    let (before, after) = (old.get(path), new.get(path));
    let kind = match (before, after) {
        (Some(a), Some(b)) if a == b => return None,
        (Some(_), Some(_)) => Kind::Change,
        (None, _) => Kind::Add,
        (_, None) => Kind::Remove,
    };
    let (node, inner) = path.strip_prefix("nodes/")?.split_once('/')?;
    let diff = similar::TextDiff::from_lines(before.unwrap_or_default(), after.unwrap_or_default());
    let names = (format!("a/{node}/{inner}"), format!("b/{node}/{inner}"));
    let diff = diff
        .unified_diff()
        .context_radius(3)
        .header(&names.0, &names.1)
        .to_string();
    Some(Change {
        node: node.to_owned(),
        path: format!("/{inner}"),
        kind,
        diff,
    })
}
