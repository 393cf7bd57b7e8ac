//! Drop-ins, targets, and the units that keep the plan true: gate, deadlines, resync, fence, reconciler.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::Bundle;
use super::ini::{Ini, Key};
use super::layout::Layout;
use crate::inventory::{Node, Scheduling, Unit};
use crate::name::UnitRef;
use crate::plan::{Edge, Event, Plan};

/// The gate's limit for a proxy whose edge has no deadline of its own.
const GATE_TIMEOUT: &str = "90s";

/// systemd gives up a unit that was started five times in ten seconds. A reconciler that looks every second is, and so
/// is a watcher whose controller is away.
const UNLIMITED: &str = "0";

const POLL_SYSTEM: &str = "/bin/sh -c 'until bluechi-is-online agent; do sleep 0.05; done'";
/// bluechi-is-online asks the system's agent alone.
const POLL_USER: &str = "/bin/sh -c 'until busctl --user get-property org.eclipse.bluechi.Agent /org/eclipse/bluechi org.eclipse.bluechi.Agent Status | grep -q online; do sleep 0.05; done'";

pub(super) fn render(layout: &Layout<'_>, bundle: &mut Bundle) {
    for (name, units) in &layout.members {
        let Some(node) = layout.nodes.get(name) else {
            continue;
        };
        target(layout, bundle, node, units);
        for unit in units {
            edges(layout, bundle, node, unit);
            settings(layout, bundle, node, unit);
        }
        stubs(bundle, node, units);
    }
    deadlines(layout, bundle);
    let with_proxies: BTreeSet<_> = layout.cross().map(|e| &e.unit.node).collect();
    for name in with_proxies {
        if let Some(node) = layout.nodes.get(name) {
            gate(layout, bundle, node);
            resync(layout, bundle, node);
        }
    }
    if let Some(controller) = layout.controller() {
        fence(layout, bundle, controller);
        reconcile(layout, bundle, controller);
    }
}

/// The name by which a unit is needed on a node: itself at home, its proxy elsewhere.
pub(crate) fn needed_as(edge: &Edge) -> String {
    if edge.unit.node == edge.needs.node {
        edge.needs.unit.to_string()
    } else {
        edge.needs.proxy()
    }
}

fn target(layout: &Layout<'_>, bundle: &mut Bundle, node: &Node, units: &[&Unit]) {
    let mut ini = Ini::new(&layout.comment("its units on this node"));
    ini.section("Unit").set(
        Key::Description,
        format!("Plan {} on {}", layout.name, node.name),
    );
    for unit in units {
        ini.set(Key::Wants, unit.name.as_str());
    }
    // systemd skips sections that begin with X-; here they keep what has no directive.
    ini.section("X-Gori");
    for unit in units.iter().filter(|u| layout.roots.contains(&u.at())) {
        ini.set(Key::Root, unit.name.as_str());
    }
    for reaction in layout
        .plan
        .plan()
        .reactions
        .iter()
        .filter(|r| r.stop.node == node.name)
    {
        let event = if reaction.event == Event::Failure {
            "failure"
        } else {
            "node-loss"
        };
        let within = reaction
            .within
            .map_or_else(|| "-".to_owned(), |w| w.to_string());
        ini.set(
            Key::Reaction,
            format!("{} {} {event} {within}", reaction.stop.unit, reaction.when),
        );
    }
    ini.section("Install").set(
        Key::WantedBy,
        if node.user.is_some() {
            "default.target"
        } else {
            "multi-user.target"
        },
    );
    bundle.put(
        format!("{}/{}.target", layout.units(node), layout.name),
        ini.done(),
    );
}

fn edges(layout: &Layout<'_>, bundle: &mut Bundle, node: &Node, unit: &Unit) {
    let mut ini = Ini::new(&layout.comment(&format!("what {} needs", unit.name)));
    ini.section("Unit")
        .set(Key::PartOf, format!("{}.target", layout.name));
    for edge in layout.edges.get(&unit.at()).into_iter().flatten() {
        if let Some(reason) = &edge.reason {
            ini.reason(reason.as_str());
        }
        let name = needed_as(edge);
        let key = Key::find(edge.kind.directive()).unwrap_or(Key::BindsTo);
        ini.set(key, &name).set(Key::After, &name);
    }
    bundle.put(
        format!(
            "{}/{}.d/50-{}.conf",
            layout.units(node),
            unit.name,
            layout.name
        ),
        ini.done(),
    );
}

/// Resources and restart behaviour of a unit that is installed already.
fn settings(layout: &Layout<'_>, bundle: &mut Bundle, node: &Node, unit: &Unit) {
    if unit.container.is_some() {
        return;
    }
    let mut ini = Ini::new(&layout.comment(&format!("what {} may use", unit.name)));
    ini.section("Service");
    let before = ini.len();
    resources(&mut ini, unit);
    if ini.len() > before {
        let path = format!(
            "{}/{}.d/50-{}-settings.conf",
            layout.units(node),
            unit.name,
            layout.name
        );
        bundle.put(path, ini.done());
    }
}

