//! The executor against a mock of org.eclipse.bluechi, peer to peer, that can deny, hang, lie and lose nodes.
#![cfg(feature = "bluechi")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    unreachable_pub,
    reason = "a test may"
)]

mod common;
#[path = "common/mock_bluechi.rs"]
mod mock;

use std::time::Duration;

use gori_planner::apply::{ActiveState, Executor as _, Mode, Step, apply, stop};
use gori_planner::name::UnitRef;
use gori_planner::{Checked, Plan, render};
use mock::{Behaviour, Mock};

fn at(text: &str) -> UnitRef {
    UnitRef::parse(text).unwrap()
}

fn plan() -> (Checked<Plan>, String) {
    let plan = common::check(&[]).unwrap();
    let hash = render(&plan).hash();
    (plan, hash)
}

const ORDER: [&str; 6] = [
    "node1/calibrate.service",
    "node1/camera.service",
    "node1/db.service",
    "node2/logger.service",
    "node2/perception.service",
    "node3/planner.service",
];

#[tokio::test]
async fn a_dry_run_touches_nothing() {
    let (mock, executor) = Mock::new().await;
    let (plan, hash) = plan();
    let report = apply(&plan, &hash, Mode::Dry, &executor).await.unwrap();
    assert_eq!(report.steps.len(), 6);
    assert!(mock.calls().is_empty());
}

#[tokio::test]
async fn another_hash_is_refused() {
    let (mock, executor) = Mock::new().await;
    let error = apply(&plan().0, "abc", Mode::Live, &executor)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), gori_core::ErrorKind::Refused);
    assert!(mock.calls().is_empty());
}

#[tokio::test]
async fn waves_start_in_order_and_stop_in_reverse() {
    let (mock, executor) = Mock::new().await;
    let (plan, hash) = plan();
    let report = apply(&plan, &hash, Mode::Live, &executor).await.unwrap();
    assert!(report.ok, "{report:?}");
    let started = mock.calls();
    assert_eq!(
        started[4..],
        [
            "start node2/perception.service",
            "start node3/planner.service"
        ]
    );
    let report = stop(&plan, &hash, Mode::Live, &executor).await.unwrap();
    assert!(report.ok, "{report:?}");
    assert_eq!(
        mock.calls()[6..8],
        [
            "stop node3/planner.service",
            "stop node2/perception.service"
        ]
    );
    for unit in ORDER {
        assert_eq!(
            executor.state(&at(unit)).await.unwrap(),
            ActiveState::Inactive
        );
    }
}

#[tokio::test]
async fn a_failure_takes_back_exactly_what_this_run_started() {
    for behaviour in [
        Behaviour::Denied,
        Behaviour::DoneButDead,
        Behaviour::NoSuchUnit,
        Behaviour::Offline,
    ] {
        let (mock, executor) = Mock::new().await;
        mock.set("node1/camera.service", Behaviour::Normal, "active");
        mock.set("node2/perception.service", behaviour, "inactive");
        let (plan, hash) = plan();
        let report = apply(&plan, &hash, Mode::Live, &executor).await.unwrap();
        assert!(
            !report.ok && report.rolled_back,
            "{behaviour:?}: {report:?}"
        );
        assert!(
            !mock.calls().iter().any(|c| c.contains("camera")),
            "{behaviour:?}: the camera was there before"
        );
        assert!(
            !mock
                .calls()
                .iter()
                .any(|c| c == "start node3/planner.service")
        );
        assert_eq!(mock.state("node1/camera.service"), "active");
        for unit in [
            "node1/db.service",
            "node1/calibrate.service",
            "node2/logger.service",
        ] {
            assert_eq!(mock.state(unit), "inactive", "{behaviour:?}: {unit}");
        }
    }
}

#[tokio::test]
async fn a_hanging_start_is_cancelled_at_its_deadline() {
    let (mock, executor) = Mock::new().await;
    mock.set("node1/camera.service", Behaviour::Hangs, "inactive");
    let error = executor
        .start(&at("node1/camera.service"), Duration::from_millis(200))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), gori_core::ErrorKind::Timeout);
    mock.wait_for("cancel node1/camera.service").await;
}

#[tokio::test]
async fn dropping_the_start_cancels_the_job() {
    let (mock, executor) = Mock::new().await;
    mock.set("node1/camera.service", Behaviour::Hangs, "inactive");
    let unit = at("node1/camera.service");
    let start = executor.start(&unit, Duration::from_secs(60));
    assert!(
        tokio::time::timeout(Duration::from_millis(300), start)
            .await
            .is_err()
    );
    mock.wait_for("cancel node1/camera.service").await;
}

#[tokio::test]
async fn a_wanted_unit_that_fails_is_missed_and_the_plan_goes_on() {
    let (mock, executor) = Mock::new().await;
    mock.set("node1/db.service", Behaviour::Denied, "inactive");
    let (plan, hash) = plan();
    let report = apply(&plan, &hash, Mode::Live, &executor).await.unwrap();
    assert!(
        report.ok
            && report
                .steps
                .iter()
                .any(|s| matches!(s, Step::Missed { .. })),
        "{report:?}"
    );
}

#[tokio::test]
async fn virtual_events_and_jobs_of_others_are_not_believed() {
    let (mock, executor) = Mock::new().await;
    mock.set("node1/camera.service", Behaviour::Noisy, "inactive");
    executor
        .start(&at("node1/camera.service"), Duration::from_secs(5))
        .await
        .unwrap();
    assert_eq!(
        executor.state(&at("node1/camera.service")).await.unwrap(),
        ActiveState::Active
    );
}
