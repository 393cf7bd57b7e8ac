//! Sentences into a plan.

use serde::Serialize;

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
        deadline: Option<Span>,
        reason: Option<String>,
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
    let names = Names::new(inventory);
    let mut reader = Reader {
        names,
        reading: Reading {
            plan: Plan::new(name.clone()),
            questions: Vec::new(),
            unread: Vec::new(),
        },
    };
    let mut late = Vec::new();
    for sentence in sentences(goal) {
        let clauses = super::english::clauses(&sentence)
            .or_else(|| super::korean::clauses(&sentence, &reader.names));
        match clauses {
            Some(clauses) => {
                for clause in clauses {
                    // What depends on the edges waits until all of them are known.
                    if matches!(clause, Clause::NodeLost { .. }) {
                        late.push(clause)
                    } else {
                        reader.take(clause)
                    }
                }
            }
            None => reader.reading.unread.push(sentence),
        }
    }
    for clause in late {
        reader.take(clause);
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
    reading: Reading,
}

impl Reader<'_> {
    fn take(&mut self, clause: Clause) {
        match clause {
            Clause::Start(units) => {
                for at in self.all(&units) {
                    if !self.reading.plan.start.contains(&at) {
                        self.reading.plan.start.push(at);
                    }
                }
            }
            Clause::Needs {
                unit,
                needs,
                kind,
                deadline,
                reason,
            } => {
                let (units, needs) = (self.all(&unit), self.all(&needs));
                let reason = reason.and_then(|r| Text::parse(&r).ok());
                for unit in &units {
                    for needs in &needs {
                        self.edge(unit, needs, kind, deadline, reason.clone());
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
            }
            Clause::NodeLost { node, stop, within } => self.node_lost(&node, &stop, within),
            Clause::AllWithin(span) => self.reading.plan.policy.ready_within = Some(span),
        }
    }

    fn edge(
        &mut self,
        unit: &UnitRef,
        needs: &UnitRef,
        kind: EdgeKind,
        deadline: Option<Span>,
        reason: Option<Text>,
    ) {
        let edges = &mut self.reading.plan.edges;
        if let Some(there) = edges
            .iter_mut()
            .find(|e| e.unit == *unit && e.needs == *needs)
        {
            there.deadline = deadline.or(there.deadline);
            there.reason = reason.or(there.reason.take());
            if there.kind == EdgeKind::Hard {
                there.kind = kind;
            }
            return;
        }
        edges.push(Edge {
            unit: unit.clone(),
            needs: needs.clone(),
            kind,
            deadline,
            on_node_loss: None,
            reason,
        });
    }

    /// The loss of a node is watched at each of its units that the unit to stop needs at once or by others.
    fn node_lost(&mut self, node: &str, stop: &[Phrase], within: Option<Span>) {
        let Some(node) = self.names.node(node) else {
            let choices = self.names.nodes().map(ToString::to_string).collect();
            self.ask(node, format!("which node is {node:?}?"), choices);
            return;
        };
        for stop in self.all(stop) {
            let Some(when) = needed_on(&self.reading.plan, &stop, &node) else {
                let question =
                    format!("{stop} needs nothing on {node}; what should it need there?");
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

    fn all(&mut self, phrases: &[Phrase]) -> Vec<UnitRef> {
        let mut out = Vec::new();
        for phrase in phrases {
            match self.names.unit(&phrase.unit, phrase.node.as_deref()) {
                Found::One(at) => out.push(at),
                Found::Many(choices) => {
                    let question = format!("which unit is {:?}? there are several", phrase.unit);
                    self.ask(
                        &phrase.unit,
                        question,
                        choices.iter().map(ToString::to_string).collect(),
                    );
                }
                Found::None(near) => {
                    let on = phrase
                        .node
                        .as_ref()
                        .map(|n| format!(" on {n}"))
                        .unwrap_or_default();
                    let question = format!(
                        "there is no unit {:?}{on}; which one is meant?",
                        phrase.unit
                    );
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
    let mut seen = vec![unit.clone()];
    let mut at = 0;
    while let Some(from) = seen.get(at).cloned() {
        at += 1;
        for edge in plan
            .edges
            .iter()
            .filter(|e| e.unit == from && e.kind.is_hard())
        {
            if edge.needs.node == *node {
                return Some(edge.needs.clone());
            }
            if !seen.contains(&edge.needs) {
                seen.push(edge.needs.clone());
            }
        }
    }
    None
}
