//! What can be said without running anything: when each unit starts and is ready, the critical path, the slack to
//! each deadline, and how far each failure reaches.

mod blast;
mod calibration;
mod schedule;

use serde::Serialize;

use crate::check::Checked;
use crate::name::UnitRef;
use crate::plan::Plan;
use crate::quantity::Span;

pub use blast::{Blast, NodeBlast};
pub use calibration::{ASSUMED_START, Calibration};
pub(crate) use schedule::Schedule;

/// The forecast of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Forecast {
    /// Every unit that starts, in the order of starting.
    pub units: Vec<UnitTimes>,
    /// The chain of units that decides when everything is up, first to last.
    pub critical_path: Vec<UnitRef>,
    /// When everything is up.
    pub ready_after: Span,
    /// Every edge that has a deadline.
    pub deadlines: Vec<DeadlineSlack>,
    /// What stops when a unit fails; only units whose failure stops something else.
    pub unit_blasts: Vec<Blast>,
    /// What happens when a node is lost.
    pub node_blasts: Vec<NodeBlast>,
}

/// The times of one unit, counted from the start of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnitTimes {
    /// The unit.
    pub unit: UnitRef,
    /// When its start job exists.
    pub requested: Span,
    /// When it begins to start.
    pub start: Span,
    /// When it is active.
    pub ready: Span,
    /// How much longer it might take before everything would be up later.
    pub slack: Span,
}

/// How much room a deadline leaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeadlineSlack {
    /// The edge's index in the plan.
    pub edge: usize,
    /// The unit that waits.
    pub unit: UnitRef,
    /// The unit it waits for.
    pub needs: UnitRef,
    /// The deadline.
    pub deadline: Span,
    /// How long the wait is.
    pub wait: Span,
    /// What is left.
    pub slack: Span,
}

impl Forecast {
    /// Forecasts a plan with the times measured on real BlueChi.
    #[must_use]
    pub fn new(plan: &Checked<Plan>) -> Self {
        Self::with(plan, &Calibration::default())
    }

    /// Forecasts a plan with other times.
    #[must_use]
    pub fn with(plan: &Checked<Plan>, calibration: &Calibration) -> Self {
        let graph = plan.graph();
        let roots: Vec<usize> = plan
            .roots()
            .iter()
            .filter_map(|r| graph.index.get(r).copied())
            .collect();
        let schedule = Schedule::new(
            plan.inventory(),
            plan.plan(),
            graph,
            plan.order(),
            &roots,
            calibration,
        );
        let end = schedule.end().unwrap_or_default();
        let slack = schedule.slack(plan.order(), graph, plan.plan(), calibration);
        let mut units: Vec<UnitTimes> = (0..plan.inventory().units.len())
            .filter_map(|i| {
                Some(UnitTimes {
                    unit: plan.unit(i)?.at(),
                    requested: schedule.requested(i)?,
                    start: schedule.start(i)?,
                    ready: schedule.ready(i)?,
                    slack: slack.get(i).copied().unwrap_or_default(),
                })
            })
            .collect();
        units.sort_by(|a, b| (a.start, a.ready, &a.unit).cmp(&(b.start, b.ready, &b.unit)));
        let critical_path = schedule
            .last()
            .map(|u| schedule.path_to(u))
            .unwrap_or_default()
            .iter()
            .filter_map(|u| plan.unit(*u).map(crate::inventory::Unit::at))
            .collect();
        Self {
            units,
            critical_path,
            ready_after: end,
            deadlines: deadlines(plan, &schedule),
            unit_blasts: blast::of_units(plan),
            node_blasts: blast::of_nodes(plan),
        }
    }
}

fn deadlines(plan: &Checked<Plan>, schedule: &Schedule) -> Vec<DeadlineSlack> {
    plan.plan()
        .edges
        .iter()
        .enumerate()
        .filter_map(|(i, edge)| {
            let deadline = edge.deadline?;
            let wait = schedule.wait(i)?;
            Some(DeadlineSlack {
                edge: i,
                unit: edge.unit.clone(),
                needs: edge.needs.clone(),
                deadline,
                wait,
                slack: Span::from_millis(deadline.as_millis().saturating_sub(wait.as_millis())),
            })
        })
        .collect()
}
