//! What is rendered is what was meant, over hostile strings; and it is what it was (golden bundle).
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    unreachable_pub,
    reason = "a test may"
)]

mod common;
#[path = "common/random.rs"]
mod random;

use std::path::Path;

use gori_planner::{Bundle, Checked, Deployed, render};
use random::{Rng, inventory_and_plan};

fn campaign(small: u64, full: u64) -> u64 {
    if std::env::var("GORI_CAMPAIGN").is_ok_and(|v| v == "full") {
        full
    } else {
        small
    }
}

/// `GORI_CAMPAIGN=full cargo test -p gori-planner --release --test render` tries 100,000.
#[test]
fn what_is_parsed_from_a_rendered_plan_is_the_plan() {
    let count = campaign(3_000, 100_000);
    let (mut edges, mut files, mut containers) = (0, 0, 0);
    for seed in 0..count {
        let (inventory, plan) = inventory_and_plan(&mut Rng::new(seed));
        let json = serde_json::to_string(&plan).unwrap();
        assert_eq!(
            gori_planner::input::plan_from_json(&json).unwrap(),
            plan,
            "seed {seed}"
        );
        let checked = Checked::new(inventory, plan).unwrap_or_else(|r| panic!("seed {seed}: {r}"));
        let bundle = render(&checked);
        let parsed = Deployed::parse(&bundle).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
        assert_eq!(parsed, Deployed::meant(&checked), "seed {seed}");
        for (path, content) in bundle.files() {
            assert!(
                !path.starts_with('/') && path.split('/').all(|p| !matches!(p, "" | "." | "..")),
                "{path}"
            );
            assert!(
                !content.contains('\r') && !content.contains('\0'),
                "seed {seed}: {path}"
            );
        }
        assert!(bundle.is_intact());
        edges += parsed.edges.len();
        containers += parsed.containers.len();
        files += bundle.files().count();
    }
    println!("{count} plans, {edges} edges, {containers} containers, {files} files read back");
}

#[test]
fn a_changed_bundle_is_not_taken_for_ours() {
    let checked = common::check(&[]).unwrap();
    let bundle = render(&checked);
    let folder = tempfile::tempdir().unwrap();
    let edges = "nodes/node2/etc/systemd/system/perception.service.d/50-drive.conf";
    let cases: &[(&str, &str)] = &[
        (edges, "[Service]\nExecStartPre=/bin/sh -c reboot\n"),
        (edges, "[Service]\nEnvironmentFile=/etc/passwd\n"),
        (edges, "[Unit]\nBindsTo=x.service\n"),
        ("nodes/node1/etc/passwd", "root::0:0\n"),
        (
            "nodes/node2/etc/systemd/system/extra.service",
            "[Service]\nExecStart=/bin/sh\n",
        ),
        (
            "nodes/node2/etc/systemd/system/drive-resync.service",
            "[Service]\nExecStart=+/bin/sh /x/lib/gori/resync.sh\n",
        ),
        ("nodes/node3/usr/local/lib/gori/drive/fence.sh", "reboot\n"),
        (
            "nodes/node1/etc/containers/systemd/db.container",
            "[Container]\nPodmanArgs=--privileged\n",
        ),
        (
            "nodes/node1/etc/containers/systemd/db.container",
            "[Container]\nAddCapability=CAP_SYS_ADMIN\n",
        ),
        (
            "nodes/node2/etc/systemd/system/drive.target",
            "[Unit]\nDescription=a\\\n",
        ),
    ];
    for (i, (path, extra)) in cases.iter().enumerate() {
        let root = folder.path().join(i.to_string());
        bundle.write(&root, false).unwrap();
        let place = root.join(path);
        let mut text = std::fs::read_to_string(&place).unwrap_or_default();
        text.push_str(extra);
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::fs::write(&place, text).unwrap();
        let changed = Bundle::read(&root).unwrap();
        assert!(!changed.is_intact(), "case {i}");
        assert!(
            Deployed::parse(&changed).is_err(),
            "case {i} was taken: {path} {extra:?}"
        );
    }
    println!("{} forged bundles refused", cases.len());
}

#[test]
fn a_bundle_is_the_same_bytes_every_time_whatever_the_order_of_the_input() {
    let (inventory, plan) = common::read(common::INVENTORY, common::PLAN).unwrap();
    let one = render(&Checked::new(inventory.clone(), plan.clone()).unwrap());
    let (mut inventory, mut plan) = (inventory, plan);
    plan.edges.reverse();
    inventory.nodes.reverse();
    let two = render(&Checked::new(inventory, plan).unwrap());
    let differ: Vec<_> = one
        .files()
        .filter(|(p, c)| two.get(p) != Some(c))
        .map(|(p, _)| p.to_owned())
        .collect();
    // The drawings and the forecast list what they are given in its order.
    assert!(
        differ.iter().all(|p| p.starts_with("graph.")
            || p == "HASH"
            || p == "forecast.json"
            || p == "README.md"),
        "{differ:?}"
    );
}

#[test]
fn nothing_is_overwritten_without_being_asked_and_nothing_outside_the_root() {
    let bundle = render(&common::check(&[]).unwrap());
    let folder = tempfile::tempdir().unwrap();
    bundle.write(folder.path(), false).unwrap();
    bundle.write(folder.path(), false).unwrap();
    assert_eq!(Bundle::read(folder.path()).unwrap(), bundle);
    std::fs::write(folder.path().join("README.md"), "mine").unwrap();
    let refused = bundle.write(folder.path(), false).unwrap_err().to_string();
    assert!(refused.contains("README.md"), "{refused}");
    assert_eq!(
        std::fs::read_to_string(folder.path().join("README.md")).unwrap(),
        "mine"
    );
    bundle.write(folder.path(), true).unwrap();
    let outside = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(outside.path(), other.path().join("nodes")).unwrap();
    assert!(bundle.write(other.path(), true).is_err());
    assert_eq!(
        std::fs::read_dir(outside.path()).unwrap().count(),
        0,
        "a link led out of the root"
    );
}

