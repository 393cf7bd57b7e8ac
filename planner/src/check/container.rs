//! Containers: what would hand them the machine, and ports.

use std::collections::HashMap;

use super::View;
use crate::code::Code;
use crate::inventory::{Container, VolumeSource};

/// Host folders whose contents are the machine itself.
const DENIED: [&str; 12] = [
    "/etc", "/usr", "/bin", "/sbin", "/lib", "/lib64", "/boot", "/root", "/proc", "/sys", "/run",
    "/var",
];

/// Folders beneath the denied ones that are meant for data.
const ALLOWED: [&str; 3] = ["/var/lib", "/var/cache", "/var/log"];

pub(super) fn check(view: &mut View<'_>) {
    let inventory = view.inventory;
    let mut ports = HashMap::new();
    for (i, unit) in inventory.units.iter().enumerate() {
        let Some(container) = &unit.container else {
            continue;
        };
        let path = format!("inventory.units[{i}].container");
        volumes(view, &path, container);
        for (j, capability) in container.capabilities.iter().enumerate() {
            if capability.is_denied() {
                view.say(
                    Code::CapabilityDenied,
                    format!("{path}.capabilities[{j}]"),
                    format!("the capability {capability:?} lets the container rule its host, so no sandbox is left"),
                    "do the privileged part in a preinstalled service",
                );
            }
        }
        let user = view.node(&unit.node).is_some_and(|n| n.user.is_some());
        // User agents share the ports of their machine with its system agent, so the address is the key.
        let host = view
            .node(&unit.node)
            .and_then(|n| n.address.as_ref())
            .map_or(unit.node.as_str(), |a| a.as_str());
        for (j, port) in container.publish.iter().enumerate() {
            let at = format!("{path}.publish[{j}].host");
            if user && port.host < 1024 {
                view.say(
                    Code::PortPrivileged,
                    at.clone(),
                    format!("a rootless container cannot bind port {} of the host: ports below 1024 need root", port.host),
                    "publish a port above 1023",
                );
            }
            if let Some(first) = ports.insert((host, port.host), unit.at()) {
                view.say(
                    Code::PortClash,
                    at,
                    format!("{} and {first} both publish port {} of {host}; whichever starts second fails", unit.at(), port.host),
                    "give one of them another port",
                );
            }
        }
    }
}

fn volumes(view: &mut View<'_>, path: &str, container: &Container) {
    let beneath = |path: &str, folder: &str| {
        path.strip_prefix(folder)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    for (j, volume) in container.volumes.iter().enumerate() {
        let VolumeSource::Host(host) = &volume.source else {
            continue;
        };
        let host = host.as_str();
        let data = ALLOWED.iter().any(|f| beneath(host, f) && host != *f)
            && !beneath(host, "/var/lib/containers")
            && !beneath(host, "/var/lib/systemd");
        if !data && DENIED.iter().any(|f| beneath(host, f)) {
            view.say(
                Code::VolumeDenied,
                format!("{path}.volumes[{j}].source"),
                format!("{host} belongs to the system: a container that holds it can change units, passwords or podman's socket"),
                "use a named volume, or a folder beneath /srv, /opt or /var/lib",
            );
        }
    }
}
