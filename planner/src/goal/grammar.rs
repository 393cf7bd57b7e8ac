//! Sentences into a plan.

use std::collections::BTreeSet;

use serde::Serialize;

use super::ask::Tongue;
use super::resolve::{Found, Names};
use crate::inventory::Inventory;
use crate::name::{NodeName, PlanName, Text, UnitRef};
use crate::plan::{Edge, EdgeKind, Event, Plan, Reaction};
use crate::quantity::Span;

/// A unit as somebody calls it, and the node if they said one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Phrase {
    pub unit: String,
    pub node: Option<String>,
}

/// What one sentence says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Clause {
    Start(Vec<Phrase>),
    Needs {
        unit: Vec<Phrase>,
        needs: Vec<Phrase>,
        kind: EdgeKind,
        /// Whether the sentence says how it is needed; "after" alone does not.
        firm: bool,
        deadline: Option<Span>,
        reason: Option<String>,
    },
    /// "Then start X": after what the sentence before has named.
    Then(Vec<Phrase>),
    Deadline {
        unit: Vec<Phrase>,
        needs: Vec<Phrase>,
        span: Span,
    },
    Stop {
        when: Phrase,
        stop: Vec<Phrase>,
        within: Option<Span>,
    },
    NodeLost {
        node: String,
        stop: Vec<Phrase>,
        within: Option<Span>,
    },
    AllWithin(Span),
}

impl Clause {
    /// The units that it names, those that start first.
    pub(super) fn phrases(&self) -> Vec<&Phrase> {
        match self {
            Self::Start(units) | Self::Then(units) => units.iter().collect(),
            Self::Needs { unit, needs, .. } | Self::Deadline { unit, needs, .. } => {
                unit.iter().chain(needs).collect()
            }
            Self::Stop { when, stop, .. } => std::iter::once(when).chain(stop).collect(),
            Self::NodeLost { stop, .. } => stop.iter().collect(),
            Self::AllWithin(_) => Vec::new(),
        }
    }
}

/// What has to be asked back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Question {
    /// The words that are not clear.
    pub about: String,
    /// The question.
    pub question: String,
    /// What they could mean, if anything fits.
    pub choices: Vec<String>,
}

/// What the grammar has read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The plan, as far as it was read. Not checked yet.
    pub plan: Plan,
    /// What has to be asked back.
    pub questions: Vec<Question>,
    /// Sentences that the grammar cannot read.
    pub unread: Vec<String>,
}

impl Reading {
    /// Whether everything was read and nothing is open.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.questions.is_empty() && self.unread.is_empty()
    }
}

/// Reads a goal: sentences separated by `;`, `.` or new lines.
///
/// ```
/// # let inventory = gori_planner::input::inventory_from_toml(include_str!(
/// #     "../../../examples/inventory/drive.toml")).unwrap();
/// use gori_planner::{goal, name::PlanName};
/// let name = PlanName::parse("drive").unwrap();
/// let goal = "start perception on node2 after camera on node1; start planner after perception; \
///             if camera fails stop planner within 2 s";
/// let reading = goal::read(goal, &inventory, &name);
/// assert!(reading.is_complete());
/// let korean = goal::read("node1의 카메라 다음에 node2의 perception을 시작해", &inventory, &name);
/// assert_eq!(korean.plan.edges, reading.plan.edges[..1]);
/// ```
#[must_use]
pub fn read(goal: &str, inventory: &Inventory, name: &PlanName) -> Reading {
    let mut reader = Reader {
        names: Names::new(inventory),
        tongue: Tongue::of(goal),
        loose: BTreeSet::new(),
        named: Vec::new(),
        started: Vec::new(),
        reading: Reading {
            plan: Plan::new(name.clone()),
            questions: Vec::new(),
            unread: Vec::new(),
        },
    };
    let mut late = Vec::new();
    for sentence in sentences(goal) {
        let clauses = super::english::clauses(&sentence, &reader.names)
            .or_else(|| super::korean::clauses(&sentence, &reader.names));
        let Some(clauses) = clauses else {
            reader.forget();
            reader.reading.unread.push(sentence);
            continue;
        };
        for clause in clauses {
            // What depends on the edges waits until all of them are known.
            if matches!(clause, Clause::NodeLost { .. } | Clause::Deadline { .. }) {
                reader.forget();
                late.push(clause);
            } else {
                reader.take(clause);
            }
        }
    }
    for clause in late {
        reader.take(clause);
    }
    if reader.reading.unread.is_empty() {
        reader.join_reactions();
    }
    reader.reading
}

/// Cuts at `;`, new lines, and full stops that are followed by a blank or the end.
fn sentences(goal: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut chars = goal.chars().peekable();
    while let Some(c) = chars.next() {
        let stop = matches!(c, ';' | '\n' | '。')
            || (c == '.' && chars.peek().is_none_or(|n| n.is_whitespace()));
        if stop {
            out.push(String::new());
        } else if let Some(last) = out.last_mut() {
            last.push(c);
        }
    }
    out.into_iter()
        .map(|s| s.trim().to_owned())
        .filter(|s| !s.is_empty())
        .collect()
}

