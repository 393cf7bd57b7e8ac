//! What faults do to nodes, agents and the controller, and what the bundle does against them.

use super::engine::{Cause, Engine, Event, ProxyState};
use super::scenario::{Begin, Fault};
use super::timeline::{State, What};
use crate::name::NodeName;
use crate::plan::NodeLoss;

pub(super) fn apply(engine: &mut Engine<'_>, fault: &Fault) {
    let node = |engine: &Engine<'_>, name: &NodeName| {
        engine
            .plan
            .inventory()
            .nodes
            .iter()
            .position(|n| n.name == *name)
    };
    match fault {
        Fault::UnitFails(at) => {
            if let Some(&unit) = engine.plan.graph().index.get(at) {
                engine.stop(unit, Cause::Failed);
            }
        }
        Fault::UnitRestarts(at) => {
            if let Some(&unit) = engine.plan.graph().index.get(at) {
                if let Some(life) = engine.units.get_mut(unit) {
                    life.again = life.state == State::Active;
                }
                engine.stop(unit, Cause::ByHand);
            }
        }
        Fault::PowerOff(name) => {
            if let Some(node) = node(engine, name) {
                engine.power_off(node);
            }
        }
        Fault::PowerOn(name) => {
            if let Some(node) = node(engine, name) {
                engine.after(0, Event::Boot(node));
            }
        }
        Fault::CablePulled(name) => {
            if let Some(node) = node(engine, name) {
                engine.cable(node, false);
            }
        }
        Fault::CableBack(name) => {
            if let Some(node) = node(engine, name) {
                engine.cable(node, true);
            }
        }
        Fault::ControllerRestarts(away) => engine.controller_dies(away.as_millis()),
        Fault::AgentRestarts(name) => {
            if let Some(node) = node(engine, name) {
                engine.agent_restarts(node);
            }
        }
    }
}

