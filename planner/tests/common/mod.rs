//! A small inventory and plan that pass, and edits that make them wrong.
#![allow(dead_code, reason = "every test file takes the part it needs")]
#![allow(unreachable_pub, missing_docs, reason = "test helpers")]

use gori_planner::{Checked, Diagnosis, Inventory, Plan, Refusal, input};

pub const INVENTORY: &str = r#"
[bluechi]
port = 842
heartbeat = "500ms"
threshold = "2s"

[[nodes]]
name = "node1"
address = "192.0.2.11"
systemd = "252"
bluechi = "1.2.2"
podman = "4.4"
cpus = 4
memory = "4G"

[[nodes]]
name = "node2"
address = "192.0.2.12"
systemd = "254"
bluechi = "1.2.2"

[[nodes]]
name = "node3"
address = "192.0.2.13"
controller = true
systemd = "252"
bluechi = "1.2.2"

[[units]]
node = "node1"
name = "camera.service"
type = "notify"
start_time = "800ms"
restart = "always"
resources = { memory_max = "1G", cpu_affinity = [1] }

[[units]]
node = "node1"
name = "db.service"
start_time = "600ms"
[units.container]
image = "localhost/db:1"
publish = [{ host = 5433, container = 5432 }]
volumes = [{ source = { host = "/srv/db" }, target = "/data" }]
capabilities = ["SYS_NICE"]

[[units]]
node = "node1"
name = "calibrate.service"
type = "oneshot"
remain_after_exit = true
start_time = "300ms"

[[units]]
node = "node2"
name = "perception.service"
type = "notify"
start_time = "700ms"

[[units]]
node = "node2"
name = "logger.service"
type = "exec"
start_time = "100ms"

[[units]]
node = "node3"
name = "planner.service"
type = "notify"
start_time = "400ms"
"#;

pub const PLAN: &str = r#"
name = "drive"
start = ["node3/planner.service"]

[[edges]]
unit = "node2/perception.service"
needs = "node1/camera.service"
kind = "hard"
deadline = "2s"
reason = "perceives what the camera sees"

[[edges]]
unit = "node3/planner.service"
needs = "node2/perception.service"
kind = "hard"
deadline = "3s"

[[edges]]
unit = "node3/planner.service"
needs = "node1/db.service"
kind = "soft"

[[edges]]
unit = "node2/perception.service"
needs = "node2/logger.service"
kind = "soft"

[[edges]]
unit = "node2/perception.service"
needs = "node1/calibrate.service"
kind = "succeeded"

[[reactions]]
when = "node1/camera.service"
stop = "node3/planner.service"
within = "2s"

[policy]
reconcile = "1s"
"#;

/// Edits both texts; a leading `+` in `from` means: put `to` at the end of the inventory or (`+plan`) of the plan.
pub fn edited(edits: &[(&str, &str)]) -> (String, String) {
    let (mut inventory, mut plan) = (INVENTORY.to_owned(), PLAN.to_owned());
    for (from, to) in edits {
        match *from {
            "+" => inventory.push_str(to),
            "+plan" => plan.push_str(to),
            "+head" => plan.insert_str(0, to),
            _ => {
                let before = (inventory.clone(), plan.clone());
                inventory = inventory.replacen(from, to, 1);
                if inventory == before.0 {
                    plan = plan.replacen(from, to, 1);
                }
                assert!(
                    (&inventory, &plan) != (&before.0, &before.1),
                    "nothing to replace: {from}"
                );
            }
        }
    }
    (inventory, plan)
}

pub fn read(inventory: &str, plan: &str) -> Result<(Inventory, Plan), Diagnosis> {
    Ok((
        input::inventory_from_toml(inventory)?,
        input::plan_from_toml(plan)?,
    ))
}

pub fn check(edits: &[(&str, &str)]) -> Result<Checked<Plan>, Refusal> {
    let (inventory, plan) = edited(edits);
    let (inventory, plan) = read(&inventory, &plan).map_err(|d| Refusal {
        diagnoses: vec![d],
        remarks: Vec::new(),
    })?;
    Checked::new(inventory, plan)
}
