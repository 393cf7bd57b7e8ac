//! One bad plan for each diagnosis, refused with that code and no other, and good plans that pass.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    unreachable_pub,
    reason = "a test may"
)]

mod common;

use std::collections::BTreeSet;

use common::check;
use gori_planner::Code::{self, *};
use gori_planner::code::Weight;

type Edits = &'static [(&'static str, &'static str)];

const HARD_DB: (&str, &str) = (
    "needs = \"node1/db.service\"\nkind = \"soft\"",
    "needs = \"node1/db.service\"\nkind = \"hard\"",
);

const BAD: &[(Code, Edits)] = &[
    (Syntax, &[("[bluechi]", "[bluechi")]),
    (FieldUnknown, &[("cpus = 4", "cpu = 4")]),
    (
        FieldUnknown,
        &[(
            "+plan",
            "\n[[edges]]\nunit = \"node1/camera.service\"\nneeds = \"node1/db.service\"\nExecStartPre = \"/bin/sh\"\n",
        )],
    ),
    (ValueInvalid, &[("kind = \"hard\"", "kind = \"firm\"")]),
    (ValueInvalid, &[("cpu_affinity = [1]", "cpu_weight = 0")]),
    (NodeUnderscore, &[("name = \"node1\"", "name = \"node_1\"")]),
    (
        NodeNameList,
        &[(
            "controller = true",
            "controller = true\nallow_dependencies_on = [\"node2, node1\"]",
        )],
    ),
    (
        NodeNameInvalid,
        &[("name = \"node1\"", "name = \"-node1\"")],
    ),
    (
        UnitNameInvalid,
        &[("name = \"camera.service\"", "name = \"cam era.service\"")],
    ),
    (
        UnitNameInvalid,
        &[(
            "name = \"camera.service\"",
            "name = \"camera\\n[Service]\\nExecStartPre=x.service\"",
        )],
    ),
    (
        UnitNameInvalid,
        &[("name = \"camera.service\"", "name = \"../camera.service\"")],
    ),
    (
        UnitNameInvalid,
        &[("name = \"camera.service\"", "name = \"cam%i.service\"")],
    ),
    (
        UnitSuffix,
        &[("name = \"camera.service\"", "name = \"camera\"")],
    ),
    (
        UnitTemplate,
        &[("name = \"camera.service\"", "name = \"camera@.service\"")],
    ),
    (
        ProxyByHand,
        &[(
            "needs = \"node1/camera.service\"",
            "needs = \"bluechi-proxy@agent03.service\"",
        )],
    ),
    (
        ProxyByHand,
        &[(
            "needs = \"node1/camera.service\"",
            "needs = \"node2/bluechi-proxy@node1_camera.service\"",
        )],
    ),
    (
        UnitRefInvalid,
        &[(
            "needs = \"node1/camera.service\"",
            "needs = \"camera.service\"",
        )],
    ),
    (
        PlanNameInvalid,
        &[("name = \"drive\"", "name = \"../drive\"")],
    ),
    (
        TextControl,
        &[(
            "what the camera sees",
            "what\\n[Service]\\nExecStart=/bin/sh",
        )],
    ),
    (
        TextControl,
        &[("what the camera sees", "what \u{202e}sees")],
    ),
    (
        DurationInvalid,
        &[("deadline = \"2s\"", "deadline = \"soon\"")],
    ),
    (
        DurationInvalid,
        &[("deadline = \"2s\"", "deadline = \"99999999999999999999h\"")],
    ),
    (SizeInvalid, &[("memory = \"4G\"", "memory = \"ten\"")]),
    (
        VersionInvalid,
        &[("systemd = \"252\"", "systemd = \"new\"")],
    ),
    (AddressInvalid, &[("192.0.2.11", "192.0.2.11; rm -rf /")]),
    (AddressInvalid, &[("192.0.2.11", "192.0.2.999")]),
    (PathInvalid, &[("/srv/db", "/srv/../etc")]),
    (
        ImageInvalid,
        &[("localhost/db:1", "localhost/db:1 --privileged")],
    ),
    (
        EnvNameInvalid,
        &[(
            "localhost/db:1\"",
            "localhost/db:1\"\nenvironment = { \"A=B\" = \"c\" }",
        )],
    ),
    (
        UserNameInvalid,
        &[(
            "podman = \"4.4\"",
            "podman = \"4.4\"\nuser = { name = \"Root!\", uid = 1, home = \"/home/x\" }",
        )],
    ),
    (
        NodeDuplicate,
        &[(
            "+",
            "[[nodes]]\nname = \"node1\"\nsystemd = \"252\"\nbluechi = \"1.2.2\"\n",
        )],
    ),
    (
        UnitDuplicate,
        &[(
            "+",
            "[[units]]\nnode = \"node2\"\nname = \"logger.service\"\n",
        )],
    ),
    (
        UnitNodeUnknown,
        &[("+", "[[units]]\nnode = \"node9\"\nname = \"x.service\"\n")],
    ),
    (ControllerMissing, &[("controller = true", "")]),
    (
        ControllerMany,
        &[
            ("systemd = \"254\"", "systemd = \"254\"\ncontroller = true"),
            (
                "+head",
                "accept = [{ code = \"controller-critical\", reason = \"is not meant here\" }]\n",
            ),
        ],
    ),
    (ControllerAddress, &[("address = \"192.0.2.13\"", "")]),
    (AddressShared, &[("192.0.2.12", "192.0.2.11")]),
    (PortInvalid, &[("port = 842", "port = 0")]),
    (
        PortInvalid,
        &[(
            "controller = true",
            "controller = true\nuser = { name = \"drive\", uid = 1000, home = \"/home/drive\", linger = true }",
        )],
    ),
    (
        UserLinger,
        &[(
            "podman = \"4.4\"",
            "podman = \"4.4\"\nuser = { name = \"drive\", uid = 1000, home = \"/home/drive\" }",
        )],
    ),
    (
        UserAgentHost,
        &[
            ("192.0.2.13", "controller.example"),
            (
                "podman = \"4.4\"",
                "podman = \"4.4\"\nuser = { name = \"drive\", uid = 1000, home = \"/home/drive\", linger = true }",
            ),
        ],
    ),
    (
        HeartbeatOff,
        &[("threshold = \"2s\"", "threshold = \"0ms\"")],
    ),
    (
        HeartbeatThreshold,
        &[("threshold = \"2s\"", "threshold = \"500ms\"")],
    ),
    (
        MemoryExceeded,
        &[("memory_max = \"1G\"", "memory_max = \"5G\"")],
    ),
    (
        CpuOutOfRange,
        &[("cpu_affinity = [1]", "cpu_affinity = [1, 4]")],
    ),
    (BluechiMissing, &[("bluechi = \"1.2.2\"", "")]),
    (
        BluechiVersion,
        &[("bluechi = \"1.2.2\"", "bluechi = \"0.9.1\"")],
    ),
    (
        UpholdsVersion,
        &[
            (
                "systemd = \"252\"\nbluechi = \"1.2.2\"\n\n",
                "systemd = \"248\"\nbluechi = \"1.2.2\"\n\n",
            ),
            (
                "needs = \"node1/db.service\"\nkind = \"soft\"",
                "needs = \"node1/db.service\"\nkind = \"upheld\"",
            ),
        ],
    ),
    (
        RestartModeVersion,
        &[(
            "restart = \"always\"",
            "restart = \"always\"\nrestart_direct = true",
        )],
    ),
    (PodmanMissing, &[("podman = \"4.4\"", "")]),
    (PodmanVersion, &[("podman = \"4.4\"", "podman = \"4.3.1\"")]),
    (PlanEmpty, &[]),
    (
        NodeUnknown,
        &[
            (
                "needs = \"node1/camera.service\"",
                "needs = \"node7/camera.service\"",
            ),
            ("when = \"node1/camera", "when = \"node2/perception"),
        ],
    ),
    (
        UnitUnknown,
        &[(
            "needs = \"node1/db.service\"",
            "needs = \"node1/dbx.service\"",
        )],
    ),
    (
        NodeOffline,
        &[("systemd = \"254\"", "systemd = \"254\"\nonline = false")],
    ),
    (
        UnitNotInstalled,
        &[(
            "restart = \"always\"",
            "restart = \"always\"\npreinstalled = false",
        )],
    ),
    (
        UnitMasked,
        &[(
            "restart = \"always\"",
            "restart = \"always\"\nmasked = true",
        )],
    ),
    (
        EdgeSelf,
        &[(
            "needs = \"node2/logger.service\"",
            "needs = \"node2/perception.service\"",
        )],
    ),
    (
        EdgeDuplicate,
        &[(
            "+plan",
            "\n[[edges]]\nunit = \"node2/perception.service\"\nneeds = \"node2/logger.service\"\nkind = \"soft\"\n",
        )],
    ),
    (
        EdgeConflict,
        &[(
            "+plan",
            "\n[[edges]]\nunit = \"node2/perception.service\"\nneeds = \"node2/logger.service\"\nkind = \"hard\"\n",
        )],
    ),
    (
        CycleLocal,
        &[(
            "+plan",
            "\n[[edges]]\nunit = \"node1/camera.service\"\nneeds = \"node1/db.service\"\n[[edges]]\nunit = \"node1/db.service\"\nneeds = \"node1/camera.service\"\n",
        )],
    ),
    (
        CycleLocal,
        &[(
            "type = \"exec\"",
            "type = \"exec\"\nafter = [\"perception.service\"]",
        )],
    ),
    (
        CycleCross,
        &[(
            "+plan",
            "\n[[edges]]\nunit = \"node1/camera.service\"\nneeds = \"node2/logger.service\"\n[[edges]]\nunit = \"node2/logger.service\"\nneeds = \"node1/camera.service\"\n",
        )],
    ),
    (
        TargetNotService,
        &[
            ("name = \"camera.service\"", "name = \"camera.socket\""),
            (
                "needs = \"node1/camera.service\"",
                "needs = \"node1/camera.socket\"",
            ),
            (
                "when = \"node1/camera.service\"",
                "when = \"node1/camera.socket\"",
            ),
        ],
    ),
    (OneshotWithoutRemain, &[("remain_after_exit = true", "")]),
    (SimpleReadiness, &[("type = \"exec\"", "type = \"simple\"")]),
    (
        ContainerReadiness,
        &[("localhost/db:1\"", "localhost/db:1\"\nnotify = false")],
    ),
    (
        SucceededNotOneshot,
        &[(
            "needs = \"node2/logger.service\"\nkind = \"soft\"",
            "needs = \"node2/logger.service\"\nkind = \"succeeded\"",
        )],
    ),
    (
        AccessMissing,
        &[(
            "controller = true",
            "controller = true\nallow_dependencies_on = [\"node2\"]",
        )],
    ),
    (
        AccessExcess,
        &[(
            "systemd = \"254\"",
            "systemd = \"254\"\nallow_dependencies_on = [\"node1\", \"node3\"]",
        )],
    ),
    (
        AccessUnknown,
        &[(
            "systemd = \"254\"",
            "systemd = \"254\"\nallow_dependencies_on = [\"node1\", \"node4\"]",
        )],
    ),
    (
        NodeNotAllowed,
        &[(
            "threshold = \"2s\"",
            "threshold = \"2s\"\nallowed_nodes = [\"node1\", \"node3\"]",
        )],
    ),
    (
        ControllerCritical,
        &[
            ("controller = true", ""),
            ("podman = \"4.4\"", "podman = \"4.4\"\ncontroller = true"),
        ],
    ),
    (
        StopWhenUnneeded,
        &[(
            "restart = \"always\"",
            "restart = \"always\"\nstop_when_unneeded = true",
        )],
    ),
    (
        RestartUnrecovered,
        &[("reconcile = \"1s\"", "reconcile = \"off\"")],
    ),
    (
        ReactionNoPath,
        &[(
            "when = \"node1/camera.service\"",
            "when = \"node1/db.service\"",
        )],
    ),
    (
        ReactionKept,
        &[
            (
                "reason = \"perceives",
                "on_node_loss = \"keep\"\nreason = \"perceives",
            ),
            ("within = \"2s\"", "event = \"node-loss\"\nwithin = \"20s\""),
        ],
    ),
    (
        ReactionSelf,
        &[(
            "stop = \"node3/planner.service\"",
            "stop = \"node1/camera.service\"",
        )],
    ),
    (ReactionLate, &[("within = \"2s\"", "within = \"50ms\"")]),
    (
        ReactionLate,
        &[("within = \"2s\"", "event = \"node-loss\"\nwithin = \"2s\"")],
    ),
    (
        ReconcileInterval,
        &[("reconcile = \"1s\"", "reconcile = \"10ms\"")],
    ),
    (
        DeadlineBelowHop,
        &[("deadline = \"2s\"", "deadline = \"20ms\"")],
    ),
    (
        DeadlineMissed,
        &[("deadline = \"3s\"", "deadline = \"1500ms\"")],
    ),
    (
        DeadlineConflict,
        &[
            ("+", "[[units]]\nnode = \"node3\"\nname = \"map.service\"\n"),
            (
                "+plan",
                "\n[[edges]]\nunit = \"node3/map.service\"\nneeds = \"node2/perception.service\"\ndeadline = \"4s\"\n",
            ),
            (
                "start = [\"node3/planner.service\"]",
                "start = [\"node3/planner.service\", \"node3/map.service\"]",
            ),
        ],
    ),
    (
        StartTimeout,
        &[(
            "restart = \"always\"",
            "restart = \"always\"\nstart_timeout = \"800ms\"",
        )],
    ),
    (
        PlanDeadline,
        &[(
            "reconcile = \"1s\"",
            "reconcile = \"1s\"\nready_within = \"1.5s\"",
        )],
    ),
    (VolumeDenied, &[("/srv/db", "/etc")]),
    (VolumeDenied, &[("/srv/db", "/run/podman/podman.sock")]),
    (CapabilityDenied, &[("SYS_NICE", "SYS_ADMIN")]),
    (
        PortClash,
        &[(
            "+",
            "[[units]]\nnode = \"node1\"\nname = \"db2.service\"\n[units.container]\nimage = \"localhost/db:1\"\npublish = [{ host = 5433, container = 1 }]\n",
        )],
    ),
    (
        PortPrivileged,
        &[
            ("host = 5433", "host = 543"),
            (
                "podman = \"4.4\"",
                "podman = \"4.4\"\nuser = { name = \"drive\", uid = 1000, home = \"/home/drive\", linger = true }",
            ),
        ],
    ),
    (
        AcceptForbidden,
        &[(
            "+head",
            "accept = [{ code = \"cycle-cross\", reason = \"I know better\" }]\n",
        )],
    ),
];

