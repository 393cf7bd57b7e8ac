//! The page of `--example sql_web` as a person and as an attacker meet it.
#![cfg(all(feature = "sql-web", unix))]
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "tests"
)]

mod browser;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use browser::Browser;
use serde_json::{Value, json};

/// The program with the depot's database and a copy of its knowledge.
struct Page {
    child: Child,
    address: String,
    folder: tempfile::TempDir,
}

impl Drop for Page {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("chains/tests/data/sql")
        .join(name)
}

impl Page {
    fn start(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let script = std::fs::read_to_string(data("depot.sql")).unwrap();
        gori::sql::Sqlite::create(folder.path().join("depot.sqlite"), &script).unwrap();
        let knowledge = folder.path().join("knowledge");
        std::fs::create_dir(&knowledge).unwrap();
        let terms = std::fs::read_to_string(data("depot/terms.toml")).unwrap();
        // What one line told is left for a person to confirm.
        let terms = terms.replace("qty = \"quantity\"\n", "");
        std::fs::write(knowledge.join("terms.toml"), terms).unwrap();

        let here = std::env::current_exe().unwrap();
        let program = here
            .parent()
            .and_then(Path::parent)
            .unwrap()
            .join("examples/sql_web");
        let mut child = Command::new(program)
            .args(["depot.sqlite", "knowledge", "--listen", "127.0.0.1:0"])
            .args(flags)
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut address = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut address)
            .unwrap();
        let address = address.trim().to_owned();
        assert!(address.starts_with("http://127.0.0.1:"), "{address}");
        Self {
            child,
            address,
            folder,
        }
    }

    fn host(&self) -> &str {
        let rest = self.address.strip_prefix("http://").unwrap();
        rest.split_once('/').unwrap().0
    }

    fn learnt(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("knowledge/learnt.toml"))
            .unwrap_or_default()
    }

    /// The head and the body of an answer to a request with these headers.
    fn send(&self, first: &str, headers: &[(&str, &str)], body: &str) -> (String, String) {
        let mut stream = TcpStream::connect(self.host()).unwrap();
        let mut text = format!("{first} HTTP/1.1\r\nConnection: close\r\n");
        for (name, value) in headers {
            text += &format!("{name}: {value}\r\n");
        }
        text += &format!("Content-Length: {}\r\n\r\n{body}", body.len());
        stream.write_all(text.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(
            head.to_lowercase()
                .contains("content-security-policy: default-src 'none'")
        );
        (head.to_owned(), body.to_owned())
    }

    fn status(&self, first: &str, headers: &[(&str, &str)], body: &str) -> u16 {
        let (head, _) = self.send(first, headers, body);
        head.split(' ').nth(1).unwrap().parse().unwrap()
    }
}

