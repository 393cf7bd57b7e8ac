//! Containers as Quadlet files, with the sandbox that a service without a word about it should have.

use std::collections::BTreeSet;

use super::Bundle;
use super::escape::{argument, line};
use super::ini::{Ini, Key};
use super::layout::Layout;
use super::unit::resources;
use crate::inventory::{Container, Node, Restart, Unit, VolumeSource};

pub(super) fn render(layout: &Layout<'_>, bundle: &mut Bundle) {
    for (name, units) in &layout.members {
        let Some(node) = layout.nodes.get(name) else {
            continue;
        };
        let mut volumes = BTreeSet::new();
        for unit in units {
            let Some(container) = &unit.container else {
                continue;
            };
            volumes.extend(container.volumes.iter().filter_map(|v| match &v.source {
                VolumeSource::Named(name) => Some(name),
                VolumeSource::Host(_) => None,
            }));
            let path = format!("{}/{}.container", folder(node), unit.name.stem());
            bundle.put(path, container_file(layout, unit, container));
        }
        for volume in volumes {
            let mut ini = Ini::new(&layout.comment("a volume"));
            ini.section("Volume").set(Key::VolumeName, volume.as_str());
            bundle.put(format!("{}/{volume}.volume", folder(node)), ini.done());
        }
    }
}

/// Where Quadlet files are beneath the output root.
pub(crate) fn folder(node: &Node) -> String {
    match &node.user {
        None => format!("nodes/{}/etc/containers/systemd", node.name),
        Some(user) => format!(
            "nodes/{}/etc/containers/systemd/users/{}",
            node.name, user.uid
        ),
    }
}

fn container_file(layout: &Layout<'_>, unit: &Unit, container: &Container) -> String {
    let mut ini = Ini::new(&layout.comment("a container"));
    ini.section("Unit").set(
        Key::Description,
        line(&format!("{} of plan {}", unit.name, layout.name)),
    );
    ini.section("Container")
        .set(Key::Image, container.image.as_str());
    if !container.exec.is_empty() {
        let words: Vec<String> = container
            .exec
            .iter()
            .map(|a| argument(a.as_str()))
            .collect();
        ini.set(Key::Exec, words.join(" "));
    }
    for (name, value) in &container.environment {
        ini.set(Key::Environment, argument(&format!("{name}={value}")));
    }
    for volume in &container.volumes {
        let source = match &volume.source {
            VolumeSource::Named(name) => format!("{name}.volume"),
            VolumeSource::Host(path) => path.to_string(),
        };
        ini.set(
            Key::Volume,
            format!(
                "{source}:{}{}",
                volume.target,
                if volume.read_only { ":ro" } else { "" }
            ),
        );
    }
    for port in &container.publish {
        ini.set(
            Key::PublishPort,
            format!("{}:{}", port.host, port.container),
        );
    }
    ini.set(Key::Notify, if container.notify { "true" } else { "false" })
        .set(Key::NoNewPrivileges, "true")
        .set(
            Key::ReadOnly,
            if container.writable { "false" } else { "true" },
        )
        .set(Key::DropCapability, "all");
    for capability in &container.capabilities {
        let name = serde_json::to_value(capability).ok();
        ini.maybe(
            Key::AddCapability,
            name.and_then(|n| n.as_str().map(|n| format!("CAP_{n}"))),
        );
    }
    ini.section("Service").set(
        Key::Restart,
        match unit.restart {
            Restart::No => "no",
            Restart::OnFailure => "on-failure",
            Restart::Always => "always",
        },
    );
    ini.maybe(
        Key::TimeoutStartSec,
        unit.start_timeout.map(|t| t.to_string()),
    );
    resources(&mut ini, unit);
    ini.done()
}
