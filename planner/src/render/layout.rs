//! Where things are, and who takes part.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::Checked;
use crate::inventory::{Node, Unit};
use crate::name::{NodeName, UnitRef};
use crate::plan::{Edge, NodeLoss, Plan};
use crate::quantity::Span;

/// The plan with what every renderer asks for.
pub(crate) struct Layout<'a> {
    pub plan: &'a Checked<Plan>,
    pub name: &'a str,
    pub nodes: BTreeMap<&'a NodeName, &'a Node>,
    /// The units that take part, by node.
    pub members: BTreeMap<&'a NodeName, Vec<&'a Unit>>,
    pub roots: BTreeSet<UnitRef>,
    /// The edges of each unit.
    pub edges: BTreeMap<&'a UnitRef, Vec<&'a Edge>>,
}

impl<'a> Layout<'a> {
    pub(crate) fn new(plan: &'a Checked<Plan>) -> Self {
        let inventory = plan.inventory();
        let roots: BTreeSet<UnitRef> = plan.roots().into_iter().collect();
        let mut edges: BTreeMap<&UnitRef, Vec<&Edge>> = BTreeMap::new();
        for edge in &plan.plan().edges {
            edges.entry(&edge.unit).or_default().push(edge);
        }
        for list in edges.values_mut() {
            list.sort_by_key(|e| &e.needs);
        }
        let graph = plan.graph();
        let mut members: BTreeMap<&NodeName, Vec<&Unit>> = BTreeMap::new();
        for (i, unit) in inventory.units.iter().enumerate() {
            let touched = graph
                .needs_of(i)
                .iter()
                .chain(graph.needed_by(i))
                .any(|a| a.edge.is_some());
            if touched || roots.contains(&unit.at()) {
                members.entry(&unit.node).or_default().push(unit);
            }
        }
        for list in members.values_mut() {
            list.sort_by_key(|u| &u.name);
        }
        Self {
            plan,
            name: plan.plan().name.as_str(),
            nodes: inventory.nodes.iter().map(|n| (&n.name, n)).collect(),
            members,
            roots,
            edges,
        }
    }

    /// The edges between nodes.
    pub(crate) fn cross(&self) -> impl Iterator<Item = &'a Edge> + use<'a> {
        self.plan
            .plan()
            .edges
            .iter()
            .filter(|e| e.unit.node != e.needs.node)
    }

    pub(crate) fn controller(&self) -> Option<&'a Node> {
        self.nodes.values().copied().find(|n| n.controller)
    }

    /// How often the reconciler looks, if there is one: only what a hard edge takes down has to be brought back.
    pub(crate) fn reconciles(&self) -> Option<Span> {
        let plan = self.plan.plan();
        let hard = plan.edges.iter().any(|e| e.kind.is_hard());
        plan.policy.reconcile.filter(|_| hard)
    }

    /// Whether the loss of the target's node stops the edge's unit.
    pub(crate) fn fenced(&self, edge: &Edge) -> bool {
        edge.kind.is_hard()
            && edge
                .on_node_loss
                .unwrap_or(self.plan.plan().policy.on_node_loss)
                == NodeLoss::Stop
    }

    /// The folder of the node's units, beneath the output root.
    pub(crate) fn units(&self, node: &Node) -> String {
        format!("nodes/{}{}", node.name, units_folder(node))
    }

    /// The node's own folder for scripts and lists, as it is on the node.
    pub(crate) fn library(&self, node: &Node) -> String {
        match &node.user {
            None => format!("/usr/local/lib/gori/{}", self.name),
            Some(user) => format!("{}/.local/lib/gori/{}", user.home, self.name),
        }
    }

    pub(crate) fn comment(&self, what: &str) -> String {
        format!(
            "Plan {}: {what}. Written by gori; changes are lost with the next plan.",
            self.name
        )
    }
}

/// Where units are on the node.
pub(crate) fn units_folder(node: &Node) -> String {
    match &node.user {
        None => "/etc/systemd/system".to_owned(),
        Some(user) => format!("{}/.config/systemd/user", user.home),
    }
}