#[test]
fn another_page_cannot_ask_here() {
    let page = Page::start(&[]);
    let host = page.host().to_owned();
    let port = host.split_once(':').unwrap().1;
    let json = ("Content-Type", "application/json");
    let body = r#"{"question": "q", "sql": "SELECT 1 AS one FROM t_ord"}"#;
    let own = ("Host", host.as_str());
    let local = format!("localhost:{port}");
    assert_eq!(page.status("GET /", &[own], ""), 200);
    assert_eq!(page.status("GET /", &[("Host", &local)], ""), 200);
    assert_eq!(page.status("POST /api/run", &[own, json], body), 200);
    let hosts = [
        "evil.example".to_owned(),
        format!("evil.example:{port}"),
        format!("127.0.0.1.evil.example:{port}"),
        "127.0.0.1:1".to_owned(),
        String::new(),
    ];
    for rebound in &hosts {
        assert_eq!(
            page.status("GET /api/about", &[("Host", rebound)], ""),
            421,
            "{rebound}"
        );
        assert_eq!(
            page.status("POST /api/run", &[("Host", rebound), json], body),
            421
        );
    }
    let evil = ("Origin", "http://evil.example");
    assert_eq!(page.status("POST /api/run", &[own, json, evil], body), 403);
    let cross = ("Sec-Fetch-Site", "cross-site");
    assert_eq!(page.status("POST /api/run", &[own, json, cross], body), 403);
    let plain = ("Content-Type", "text/plain");
    assert_eq!(page.status("POST /api/run", &[own, plain], body), 415);
    let long = format!(r#"{{"question": "q", "sql": "{}"}}"#, "x".repeat(70_000));
    assert_eq!(page.status("POST /api/run", &[own, json], &long), 413);
    println!("{} hosts, 2 origins, 1 kind of body refused", hosts.len());
}

#[test]
fn a_token_is_asked_for() {
    let page = Page::start(&["--token"]);
    let host = page.host().to_owned();
    let own = ("Host", host.as_str());
    let token = page.address.split_once("token=").unwrap().1;
    assert_eq!(token.len(), 32);
    let wrong = format!("Bearer {}", "0".repeat(32));
    assert_eq!(page.status("GET /", &[own], ""), 401);
    assert_eq!(page.status("GET /?token=0", &[own], ""), 401);
    assert_eq!(
        page.status("GET /api/about", &[own, ("Authorization", &wrong)], ""),
        401
    );
    let (head, _) = page.send(&format!("GET /?token={token}"), &[own], "");
    assert!(
        head.starts_with("HTTP/1.1 303") && head.contains("HttpOnly"),
        "{head}"
    );
    let cookie = format!("gori_token={token}");
    assert_eq!(
        page.status("GET /api/about", &[own, ("Cookie", &cookie)], ""),
        200
    );
}

#[test]
fn statements_from_the_page_are_checked_and_lessons_too() {
    let page = Page::start(&[]);
    let host = page.host().to_owned();
    let headers = [
        ("Host", host.as_str()),
        ("Content-Type", "application/json"),
    ];
    let before = std::fs::read(page.folder.path().join("depot.sqlite")).unwrap();
    let attacks = [
        "DROP TABLE t_ord",
        "SELECT 1; DELETE FROM t_ord",
        "ATTACH 'loot.db' AS e",
        "SELECT load_extension('x')",
        "SELECT * FROM sqlite_master",
        "",
    ];
    for sql in attacks {
        for (path, body) in [
            ("POST /api/run", json!({"question": "q", "sql": sql})),
            (
                "POST /api/learn",
                json!({"kind": "example", "question": "q", "sql": sql}),
            ),
        ] {
            assert_eq!(page.status(path, &headers, &body.to_string()), 422, "{sql}");
        }
    }
    let lessons = [
        json!({"kind": "term", "of": "value", "names": ["x"], "means": "y"}),
        json!({"kind": "term", "of": "value", "names": ["x"], "means": "y", "target": "t_ord.none", "value": "1"}),
        json!({"kind": "term", "of": "abbreviation", "names": [" "], "means": "y"}),
        json!({"kind": "term", "of": "abbreviation", "names": ["x"], "means": "y".repeat(5000)}),
    ];
    for lesson in &lessons {
        assert_eq!(
            page.status("POST /api/learn", &headers, &lesson.to_string()),
            422,
            "{lesson}"
        );
    }
    assert_eq!(page.learnt(), "");
    assert!(!page.folder.path().join("loot.db").exists());
    assert_eq!(
        before,
        std::fs::read(page.folder.path().join("depot.sqlite")).unwrap()
    );
    println!(
        "{} statements and {} lessons refused",
        attacks.len() * 2,
        lessons.len()
    );
}

#[test]
fn a_person_asks_runs_corrects_and_teaches_by_keyboard() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let page = Page::start(&[]);
    browser.size(1280, 900, false);
    browser.open(&page.address);
    browser.until("document.activeElement.id === 'question' && !!document.title.match('depot')");

    // An example's own question: its SQL is shown, and runs when Enter is pressed.
    browser.write("How many orders came through the shop in 2023?");
    browser.press("Enter", 13, 0);
    browser.until("document.activeElement.textContent === 'Run it'");
    let shown = browser.eval("document.querySelector('.sql').value");
    assert!(shown.as_str().unwrap().contains("cd_ch = 'S3'"), "{shown}");
    assert_eq!(
        browser.eval("document.querySelectorAll('table').length"),
        0,
        "nothing ran yet"
    );
    browser.press("Enter", 13, 0);
    browser.until("document.querySelectorAll('td').length === 1");

    // SQL by hand, with stored markup in it, a chart, and a correction that is kept.
    browser.until("document.activeElement.id === 'question'");
    browser.write("Orders by state?");
    browser.press("Enter", 13, 0);
    browser.until("document.activeElement.className === 'sql'");
    browser.eval("document.activeElement.select()");
    let sql = "SELECT cd_st || '<img src=x onerror=alert(1)>' AS state, count(*) AS n FROM t_ord GROUP BY cd_st";
    browser.write(sql);
    browser.press("Enter", 13, 2);
    browser.until("document.querySelectorAll('td').length === 11");
    assert_eq!(
        browser.eval("document.querySelectorAll('td img, td script').length"),
        0
    );
    browser.until("(() => { const i = document.querySelector('img.chart'); return !!i && i.complete && i.naturalWidth > 0; })()");
    browser.eval("[...document.querySelectorAll('button')].find((b) => b.textContent === 'Keep my correction').click()");
    browser.until("document.body.innerText.includes('Learnt, in learnt.toml.')");
    let learnt = page.learnt();
    assert!(
        learnt.contains("a query corrected on the page") && learnt.contains("Orders by state?"),
        "{learnt}"
    );

    // A proposal is confirmed, and is a term from then on.
    browser.eval("document.getElementById('proposed').open = true");
    browser.eval("document.querySelector('[aria-label=\"Confirm qty\"]').focus()");
    browser.press("Enter", 13, 0);
    browser.until("!document.querySelector('[aria-label=\"Confirm qty\"]')");
    let learnt = page.learnt();
    assert!(
        learnt.contains("names = [\"qty\"]") && learnt.contains("a proposal confirmed"),
        "{learnt}"
    );

    // A word that nothing explains is asked back.
    browser.eval("document.getElementById('question').focus()");
    browser.write("What was the GMV last year?");
    browser.press("Enter", 13, 0);
    browser.until("document.body.innerText.includes('What does `GMV` mean?')");

    browser.eval("window.scrollTo(0, 0)");
    browser.picture("desktop");
    browser.dark(true);
    assert_eq!(
        browser.eval("getComputedStyle(document.documentElement).backgroundColor"),
        "rgb(20, 23, 28)"
    );
    browser.picture("desktop-dark");
    browser.size(360, 740, true);
    let over = "document.documentElement.scrollWidth - window.innerWidth";
    assert_eq!(
        browser.eval(over),
        0,
        "nothing stands out of a phone's width"
    );
    browser.eval("document.querySelector('img.chart').scrollIntoView()");
    browser.picture("phone-dark");
    browser.dark(false);
    browser.picture("phone");

    // Nothing of the page's own broke its policy, and an injected script does.
    assert_eq!(browser.eval("window.violations.join()"), "");
    browser.eval("try { const s = document.createElement('script'); s.text = 'window.evil = 1'; document.body.append(s); } catch { }");
    assert_eq!(browser.eval("typeof window.evil"), "undefined");
}

