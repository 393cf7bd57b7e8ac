//! The rules of the house: which crate may know which, and what none may use.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

fn metadata() -> Value {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let args = [
        "metadata",
        "--no-deps",
        "--format-version",
        "1",
        "--manifest-path",
        manifest,
    ];
    let output = Command::new(cargo).args(args).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Each package with the names of its normal and build dependencies.
fn dependencies() -> BTreeMap<String, Vec<String>> {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap().iter();
    let names = |package: &Value| {
        let all = package["dependencies"].as_array().unwrap().iter();
        let normal = all.filter(|dependency| dependency["kind"] != "dev");
        normal
            .map(|dependency| dependency["name"].as_str().unwrap().to_owned())
            .collect()
    };
    packages
        .map(|p| (p["name"].as_str().unwrap().to_owned(), names(p)))
        .collect()
}

#[test]
fn siblings_know_core_alone_and_only_the_facade_knows_all() {
    let all = dependencies();
    let mut looked_at = 0;
    for (package, dependencies) in &all {
        let ours: Vec<&str> = dependencies
            .iter()
            .map(String::as_str)
            .filter(|name| name.starts_with("gori"))
            .collect();
        match package.as_str() {
            "gori-core" => assert!(ours.is_empty(), "core knows nobody: {ours:?}"),
            "gori" => assert!(!ours.contains(&"gori-testkit"), "testkit is for tests"),
            // What it starts for tests is fetched as models are.
            "gori-testkit" => assert!(
                ours.iter()
                    .all(|name| ["gori-core", "gori-models"].contains(name)),
                "{package}: {ours:?}"
            ),
            _ => assert_eq!(ours, ["gori-core"], "{package} may know core alone"),
        }
        looked_at += 1;
    }
    assert!(
        looked_at >= 9,
        "every package of the workspace: {looked_at}"
    );
}

#[test]
fn core_has_no_runtime_and_nobody_hides_errors() {
    let all = dependencies();
    for (package, dependencies) in &all {
        assert!(
            !dependencies.iter().any(|name| name == "anyhow"),
            "{package} hides its errors"
        );
    }
    let heavy = ["reqwest", "hyper", "candle-core", "rusqlite", "tokenizers"];
    let core = &all["gori-core"];
    assert!(
        !core.iter().any(|name| heavy.contains(&name.as_str())),
        "core stays light: {core:?}"
    );
}

#[test]
fn every_package_says_what_it_is_and_on_which_terms() {
    for package in metadata()["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        assert!(
            package["description"]
                .as_str()
                .is_some_and(|text| text.len() > 30),
            "{name}"
        );
        assert_eq!(package["license"], "MIT OR Apache-2.0", "{name}");
        assert_eq!(package["rust_version"], "1.90", "{name}");
        assert!(package["repository"].is_string(), "{name}");
    }
}