impl Engine<'_> {
    pub(super) fn boot(&mut self, node: usize) {
        let boot = self.scenario.calibration.boot;
        let connect = self.scenario.calibration.agent_connect;
        let Some(life) = self.nodes.get_mut(node) else {
            return;
        };
        if life.powered {
            return;
        }
        life.powered = true;
        life.cable = true;
        life.life += 1;
        self.tell(self.node_name(node), What::Online, "powered on");
        if self.controller_node == Some(node) {
            self.after(boot, Event::ControllerBack);
        }
        self.after(boot + connect, Event::AgentOnline(node));
        // The plan's target of this node starts the node's own part of the plan.
        let mine: Vec<usize> = (0..self.units.len())
            .filter(|u| self.unit(*u).is_some_and(|u| u.node == node && u.member))
            .collect();
        for unit in mine {
            self.after(boot, Event::Request(unit));
        }
    }

    /// An agent has its controller: whatever waited for either goes on.
    pub(super) fn agent_online(&mut self, node: usize) {
        let Some(life) = self.nodes.get_mut(node) else {
            return;
        };
        if !(life.powered && life.cable) || life.online || !self.controller_up {
            return;
        }
        life.online = true;
        life.known_lost = false;
        life.life += 1;
        self.tell(self.node_name(node), What::Online, "agent connected");
        let mut had_proxies = false;
        for proxy in 0..self.proxies.len() {
            let Some(p) = self.proxies.get_mut(proxy) else {
                continue;
            };
            let target_here = self.units.get(p.target).is_some_and(|t| t.node == node);
            match p.state {
                // Every proxy that was there before the connection is exported on the old one.
                ProxyState::Active if p.node == node => {
                    p.deaf = true;
                    had_proxies = true;
                }
                ProxyState::Gated if p.node == node => self.proxy_start(proxy),
                // The controller sends its requests again and so starts the target, wanted or not.
                ProxyState::Asking if target_here => {
                    let life = p.life;
                    self.after(
                        self.scenario.calibration.proxy_request,
                        Event::ProxyAsks(proxy, life),
                    );
                }
                ProxyState::Active if target_here => {
                    let target = p.target;
                    self.after(
                        self.scenario.calibration.proxy_request,
                        Event::Request(target),
                    );
                }
                _ => {}
            }
        }
        if had_proxies {
            self.tell(
                self.node_name(node),
                What::Deaf,
                "its proxies do not hear their targets any more",
            );
            if self.scenario.measures.resync {
                self.after(self.scenario.calibration.fence, Event::Resync(node));
            }
        }
    }

    /// The bundle restarts the proxies; systemd restarts the hard sources with them.
    pub(super) fn resync(&mut self, node: usize) {
        self.tell(
            self.node_name(node),
            What::Resynced,
            "its proxies are made anew, hard sources restart with them",
        );
        for proxy in 0..self.proxies.len() {
            let Some(p) = self.proxies.get_mut(proxy) else {
                continue;
            };
            if p.node != node || p.state != ProxyState::Active {
                continue;
            }
            p.state = ProxyState::Absent;
            p.deaf = false;
            p.life += 1;
            let sources = p.sources.clone();
            let mut restarts = false;
            for (source, edge) in sources {
                let hard = self
                    .plan
                    .plan()
                    .edges
                    .get(edge)
                    .is_some_and(|e| e.kind.is_hard());
                if hard && self.unit(source).is_some_and(|u| u.state == State::Active) {
                    restarts = true;
                    if let Some(life) = self.units.get_mut(source) {
                        life.again = true;
                    }
                    self.stop(source, Cause::Needed);
                }
            }
            if !restarts {
                self.after(0, Event::ProxyStart(proxy));
            }
        }
    }

    fn power_off(&mut self, node: usize) {
        let seen = self.scenario.calibration.power_off;
        let Some(life) = self.nodes.get_mut(node) else {
            return;
        };
        life.powered = false;
        life.online = false;
        life.life += 1;
        let number = life.life;
        self.tell(self.node_name(node), What::Lost, "power is off");
        for proxy in &mut self.proxies {
            if proxy.node == node {
                proxy.state = ProxyState::Absent;
                proxy.life += 1;
            }
        }
        let mine: Vec<usize> = (0..self.units.len())
            .filter(|u| self.unit(*u).is_some_and(|u| u.node == node))
            .collect();
        for unit in mine {
            self.stop(unit, Cause::Power);
        }
        if self.controller_node == Some(node) {
            self.controller_gone();
        }
        self.after(seen, Event::NodeLost(node, number));
    }

    fn cable(&mut self, node: usize, back: bool) {
        let threshold = self.plan.inventory().bluechi.threshold.as_millis();
        let heartbeat = self.plan.inventory().bluechi.heartbeat.as_millis();
        let Some(life) = self.nodes.get_mut(node) else {
            return;
        };
        life.cable = back;
        life.life += 1;
        let number = life.life;
        if back {
            self.after(heartbeat, Event::AgentOnline(node));
            return;
        }
        life.online = false;
        self.tell(
            self.node_name(node),
            What::Lost,
            "cable pulled; its services run on",
        );
        if self.controller_node == Some(node) {
            self.controller_gone();
        }
        self.after(threshold, Event::NodeLost(node, number));
    }

    /// The controller notices. Its agents get a virtual event that they ignore; only the fence stops anything.
    pub(super) fn node_lost(&mut self, node: usize, life: u32) {
        if !self.controller_up || !self.node_is(node, |n| n.life == life) {
            return;
        }
        if let Some(n) = self.nodes.get_mut(node) {
            n.known_lost = true;
        }
        let policy = self.plan.plan().policy.on_node_loss;
        for proxy in 0..self.proxies.len() {
            let Some(p) = self.proxies.get(proxy) else {
                continue;
            };
            if p.state != ProxyState::Active || self.unit(p.target).is_none_or(|t| t.node != node) {
                continue;
            }
            let life = p.life;
            let stops = p.sources.iter().any(|(_, e)| {
                self.plan.plan().edges.get(*e).is_some_and(|e| {
                    e.kind.is_hard() && e.on_node_loss.unwrap_or(policy) == NodeLoss::Stop
                })
            });
            let who = format!("{} -> {}", self.node_name(p.node), self.unit_name(p.target));
            if stops && self.scenario.measures.fence {
                self.tell(
                    who,
                    What::Fenced,
                    "the node is lost; the fence stops the proxy",
                );
                self.after(
                    self.scenario.calibration.fence,
                    Event::ProxyGone(proxy, life),
                );
            } else {
                self.tell(
                    who,
                    What::Virtual,
                    "a virtual inactive event, which the agent ignores: its source runs on",
                );
            }
        }
    }

    fn controller_dies(&mut self, away: u64) {
        self.tell(
            "controller".into(),
            What::Lost,
            "running services go on, nothing passes between nodes",
        );
        self.controller_gone();
        self.after(away, Event::ControllerBack);
    }

    fn controller_gone(&mut self) {
        self.controller_up = false;
        for node in &mut self.nodes {
            node.online = false;
        }
    }

    pub(super) fn controller_back(&mut self) {
        if self
            .controller_node
            .is_some_and(|n| !self.node_is(n, |n| n.powered))
        {
            return;
        }
        self.controller_up = true;
        self.tell("controller".into(), What::Online, "");
        // Agents try again at every heartbeat; at a cold boot they are only beginning.
        let first =
            self.scenario.begin != Begin::ByHand && self.now < 2 * self.scenario.calibration.boot;
        let retry = if first {
            self.scenario.calibration.agent_connect
        } else {
            self.plan.inventory().bluechi.heartbeat.as_millis()
        };
        let booted = |n: &super::engine::NodeLife| n.powered;
        for node in (0..self.nodes.len())
            .filter(|n| self.node_is(*n, booted))
            .collect::<Vec<_>>()
        {
            self.after(retry, Event::AgentOnline(node));
        }
    }

    /// Services and proxies stay, but the new agent knows nothing of them. Its connection breaks with the process, and
    /// the controller cannot tell that from the loss of the node: what would be fenced then is fenced now.
    fn agent_restarts(&mut self, node: usize) {
        let connect = self.scenario.calibration.agent_connect;
        let Some(life) = self.nodes.get_mut(node) else {
            return;
        };
        life.online = false;
        life.life += 1;
        let number = life.life;
        self.tell(
            self.node_name(node),
            What::Lost,
            "agent killed; systemd starts it again",
        );
        self.after(0, Event::NodeLost(node, number));
        self.after(connect + 100, Event::AgentOnline(node));
    }
}
