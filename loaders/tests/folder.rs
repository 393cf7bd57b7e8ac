//! Folders: what is found, in which order, under which name, and what is refused.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use futures_util::StreamExt as _;
use gori_core::{ErrorKind, Loaded, Loader, Result, Revision, Seen};
use gori_loaders::{Dir, Isolation, Limits, Reader};

fn write(root: &Path, path: &str, content: impl AsRef<[u8]>) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

async fn load(loader: &dyn Loader) -> Vec<Result<Loaded>> {
    loader.load(&()).collect().await
}

fn worker() -> Reader {
    Reader::new().isolation(Isolation::program(env!(
        "CARGO_BIN_EXE_gori-loaders-worker"
    )))
}

/// Paths below the root of what gave a document, in order.
async fn names(dir: &Dir, root: &Path) -> Vec<String> {
    let prefix = format!("{}/", root.display());
    let items = load(dir).await;
    items
        .into_iter()
        .filter_map(|item| match item.unwrap() {
            Loaded::Document(document) => Some(document.source.replacen(&prefix, "", 1)),
            _ => None,
        })
        .collect()
}

fn skipped(items: &[Result<Loaded>]) -> BTreeMap<String, String> {
    items
        .iter()
        .filter_map(|item| match item {
            Ok(Loaded::Skipped { source, reason }) => {
                let name = source.rsplit('/').next().unwrap().to_owned();
                Some((name, reason.clone()))
            }
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn the_order_is_that_of_the_names_and_ignore_files_are_honoured() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for name in [
        "b.txt",
        "a/z.txt",
        "a/b.txt",
        "c/d.txt",
        ".hidden/x.txt",
        ".gori/log.txt",
    ] {
        write(root, name, name);
    }
    write(root, "target/built.txt", "built");
    write(root, "notes.log", "log");
    write(root, "c/kept.log", "kept");
    write(root, ".gitignore", "target/\n*.log\n!kept.log\n");
    let expected = ["a/b.txt", "a/z.txt", "b.txt", "c/d.txt", "c/kept.log"];
    for _ in 0..3 {
        assert_eq!(names(&Dir::new(root), root).await, expected);
    }
    let all = names(&Dir::new(root).ignore_files(false).hidden(true), root).await;
    assert_eq!(all.len(), 10, "{all:?}");
}

#[tokio::test]
async fn globs_choose_by_path_and_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for name in ["a.md", "b.txt", "docs/c.md", "docs/draft/d.md", "docs/e.rs"] {
        write(root, name, name);
    }
    let dir = || Dir::new(root);
    let markdown = dir().include("*.md").unwrap();
    assert_eq!(
        names(&markdown, root).await,
        ["a.md", "docs/c.md", "docs/draft/d.md"]
    );
    let one_level = dir().include("docs/*").unwrap();
    assert_eq!(names(&one_level, root).await, ["docs/c.md", "docs/e.rs"]);
    let without = markdown.exclude("docs/draft").unwrap();
    assert_eq!(names(&without, root).await, ["a.md", "docs/c.md"]);
    let error = dir().include("a[").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(error.subject(), Some("a["));
}

#[tokio::test]
async fn a_file_is_a_root_too_and_two_roots_give_a_file_once() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, ".secret.txt", "asked for by name");
    write(root, "docs/a.txt", "a");
    let file = root.join(".secret.txt");
    assert_eq!(names(&Dir::new(&file), root).await, [".secret.txt"]);
    let both = Dir::new(root.join("docs")).and(root).and(&file);
    assert_eq!(names(&both, root).await, ["docs/a.txt", ".secret.txt"]);
}

#[tokio::test]
async fn a_root_that_is_not_there_is_an_error_of_the_whole() {
    let folder = tempfile::tempdir().unwrap();
    let items = load(&Dir::new(folder.path().join("none"))).await;
    let [Err(error)] = &items[..] else {
        panic!("{items:?}");
    };
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(error.subject(), None, "sources may be missing");
    assert!(error.to_string().contains("none"), "{error}");
}

#[tokio::test]
async fn what_gives_no_document_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, "empty.txt", "");
    write(root, "blank.txt", " \n\t\n");
    write(root, "picture.txt", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR");
    write(root, "large.txt", vec![b'x'; 5000]);
    write(
        root,
        "noise.bin",
        (0..=255u8).cycle().take(4096).collect::<Vec<_>>(),
    );
    let limits = Limits {
        source_bytes: 4999,
        ..Limits::default()
    };
    let items = load(&Dir::new(root).reader(Reader::new().limits(limits))).await;
    assert!(
        items
            .iter()
            .all(|item| matches!(item, Ok(Loaded::Skipped { .. }))),
        "{items:?}"
    );
    let skipped = skipped(&items);
    assert_eq!(skipped["empty.txt"], "empty");
    assert_eq!(skipped["blank.txt"], "no text in it");
    assert!(
        skipped["picture.txt"].contains("a PNG image"),
        "{skipped:?}"
    );
    assert_eq!(skipped["large.txt"], "4.8 KiB, above the limit of 4.8 KiB");
    assert!(skipped["noise.bin"].contains("binary"), "{skipped:?}");
}

