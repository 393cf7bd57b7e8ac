//! How far a failure reaches.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::check::Checked;
use crate::name::{NodeName, UnitRef};
use crate::plan::{NodeLoss, Plan};

/// What the failure of one unit does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Blast {
    /// The unit that fails.
    pub unit: UnitRef,
    /// How many other units stop.
    pub stops: usize,
    /// How many run on without something they wanted.
    pub degraded: usize,
}

/// What the loss of one node does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NodeBlast {
    /// The node that is lost.
    pub node: NodeName,
    /// The plan's units that were on it.
    pub gone: Vec<UnitRef>,
    /// Units on other nodes that the fence stops, and what stops with them.
    pub stops: Vec<UnitRef>,
    /// Units on other nodes that run on without something they wanted or, by policy, needed.
    pub degraded: Vec<UnitRef>,
    /// Whether the controller is lost with it: then nothing is fenced, and no start passes between nodes.
    pub controller: bool,
}

/// Who stops and who runs on degraded when `first` are gone. `fenced` says of an edge whether its source is stopped.
fn spread(
    plan: &Checked<Plan>,
    first: &[usize],
    fenced: impl Fn(usize) -> bool,
) -> (BTreeSet<usize>, BTreeSet<usize>) {
    let graph = plan.graph();
    let mut gone: BTreeSet<usize> = first.iter().copied().collect();
    let mut degraded = BTreeSet::new();
    let mut stack = first.to_vec();
    while let Some(unit) = stack.pop() {
        for arc in graph.needed_by(unit) {
            let Some(edge) = arc.edge else { continue };
            if fenced(edge) {
                if gone.insert(arc.to) {
                    stack.push(arc.to);
                }
            } else {
                degraded.insert(arc.to);
            }
        }
    }
    for unit in first {
        gone.remove(unit);
        degraded.remove(unit);
    }
    degraded.retain(|u| !gone.contains(u));
    (gone, degraded)
}

pub(super) fn of_units(plan: &Checked<Plan>) -> Vec<Blast> {
    let hard = |e: usize| plan.plan().edges.get(e).is_some_and(|e| e.kind.is_hard());
    (0..plan.inventory().units.len())
        .filter(|i| plan.graph().needed_by(*i).iter().any(|a| a.edge.is_some()))
        .filter_map(|i| {
            let (stops, degraded) = spread(plan, &[i], hard);
            Some(Blast {
                unit: plan.unit(i)?.at(),
                stops: stops.len(),
                degraded: degraded.len(),
            })
        })
        .collect()
}

pub(super) fn of_nodes(plan: &Checked<Plan>) -> Vec<NodeBlast> {
    let policy = plan.plan().policy.on_node_loss;
    let takes_part = |i: usize| {
        let graph = plan.graph();
        graph
            .needed_by(i)
            .iter()
            .chain(graph.needs_of(i))
            .any(|a| a.edge.is_some())
    };
    plan.inventory()
        .nodes
        .iter()
        .map(|node| {
            let first: Vec<usize> = (0..plan.inventory().units.len())
                .filter(|i| takes_part(*i) && plan.unit(*i).is_some_and(|u| u.node == node.name))
                .collect();
            let fenced = |e: usize| {
                plan.plan().edges.get(e).is_some_and(|e| {
                    let lost = e.needs.node == node.name && e.unit.node != node.name;
                    let kept = lost
                        && (e.on_node_loss.unwrap_or(policy) == NodeLoss::Keep || node.controller);
                    e.kind.is_hard() && !kept
                })
            };
            let (stops, degraded) = spread(plan, &first, fenced);
            let names = |set: &mut dyn Iterator<Item = usize>| {
                set.filter_map(|i| plan.unit(i).map(crate::inventory::Unit::at))
                    .collect::<Vec<_>>()
            };
            NodeBlast {
                node: node.name.clone(),
                gone: names(&mut first.iter().copied()),
                stops: names(&mut stops.iter().copied()),
                degraded: names(&mut degraded.iter().copied()),
                controller: node.controller,
            }
        })
        .collect()
}
