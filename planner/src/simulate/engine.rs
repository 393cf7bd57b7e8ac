//! The event loop and the life of units.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::scenario::{Begin, Fault, Scenario};
use super::timeline::{Moment, Outage, Simulation, State, What};
use crate::check::Checked;
use crate::inventory::Restart;
use crate::plan::Plan;
use crate::quantity::Span;

/// Time between a failure and the restart that systemd makes (`RestartSec=`, 100 ms by default).
const RESTART_AFTER: u64 = 100;

/// What comes up next. A number that was valid when the event was planned tells whether it still is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Event {
    Fault(usize),
    Boot(usize),
    AgentOnline(usize),
    Request(usize),
    Wake(usize),
    Ready(usize, u32),
    Stop(usize, u32, Cause),
    ProxyStart(usize),
    ProxyAsks(usize, u32),
    ProxyHears(usize, u32),
    ProxyTimeout(usize, u32),
    ProxyGone(usize, u32),
    NodeLost(usize, u32),
    ControllerBack,
    Resync(usize),
    Reconcile,
}

/// Why a unit stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cause {
    Failed,
    Needed,
    ByHand,
    Power,
}

#[derive(Debug, Clone)]
pub(super) struct UnitLife {
    pub node: usize,
    pub state: State,
    /// Counts the changes of state, so that an event of an earlier life is known as such.
    pub life: u32,
    /// Whether the plan has asked for it, so that the reconciler looks after it.
    pub managed: bool,
    /// Whether it is to start again when it has stopped.
    pub again: bool,
    pub takes: u64,
    /// When it last became active.
    pub active_since: u64,
    pub down_since: Option<u64>,
    pub member: bool,
}

#[derive(Debug, Clone)]
pub(super) struct NodeLife {
    pub powered: bool,
    pub cable: bool,
    pub online: bool,
    /// Whether the controller knows that it is away.
    pub known_lost: bool,
    pub life: u32,
}

/// What a proxy is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProxyState {
    Absent,
    Gated,
    Hanging,
    Asking,
    Active,
    Failed,
}

/// One proxy on one node for one unit elsewhere, shared by all units of the node that need it.
#[derive(Debug, Clone)]
pub(super) struct ProxyLife {
    pub node: usize,
    pub target: usize,
    /// The waiting units and the index of their edge.
    pub sources: Vec<(usize, usize)>,
    pub deadline: Option<u64>,
    pub state: ProxyState,
    pub deaf: bool,
    pub life: u32,
}

pub(super) struct Engine<'a> {
    pub plan: &'a Checked<Plan>,
    pub scenario: &'a Scenario,
    pub now: u64,
    queue: BinaryHeap<Reverse<(u64, u64, Event)>>,
    sequence: u64,
    pub units: Vec<UnitLife>,
    pub nodes: Vec<NodeLife>,
    pub proxies: Vec<ProxyLife>,
    /// The proxy of every edge between nodes.
    pub proxy_of: BTreeMap<usize, usize>,
    /// The proxies that look at a unit.
    pub watchers: Vec<Vec<usize>>,
    pub controller_up: bool,
    pub controller_node: Option<usize>,
    pub timeline: Vec<Moment>,
    outages: Vec<(usize, u64, Option<u64>)>,
}

impl<'a> Engine<'a> {
    pub(super) fn new(plan: &'a Checked<Plan>, scenario: &'a Scenario) -> Self {
        let inventory = plan.inventory();
        let index: BTreeMap<_, usize> = inventory
            .nodes
            .iter()
            .enumerate()
            .map(|(i, n)| (&n.name, i))
            .collect();
        let node_of = |u: usize| {
            plan.unit(u)
                .and_then(|u| index.get(&u.node).copied())
                .unwrap_or_default()
        };
        let members = members(plan);
        let units = inventory
            .units
            .iter()
            .enumerate()
            .map(|(i, unit)| UnitLife {
                node: node_of(i),
                state: State::Inactive,
                life: 0,
                managed: false,
                again: false,
                takes: unit
                    .start_time
                    .unwrap_or(crate::forecast::ASSUMED_START)
                    .as_millis(),
                active_since: 0,
                down_since: None,
                member: members.get(i).copied().unwrap_or(false),
            })
            .collect();
        let up = scenario.begin == Begin::ByHand;
        let nodes = inventory
            .nodes
            .iter()
            .map(|n| NodeLife {
                powered: up && n.online,
                cable: true,
                online: up && n.online,
                known_lost: false,
                life: 0,
            })
            .collect();
        let mut engine = Self {
            plan,
            scenario,
            now: 0,
            queue: BinaryHeap::new(),
            sequence: 0,
            units,
            nodes,
            proxies: Vec::new(),
            proxy_of: BTreeMap::new(),
            watchers: vec![Vec::new(); inventory.units.len()],
            controller_up: up,
            controller_node: inventory.nodes.iter().position(|n| n.controller),
            timeline: Vec::new(),
            outages: Vec::new(),
        };
        engine.lay_proxies();
        engine
    }

