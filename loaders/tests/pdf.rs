//! PDF by pages: what comes, what is warned of, and that no file ends the process.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod support;

use std::fs;
use std::time::{Duration, Instant};

use gori_core::{ErrorKind, Loaded, Part};
use gori_loaders::{Blob, Dir, Isolation, Limits, Reader};
use support::pdf::{Pdf, lines, pages};
use support::{documents, errors, load, warnings, worker};

#[test]
fn each_page_is_a_document_with_the_title_of_the_file() {
    let file = pages(
        &[
            lines(&["First page", "second line"]),
            lines(&["Second page"]),
        ],
        "",
    );
    let documents = worker().documents(Blob::new("a.pdf", file)).unwrap();
    let parts: Vec<_> = documents
        .iter()
        .map(|document| document.part.clone())
        .collect();
    assert_eq!(parts, [Part::Page(1), Part::Page(2)]);
    assert_eq!(documents[0].text.trim(), "First page\nsecond line");
    assert_eq!(documents[1].text.trim(), "Second page");
    assert_eq!(documents[0].metadata["title"], "A title".into());
    assert_eq!(documents[0].metadata["author"], "Kim".into());
    assert_eq!(
        documents[0].metadata["media_type"],
        "application/pdf".into()
    );
    assert_eq!(documents[0].revision, documents[1].revision);
}

#[tokio::test]
async fn a_page_without_text_is_warned_of_and_the_others_come() {
    let folder = tempfile::tempdir().unwrap();
    let blank = b"0 0 100 100 re f".to_vec();
    let file = pages(
        &[
            lines(&["one"]),
            blank.clone(),
            lines(&["three"]),
            blank.clone(),
            blank,
        ],
        "",
    );
    fs::write(folder.path().join("a.pdf"), file).unwrap();
    let items = load(&Dir::new(folder.path()).reader(worker())).await;
    assert_eq!(documents(&items).len(), 2);
    assert_eq!(warnings(&items), ["no text on pages 2, 4-5"]);
    assert!(errors(&items).is_empty());
}

#[tokio::test]
async fn a_scan_is_skipped_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let file = pages(&[b"q 10 0 0 10 0 0 cm Q".to_vec()], "");
    fs::write(folder.path().join("a.pdf"), file).unwrap();
    let items = load(&Dir::new(folder.path()).reader(worker())).await;
    let [Ok(Loaded::Skipped { reason, .. })] = &items[..] else {
        panic!("{items:?}");
    };
    assert_eq!(reason, "no page has text; is it a scan?");
}

#[tokio::test]
async fn without_a_worker_the_report_says_so_once() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.pdf", "b.pdf"] {
        fs::write(folder.path().join(name), pages(&[lines(&["text"])], "")).unwrap();
    }
    let items = load(&Dir::new(folder.path())).await;
    assert_eq!(documents(&items).len(), 2);
    let warnings = warnings(&items);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("serve_if_asked"), "{warnings:?}");
    let trusted = Reader::new().isolation(Isolation::in_process());
    let items = load(&Dir::new(folder.path()).reader(trusted)).await;
    assert_eq!(
        (documents(&items).len(), items.len()),
        (2, 2),
        "an explicit choice"
    );
    let required = Reader::new().isolation(Isolation::required());
    let items = load(&Dir::new(folder.path()).reader(required)).await;
    let kinds: Vec<_> = errors(&items).iter().map(|error| error.kind()).collect();
    assert_eq!(kinds, [ErrorKind::Config, ErrorKind::Config]);
}

/// A form that shows itself for ever: the second engine overflows its stack on it.
fn endless_form() -> Vec<u8> {
    let mut pdf = Pdf::default();
    let root = pdf.add("<< /Type /Catalog /Pages 2 0 R >>");
    pdf.add("<< /Type /Pages /Count 1 /Kids [3 0 R] /MediaBox [0 0 612 792] >>");
    pdf.add(
        "<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /XObject << /X 5 0 R >> >> >>",
    );
    pdf.stream("", b"/X Do");
    pdf.stream(
        "/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 5 0 R >> >>",
        b"/X Do",
    );
    pdf.bytes(root)
}

#[tokio::test]
async fn a_file_that_kills_an_engine_kills_neither_the_process_nor_the_others() {
    let folder = tempfile::tempdir().unwrap();
    for i in 0..6 {
        let file = if i % 2 == 0 {
            endless_form()
        } else {
            pages(&[lines(&["text"])], "")
        };
        fs::write(folder.path().join(format!("{i}.pdf")), file).unwrap();
    }
    let items = load(&Dir::new(folder.path()).reader(worker())).await;
    assert_eq!(documents(&items).len(), 3, "{items:?}");
    assert_eq!(items.len(), 6, "each file has its one result: {items:?}");
}

#[test]
fn time_is_limited_and_the_worker_is_replaced() {
    // Half a million small texts take an engine seconds.
    let slow: Vec<u8> = b"BT /F1 12 Tf (a) Tj ET\n".repeat(2_000_000);
    let limits = Limits {
        time: Duration::from_millis(300),
        ..Limits::default()
    };
    let reader = worker().limits(limits);
    let start = Instant::now();
    let error = reader
        .documents(Blob::new("slow.pdf", pages(&[slow], "")))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(error.subject(), Some("slow.pdf"));
    let quick = reader.documents(Blob::new("quick.pdf", pages(&[lines(&["quick"])], "")));
    assert_eq!(quick.unwrap().len(), 1);
}

