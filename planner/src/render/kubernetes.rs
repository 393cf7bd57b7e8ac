//! The same plan for Kubernetes (k3s): what is a container becomes a Deployment whose init containers wait.
//!
//! Kubernetes has no hard edges: nothing stops a pod because another one failed. The manifests keep the order and the
//! deadlines of starting, and say so.

use super::Bundle;
use super::layout::Layout;
use super::yaml::Yaml::{self, Bool, Int, List, Text};
use crate::inventory::{Container, Kubernetes, Unit, VolumeSource};
use crate::name::UnitRef;

pub(super) fn render(layout: &Layout<'_>, bundle: &mut Bundle) {
    let Some(settings) = &layout.plan.inventory().kubernetes else {
        return;
    };
    let mut documents = vec![
        object("v1", "Namespace", layout.name, None, Vec::new()),
        object(
            "v1",
            "ServiceAccount",
            "gori-wait",
            Some(layout.name),
            Vec::new(),
        ),
        role(layout),
        binding(layout),
    ];
    for unit in layout.members.values().flatten() {
        if let Some(container) = &unit.container {
            documents.push(deployment(layout, settings, unit, container));
        }
    }
    let comment = layout.comment(
        "Kubernetes; order and deadlines of the start only, nothing stops a pod with another",
    );
    let text: String = documents.iter().map(|d| d.document(&comment)).collect();
    bundle.put(format!("k3s/{}.yaml", layout.name), text);
}

fn text(value: impl Into<String>) -> Yaml {
    Text(value.into())
}

/// A name of Kubernetes: lower-case letters, digits and dashes; the hash of the unit keeps two apart that fold to one.
fn pod_name(unit: &UnitRef) -> String {
    let mut name: String = format!("{}-{}", unit.node, unit.unit.stem())
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .take(50)
        .collect();
    while name.ends_with('-') {
        name.pop();
    }
    let plain = format!("{}-{}", unit.node, unit.unit.stem());
    if name == plain {
        name
    } else {
        format!("{name}-{:08x}", fnv(&unit.to_string()))
    }
}