/// A server that speaks as much of the OpenAI protocol as is asked of it, and the prompts it got.
fn model(answers: &'static [&'static str]) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/v1", listener.local_addr().unwrap());
    let prompts = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&prompts);
    std::thread::spawn(move || {
        let mut answers = answers.iter();
        for stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(stream);
            let (mut first, mut length) = (String::new(), 0);
            reader.read_line(&mut first).unwrap();
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if let Some(number) = line.to_lowercase().strip_prefix("content-length:") {
                    length = number.trim().parse().unwrap();
                }
                if line.trim().is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            // What else a client asks a server of its kind, this one does not have.
            let status = if first.contains("/models") || first.contains("/chat/completions") {
                "200 OK"
            } else {
                "404 Not Found"
            };
            let answer = if status != "200 OK" {
                json!({"error": {"message": "not here"}})
            } else if first.contains("/models") {
                json!({"object": "list", "data": [{"id": "scripted", "object": "model", "max_model_len": 4096}]})
            } else {
                seen.lock()
                    .unwrap()
                    .push(String::from_utf8_lossy(&body).into_owned());
                let text = answers.next().copied().unwrap_or("nothing more");
                json!({"id": "x", "object": "chat.completion", "created": 0, "model": "scripted",
                    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
                    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}})
            };
            let text = answer.to_string();
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
                text.len()
            );
            let _ = reader
                .get_mut()
                .write_all(format!("{head}{text}").as_bytes());
        }
    });
    (address, prompts)
}

#[test]
fn a_model_drafts_is_mended_and_goes_on_from_what_was_asked() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let (address, prompts) = model(&[
        "```sql\nSELECT count(*) FROM t_ord WHERE state = 'X'\n```",
        "```sql\nSELECT count(*) FROM t_ord WHERE cd_st = 'X'\n```",
        "```sql\nSELECT cd_ch, count(*) AS n FROM t_ord WHERE cd_st = 'X' GROUP BY cd_ch\n```",
    ]);
    let page = Page::start(&["--llm", &address]);
    browser.size(1280, 900, false);
    browser.open(&page.address);
    browser.until("document.activeElement.id === 'question'");
    browser.write("How many orders were cancelled?");
    browser.press("Enter", 13, 0);
    browser.until("document.activeElement.textContent === 'Run it'");
    let text = browser.eval("document.querySelector('article').innerText");
    for part in [
        "Mended before: 1",
        "keeps the rows where cd_st = 'X'",
        "cancelled is `X` in t_ord.cd_st",
    ] {
        assert!(text.as_str().unwrap().contains(part), "{part}: {text}");
    }
    browser.press("Enter", 13, 0);
    browser.until("[...document.querySelectorAll('h3')].some((h) => h.textContent === 'Ask on')");
    browser.eval("[...document.querySelectorAll('.chips button')].find((b) => b.textContent.includes('cd_ch')).focus()");
    browser.press("Enter", 13, 0);
    browser.until("document.querySelectorAll('article').length === 2 && document.activeElement.textContent === 'Run it'");
    browser.press("Enter", 13, 0);
    browser.until("document.querySelectorAll('img.chart').length === 1");
    browser.picture("model");
    let prompts = prompts.lock().unwrap();
    assert_eq!(prompts.len(), 3);
    let last: Value = serde_json::from_str(prompts.last().unwrap()).unwrap();
    let text = last["messages"][1]["content"].to_string();
    assert!(
        text.contains("goes on from") && text.contains("How many orders were cancelled?"),
        "{text}"
    );
}
