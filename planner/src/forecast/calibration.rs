//! The times of systemd and BlueChi themselves.

use crate::inventory::Bluechi;
use crate::plan::Event;
use crate::quantity::Span;

/// What a unit is taken to need when nobody said.
pub const ASSUMED_START: Span = Span::of_millis(200);

/// Times of systemd and BlueChi, in milliseconds. The default was measured with BlueChi 1.2.2 and systemd 252 on
/// three nodes in namespaces of one two-core machine (n = 40 a figure): numbers of that machine, not of a board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calibration {
    /// From a unit being ready to the start of one that waits for it on the same node.
    pub local_hop: u64,
    /// From the start of a proxy to the start job on the other node (10.1 at the median, 19.9 at the 95th percentile).
    pub proxy_request: u64,
    /// From the target being active to the start of what waits on the other node (4.9; 17).
    pub proxy_return: u64,
    /// The longest a proxy takes for a target that is already up (31.5 at the 95th percentile).
    pub hop_bound: u64,
    /// From a unit stopping to its source on another node being stopped, 95th percentile.
    pub stop_hop: u64,
    /// From power-on to the start of services.
    pub boot: u64,
    /// From the agent's start to its being online, with the controller up (35 ms).
    pub agent_connect: u64,
    /// From the controller's knowing of a loss to the dependents' proxies being stopped by the fence.
    pub fence: u64,
    /// From a node's power-off to the controller's knowing (a dependent was stopped after 0.94 s, the fence included).
    pub power_off: u64,
    /// How long a unit takes to stop.
    pub stop: u64,
}

impl Default for Calibration {
    fn default() -> Self {
        Self {
            local_hop: 4,
            proxy_request: 10,
            proxy_return: 5,
            hop_bound: 32,
            stop_hop: 20,
            boot: 1000,
            agent_connect: 35,
            fence: 300,
            power_off: 640,
            stop: 10,
        }
    }
}

impl Calibration {
    /// The longest that a proxy takes for a target that is already up.
    #[must_use]
    pub fn hop_bound(&self) -> Span {
        Span::from_millis(self.hop_bound)
    }

    /// The latest that a unit is told to stop after something it needs over `hops` nodes has failed. How long the
    /// unit itself takes to stop is its own affair.
    #[must_use]
    pub fn reaction_bound(&self, bluechi: &Bluechi, event: Event, hops: usize) -> Span {
        let hops = u64::try_from(hops)
            .unwrap_or(u64::MAX)
            .saturating_mul(self.stop_hop + self.stop);
        let seen = match event {
            Event::Failure => self.stop,
            // The controller compares at each of its own heartbeats, so silence may be noticed one interval late.
            Event::NodeLoss => {
                bluechi.threshold.as_millis() + bluechi.heartbeat.as_millis() + self.fence
            }
        };
        Span::from_millis(seen.saturating_add(hops))
    }
}
