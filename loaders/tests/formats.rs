//! The formats beside text, HTML and PDF: what becomes of a document of each.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod support;

use std::time::{Duration, Instant};

use gori_core::{Document, ErrorKind, Part, Time, Value};
use gori_loaders::{Blob, Csv, Formats, Json, Limits, Reader, Sample};
use support::{office, worker};

fn read(name: &str, bytes: impl Into<Vec<u8>>) -> Vec<Document> {
    worker().documents(Blob::new(name, bytes)).unwrap()
}

#[test]
fn a_worker_that_goes_on_and_on_meets_its_deadline() {
    let limits = Limits {
        time: Duration::from_millis(200),
        ..Limits::default()
    };
    let many = "From a@b Sun Nov 22\nSubject: one\n\nbody\n\n".repeat(400_000);
    let start = Instant::now();
    let error = worker()
        .limits(limits)
        .documents(Blob::new("many.mbox", many))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert!(
        start.elapsed() < Duration::from_secs(2),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn a_word_document_becomes_markdown() {
    let text = |text: &str| format!("<w:r><w:t>{text}</w:t></w:r>");
    let body = [
        format!(
            r#"<w:p><w:pPr><w:pStyle w:val="berschrift1"/></w:pPr>{}</w:p>"#,
            text("A title")
        ),
        format!(
            "<w:p>{}<w:r><w:tab/></w:r>{}<w:del>{}</w:del></w:p>",
            text("one"),
            text("two &lt;&#44032;&gt;"),
            text("gone")
        ),
        format!(
            r#"<w:p><w:pPr><w:pStyle w:val="Eigen"/></w:pPr>{}</w:p>"#,
            text("Second level")
        ),
        format!(
            r#"<w:p><w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr></w:pPr>{}</w:p>"#,
            text("item")
        ),
        format!(
            r#"<w:p><w:pPr><w:numPr><w:ilvl w:val="1"/><w:numId w:val="1"/></w:numPr></w:pPr>{}</w:p>"#,
            text("inner")
        ),
        format!(
            r#"<w:p>see <w:hyperlink r:id="rId7">{}</w:hyperlink></w:p>"#,
            text("this page")
        ),
        format!(
            "<w:tbl><w:tr><w:tc><w:p>{}</w:p></w:tc><w:tc><w:p>{}</w:p></w:tc></w:tr><w:tr><w:tc><w:p>{}</w:p></w:tc></w:tr></w:tbl>",
            text("a"),
            text("b"),
            text("1|2")
        ),
    ];
    let documents = read("a.docx", office::docx(&body.concat()));
    assert_eq!(
        documents[0].text,
        "# A title\n\none two <가>\n\n## Second level\n\n- item\n  - inner\n\n\
         [this page](https://example.org/a)\n\n| a | b |\n| --- | --- |\n| 1\\|2 |  |\n"
    );
    assert_eq!(documents[0].metadata["title"], "A & title".into());
    assert_eq!(documents[0].metadata["author"], "Kim".into());
}

#[test]
fn content_tells_a_document_whatever_its_name_is() {
    let documents = read(
        "upload.bin",
        office::docx("<w:p><w:r><w:t>text</w:t></w:r></w:p>"),
    );
    assert_eq!(documents[0].text, "text\n");
}

#[test]
fn each_slide_is_a_page_in_the_order_of_the_presentation() {
    let paragraph = |text: &str| format!("<a:p><a:r><a:t>{text}</a:t></a:r></a:p>");
    let title = format!(
        r#"<p:sp><p:nvPr><p:ph type="title"/></p:nvPr>{}</p:sp>"#,
        paragraph("First")
    );
    let body = format!(
        r#"<p:sp>{}<a:p><a:pPr lvl="1"/><a:r><a:t>deeper</a:t></a:r></a:p></p:sp>"#,
        paragraph("point")
    );
    let frame = format!(
        r#"<p:sp><p:nvPr><p:ph type="sldNum"/></p:nvPr>{}</p:sp>"#,
        paragraph("17")
    );
    let table = "<a:tbl><a:tr><a:tc><a:p><a:r><a:t>x</a:t></a:r></a:p></a:tc><a:tc><a:p><a:r><a:t>y</a:t></a:r></a:p></a:tc></a:tr></a:tbl>";
    let slides = [format!("{title}{body}{frame}"), table.to_owned()];
    let slides: Vec<&str> = slides.iter().map(String::as_str).collect();
    let documents = read("a.pptx", office::pptx(&slides));
    assert_eq!(documents.len(), 2);
    assert_eq!(
        (&documents[0].part, &documents[1].part),
        (&Part::Page(1), &Part::Page(2))
    );
    assert_eq!(
        documents[0].text,
        "# First\n\npoint\n- deeper\n\n\nNotes:\n\nSay this\n\n"
    );
    assert!(documents[1].text.starts_with("| x | y |"));
    assert_eq!(documents[0].metadata["slide"], "First".into());
}

#[test]
fn each_sheet_is_a_table() {
    let rows = r#"<row r="1"><c r="A1" t="s"><v>0</v></c><c r="C1" t="s"><v>1</v></c></row>
        <row r="3"><c r="A3" t="s"><v>2</v></c><c r="B3"><v>1.5</v></c><c r="C3" s="1"><v>45000</v></c></row>"#;
    let documents = read("a.xlsx", office::xlsx(rows));
    assert_eq!(documents[0].part, Part::Named("Prices".to_owned()));
    assert_eq!(
        documents[0].text,
        "| name |  | day |\n| --- | --- | --- |\n| 고리 | 1.5 | 2023-03-15 |\n"
    );
}

#[test]
fn each_chapter_of_a_book_comes_in_reading_order() {
    let book = office::epub(&[
        "<html><body><h1>Last</h1><p>x",
        "<html><body><h1>First</h1><p>y",
    ]);
    let documents = read("a.epub", book);
    let texts: Vec<&str> = documents
        .iter()
        .map(|document| document.text.as_str())
        .collect();
    assert_eq!(texts, ["# First\n\ny\n", "# Last\n\nx\n"]);
    assert_eq!(
        documents[0].part,
        Part::Named("OEBPS/text/ch 1.xhtml".to_owned())
    );
    assert_eq!(documents[0].metadata["title"], "A book".into());
}

#[test]
fn each_entry_of_a_feed_is_a_document() {
    let rss = r#"<?xml version="1.0"?><rss version="2.0" xmlns:content="c" xmlns:dc="d"><channel><title>News</title>
        <item><title>One &amp; only</title><link>https://example.org/1</link><guid>id-1</guid>
        <description>short</description><content:encoded><![CDATA[<p>Long <b>text</b></p>]]></content:encoded>
        <dc:creator>Kim</dc:creator><pubDate>Sun, 22 Nov 2026 10:00:00 GMT</pubDate></item>
        <item><description>&lt;p&gt;escaped&lt;/p&gt;</description></item></channel></rss>"#;
    let documents = read("feed.xml", rss);
    assert_eq!(documents[0].text, "# One & only\n\nLong **text**\n");
    assert_eq!(documents[0].part, Part::Named("id-1".to_owned()));
    assert_eq!(
        documents[0].metadata["link"],
        "https://example.org/1".into()
    );
    assert_eq!(documents[0].metadata["author"], "Kim".into());
    assert_eq!(documents[0].metadata["feed"], "News".into());
    assert_eq!(
        (documents[1].text.as_str(), &documents[1].part),
        ("escaped\n", &Part::Named("2".to_owned()))
    );
    let atom = r#"<feed xmlns="http://www.w3.org/2005/Atom"><title>F</title><entry><title type="text">T</title>
        <id>urn:1</id><link rel="alternate" href="https://example.org/a"/><link rel="edit" href="https://example.org/e"/>
        <author><name>Lee</name></author><updated>2026-11-22</updated>
        <content type="xhtml"><div><p>Hello <em>there</em></p></div></content></entry></feed>"#;
    let documents = read("feed", atom);
    assert_eq!(documents[0].text, "# T\n\nHello *there*\n");
    assert_eq!(documents[0].metadata["author"], "Lee".into());
    assert_eq!(
        documents[0].metadata["link"],
        "https://example.org/a".into()
    );
}

const MESSAGE: &str = "From: Kim <kim@example.org>\r\nTo: lee@example.org, Park <park@example.org>\r\n\
    Subject: =?utf-8?B?7JWI64WV?=\r\nDate: Sun, 22 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@example.org>\r\n\
    MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\
    Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nHello =ED=95=9C\r\n\
    --b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=\"a.pdf\"\r\n\r\nx\r\n--b--\r\n";

#[test]
fn a_message_gives_its_text_and_who_wrote_it() {
    let documents = read("a.eml", MESSAGE);
    assert_eq!(
        documents[0].text,
        "# 안녕\n\nHello 한\n\nAttachments: a.pdf\n"
    );
    let metadata = &documents[0].metadata;
    assert_eq!(metadata["author"], "Kim <kim@example.org>".into());
    assert_eq!(
        metadata["to"],
        Value::List(vec![
            "lee@example.org".into(),
            "Park <park@example.org>".into()
        ])
    );
    assert_eq!(
        metadata["date"],
        Time::from_millis(1_795_341_600_000).into()
    );
    let html =
        "Subject: s\nContent-Type: text/html\n\n<h1>A</h1><p>b <a href=https://example.org>c</a>";
    let documents = read("b.eml", html);
    assert_eq!(
        documents[0].text,
        "# s\n\n# A\n\nb [c](https://example.org)"
    );
}

#[test]
fn each_message_of_a_mailbox_is_a_row() {
    let mbox = "From a@b Sun Nov 22\nSubject: one\n\nbody\n>From quoted\n\nFrom c@d Sun Nov 22\nSubject: two\n\nother\n";
    let documents = read("a.mbox", mbox);
    let texts: Vec<&str> = documents
        .iter()
        .map(|document| document.text.as_str())
        .collect();
    assert_eq!(texts, ["# one\n\nbody\nFrom quoted", "# two\n\nother"]);
    assert_eq!(documents[1].part, Part::Row(2));
}

#[test]
fn each_row_of_a_table_is_a_document() {
    let documents = read("a.csv", "id;body;empty\n7;\"Hello;\nthere\";\n8;x;\n");
    assert_eq!(documents[0].text, "id: 7\nbody: Hello;\nthere");
    assert_eq!(documents[1].part, Part::Row(2));
    let documents = read("a.tsv", "a\tb\n1\t2\n");
    assert_eq!(documents[0].text, "a: 1\nb: 2");
    let with = |csv: Csv| Reader::new().formats(Formats::default().with(csv));
    let error = with(Csv::default().text(["none"])).documents(Blob::new("a.csv", "a,b\n1,2\n"));
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(error.advice(), Some("its columns are: a, b"));
    let bare = with(Csv::default().no_header()).documents(Blob::new("a.csv", "x,y\n"));
    assert_eq!(bare.unwrap()[0].text, "1: x\n2: y");
}

#[test]
fn a_pointer_leads_to_the_text_of_json() {
    let whole = read("a.json", "{\n  \"a\": 1\n}\n");
    assert_eq!(
        whole[0].text, "{\n  \"a\": 1\n}\n",
        "as it stands, without a pointer"
    );
    let lines = read("a.jsonl", "{\"t\": \"x\"}\n\n{\"t\": \"y\"}\n");
    assert_eq!((lines.len(), &lines[1].part), (2, &Part::Row(3)));
    let json = Json::default().text("/b~1c/0").unwrap();
    let reader = Reader::new().formats(Formats::default().with(json));
    let blob = Blob::new(
        "a.jsonl",
        "{\"b/c\": [\"x\"], \"n\": {\"m\": 1.5}, \"l\": [1, \"a\"]}\nnone\n{}\n",
    );
    let documents = reader.documents(blob).unwrap();
    assert_eq!((documents.len(), documents[0].text.as_str()), (1, "x"));
    assert_eq!(documents[0].metadata["n.m"], 1.5.into());
    assert_eq!(
        documents[0].metadata["l"],
        Value::List(vec![1.into(), "a".into()])
    );
    assert_eq!(
        Json::default().text("no").unwrap_err().kind(),
        ErrorKind::InvalidInput
    );
    assert!(Json::default().text("/a~2").is_err());
}

/// What a file is found to be when its name says nothing.
fn told(bytes: &[u8]) -> &'static str {
    let sample = Sample::new("upload", bytes, None);
    Formats::default()
        .detect(&sample)
        .map_or("none", |format| format.name())
}

#[test]
fn each_format_is_told_by_its_content_alone() {
    let piece = "<w:p><w:r><w:t>text</w:t></w:r></w:p>";
    let packed = [
        ("docx", office::docx(piece)),
        ("pptx", office::pptx(&["<a:p/>"])),
        ("xlsx", office::xlsx("<row/>")),
        ("epub", office::epub(&["<p>x"])),
        (
            "pdf",
            support::pdf::pages(&[support::pdf::lines(&["x"])], ""),
        ),
    ];
    let texts = [
        ("html", "<!DOCTYPE html><p>x"),
        (
            "html",
            "<?xml version='1.0'?>\n<!-- a --><!DOCTYPE html PUBLIC 'x'><html>",
        ),
        ("markdown", "# Title\n\ntext\n\n## Part\n\nmore\n"),
        ("csv", "id,name,note\n1,a,\"x, y\"\n2,b,z\n"),
        ("csv", "id\tname\n1\ta\n2\tb\n"),
        ("json", "{\"a\": [1, 2, {\"b\": null}]}"),
        ("json", "{\"a\": 1}\n{\"a\": 2}\n"),
        (
            "notebook",
            "{\"cells\": [], \"metadata\": {}, \"nbformat\": 4, \"nbformat_minor\": 5}",
        ),
        (
            "feed",
            "<?xml version='1.0'?><rss version='2.0'><channel/></rss>",
        ),
        ("feed", "<feed xmlns='http://www.w3.org/2005/Atom'/>"),
        ("eml", "Return-Path: <a@b>\nFrom: a@b\nSubject: s\n\nbody"),
        (
            "mbox",
            "From a@b Sun Nov 22 10:00:00 2026\nFrom: a@b\nTo: c@d\nSubject: s\n\nbody\n",
        ),
        ("subtitles", "1\n00:00:01,000 --> 00:00:02,000\nHello\n"),
        ("subtitles", "WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n"),
    ];
    for (format, bytes) in &packed {
        assert_eq!(told(bytes), *format);
    }
    for (format, text) in texts {
        assert_eq!(told(text.as_bytes()), format, "{text:?}");
    }
    println!("{} files told by their content", packed.len() + texts.len());
}

#[test]
fn text_that_only_resembles_a_format_stays_text() {
    let texts = [
        "One, two, three\nfour, five, six\nseven, eight, nine\n",
        "To be, or not to be,\nthat is the question\nwhether, tis nobler\n",
        "[section]\nkey = 1\n[other]\nkey = 2\n",
        "[1] A footnote.\n[2] Another.\n",
        "{ not json }",
        "#!/bin/sh\n# one\n\n# two\n\necho\n",
        "name: x\nversion: 1\nfrom: somewhere\n",
        "From here on it is prose.\nNothing: but prose\n",
        "12\nangry men\n",
        "a < b and b > c",
        "key;value\n",
    ];
    for text in texts {
        assert_eq!(told(text.as_bytes()), "text", "{text:?}");
    }
    let named = |name: &str, text: &str| {
        let sample = Sample::new(name, text.as_bytes(), None);
        Formats::default()
            .detect(&sample)
            .map_or("none", |format| format.name())
    };
    assert_eq!(
        named("a.rs", "a,b,c\n1,2,3\n4,5,6\n"),
        "text",
        "a name that says enough"
    );
    assert_eq!(named("Makefile", "# A\n\nx\n\n## B\n\n"), "text");
    assert_eq!(
        named("a.json", "<!doctype html><p>an error page"),
        "html",
        "content wins over a name"
    );
    println!("{} texts stay text", texts.len() + 3);
}

#[test]
fn lines_of_json_are_read_as_lines_whatever_the_file_is_called() {
    let documents = read("export.json", "{\"a\": 1}\n{\"a\": 2}\n");
    assert_eq!((documents.len(), &documents[1].part), (2, &Part::Row(2)));
}

#[test]
fn of_two_fields_of_one_name_the_last_counts() {
    let json = Json::default().text("/t").unwrap();
    let reader = Reader::new().formats(Formats::default().with(json));
    let documents = reader
        .documents(Blob::new("a.json", "{\"t\": \"x\", \"t\": \"y\"}"))
        .unwrap();
    assert_eq!(documents[0].text, "y");
}
