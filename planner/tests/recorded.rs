//! The plan chain with real language models, replayed from their recorded answers.
//!
//! Recorded with llama-server and `cargo run --release --example goals -- --llm URL --record FILE`, under constrained
//! decoding. What is measured here is what becomes of such answers: the check, and what is fed back; prompts are not.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test may"
)]

#[path = "common/example.rs"]
mod example;

use std::path::Path;
use std::process::Command;

use serde_json::Value;

fn figures(tapes: &[&str]) -> Value {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let mut command = Command::new(example::built("goals"));
    for tape in tapes {
        command.arg("--replay").arg(data.join(tape));
    }
    let output = command.arg("--json").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success());
    serde_json::from_str(text.lines().last().unwrap()).unwrap()
}

#[test]
fn recorded_models_plan_as_they_did() {
    let all = figures(&["smollm2.answers.jsonl", "qwen.answers.jsonl"]);
    let of = |who: &str, key: &str| all[who][key].as_u64().unwrap();
    let (small, larger) = (
        "smollm2-135m-instruct-q4_1 alone",
        "qwen2.5-coder-1.5b-instruct-q4_k_m alone",
    );
    for who in [small, larger] {
        assert_eq!((of(who, "goals"), of(who, "failed")), (30, 0), "{who}");
    }
    assert_eq!((of(larger, "right"), of(larger, "wrong")), (15, 8));
    assert_eq!((of(small, "right"), of(small, "wrong")), (3, 20));
}
