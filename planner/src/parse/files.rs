//! Every file beneath `nodes/`, by its place.

use std::collections::{BTreeMap, BTreeSet};

use super::text::{Line, lines};
use super::{Deployed, DeployedEdge, DeployedReaction, ParseError};
use crate::name::{NodeName, PlanName, Text, UnitName, UnitRef};
use crate::plan::{EdgeKind, Event};
use crate::quantity::Span;
use crate::render::Bundle;
use crate::render::ini::Key;

/// Scripts are constants; nothing else may be executed.
const SCRIPTS: [(&str, &str); 3] = [
    ("resync.sh", include_str!("../render/scripts/resync.sh")),
    ("fence.sh", include_str!("../render/scripts/fence.sh")),
    (
        "reconcile.sh",
        include_str!("../render/scripts/reconcile.sh"),
    ),
];

#[derive(Default)]
struct Found {
    name: Option<PlanName>,
    start: BTreeSet<UnitRef>,
    members: BTreeSet<UnitRef>,
    edges: BTreeMap<(UnitRef, UnitRef), DeployedEdge>,
    deadlines: BTreeMap<(NodeName, UnitRef), Span>,
    fences: BTreeSet<(NodeName, NodeName, String)>,
    reconciled: BTreeSet<(UnitRef, UnitRef)>,
    reactions: BTreeSet<DeployedReaction>,
    reconcile: Option<Span>,
    access: BTreeMap<String, BTreeSet<String>>,
    containers: BTreeMap<UnitRef, crate::inventory::Container>,
}

type Outcome = Result<(), String>;

pub(super) fn parse(bundle: &Bundle) -> Result<Deployed, ParseError> {
    let mut found = Found::default();
    // The targets first: they name the plan.
    let mut files: Vec<(&str, &str)> = bundle
        .files()
        .filter(|(p, _)| p.starts_with("nodes/"))
        .collect();
    files.sort_by_key(|(p, _)| (!p.ends_with(".target"), *p));
    for (path, content) in files {
        let wrong = |message: String| ParseError {
            path: path.to_owned(),
            message,
        };
        let rest = path.strip_prefix("nodes/").unwrap_or(path);
        let (node, inner) = rest
            .split_once('/')
            .ok_or_else(|| wrong("is beside the nodes".into()))?;
        let node = NodeName::parse(node).map_err(|e| wrong(e.to_string()))?;
        file(&mut found, &node, inner, content).map_err(wrong)?;
    }
    finish(found)
}

fn finish(mut found: Found) -> Result<Deployed, ParseError> {
    let wrong = |message: &str| ParseError {
        path: "nodes".into(),
        message: message.into(),
    };
    for ((unit, needs), edge) in &mut found.edges {
        edge.deadline = found
            .deadlines
            .remove(&(unit.node.clone(), needs.clone()))
            .or(edge.deadline);
    }
    // A deadline belongs to every edge of its node to its target; fill in those that came after the first.
    let by_pair: BTreeMap<_, _> = found
        .edges
        .iter()
        .filter_map(|((u, n), e)| Some(((u.node.clone(), n.clone()), e.deadline?)))
        .collect();
    for ((unit, needs), edge) in &mut found.edges {
        edge.deadline = by_pair.get(&(unit.node.clone(), needs.clone())).copied();
        edge.fenced = edge.kind.is_hard()
            && unit.node != needs.node
            && found
                .fences
                .contains(&(needs.node.clone(), unit.node.clone(), needs.proxy()));
    }
    if !found.deadlines.is_empty() {
        return Err(wrong(
            "there is a deadline for something that nothing needs",
        ));
    }
    let hard: BTreeSet<_> = found
        .edges
        .iter()
        .filter(|(_, e)| e.kind.is_hard())
        .map(|(k, _)| k.clone())
        .collect();
    if found.reconcile.is_some() && found.reconciled != hard {
        return Err(wrong("the reconciler's list is not that of the hard edges"));
    }
    Ok(Deployed {
        name: found
            .name
            .ok_or_else(|| wrong("there is no target and so no plan"))?,
        start: found.start,
        members: found.members,
        edges: found.edges,
        reactions: found.reactions,
        reconcile: found.reconcile,
        access: found.access,
        containers: found.containers,
    })
}

fn text<E: std::fmt::Display>(e: E) -> String {
    e.to_string()
}

