//! Archives, repositories, databases, stores and standard input: the same documents by any
//! source, and errors that belong to where they came from.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod support;

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use gori_core::{ErrorKind, Loaded, Loader, Result};
use gori_loaders::object_store::memory::InMemory;
use gori_loaders::object_store::{ObjectStore, ObjectStoreExt as _, PutPayload};
use gori_loaders::{Archive, Git, Limits, Objects, Reader, Sqlite, Stdin};
use gori_testkit::conformance::loader::laws;
use support::{documents, errors, load, office};

fn texts(items: &[Result<Loaded>]) -> Vec<(String, String)> {
    let documents = documents(items).into_iter();
    documents
        .map(|document| (document.source.to_string(), document.text.clone()))
        .collect()
}

fn skipped(items: &[Result<Loaded>]) -> Vec<(String, String)> {
    let skipped = items.iter().filter_map(|item| match item {
        Ok(Loaded::Skipped { source, reason }) => Some((source.to_string(), reason.clone())),
        _ => None,
    });
    skipped.collect()
}

fn tar(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *content).unwrap();
    }
    let mut link = tar::Header::new_gnu();
    link.set_entry_type(tar::EntryType::Symlink);
    link.set_size(0);
    builder
        .append_link(&mut link, "link.txt", "/etc/passwd")
        .unwrap();
    builder.into_inner().unwrap()
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn an_archive_gives_its_entries_whatever_it_is_packed_by() {
    let folder = tempfile::tempdir().unwrap();
    let entries: [(&str, &[u8]); 3] = [
        ("a.md", b"# A"),
        ("b/c.txt", b"text"),
        ("b/d.html", b"<html><p>x"),
    ];
    // Names say nothing here: the content decides what is an archive.
    let files = [
        ("one", office::pack(&entries)),
        ("two", tar(&entries)),
        ("three", gzipped(&tar(&entries))),
    ];
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let archive = Archive::new(&path);
        let items = load(&archive).await;
        let root = format!("{}!/", path.display());
        let found: Vec<_> = texts(&items)
            .into_iter()
            .map(|(source, text)| (source.replace(&root, ""), text))
            .collect();
        let wanted = [("a.md", "# A"), ("b/c.txt", "text"), ("b/d.html", "x\n")];
        assert_eq!(
            found,
            wanted.map(|(source, text)| (source.to_owned(), text.to_owned())),
            "{name}"
        );
        let links = skipped(&items);
        assert_eq!(links.len(), usize::from(name != "one"), "{links:?}");
        let chosen = load(
            &Archive::new(&path)
                .include("b/**")
                .unwrap()
                .exclude("*.html")
                .unwrap(),
        )
        .await;
        assert_eq!(documents(&chosen).len(), 1);
        println!("{name}: {:?}", laws(&archive).await);
    }
}

#[tokio::test]
async fn a_hostile_entry_is_passed_over_and_the_others_come() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.zip");
    let blanks = vec![b' '; 20 << 20];
    fs::write(
        &path,
        office::pack(&[
            ("../out.txt", b"x"),
            ("/etc/x", b"x"),
            ("bomb.txt", &blanks),
            ("ok.txt", b"ok"),
        ]),
    )
    .unwrap();
    let items = load(&Archive::new(&path)).await;
    assert_eq!(texts(&items).len(), 1);
    let reasons: Vec<String> = skipped(&items)
        .into_iter()
        .map(|(_, reason)| reason)
        .collect();
    assert_eq!(
        reasons[..2],
        [
            "a path that leads out of the archive",
            "a path that leads out of the archive"
        ]
    );
    assert!(
        reasons[2].starts_with("unpacks to more than"),
        "{reasons:?}"
    );
    assert!(errors(&items).is_empty());
}