pub(super) fn resources(ini: &mut Ini, unit: &Unit) {
    let resources = &unit.resources;
    ini.maybe(
        Key::MemoryMax,
        resources.memory_max.map(|b| b.get().to_string()),
    );
    if !resources.cpu_affinity.is_empty() {
        let cpus: Vec<String> = resources.cpu_affinity.iter().map(u32::to_string).collect();
        ini.set(Key::CPUAffinity, cpus.join(" "));
    }
    ini.maybe(
        Key::CPUWeight,
        resources.cpu_weight.map(|w| u16::from(w).to_string()),
    );
    let policy = resources.scheduling.map(|s| match s {
        Scheduling::Fifo => "fifo",
        Scheduling::Rr => "rr",
        Scheduling::Batch => "batch",
    });
    ini.maybe(Key::CPUSchedulingPolicy, policy.map(str::to_owned));
    ini.maybe(
        Key::RestartMode,
        unit.restart_direct.then(|| "direct".to_owned()),
    );
}

/// A proxy's timeout is that of its unit; on the unit's own node the job has one. The names begin with 60 because
/// drop-ins of template and instance are read together in the order of their names, and the gate's is 50.
fn deadlines(layout: &Layout<'_>, bundle: &mut Bundle) {
    for edge in &layout.plan.plan().edges {
        let Some(deadline) = edge.deadline else {
            continue;
        };
        let Some(node) = layout.nodes.get(&edge.unit.node) else {
            continue;
        };
        let mut ini = Ini::new(&layout.comment(&format!("how long {} may take", edge.needs)));
        if edge.unit.node == edge.needs.node {
            ini.section("Unit")
                .set(Key::JobTimeoutSec, deadline.to_string());
        } else {
            ini.section("Service")
                .set(Key::TimeoutStartSec, deadline.to_string());
        }
        let path = format!(
            "{}/{}.d/60-{}-deadline.conf",
            layout.units(node),
            needed_as(edge),
            layout.name
        );
        bundle.put(path, ini.done());
    }
}

fn gate(layout: &Layout<'_>, bundle: &mut Bundle, node: &Node) {
    let user = node.user.is_some();
    let mut ini =
        Ini::new(&layout.comment("no proxy before its agent is online, and none without a limit"));
    ini.section("Unit")
        .set(Key::Wants, "bluechi-agent.service")
        .set(Key::After, "bluechi-agent.service");
    let option = if user { " --user" } else { "" };
    ini.section("Service")
        .set(
            Key::ExecStartPre,
            if user { POLL_USER } else { POLL_SYSTEM },
        )
        .set(
            Key::ExecStopPost,
            format!("-/usr/libexec/bluechi-proxy{option} remove %i.service"),
        )
        .set(Key::TimeoutStartSec, GATE_TIMEOUT);
    bundle.put(
        format!(
            "{}/bluechi-proxy@.service.d/50-{}-gate.conf",
            layout.units(node),
            layout.name
        ),
        ini.done(),
    );
}

/// The sandbox of the plan's own helpers.
fn helper(ini: &mut Ini) {
    ini.set(Key::NoNewPrivileges, "yes")
        .set(Key::ProtectSystem, "strict")
        .set(Key::PrivateTmp, "yes");
}

fn put_script(
    layout: &Layout<'_>,
    bundle: &mut Bundle,
    node: &Node,
    name: &str,
    text: &str,
) -> String {
    let path = format!("{}/{name}", layout.library(node));
    bundle.put(format!("nodes/{}{path}", node.name), text.to_owned());
    path
}

fn resync(layout: &Layout<'_>, bundle: &mut Bundle, node: &Node) {
    let script = put_script(
        layout,
        bundle,
        node,
        "resync.sh",
        include_str!("scripts/resync.sh"),
    );
    let user = node.user.is_some();
    let mut ini = Ini::new(
        &layout
            .comment("proxies are deaf after every reconnect of the agent; this makes them anew"),
    );
    ini.section("Unit")
        .set(
            Key::Description,
            format!("Resync of the proxies of plan {}", layout.name),
        )
        .set(Key::After, "bluechi-agent.service")
        .set(Key::StartLimitIntervalSec, UNLIMITED);
    ini.section("Service")
        .set(Key::Type, "exec")
        .set(
            Key::ExecStart,
            format!("/bin/sh {script}{}", if user { " --user" } else { "" }),
        )
        .set(Key::Restart, "always")
        .set(Key::RestartSec, "1s");
    if !user {
        helper(&mut ini);
    }
    ini.section("Install").set(
        Key::WantedBy,
        if user {
            "default.target"
        } else {
            "multi-user.target"
        },
    );
    bundle.put(
        format!("{}/{}-resync.service", layout.units(node), layout.name),
        ini.done(),
    );
}

