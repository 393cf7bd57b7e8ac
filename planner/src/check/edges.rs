//! The ends of edges: do they exist, may they be there, are they said once.

use std::collections::HashMap;

use super::View;
use crate::code::Code;
use crate::name::UnitRef;

pub(super) fn check(view: &mut View<'_>) {
    let plan = view.plan;
    if plan.edges.is_empty() && plan.start.is_empty() {
        view.say(
            Code::PlanEmpty,
            "plan",
            "the plan starts nothing and orders nothing",
            "add an edge or a unit to start",
        );
    }
    for (i, at) in plan.start.iter().enumerate() {
        known(view, &format!("plan.start[{i}]"), at);
    }
    for (i, edge) in plan.edges.iter().enumerate() {
        known(view, &format!("plan.edges[{i}].unit"), &edge.unit);
        known(view, &format!("plan.edges[{i}].needs"), &edge.needs);
    }
    for (i, reaction) in plan.reactions.iter().enumerate() {
        known(view, &format!("plan.reactions[{i}].when"), &reaction.when);
        known(view, &format!("plan.reactions[{i}].stop"), &reaction.stop);
    }
    said_once(view);
    proxies(view);
}

fn known(view: &mut View<'_>, path: &str, at: &UnitRef) {
    let Some(node) = view.node(&at.node) else {
        let names: Vec<&str> = view
            .inventory
            .nodes
            .iter()
            .take(8)
            .map(|n| n.name.as_str())
            .collect();
        view.say(
            Code::NodeUnknown,
            path,
            format!("the inventory has no node {}; a proxy for it would wait without limit for a node that never comes", at.node),
            format!("name one of its nodes: {}", names.join(", ")),
        );
        return;
    };
    if !node.online {
        view.say(
            Code::NodeOffline,
            path,
            format!("{} is known to be offline: a proxy for it waits without limit until the node appears", node.name),
            "bring the node up, or accept that the start waits for it",
        );
    }
    let Some(unit) = view.unit(at) else {
        let names: Vec<&str> = view
            .inventory
            .units
            .iter()
            .filter(|u| u.node == at.node)
            .take(8)
            .map(|u| u.name.as_str())
            .collect();
        view.say(
            Code::UnitUnknown,
            path,
            format!(
                "{} has no unit {}; starting it fails at once",
                at.node, at.unit
            ),
            format!("name one of the units there: {}", names.join(", ")),
        );
        return;
    };
    if !unit.preinstalled && unit.container.is_none() {
        view.say(
            Code::UnitNotInstalled,
            path,
            format!("{at} is not installed, and the inventory has no container from which the bundle could make it"),
            "install it beforehand, or describe its container",
        );
    }
    if unit.masked {
        view.say(
            Code::UnitMasked,
            path,
            format!("{at} is masked, so systemd refuses every start of it"),
            "unmask it on its node",
        );
    }
}

fn said_once(view: &mut View<'_>) {
    let plan = view.plan;
    let mut seen = HashMap::new();
    for (i, edge) in plan.edges.iter().enumerate() {
        let path = format!("plan.edges[{i}]");
        if edge.unit == edge.needs {
            view.say(
                Code::EdgeSelf,
                path.clone(),
                format!("{} is to wait for itself", edge.unit),
                "take the edge out",
            );
        }
        if let Some((first, kind)) = seen.insert((&edge.unit, &edge.needs), (i, edge.kind)) {
            let (code, why) = if kind == edge.kind {
                (
                    Code::EdgeDuplicate,
                    format!(
                        "edge {first} says the same, and one of the two may be meant for other units"
                    ),
                )
            } else {
                let why = format!(
                    "edge {first} makes it {kind:?} and this one {:?}; systemd would apply both, the stronger wins",
                    edge.kind
                );
                (Code::EdgeConflict, why)
            };
            view.say(code, path, why, "keep the one that is meant");
        }
    }
}

/// What only matters where an edge becomes a proxy.
fn proxies(view: &mut View<'_>) {
    for (i, edge) in view.cross_edges() {
        if !edge.needs.unit.is_service() {
            view.say(
                Code::TargetNotService,
                format!("plan.edges[{i}].needs"),
                format!(
                    "bluechi-proxy@.service appends .service to what it is asked for, so {} cannot be reached from {}",
                    edge.needs.unit, edge.unit.node
                ),
                format!(
                    "put a Type=oneshot service with RemainAfterExit=yes on {} that is ordered after {}, and need that",
                    edge.needs.node, edge.needs.unit
                ),
            );
        }
        // The folder of the proxy's drop-ins is the longest file name that the bundle makes.
        let longest = edge.needs.proxy().len() + ".d".len();
        if longest > 255 {
            view.say(
                Code::NameTooLong,
                format!("plan.edges[{i}].needs"),
                format!("the drop-in folder of the proxy would have a name of {longest} bytes, and file names end at 255"),
                "shorten the unit's or the node's name",
            );
        }
    }
}