/// Cases that need a text too long or too empty for the table.
fn special(code: Code) -> Option<Vec<(String, String)>> {
    match code {
        NameTooLong => {
            let (unit, node) = (format!("{}.service", "c".repeat(190)), "n".repeat(60));
            Some(vec![
                ("name = \"node1\"".into(), format!("name = \"{node}\"")),
                (
                    "node = \"node1\"\nname = \"camera.service\"".into(),
                    format!("node = \"{node}\"\nname = \"{unit}\""),
                ),
                (
                    "node = \"node1\"\nname = \"db.service\"".into(),
                    format!("node = \"{node}\"\nname = \"db.service\""),
                ),
                (
                    "node = \"node1\"\nname = \"cal".into(),
                    format!("node = \"{node}\"\nname = \"cal"),
                ),
                (
                    "needs = \"node1/camera.service\"".into(),
                    format!("needs = \"{node}/{unit}\""),
                ),
                (
                    "needs = \"node1/db.service\"".into(),
                    format!("needs = \"{node}/db.service\""),
                ),
                (
                    "needs = \"node1/cal".into(),
                    format!("needs = \"{node}/cal"),
                ),
                (
                    "when = \"node1/camera.service\"".into(),
                    format!("when = \"{node}/{unit}\""),
                ),
            ])
        }
        _ => None,
    }
}

