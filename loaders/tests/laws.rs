//! The laws of the port, on folders, on what is in memory, and behind `Arc<dyn Loader>`.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::fs;
use std::sync::Arc;

use gori_core::{Document, Loader, Part};
use gori_loaders::Dir;
use gori_testkit::conformance::loader::laws;

fn corpus() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::create_dir_all(root.join("deep/er")).unwrap();
    for i in 0..30 {
        fs::write(
            root.join(format!("deep/{i}.md")),
            format!("# {i}\n\ntext {i}\n"),
        )
        .unwrap();
        fs::write(root.join(format!("deep/er/{i}.txt")), format!("text {i}\n")).unwrap();
    }
    fs::write(
        root.join("page.html"),
        "<!doctype html><title>t</title><p>text",
    )
    .unwrap();
    fs::write(root.join("broken.pdf"), "%PDF-1.4\nnothing in it").unwrap();
    fs::write(root.join("empty"), "").unwrap();
    fs::write(
        root.join("guessed.txt"),
        b"gr\xfc\xdfe aus K\xf6ln an die M\xfcnchner",
    )
    .unwrap();
    folder
}

#[tokio::test]
async fn a_folder_keeps_the_laws() {
    let folder = corpus();
    let dir = Dir::new(folder.path());
    let tried = laws(&dir).await;
    println!("{tried:?}");
    assert_eq!((tried.sources, tried.errors), (62, 1));
    let shared: Arc<dyn Loader> = Arc::new(dir);
    assert_eq!(laws(&shared).await, tried);
}

#[tokio::test]
async fn documents_in_memory_keep_the_laws() {
    let page = |number| Document {
        part: Part::Page(number),
        text: format!("page {number}"),
        ..Document::new("b.pdf", "the whole file")
    };
    let documents = vec![
        Document::new("a", "x"),
        page(1),
        page(2),
        Document::new("c", "y"),
    ];
    println!("{:?}", laws(&documents).await);
}
