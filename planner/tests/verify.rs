//! Bundles under systemd's and Ansible's own checks, by the script that a bundle brings along.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    unreachable_pub,
    reason = "a test may"
)]

mod common;
#[path = "common/random.rs"]
mod random;

use std::path::{Path, PathBuf};
use std::process::Command;

use gori_planner::{Checked, render};

/// Where a program is on the PATH.
fn which(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|p| p.join(program))
        .find(|p| p.is_file())
}

/// ansible-core in a virtual environment of its own in cargo's target folder; `None` only with GORI_OFFLINE=1.
fn ansible() -> Option<PathBuf> {
    if std::env::var("GORI_OFFLINE").is_ok_and(|v| v == "1") {
        return None;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ansible-venv");
    let bin = folder.join("bin");
    if !bin.join("ansible-playbook").is_file() {
        let run = |program: &Path, args: &[&str]| {
            let out = Command::new(program).args(args).output().unwrap();
            assert!(
                out.status.success(),
                "{program:?} {args:?}: {}",
                String::from_utf8_lossy(&out.stderr)
            );
        };
        run(
            &which("python3").unwrap(),
            &["-m", "venv", folder.to_str().unwrap()],
        );
        run(&bin.join("pip"), &["install", "--quiet", "ansible-core"]);
    }
    Some(bin)
}

fn verify(folder: &Path, ansible: Option<&Path>) -> (bool, String) {
    let path = std::env::var("PATH").unwrap();
    let path = ansible.map_or(path.clone(), |a| format!("{}:{path}", a.display()));
    let out = Command::new("sh")
        .arg(folder.join("verify.sh"))
        .env("PATH", path)
        .output()
        .unwrap();
    let text =
        String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    (out.status.success(), text)
}

#[test]
fn systemd_and_ansible_have_nothing_to_say() {
    if which("systemd-analyze").is_none() {
        println!("SKIPPED: systemd-analyze is not installed here");
        return;
    }
    let ansible = ansible();
    if ansible.is_none() {
        println!("SKIPPED for Ansible: GORI_OFFLINE=1");
    }
    let folder = tempfile::tempdir().unwrap();
    let mut bundles = vec![render(&common::check(&[]).unwrap())];
    for seed in 0..2 {
        let (inventory, plan) = random::inventory_and_plan(&mut random::Rng::new(seed));
        bundles.push(render(&Checked::new(inventory, plan).unwrap()));
    }
    for (i, bundle) in bundles.iter().enumerate() {
        let root = folder.path().join(i.to_string());
        bundle.write(&root, false).unwrap();
        let (fine, text) = verify(&root, ansible.as_deref());
        assert!(fine, "bundle {i}:\n{text}");
    }
    println!("{} bundles verified", bundles.len());
}

#[test]
fn the_verify_script_sees_what_is_wrong() {
    if which("systemd-analyze").is_none() {
        println!("SKIPPED: systemd-analyze is not installed here");
        return;
    }
    let bundle = render(&common::check(&[]).unwrap());
    let folder = tempfile::tempdir().unwrap();
    for (i, wrong) in [
        "[Unit]\nAftre=x.service\n",
        "[Service]\nMemoryMax=ten\n",
        "[Service]\nRestart=sometimes\n",
    ]
    .iter()
    .enumerate()
    {
        let root = folder.path().join(i.to_string());
        bundle.write(&root, false).unwrap();
        let place = root.join("nodes/node2/etc/systemd/system/perception.service.d/50-drive.conf");
        let text = std::fs::read_to_string(&place).unwrap() + wrong;
        std::fs::write(&place, text).unwrap();
        assert!(!verify(&root, None).0, "{wrong:?} was not seen");
    }
}