fn codes(edits: &[(&str, &str)]) -> BTreeSet<Code> {
    match check(edits) {
        Ok(_) => BTreeSet::new(),
        Err(refusal) => refusal.diagnoses.iter().map(|d| d.code).collect(),
    }
}

#[test]
fn every_bad_plan_is_refused_with_its_own_code_alone() {
    let mut wrong = Vec::new();
    for (code, edits) in BAD {
        let got = if *code == PlanEmpty {
            let inventory = gori_planner::input::inventory_from_toml(common::INVENTORY).unwrap();
            let plan = gori_planner::input::plan_from_toml("name = \"drive\"").unwrap();
            let refusal = gori_planner::Checked::new(inventory, plan).unwrap_err();
            refusal.diagnoses.iter().map(|d| d.code).collect()
        } else {
            codes(edits)
        };
        if got != BTreeSet::from([*code]) {
            wrong.push(format!("{code}: got {got:?} from {edits:?}"));
        }
    }
    let long = special(NameTooLong).unwrap();
    let long: Vec<(&str, &str)> = long.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(codes(&long), BTreeSet::from([NameTooLong]));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{} bad plans refused with the right code", BAD.len() + 1);
}

#[test]
fn every_code_that_refuses_has_a_bad_plan() {
    let shown: BTreeSet<Code> = BAD
        .iter()
        .map(|(c, _)| *c)
        .chain([NameTooLong])
        // Shown where a model writes the plan, in chain.rs.
        .chain([GoalNotMentioned, GoalLost])
        .collect();
    let missing: Vec<_> = Code::ALL
        .iter()
        .filter(|c| c.weight() > Weight::Remark && !shown.contains(c))
        .collect();
    assert!(missing.is_empty(), "no bad plan for {missing:?}");
    println!("{} codes shown", shown.len());
}