fn fnv(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

fn object(
    version: &str,
    kind: &str,
    name: &str,
    namespace: Option<&str>,
    more: Vec<(String, Yaml)>,
) -> Yaml {
    let mut metadata = vec![("name".to_owned(), text(name))];
    metadata.extend(namespace.map(|n| ("namespace".to_owned(), text(n))));
    let mut entries = vec![
        ("apiVersion".to_owned(), text(version)),
        ("kind".to_owned(), text(kind)),
        ("metadata".to_owned(), Yaml::Map(metadata)),
    ];
    entries.extend(more);
    Yaml::Map(entries)
}

fn role(layout: &Layout<'_>) -> Yaml {
    let words = |words: &[&str]| List(words.iter().map(|w| text(*w)).collect());
    let rule = Yaml::map([
        ("apiGroups", words(&["apps"])),
        ("resources", words(&["deployments"])),
        ("verbs", words(&["get", "list", "watch"])),
    ]);
    let rules = vec![("rules".to_owned(), List(vec![rule]))];
    object(
        "rbac.authorization.k8s.io/v1",
        "Role",
        "gori-wait",
        Some(layout.name),
        rules,
    )
}

fn binding(layout: &Layout<'_>) -> Yaml {
    let subject = Yaml::map([
        ("kind", text("ServiceAccount")),
        ("name", text("gori-wait")),
        ("namespace", text(layout.name)),
    ]);
    let role = Yaml::map([
        ("apiGroup", text("rbac.authorization.k8s.io")),
        ("kind", text("Role")),
        ("name", text("gori-wait")),
    ]);
    let more = vec![
        ("subjects".to_owned(), List(vec![subject])),
        ("roleRef".to_owned(), role),
    ];
    object(
        "rbac.authorization.k8s.io/v1",
        "RoleBinding",
        "gori-wait",
        Some(layout.name),
        more,
    )
}

fn deployment(
    layout: &Layout<'_>,
    settings: &Kubernetes,
    unit: &Unit,
    container: &Container,
) -> Yaml {
    let at = unit.at();
    let name = pod_name(&at);
    let waits: Vec<Yaml> = layout
        .edges
        .get(&at)
        .into_iter()
        .flatten()
        .enumerate()
        .filter(|(_, e)| is_container(layout, &e.needs))
        .map(|(i, edge)| {
            let limit = edge.deadline.map_or(90, |d| d.as_millis().div_ceil(1000));
            let words = [
                "wait".to_owned(),
                "--for=condition=Available".to_owned(),
                format!("deployment/{}", pod_name(&edge.needs)),
                format!("--timeout={limit}s"),
            ];
            Yaml::map([
                ("name", text(format!("wait-{i}"))),
                ("image", text(settings.wait_image.as_str())),
                ("args", List(words.into_iter().map(Text).collect())),
            ])
        })
        .collect();
    let labels = || Yaml::map([("gori-unit", text(name.as_str()))]);
    let spec = Yaml::map([
        ("serviceAccountName", text("gori-wait")),
        (
            "nodeSelector",
            Yaml::map([("kubernetes.io/hostname", text(unit.node.as_str()))]),
        ),
        ("initContainers", List(waits)),
        ("containers", List(vec![pod(container)])),
        ("volumes", List(volumes(container))),
    ]);
    let template = Yaml::map([
        ("metadata", Yaml::map([("labels", labels())])),
        ("spec", spec),
    ]);
    let body = Yaml::map([
        ("replicas", Int(1)),
        ("selector", Yaml::map([("matchLabels", labels())])),
        ("template", template),
    ]);
    object(
        "apps/v1",
        "Deployment",
        &name,
        Some(layout.name),
        vec![("spec".to_owned(), body)],
    )
}

fn is_container(layout: &Layout<'_>, at: &UnitRef) -> bool {
    layout
        .members
        .get(&at.node)
        .is_some_and(|m| m.iter().any(|u| u.name == at.unit && u.container.is_some()))
}

fn pod(container: &Container) -> Yaml {
    let env = container
        .environment
        .iter()
        // Kubernetes expands $(NAME) in values; two dollars stand for one.
        .map(|(n, v)| {
            Yaml::map([
                ("name", text(n.as_str())),
                ("value", text(v.as_str().replace('$', "$$"))),
            ])
        })
        .collect();
    let args = container
        .exec
        .iter()
        .map(|a| text(a.as_str().replace('$', "$$")))
        .collect();
    let ports = container
        .publish
        .iter()
        .map(|p| {
            Yaml::map([
                ("containerPort", Int(p.container.into())),
                ("hostPort", Int(p.host.into())),
            ])
        })
        .collect();
    let mounts = container
        .volumes
        .iter()
        .enumerate()
        .map(|(i, v)| {
            Yaml::map([
                ("name", text(format!("volume-{i}"))),
                ("mountPath", text(v.target.as_str())),
                ("readOnly", Bool(v.read_only)),
            ])
        })
        .collect();
    let added = container
        .capabilities
        .iter()
        .filter_map(|c| serde_json::to_value(c).ok()?.as_str().map(text))
        .collect();
    let security = Yaml::map([
        ("allowPrivilegeEscalation", Bool(false)),
        ("readOnlyRootFilesystem", Bool(!container.writable)),
        (
            "capabilities",
            Yaml::map([("drop", List(vec![text("ALL")])), ("add", List(added))]),
        ),
    ]);
    Yaml::map([
        ("name", text("main")),
        ("image", text(container.image.as_str())),
        ("args", List(args)),
        ("env", List(env)),
        ("ports", List(ports)),
        ("volumeMounts", List(mounts)),
        ("securityContext", security),
    ])
}

fn volumes(container: &Container) -> Vec<Yaml> {
    container
        .volumes
        .iter()
        .enumerate()
        .map(|(i, v)| {
            let path = match &v.source {
                VolumeSource::Named(name) => format!("/var/lib/gori/{name}"),
                VolumeSource::Host(path) => path.to_string(),
            };
            let host = Yaml::map([("path", text(path)), ("type", text("DirectoryOrCreate"))]);
            Yaml::map([("name", text(format!("volume-{i}"))), ("hostPath", host)])
        })
        .collect()
}
