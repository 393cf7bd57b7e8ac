//! What is simulated.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::forecast::Calibration;
use crate::name::{NodeName, UnitRef};
use crate::quantity::Span;

/// A start, the measures that are in place, and the faults that come.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// How everything begins.
    pub begin: Begin,
    /// Which parts of the bundle are deployed.
    pub measures: Measures,
    /// Faults, each at its time.
    pub faults: Vec<(Span, Fault)>,
    /// When the simulation ends.
    pub until: Span,
    /// Times of systemd and BlueChi.
    pub calibration: Calibration,
}

impl Default for Scenario {
    /// A start by hand with the whole bundle and no faults, over one minute.
    fn default() -> Self {
        Self {
            begin: Begin::ByHand,
            measures: Measures::bundle(),
            faults: Vec::new(),
            until: Span::from_millis(60_000),
            calibration: Calibration::default(),
        }
    }
}

impl Scenario {
    /// The default scenario with one fault, 30 seconds after the start.
    #[must_use]
    pub fn what_if(fault: Fault) -> Self {
        Self {
            faults: vec![(Span::from_millis(30_000), fault)],
            ..Self::default()
        }
    }
}

/// How everything begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Begin {
    /// All nodes are up and connected, and the plan's units are started.
    ByHand,
    /// The nodes are powered on, each after its delay (0 if not named); each starts its own part of the plan.
    ColdBoot(BTreeMap<NodeName, Span>),
}

/// Which parts of the bundle are deployed beside the edges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "five independent measures, each there or not"
)]
pub struct Measures {
    /// `AllowDependenciesOn=` on the controller.
    pub access: bool,
    /// The gate that holds a proxy until the agent is online, and limits how long a proxy may take.
    pub gate: bool,
    /// The unit that makes proxies anew after a reconnect.
    pub resync: bool,
    /// The timer that brings hard sources back.
    pub reconcile: bool,
    /// The watcher on the controller's host that stops the dependents of a lost node.
    pub fence: bool,
}

impl Measures {
    /// All of them.
    #[must_use]
    pub fn bundle() -> Self {
        Self {
            access: true,
            gate: true,
            resync: true,
            reconcile: true,
            fence: true,
        }
    }

    /// Only access: edges written by hand onto stock BlueChi.
    #[must_use]
    pub fn stock() -> Self {
        Self {
            access: true,
            gate: false,
            resync: false,
            reconcile: false,
            fence: false,
        }
    }
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fault {
    /// A unit's process dies.
    UnitFails(UnitRef),
    /// A unit is restarted by hand.
    UnitRestarts(UnitRef),
    /// A node loses power.
    PowerOff(NodeName),
    /// A node gets power.
    PowerOn(NodeName),
    /// A node's cable is pulled.
    CablePulled(NodeName),
    /// It is put back.
    CableBack(NodeName),
    /// The controller is killed, and is back after the span.
    ControllerRestarts(Span),
    /// The agent of a node is killed and started again by systemd.
    AgentRestarts(NodeName),
}