#[test]
fn every_diagnosis_names_a_path_a_mechanism_and_a_mend() {
    for (code, edits) in BAD.iter().filter(|(c, _)| *c != PlanEmpty) {
        for d in check(edits).unwrap_err().diagnoses {
            assert!(*code == Syntax || !d.path.is_empty(), "{d}");
            assert!(d.why.len() > 20 && d.mend.len() > 10, "{d}");
        }
    }
}

const USER: &str = "podman = \"4.4\"\nuser = { name = \"drive\", uid = 1000, home = \"/home/drive\", linger = true }";

const GOOD: &[Edits] = &[
    &[],
    &[HARD_DB],
    &[("deadline = \"2s\"", "")],
    &[("deadline = \"3s\"", "deadline = \"10min\"")],
    &[("start = [\"node3/planner.service\"]", "")],
    &[(
        "systemd = \"252\"\nbluechi",
        "systemd = \"252.38-1~deb12u1\"\nbluechi",
    )],
    &[("kind = \"hard\"\ndeadline = \"3s\"", "deadline = \"3s\"")],
    &[("podman = \"4.4\"", USER)],
    &[("192.0.2.13", "2001:db8::13")],
    &[("192.0.2.13", "controller.example")],
    &[(
        "needs = \"node1/db.service\"\nkind = \"soft\"",
        "needs = \"node1/db.service\"\nkind = \"upheld\"",
    )],
    &[("within = \"2s\"", "event = \"node-loss\"\nwithin = \"4s\"")],
    &[(
        "threshold = \"2s\"",
        "threshold = \"2s\"\nallowed_nodes = [\"node1\", \"node2\", \"node3\"]",
    )],
    &[(
        "controller = true",
        "controller = true\nallow_dependencies_on = [\"node2\", \"node1\"]",
    )],
    &[
        ("reconcile = \"1s\"", "reconcile = \"off\""),
        ("restart = \"always\"", ""),
    ],
    &[
        ("type = \"exec\"", "type = \"simple\""),
        (
            "+head",
            "accept = [{ code = \"simple-readiness\", reason = \"logs are best effort\" }]\n",
        ),
    ],
    &[
        (
            "name = \"camera.service\"",
            "name = \"my_cam@left\\\\x2da.b:c.service\"",
        ),
        (
            "needs = \"node1/camera.service\"",
            "needs = \"node1/my_cam@left\\\\x2da.b:c.service\"",
        ),
        (
            "when = \"node1/camera.service\"",
            "when = \"node1/my_cam@left\\\\x2da.b:c.service\"",
        ),
    ],
    &[
        ("name = \"logger.service\"", "name = \"logger.socket\""),
        (
            "needs = \"node2/logger.service\"",
            "needs = \"node2/logger.socket\"",
        ),
    ],
    &[(
        "reconcile = \"1s\"",
        "reconcile = \"1s\"\non_node_loss = \"keep\"\nready_within = \"5s\"",
    )],
    &[(
        "what the camera sees",
        "100% $HOME \\\"quoted\\\" {{ jinja }} 카메라 \\\\",
    )],
    &[
        ("controller = true", "controller = true\nonline = true"),
        ("start_time = \"100ms\"", ""),
    ],
    &[("type = \"exec\"", "type = \"oneshot\"")],
];

