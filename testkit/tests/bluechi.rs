//! The planner's executor against a mock of org.eclipse.bluechi, peer to peer, that can deny, hang, lie and lose nodes.
//! It is here and not beside the planner, since whoever runs an example builds what the planner's own tests need.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    unreachable_pub,
    reason = "a test may"
)]

#[path = "../../planner/tests/common/mod.rs"]
mod common;
#[path = "bluechi/mock.rs"]
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
        started[4..6],
        [
            "start node2/perception.service",
            "start node3/planner.service"
        ]
    );
    // A reconciler without an active target brings nothing back, and one that runs on would undo the stop.
    let keepers = [
        "start node1/drive.target",
        "start node2/drive.target",
        "start node3/drive.target",
        "start node3/drive-reconcile.timer",
    ];
    assert_eq!(started[6..], keepers);
    let report = stop(&plan, &hash, Mode::Live, &executor).await.unwrap();
    assert!(report.ok, "{report:?}");
    let stopped = &mock.calls()[started.len()..];
    assert_eq!(
        stopped[..4],
        [
            "stop node3/drive-reconcile.timer",
            "stop node3/drive-reconcile.service",
            "stop node3/planner.service",
            "stop node2/perception.service"
        ]
    );
    let mut last = stopped[stopped.len() - 3..].to_vec();
    last.sort();
    assert_eq!(
        last,
        [
            "stop node1/drive.target",
            "stop node2/drive.target",
            "stop node3/drive.target"
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
async fn what_cannot_be_taken_back_is_said() {
    let (mock, executor) = Mock::new().await;
    mock.set("node2/perception.service", Behaviour::Offline, "inactive");
    let (plan, hash) = plan();
    let report = apply(&plan, &hash, Mode::Live, &executor).await.unwrap();
    assert!(!report.ok && !report.rolled_back, "{report:?}");
    let stuck = |s: &Step| matches!(s, Step::Stuck { unit, why } if *unit == at("node2/logger.service") && why.contains("offline"));
    assert!(report.steps.iter().any(stuck), "{report:?}");
    assert_eq!(mock.state("node1/db.service"), "inactive");
}

#[tokio::test]
async fn a_deaf_controller_is_told_from_a_slow_unit() {
    let (mock, executor) = Mock::new().await;
    mock.set("node1/camera.service", Behaviour::Deaf, "inactive");
    let unit = at("node1/camera.service");
    let start = executor.start(&unit, Duration::from_millis(200));
    let error = start.await.unwrap_err();
    assert_eq!(error.kind(), gori_core::ErrorKind::Timeout);
    let text = format!("{error:?}");
    assert!(text.contains("Active all the same"), "{text}");
    mock.wait_for("cancel node1/camera.service").await;
}

#[tokio::test]
async fn a_controller_that_never_answers_costs_no_more_than_the_deadline() {
    let (mock, executor) = Mock::new().await;
    mock.set("node1/camera.service", Behaviour::Mute, "inactive");
    let unit = at("node1/camera.service");
    let start = executor.start(&unit, Duration::from_millis(200));
    let error = tokio::time::timeout(Duration::from_secs(5), start)
        .await
        .unwrap()
        .unwrap_err();
    assert_eq!(error.kind(), gori_core::ErrorKind::Timeout);
}

/// A signal that looks like BlueChi's, from somebody else on the bus.
async fn lie(bus: &mock::Bus) -> zbus::Connection {
    let liar = bus.connect().await;
    let job = zbus::zvariant::ObjectPath::try_from("/org/eclipse/bluechi/job/1").unwrap();
    let body = (1_u32, job, "node1", "camera.service", "done");
    for _ in 0..20 {
        let path = "/org/eclipse/bluechi";
        let interface = "org.eclipse.bluechi.Controller";
        let sent = liar.emit_signal(None::<&str>, path, interface, "JobRemoved", &body);
        sent.await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    liar
}

#[tokio::test]
async fn over_a_bus_of_its_own_all_is_the_same_and_nobody_else_is_believed() {
    let Some(bus) = mock::Bus::start() else {
        println!("SKIPPED: no dbus-daemon here");
        return;
    };
    let (mock, executor) = Mock::on(&bus).await;
    let (plan, hash) = plan();
    mock.set("node3/planner.service", Behaviour::Denied, "inactive");
    let report = apply(&plan, &hash, Mode::Live, &executor).await.unwrap();
    assert!(!report.ok && report.rolled_back, "{report:?}");
    assert!(ORDER.iter().all(|u| mock.state(u) == "inactive"));
    mock.set("node3/planner.service", Behaviour::Noisy, "inactive");
    let report = apply(&plan, &hash, Mode::Live, &executor).await.unwrap();
    assert!(report.ok, "{report:?}");

    let (mock, executor) = {
        drop((mock, executor));
        Mock::on(&bus).await
    };
    mock.set("node1/camera.service", Behaviour::Hangs, "inactive");
    let unit = at("node1/camera.service");
    let start = executor.start(&unit, Duration::from_millis(300));
    let (result, _) = tokio::join!(start, lie(&bus));
    assert_eq!(result.unwrap_err().kind(), gori_core::ErrorKind::Timeout);
    mock.wait_for("cancel node1/camera.service").await;
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
async fn a_plan_that_nothing_watches_stays_up_and_says_so() {
    let (mock, executor) = Mock::new().await;
    mock.set("node2/drive.target", Behaviour::NoSuchUnit, "inactive");
    let (plan, hash) = plan();
    let report = apply(&plan, &hash, Mode::Live, &executor).await.unwrap();
    assert!(report.ok && !report.rolled_back, "{report:?}");
    let missed =
        |s: &Step| matches!(s, Step::Missed { unit, .. } if *unit == at("node2/drive.target"));
    assert!(report.steps.iter().any(missed), "{report:?}");
    assert!(ORDER.iter().all(|u| mock.state(u) == "active"));
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
