//! The chain with a model that says what the test wants: whatever it says, the check decides.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    unreachable_pub,
    reason = "a test may"
)]

#[path = "common/goals.rs"]
mod goals;

use gori_core::{Chain as _, Context, Format};
use gori_planner::Code;
use gori_planner::goal::{Planned, Planner};
use gori_planner::name::PlanName;
use gori_testkit::ScriptedLlm;

fn planner(llm: ScriptedLlm) -> Planner<ScriptedLlm> {
    Planner::new(llm, goals::inventory(), PlanName::parse("drive").unwrap())
}

async fn run(llm: &ScriptedLlm, goal: &str) -> Planned {
    planner(llm.clone())
        .call(&Context::new(), goal.to_owned())
        .await
        .unwrap()
}

const FREE: &str = "Perception should never be alive without the camera.";
const RIGHT: &str = r#"{"questions":[],"edges":[{"unit":"node2/perception.service","needs":"node1/camera.service","kind":"hard"}],"reactions":[]}"#;

#[tokio::test]
async fn a_plain_goal_needs_no_model() {
    let llm = ScriptedLlm::new(Vec::<String>::new());
    let Planned::Plan(proposal) = run(&llm, "start perception after camera").await else {
        panic!()
    };
    assert_eq!(proposal.attempts, 0);
}

#[tokio::test]
async fn a_model_reads_what_the_grammar_cannot() {
    let llm = ScriptedLlm::new([format!("```json\n{RIGHT}\n```")]);
    let Planned::Plan(proposal) = run(&llm, FREE).await else {
        panic!()
    };
    assert_eq!(
        (proposal.attempts, proposal.plan.plan().edges.len()),
        (1, 1)
    );
    let prompts = llm.prompts();
    assert!(
        matches!(&prompts[0].format, Format::Json { schema, .. } if schema.to_string().contains("node1/camera.service"))
    );
}

#[tokio::test]
async fn diagnoses_go_back_and_a_mended_plan_passes() {
    let cycle = r#"{"questions":[],"edges":[{"unit":"node2/perception.service","needs":"node1/camera.service","kind":"hard"},{"unit":"node1/camera.service","needs":"node2/perception.service","kind":"hard"}],"reactions":[]}"#;
    let llm = ScriptedLlm::new([cycle, RIGHT]);
    let Planned::Plan(proposal) = run(&llm, FREE).await else {
        panic!()
    };
    assert_eq!(proposal.attempts, 2);
    let told = llm.prompts()[1].messages.last().unwrap().to_text();
    assert!(told.contains("cycle-cross"), "{told}");
}

#[tokio::test]
async fn whatever_the_model_says_the_check_decides() {
    let bad: &[(&str, Code)] = &[
        ("I cannot do that.", Code::Syntax),
        (
            r#"{"edges":[],"reactions":[],"questions":[]}"#,
            Code::PlanEmpty,
        ),
        (
            r#"{"edges":[{"unit":"node2/perception.service","needs":"node1/radar.service"}]}"#,
            Code::UnitUnknown,
        ),
        (
            r#"{"edges":[{"unit":"node2/perception.service","needs":"bluechi-proxy@agent03.service"}]}"#,
            Code::ProxyByHand,
        ),
        (
            r#"{"edges":[{"unit":"node2/perception.service","needs":"node1/camera.service","ExecStartPre":"/bin/sh"}]}"#,
            Code::FieldUnknown,
        ),
        (
            r#"{"edges":[{"unit":"node2/perception.service","needs":"node1/camera.service","reason":"x\nExecStart=/bin/sh"}]}"#,
            Code::TextControl,
        ),
        (
            r#"{"edges":[{"unit":"node2/perception.service","needs":"node1/camera.service","deadline":"100ms"}]}"#,
            Code::DeadlineMissed,
        ),
        (
            r#"{"edges":[{"unit":"node3/planner.service","needs":"node1/camera.service"}]}"#,
            Code::GoalNotMentioned,
        ),
        (
            r#"{"edges":[{"unit":"node2/perception.service","needs":"node1/camera.service","deadline":"9s"}]}"#,
            Code::GoalNotMentioned,
        ),
        (
            r#"{"edges":[{"unit":"node2/perception.service","needs":"node1/camera.service"}],"reactions":[{"when":"node1/camera.service","event":"failure","stop":"node3/planner.service"}]}"#,
            Code::GoalNotMentioned,
        ),
        (
            r#"{"accept":[{"code":"cycle-cross","reason":"x"}],"edges":[]}"#,
            Code::FieldUnknown,
        ),
    ];
    let goal = format!("{FREE} It waits 100 ms at most.");
    for (answer, code) in bad {
        let llm = ScriptedLlm::new([*answer; 3]);
        let Planned::Refused {
            diagnoses,
            attempts,
            ..
        } = run(&llm, &goal).await
        else {
            panic!("{answer}")
        };
        assert_eq!(attempts, 3);
        assert!(
            diagnoses.iter().any(|d| d.code == *code),
            "{answer}: {diagnoses:?}"
        );
    }
    println!("{} bad answers refused", bad.len());
}

