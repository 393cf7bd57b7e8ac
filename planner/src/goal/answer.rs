//! What a model may answer, and whether it answers the goal at all.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::grammar::Question;
use super::scope::{Scope, Times};
use crate::check::Diagnosis;
use crate::code::Code;
use crate::inventory::Unit;
use crate::name::{PlanName, UnitRef};
use crate::plan::{Edge, Plan, Reaction};
use crate::quantity::Span;

pub(super) enum Answer {
    Plan(Box<Plan>),
    Questions(Vec<Question>),
}

/// The part of a plan that a model writes. Policies, names and accepted risks are not its affair.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Draft {
    #[serde(default)]
    questions: Vec<String>,
    #[serde(default)]
    start: Vec<UnitRef>,
    #[serde(default)]
    edges: Vec<Edge>,
    #[serde(default)]
    reactions: Vec<Reaction>,
}

/// The JSON schema of an answer. Units and times are those of the goal, so that a model held to it can bring in no
/// other. The names come in the order in which they are to be written.
pub(super) fn schema(scope: &Scope<'_>) -> Value {
    let names = |units: &[&Unit]| -> Vec<String> {
        let all: BTreeSet<String> = units.iter().map(|u| u.at().to_string()).collect();
        all.into_iter().collect()
    };
    let unit = json!({ "type": "string", "enum": names(&scope.units) });
    let span = span(&scope.times);
    let failing = [scope.units.as_slice(), scope.on_nodes.as_slice()].concat();
    let edge = object(
        json!({
            "unit": unit, "needs": unit,
            "kind": { "type": "string", "enum": ["hard", "soft", "succeeded", "upheld"] }
        }),
        span.clone().map(|span| ("deadline", span)),
    );
    let reaction = object(
        json!({
            "when": { "type": "string", "enum": names(&failing) },
            "event": { "type": "string", "enum": ["failure", "node-loss"] },
            "stop": unit
        }),
        span.map(|span| ("within", span)),
    );
    let count = scope.units.len();
    // As many as there are ordered pairs, and no needs at all of a unit on itself.
    let edges = (count * count.saturating_sub(1)).min(32);
    let whole = json!({
        "questions": { "type": "array", "items": { "type": "string", "maxLength": 200 }, "maxItems": 3 },
        "edges": { "type": "array", "items": edge, "maxItems": edges },
        "reactions": { "type": "array", "items": reaction, "maxItems": (2 * count).min(16) }
    });
    object(whole, None)
}

/// An object of properties that have to be there, and one that may be.
fn object(mut properties: Value, optional: Option<(&str, Value)>) -> Value {
    let required: Vec<String> = properties
        .as_object()
        .map(|p| p.keys().cloned().collect())
        .unwrap_or_default();
    if let (Some((name, value)), Some(all)) = (optional, properties.as_object_mut()) {
        all.insert(name.to_owned(), value);
    }
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

/// A time that the goal names, if it names any.
fn span(times: &Times) -> Option<Value> {
    match times {
        Times::Said(spans) if spans.is_empty() => None,
        Times::Said(spans) => {
            let spans: Vec<String> = spans.iter().map(ToString::to_string).collect();
            Some(json!({ "type": "string", "enum": spans }))
        }
        Times::Unread => Some(json!({ "type": "string", "pattern": "^[0-9]{1,5}(ms|s|min)$" })),
    }
}

/// Reads an answer; anything round the JSON object, such as a fence, is left away.
pub(super) fn parse(text: &str, name: &PlanName) -> Result<Answer, Diagnosis> {
    let inner = text
        .find('{')
        .zip(text.rfind('}'))
        .and_then(|(a, b)| text.get(a..=b))
        .unwrap_or(text);
    let draft: Draft = crate::input::from_json(inner, "the answer")?;
    if !draft.questions.is_empty() {
        let ask = |question: String| Question {
            about: String::new(),
            question,
            choices: Vec::new(),
        };
        return Ok(Answer::Questions(
            draft.questions.into_iter().map(ask).collect(),
        ));
    }
    let mut plan = Plan::new(name.clone());
    (plan.start, plan.edges, plan.reactions) = (draft.start, draft.edges, draft.reactions);
    Ok(Answer::Plan(Box::new(plan)))
}

/// What a check of the plan alone cannot see: that it is about the units and times of the goal, and says what the
/// grammar has read there.
pub(super) fn faithful(scope: &Scope<'_>, plan: &Plan, read: Option<&Plan>) -> Vec<Diagnosis> {
    let mut found = Vec::new();
    for (i, edge) in plan.edges.iter().enumerate() {
        let path = format!("edges[{i}]");
        for at in [&edge.unit, &edge.needs] {
            if scope.omits(at) {
                found.push(nobodys_wish(&path, at));
            }
        }
        found.extend(unsaid(scope, &path, edge.deadline));
    }
    for (i, reaction) in plan.reactions.iter().enumerate() {
        let path = format!("reactions[{i}]");
        if scope.omits_loss(&reaction.when) {
            found.push(nobodys_wish(&path, &reaction.when));
        }
        if scope.omits(&reaction.stop) {
            found.push(nobodys_wish(&path, &reaction.stop));
        }
        found.extend(unsaid(scope, &path, reaction.within));
    }
    found.extend(lost(plan, read));
    found
}

fn nobodys_wish(path: &str, at: &UnitRef) -> Diagnosis {
    Diagnosis::new(
        Code::GoalNotMentioned,
        path.to_owned(),
        format!("the goal does not mention {at}, so this is nobody's wish"),
        "leave it out",
    )
}

fn unsaid(scope: &Scope<'_>, path: &str, span: Option<Span>) -> Option<Diagnosis> {
    let span = span.filter(|span| !scope.times.may_be(*span))?;
    Some(Diagnosis::new(
        Code::GoalNotMentioned,
        path.to_owned(),
        format!("the goal does not name the time {span}"),
        "leave the time out",
    ))
}

/// The edges that the goal says plainly and the plan does not have.
fn lost(plan: &Plan, read: Option<&Plan>) -> Vec<Diagnosis> {
    let missing = |e: &&Edge| {
        let same = |o: &Edge| (&o.unit, &o.needs, o.kind) == (&e.unit, &e.needs, e.kind);
        !plan.edges.iter().any(same)
    };
    let edges = read.into_iter().flat_map(|r| &r.edges).filter(missing);
    let diagnosis = |edge: &Edge| {
        Diagnosis::new(
            Code::GoalLost,
            "edges",
            format!(
                "the goal says plainly that {} needs {} ({:?}), and the plan does not have it",
                edge.unit, edge.needs, edge.kind
            ),
            "add the edge",
        )
    };
    edges.map(diagnosis).collect()
}