#[test]
fn good_plans_pass() {
    for (i, edits) in GOOD.iter().enumerate() {
        if let Err(refusal) = check(edits) {
            panic!("good plan {i} was refused: {refusal}");
        }
    }
    println!("{} good plans accepted", GOOD.len());
}

#[test]
fn remarks_do_not_refuse() {
    let has = |edits: Edits, code: Code| {
        let plan = check(edits).unwrap();
        assert!(
            plan.remarks().iter().any(|d| d.code == code),
            "{code}: {:?}",
            plan.remarks()
        );
    };
    has(&[("bluechi = \"1.2.2\"", "bluechi = \"2.0\"")], BluechiSkew);
    has(&[("start_time = \"100ms\"", "")], StartTimeAssumed);
    has(
        &[(
            "+head",
            "accept = [{ code = \"simple-readiness\", reason = \"unused\" }]\n",
        )],
        AcceptUnused,
    );
}

#[test]
fn a_cycle_is_printed_with_its_path() {
    let (_, edits) = BAD.iter().find(|(c, _)| *c == CycleCross).unwrap();
    let refusal = check(edits).unwrap_err();
    let why = &refusal.diagnoses[0].why;
    assert!(
        why.contains("waits for node2/logger.service waits for node1/camera.service"),
        "{why}"
    );
}

#[test]
fn the_example_inventory_and_plan_pass() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/inventory");
    let text = |name: &str| std::fs::read_to_string(format!("{folder}/{name}")).unwrap();
    let (inventory, plan) = common::read(&text("drive.toml"), &text("drive-plan.toml")).unwrap();
    gori_planner::Checked::new(inventory, plan).unwrap();
}
