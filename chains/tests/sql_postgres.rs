//! PostgreSQL as a source, against a real server where the machine has one: the programs of the
//! Debian package `postgresql`, or those of `GORI_POSTGRES_BIN`. Without them the tests say so.
#![cfg(feature = "postgres")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use gori_chains::sql::{Cell, Cut, Draft, Guard, Limits, Postgres, Source as _};
use gori_core::{Context, ErrorKind};

/// A server of its own in a folder of its own, which ends with the test.
struct Server {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn programs() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("GORI_POSTGRES_BIN") {
        return Some(folder.into());
    }
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .flatten()
        .map(|e| e.path().join("bin"))
        .collect();
    versions.sort();
    versions
        .pop()
        .filter(|folder| folder.join("initdb").exists())
}

/// A command as a user who is not root, since the server refuses to run as root.
fn command(program: &Path) -> Command {
    let root = Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|out| out.stdout == b"0\n");
    if !root {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=postgres", "--regid=postgres", "--clear-groups"])
        .arg(program);
    command
}

impl Server {
    async fn start(script: &str) -> Option<Self> {
        let Some(bin) = programs() else {
            println!("skipped: no PostgreSQL on this machine");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        let _ = Command::new("chown")
            .arg("-R")
            .arg("postgres")
            .arg(folder.path())
            .status();
        let done = command(&bin.join("initdb"))
            .arg("-D")
            .arg(&data)
            .args([
                "-A",
                "trust",
                "-U",
                "owner",
                "--no-sync",
                "-E",
                "UTF8",
                "--locale=C",
            ])
            .stdout(Stdio::null())
            .current_dir(folder.path())
            .status()
            .unwrap();
        assert!(done.success());
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let child = command(&bin.join("postgres"))
            .arg("-D")
            .arg(&data)
            .args(["-h", "127.0.0.1", "-F", "-k", "", "-p"])
            .arg(port.to_string())
            .current_dir(folder.path())
            .stderr(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self {
            child,
            port,
            _folder: folder,
        };
        server.owner(script).await;
        Some(server)
    }

    fn address(&self, user: &str) -> String {
        format!("postgres://{user}@127.0.0.1:{}/postgres", self.port)
    }

    /// Runs a script as the owner, once the server listens.
    async fn owner(&self, script: &str) {
        let start = Instant::now();
        let (client, connection) = loop {
            match tokio_postgres::connect(&self.address("owner"), tokio_postgres::NoTls).await {
                Ok(pair) => break pair,
                Err(error) if start.elapsed() > Duration::from_secs(60) => panic!("{error}"),
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        };
        let driver = tokio::spawn(connection);
        client.batch_execute(script).await.unwrap();
        drop(client);
        let _ = driver.await;
    }
}

const SCRIPT: &str = "
CREATE TABLE genre (genreid integer PRIMARY KEY, name text NOT NULL);
CREATE TABLE track (trackid bigint PRIMARY KEY, name varchar(200) NOT NULL, genreid integer REFERENCES genre (genreid),
  unitprice numeric(10, 2), released date, live boolean, email text);
COMMENT ON TABLE track IS 'songs on sale';
COMMENT ON COLUMN track.unitprice IS 'price in euros';
CREATE TABLE secret (word text);
INSERT INTO genre VALUES (1, 'Rock'), (2, 'Jazz');
INSERT INTO track SELECT i, 'Song ' || i, 1 + i % 2, 0.99, date '2020-01-01' + i, i % 2 = 0, 'u' || i || '@mail.example' FROM generate_series(1, 100) i;
INSERT INTO secret VALUES ('hunter2');
CREATE ROLE reader LOGIN; GRANT SELECT ON genre, track TO reader;
";

#[tokio::test]
async fn a_real_server_is_looked_over_asked_and_fenced() {
    let Some(server) = Server::start(SCRIPT).await else {
        return;
    };
    let cx = Context::new();
    let limits = Limits {
        time: Duration::from_millis(500),
        ..Limits::default()
    };
    let source = Postgres::at(&server.address("reader"))
        .unwrap()
        .limits(limits);
    let catalog = source.catalog(&cx).await.unwrap();

    let names: Vec<_> = catalog.tables.iter().map(|t| t.name.as_str()).collect();
    assert_eq!(
        names,
        ["genre", "track"],
        "what the role may not read is not there"
    );
    let track = catalog.table("track").unwrap();
    assert_eq!(track.comment.as_deref(), Some("songs on sale"));
    assert_eq!(track.primary_key, ["trackid"]);
    assert_eq!(
        (track.foreign_keys[0].table.as_str(), track.rows),
        ("genre", Some(100))
    );
    let price = track.column("unitprice").unwrap();
    assert_eq!(
        (price.comment.as_deref(), price.declared.as_str()),
        (Some("price in euros"), "numeric(10,2)")
    );
    let mail = track.column("email").unwrap().profile.as_ref().unwrap();
    assert!(mail.personal.is_some() && mail.frequent.is_empty() && mail.min.is_none());

    let guard = Guard::new(catalog);
    let run = async |sql: &str| {
        source
            .run(&cx, &guard.check(&Draft::new(sql)).unwrap())
            .await
    };
    let rows = run("SELECT trackid, unitprice, released, live, NULL AS n, name FROM track ORDER BY trackid LIMIT 1").await.unwrap();
    let expected = vec![
        Cell::Int(1),
        Cell::Real(0.99),
        Cell::Text("2020-01-02".into()),
        Cell::Bool(false),
        Cell::Null,
        Cell::Text("Song 1".into()),
    ];
    assert_eq!((rows.columns.len(), rows.rows), (6, vec![expected]));
    assert_eq!(
        source.values(&cx, "genre", "name", 10).await.unwrap().len(),
        2
    );

    let start = Instant::now();
    let error = run("SELECT count(*) FROM generate_series(1, 100000000000) AS n")
        .await
        .unwrap_err();
    println!("stopped after {:?}: {error}", start.elapsed());
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert!(
        start.elapsed() < limits.time + Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );

    let few = source.clone().limits(Limits { rows: 5, ..limits });
    let checked = guard.check(&Draft::new("SELECT name FROM track")).unwrap();
    let rows = few.run(&cx, &checked).await.unwrap();
    assert_eq!((rows.rows.len(), rows.cut), (5, Some(Cut::Rows)));

    let wrong = run("SELECT name, count(*) FROM track").await.unwrap_err();
    assert_eq!(wrong.kind(), ErrorKind::InvalidInput, "{wrong}");
    assert!(wrong.message().contains("GROUP BY"), "{wrong}");
    assert!(!format!("{source:?} {wrong:?}").contains("reader@"));
}
