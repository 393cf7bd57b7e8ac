//! Rows of a real Postgres, named by `GORI_POSTGRES` as libpq names a server; without it the
//! tests say that they were left out. They need no table and change nothing.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod support;

use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use gori_core::{ErrorKind, Loader as _};
use gori_loaders::Postgres;
use gori_testkit::conformance::loader::laws;
use support::{documents, errors, load};

fn server() -> Option<String> {
    let server = std::env::var("GORI_POSTGRES").ok();
    if server.is_none() {
        println!("SKIPPED: GORI_POSTGRES names no server");
    }
    server
}

const NOTES: &str = "SELECT * FROM (VALUES (1, '# One', 'Kim', 4.5, true, '2026-11-22'::date, '{1,2}'::int[], '{\"a\": 1}'::jsonb),
    (2, 'Two -- not a comment', NULL, NULL, false, NULL, NULL, NULL)) AS notes (id, text, author, stars, seen, day, list, more) ORDER BY id;";

#[tokio::test]
async fn rows_become_documents_and_columns_metadata() {
    let Some(server) = server() else { return };
    let rows = Postgres::new(&server, NOTES, "notes")
        .unwrap()
        .media_type("text/markdown");
    let items = load(&rows).await;
    let found = documents(&items);
    assert_eq!(found.len(), 2, "{items:?}");
    assert_eq!(
        (&*found[0].source, found[0].text.as_str()),
        ("notes/1", "# One")
    );
    assert_eq!(found[0].metadata["author"], "Kim".into());
    assert_eq!(found[0].metadata["stars"], 4.5.into());
    assert_eq!(found[0].metadata["seen"], true.into());
    assert_eq!(found[0].metadata["day"], "2026-11-22".into());
    assert!(
        !found[1].metadata.contains_key("author"),
        "null is no value"
    );
    println!("{:?}", laws(&rows).await);
}

#[tokio::test]
async fn what_writes_takes_too_long_or_lacks_a_column_is_an_error_of_the_whole() {
    let Some(server) = server() else { return };
    for (query, kind) in [
        ("SELECT 1 AS id", ErrorKind::Config),
        ("SELECT nothing", ErrorKind::InvalidInput),
        (
            "SELECT 1 AS id, pg_sleep(60)::text AS text",
            ErrorKind::Timeout,
        ),
        (
            "SELECT 1 AS id, lo_create(0)::text AS text",
            ErrorKind::Refused,
        ),
        (
            "SELECT 1 AS id, 'x' AS text) AS a; CREATE TABLE gori_test (x int); SELECT (1",
            ErrorKind::InvalidInput,
        ),
        (
            "DELETE FROM pg_class RETURNING oid AS id, relname AS text",
            ErrorKind::InvalidInput,
        ),
    ] {
        let start = Instant::now();
        let items = load(
            &Postgres::new(&server, query, "notes")
                .unwrap()
                .timeout_ms(500),
        )
        .await;
        let errors = errors(&items);
        assert_eq!((errors.len(), items.len()), (1, 1), "{query}: {items:?}");
        assert_eq!(
            (errors[0].kind(), errors[0].subject()),
            (kind, None),
            "{query}: {}",
            errors[0]
        );
        assert!(start.elapsed() < Duration::from_secs(10));
    }
}

#[tokio::test]
async fn rows_are_streamed_and_a_dropped_stream_ends_the_query() {
    let Some(server) = server() else { return };
    let query = "WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n) SELECT id, 'row ' || id AS text FROM n";
    let rows = Postgres::new(&server, query, "rows").unwrap();
    let start = Instant::now();
    let items: Vec<_> = rows.load(&()).take(500).collect().await;
    assert_eq!(documents(&items)[499].text, "row 500");
    println!("500 of endless rows after {:?}", start.elapsed());
}

#[tokio::test]
async fn a_server_that_is_not_there_is_an_error_without_its_password() {
    let server = "host=127.0.0.1 port=1 user=a password=SECRET dbname=b";
    let rows = Postgres::new(server, "SELECT 1", "notes").unwrap();
    let items = load(&rows).await;
    let [Err(error)] = &items[..] else {
        panic!("{items:?}")
    };
    assert_eq!(error.kind(), ErrorKind::Network);
    for shown in [format!("{error:?}"), format!("{rows:?}"), error.to_string()] {
        assert!(!shown.contains("SECRET"), "{shown}");
    }
    let error = Postgres::new("host='SECRET", "SELECT 1", "notes").unwrap_err();
    assert!(!format!("{error:?}").contains("SECRET"), "{error:?}");
}
