//! Stopping everything, in the reverse of the order of starting.

use super::Bundle;
use super::layout::Layout;
use crate::check::Checked;
use crate::name::{UnitName, UnitRef};
use crate::plan::Plan;

/// Waves of units to stop: every unit is in a later wave than all that need it.
#[must_use]
pub fn stop_waves(plan: &Checked<Plan>) -> Vec<Vec<UnitRef>> {
    let mut waves = start_waves(plan);
    waves.reverse();
    waves
}

/// Waves of units to start: every unit is in a later wave than all that it needs.
pub(crate) fn start_waves(plan: &Checked<Plan>) -> Vec<Vec<UnitRef>> {
    let graph = plan.graph();
    let layout = Layout::new(plan);
    let count = plan.inventory().units.len();
    let mut depth = vec![0_usize; count];
    let mut waves: Vec<Vec<UnitRef>> = Vec::new();
    for &unit in plan.order() {
        let deepest = graph
            .needs_of(unit)
            .iter()
            .filter_map(|a| depth.get(a.to).map(|d| d + 1))
            .max()
            .unwrap_or(0);
        if let Some(slot) = depth.get_mut(unit) {
            *slot = deepest;
        }
        let Some(at) = plan.unit(unit).map(crate::inventory::Unit::at) else {
            continue;
        };
        let member = layout
            .members
            .get(&at.node)
            .is_some_and(|m| m.iter().any(|u| u.name == at.unit));
        if member {
            if waves.len() <= deepest {
                waves.resize(deepest + 1, Vec::new());
            }
            if let Some(wave) = waves.get_mut(deepest) {
                wave.push(at);
            }
        }
    }
    waves.retain(|w| !w.is_empty());
    for wave in &mut waves {
        wave.sort();
    }
    waves
}

/// What keeps a running plan true, beside its units.
pub(crate) struct Keepers {
    /// The plan's target on each node. The reconciler brings units back only where it is active.
    pub targets: Vec<UnitRef>,
    /// What starts the reconciler, and the reconciler itself.
    pub reconciler: Option<[UnitRef; 2]>,
}

pub(crate) fn keepers(plan: &Checked<Plan>) -> Keepers {
    let layout = Layout::new(plan);
    let named = |node: &crate::name::NodeName, suffix: &str| {
        let unit = UnitName::parse(&format!("{}{suffix}", layout.name)).ok()?;
        Some(UnitRef::new(node.clone(), unit))
    };
    let reconciler = || {
        layout.reconciles()?;
        let node = &layout.controller()?.name;
        Some([
            named(node, "-reconcile.timer")?,
            named(node, "-reconcile.service")?,
        ])
    };
    Keepers {
        targets: layout
            .members
            .keys()
            .filter_map(|node| named(node, ".target"))
            .collect(),
        reconciler: reconciler(),
    }
}

pub(super) fn render(layout: &Layout<'_>, bundle: &mut Bundle) {
    let waves = stop_waves(layout.plan);
    let text = serde_json::to_string_pretty(&waves).unwrap_or_default();
    bundle.put("stop.json", format!("{text}\n"));
}
