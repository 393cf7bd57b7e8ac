//! Each server starts, answers, and is gone after its drop, and after a kill of its test.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use gori_testkit::servers::{Gguf, LlamaServer, Postgres, Qdrant, or_skip};

/// Sends a request and gives the body of the answer.
fn http(url: &str, method: &str, body: &str) -> String {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(
        stream,
        "{method} /{path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Whether a process ends within ten seconds (a zombie counts as ended).
fn ends(pid: u32) -> bool {
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(10) {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
        if stat.map_or(true, |s| s.contains(") Z")) {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}

#[tokio::test]
async fn llama_server_answers_and_is_gone_after_its_drop() {
    let started = LlamaServer::start(Gguf::SmolLm2, &["--no-webui"]).await;
    let Some(server) = or_skip(started) else {
        return;
    };
    let request =
        r#"{"messages":[{"role":"user","content":"Say hello."}],"max_tokens":8,"temperature":0}"#;
    let answer = http(
        &format!("{}/chat/completions", server.base_url()),
        "POST",
        request,
    );
    assert!(
        answer.contains("\"assistant\"") && answer.contains("\"usage\""),
        "{answer}"
    );
    let pid = server.pid();
    drop(server);
    assert!(ends(pid));
}

#[tokio::test]
async fn llama_server_takes_flags_and_refuses_unknown_ones() {
    let flags = ["--embeddings", "--pooling", "mean", "-c", "512"];
    let started = LlamaServer::start(Gguf::SmolLm2, &flags).await;
    let Some(server) = or_skip(started) else {
        return;
    };
    let request = r#"{"input":["a cat","a dog"]}"#;
    let answer = http(
        &format!("{}/embeddings", server.base_url()),
        "POST",
        request,
    );
    assert_eq!(answer.matches("\"embedding\":[").count(), 2, "{answer}");
    drop(server);
    let error = LlamaServer::start(Gguf::SmolLm2, &["--no-such-flag"])
        .await
        .unwrap_err();
    assert!(error.to_string().contains("--no-such-flag"), "{error}");
}

#[tokio::test]
async fn qdrant_answers_and_is_gone_after_its_drop() {
    let Some(server) = or_skip(Qdrant::start().await) else {
        return;
    };
    let collection = format!("{}/collections/c", server.http_url());
    let made = http(
        &collection,
        "PUT",
        r#"{"vectors":{"size":2,"distance":"Cosine"}}"#,
    );
    assert!(made.contains("\"result\":true"), "{made}");
    assert!(TcpStream::connect(server.grpc_url().trim_start_matches("http://")).is_ok());
    let pid = server.pid();
    drop(server);
    assert!(ends(pid));
}

#[tokio::test]
async fn postgres_has_vectors_and_is_gone_after_its_drop() {
    let Some(server) = or_skip(Postgres::start().await) else {
        return;
    };
    server.sql("CREATE EXTENSION vector").unwrap();
    assert_eq!(
        server.sql("SELECT '[1,2]'::vector <-> '[1,5]'").unwrap(),
        "3"
    );
    let error = server.sql("SELECT nothing").unwrap_err().to_string();
    assert!(
        error.contains("column \"nothing\" does not exist"),
        "{error}"
    );
    let pid = server.pid();
    assert_eq!(shared_segments(pid), 1);
    drop(server);
    assert!(ends(pid));
    assert_eq!(shared_segments(pid), 0, "its shared memory is gone too");
}

/// The segments of System V shared memory that a process made.
fn shared_segments(pid: u32) -> usize {
    let table = std::fs::read_to_string("/proc/sysvipc/shm").unwrap();
    let lines = table
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    let rows: Vec<_> = lines.collect();
    let column = rows[0].iter().position(|name| *name == "cpid").unwrap();
    let pid = pid.to_string();
    rows.iter().skip(1).filter(|row| row[column] == pid).count()
}

/// What the child process of the test below does; no test by itself.
#[tokio::test]
async fn as_a_child() {
    if std::env::var_os("GORI_TEST_SERVERS_CHILD").is_none() {
        return;
    }
    let (postgres, qdrant) = (Postgres::start().await, Qdrant::start().await);
    let (postgres, qdrant) = (postgres.unwrap(), qdrant.unwrap());
    println!("\npids {} {}", postgres.pid(), qdrant.pid());
    std::thread::sleep(Duration::from_secs(600));
}

#[tokio::test]
async fn a_killed_test_leaves_no_server_behind() {
    // Fetched here, so that the child cannot be the one that finds itself offline.
    if or_skip(Postgres::start().await).is_none() || or_skip(Qdrant::start().await).is_none() {
        return;
    }
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "checks::as_a_child", "--nocapture"])
        .env("GORI_TEST_SERVERS_CHILD", "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines
        .map(Result::unwrap)
        .find(|line| line.starts_with("pids "))
        .unwrap();
    let pids: Vec<u32> = line
        .split(' ')
        .skip(1)
        .map(|p| p.parse().unwrap())
        .collect();
    child.kill().unwrap();
    child.wait().unwrap();
    for pid in pids {
        assert!(ends(pid), "{pid} is still there");
    }
}

#[tokio::test]
async fn a_server_that_cannot_start_says_why() {
    let nowhere = Gguf::Path("no-such-model.gguf".into());
    let started = LlamaServer::start(nowhere, &[]).await;
    let error = match started {
        Err(e) if e.kind() == gori_core::ErrorKind::Unavailable => e.to_string(),
        other => {
            assert!(or_skip(other).is_none(), "it started");
            return;
        }
    };
    assert!(
        error.contains("before it was ready") && error.contains("no-such-model"),
        "{error}"
    );
}

#[tokio::test]
async fn dropping_a_start_ends_the_server_that_was_starting() {
    // Under this time no server is ready; the start is dropped wherever it is.
    for ms in [1, 50, 150, 300] {
        let start = Qdrant::start();
        let _ = tokio::time::timeout(Duration::from_millis(ms), start).await;
    }
    let mine = std::process::id();
    let begin = Instant::now();
    while children(mine).iter().any(|name| name == "qdrant") {
        assert!(begin.elapsed() < Duration::from_secs(60), "one is left");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The names of the processes that have this parent.
fn children(parent: u32) -> Vec<String> {
    let list = std::fs::read_dir("/proc").unwrap();
    list.filter_map(|entry| {
        let stat = std::fs::read_to_string(entry.ok()?.path().join("stat")).ok()?;
        let (name, rest) = stat.split_once('(')?.1.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let alive = *fields.first()? != "Z";
        (alive && *fields.get(1)? == parent.to_string()).then(|| name.to_owned())
    })
    .collect()
}
