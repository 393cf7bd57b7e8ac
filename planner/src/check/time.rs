//! Deadlines against the critical path.

use std::collections::HashMap;

use super::{View, roots};
use crate::code::Code;
use crate::forecast::{Calibration, Schedule};
use crate::quantity::Span;

pub(super) fn check(view: &mut View<'_>) {
    start_timeouts(view);
    conflicts(view);
    let Ok(order) = view.graph.order() else {
        return;
    };
    let roots: Vec<usize> = roots(view.inventory, view.plan, view.graph)
        .iter()
        .filter_map(|r| view.graph.index.get(r).copied())
        .collect();
    let calibration = Calibration::default();
    let schedule = Schedule::new(
        view.inventory,
        view.plan,
        view.graph,
        &order,
        &roots,
        &calibration,
    );
    deadlines(view, &schedule, calibration.hop_bound());
    assumed(view, &schedule);
}

fn start_timeouts(view: &mut View<'_>) {
    let inventory = view.inventory;
    for (i, unit) in inventory.units.iter().enumerate() {
        if let (Some(takes), Some(may)) = (unit.start_time, unit.start_timeout)
            && takes >= may
        {
            view.say(
                Code::StartTimeout,
                format!("inventory.units[{i}].start_timeout"),
                format!("{} takes {takes} to start and systemd gives up after {may}, so it never becomes active", unit.at()),
                "raise the unit's TimeoutStartSec=",
            );
        }
    }
}

/// All units of one node that need the same target share one proxy, and a proxy has one timeout.
fn conflicts(view: &mut View<'_>) {
    let plan = view.plan;
    let mut seen = HashMap::new();
    for (i, edge) in plan.edges.iter().enumerate() {
        let Some(deadline) = edge.deadline else {
            continue;
        };
        let (first, other) = *seen
            .entry((&edge.unit.node, &edge.needs))
            .or_insert((i, deadline));
        if other != deadline {
            view.say(
                Code::DeadlineConflict,
                format!("plan.edges[{i}].deadline"),
                format!(
                    "edge {first} gives {} {other} and this one {deadline}, but both wait on {} through one unit, which \
                     has one timeout",
                    edge.needs, edge.unit.node
                ),
                "give both edges the same deadline",
            );
        }
    }
}

fn deadlines(view: &mut View<'_>, schedule: &Schedule, hop: Span) {
    let plan = view.plan;
    for (i, edge) in plan.edges.iter().enumerate() {
        let Some(deadline) = edge.deadline else {
            continue;
        };
        let path = format!("plan.edges[{i}].deadline");
        let cross = edge.unit.node != edge.needs.node;
        if cross && deadline < hop {
            view.say(
                Code::DeadlineBelowHop,
                path,
                format!("a proxy takes up to {hop} even for a target that is already up, so {deadline} would fail at random"),
                format!("give {hop} and what the target itself needs"),
            );
            continue;
        }
        let Some(wait) = schedule.wait(i).filter(|wait| *wait > deadline) else {
            continue;
        };
        let via = view
            .graph
            .index
            .get(&edge.needs)
            .map(|u| schedule.path_to(*u))
            .unwrap_or_default()
            .iter()
            .filter_map(|u| view.inventory.units.get(*u).map(|u| u.at().to_string()))
            .collect::<Vec<_>>()
            .join(", then ");
        view.say(
            Code::DeadlineMissed,
            path,
            format!("{} is active {wait} after it was asked for ({via}), and the proxy gives up after {deadline}", edge.needs),
            format!("allow {wait} and some room, or shorten what it waits for"),
        );
    }
    if let Some(within) = plan.policy.ready_within
        && let Some(end) = schedule.end().filter(|end| *end > within)
    {
        view.say(
            Code::PlanDeadline,
            "plan.policy.ready_within",
            format!("the critical path takes {end}, so not everything is active within {within}"),
            "shorten the critical path, or allow more",
        );
    }
}

fn assumed(view: &mut View<'_>, schedule: &Schedule) {
    let inventory = view.inventory;
    for (i, unit) in inventory.units.iter().enumerate() {
        if unit.start_time.is_none() && schedule.ready(i).is_some() {
            view.say(
                Code::StartTimeAssumed,
                format!("inventory.units[{i}].start_time"),
                format!(
                    "nobody said how long {} takes to start; the forecast assumes {}",
                    unit.at(),
                    crate::forecast::ASSUMED_START
                ),
                "measure it and write it down",
            );
        }
    }
}
