//! The main job as a newcomer meets it: the program of the README's first command, run for real.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// The example, which a whole `cargo test` builds beside the folder of this test. Before
/// `cargo test --test ask` alone, `cargo build --example ask` is needed.
fn program() -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let built = here.parent().and_then(Path::parent).unwrap();
    built
        .join("examples/ask")
        .with_extension(std::env::consts::EXE_EXTENSION)
}

fn run(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(program());
    command.current_dir(folder).args(args);
    command.output().unwrap()
}

fn figures(output: &Output) -> Value {
    assert!(output.status.success(), "{}", stderr(output));
    let object: Value = serde_json::from_slice(&output.stdout).unwrap();
    object["figures"].clone()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// One clear line, and no success.
fn refused(output: &Output, code: i32, word: &str) {
    let text = stderr(output);
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert_eq!(text.trim_end().lines().count(), 1, "{text}");
    assert!(text.starts_with("error: ") && text.contains(word), "{text}");
    assert!(output.stdout.is_empty());
}

/// Nothing can be fetched, and nothing was.
fn offline(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(program());
    let cache = folder.join("cache");
    command.current_dir(folder).args(args);
    command.env("GORI_OFFLINE", "1").env("GORI_CACHE", cache);
    command.env_remove("GORI_MODELS").output().unwrap()
}

#[test]
fn wrong_use_is_one_clear_line_and_a_code_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let wrong: [(&[&str], &str); 9] = [
        (&[], "question"),
        (&["why?"], "path"),
        (&["", "."], "question"),
        (&["--k", "0", "why?", "."], "--k"),
        (&["--k", "many", "why?", "."], "many"),
        (&["--budget", "0", "why?", "."], "--budget"),
        (&["--nonsense", "why?", "."], "--nonsense"),
        (&["--llm"], "--llm"),
        (&["--json=yes", "why?", "."], "--json"),
    ];
    for (args, word) in wrong {
        refused(&run(folder.path(), args), 2, word);
    }
    println!("{} wrong command lines refused", wrong.len());
}

#[test]
fn without_the_network_or_the_model_it_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.md"), "Ropes.").unwrap();
    let output = offline(folder.path(), &["why?", "a.md"]);
    refused(&output, 1, "GORI_OFFLINE");
    assert!(
        stderr(&output).contains("GORI_MODELS"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn nothing_to_answer_from_is_an_error() {
    if std::env::var("GORI_OFFLINE").is_ok_and(|v| v.trim() != "0") {
        return println!("SKIPPED, offline: the encoder may not be at hand");
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    refused(&run(folder.path(), &["why?", "empty"]), 1, "no text");
    refused(&run(folder.path(), &["why?", "not-there"]), 1, "not-there");
    std::fs::write(folder.path().join("bad.pdf"), b"%PDF-1.7 and no more").unwrap();
    let output = run(folder.path(), &["why?", "bad.pdf"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("bad.pdf"), "{}", stderr(&output));
}

#[test]
fn one_bad_file_stops_no_other_and_only_what_changed_is_embedded() {
    if std::env::var("GORI_OFFLINE").is_ok_and(|v| v.trim() != "0") {
        return println!("SKIPPED, offline: the encoder may not be at hand");
    }
    let folder = tempfile::tempdir().unwrap();
    let docs = folder.path().join("docs");
    std::fs::create_dir(&docs).unwrap();
    let quay = "# The quay\n\nRopes on the quay are measured in fathoms.\n";
    let store = "# The store\n\nEvery write is synced before it is acknowledged.\n";
    std::fs::write(docs.join("quay.md"), quay).unwrap();
    std::fs::write(docs.join("store.md"), store).unwrap();
    std::fs::write(docs.join("bad.pdf"), b"%PDF-1.7 and no more").unwrap();
    let question = "In what are ropes measured?";
    let ask = |more: &[&str]| run(folder.path(), &[more, &[question, "docs"]].concat());

    let first = ask(&[]);
    let text = String::from_utf8_lossy(&first.stdout);
    assert!(first.status.success(), "{}", stderr(&first));
    assert!(text.contains("measured in fathoms"), "{text}");
    assert!(
        text.contains("quay.md") && text.contains("The quay"),
        "{text}"
    );
    assert!(stderr(&first).contains("bad.pdf"), "{}", stderr(&first));

    let second = figures(&ask(&["--json"]));
    assert_eq!(
        (&second["embedded"], &second["unchanged"]),
        (&0.into(), &2.into())
    );
    std::fs::write(docs.join("store.md"), store.replace("write", "record")).unwrap();
    let third = figures(&ask(&["--json"]));
    assert_eq!(
        (&third["changed"], &third["embedded"]),
        (&1.into(), &1.into())
    );
    std::fs::remove_file(docs.join("store.md")).unwrap();
    let fourth = figures(&ask(&["--json", "--k", "1"]));
    assert_eq!(
        (&fourth["deleted"], &fourth["unchanged"]),
        (&1.into(), &1.into())
    );
}