#[tokio::test]
async fn an_archive_without_a_file_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let empty = [office::pack(&[]), gzipped(&[]), gzipped(&[]).repeat(1_000)];
    for (number, bytes) in empty.into_iter().enumerate() {
        let path = folder.path().join(number.to_string());
        fs::write(&path, bytes).unwrap();
        let items = load(&Archive::new(&path)).await;
        let found = skipped(&items);
        assert_eq!(found.len(), 1, "{items:?}");
        assert_eq!(found[0].1, "there is no file in the archive");
    }
}

#[tokio::test]
async fn an_archive_that_is_none_is_an_error_of_the_whole() {
    let folder = tempfile::tempdir().unwrap();
    let missing = load(&Archive::new(folder.path().join("none.zip"))).await;
    assert_eq!(errors(&missing)[0].kind(), ErrorKind::NotFound);
    for (name, bytes) in [
        ("a.zip", &b"PK\x03\x04 and nothing more"[..]),
        ("a.tgz", b"\x1f\x8b and nothing more"),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let items = load(&Archive::new(&path)).await;
        assert_eq!(errors(&items)[0].kind(), ErrorKind::Corrupt, "{items:?}");
        assert_eq!(errors(&items)[0].subject(), None, "entries may be missing");
    }
    let path = folder.path().join("crowded.zip");
    let names: Vec<String> = (0..100).map(|i| format!("{i}.txt")).collect();
    let entries: Vec<(&str, &[u8])> = names
        .iter()
        .map(|name| (name.as_str(), &b"x"[..]))
        .collect();
    fs::write(&path, office::pack(&entries)).unwrap();
    let limits = Limits {
        entries: 50,
        ..Limits::default()
    };
    let items = load(&Archive::new(&path).reader(Reader::new().limits(limits))).await;
    assert_eq!(
        (documents(&items).len(), errors(&items)[0].kind()),
        (50, ErrorKind::TooLarge)
    );
    let bounded = load(&Archive::new(&path).unpacked_bytes(10)).await;
    assert_eq!(errors(&bounded)[0].kind(), ErrorKind::TooLarge);
}

/// Runs git on a repository of the test's own.
fn git(repository: &Path, args: &[&str]) {
    let mut command = Command::new("git");
    command.args([
        "-c",
        "user.name=Kim",
        "-c",
        "user.email=kim@example.org",
        "-c",
        "init.defaultBranch=main",
    ]);
    command.arg("-C").arg(repository).args(args);
    command
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1");
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    git(root, &["init", "-q"]);
    fs::create_dir(root.join("docs")).unwrap();
    fs::write(root.join("docs/a.md"), "# First").unwrap();
    fs::write(root.join("한글.txt"), "text\n").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("/etc/passwd", root.join("link")).unwrap();
    git(root, &["add", "."]);
    git(root, &["commit", "-q", "-m", "one"]);
    git(root, &["tag", "v1"]);
    fs::write(root.join("docs/a.md"), "# Second").unwrap();
    git(root, &["commit", "-q", "-a", "-m", "two"]);
    fs::write(root.join("docs/a.md"), "# Not committed").unwrap();
    folder
}

#[tokio::test]
async fn a_repository_is_read_as_it_was_at_a_revision() {
    let folder = repository();
    let root = folder.path();
    let at = |revision: &str| Git::new(root, revision).unwrap();
    let first = load(&at("v1")).await;
    let found = texts(&first);
    assert_eq!(
        found[0],
        (
            format!("{}@v1:docs/a.md", root.display()),
            "# First".to_owned()
        )
    );
    assert_eq!(found[1].0, format!("{}@v1:한글.txt", root.display()));
    #[cfg(unix)]
    assert_eq!(skipped(&first)[0].1, "a symbolic link");
    let second = load(&at("HEAD").include("docs/**").unwrap()).await;
    assert_eq!(
        texts(&second)[0].1,
        "# Second",
        "the commit and not the work tree"
    );
    println!("{:?}", laws(&at("main")).await);
}

