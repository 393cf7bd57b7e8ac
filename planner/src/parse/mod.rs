//! Reading a bundle back, so that what is deployed can be compared with what was meant.
//!
//! The reader knows the files and directives that [`render`](crate::render::render) writes and refuses everything
//! else: an unknown file, section, directive or command is an error, not something to skip. So a bundle that parses
//! holds nothing that is not in its plan.

mod container;
mod files;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use crate::check::Checked;
use crate::inventory::Container;
use crate::name::{PlanName, Text, UnitRef};
use crate::plan::{EdgeKind, Event, Plan};
use crate::quantity::Span;
use crate::render::{Bundle, Layout};

/// What a bundle makes the nodes do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployed {
    /// The plan's name.
    pub name: PlanName,
    /// The units that the plan starts by itself.
    pub start: BTreeSet<UnitRef>,
    /// All units that take part.
    pub members: BTreeSet<UnitRef>,
    /// Every edge, by its ends.
    pub edges: BTreeMap<(UnitRef, UnitRef), DeployedEdge>,
    /// What has to happen on failures.
    pub reactions: BTreeSet<DeployedReaction>,
    /// How often the reconciler looks.
    pub reconcile: Option<Span>,
    /// Which nodes each node may depend on.
    pub access: BTreeMap<String, BTreeSet<String>>,
    /// The containers that the bundle brings.
    pub containers: BTreeMap<UnitRef, Container>,
}

/// An edge as it is on the node of its unit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeployedEdge {
    /// How strong the need is.
    pub kind: EdgeKind,
    /// How long the wait may be.
    pub deadline: Option<Span>,
    /// Whether the fence stops the unit when the node of what it needs is lost.
    pub fenced: bool,
    /// Why.
    pub reason: Option<Text>,
}

/// A reaction as it is written down on the node of the unit that stops.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeployedReaction {
    /// The unit that is watched.
    pub when: UnitRef,
    /// What happens to it.
    pub event: Event,
    /// The unit that stops.
    pub stop: UnitRef,
    /// By when.
    pub within: Option<Span>,
}

/// Why a bundle is not one of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// The file.
    pub path: String,
    /// What is wrong in it.
    pub message: String,
}

impl std::fmt::Display for ParseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

impl std::error::Error for ParseError {}

impl Deployed {
    /// What a plan is to make the nodes do.
    #[must_use]
    pub fn meant(plan: &Checked<Plan>) -> Self {
        let layout = Layout::new(plan);
        let controller = layout.controller().map(|n| &n.name);
        let has_hard = plan.plan().edges.iter().any(|e| e.kind.is_hard());
        let deadlines: BTreeMap<_, _> = plan
            .plan()
            .edges
            .iter()
            .filter_map(|e| Some(((&e.unit.node, &e.needs), e.deadline?)))
            .collect();
        let edges = plan.plan().edges.iter().map(|e| {
            let edge = DeployedEdge {
                kind: e.kind,
                // All units of a node share the proxy and so the deadline.
                deadline: deadlines.get(&(&e.unit.node, &e.needs)).copied(),
                fenced: e.unit.node != e.needs.node
                    && layout.cross().any(|o| {
                        o.needs == e.needs && o.unit.node == e.unit.node && layout.fenced(o)
                    })
                    && e.kind.is_hard()
                    && controller.is_some_and(|c| *c != e.needs.node),
                reason: e.reason.clone(),
            };
            ((e.unit.clone(), e.needs.clone()), edge)
        });
        Self {
            name: plan.plan().name.clone(),
            start: layout.roots.clone(),
            members: layout.members.values().flatten().map(|u| u.at()).collect(),
            edges: edges.collect(),
            reactions: plan
                .plan()
                .reactions
                .iter()
                .map(|r| DeployedReaction {
                    when: r.when.clone(),
                    event: r.event,
                    stop: r.stop.clone(),
                    within: r.within,
                })
                .collect(),
            reconcile: plan
                .plan()
                .policy
                .reconcile
                .filter(|_| has_hard && controller.is_some()),
            access: crate::render::access(&layout)
                .into_iter()
                .map(|(n, t)| (n.to_owned(), t.into_iter().map(str::to_owned).collect()))
                .filter(|_| layout.cross().next().is_some())
                .collect(),
            containers: layout
                .members
                .values()
                .flatten()
                .filter_map(|u| Some((u.at(), u.container.clone()?)))
                .collect(),
        }
    }

    /// Reads the unit files, Quadlet files and BlueChi configuration of a bundle.
    ///
    /// # Errors
    /// The first file that holds anything that a plan of ours would not.
    pub fn parse(bundle: &Bundle) -> Result<Self, ParseError> {
        files::parse(bundle)
    }
}