    pub(super) fn run(mut self) -> Simulation {
        self.begin();
        for (i, (at, _)) in self.scenario.faults.iter().enumerate() {
            self.plan_at(at.as_millis(), Event::Fault(i));
        }
        if self.scenario.measures.reconcile
            && let Some(every) = self.plan.plan().policy.reconcile
        {
            self.plan_at(every.as_millis().max(1), Event::Reconcile);
        }
        let end = self.scenario.until.as_millis();
        while let Some(Reverse((at, _, event))) = self.queue.pop() {
            if at > end {
                break;
            }
            self.now = at;
            self.handle(event);
        }
        self.now = end;
        self.finish()
    }

    fn begin(&mut self) {
        match &self.scenario.begin {
            Begin::ByHand => {
                let roots = self.plan.roots();
                for root in roots {
                    if let Some(&unit) = self.plan.graph().index.get(&root) {
                        self.plan_at(0, Event::Request(unit));
                    }
                }
            }
            Begin::ColdBoot(delays) => {
                let inventory = self.plan.inventory();
                for (i, node) in inventory.nodes.iter().enumerate().filter(|(_, n)| n.online) {
                    let delay = delays
                        .get(&node.name)
                        .copied()
                        .unwrap_or_default()
                        .as_millis();
                    self.plan_at(delay, Event::Boot(i));
                }
            }
        }
    }

    pub(super) fn plan_at(&mut self, at: u64, event: Event) {
        self.sequence += 1;
        self.queue.push(Reverse((at, self.sequence, event)));
    }

    pub(super) fn after(&mut self, delay: u64, event: Event) {
        self.plan_at(self.now + delay, event);
    }

    pub(super) fn tell(&mut self, who: String, what: What, note: impl Into<String>) {
        self.timeline.push(Moment {
            at: Span::from_millis(self.now),
            who,
            what,
            note: note.into(),
        });
    }

    pub(super) fn unit_name(&self, unit: usize) -> String {
        self.plan
            .unit(unit)
            .map(|u| u.at().to_string())
            .unwrap_or_default()
    }

    pub(super) fn node_name(&self, node: usize) -> String {
        self.plan
            .inventory()
            .nodes
            .get(node)
            .map(|n| n.name.to_string())
            .unwrap_or_default()
    }

    pub(super) fn unit(&self, unit: usize) -> Option<&UnitLife> {
        self.units.get(unit)
    }

