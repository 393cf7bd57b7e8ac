//! The README of a plan: what it does, why, what happens on failure, and what nobody promises.

use std::fmt::Write as _;

use super::Bundle;
use super::escape::markdown;
use super::layout::Layout;
use crate::forecast::Forecast;
use crate::plan::{Edge, EdgeKind, Event};

pub(super) fn render(layout: &Layout<'_>, bundle: &mut Bundle) {
    let forecast = Forecast::new(layout.plan);
    let mut text = format!("# Plan {}\n\n", layout.name);
    order(layout, &mut text);
    times(&forecast, &mut text);
    failures(layout, &forecast, &mut text);
    remarks(layout, &mut text);
    let _ = write!(text, "{}", include_str!("scripts/usage.md"));
    bundle.put("README.md", text);
    if let Ok(json) = serde_json::to_string_pretty(&forecast) {
        bundle.put("forecast.json", format!("{json}\n"));
    }
    bundle.put("graph.mmd", crate::simulate::mermaid(layout.plan));
    bundle.put("graph.dot", crate::simulate::dot(layout.plan));
}

fn order(layout: &Layout<'_>, text: &mut String) {
    text.push_str("## Order\n\n| unit | needs | how | deadline | why |\n|---|---|---|---|---|\n");
    for edge in layout.edges.values().flatten() {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} |",
            markdown(&edge.unit.to_string()),
            markdown(&edge.needs.to_string()),
            how(edge.kind),
            deadline(edge),
            edge.reason
                .as_ref()
                .map(|r| markdown(r.as_str()))
                .unwrap_or_default(),
        );
    }
    text.push('\n');
}

/// The kind of a need as a plan's file has it.
fn how(kind: EdgeKind) -> &'static str {
    match kind {
        EdgeKind::Hard => "hard",
        EdgeKind::Soft => "soft",
        EdgeKind::Succeeded => "succeeded",
        EdgeKind::Upheld => "upheld",
    }
}

/// Between nodes the gate limits every wait; on one node nothing does unless the edge says so.
fn deadline(edge: &Edge) -> String {
    match edge.deadline {
        Some(deadline) => deadline.to_string(),
        None if edge.unit.node == edge.needs.node => "none".into(),
        None => "90s (the gate's)".into(),
    }
}

fn times(forecast: &Forecast, text: &mut String) {
    let _ = write!(
        text,
        "## Forecast\n\nEverything is up {} after the start. These are numbers of the inventory and of BlueChi as \
         measured on one machine, not a real-time promise.\n\nCritical path: ",
        forecast.ready_after
    );
    let path: Vec<String> = forecast
        .critical_path
        .iter()
        .map(|u| markdown(&u.to_string()))
        .collect();
    let _ = write!(
        text,
        "{}\n\n| unit | starts | ready | slack |\n|---|---|---|---|\n",
        path.join(", then ")
    );
    for unit in &forecast.units {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} |",
            markdown(&unit.unit.to_string()),
            unit.start,
            unit.ready,
            unit.slack
        );
    }
    text.push('\n');
}

fn failures(layout: &Layout<'_>, forecast: &Forecast, text: &mut String) {
    text.push_str("## Failure\n\n");
    for reaction in &layout.plan.plan().reactions {
        let event = if reaction.event == Event::Failure {
            "fails"
        } else {
            "loses its node"
        };
        let within = reaction
            .within
            .map(|w| format!(" within {w}"))
            .unwrap_or_default();
        let (when, stop) = (
            markdown(&reaction.when.to_string()),
            markdown(&reaction.stop.to_string()),
        );
        let _ = writeln!(text, "- If {when} {event}, {stop} stops{within}.");
    }
    for blast in forecast.node_blasts.iter().filter(|b| !b.gone.is_empty()) {
        let names = |units: &[crate::name::UnitRef]| {
            if units.is_empty() {
                "nothing".to_owned()
            } else {
                units
                    .iter()
                    .map(|u| markdown(&u.to_string()))
                    .collect::<Vec<_>>()
                    .join(", ")
            }
        };
        let _ = writeln!(
            text,
            "- If {} is lost, what stops on other nodes: {}; what runs on without something it wanted: {}{}.",
            blast.node,
            names(&blast.stops),
            names(&blast.degraded),
            if blast.controller {
                "; the controller is lost too: nothing is fenced, and nothing starts between nodes"
            } else {
                ""
            }
        );
    }
    text.push('\n');
}

fn remarks(layout: &Layout<'_>, text: &mut String) {
    if layout.plan.remarks().is_empty() {
        return;
    }
    text.push_str("## Accepted and assumed\n\n");
    for remark in layout.plan.remarks() {
        let _ = writeln!(text, "- {}: {}", remark.code, markdown(&remark.why));
    }
    for accept in &layout.plan.plan().accept {
        let _ = writeln!(
            text,
            "- {} is accepted: {}",
            accept.code,
            markdown(accept.reason.as_str())
        );
    }
    text.push('\n');
}