fn file(found: &mut Found, node: &NodeName, path: &str, content: &str) -> Outcome {
    let read = || lines(path, content).map_err(|e| e.message);
    if let Some(rest) = path.strip_prefix("etc/bluechi/") {
        return bluechi(found, rest, &read()?);
    }
    if let Some(rest) = path.strip_prefix("etc/containers/systemd/") {
        let name = rest.rsplit('/').next().unwrap_or(rest);
        if let Some(stem) = name.strip_suffix(".container") {
            let unit = UnitName::parse(&format!("{stem}.service")).map_err(text)?;
            let container = super::container::parse(path, &read()?).map_err(|e| e.message)?;
            found
                .containers
                .insert(UnitRef::new(node.clone(), unit), container);
            return Ok(());
        }
        return if name.ends_with(".volume") {
            read().map(|_| ())
        } else {
            Err("is no Quadlet file of a plan".into())
        };
    }
    if let Some((_, name)) = path
        .rsplit_once("lib/gori/")
        .and_then(|(_, r)| r.split_once('/'))
    {
        return library(found, name, content);
    }
    let inner = path
        .strip_prefix("etc/systemd/system/")
        .or_else(|| path.rsplit_once(".config/systemd/user/").map(|(_, r)| r))
        .ok_or("is in no folder of a plan")?;
    match inner.split_once(".d/") {
        Some((unit, name)) => drop_in(found, node, unit, name, &read()?),
        None => unit(found, node, inner, &read()?),
    }
}

fn library(found: &mut Found, name: &str, content: &str) -> Outcome {
    if let Some((_, script)) = SCRIPTS.iter().find(|(n, _)| *n == name) {
        return if *script == content {
            Ok(())
        } else {
            Err("the script is not the one gori writes".into())
        };
    }
    for line in content.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        match (name, words.as_slice()) {
            ("fence.list", [lost, source, proxy]) => {
                let node = |n: &str| NodeName::parse(n).map_err(text);
                found
                    .fences
                    .insert((node(lost)?, node(source)?, (*proxy).to_owned()));
            }
            ("reconcile.list", [n, u, needed_node, needed_unit]) => {
                let at = |n: &str, u: &str| UnitRef::parse(&format!("{n}/{u}")).map_err(text);
                found
                    .reconciled
                    .insert((at(n, u)?, at(needed_node, needed_unit)?));
            }
            _ => return Err(format!("{line:?} is no line of {name}")),
        }
    }
    Ok(())
}

/// A unit of the plan's own: its target, and its helpers.
fn unit(found: &mut Found, node: &NodeName, file: &str, lines: &[Line]) -> Outcome {
    if let Some(stem) = file.strip_suffix(".target") {
        found.name = Some(PlanName::parse(stem).map_err(text)?);
        for line in lines {
            let at = |name: &str| {
                UnitName::parse(name)
                    .map(|u| UnitRef::new(node.clone(), u))
                    .map_err(text)
            };
            match (line.section.as_str(), line.key) {
                ("Unit", Key::Wants) => {
                    found.members.insert(at(&line.value)?);
                }
                ("X-Gori", Key::Root) => {
                    found.start.insert(at(&line.value)?);
                }
                ("X-Gori", Key::Reaction) => {
                    found.reactions.insert(reaction(node, &line.value)?);
                }
                ("Unit", Key::Description) | ("Install", Key::WantedBy) => {}
                (section, key) => {
                    return Err(format!(
                        "{} in [{section}] does not belong there",
                        key.as_str()
                    ));
                }
            }
        }
        return Ok(());
    }
    let plan = found
        .name
        .as_ref()
        .map(PlanName::as_str)
        .unwrap_or_default();
    let helper = file
        .strip_prefix(plan)
        .and_then(|f| f.strip_prefix('-'))
        .ok_or("is no unit of the plan")?;
    if !(helper.starts_with("fence-")
        || ["resync.service", "reconcile.service", "reconcile.timer"].contains(&helper))
    {
        return Err("is no unit of the plan".into());
    }
    for line in lines {
        match line.key {
            Key::ExecStart => {
                let command = line
                    .value
                    .strip_prefix("/bin/sh /")
                    .ok_or("runs something else than a script of gori")?;
                let script = command
                    .split(' ')
                    .next()
                    .and_then(|p| p.rsplit('/').next())
                    .unwrap_or_default();
                if !command.contains("lib/gori/") || !SCRIPTS.iter().any(|(n, _)| *n == script) {
                    return Err("runs something else than a script of gori".into());
                }
            }
            Key::OnUnitActiveSec => found.reconcile = Some(line.value.parse().map_err(text)?),
            Key::ExecStartPre | Key::ExecStopPost => {
                return Err("runs something else besides".into());
            }
            _ => {}
        }
    }
    Ok(())
}

