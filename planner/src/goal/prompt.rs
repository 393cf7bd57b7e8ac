//! What a model is told.
//!
//! The task and its examples are the same for every goal, so that a server keeps them in its cache; what belongs to a
//! goal stands behind them.

use std::fmt::Write as _;

use gori_core::Message;

use super::scope::Scope;
use crate::check::Diagnosis;

const TASK: &str = "\
You turn a goal in English or Korean into a plan of systemd services over several nodes, as one JSON object.
edges: `unit` starts after `needs`. kind: hard = cannot run without it; soft = waits for it but runs without it \
(\"wants\", \"if possible\", \"even if it never comes\"); succeeded = a job that has to have finished successfully \
first; upheld = kept running beside it, not depended on. deadline: only if the goal names a time that `needs` may take.
reactions: only if the goal says what stops (`stop`) when a unit (`when`) fails or its node is lost.
questions: if the goal names something that is not among the units or is not clear, ask in the goal's language and \
leave edges and reactions empty.
Use only what the goal says.";

/// Goals over units that no inventory of a user has, each with its answer: one of every kind.
const EXAMPLES: [(&str, &str, &str); 6] = [
    (
        "- pi1/mic.service\n- pi2/speech.service\n",
        "As soon as mic listens, let speech come up; without mic it is of no use.",
        r#"{"questions":[],"edges":[{"unit":"pi2/speech.service","needs":"pi1/mic.service","kind":"hard"}],"reactions":[]}"#,
    ),
    (
        "- pi1/door.service (also called 문)\n- pi2/lamp.service (also called 램프)\n",
        "램프가 문을 기다리면 좋겠지만, 문이 안 떠도 램프는 켜져야 합니다.",
        r#"{"questions":[],"edges":[{"unit":"pi2/lamp.service","needs":"pi1/door.service","kind":"soft"}],"reactions":[]}"#,
    ),
    (
        "- pi1/setup.service\n- pi2/motor.service\n- pi2/wheel.service\n",
        "Motor may run only when the setup job has gone through. Then wheel, which gives motor at most 4 s.",
        r#"{"questions":[],"edges":[{"unit":"pi2/motor.service","needs":"pi1/setup.service","kind":"succeeded"},{"unit":"pi2/wheel.service","needs":"pi2/motor.service","kind":"hard","deadline":"4s"}],"reactions":[]}"#,
    ),
    (
        "- pi1/door.service (also called 문)\n- pi2/lamp.service (also called 램프)\n",
        "램프는 문 없이는 못 돕니다. 문이 죽으면 램프를 3초 안에 꺼 주세요.",
        r#"{"questions":[],"edges":[{"unit":"pi2/lamp.service","needs":"pi1/door.service","kind":"hard"}],"reactions":[{"when":"pi1/door.service","event":"failure","stop":"pi2/lamp.service","within":"3s"}]}"#,
    ),
    (
        "- pi1/mic.service\n",
        "start the horn after mic",
        r#"{"questions":["Which unit is the horn?"],"edges":[],"reactions":[]}"#,
    ),
    (
        "- pi1/mic.service\n- pi1/fan.service\n",
        "Keep fan up as long as mic runs and before it, but mic shall not depend on it.",
        r#"{"questions":[],"edges":[{"unit":"pi1/mic.service","needs":"pi1/fan.service","kind":"upheld"}],"reactions":[]}"#,
    ),
];

/// The task, the examples and the goal.
pub(super) fn messages(goal: &str, scope: &Scope<'_>) -> Vec<Message> {
    let mut messages = vec![Message::system(TASK)];
    for (units, goal, answer) in EXAMPLES {
        messages.push(Message::user(question(units, goal)));
        messages.push(Message::assistant(answer));
    }
    messages.push(Message::user(question(&units(scope), goal)));
    messages
}

fn question(units: &str, goal: &str) -> String {
    format!("Units:\n{units}Goal: {goal}")
}

fn units(scope: &Scope<'_>) -> String {
    let mut text = String::new();
    for unit in &scope.units {
        let aliases: Vec<&str> = unit.aliases.iter().map(|a| a.as_str()).collect();
        let also = if aliases.is_empty() {
            String::new()
        } else {
            format!(" (also called {})", aliases.join(", "))
        };
        let _ = writeln!(text, "- {}{also}", unit.at());
    }
    text
}

/// What is wrong with the last answer.
pub(super) fn refused(diagnoses: &[Diagnosis]) -> String {
    let mut text = String::from("The plan was refused:\n");
    for diagnosis in diagnoses.iter().take(8) {
        let _ = writeln!(text, "- {diagnosis}");
    }
    text.push_str("Answer with the whole plan again, with this mended, or with questions.");
    text
}

#[cfg(test)]
mod tests {
    use super::EXAMPLES;
    use crate::goal::answer::{Answer, parse};
    use crate::name::PlanName;

    #[test]
    fn the_examples_are_answers_of_the_form() {
        let name = PlanName::parse("drive").unwrap();
        for (units, goal, answer) in EXAMPLES {
            match parse(answer, &name).unwrap_or_else(|d| panic!("{goal}: {d}")) {
                Answer::Plan(plan) => {
                    let named = |at: &crate::name::UnitRef| units.contains(&at.to_string());
                    assert!(
                        plan.edges.iter().all(|e| named(&e.unit) && named(&e.needs)),
                        "{goal}"
                    );
                }
                Answer::Questions(questions) => assert_eq!(questions.len(), 1),
            }
        }
    }
}