/// One watcher for each node whose loss has to stop something elsewhere.
fn fence(layout: &Layout<'_>, bundle: &mut Bundle, controller: &Node) {
    let mut lines: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for edge in layout.cross().filter(|e| layout.fenced(e)) {
        let line = format!(
            "{} {} {}",
            edge.needs.node,
            edge.unit.node,
            edge.needs.proxy()
        );
        lines
            .entry(edge.needs.node.to_string())
            .or_default()
            .insert(line);
    }
    // The controller cannot outlive its own node to fence it.
    lines.remove(controller.name.as_str());
    if lines.is_empty() {
        return;
    }
    let script = put_script(
        layout,
        bundle,
        controller,
        "fence.sh",
        include_str!("scripts/fence.sh"),
    );
    let list = put_script(
        layout,
        bundle,
        controller,
        "fence.list",
        &join(lines.values().flatten()),
    );
    for node in lines.keys() {
        let mut ini = Ini::new(&layout.comment(&format!("what has to stop when {node} is lost")));
        ini.section("Unit")
            .set(
                Key::Description,
                format!("Fence of plan {} for {node}", layout.name),
            )
            .set(Key::After, "bluechi-controller.service")
            .set(Key::StartLimitIntervalSec, UNLIMITED);
        ini.section("Service")
            .set(Key::Type, "exec")
            .set(Key::ExecStart, format!("/bin/sh {script} {node} {list}"))
            .set(Key::Restart, "always")
            .set(Key::RestartSec, "1s");
        helper(&mut ini);
        ini.section("Install")
            .set(Key::WantedBy, "multi-user.target");
        bundle.put(
            format!(
                "{}/{}-fence-{node}.service",
                layout.units(controller),
                layout.name
            ),
            ini.done(),
        );
    }
}

fn join<'s>(lines: impl Iterator<Item = &'s String>) -> String {
    lines.fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "{line}");
        text
    })
}

fn reconcile(layout: &Layout<'_>, bundle: &mut Bundle, controller: &Node) {
    let plan: &Plan = layout.plan.plan();
    let hard: BTreeSet<(&UnitRef, &UnitRef)> = plan
        .edges
        .iter()
        .filter(|e| e.kind.is_hard())
        .map(|e| (&e.unit, &e.needs))
        .collect();
    let Some(every) = layout.reconciles() else {
        return;
    };
    let lines: Vec<String> = hard
        .iter()
        .map(|(u, n)| format!("{} {} {} {}", u.node, u.unit, n.node, n.unit))
        .collect();
    let script = put_script(
        layout,
        bundle,
        controller,
        "reconcile.sh",
        include_str!("scripts/reconcile.sh"),
    );
    let list = put_script(
        layout,
        bundle,
        controller,
        "reconcile.list",
        &join(lines.iter()),
    );
    let units = layout.units(controller);
    let mut ini =
        Ini::new(&layout.comment("brings back what stopped with something that is up again"));
    ini.section("Unit")
        .set(
            Key::Description,
            format!("Reconciler of plan {}", layout.name),
        )
        .set(Key::After, "bluechi-controller.service")
        .set(Key::StartLimitIntervalSec, UNLIMITED);
    ini.section("Service")
        .set(Key::Type, "oneshot")
        .set(
            Key::ExecStart,
            format!("/bin/sh {script} {}.target {list}", layout.name),
        )
        .set(Key::TimeoutStartSec, GATE_TIMEOUT);
    helper(&mut ini);
    bundle.put(
        format!("{units}/{}-reconcile.service", layout.name),
        ini.done(),
    );
    let mut ini = Ini::new(&layout.comment("when the reconciler looks"));
    ini.section("Unit").set(
        Key::Description,
        format!("Reconciler of plan {}", layout.name),
    );
    ini.section("Timer")
        .set(Key::OnActiveSec, every.to_string())
        .set(Key::OnUnitActiveSec, every.to_string())
        .set(Key::AccuracySec, "50ms")
        .set(Key::Unit, format!("{}-reconcile.service", layout.name));
    ini.section("Install").set(Key::WantedBy, "timers.target");
    bundle.put(
        format!("{units}/{}-reconcile.timer", layout.name),
        ini.done(),
    );
}

/// What verify.sh puts in the place of what is installed on the node and not on the machine that checks.
fn stubs(bundle: &mut Bundle, node: &Node, units: &[&Unit]) {
    let folder = format!("verify/{}", node.name);
    let stub = "[Unit]\nDescription=Stub for verify.sh\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n";
    for unit in units {
        let text = match unit.name.as_str().rsplit_once('.') {
            Some((_, "service")) => stub,
            Some((_, "socket")) => "[Socket]\nListenStream=/run/gori-stub.sock\nAccept=yes\n",
            Some((_, "target")) => "[Unit]\nDescription=Stub for verify.sh\n",
            _ => continue,
        };
        bundle.put(format!("{folder}/{}", unit.name), text.to_owned());
    }
    for name in [
        "bluechi-agent.service",
        "bluechi-controller.service",
        "bluechi-proxy@.service",
        "bluechi-dep@.service",
    ] {
        bundle.put(format!("{folder}/{name}"), stub.to_owned());
    }
}