fn reaction(node: &NodeName, value: &str) -> Result<DeployedReaction, String> {
    let words: Vec<&str> = value.split(' ').collect();
    let [stop, when, event, within] = words.as_slice() else {
        return Err(format!("{value:?} is no reaction"));
    };
    Ok(DeployedReaction {
        stop: UnitRef::new(node.clone(), UnitName::parse(stop).map_err(text)?),
        when: UnitRef::parse(when).map_err(text)?,
        event: match *event {
            "failure" => Event::Failure,
            "node-loss" => Event::NodeLoss,
            other => return Err(format!("{other} is no event")),
        },
        within: if *within == "-" {
            None
        } else {
            Some(within.parse().map_err(text)?)
        },
    })
}

fn drop_in(found: &mut Found, node: &NodeName, unit: &str, name: &str, lines: &[Line]) -> Outcome {
    let plan = found
        .name
        .clone()
        .ok_or("there is no target and so no plan")?;
    let only = |allowed: &[Key]| match lines.iter().find(|l| !allowed.contains(&l.key)) {
        Some(line) => Err(format!("{}= does not belong there", line.key.as_str())),
        None => Ok(()),
    };
    if unit == "bluechi-proxy@.service" && name == format!("50-{plan}-gate.conf") {
        return only(&[
            Key::Wants,
            Key::After,
            Key::ExecStartPre,
            Key::ExecStopPost,
            Key::TimeoutStartSec,
        ]);
    }
    if unit == "bluechi-agent.service" && name == format!("50-{plan}.conf") {
        return only(&[Key::ExecStart]);
    }
    if name == format!("60-{plan}-deadline.conf") {
        only(&[Key::TimeoutStartSec, Key::JobTimeoutSec])?;
        let [line] = lines else {
            return Err("there has to be one deadline".into());
        };
        let deadline = line.value.parse().map_err(text)?;
        found
            .deadlines
            .insert((node.clone(), needed(node, unit)?), deadline);
        return Ok(());
    }
    if name == format!("50-{plan}-settings.conf") {
        return only(&[
            Key::MemoryMax,
            Key::CPUAffinity,
            Key::CPUWeight,
            Key::CPUSchedulingPolicy,
            Key::RestartMode,
        ]);
    }
    if name != format!("50-{plan}.conf") {
        return Err("is no drop-in of the plan".into());
    }
    let source = UnitRef::new(node.clone(), UnitName::parse(unit).map_err(text)?);
    edges(found, node, &source, lines)
}

/// The unit that a name means on a node: a proxy stands for a unit elsewhere.
fn needed(node: &NodeName, name: &str) -> Result<UnitRef, String> {
    if let Some(instance) = name.strip_prefix("bluechi-proxy@") {
        let (node, unit) = instance
            .split_once('_')
            .ok_or("No underscore in the name of the proxy")?;
        return UnitRef::parse(&format!("{node}/{unit}")).map_err(text);
    }
    Ok(UnitRef::new(
        node.clone(),
        UnitName::parse(name).map_err(text)?,
    ))
}

fn edges(found: &mut Found, node: &NodeName, source: &UnitRef, lines: &[Line]) -> Outcome {
    let mut after = BTreeSet::new();
    let mut strong = BTreeSet::new();
    for line in lines {
        let kind = match line.key {
            Key::BindsTo => EdgeKind::Hard,
            Key::Wants => EdgeKind::Soft,
            Key::Requires => EdgeKind::Succeeded,
            Key::Upholds => EdgeKind::Upheld,
            Key::After => {
                after.insert(line.value.clone());
                continue;
            }
            Key::PartOf => continue,
            key => return Err(format!("{}= does not belong there", key.as_str())),
        };
        strong.insert(line.value.clone());
        let reason = line
            .reason
            .as_deref()
            .map(Text::parse)
            .transpose()
            .map_err(text)?;
        let edge = DeployedEdge {
            kind,
            deadline: None,
            fenced: false,
            reason,
        };
        found
            .edges
            .insert((source.clone(), needed(node, &line.value)?), edge);
    }
    if after == strong {
        Ok(())
    } else {
        Err("what is needed and what is waited for are not the same".into())
    }
}

fn bluechi(found: &mut Found, path: &str, lines: &[Line]) -> Outcome {
    if !(path.starts_with("controller.conf.d/") || path.starts_with("agent.conf.d/")) {
        return Err("is no configuration of a plan".into());
    }
    for line in lines.iter().filter(|l| l.key == Key::AllowDependenciesOn) {
        let node = line
            .section
            .strip_prefix("node ")
            .ok_or("access belongs into the section of a node")?;
        if line.value.contains(' ') {
            return Err("BlueChi would read the blank in the list as part of a name".into());
        }
        found.access.insert(
            node.to_owned(),
            line.value.split(',').map(str::to_owned).collect(),
        );
    }
    Ok(())
}
