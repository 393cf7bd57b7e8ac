//! The Ansible playbooks: bring the files, reload, enable; and stop in reverse. Modules of `ansible.builtin` alone,
//! commands as argument lists, values of the plan marked `!unsafe`.

use super::Bundle;
use super::layout::Layout;
use super::yaml::Yaml::{self, Bool, Data, Int, List, Own};
use crate::inventory::Node;

pub(super) fn render(layout: &Layout<'_>, bundle: &mut Bundle) {
    let comment = layout.comment("Ansible");
    bundle.put(
        "ansible/inventory.yml",
        inventory(layout).document(&comment),
    );
    let plays: Vec<Yaml> = layout
        .nodes
        .values()
        .filter_map(|node| play(layout, bundle, node))
        .collect();
    bundle.put("ansible/site.yml", List(plays).document(&comment));
    bundle.put("ansible/stop.yml", stop(layout).document(&comment));
    let requirements = Yaml::map([("collections", List(Vec::new()))]);
    bundle.put(
        "ansible/requirements.yml",
        requirements.document("Only ansible.builtin is used; nothing to install"),
    );
}

fn data(text: impl Into<String>) -> Yaml {
    Data(text.into())
}

fn argv<const N: usize>(words: [&str; N]) -> Yaml {
    Yaml::map([("argv", List(words.into_iter().map(data).collect()))])
}

fn inventory(layout: &Layout<'_>) -> Yaml {
    let hosts = layout
        .nodes
        .values()
        .map(|node| {
            let address = node
                .address
                .as_ref()
                .map_or(node.name.as_str(), |a| a.as_str());
            (
                node.name.to_string(),
                Yaml::map([("ansible_host", data(address))]),
            )
        })
        .collect();
    Yaml::map([("all", Yaml::map([("hosts", Yaml::Map(hosts))]))])
}

/// The files of a node, as they are in the bundle.
fn files<'b>(bundle: &'b Bundle, node: &Node) -> Vec<&'b str> {
    let prefix = format!("nodes/{}/", node.name);
    bundle
        .files()
        .map(|(p, _)| p)
        .filter(|p| p.starts_with(&prefix))
        .collect()
}

fn play(layout: &Layout<'_>, bundle: &Bundle, node: &Node) -> Option<Yaml> {
    let files = files(bundle, node);
    if files.is_empty() {
        return None;
    }
    let prefix = format!("nodes/{}", node.name);
    let on_node = |path: &str| path.strip_prefix(&prefix).unwrap_or(path).to_owned();
    let mut folders: Vec<String> = files
        .iter()
        .filter_map(|p| on_node(p).rsplit_once('/').map(|(f, _)| f.to_owned()))
        .collect();
    folders.sort();
    folders.dedup();
    let mut tasks = selinux(layout, node);
    let owner = |mut entries: Vec<(String, Yaml)>, folder: bool| {
        entries.push(("mode".into(), Own(if folder { "0755" } else { "0644" })));
        Yaml::Map(entries)
    };
    tasks.push(Yaml::map([
        ("name", Own("Make the folders")),
        (
            "ansible.builtin.file",
            owner(
                vec![
                    ("path".into(), Own("{{ item }}")),
                    ("state".into(), Own("directory")),
                ],
                true,
            ),
        ),
        ("loop", List(folders.into_iter().map(data).collect())),
    ]));
    let pairs = files
        .iter()
        .map(|p| Yaml::map([("src", data(format!("../{p}"))), ("dest", data(on_node(p)))]))
        .collect();
    tasks.push(Yaml::map([
        ("name", Own("Bring the files")),
        (
            "ansible.builtin.copy",
            owner(
                vec![
                    ("src".into(), Own("{{ item.src }}")),
                    ("dest".into(), Own("{{ item.dest }}")),
                ],
                false,
            ),
        ),
        ("loop", List(pairs)),
    ]));
    tasks.extend(services(layout, node, &files));
    let mut entries = vec![
        (
            "name".to_owned(),
            data(format!("Plan {} on {}", layout.name, node.name)),
        ),
        ("hosts".to_owned(), data(node.name.as_str())),
        ("gather_facts".to_owned(), Bool(true)),
    ];
    if let Some(user) = &node.user {
        entries.push(("become".into(), Bool(true)));
        entries.push(("become_user".into(), data(user.name.as_str())));
        let runtime = Yaml::map([("XDG_RUNTIME_DIR", data(format!("/run/user/{}", user.uid)))]);
        entries.push(("environment".into(), runtime));
    } else {
        entries.push(("become".into(), Bool(true)));
    }
    entries.push(("tasks".into(), List(tasks)));
    Some(Yaml::Map(entries))
}