/// Has seen what it is given.
struct Had(BTreeMap<String, Revision>);

impl Seen for Had {
    fn revision(&self, source: &str) -> Option<Revision> {
        self.0.get(source).copied()
    }
}

#[tokio::test]
async fn what_was_seen_is_not_parsed_again() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, "a.txt", "same");
    write(root, "b.txt", "new");
    write(root, "broken.pdf", "%PDF-1.7\nno PDF");
    let name = |file: &str| format!("{}/{file}", root.display());
    let had = Had(BTreeMap::from([
        (name("a.txt"), Revision::of(b"same")),
        (name("b.txt"), Revision::of(b"old")),
        (name("broken.pdf"), Revision::of(b"%PDF-1.7\nno PDF")),
    ]));
    let dir = Dir::new(root);
    let items: Vec<_> = dir.load(&had).map(Result::unwrap).collect().await;
    assert_eq!(items.len(), 3);
    assert!(matches!(&items[0], Loaded::Unchanged(source) if **source == *name("a.txt")));
    assert!(matches!(&items[1], Loaded::Document(document) if document.text == "new"));
    assert!(
        matches!(&items[2], Loaded::Unchanged(_)),
        "a broken file is not parsed either"
    );
}

#[tokio::test]
async fn an_error_belongs_to_its_file_and_the_others_come() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for i in 0..20 {
        write(root, &format!("{i:02}.txt"), format!("text {i}"));
    }
    write(root, "10.pdf", "%PDF-1.7\nthis is no PDF at all\n");
    let items = load(&Dir::new(root).reader(worker())).await;
    let errors: Vec<_> = items
        .iter()
        .filter_map(|item| item.as_ref().err())
        .collect();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].subject().unwrap().ends_with("10.pdf"));
    assert_eq!(items.len(), 21);
    assert_eq!(
        items.iter().position(Result::is_err),
        Some(10),
        "in its place"
    );
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::symlink;

    use super::*;

    #[tokio::test]
    async fn a_link_that_leaves_the_root_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        write(&root, "a.txt", "a");
        write(folder.path(), "outside/secret.txt", "secret");
        symlink(
            folder.path().join("outside/secret.txt"),
            root.join("file.txt"),
        )
        .unwrap();
        symlink("../outside", root.join("folder")).unwrap();
        symlink("nothing", root.join("broken")).unwrap();
        symlink(".", root.join("loop")).unwrap();
        let items = load(&Dir::new(&root)).await;
        let skipped = skipped(&items);
        assert_eq!(
            skipped["file.txt"],
            "a symbolic link that leaves the folder"
        );
        assert_eq!(skipped["folder"], "a symbolic link that leaves the folder");
        assert_eq!(skipped["broken"], "a symbolic link to nothing");
        assert_eq!(names(&Dir::new(&root), &root).await, ["a.txt"]);
    }

    /// This is how Kubernetes mounts a ConfigMap.
    #[tokio::test]
    async fn a_link_to_what_is_found_in_no_other_way_is_followed() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        write(root, "..2026_11_22/app.md", "settings");
        symlink("..2026_11_22", root.join("..data")).unwrap();
        symlink("..data/app.md", root.join("app.md")).unwrap();
        write(root, "real.txt", "real");
        symlink("real.txt", root.join("another-name.txt")).unwrap();
        assert_eq!(names(&Dir::new(root), root).await, ["real.txt", "app.md"]);
    }

    #[tokio::test]
    async fn an_unreadable_folder_is_an_error_of_the_whole() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        write(root, "a.txt", "a");
        write(root, "locked/b.txt", "b");
        let locked = root.join("locked");
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
        let readable = fs::read_dir(&locked).is_ok();
        let items = load(&Dir::new(root)).await;
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o755)).unwrap();
        if readable {
            // The superuser reads everything.
            assert!(items.iter().all(Result::is_ok));
        } else {
            let error = items.iter().find_map(|item| item.as_ref().err()).unwrap();
            assert_eq!(error.subject(), None);
        }
    }

    #[tokio::test]
    async fn a_pipe_is_passed_over_and_nobody_waits_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe.txt");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        write(folder.path(), "z.txt", "z");
        assert_eq!(
            names(&Dir::new(folder.path()), folder.path()).await,
            ["z.txt"]
        );
    }
}

#[tokio::test]
async fn a_dropped_stream_stops_its_threads() {
    let folder = tempfile::tempdir().unwrap();
    for i in 0..2000 {
        write(folder.path(), &format!("{i:04}.txt"), "x".repeat(2000));
    }
    let dir = Dir::new(folder.path());
    for taken in [0, 1, 7] {
        let mut stream = dir.load(&());
        for _ in 0..taken {
            stream.next().await.unwrap().unwrap();
        }
    }
    let threads = || {
        let own = fs::read_dir("/proc/self/task").map(|tasks| tasks.count());
        own.unwrap_or_default()
    };
    // The walk and the readers end within moments once nobody listens.
    let before = threads();
    for _ in 0..100 {
        if threads() <= 4 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    // Other tests of this program run beside it and have threads of their own.
    assert!(threads() <= before, "{} threads", threads());
}
