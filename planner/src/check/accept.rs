//! What the author accepts, and what nobody may.

use std::collections::BTreeSet;

use super::Diagnosis;
use crate::code::{Code, Weight};
use crate::plan::Plan;

/// Says of every diagnosis whether it refuses the plan, and adds what is wrong with the list itself.
pub(super) fn sort(plan: &Plan, found: Vec<Diagnosis>) -> Vec<(bool, Diagnosis)> {
    let there: BTreeSet<Code> = found.iter().map(|d| d.code).collect();
    let accepted: BTreeSet<Code> = plan.accept.iter().map(|a| a.code).collect();
    let mut sorted: Vec<(bool, Diagnosis)> = found
        .into_iter()
        .map(|d| {
            let refuses = match d.code.weight() {
                Weight::Remark => false,
                Weight::Judgement => !accepted.contains(&d.code),
                Weight::Wrong => true,
            };
            (refuses, d)
        })
        .collect();
    for (i, accept) in plan.accept.iter().enumerate() {
        let path = format!("plan.accept[{i}].code");
        if accept.code.weight() == Weight::Wrong {
            let why = format!(
                "{} is no judgement: the plan would not do what it says",
                accept.code
            );
            sorted.push((
                true,
                Diagnosis::new(
                    Code::AcceptForbidden,
                    path,
                    why,
                    "mend the plan and take the entry out",
                ),
            ));
        } else if !there.contains(&accept.code) {
            let why = format!(
                "{} is accepted, but nothing in the plan has it",
                accept.code
            );
            sorted.push((
                false,
                Diagnosis::new(Code::AcceptUnused, path, why, "take the entry out"),
            ));
        }
    }
    sorted
}