    pub(super) fn node_is(&self, node: usize, what: impl Fn(&NodeLife) -> bool) -> bool {
        self.nodes.get(node).is_some_and(what)
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Fault(i) => {
                if let Some((_, fault)) = self.scenario.faults.get(i) {
                    self.fault(&fault.clone());
                }
            }
            Event::Boot(node) => self.boot(node),
            Event::AgentOnline(node) => self.agent_online(node),
            Event::Request(unit) => self.request(unit),
            Event::Wake(unit) => self.try_start(unit),
            Event::Ready(unit, life) => self.ready(unit, life),
            Event::Stop(unit, life, cause) => {
                if self.unit(unit).is_some_and(|u| u.life == life) {
                    self.stop(unit, cause);
                }
            }
            Event::ProxyStart(proxy) => self.proxy_start(proxy),
            Event::ProxyAsks(proxy, life) => self.proxy_asks(proxy, life),
            Event::ProxyHears(proxy, life) => self.proxy_hears(proxy, life),
            Event::ProxyTimeout(proxy, life) => self.proxy_timeout(proxy, life),
            Event::ProxyGone(proxy, life) => self.proxy_gone(proxy, life),
            Event::NodeLost(node, life) => self.node_lost(node, life),
            Event::ControllerBack => self.controller_back(),
            Event::Resync(node) => self.resync(node),
            Event::Reconcile => self.reconcile(),
        }
    }

    /// A start job: it exists at once, pulls in what the edges name, and runs when nothing is waited for any more.
    pub(super) fn request(&mut self, unit: usize) {
        let Some(life) = self.units.get(unit) else {
            return;
        };
        let node = life.node;
        if !self.node_is(node, |n| n.powered)
            || !matches!(life.state, State::Inactive | State::Failed)
        {
            return;
        }
        self.set(unit, State::Queued);
        if let Some(life) = self.units.get_mut(unit) {
            life.managed = true;
        }
        self.tell(self.unit_name(unit), What::Queued, "");
        let arcs: Vec<_> = self.plan.graph().needs_of(unit).to_vec();
        for arc in arcs {
            let Some(edge) = arc.edge else { continue };
            match self.proxy_of.get(&edge) {
                Some(&proxy) => self.proxy_start(proxy),
                None => self.request(arc.to),
            }
        }
        self.after(0, Event::Wake(unit));
    }

    pub(super) fn set(&mut self, unit: usize, state: State) {
        if let Some(life) = self.units.get_mut(unit) {
            life.state = state;
            life.life += 1;
        }
    }

    /// Starts a queued unit if everything it waits for has come, or fails it if something hard cannot come.
    fn try_start(&mut self, unit: usize) {
        if self.unit(unit).is_none_or(|u| u.state != State::Queued) {
            return;
        }
        let arcs: Vec<_> = self.plan.graph().needs_of(unit).to_vec();
        for arc in &arcs {
            let hard = arc.edge.is_some_and(|e| {
                self.plan
                    .plan()
                    .edges
                    .get(e)
                    .is_some_and(|e| e.kind.is_hard())
            });
            match self.outlook(arc.to, arc.edge) {
                Outlook::Comes => return,
                Outlook::Here => {}
                Outlook::Lost if hard => {
                    // systemd fails the job with the result "dependency"; the unit itself stays inactive.
                    self.set(unit, State::Inactive);
                    let note = format!("dependency: {} is not there", self.unit_name(arc.to));
                    self.tell(self.unit_name(unit), What::Fails, note);
                    self.spread_stop(unit);
                    return;
                }
                Outlook::Lost => {}
            }
        }
        self.set(unit, State::Starting);
        self.tell(self.unit_name(unit), What::Starts, "");
        if let Some(life) = self.units.get(unit) {
            let (takes, life) = (life.takes, life.life);
            self.after(takes, Event::Ready(unit, life));
        }
    }

    fn outlook(&self, target: usize, edge: Option<usize>) -> Outlook {
        if let Some(proxy) = edge
            .and_then(|e| self.proxy_of.get(&e))
            .and_then(|p| self.proxies.get(*p))
        {
            return match proxy.state {
                ProxyState::Active => Outlook::Here,
                ProxyState::Failed | ProxyState::Absent => Outlook::Lost,
                _ => Outlook::Comes,
            };
        }
        let Some(target) = self.unit(target) else {
            return Outlook::Lost;
        };
        match target.state {
            // systemd needs its moment to see it; the unit is woken when that is over, whatever wakes it before.
            State::Active
                if self.now < target.active_since + self.scenario.calibration.local_hop =>
            {
                Outlook::Comes
            }
            State::Active => Outlook::Here,
            State::Queued | State::Starting => Outlook::Comes,
            _ => Outlook::Lost,
        }
    }

    fn ready(&mut self, unit: usize, life: u32) {
        if self.unit(unit).is_none_or(|u| u.life != life) {
            return;
        }
        self.set(unit, State::Active);
        if let Some(life) = self.units.get_mut(unit) {
            life.active_since = self.now;
        }
        self.tell(self.unit_name(unit), What::Active, "");
        if let Some(from) = self.units.get_mut(unit).and_then(|u| u.down_since.take()) {
            self.outages.push((unit, from, Some(self.now)));
        }
        self.wake_local(unit);
        for proxy in self.watchers.get(unit).cloned().unwrap_or_default() {
            self.target_active(proxy);
        }
    }

    fn wake_local(&mut self, unit: usize) {
        let hop = self.scenario.calibration.local_hop;
        let arcs: Vec<_> = self.plan.graph().needed_by(unit).to_vec();
        for arc in arcs {
            if arc.edge.is_none_or(|e| !self.proxy_of.contains_key(&e)) {
                self.after(hop, Event::Wake(arc.to));
            }
        }
    }

    pub(super) fn stop(&mut self, unit: usize, cause: Cause) {
        let Some(life) = self.units.get(unit) else {
            return;
        };
        if matches!(life.state, State::Inactive | State::Failed) {
            return;
        }
        let was_active = life.state == State::Active;
        let (failed, what) = match cause {
            Cause::Failed => (State::Failed, What::Fails),
            _ => (State::Inactive, What::Stops),
        };
        self.set(unit, failed);
        let note = match cause {
            Cause::Needed => "something it needs has stopped",
            Cause::Power => "its node has no power",
            Cause::Failed | Cause::ByHand => "",
        };
        self.tell(self.unit_name(unit), what, note);
        let restart = self.plan.unit(unit).map_or(Restart::No, |u| u.restart);
        let direct = self.plan.unit(unit).is_some_and(|u| u.restart_direct);
        let again = (cause == Cause::Failed && restart != Restart::No)
            || self.units.get(unit).is_some_and(|u| u.again);
        if let Some(u) = self.units.get_mut(unit) {
            u.again = false;
            if was_active {
                u.down_since.get_or_insert(self.now);
            }
        }
        if again {
            let delay = if cause == Cause::Failed {
                RESTART_AFTER
            } else {
                self.scenario.calibration.stop
            };
            self.after(delay, Event::Request(unit));
        }
        if !(direct && cause == Cause::Failed) {
            self.spread_stop(unit);
        }
        self.drop_unneeded(unit);
    }

    /// Tells those who need the unit that it is gone: on the same node by systemd, elsewhere by proxies that hear.
    pub(super) fn spread_stop(&mut self, unit: usize) {
        let stop = self.scenario.calibration.stop;
        let arcs: Vec<_> = self.plan.graph().needed_by(unit).to_vec();
        for arc in arcs {
            let local = arc.edge.is_none_or(|e| !self.proxy_of.contains_key(&e));
            let hard = arc.edge.is_some_and(|e| {
                self.plan
                    .plan()
                    .edges
                    .get(e)
                    .is_some_and(|e| e.kind.is_hard())
            });
            let Some(source) = self.unit(arc.to).filter(|_| local) else {
                continue;
            };
            let (state, life) = (source.state, source.life);
            if state == State::Queued {
                self.after(0, Event::Wake(arc.to));
            } else if hard {
                self.after(stop, Event::Stop(arc.to, life, Cause::Needed));
            }
        }
        for proxy in self.watchers.get(unit).cloned().unwrap_or_default() {
            self.target_stopped(proxy);
        }
    }

    /// The reconciler starts what is down although everything it needs is up. What has failed by itself is left to
    /// its own `Restart=`.
    fn reconcile(&mut self) {
        let reachable = self.controller_up;
        for unit in 0..self.units.len() {
            let Some(life) = self.units.get(unit) else {
                continue;
            };
            let node = life.node;
            let down = life.member && life.managed && life.state == State::Inactive;
            if !(down && reachable && self.node_is(node, |n| n.powered && n.online)) {
                continue;
            }
            let mut hard = self.plan.graph().needs_of(unit).iter().filter(|a| {
                a.edge
                    .and_then(|e| self.plan.plan().edges.get(e))
                    .is_some_and(|e| e.kind.is_hard())
            });
            let mut any = false;
            let up = hard.all(|a| {
                any = true;
                self.unit(a.to).is_some_and(|t| t.state == State::Active)
            });
            if up && any {
                self.tell(
                    self.unit_name(unit),
                    What::Reconciled,
                    "everything it needs is up again",
                );
                self.request(unit);
            }
        }
        if let Some(every) = self.plan.plan().policy.reconcile {
            self.after(every.as_millis().max(1), Event::Reconcile);
        }
    }

    fn fault(&mut self, fault: &Fault) {
        super::faults::apply(self, fault);
    }

    fn finish(mut self) -> Simulation {
        for (i, unit) in self.units.iter().enumerate() {
            if let Some(from) = unit.down_since {
                self.outages.push((i, from, None));
            }
        }
        self.outages.sort_by_key(|(unit, from, _)| (*from, *unit));
        let at = |i: usize| self.plan.unit(i).map(crate::inventory::Unit::at);
        let state = |i: usize| self.unit(i).map(|u| u.state);
        let members = (0..self.units.len()).filter(|i| self.unit(*i).is_some_and(|u| u.member));
        let end = members
            .clone()
            .filter_map(|i| Some((at(i)?, state(i)?)))
            .collect();
        let unaware = members
            .filter(|i| state(*i) == Some(State::Active))
            .filter(|i| {
                self.plan.graph().needs_of(*i).iter().any(|a| {
                    let hard = a
                        .edge
                        .and_then(|e| self.plan.plan().edges.get(e))
                        .is_some_and(|e| e.kind.is_hard());
                    hard && state(a.to) != Some(State::Active)
                })
            })
            .filter_map(at)
            .collect();
        let outages = self
            .outages
            .iter()
            .filter_map(|(i, from, until)| {
                Some(Outage {
                    unit: at(*i)?,
                    from: Span::from_millis(*from),
                    until: until.map(Span::from_millis),
                })
            })
            .collect();
        Simulation {
            end,
            unaware,
            outages,
            timeline: self.timeline,
        }
    }
}

enum Outlook {
    Here,
    Comes,
    Lost,
}

/// The units that the plan starts: its roots and all that the edges pull in.
fn members(plan: &Checked<Plan>) -> Vec<bool> {
    let mut member = vec![false; plan.inventory().units.len()];
    let mut stack: Vec<usize> = plan
        .roots()
        .iter()
        .filter_map(|r| plan.graph().index.get(r).copied())
        .collect();
    while let Some(unit) = stack.pop() {
        if member.get(unit).copied() != Some(false) {
            continue;
        }
        if let Some(slot) = member.get_mut(unit) {
            *slot = true;
        }
        stack.extend(
            plan.graph()
                .needs_of(unit)
                .iter()
                .filter(|a| a.edge.is_some())
                .map(|a| a.to),
        );
    }
    member
}