/// BlueChi's own SELinux module lets controller and agents use any port by default; a machine that switched that off
/// needs the port to have BlueChi's type.
fn selinux(layout: &Layout<'_>, node: &Node) -> Vec<Yaml> {
    if node.bluechi.is_none() || node.user.is_some() {
        return Vec::new();
    }
    let port = layout.plan.inventory().bluechi.port.to_string();
    let on = || {
        Own(
            "ansible_facts.selinux is defined and ansible_facts.selinux.status | default('') == 'enabled'",
        )
    };
    let mut tasks = Vec::new();
    let (port_type, boolean) = if node.controller {
        ("bluechi_port_t", "bluechi_controller_port_bind_any")
    } else {
        ("bluechi_agent_port_t", "bluechi_agent_port_connect_any")
    };
    tasks.push(Yaml::map([
        ("name", Own("Give BlueChi's port its SELinux type")),
        (
            "ansible.builtin.command",
            argv([
                "semanage", "port", "--add", "--type", port_type, "--proto", "tcp", &port,
            ]),
        ),
        ("register", Own("gori_port")),
        ("changed_when", Own("gori_port.rc == 0")),
        (
            "failed_when",
            Own("gori_port.rc != 0 and 'already defined' not in gori_port.stderr"),
        ),
        ("when", on()),
    ]));
    tasks.push(Yaml::map([
        ("name", Own("Set BlueChi's SELinux boolean")),
        (
            "ansible.builtin.command",
            argv(["setsebool", "-P", boolean, "on"]),
        ),
        ("changed_when", Bool(true)),
        ("when", on()),
    ]));
    tasks
}

fn services(layout: &Layout<'_>, node: &Node, files: &[&str]) -> Vec<Yaml> {
    let scope = if node.user.is_some() {
        "user"
    } else {
        "system"
    };
    let module = |entries: Vec<(&str, Yaml)>| {
        let mut all: Vec<(String, Yaml)> = entries
            .into_iter()
            .map(|(k, v)| (k.to_owned(), v))
            .collect();
        all.push(("scope".into(), Own(scope)));
        Yaml::Map(all)
    };
    let task = |name: &'static str, body: Yaml| {
        Yaml::map([
            ("name", Own(name)),
            ("ansible.builtin.systemd_service", body),
        ])
    };
    let mut tasks = vec![task(
        "Read the units again",
        module(vec![("daemon_reload", Bool(true))]),
    )];
    let has = |part: &str| files.iter().any(|p| p.contains(part));
    if has("/etc/bluechi/controller.conf.d/") {
        tasks.push(task(
            "Restart the controller",
            module(vec![
                ("name", Own("bluechi-controller.service")),
                ("enabled", Bool(true)),
                ("state", Own("restarted")),
            ]),
        ));
    }
    if has("/etc/bluechi/agent.conf.d/") || has("/bluechi-agent.service.d/") {
        tasks.push(task(
            "Restart the agent",
            module(vec![
                ("name", Own("bluechi-agent.service")),
                ("enabled", Bool(true)),
                ("state", Own("restarted")),
            ]),
        ));
    }
    let own = |p: &&str| {
        let name = p.rsplit('/').next().unwrap_or_default();
        let installs = [".target", "-resync.service", ".timer"]
            .iter()
            .any(|s| name.ends_with(s))
            || name.starts_with(&format!("{}-fence-", layout.name));
        (installs && !p.contains(".d/")).then(|| name.to_owned())
    };
    for name in files.iter().filter_map(own) {
        // Enabled and not started: starting is the plan's own command, or the next boot.
        let start = !name.ends_with(".target");
        let mut body = vec![("name", data(name)), ("enabled", Bool(true))];
        if start {
            body.push(("state", Own("started")));
        }
        tasks.push(task("Enable a unit of the plan", module(body)));
    }
    tasks
}

/// On the controller's host, because only there bluechictl finds its bus. Its exit code says nothing: it waits for the
/// job, which is all that is asked of it here.
fn stop(layout: &Layout<'_>) -> Yaml {
    let Some(controller) = layout.controller() else {
        return List(Vec::new());
    };
    let mut tasks = Vec::new();
    for suffix in ["reconcile.timer", "reconcile.service"] {
        tasks.push(Yaml::map([
            ("name", Own("Stop what would start units again")),
            (
                "ansible.builtin.command",
                argv(["systemctl", "stop", &format!("{}-{suffix}", layout.name)]),
            ),
            ("failed_when", Bool(false)),
            ("changed_when", Bool(true)),
        ]));
    }
    for (i, wave) in super::stop_waves(layout.plan).into_iter().enumerate() {
        for unit in wave {
            tasks.push(Yaml::map([
                ("name", data(format!("Wave {}: stop {unit}", i + 1))),
                (
                    "ansible.builtin.command",
                    argv(["bluechictl", "stop", unit.node.as_str(), unit.unit.as_str()]),
                ),
                ("changed_when", Bool(true)),
            ]));
        }
    }
    // Last, because a target takes all its units with it at once. Without it the plan would still count as wanted.
    for target in super::keepers(layout.plan).targets {
        tasks.push(Yaml::map([
            ("name", data(format!("Stop {target}"))),
            (
                "ansible.builtin.command",
                argv([
                    "bluechictl",
                    "stop",
                    target.node.as_str(),
                    target.unit.as_str(),
                ]),
            ),
            ("changed_when", Bool(true)),
        ]));
    }
    let settle = Yaml::map([("seconds", Int(1))]);
    tasks.push(Yaml::map([
        ("name", Own("Let the last stops settle")),
        ("ansible.builtin.pause", settle),
    ]));
    List(vec![Yaml::map([
        ("name", data(format!("Stop plan {}", layout.name))),
        ("hosts", data(controller.name.as_str())),
        ("gather_facts", Bool(false)),
        ("become", Bool(true)),
        ("tasks", List(tasks)),
    ])])
}
