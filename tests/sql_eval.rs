//! The evaluation of questions to a database, replayed from the recorded answers of a real
//! model: extraction, guard, execution and comparison are measured here, prompts are not.
#![cfg(feature = "sql")]
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The example, which a whole `cargo test --workspace` builds with its features.
fn program() -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let built = here.parent().and_then(Path::parent).unwrap();
    built
        .join("examples/sql_eval")
        .with_extension(std::env::consts::EXE_EXTENSION)
}

fn data(name: &str) -> String {
    format!(
        "{}/chains/tests/data/sql/{name}",
        env!("CARGO_MANIFEST_DIR")
    )
}

#[test]
fn knowledge_raises_the_accuracy_on_cryptic_names_by_a_quarter() {
    let output = Command::new(program())
        .arg(data("depot.sql"))
        .arg(data("depot.questions.toml"))
        .args(["--knowledge", &data("depot")])
        .args(["--replay", &data("depot.answers.jsonl")])
        .args([
            "--arms",
            "bare,bare-norepair,known,known-norepair",
            "--json",
        ])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success());
    let figures: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    let same = |arm: &str| figures[arm]["same"].as_u64().unwrap();
    let cases = figures["known"]["cases"].as_u64().unwrap();
    assert!(cases >= 30);
    assert!(
        (same("known") - same("bare")) * 100 >= cases * 25,
        "{figures}"
    );
    assert!(same("known") >= same("known-norepair"), "{figures}");
}
