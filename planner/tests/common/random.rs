//! Random inventories and plans that pass the check, full of hostile strings.

use gori_planner::inventory::*;
use gori_planner::name::*;
use gori_planner::plan::*;
use gori_planner::quantity::*;

/// A small generator, so that a failure is told by one number.
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn below(&mut self, n: usize) -> usize {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % n as u64) as usize
    }

    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }
}

pub const HOSTILE: &[&str] = &[
    "",
    " ",
    "plain",
    "카메라가 보는 것",
    "100%",
    "%i %n %%",
    "$HOME",
    "${PATH}",
    "$(reboot)",
    "`reboot`",
    "a\\",
    "\\",
    "\\\\",
    "\\n",
    "\"",
    "\"\"",
    "'",
    "a\"b\\\"c",
    "{{ lookup('pipe','id') }}",
    "{% raw %}",
    "[Service]",
    "ExecStartPre=/bin/sh -c reboot",
    "# not a reason",
    "; rm -rf /",
    "&& reboot",
    "| sh",
    "> /etc/passwd",
    "- x",
    ": y",
    "!unsafe",
    "&a *a",
    "<script>",
    "|a|b|",
    "=",
    "A=B=C",
    "reason: \"x\"",
    "…",
    "é",
    "𝄞",
    "%",
    "$",
    "$$",
    "%%%",
    "\\x41",
    "trailing ",
    " leading",
    "~",
    "null",
    "yes",
    "0x1f",
    "../../etc",
    "//",
    "/bin/sh",
    "@-:+!",
    "\\\"",
    "$%\\\"'",
];

pub fn text(rng: &mut Rng) -> Text {
    let mut s = String::new();
    for _ in 0..=rng.below(3) {
        s.push_str(rng.pick(HOSTILE));
        if rng.chance(30) {
            s.push(rng.pick(&[
                '%', '$', '\\', '"', '\'', ' ', '#', '[', ']', '=', ';', '{', '}', '가', '|', '`',
            ]));
        }
    }
    Text::parse(&s).unwrap()
}

const UNITS: &[&str] = &[
    "a",
    "my-app",
    "my_app",
    "__",
    "inst@a",
    "w\\x2dx",
    "a.b:c",
    "bluechi-agentx",
    "x_y_z",
    "A",
    "0",
    "a@b_c",
    "d.d",
    "conf.d",
    "service",
    "a-50-p",
    "x.target.d",
];

pub fn inventory_and_plan(rng: &mut Rng) -> (Inventory, Plan) {
    let inventory = inventory(rng);
    let plan = plan(rng, &inventory);
    (inventory, plan)
}

fn inventory(rng: &mut Rng) -> Inventory {
    let names = ["node1", "n", "a.b", "x-y", "NODE", "9", "agent03"];
    let count = 1 + rng.below(5);
    let controller = rng.below(count);
    let nodes: Vec<Node> = (0..count)
        .map(|i| Node {
            name: NodeName::parse(names[i]).unwrap(),
            address: Some(Address::parse(&format!("192.0.2.{}", i + 1)).unwrap()),
            controller: i == controller,
            online: true,
            systemd: Version::new(252, 0, 0),
            bluechi: Some(Version::new(1, 2, 2)),
            podman: Some(Version::new(4, 9, 0)),
            user: (i != controller && rng.chance(25)).then(|| UserAgent {
                name: UserName::parse("drive").unwrap(),
                uid: 1000,
                home: AbsPath::parse(rng.pick(&["/home/drive", "/var/home/d@x", "/srv/u+1"]))
                    .unwrap(),
                linger: true,
            }),
            cpus: Some(4),
            memory: None,
            allow_dependencies_on: None,
        })
        .collect();
    let mut units = Vec::new();
    for node in &nodes {
        for u in 0..1 + rng.below(4) {
            let name = format!("{}{}.service", rng.pick(UNITS), u);
            units.push(unit(rng, node, &name));
        }
    }
    Inventory {
        nodes,
        units,
        bluechi: Bluechi::default(),
        kubernetes: rng.chance(30).then(|| Kubernetes {
            wait_image: ImageRef::parse("localhost/kubectl:1").unwrap(),
        }),
    }
}

