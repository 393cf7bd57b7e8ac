//! PostgreSQL as a source, against a real server.
#![cfg(feature = "postgres")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

use std::time::{Duration, Instant};

use gori_chains::sql::{Cell, Cut, Draft, Guard, Limits, Postgres, Source as _};
use gori_core::{Context, ErrorKind};
use gori_testkit::servers::{Postgres as Server, or_skip};

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
    let Some(server) = or_skip(Server::start().await) else {
        return;
    };
    server.sql(SCRIPT).unwrap();
    let reader = server.connection_string().replace("postgres@", "reader@");
    let cx = Context::new();
    let limits = Limits {
        time: Duration::from_millis(500),
        ..Limits::default()
    };
    let source = Postgres::at(&reader).unwrap().limits(limits);
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