struct Reader<'a> {
    names: Names<'a>,
    tongue: Tongue,
    /// Edges of which only the order was said.
    loose: BTreeSet<(UnitRef, UnitRef)>,
    /// All that the last sentence has named: what "it" may mean.
    named: Vec<UnitRef>,
    /// What the last sentence starts: what "then" comes after.
    started: Vec<UnitRef>,
    reading: Reading,
}

impl Reader<'_> {
    fn take(&mut self, clause: Clause) {
        match clause {
            Clause::Start(units) => {
                let units = self.all(&units);
                for at in &units {
                    if !self.reading.plan.start.contains(at) {
                        self.reading.plan.start.push(at.clone());
                    }
                }
                self.started = units.clone();
                self.named = units;
            }
            Clause::Then(units) => self.then(&units),
            Clause::Needs {
                unit,
                needs,
                kind,
                firm,
                deadline,
                reason,
            } => {
                let (units, needs) = (self.all(&unit), self.all(&needs));
                let reason = reason.and_then(|r| Text::parse(&r).ok());
                for unit in &units {
                    for needs in &needs {
                        self.edge(unit, needs, kind, firm);
                        self.deadline(unit, needs, deadline);
                        self.reason(unit, needs, reason.as_ref());
                    }
                }
                self.started = units.clone();
                self.named = units.into_iter().chain(needs).collect();
            }
            Clause::Deadline { unit, needs, span } => {
                let (units, needs) = (self.all(&unit), self.all(&needs));
                for unit in &units {
                    for needs in &needs {
                        self.deadline(unit, needs, Some(span));
                    }
                }
            }
            Clause::Stop { when, stop, within } => {
                let (when, stop) = (self.all(&[when]), self.all(&stop));
                let reactions = &mut self.reading.plan.reactions;
                reactions.extend(when.iter().flat_map(|when| {
                    stop.iter().map(|stop| Reaction {
                        when: when.clone(),
                        event: Event::Failure,
                        stop: stop.clone(),
                        within,
                    })
                }));
                self.named = when.into_iter().chain(stop).collect();
            }
            Clause::NodeLost { node, stop, within } => self.node_lost(&node, &stop, within),
            Clause::AllWithin(span) => self.reading.plan.policy.ready_within = Some(span),
        }
    }

    /// "Then start B": after what the sentence before starts.
    fn then(&mut self, units: &[Phrase]) {
        let units = self.all(units);
        let before = std::mem::replace(&mut self.started, units.clone());
        if before.is_empty() {
            self.ask("then", self.tongue.after_what(), Vec::new());
        }
        for (unit, needs) in units
            .iter()
            .flat_map(|u| before.iter().map(move |b| (u, b)))
        {
            self.edge(unit, needs, EdgeKind::Hard, false);
        }
        self.named = units;
    }

    /// A sentence that was not read may have named anything.
    fn forget(&mut self) {
        self.named.clear();
        self.started.clear();
    }

    fn edge(&mut self, unit: &UnitRef, needs: &UnitRef, kind: EdgeKind, firm: bool) {
        let key = (unit.clone(), needs.clone());
        let edges = &mut self.reading.plan.edges;
        let there = edges
            .iter_mut()
            .find(|e| e.unit == *unit && e.needs == *needs);
        match there {
            None => {
                edges.push(Edge {
                    unit: unit.clone(),
                    needs: needs.clone(),
                    kind,
                    deadline: None,
                    on_node_loss: None,
                    reason: None,
                });
                if !firm {
                    self.loose.insert(key);
                }
            }
            Some(there) if firm && self.loose.remove(&key) => there.kind = kind,
            Some(there) if firm && there.kind != kind => {
                let question = self.tongue.which_kind(unit, needs);
                let choices = [there.kind, kind].map(|k| format!("{k:?}").to_lowercase());
                self.ask(needs.unit.as_str(), question, choices.into());
            }
            Some(_) => {}
        }
    }

    /// The deadline of an edge. Without the edge it is not clear what shall happen when the time is over.
    fn deadline(&mut self, unit: &UnitRef, needs: &UnitRef, deadline: Option<Span>) {
        let Some(span) = deadline else { return };
        let edges = &mut self.reading.plan.edges;
        let there = edges
            .iter_mut()
            .find(|e| e.unit == *unit && e.needs == *needs);
        match there {
            Some(Edge {
                deadline: Some(other),
                ..
            }) if *other != span => {
                let question = self.tongue.how_long(unit, needs);
                let choices = vec![other.to_string(), span.to_string()];
                self.ask(needs.unit.as_str(), question, choices);
            }
            Some(there) => there.deadline = Some(span),
            None => {
                let question = self.tongue.needs_or_wants(unit, needs);
                let choices = vec![
                    self.tongue.needs(unit, needs),
                    self.tongue.wants(unit, needs),
                ];
                self.ask(needs.unit.as_str(), question, choices);
            }
        }
    }

    fn reason(&mut self, unit: &UnitRef, needs: &UnitRef, reason: Option<&Text>) {
        let edges = &mut self.reading.plan.edges;
        let there = edges
            .iter_mut()
            .find(|e| e.unit == *unit && e.needs == *needs);
        if let Some((there, reason)) = there.zip(reason) {
            there.reason = Some(reason.clone());
        }
    }

    /// The loss of a node is watched at each of its units that the unit to stop needs at once or by others.
    fn node_lost(&mut self, node: &str, stop: &[Phrase], within: Option<Span>) {
        let Some(node) = self.names.node(node) else {
            // "If the camera goes down" speaks of a unit.
            if self.names.knows(node) {
                let when = Phrase {
                    unit: node.to_owned(),
                    node: None,
                };
                self.take(Clause::Stop {
                    when,
                    stop: stop.to_vec(),
                    within,
                });
                return;
            }
            let choices = self.names.nodes().map(ToString::to_string).collect();
            self.ask(node, self.tongue.which_node(node), choices);
            return;
        };
        for stop in self.all(stop) {
            let Some(when) = needed_on(&self.reading.plan, &stop, &node) else {
                let question = self.tongue.needs_nothing_on(&stop, &node);
                let choices = self.names.units_on(&node).map(|u| u.to_string()).collect();
                self.ask(node.as_str(), question, choices);
                continue;
            };
            self.reading.plan.reactions.push(Reaction {
                when,
                event: Event::NodeLoss,
                stop,
                within,
            });
        }
    }

    /// A unit stops with another only along needs. Where the goal says none, it is asked for: to add one would decide
    /// what starts after what.
    fn join_reactions(&mut self) {
        for reaction in self.reading.plan.reactions.clone() {
            let Reaction { when, stop, .. } = reaction;
            if when == stop || needed(&self.reading.plan, &stop).contains(&when) {
                continue;
            }
            let mut between = vec![when.clone()];
            for edge in &self.reading.plan.edges {
                let passes = edge.unit != stop && !between.contains(&edge.unit);
                if passes && needed(&self.reading.plan, &edge.unit).contains(&when) {
                    between.push(edge.unit.clone());
                }
            }
            let from = self.names.short(&stop);
            let choices = between
                .iter()
                .map(|needs| self.tongue.needs(&from, self.names.short(needs)));
            let choices = choices.collect();
            let question = self.tongue.not_joined(&from, self.names.short(&when));
            self.ask(stop.unit.as_str(), question, choices);
        }
    }

    fn all(&mut self, phrases: &[Phrase]) -> Vec<UnitRef> {
        let mut out = Vec::new();
        for phrase in phrases {
            if phrase.unit == "it" && phrase.node.is_none() {
                match self.named.as_slice() {
                    [one] => out.push(one.clone()),
                    several => {
                        let choices = several.iter().map(ToString::to_string).collect();
                        self.ask("it", self.tongue.what_is_it(), choices);
                    }
                }
                continue;
            }
            match self.names.unit(&phrase.unit, phrase.node.as_deref()) {
                Found::One(at) => out.push(at),
                Found::Many(choices) => {
                    let question = self.tongue.which_unit(&phrase.unit);
                    self.ask(
                        &phrase.unit,
                        question,
                        choices.iter().map(ToString::to_string).collect(),
                    );
                }
                Found::None(near) => {
                    let question = self.tongue.no_unit(&phrase.unit, phrase.node.as_deref());
                    self.ask(
                        &phrase.unit,
                        question,
                        near.iter().map(ToString::to_string).collect(),
                    );
                }
            }
        }
        out
    }

    fn ask(&mut self, about: &str, question: String, choices: Vec<String>) {
        let question = Question {
            about: about.to_owned(),
            question,
            choices,
        };
        if !self.reading.questions.contains(&question) {
            self.reading.questions.push(question);
        }
    }
}

/// The first unit on `node` that `unit` needs hard, at once or by others.
fn needed_on(plan: &Plan, unit: &UnitRef, node: &NodeName) -> Option<UnitRef> {
    needed(plan, unit).into_iter().find(|u| u.node == *node)
}

/// All that `unit` needs hard, at once or by others, the nearest first.
fn needed(plan: &Plan, unit: &UnitRef) -> Vec<UnitRef> {
    let mut seen: Vec<UnitRef> = Vec::new();
    let mut from = Some(unit.clone());
    let mut at = 0;
    while let Some(source) = from {
        let hard = plan.edges.iter().filter(|e| e.unit == source);
        for edge in hard.filter(|e| e.kind.is_hard()) {
            if edge.needs != *unit && !seen.contains(&edge.needs) {
                seen.push(edge.needs.clone());
            }
        }
        from = seen.get(at).cloned();
        at += 1;
    }
    seen
}
