//! BlueChi's own configuration: who may connect, who may depend on whom, heartbeats.

use std::collections::{BTreeMap, BTreeSet};

use super::Bundle;
use super::ini::{Ini, Key};
use super::layout::Layout;
use crate::inventory::Node;

pub(super) fn render(layout: &Layout<'_>, bundle: &mut Bundle) {
    if layout.cross().next().is_none() {
        return;
    }
    let Some(controller) = layout.controller() else {
        return;
    };
    controller_file(layout, bundle, controller);
    for node in layout.nodes.values() {
        if node.bluechi.is_some() {
            agent(layout, bundle, node, controller);
        }
    }
}

/// What each node may depend on: exactly what its edges need, or what someone pinned.
pub(crate) fn access<'a>(layout: &Layout<'a>) -> BTreeMap<&'a str, BTreeSet<&'a str>> {
    let mut access: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for edge in layout.cross() {
        access
            .entry(edge.unit.node.as_str())
            .or_default()
            .insert(edge.needs.node.as_str());
    }
    for node in layout.nodes.values() {
        if let Some(pinned) = &node.allow_dependencies_on {
            access.insert(
                node.name.as_str(),
                pinned.iter().map(|n| n.as_str()).collect(),
            );
        }
    }
    access.retain(|_, targets| !targets.is_empty());
    access
}

fn controller_file(layout: &Layout<'_>, bundle: &mut Bundle, controller: &Node) {
    let settings = &layout.plan.inventory().bluechi;
    let all = || {
        layout
            .nodes
            .values()
            .filter(|n| n.bluechi.is_some())
            .map(|n| n.name.as_str())
    };
    let allowed: Vec<&str> = match &settings.allowed_nodes {
        Some(pinned) => pinned.iter().map(|n| n.as_str()).collect(),
        None => all().collect(),
    };
    let mut ini = Ini::new(&layout.comment("the controller; its lists must not hold blanks"));
    ini.section("bluechi-controller")
        .set(Key::ControllerPort, settings.port.to_string())
        .list(Key::AllowedNodeNames, &allowed)
        .set(
            Key::HeartbeatInterval,
            settings.heartbeat.as_millis().to_string(),
        )
        .set(
            Key::NodeHeartbeatThreshold,
            settings.threshold.as_millis().to_string(),
        );
    for (source, targets) in access(layout) {
        let targets: Vec<&str> = targets.into_iter().collect();
        ini.section(&format!("node {source}"))
            .list(Key::AllowDependenciesOn, &targets);
    }
    let path = format!(
        "nodes/{}/etc/bluechi/controller.conf.d/50-{}.conf",
        controller.name, layout.name
    );
    bundle.put(path, ini.done());
}

fn agent(layout: &Layout<'_>, bundle: &mut Bundle, node: &Node, controller: &Node) {
    let settings = &layout.plan.inventory().bluechi;
    let Some(address) = &controller.address else {
        return;
    };
    if node.user.is_some() {
        // A user's agent reads the same /etc/bluechi/agent.conf as the system's, so what is its own stands on the
        // command line, which overrides the files.
        let mut ini = Ini::new(&layout.comment("the user's agent"));
        ini.section("Service").set(Key::ExecStart, "").set(
            Key::ExecStart,
            format!(
                "/usr/libexec/bluechi-agent --user --name {} --host {address} --port {} --interval {}",
                node.name,
                settings.port,
                settings.heartbeat.as_millis()
            ),
        );
        let path = format!(
            "{}/bluechi-agent.service.d/50-{}.conf",
            layout.units(node),
            layout.name
        );
        bundle.put(path, ini.done());
        return;
    }
    let mut ini = Ini::new(&layout.comment("the agent"));
    ini.section("bluechi-agent")
        .set(Key::NodeName, node.name.as_str())
        .set(Key::ControllerHost, address.as_str())
        .set(Key::ControllerPort, settings.port.to_string())
        .set(
            Key::HeartbeatInterval,
            settings.heartbeat.as_millis().to_string(),
        )
        .set(
            Key::ControllerHeartbeatThreshold,
            settings.threshold.as_millis().to_string(),
        );
    bundle.put(
        format!(
            "nodes/{}/etc/bluechi/agent.conf.d/50-{}.conf",
            node.name, layout.name
        ),
        ini.done(),
    );
}
