//! The inventory by itself: names that are there twice, the controller, addresses, users, room.

use std::collections::{HashMap, HashSet};

use super::View;
use crate::code::Code;

pub(super) fn check(view: &mut View<'_>) {
    duplicates(view);
    controller(view);
    addresses(view);
    users(view);
    heartbeat(view);
    room(view);
}

fn duplicates(view: &mut View<'_>) {
    let inventory = view.inventory;
    let mut names = HashSet::new();
    for (i, node) in inventory.nodes.iter().enumerate() {
        if !names.insert(&node.name) {
            view.say(
                Code::NodeDuplicate,
                format!("inventory.nodes[{i}].name"),
                format!("two nodes are named {}: the controller lets in one agent of a name and turns the other away", node.name),
                "give each node its own name",
            );
        }
    }
    let mut units = HashSet::new();
    for (i, unit) in inventory.units.iter().enumerate() {
        if !units.insert((&unit.node, &unit.name)) {
            view.say(
                Code::UnitDuplicate,
                format!("inventory.units[{i}].name"),
                format!(
                    "{} is listed twice, and only one of them can be what is installed",
                    unit.at()
                ),
                "keep the entry that is true",
            );
        }
        if !names.contains(&unit.node) {
            view.say(
                Code::UnitNodeUnknown,
                format!("inventory.units[{i}].node"),
                format!("the inventory has no node {}", unit.node),
                "add the node, or correct its name",
            );
        }
    }
}

fn controller(view: &mut View<'_>) {
    let inventory = view.inventory;
    let controllers: Vec<_> = inventory
        .nodes
        .iter()
        .enumerate()
        .filter(|(_, n)| n.controller)
        .collect();
    if let Some((i, second)) = controllers.get(1) {
        view.say(
            Code::ControllerMany,
            format!("inventory.nodes[{i}].controller"),
            format!(
                "{} is another controller, but an agent holds exactly one controller connection, so its node would be \
                 known to one of them alone",
                second.name
            ),
            "keep one controller; a standby is a matter of SwitchController, not of two at once",
        );
    }
    if view.cross_edges().next().is_none() {
        return;
    }
    let Some((i, first)) = controllers.first() else {
        view.say(
            Code::ControllerMissing,
            "inventory.nodes",
            "the plan has edges between nodes, and no node is the controller that every proxy goes through",
            "set controller = true on one node",
        );
        return;
    };
    let Some(address) = &first.address else {
        view.say(
            Code::ControllerAddress,
            format!("inventory.nodes[{i}].address"),
            "the controller has no address, so no agent can be told where to connect",
            "give the node an address",
        );
        return;
    };
    let is_ip = address.as_str().parse::<std::net::IpAddr>().is_ok();
    for (i, node) in inventory.nodes.iter().enumerate() {
        if node.user.is_some() && !is_ip {
            view.say(
                Code::UserAgentHost,
                format!("inventory.nodes[{i}].user"),
                format!(
                    "a user agent shares /etc/bluechi/agent.conf with the system's agent, so its settings are given on \
                     the command line, where --host takes an IP address alone, and the controller's is {address}"
                ),
                "give the controller's IP address",
            );
        }
    }
    let port = inventory.bluechi.port;
    if port == 0 || (port < 1024 && first.user.is_some()) {
        view.say(
            Code::PortInvalid,
            "inventory.bluechi.port",
            format!("the controller cannot listen on port {port}: 0 is no port, and a controller without root needs one above 1023"),
            "give a port the controller may bind, such as 8420",
        );
    }
}

fn addresses(view: &mut View<'_>) {
    let inventory = view.inventory;
    let mut seen = HashMap::new();
    for (i, node) in inventory.nodes.iter().enumerate() {
        let Some(address) = &node.address else {
            continue;
        };
        if node.user.is_some() {
            continue;
        }
        if let Some(first) = seen.insert(address, &node.name) {
            view.say(
                Code::AddressShared,
                format!("inventory.nodes[{i}].address"),
                format!(
                    "{} and {first} are system agents at {address}: one machine has one system agent, and both would \
                     read the same /etc/bluechi/agent.conf.d",
                    node.name
                ),
                "correct the address, or make one of them a user's agent",
            );
        }
    }
}

fn users(view: &mut View<'_>) {
    let inventory = view.inventory;
    for (i, node) in inventory.nodes.iter().enumerate() {
        let Some(user) = &node.user else { continue };
        if !user.linger {
            view.say(
                Code::UserLinger,
                format!("inventory.nodes[{i}].user.linger"),
                format!(
                    "{} does not linger, so the user's manager, the agent and every service of {} start at login and \
                     end at logout, not with the machine",
                    user.name, node.name
                ),
                format!("run loginctl enable-linger {} and set linger = true", user.name),
            );
        }
    }
}

fn heartbeat(view: &mut View<'_>) {
    let bluechi = &view.inventory.bluechi;
    let off = bluechi.heartbeat.as_millis() == 0 || bluechi.threshold.as_millis() == 0;
    let has_cross = view.cross_edges().next().is_some();
    if has_cross && off {
        view.say(
            Code::HeartbeatOff,
            "inventory.bluechi.heartbeat",
            "with heartbeats off (BlueChi's own default for the controller) a pulled cable is seen by TCP keepalive \
             alone, and the fence would come late or never",
            "set heartbeat = \"500ms\" and threshold = \"2s\", or what the board needs",
        );
    } else if has_cross && bluechi.threshold <= bluechi.heartbeat {
        view.say(
            Code::HeartbeatThreshold,
            "inventory.bluechi.threshold",
            format!(
                "silence of {} counts as a loss while a sign of life comes every {}: healthy nodes go offline again and \
                 again, and every reconnect leaves the proxies deaf",
                bluechi.threshold, bluechi.heartbeat
            ),
            "set the threshold to three or more times the heartbeat",
        );
    }
}

fn room(view: &mut View<'_>) {
    let inventory = view.inventory;
    let mut memory: HashMap<_, u64> = HashMap::new();
    for (i, unit) in inventory.units.iter().enumerate() {
        if let Some(bytes) = unit.resources.memory_max {
            let sum = memory.entry(&unit.node).or_default();
            *sum = sum.saturating_add(bytes.get());
        }
        let cpus = view.node(&unit.node).and_then(|n| n.cpus);
        if let Some((cpus, cpu)) = cpus.and_then(|c| {
            unit.resources
                .cpu_affinity
                .iter()
                .find(|n| **n >= c)
                .map(|n| (c, n))
        }) {
            view.say(
                Code::CpuOutOfRange,
                format!("inventory.units[{i}].resources.cpu_affinity"),
                format!(
                    "{} has the CPUs 0 to {}, and {} is to run on CPU {cpu}",
                    unit.node,
                    cpus.saturating_sub(1),
                    unit.name
                ),
                "name CPUs that the node has",
            );
        }
    }
    for (i, node) in inventory.nodes.iter().enumerate() {
        if let (Some(has), Some(asked)) = (node.memory, memory.get(&node.name))
            && *asked > has.get()
        {
            view.say(
                Code::MemoryExceeded,
                format!("inventory.nodes[{i}].memory"),
                format!(
                    "the limits of the units on {} add up to {} of {has}: they cannot all have what they were promised",
                    node.name,
                    crate::quantity::Bytes::new(*asked)
                ),
                "lower the limits or move a unit",
            );
        }
    }
}
