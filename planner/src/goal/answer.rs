//! What a model may answer, and whether it answers the goal at all.

use serde::Deserialize;
use serde_json::{Value, json};

use super::grammar::Question;
use crate::check::Diagnosis;
use crate::code::Code;
use crate::inventory::{Inventory, Unit};
use crate::name::{PlanName, UnitRef};
use crate::plan::{Edge, Plan, Reaction};

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

/// The JSON schema of an answer. Units are an enumeration, so that a model held to it cannot invent one.
pub(super) fn schema(inventory: &Inventory) -> Value {
    let units: Vec<String> = inventory.units.iter().map(|u| u.at().to_string()).collect();
    let unit = json!({ "type": "string", "enum": units });
    let span = json!({ "type": "string", "pattern": "^[0-9]{1,5}(ms|s|min)$" });
    let object = |properties: Value, required: Value| json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false });
    let edge = object(
        json!({
            "unit": unit, "needs": unit,
            "kind": { "type": "string", "enum": ["hard", "soft", "succeeded", "upheld"] },
            "deadline": span
        }),
        json!(["unit", "needs", "kind"]),
    );
    let reaction = object(
        json!({
            "when": unit,
            "event": { "type": "string", "enum": ["failure", "node-loss"] },
            "stop": unit, "within": span
        }),
        json!(["when", "event", "stop"]),
    );
    object(
        json!({
            "questions": { "type": "array", "items": { "type": "string", "maxLength": 200 }, "maxItems": 3 },
            "edges": { "type": "array", "items": edge, "maxItems": 32 },
            "reactions": { "type": "array", "items": reaction, "maxItems": 16 }
        }),
        json!(["questions", "edges", "reactions"]),
    )
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

/// What a check of the plan alone cannot see: that it is about the units of the goal, and says what the grammar has
/// read there.
pub(super) fn faithful(
    goal: &str,
    plan: &Plan,
    read: Option<&Plan>,
    inventory: &Inventory,
) -> Vec<Diagnosis> {
    let mut found = Vec::new();
    let folded = fold(goal);
    for (i, edge) in plan.edges.iter().enumerate() {
        for at in [&edge.unit, &edge.needs] {
            let unit = inventory.units.iter().find(|u| u.at() == *at);
            if unit.is_some_and(|u| !is_mentioned(&folded, u)) {
                found.push(Diagnosis::new(
                    Code::GoalNotMentioned,
                    format!("edges[{i}]"),
                    format!("the goal does not mention {at}, so an edge with it is nobody's wish"),
                    "leave the edge out",
                ));
            }
        }
    }
    let missing = |e: &&Edge| {
        !plan
            .edges
            .iter()
            .any(|o| (&o.unit, &o.needs, o.kind) == (&e.unit, &e.needs, e.kind))
    };
    for edge in read.into_iter().flat_map(|r| &r.edges).filter(missing) {
        found.push(Diagnosis::new(
            Code::GoalLost,
            "edges",
            format!(
                "the goal says plainly that {} needs {} ({:?}), and the plan does not have it",
                edge.unit, edge.needs, edge.kind
            ),
            "add the edge",
        ));
    }
    found
}

fn fold(text: &str) -> String {
    text.to_lowercase().replace(['-', '_'], " ")
}

fn is_mentioned(goal: &str, unit: &Unit) -> bool {
    let stem = fold(unit.name.stem());
    goal.contains(&stem)
        || unit
            .aliases
            .iter()
            .any(|a| goal.contains(&fold(a.as_str())))
}
