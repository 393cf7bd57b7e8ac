//! The grammar on the project's goals, and on what is no goal at all.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    unreachable_pub,
    reason = "a test may"
)]

#[path = "common/goals.rs"]
mod goals;

use goals::{goals, inventory};
use gori_planner::name::PlanName;
use gori_planner::{Checked, goal};
use proptest::prelude::*;

fn name() -> PlanName {
    PlanName::parse("drive").unwrap()
}

#[test]
fn plain_sentences_are_read_right_and_the_others_are_left_to_the_model() {
    let inventory = inventory();
    let (mut right, mut korean, mut wrong) = (0, 0, Vec::new());
    for goal in goals() {
        let reading = goal::read(&goal.text, &inventory, &name());
        let met = if goal.question {
            !reading.questions.is_empty()
        } else {
            reading.is_complete() && goal.is_met_by(&reading.plan)
        };
        right += usize::from(met);
        korean += usize::from(goal.is_korean());
        if goal.plain && !met {
            wrong.push(format!("{}\n  {reading:?}", goal.text));
        }
        // What the grammar claims to have read completely has to be what is meant.
        if !goal.question && reading.is_complete() && !goal.is_met_by(&reading.plan) {
            wrong.push(format!("silently wrong: {}\n  {reading:?}", goal.text));
        }
        if !goal.question && reading.is_complete() {
            Checked::new(inventory.clone(), reading.plan)
                .unwrap_or_else(|r| panic!("{}: {r}", goal.text));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!((goals().len(), korean), (30, 15));
    println!("grammar alone: {right} of 30 right");
}

#[test]
fn what_is_not_clear_is_asked() {
    let inventory = inventory();
    let ask = |text: &str| goal::read(text, &inventory, &name()).questions;
    let questions = ask("start planner after the telemetry");
    assert_eq!(questions[0].choices, ["node1/telemetry-db.service"]);
    assert!(
        ask("start perception on node9 after camera")[0]
            .question
            .contains("node9")
    );
    assert!(
        ask("start logger; if node3 is lost stop logger")[0]
            .question
            .contains("needs nothing on node3")
    );
}

#[test]
fn sentences_beyond_the_grammar_are_told_apart() {
    let inventory = inventory();
    for text in [
        "Do whatever is best.",
        "카메라는 예쁘다",
        "if camera fails call me",
        "start planner after camera unless it rains on a sunday afternoon",
    ] {
        let reading = goal::read(text, &inventory, &name());
        assert!(!reading.is_complete(), "{text}: {reading:?}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_grammar_panic_or_invent_a_unit(text in ".{0,200}") {
        let inventory = inventory();
        let reading = goal::read(&text, &inventory, &name());
        for edge in &reading.plan.edges {
            prop_assert!(inventory.units.iter().any(|u| u.at() == edge.unit));
        }
    }

    #[test]
    fn words_of_the_grammar_in_any_order_do_no_harm(words in proptest::collection::vec(
        proptest::sample::select(vec!["start", "after", "if", "fails", "stop", "within", "2", "s", "camera", "planner", "on",
            "node1", "and", "needs", "카메라", "다음에", "시작해", "실패하면", "2초", "안에", "중지", "플래너는", "필요하다", ";", "the", "because", "is", "lost"]), 0..12)) {
        let inventory = inventory();
        let _ = goal::read(&words.join(" "), &inventory, &name());
    }
}
