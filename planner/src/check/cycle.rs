//! Cycles over all nodes at once. Each node alone may look fine: systemd sees its own part and the proxies wait for
//! each other for ever, without a message.

use std::collections::BTreeSet;

use super::View;
use crate::code::Code;

pub(super) fn check(view: &mut View<'_>) {
    for ring in view.graph.rings() {
        let [(first, _), rest @ ..] = ring.as_slice() else {
            continue;
        };
        // A unit that needs itself has its own diagnosis.
        if rest.is_empty() {
            continue;
        }
        let units = &view.inventory.units;
        let names: Vec<String> = ring
            .iter()
            .map(|(u, _)| *u)
            .chain([*first])
            .filter_map(|u| units.get(u).map(|u| u.at().to_string()))
            .collect();
        let nodes: BTreeSet<_> = ring
            .iter()
            .filter_map(|(u, _)| units.get(*u).map(|u| &u.node))
            .collect();
        let path = ring.iter().find_map(|(_, arc)| arc.edge).map_or_else(
            || "inventory.units".to_owned(),
            |e| format!("plan.edges[{e}]"),
        );
        let round = names.join(" waits for ");
        if nodes.len() > 1 {
            view.say(
                Code::CycleCross,
                path,
                format!("{round}: the start jobs on {} nodes wait for each other for ever, with no message anywhere", nodes.len()),
                "take one edge of the ring out, or make it a reaction instead of an order",
            );
        } else {
            view.say(
                Code::CycleLocal,
                path,
                format!("{round}: systemd breaks such a ring by dropping one of the jobs, not by an order you can rely on"),
                "take one edge of the ring out",
            );
        }
    }
}
