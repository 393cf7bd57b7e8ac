//! A plan in plain sentences.

use super::ask::Tongue;
use super::resolve::Names;
use crate::inventory::Inventory;
use crate::plan::{Edge, EdgeKind, Event, Plan, Reaction};
use crate::quantity::Span;

/// Says a plan in sentences of the grammar, in the language of `goal`: what a person can hold against what they meant
/// before a plan that a model wrote is rendered. [`read`](super::read) makes the same edges, reactions and starts of
/// them; reasons, `on_node_loss` and the name are not said.
///
/// ```
/// # let inventory = gori_planner::input::inventory_from_toml(include_str!(
/// #     "../../../examples/inventory/drive.toml")).unwrap();
/// # let name = gori_planner::name::PlanName::parse("drive").unwrap();
/// use gori_planner::goal;
/// let goal = "start perception after camera; if camera fails stop perception within 2 s";
/// let plan = goal::read(goal, &inventory, &name).plan;
/// assert_eq!(goal::say(&plan, &inventory, goal),
///     ["perception needs camera", "if camera fails stop perception within 2s"]);
/// ```
#[must_use]
pub fn say(plan: &Plan, inventory: &Inventory, goal: &str) -> Vec<String> {
    let speaker = Speaker {
        names: Names::new(inventory),
        korean: Tongue::of(goal) == Tongue::Korean,
    };
    let starts = plan.start.iter().map(|at| {
        let unit = speaker.names.short(at);
        speaker.choose(format!("start {unit}"), format!("{unit}을 시작한다"))
    });
    let edges = plan.edges.iter().map(|e| speaker.edge(e));
    let reactions = plan.reactions.iter().map(|r| speaker.reaction(r));
    let all = plan.policy.ready_within.map(|span| {
        let within = korean(span);
        speaker.choose(
            format!("everything must be up within {span}"),
            format!("{within} 안에 모두 준비되어야 한다"),
        )
    });
    starts.chain(edges).chain(reactions).chain(all).collect()
}

struct Speaker<'a> {
    names: Names<'a>,
    korean: bool,
}

impl Speaker<'_> {
    fn choose(&self, english: String, korean: String) -> String {
        if self.korean { korean } else { english }
    }

    fn edge(&self, edge: &Edge) -> String {
        let (u, n) = (self.names.short(&edge.unit), self.names.short(&edge.needs));
        let (end, within) = self.within(edge.deadline);
        match edge.kind {
            EdgeKind::Hard => self.choose(
                format!("{u} needs {n}{end}"),
                format!("{u}은 {n}이 {within}필요하다"),
            ),
            EdgeKind::Soft => self.choose(
                format!("{u} wants {n}{end}"),
                format!("{u}은 {n}이 {within}있으면 좋다"),
            ),
            EdgeKind::Succeeded => self.choose(
                format!("start {u} only after {n} has succeeded{end}"),
                format!("{n}이 성공한 다음에 {within}{u}을 시작한다"),
            ),
            // Korean has no sentence of its own for it.
            EdgeKind::Upheld => format!("{u} upholds {n}{end}"),
        }
    }

    fn reaction(&self, reaction: &Reaction) -> String {
        let stop = self.names.short(&reaction.stop);
        let (end, within) = self.within(reaction.within);
        match reaction.event {
            Event::Failure => {
                let when = self.names.short(&reaction.when);
                self.choose(
                    format!("if {when} fails stop {stop}{end}"),
                    format!("{when}이 실패하면 {within}{stop}을 중지한다"),
                )
            }
            Event::NodeLoss => {
                let node = &reaction.when.node;
                self.choose(
                    format!("if {node} is lost stop {stop}{end}"),
                    format!("{node}이 끊기면 {within}{stop}을 중지한다"),
                )
            }
        }
    }

    /// " within 2s", and "2초 안에 ".
    fn within(&self, span: Option<Span>) -> (String, String) {
        let english = span.map(|s| format!(" within {s}"));
        let korean = span.map(|s| format!("{} 안에 ", korean(s)));
        (english.unwrap_or_default(), korean.unwrap_or_default())
    }
}

/// "2초", "1500밀리초".
fn korean(span: Span) -> String {
    match span.as_millis() {
        ms if ms % 1000 == 0 => format!("{}초", ms / 1000),
        ms => format!("{ms}밀리초"),
    }
}
