//! Max-plus over the graph: a unit starts when it was asked for and everything it waits for is ready, and is ready
//! when it has started.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Calibration;
use crate::graph::Graph;
use crate::inventory::Inventory;
use crate::plan::Plan;
use crate::quantity::Span;

#[derive(Debug, Clone, Copy)]
struct Times {
    requested: u64,
    start: u64,
    ready: u64,
    /// The unit whose readiness this one's start waited for last.
    cause: Option<usize>,
}

/// The times of all units that the plan starts; the others have none.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    times: Vec<Option<Times>>,
    waits: Vec<Option<u64>>,
}

impl Schedule {
    /// `order` has everything after what it needs.
    pub(crate) fn new(
        inventory: &Inventory,
        plan: &Plan,
        graph: &Graph,
        order: &[usize],
        roots: &[usize],
        calibration: &Calibration,
    ) -> Self {
        let crosses = |edge: Option<usize>| edge.is_some_and(|e| crosses(plan, e));
        let requested = requests(graph, roots, |e| {
            if crosses(Some(e)) {
                calibration.proxy_request
            } else {
                0
            }
        });
        let mut times: Vec<Option<Times>> = vec![None; inventory.units.len()];
        for &unit in order {
            let Some(asked) = requested.get(unit).copied().flatten() else {
                continue;
            };
            let (mut start, mut cause) = (asked, None);
            for arc in graph.needs_of(unit) {
                let Some(target) = times.get(arc.to).copied().flatten() else {
                    continue;
                };
                let hop = if crosses(arc.edge) {
                    calibration.proxy_return
                } else {
                    calibration.local_hop
                };
                if target.ready + hop > start {
                    (start, cause) = (target.ready + hop, Some(arc.to));
                }
            }
            let takes = inventory
                .units
                .get(unit)
                .and_then(|u| u.start_time)
                .unwrap_or(super::ASSUMED_START);
            let done = Times {
                requested: asked,
                start,
                ready: start + takes.as_millis(),
                cause,
            };
            if let Some(slot) = times.get_mut(unit) {
                *slot = Some(done);
            }
        }
        let waits = waits(graph, &times, |e| crosses(Some(e)), calibration);
        Self { times, waits }
    }

    fn of(&self, unit: usize) -> Option<Times> {
        self.times.get(unit).copied().flatten()
    }

    pub(crate) fn requested(&self, unit: usize) -> Option<Span> {
        self.of(unit).map(|t| Span::from_millis(t.requested))
    }

    pub(crate) fn start(&self, unit: usize) -> Option<Span> {
        self.of(unit).map(|t| Span::from_millis(t.start))
    }

    pub(crate) fn ready(&self, unit: usize) -> Option<Span> {
        self.of(unit).map(|t| Span::from_millis(t.ready))
    }

    /// How long the unit of an edge waits for what it needs.
    pub(crate) fn wait(&self, edge: usize) -> Option<Span> {
        self.waits
            .get(edge)
            .copied()
            .flatten()
            .map(Span::from_millis)
    }

    /// The unit that is ready last; of several the one with the lowest index.
    pub(crate) fn last(&self) -> Option<usize> {
        let ready = |i: &usize| self.of(*i).map(|t| t.ready);
        (0..self.times.len())
            .filter(|i| ready(i).is_some())
            .max_by_key(|i| (ready(i), Reverse(*i)))
    }

    pub(crate) fn end(&self) -> Option<Span> {
        self.last().and_then(|u| self.ready(u))
    }

    /// The chain of causes that ends with `unit`.
    pub(crate) fn path_to(&self, unit: usize) -> Vec<usize> {
        let mut path = vec![unit];
        let mut at = unit;
        while let Some(cause) = self.of(at).and_then(|t| t.cause) {
            path.push(cause);
            at = cause;
        }
        path.reverse();
        path
    }

    /// How much longer each unit may take before the end moves.
    pub(crate) fn slack(
        &self,
        order: &[usize],
        graph: &Graph,
        plan: &Plan,
        calibration: &Calibration,
    ) -> Vec<Span> {
        let end = self.end().map_or(0, Span::as_millis);
        let mut latest = vec![end; self.times.len()];
        for &unit in order.iter().rev() {
            let mut late = end;
            for arc in graph.needed_by(unit) {
                let Some(source) = self.of(arc.to) else {
                    continue;
                };
                let far = arc.edge.is_some_and(|e| crosses(plan, e));
                let hop = if far {
                    calibration.proxy_return
                } else {
                    calibration.local_hop
                };
                let source_late = latest.get(arc.to).copied().unwrap_or(end);
                late = late.min(source_late.saturating_sub(source.ready - source.start + hop));
            }
            if let Some(slot) = latest.get_mut(unit) {
                *slot = late;
            }
        }
        (0..self.times.len())
            .map(|i| {
                let late = latest.get(i).copied().unwrap_or(end);
                Span::from_millis(late.saturating_sub(self.of(i).map_or(late, |t| t.ready)))
            })
            .collect()
    }
}

fn crosses(plan: &Plan, edge: usize) -> bool {
    plan.edges
        .get(edge)
        .is_some_and(|e| e.unit.node != e.needs.node)
}

/// When each unit's start job exists: the edges pull their targets in at once, over nodes after the proxy's request.
fn requests(graph: &Graph, roots: &[usize], cost: impl Fn(usize) -> u64) -> Vec<Option<u64>> {
    let mut requested: Vec<Option<u64>> = vec![None; graph.needs.len()];
    let mut heap: BinaryHeap<Reverse<(u64, usize)>> =
        roots.iter().map(|r| Reverse((0, *r))).collect();
    while let Some(Reverse((at, unit))) = heap.pop() {
        match requested.get_mut(unit) {
            Some(slot @ None) => *slot = Some(at),
            _ => continue,
        }
        for arc in graph.needs_of(unit) {
            if let Some(edge) = arc.edge {
                heap.push(Reverse((at + cost(edge), arc.to)));
            }
        }
    }
    requested
}

/// A proxy waits from its own start, a local job from the moment it is queued.
fn waits(
    graph: &Graph,
    times: &[Option<Times>],
    crosses: impl Fn(usize) -> bool,
    calibration: &Calibration,
) -> Vec<Option<u64>> {
    graph
        .ends
        .iter()
        .enumerate()
        .map(|(edge, ends)| {
            let (from, to) = (*ends)?;
            let (source, target) = ((*times.get(from)?)?, (*times.get(to)?)?);
            Some(if crosses(edge) {
                (target.ready + calibration.proxy_return).saturating_sub(source.requested)
            } else {
                target.ready - target.requested
            })
        })
        .collect()
}
