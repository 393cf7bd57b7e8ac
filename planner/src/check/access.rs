//! Access: BlueChi denies every dependency between nodes that the controller's configuration does not grant.

use std::collections::{BTreeMap, BTreeSet};

use super::View;
use crate::code::Code;
use crate::name::NodeName;

pub(super) fn check(view: &mut View<'_>) {
    let inventory = view.inventory;
    let mut needed: BTreeMap<&NodeName, BTreeMap<&NodeName, usize>> = BTreeMap::new();
    for (i, edge) in view.cross_edges() {
        needed
            .entry(&edge.unit.node)
            .or_default()
            .entry(&edge.needs.node)
            .or_insert(i);
    }
    let known: BTreeSet<&NodeName> = inventory.nodes.iter().map(|n| &n.name).collect();
    for (n, node) in inventory.nodes.iter().enumerate() {
        let Some(pinned) = &node.allow_dependencies_on else {
            continue;
        };
        let path = format!("inventory.nodes[{n}].allow_dependencies_on");
        let nothing = BTreeMap::new();
        let wants = needed.get(&node.name).unwrap_or(&nothing);
        for (target, edge) in wants.iter().filter(|(target, _)| !pinned.contains(target)) {
            view.say(
                Code::AccessMissing,
                path.clone(),
                format!(
                    "edge {edge} makes {} depend on {target}, which its list does not grant: since 1.0 the controller \
                     denies the proxy and the start fails",
                    node.name
                ),
                format!("add \"{target}\", or leave the list out so that the plan's edges decide"),
            );
        }
        for (i, target) in pinned.iter().enumerate() {
            let path = format!("{path}[{i}]");
            if !known.contains(target) {
                view.say(
                    Code::AccessUnknown,
                    path,
                    format!(
                        "{} is granted access to {target}, which is no node of the inventory",
                        node.name
                    ),
                    "correct or remove the entry",
                );
            } else if !wants.contains_key(target) {
                view.say(
                    Code::AccessExcess,
                    path,
                    format!(
                        "no edge of the plan makes {} depend on {target}: the grant only lets somebody on {} start units there",
                        node.name, node.name
                    ),
                    "take it out, or accept it if another plan needs it",
                );
            }
        }
    }
    agents(view);
}

fn agents(view: &mut View<'_>) {
    let Some(allowed) = &view.inventory.bluechi.allowed_nodes else {
        return;
    };
    let takes_part: BTreeSet<&NodeName> = view
        .cross_edges()
        .flat_map(|(_, e)| [&e.unit.node, &e.needs.node])
        .collect();
    for name in takes_part.into_iter().filter(|n| !allowed.contains(n)) {
        view.say(
            Code::NodeNotAllowed,
            "inventory.bluechi.allowed_nodes",
            format!("{name} takes part in the plan and is not on the controller's list: its agent is turned away and stays offline"),
            format!("add \"{name}\", or leave the list out"),
        );
    }
}
