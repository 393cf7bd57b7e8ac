//! The project's goals, and what counts as right.
#![allow(dead_code, reason = "every test file takes the part it needs")]

use std::collections::BTreeSet;

use gori_planner::{Inventory, Plan, input};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub struct Goal {
    pub text: String,
    #[serde(default)]
    pub plain: bool,
    #[serde(default)]
    pub question: bool,
    #[serde(default)]
    edges: Vec<String>,
    #[serde(default)]
    reactions: Vec<String>,
}

#[derive(Deserialize)]
struct File {
    goals: Vec<Goal>,
}

pub fn goals() -> Vec<Goal> {
    toml::from_str::<File>(include_str!("../goals.toml"))
        .unwrap()
        .goals
}

pub fn inventory() -> Inventory {
    input::inventory_from_toml(include_str!("../../../examples/inventory/drive.toml")).unwrap()
}

fn lower<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_value(value)
        .unwrap()
        .as_str()
        .unwrap()
        .to_owned()
}

impl Goal {
    pub fn is_korean(&self) -> bool {
        self.text.chars().any(|c| ('가'..='힣').contains(&c))
    }

    /// Whether a plan has the edges and reactions that are meant, and no others.
    pub fn is_met_by(&self, plan: &Plan) -> bool {
        let end = |span: Option<gori_planner::quantity::Span>| {
            span.map(|s| format!(" {s}")).unwrap_or_default()
        };
        let edges: BTreeSet<String> = plan
            .edges
            .iter()
            .map(|e| {
                format!(
                    "{} {} {}{}",
                    e.unit,
                    lower(&e.kind),
                    e.needs,
                    end(e.deadline)
                )
            })
            .collect();
        let reactions: BTreeSet<String> = plan
            .reactions
            .iter()
            .map(|r| format!("{} {} {}{}", r.when, lower(&r.event), r.stop, end(r.within)))
            .collect();
        !self.question
            && edges == self.edges.iter().cloned().collect()
            && reactions == self.reactions.iter().cloned().collect()
    }
}
