//! The life of a proxy: asked for, gated or hanging, active, deaf, gone.

use std::collections::BTreeMap;

use super::engine::{Cause, Engine, Event, ProxyLife, ProxyState};
use super::timeline::{State, What};

/// What the gate's drop-in allows a proxy whose edge has no deadline.
pub(crate) const DEFAULT_DEADLINE_MS: u64 = 90_000;

impl Engine<'_> {
    pub(super) fn lay_proxies(&mut self) {
        let mut known: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        for (edge, ends) in self.plan.graph().ends.iter().enumerate() {
            let Some((from, to)) = *ends else { continue };
            let Some(node) = self.unit(from).map(|u| u.node) else {
                continue;
            };
            if self.unit(to).is_none_or(|t| t.node == node) {
                continue;
            }
            let next = self.proxies.len();
            let proxy = *known.entry((node, to)).or_insert(next);
            if proxy == next {
                self.proxies.push(ProxyLife {
                    node,
                    target: to,
                    sources: Vec::new(),
                    deadline: None,
                    state: ProxyState::Absent,
                    deaf: false,
                    life: 0,
                });
                if let Some(list) = self.watchers.get_mut(to) {
                    list.push(proxy);
                }
            }
            let deadline = self
                .plan
                .plan()
                .edges
                .get(edge)
                .and_then(|e| e.deadline)
                .map(|d| d.as_millis());
            if let Some(life) = self.proxies.get_mut(proxy) {
                life.sources.push((from, edge));
                life.deadline = life.deadline.or(deadline);
            }
            self.proxy_of.insert(edge, proxy);
        }
    }

    fn proxy_name(&self, proxy: usize) -> String {
        self.proxies
            .get(proxy)
            .map(|p| format!("{} -> {}", self.node_name(p.node), self.unit_name(p.target)))
            .unwrap_or_default()
    }

    fn proxy_set(&mut self, proxy: usize, state: ProxyState) -> u32 {
        let Some(life) = self.proxies.get_mut(proxy) else {
            return 0;
        };
        life.state = state;
        life.life += 1;
        if state != ProxyState::Active {
            life.deaf = false;
        }
        life.life
    }

    fn proxy_is(&self, proxy: usize, life: u32) -> bool {
        self.proxies.get(proxy).is_some_and(|p| p.life == life)
    }

    /// The start of the proxy's own unit.
    pub(super) fn proxy_start(&mut self, proxy: usize) {
        let Some(life) = self.proxies.get(proxy) else {
            return;
        };
        if !matches!(
            life.state,
            ProxyState::Absent | ProxyState::Failed | ProxyState::Gated
        ) {
            return;
        }
        let (node, gated, deadline) = (life.node, life.state == ProxyState::Gated, life.deadline);
        let online = self.node_is(node, |n| n.online);
        if !online && !gated {
            if self.scenario.measures.gate {
                let life = self.proxy_set(proxy, ProxyState::Gated);
                self.tell(
                    self.proxy_name(proxy),
                    What::Gated,
                    "waits until its agent is online",
                );
                self.after(
                    deadline.unwrap_or(DEFAULT_DEADLINE_MS),
                    Event::ProxyTimeout(proxy, life),
                );
            } else if self.controller_up {
                self.proxy_set(proxy, ProxyState::Failed);
                let note = "the name org.eclipse.bluechi.Agent was not provided: the agent has not come yet";
                self.tell(self.proxy_name(proxy), What::Fails, note);
                self.wake_sources(proxy);
            } else {
                self.proxy_set(proxy, ProxyState::Hanging);
                let note =
                    "its agent has no controller; it hangs even after the controller is back";
                self.tell(self.proxy_name(proxy), What::Hangs, note);
            }
            return;
        }
        if !online {
            return;
        }
        if !self.scenario.measures.access {
            self.proxy_set(proxy, ProxyState::Failed);
            self.tell(
                self.proxy_name(proxy),
                What::Denied,
                "the controller grants no AllowDependenciesOn=",
            );
            self.wake_sources(proxy);
            return;
        }
        let life = self.proxy_set(proxy, ProxyState::Asking);
        if let Some(limit) = deadline.or(self.scenario.measures.gate.then_some(DEFAULT_DEADLINE_MS))
        {
            self.after(limit, Event::ProxyTimeout(proxy, life));
        }
        self.after(
            self.scenario.calibration.proxy_request,
            Event::ProxyAsks(proxy, life),
        );
    }

    /// The controller passes the request on; a target whose node is away is waited for.
    pub(super) fn proxy_asks(&mut self, proxy: usize, life: u32) {
        if !self.proxy_is(proxy, life) {
            return;
        }
        let Some(target) = self.proxies.get(proxy).map(|p| p.target) else {
            return;
        };
        let Some(unit) = self.unit(target) else {
            return;
        };
        if !self.node_is(unit.node, |n| n.online) {
            self.tell(
                self.proxy_name(proxy),
                What::Hangs,
                "the node of the target is offline; waits for it to appear",
            );
            return;
        }
        if unit.state == State::Active {
            self.after(
                self.scenario.calibration.proxy_return,
                Event::ProxyHears(proxy, life),
            );
        } else {
            self.request(target);
        }
    }

    pub(super) fn target_active(&mut self, proxy: usize) {
        let Some(life) = self.proxies.get(proxy) else {
            return;
        };
        if life.state == ProxyState::Asking {
            let life = life.life;
            self.after(
                self.scenario.calibration.proxy_return,
                Event::ProxyHears(proxy, life),
            );
        }
    }

    pub(super) fn proxy_hears(&mut self, proxy: usize, life: u32) {
        if self.proxy_is(proxy, life) {
            self.proxy_set(proxy, ProxyState::Active);
            self.wake_sources(proxy);
        }
    }

    pub(super) fn proxy_timeout(&mut self, proxy: usize, life: u32) {
        if self.proxy_is(proxy, life) {
            self.proxy_set(proxy, ProxyState::Failed);
            self.tell(
                self.proxy_name(proxy),
                What::Timeout,
                "the deadline of the edge has passed",
            );
            self.wake_sources(proxy);
        }
    }

    pub(super) fn wake_sources(&mut self, proxy: usize) {
        for (source, _) in self
            .proxies
            .get(proxy)
            .map(|p| p.sources.clone())
            .unwrap_or_default()
        {
            self.after(0, Event::Wake(source));
        }
    }

    /// The target has stopped: a proxy that hears goes with it; a deaf one, or one behind a pulled cable, stays.
    pub(super) fn target_stopped(&mut self, proxy: usize) {
        let Some(life) = self.proxies.get(proxy) else {
            return;
        };
        let (state, deaf, node, target, number) =
            (life.state, life.deaf, life.node, life.target, life.life);
        match state {
            ProxyState::Active if deaf => {
                let note = "its target has stopped and it does not hear: after the reconnect it is exported on the old \
                            connection only";
                self.tell(self.proxy_name(proxy), What::Deaf, note);
            }
            ProxyState::Active => {
                let far = self.unit(target).map(|u| u.node).unwrap_or_default();
                if self.node_is(node, |n| n.online) && self.node_is(far, |n| n.online) {
                    self.after(
                        self.scenario.calibration.stop_hop,
                        Event::ProxyGone(proxy, number),
                    );
                }
            }
            ProxyState::Asking if self.unit(target).is_some_and(|u| u.state == State::Failed) => {
                self.after(
                    self.scenario.calibration.proxy_return,
                    Event::ProxyGone(proxy, number),
                );
            }
            _ => {}
        }
    }

    /// The proxy is no longer there: hard sources stop, queued ones learn of it.
    pub(super) fn proxy_gone(&mut self, proxy: usize, life: u32) {
        if !self.proxy_is(proxy, life) {
            return;
        }
        self.proxy_set(proxy, ProxyState::Failed);
        let stop = self.scenario.calibration.stop;
        for (source, edge) in self
            .proxies
            .get(proxy)
            .map(|p| p.sources.clone())
            .unwrap_or_default()
        {
            let hard = self
                .plan
                .plan()
                .edges
                .get(edge)
                .is_some_and(|e| e.kind.is_hard());
            let Some(unit) = self.unit(source) else {
                continue;
            };
            let (state, life) = (unit.state, unit.life);
            if state == State::Queued {
                self.after(0, Event::Wake(source));
            } else if hard {
                self.after(stop, Event::Stop(source, life, Cause::Needed));
            }
        }
    }

    /// `StopWhenUnneeded=` of the proxy: without a source that is there or coming, it goes.
    pub(super) fn drop_unneeded(&mut self, unit: usize) {
        let edges: Vec<usize> = self
            .plan
            .graph()
            .needs_of(unit)
            .iter()
            .filter_map(|a| a.edge)
            .collect();
        for edge in edges {
            let Some(&proxy) = self.proxy_of.get(&edge) else {
                continue;
            };
            let needed = self.proxies.get(proxy).is_some_and(|p| {
                p.sources.iter().any(|(s, _)| {
                    self.unit(*s)
                        .is_some_and(|u| !matches!(u.state, State::Inactive | State::Failed))
                })
            });
            if !needed {
                self.proxy_set(proxy, ProxyState::Absent);
            }
        }
    }
}
