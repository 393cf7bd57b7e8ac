//! A discrete-event model of systemd's jobs and BlueChi's proxies: in what order and when units start, and what a
//! fault does, with the bundle's own measures or without them.
//!
//! The rules were measured on BlueChi 1.2.2 with systemd 252: a proxy is denied without access, hangs when its
//! controller is away, is deaf after every reconnect of its agent, and the virtual event of a lost node stops nobody.

mod draw;
mod engine;
mod faults;
mod gantt;
mod proxy;
mod scenario;
mod timeline;

use crate::check::Checked;
use crate::plan::Plan;

pub use scenario::{Begin, Fault, Measures, Scenario};
pub use timeline::{Moment, Outage, Simulation, State, What};

/// Runs a scenario over a plan.
#[must_use]
pub fn simulate(plan: &Checked<Plan>, scenario: &Scenario) -> Simulation {
    engine::Engine::new(plan, scenario).run()
}

pub use draw::{dot, mermaid};