#[tokio::test]
async fn nothing_of_a_repository_is_run() {
    let folder = repository();
    let root = folder.path();
    let mark = root.join("ran");
    let script = root.join(".git/run.sh");
    fs::write(&script, format!("#!/bin/sh\ntouch '{}'\n", mark.display())).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let run = script.display().to_string();
    for key in [
        "core.fsmonitor",
        "core.sshCommand",
        "core.pager",
        "core.editor",
        "filter.x.smudge",
        "diff.x.textconv",
        "alias.cat-file",
        "core.alternateRefsCommand",
        "uploadpack.packObjectsHook",
    ] {
        git(root, &["config", key, &run]);
    }
    fs::write(root.join(".git/info/attributes"), "* filter=x diff=x\n").unwrap();
    let items = load(&Git::new(root, "HEAD").unwrap()).await;
    assert_eq!(documents(&items).len(), 2, "{items:?}");
    assert!(!mark.exists(), "a setting of the repository was run");
}

#[tokio::test]
async fn a_revision_that_is_not_there_or_no_name_is_said_so() {
    let folder = repository();
    for odd in ["", "--output=x", "a:b", "a\nb"] {
        assert_eq!(
            Git::new(folder.path(), odd).unwrap_err().kind(),
            ErrorKind::InvalidInput,
            "{odd:?}"
        );
    }
    let items = load(&Git::new(folder.path(), "v9").unwrap()).await;
    let [Err(error)] = &items[..] else {
        panic!("{items:?}")
    };
    assert_eq!((error.kind(), error.subject()), (ErrorKind::NotFound, None));
    let nowhere = tempfile::tempdir().unwrap();
    let items = load(&Git::new(nowhere.path(), "HEAD").unwrap()).await;
    assert_eq!(errors(&items).len(), 1);
}

fn notes(path: &Path) {
    let database = rusqlite::Connection::open(path).unwrap();
    database
        .execute_batch(
            "CREATE TABLE notes (id INTEGER PRIMARY KEY, title TEXT, body BLOB, author TEXT, stars REAL, hidden INTEGER);
             INSERT INTO notes VALUES (1, 'One', '# Head', 'Kim', 4.5, 0), (2, 'Two', NULL, NULL, NULL, 1),
             (3, NULL, CAST('한글' AS BLOB), 'Lee', 1e999, 0);",
        )
        .unwrap();
}

#[tokio::test]
async fn rows_become_documents_and_columns_metadata() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.db");
    notes(&path);
    let rows = Sqlite::new(&path, "SELECT * FROM notes ORDER BY id")
        .text(["title", "body"])
        .named("notes");
    let items = load(&rows).await;
    let pairs = [
        ("notes/1", "One\n\n# Head"),
        ("notes/2", "Two"),
        ("notes/3", "한글"),
    ];
    assert_eq!(
        texts(&items),
        pairs.map(|(source, text)| (source.to_owned(), text.to_owned()))
    );
    let first = documents(&items)[0];
    assert_eq!(first.metadata["author"], "Kim".into());
    assert_eq!(first.metadata["stars"], 4.5.into());
    assert_eq!(first.metadata["id"], 1.into());
    assert!(
        !documents(&items)[2].metadata.contains_key("stars"),
        "infinity is no number to keep"
    );
    println!("{:?}", laws(&rows).await);
    // A row whose metadata changed is another revision.
    let before = first.revision;
    rusqlite::Connection::open(&path)
        .unwrap()
        .execute("UPDATE notes SET author = 'Park' WHERE id = 1", [])
        .unwrap();
    assert_ne!(documents(&load(&rows).await)[0].revision, before);
}