#[test]
fn a_file_that_asks_for_a_password_says_so() {
    let mut pdf = Pdf::default();
    let root = pdf.add("<< /Type /Catalog /Pages 2 0 R >>");
    pdf.add("<< /Type /Pages /Count 0 /Kids [] >>");
    pdf.trailer(&format!(
        "/ID [<00> <00>] /Encrypt << /Filter /Standard /V 2 /R 3 /Length 128 /P -4 /O <{}> /U <{}> >>",
        "41".repeat(32),
        "42".repeat(32)
    ));
    let error = worker()
        .documents(Blob::new("a.pdf", pdf.bytes(root)))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized, "{error}");
}

#[test]
fn a_program_that_is_no_worker_is_told_from_one() {
    for program in ["/bin/cat", "/bin/true", "/nonexistent/program"] {
        let reader = Reader::new().isolation(Isolation::program(program));
        let error = reader
            .documents(Blob::new("a.pdf", pages(&[lines(&["x"])], "")))
            .unwrap_err();
        println!("{program}: {error}");
        let kind = error.kind();
        assert!(
            matches!(
                kind,
                ErrorKind::Config
                    | ErrorKind::Protocol
                    | ErrorKind::NotFound
                    | ErrorKind::Unavailable
            ),
            "{error}"
        );
    }
}

#[test]
fn a_small_file_costs_little_more_in_a_worker() {
    let file = pages(&[lines(&["a small file"])], "");
    let time = |reader: &Reader| {
        let mut times: Vec<Duration> = (0..60)
            .map(|_| {
                let start = Instant::now();
                reader.documents(Blob::new("a.pdf", file.clone())).unwrap();
                start.elapsed()
            })
            .collect();
        times.sort();
        times[times.len() / 2]
    };
    let (apart, inside) = (
        time(&worker()),
        time(&Reader::new().isolation(Isolation::in_process())),
    );
    println!("median in a worker {apart:?}, in process {inside:?}");
    // The figure of 3 ms is for a quiet machine; here it only must not be off by a process
    // start a file.
    assert!(
        apart < inside + Duration::from_millis(20),
        "{apart:?} against {inside:?}"
    );
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_dropped_stream_leaves_no_worker_behind() {
    use futures_util::StreamExt as _;
    use gori_core::Loader as _;
    let folder = tempfile::tempdir().unwrap();
    let slow: Vec<u8> = b"BT /F1 12 Tf (a) Tj ET\n".repeat(1_000_000);
    fs::write(
        folder.path().join("a.pdf"),
        pages(&[lines(&["x"]), slow.clone(), slow], ""),
    )
    .unwrap();
    let reader = worker();
    let dir = Dir::new(folder.path()).reader(reader);
    let mut stream = dir.load(&());
    let first = stream.next().await.unwrap().unwrap();
    assert!(
        matches!(first, Loaded::Document(_)),
        "page by page: {first:?}"
    );
    let children = || {
        let mut own = 0;
        for task in fs::read_dir("/proc/self/task").unwrap().flatten() {
            let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
            for child in children.split_whitespace() {
                let name = fs::read_to_string(format!("/proc/{child}/cmdline")).unwrap_or_default();
                let state = fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
                // A test beside this one may have a worker of its own that waits.
                own += usize::from(name.contains("worker") && state.contains(") R "));
            }
        }
        own
    };
    drop(stream);
    drop(dir);
    for _ in 0..100 {
        if children() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{} workers still run", children());
}

#[tokio::test]
async fn the_share_of_characters_without_a_mapping_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    // The second page shows glyphs that map to the private use area: nine of its ten.
    let map = "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n1 begincodespacerange\n\
         <00> <FF>\nendcodespacerange\n1 beginbfrange\n<41> <49> <E000>\nendbfrange\nendcmap end end";
    let mut pdf = Pdf::default();
    let root = pdf.add("<< /Type /Catalog /Pages 2 0 R >>");
    pdf.add("<< /Type /Pages /Count 2 /Kids [3 0 R 4 0 R] /MediaBox [0 0 612 792] >>");
    let page = |content: usize, font: usize| {
        format!(
            "<< /Type /Page /Parent 2 0 R /Contents {content} 0 R /Resources << /Font << /F1 {font} 0 R >> >> >>"
        )
    };
    pdf.add(page(5, 7));
    pdf.add(page(6, 8));
    pdf.stream("", &lines(&["1234567890"]));
    pdf.stream("", &lines(&["ABCDEFGHIz"]));
    let font = "/Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding";
    pdf.add(format!("<< {font} >>"));
    pdf.add(format!("<< {font} /ToUnicode 9 0 R >>"));
    pdf.stream("", map.as_bytes());
    fs::write(folder.path().join("a.pdf"), pdf.bytes(root)).unwrap();
    let items = load(&Dir::new(folder.path()).reader(worker())).await;
    assert_eq!(documents(&items).len(), 2, "{items:?}");
    assert_eq!(
        warnings(&items),
        ["45.0 % of the characters have no mapping to Unicode, most of them on page 2"]
    );
}
