//! Version gates: directives that an older systemd ignores with a warning nobody reads.

use std::collections::BTreeSet;

use super::View;
use crate::code::Code;
use crate::plan::EdgeKind;
use crate::quantity::Version;

const BLUECHI_ACCESS: Version = Version::new(1, 0, 0);
const SYSTEMD_UPHOLDS: Version = Version::new(249, 0, 0);
const SYSTEMD_RESTART_MODE: Version = Version::new(254, 0, 0);
const PODMAN_QUADLET: Version = Version::new(4, 4, 0);

pub(super) fn check(view: &mut View<'_>) {
    bluechi(view);
    systemd(view);
    podman(view);
}

fn bluechi(view: &mut View<'_>) {
    let inventory = view.inventory;
    let mut takes_part: BTreeSet<_> = view
        .cross_edges()
        .flat_map(|(_, e)| [e.unit.node.clone(), e.needs.node.clone()])
        .collect();
    if takes_part.is_empty() {
        return;
    }
    let controller = inventory.nodes.iter().find(|n| n.controller);
    takes_part.extend(controller.map(|n| n.name.clone()));
    for (i, node) in inventory
        .nodes
        .iter()
        .enumerate()
        .filter(|(_, n)| takes_part.contains(&n.name))
    {
        let path = format!("inventory.nodes[{i}].bluechi");
        match node.bluechi {
            None => view.say(
                Code::BluechiMissing,
                path,
                format!("{} is part of an edge between nodes and has no BlueChi, so there is no proxy on it", node.name),
                "install BlueChi and give its version",
            ),
            Some(version) if version < BLUECHI_ACCESS => view.say(
                Code::BluechiVersion,
                path,
                format!(
                    "BlueChi {version} on {} knows no AllowDependenciesOn= and no per-node section: the access that the \
                     plan grants would not be read",
                    node.name
                ),
                "bring it to 1.0 or later",
            ),
            Some(version) => {
                if let Some(other) = controller.and_then(|c| c.bluechi).filter(|c| c.major != version.major) {
                    view.say(
                        Code::BluechiSkew,
                        path,
                        format!("the agent on {} is {version} and the controller {other}; their private protocol may differ", node.name),
                        "bring both to one major version",
                    );
                }
            }
        }
    }
}

fn systemd(view: &mut View<'_>) {
    let (inventory, plan) = (view.inventory, view.plan);
    for (i, edge) in plan
        .edges
        .iter()
        .enumerate()
        .filter(|(_, e)| e.kind == EdgeKind::Upheld)
    {
        if let Some(node) = view
            .node(&edge.unit.node)
            .filter(|n| n.systemd < SYSTEMD_UPHOLDS)
        {
            view.say(
                Code::UpholdsVersion,
                format!("plan.edges[{i}].kind"),
                format!(
                    "systemd {} on {} ignores Upholds=, which came with 249",
                    node.systemd, node.name
                ),
                "use a soft edge, or update systemd",
            );
        }
    }
    for (i, unit) in inventory
        .units
        .iter()
        .enumerate()
        .filter(|(_, u)| u.restart_direct)
    {
        if let Some(node) = view
            .node(&unit.node)
            .filter(|n| n.systemd < SYSTEMD_RESTART_MODE)
        {
            view.say(
                Code::RestartModeVersion,
                format!("inventory.units[{i}].restart_direct"),
                format!(
                    "systemd {} on {} ignores RestartMode=direct, which came with 254: a restart still passes through \
                     failed and takes the hard sources down",
                    node.systemd, node.name
                ),
                "leave it out and let the reconciler bring the sources back, or update systemd",
            );
        }
    }
}

fn podman(view: &mut View<'_>) {
    let inventory = view.inventory;
    for (i, unit) in inventory
        .units
        .iter()
        .enumerate()
        .filter(|(_, u)| u.container.is_some())
    {
        let Some(node) = view.node(&unit.node) else {
            continue;
        };
        let path = format!("inventory.units[{i}].container");
        match node.podman {
            None => view.say(
                Code::PodmanMissing,
                path,
                format!("{} is a container and {} has no podman", unit.name, node.name),
                "install podman and give its version, or make the unit a preinstalled service",
            ),
            Some(version) if version < PODMAN_QUADLET => view.say(
                Code::PodmanVersion,
                path,
                format!("podman {version} on {} has no Quadlet, which came with 4.4: the .container file would be ignored and no unit made", node.name),
                "update podman to 4.4 or later",
            ),
            Some(_) => {}
        }
    }
}