/// Seen on real nodes: a reconciler that looks every second is "start-limit-hit" after five looks, and then down for most
/// of the time.
#[test]
fn helpers_are_not_given_up_by_the_start_limit() {
    let bundle = render(&common::check(&[]).unwrap());
    let again = |text: &str| text.contains("Restart=always") || text.contains("reconcile.sh");
    let helpers: Vec<_> = bundle
        .files()
        .filter(|(p, c)| p.ends_with(".service") && again(c))
        .collect();
    assert!(helpers.len() >= 5, "{}", helpers.len());
    for (path, content) in helpers {
        let unit = content.split("[Service]").next().unwrap();
        assert!(unit.contains("StartLimitIntervalSec=0"), "{path}");
    }
}

/// Seen on real nodes: an agent is back half a second after its controller was killed, and nothing of the loss is left to
/// be asked for. The script has to hear of it.
#[test]
fn a_short_loss_of_the_controller_is_not_missed_by_the_resync() {
    let bundle = render(&common::check(&[]).unwrap());
    let script = |(p, _): &(&str, &str)| p.ends_with("node2/usr/local/lib/gori/drive/resync.sh");
    let script = bundle.files().find(script).unwrap().1;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let status = |state: &str| {
        format!(
            "MESSAGE \"sa{{sv}}as\" {{\nSTRING \"Status\";\nVARIANT \"s\" {{\nSTRING \"{state}\";\n}};\n}};\n\n"
        )
    };
    let stubs = [
        (
            "busctl",
            "here=\"$(dirname \"$0\")\"\ncase \"$1\" in monitor) cat \"$here/heard\" ;; get-property) cat \"$here/status\" ;; esac\n",
        ),
        (
            "systemctl",
            "case \"$*\" in *is-active*) exit 3 ;; esac\necho \"$*\" >> \"$(dirname \"$0\")/asked\"\n",
        ),
    ];
    for (name, text) in stubs {
        std::fs::write(at(name), format!("#!/bin/sh\n{text}")).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(at(name), mode).unwrap();
    }
    std::fs::write(at("resync.sh"), script).unwrap();
    let path = format!(
        "{}:{}",
        folder.path().display(),
        std::env::var("PATH").unwrap()
    );
    let resyncs = |at_start: &str, heard: &[&str]| {
        let heard: String = heard.iter().map(|state| status(state)).collect();
        std::fs::write(at("status"), format!("s \"{at_start}\"\n")).unwrap();
        std::fs::write(
            at("heard"),
            format!("Monitoring bus message stream.\n{heard}"),
        )
        .unwrap();
        let _ = std::fs::remove_file(at("asked"));
        let run = std::process::Command::new("sh")
            .arg(at("resync.sh"))
            .env("PATH", &path)
            .output()
            .unwrap();
        assert!(run.status.success(), "{run:?}");
        let asked = std::fs::read_to_string(at("asked")).unwrap_or_default();
        let wanted = "--no-block try-restart bluechi-proxy@*.service";
        assert!(asked.lines().all(|l| l == wanted), "{asked}");
        asked.lines().count()
    };
    assert_eq!(resyncs("online", &["offline", "online"]), 1);
    assert_eq!(
        resyncs("online", &["online"]),
        1,
        "a killed agent says no goodbye"
    );
    assert_eq!(
        resyncs("offline", &["online"]),
        0,
        "a boot has no old proxies"
    );
    assert_eq!(resyncs("offline", &["online", "offline", "online"]), 1);
}

/// `GORI_BLESS=1 cargo test -p gori-planner --test render` writes the golden bundles anew.
#[test]
fn golden_bundles() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/inventory");
    let text = |name: &str| std::fs::read_to_string(example.join(name)).unwrap();
    let (inventory, plan) = common::read(&text("drive.toml"), &text("drive-plan.toml")).unwrap();
    let user = "podman = \"4.4\"\nuser = { name = \"drive\", uid = 1000, home = \"/home/drive\", linger = true }";
    let rootless = common::check(&[
        ("podman = \"4.4\"", user),
        (
            "what the camera sees",
            "100% \\\"$HOME\\\" {{ 카메라 }} \\\\",
        ),
        (
            "[bluechi]",
            "kubernetes = { wait_image = \"localhost/kubectl:1\" }\n[bluechi]",
        ),
    ]);
    let cases = [
        ("drive", Checked::new(inventory, plan).unwrap()),
        ("rootless", rootless.unwrap()),
    ];
    for (name, plan) in cases {
        let bundle = render(&plan);
        let folder = golden.join(name);
        if std::env::var_os("GORI_BLESS").is_some() {
            let _ = std::fs::remove_dir_all(&folder);
            bundle.write(&folder, true).unwrap();
        }
        let there = Bundle::read(&folder).unwrap();
        let differ: Vec<_> = bundle
            .files()
            .filter(|(p, c)| there.get(p) != Some(c))
            .map(|(p, _)| p)
            .collect();
        assert!(
            differ.is_empty(),
            "{name}: {differ:?} are not as they were; look, then bless"
        );
        assert_eq!(
            there.files().count(),
            bundle.files().count(),
            "{name}: files too many"
        );
        println!("{name}: {} files as they were", bundle.files().count());
    }
}