fn unit(rng: &mut Rng, node: &Node, name: &str) -> Unit {
    let service_type = rng.pick(&[
        ServiceType::Notify,
        ServiceType::Exec,
        ServiceType::Dbus,
        ServiceType::Forking,
        ServiceType::Oneshot,
    ]);
    let container = (!name.contains('@') && service_type == ServiceType::Notify && rng.chance(50))
        .then(|| container(rng));
    Unit {
        node: node.name.clone(),
        name: UnitName::parse(name).unwrap(),
        service_type,
        remain_after_exit: service_type == ServiceType::Oneshot,
        stop_when_unneeded: false,
        start_time: rng
            .chance(70)
            .then(|| Span::from_millis(rng.below(3000) as u64)),
        measured: false,
        start_timeout: None,
        restart: rng.pick(&[Restart::No, Restart::OnFailure, Restart::Always]),
        restart_direct: false,
        preinstalled: true,
        masked: false,
        after: Vec::new(),
        aliases: vec![text(rng)],
        resources: Resources {
            memory_max: rng.chance(20).then(|| Bytes::new(1 << 20)),
            cpu_affinity: if rng.chance(20) {
                vec![0, 3]
            } else {
                Vec::new()
            },
            cpu_weight: None,
            scheduling: rng.chance(10).then_some(Scheduling::Rr),
        },
        container,
    }
}

fn container(rng: &mut Rng) -> Container {
    Container {
        image: ImageRef::parse("localhost/x:1").unwrap(),
        exec: (0..rng.below(4)).map(|_| text(rng)).collect(),
        environment: (0..rng.below(3))
            .map(|i| (EnvName::parse(&format!("V{i}")).unwrap(), text(rng)))
            .collect(),
        volumes: (0..rng.below(3))
            .map(|i| Volume {
                source: if rng.chance(50) {
                    VolumeSource::Named(PlanName::parse(&format!("v-{i}")).unwrap())
                } else {
                    VolumeSource::Host(AbsPath::parse(&format!("/srv/{i}.volume")).unwrap())
                },
                target: AbsPath::parse(&format!("/data/{i}")).unwrap(),
                read_only: rng.chance(50),
            })
            .collect(),
        publish: Vec::new(),
        notify: true,
        capabilities: if rng.chance(30) {
            vec![Capability::SysNice, Capability::Chown]
        } else {
            Vec::new()
        },
        writable: rng.chance(30),
    }
}

/// Edges run from later to earlier units only, so there is no cycle.
fn plan(rng: &mut Rng, inventory: &Inventory) -> Plan {
    let mut plan =
        Plan::new(PlanName::parse(rng.pick(&["drive", "p", "a-1", "0", "plan-d"])).unwrap());
    let units = &inventory.units;
    for (i, unit) in units.iter().enumerate().skip(1) {
        let mut targets: Vec<usize> = (0..rng.below(4)).map(|_| rng.below(i)).collect();
        targets.sort_unstable();
        targets.dedup();
        for target in targets {
            let needs = &units[target];
            let kind = match rng.below(4) {
                0 if needs.service_type == ServiceType::Oneshot => EdgeKind::Succeeded,
                0 | 1 => EdgeKind::Hard,
                2 => EdgeKind::Soft,
                _ => EdgeKind::Upheld,
            };
            plan.edges.push(Edge {
                unit: unit.at(),
                needs: needs.at(),
                kind,
                // The same for all edges of a node to a target, as one proxy has one timeout.
                deadline: (target % 2 == 0).then(|| Span::from_millis(3_600_000 + target as u64)),
                on_node_loss: rng
                    .chance(20)
                    .then(|| rng.pick(&[NodeLoss::Stop, NodeLoss::Keep])),
                reason: rng.chance(70).then(|| text(rng)),
            });
        }
    }
    let hard: Vec<Edge> = plan
        .edges
        .iter()
        .filter(|e| e.kind.is_hard())
        .cloned()
        .collect();
    if !hard.is_empty() && rng.chance(50) {
        let edge = &hard[rng.below(hard.len())];
        plan.reactions.push(Reaction {
            when: edge.needs.clone(),
            event: Event::Failure,
            stop: edge.unit.clone(),
            within: rng.chance(50).then(|| Span::from_millis(5000)),
        });
    }
    if plan.edges.is_empty() || rng.chance(30) {
        plan.start = vec![units[rng.below(units.len())].at()];
    }
    if rng.chance(20) {
        plan.policy.on_node_loss = NodeLoss::Keep;
    }
    plan.policy.reconcile = rng
        .chance(80)
        .then(|| Span::from_millis(100 + rng.below(10_000) as u64));
    let why = text(rng);
    let judged = ["controller-critical", "restart-unrecovered"];
    plan.accept = judged
        .iter()
        .map(|c| Accept {
            code: c.parse().unwrap(),
            reason: why.clone(),
        })
        .collect();
    plan
}