#[tokio::test]
async fn a_query_that_writes_or_lacks_a_column_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.db");
    notes(&path);
    for (query, kind) in [
        (
            "DELETE FROM notes RETURNING id, body AS text",
            ErrorKind::Refused,
        ),
        ("SELECT id FROM notes", ErrorKind::Config),
        ("SELECT nothing", ErrorKind::InvalidInput),
        ("PRAGMA journal_mode = DELETE", ErrorKind::Refused),
        ("ATTACH 'other.db' AS o", ErrorKind::Refused),
    ] {
        let items = load(&Sqlite::new(&path, query)).await;
        let kinds: Vec<_> = errors(&items).iter().map(|error| error.kind()).collect();
        assert!(
            kinds == [kind]
                || (query.starts_with("PRAGMA") || query.starts_with("ATTACH")) && kinds.len() == 1,
            "{query}: {items:?}"
        );
    }
    let count: i64 = rusqlite::Connection::open(&path)
        .unwrap()
        .query_row("SELECT count(*) FROM notes", [], |row| row.get(0))
        .unwrap();
    assert_eq!(count, 3);
    assert!(!folder.path().join("other.db").exists());
    let items = load(&Sqlite::new(folder.path().join("none.db"), "SELECT 1")).await;
    assert_eq!(errors(&items)[0].kind(), ErrorKind::NotFound);
    fs::write(folder.path().join("no.db"), "x".repeat(10_000)).unwrap();
    let items = load(&Sqlite::new(
        folder.path().join("no.db"),
        "SELECT 1 AS id, 'a' AS text FROM sqlite_schema",
    ))
    .await;
    assert_eq!(errors(&items)[0].kind(), ErrorKind::Corrupt);
}

#[tokio::test]
async fn rows_are_streamed_and_a_dropped_stream_ends_the_query() {
    use futures_util::StreamExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.db");
    notes(&path);
    // Without end: that rows come at all shows that nothing is collected.
    let query = "WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n) SELECT id, 'row ' || id AS text FROM n";
    let rows = Sqlite::new(&path, query);
    let items: Vec<_> = rows.load(&()).take(1_000).collect().await;
    assert_eq!(documents(&items).len(), 1_000);
    assert_eq!(documents(&items)[999].text, "row 1000");
}

#[tokio::test]
async fn objects_of_a_store_are_sources() {
    let store = InMemory::new();
    for (path, content) in [
        ("docs/b.md", "# B"),
        ("docs/a.txt", "a"),
        ("other/c.txt", "c"),
        ("docs/empty.txt", ""),
    ] {
        store
            .put(&path.into(), PutPayload::from(content.as_bytes().to_vec()))
            .await
            .unwrap();
    }
    let store: Arc<dyn ObjectStore> = Arc::new(store);
    let objects = Objects::new("mem://bucket", store.clone()).under("docs");
    let items = load(&objects).await;
    let pairs = [
        ("mem://bucket/docs/a.txt", "a"),
        ("mem://bucket/docs/b.md", "# B"),
    ];
    assert_eq!(
        texts(&items),
        pairs.map(|(source, text)| (source.to_owned(), text.to_owned()))
    );
    assert_eq!(skipped(&items)[0].1, "empty");
    println!("{:?}", laws(&objects).await);
    let small = Reader::new().limits(Limits {
        source_bytes: 2,
        ..Limits::default()
    });
    let items = load(
        &Objects::new("mem://bucket", store)
            .under("docs")
            .reader(small),
    )
    .await;
    assert_eq!((documents(&items).len(), skipped(&items).len()), (1, 2));
}

/// Set in the process that the test below starts.
const CHILD: &str = "GORI_TEST_STDIN_CHILD";

#[tokio::test]
async fn standard_input_is_a_source_whose_content_tells_its_format() {
    if std::env::var_os(CHILD).is_some() {
        let items = load(&Stdin::new().named("piped")).await;
        assert_eq!(
            texts(&items),
            [("piped".to_owned(), "# A page\n\nx\n".to_owned())]
        );
        return;
    }
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args([
        "--exact",
        "standard_input_is_a_source_whose_content_tells_its_format",
    ]);
    let mut child = child
        .env(CHILD, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"<!doctype html><h1>A page</h1><p>x")
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}