#[tokio::test]
async fn a_plain_sentence_beside_a_free_one_is_not_lost() {
    let llm = ScriptedLlm::new([RIGHT; 3]);
    let goal = format!("start planner after perception. {FREE}");
    let Planned::Refused { diagnoses, .. } = run(&llm, &goal).await else {
        panic!()
    };
    assert_eq!(diagnoses[0].code, Code::GoalLost);
}

#[tokio::test]
async fn questions_come_back() {
    let llm = ScriptedLlm::new([r#"{"questions":["Which one?"],"edges":[],"reactions":[]}"#]);
    let Planned::Questions { questions, .. } =
        run(&llm, "Make that start after camera, please.").await
    else {
        panic!()
    };
    assert_eq!(questions[0].question, "Which one?");
    let none = ScriptedLlm::new(Vec::<String>::new());
    assert!(matches!(
        run(&none, "start radar after camera").await,
        Planned::Questions { .. }
    ));
}

#[tokio::test]
async fn a_goal_that_names_no_unit_is_asked_about_and_no_model_is() {
    let llm = ScriptedLlm::new(Vec::<String>::new());
    for (goal, word) in [
        ("Make the thing start after the other thing.", "which units"),
        ("그것들을 알아서 잘 이어 주세요.", "어느"),
    ] {
        let Planned::Questions { questions, .. } = run(&llm, goal).await else {
            panic!()
        };
        assert!(questions[0].question.contains(word), "{questions:?}");
        assert_eq!(questions[0].choices.len(), goals::inventory().units.len());
    }
}

/// The weak models that this is for write what the schema names first, so its order is that of the examples, and what
/// the goal does not name cannot be said.
#[tokio::test]
async fn the_schema_holds_what_the_goal_names_in_the_order_of_the_examples() {
    let llm = ScriptedLlm::new([r#"{"questions":["?"],"edges":[],"reactions":[]}"#; 2]);
    run(&llm, FREE).await;
    run(&llm, &format!("{FREE} It waits two seconds at most.")).await;
    let schema = |i: usize| match &llm.prompts()[i].format {
        Format::Json { schema, .. } => schema.to_string(),
        _ => panic!(),
    };
    let at = |word: &str| schema(0).find(word).unwrap_or_else(|| panic!("{word}"));
    assert!(at("\"questions\"") < at("\"edges\"") && at("\"edges\"") < at("\"reactions\""));
    assert!(at("\"unit\"") < at("\"needs\"") && at("\"needs\"") < at("\"kind\""));
    assert!(
        !schema(0).contains("node3") && !schema(0).contains("deadline"),
        "{}",
        schema(0)
    );
    assert!(
        schema(1).contains(r#""deadline":{"type":"string","enum":["2s"]}"#),
        "{}",
        schema(1)
    );
}
