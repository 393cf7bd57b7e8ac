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
use gori_planner::simulate::Fault;
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

/// The sentence of the issue that this crate began with: nothing in it says how the planner depends on the camera.
#[test]
fn a_reaction_without_a_need_is_asked_about_with_sentences_that_mend_it() {
    let inventory = inventory();
    let goals = [
        "start perception on node2 after camera on node1; if camera fails stop planner within 2 s",
        "node1의 카메라 다음에 node2의 perception을 시작해; 카메라가 실패하면 2초 안에 플래너를 중지해",
    ];
    for goal in goals {
        let reading = goal::read(goal, &inventory, &name());
        assert!(reading.unread.is_empty(), "{reading:?}");
        let [question] = reading.questions.as_slice() else {
            panic!("{reading:?}")
        };
        assert_eq!(question.choices.len(), 2, "{question:?}");
        let korean = |text: &str| text.chars().any(|c| ('가'..='힣').contains(&c));
        assert_eq!(korean(&question.question), korean(goal), "{question:?}");
        for choice in &question.choices {
            let whole = format!("{goal}; {choice}");
            let reading = goal::read(&whole, &inventory, &name());
            assert!(reading.is_complete(), "{whole}: {reading:?}");
            Checked::new(inventory.clone(), reading.plan)
                .unwrap_or_else(|r| panic!("{whole}: {r}"));
        }
    }
}

#[test]
fn what_is_said_of_a_plan_reads_back_to_the_plan() {
    let inventory = inventory();
    let mut said = 0;
    for goal in goals() {
        let reading = goal::read(&goal.text, &inventory, &name());
        if !reading.is_complete() {
            continue;
        }
        for language in ["English", "한국어"] {
            let sentences = goal::say(&reading.plan, &inventory, language);
            let again = goal::read(&sentences.join("; "), &inventory, &name());
            assert!(again.is_complete(), "{sentences:?}: {again:?}");
            let mut plan = reading.plan.clone();
            plan.edges.iter_mut().for_each(|e| e.reason = None);
            assert_eq!(again.plan, plan, "{sentences:?}");
            said += sentences.len();
        }
    }
    println!("{said} sentences read back");
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

#[test]
fn a_question_about_a_fault_is_clear_or_asked_back() {
    let inventory = inventory();
    for text in [
        "what if node9 dies?",
        "what if node2 sings?",
        "",
        "what if node2 restarts",
        "what if camera is unplugged",
    ] {
        assert!(goal::what_if(text, &inventory).is_err(), "{text}");
    }
    for text in [
        "What happens if the camera fails?",
        "카메라가 죽으면?",
        "what if node1/camera.service crashes",
    ] {
        let fault = goal::what_if(text, &inventory).unwrap();
        assert_eq!(
            fault,
            Fault::UnitFails("node1/camera.service".parse().unwrap()),
            "{text}"
        );
    }
    let fault = goal::what_if("node2가 끊기면 어떻게 돼?", &inventory).unwrap();
    assert_eq!(fault, Fault::CablePulled("node2".parse().unwrap()));
}

/// Sentences that look like ones of the grammar and mean something else, or nothing. Whether they come out as unread or
/// as a question does not matter; a plan must not come of them.
const NEAR_MISSES: [&str; 44] = [
    "planner does not need perception",
    "planner no longer needs perception",
    "do not start planner after perception",
    "never start planner after perception",
    "start planner never after perception",
    "start planner not before perception",
    "start planner 2 s after camera",
    "start planner after camera or perception",
    "start planner after camera but not after perception",
    "start either planner or logger after camera",
    "start planner instead of logger after camera",
    "start camera within 2 s",
    "all must stop within 2 s",
    "everything must be stopped within 5 s",
    "if camera does not fail stop planner",
    "if camera fails do not stop planner",
    "if camera fails twice stop planner",
    "if camera or perception fails stop planner",
    "if camera fails stop planner and restart camera",
    "if camera fails start logger and stop planner",
    "planner depends on perception only on sundays",
    "planner hardly depends on perception",
    "perception is not useless without camera",
    "perception can run without camera",
    "perception must run without camera",
    "keep logger stopped whenever perception runs",
    "chain camera",
    "then start planner",
    "it needs camera",
    "start planner after it",
    "planner waits at most 2 s for camera",
    "start planner after camera. planner needs camera. planner wants camera",
    "start planner after camera within 2 s; start planner after camera within 3 s",
    "I would like planner to wait for the telemetry database, but it has to drive even if perception never comes up",
    "플래너는 인지가 필요하지 않다",
    "플래너는 인지가 필요 없다",
    "카메라 다음에 인지를 시작하지 마",
    "카메라 다음에 인지를 시작하면 안 된다",
    "카메라 다음에 시작해",
    "카메라가 실패하면 인지를 중지하지 마",
    "카메라가 실패하면 인지를 시작하고 로거를 중지해",
    "인지는 카메라 없이 돌아도 된다",
    "플래너는 텔레메트리 데이터베이스가 있으면 좋지 않다",
    "플래너를 시작하기 전에 3초 안에 모두 준비되어 있어야 한다",
];

#[test]
fn a_sentence_that_means_something_else_gives_no_plan() {
    let inventory = inventory();
    for text in NEAR_MISSES {
        let reading = goal::read(text, &inventory, &name());
        assert!(!reading.is_complete(), "{text}: {:?}", reading.plan);
    }
    println!("{} near misses, none read", NEAR_MISSES.len());
}

#[test]
fn one_wish_in_many_words_gives_one_plan() {
    let inventory = inventory();
    let edges = |text: &str| {
        let reading = goal::read(text, &inventory, &name());
        assert!(reading.is_complete(), "{text}: {reading:?}");
        let edges = reading.plan.edges.into_iter();
        edges.map(|e| (e.unit, e.needs, e.kind)).collect::<Vec<_>>()
    };
    let wanted = edges("start perception after camera");
    for text in [
        "start perception on node2 after camera on node1",
        "Start camera before perception.",
        "Start camera. Then start perception.",
        "start camera, then perception",
        "first start camera and then start perception",
        "After camera, start perception.",
        "Once the camera is up, start perception.",
        "perception depends on the camera",
        "Perception in turn relies on camera.",
        "perception cannot run without camera",
        "Make sure that perception starts after the camera.",
        "chain camera and perception in that order",
        "perception may only be started once camera is ready",
        "인지를 카메라 다음에 시작해",
        "카메라 다음에 인지를 시작해 주세요",
        "카메라 후에 인지를 실행해야 한다",
        "인지는 카메라에 의존한다",
        "카메라와 인지를 순서대로 시작해",
        "인지를 시작하기 전에 카메라를 먼저 시작해",
        "먼저 카메라를 켜고, 카메라가 준비되면 node2에서 인지를 시작해 줘",
    ] {
        assert_eq!(edges(text), wanted, "{text}");
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
