//! Documents that are ZIP files of XML: bombs in the packing and bombs in what is packed.

use std::io::{Cursor, Write as _};

use zip::write::{SimpleFileOptions, ZipWriter};

use super::markup::xml;
use super::{Bomb, damaged};
use crate::support::office;

fn docx_of(piece: &str) -> Vec<u8> {
    office::docx(&format!("<w:p><w:r><w:t>{piece}</w:t></w:r></w:p>"))
}

fn pptx_of(piece: &str) -> Vec<u8> {
    office::pptx(&[&format!(
        "<p:sp><a:p><a:r><a:t>{piece}</a:t></a:r></a:p></p:sp>"
    )])
}

fn xlsx_of(piece: &str) -> Vec<u8> {
    office::xlsx(&format!(
        r#"<row r="1"><c r="A1" t="inlineStr"><is><t>{piece}</t></is></c></row>"#
    ))
}

fn epub_of(piece: &str) -> Vec<u8> {
    office::epub(&[&format!("<html><body><p>{piece}")])
}

/// A pack with a part of this name that unpacks to `size` noughts.
fn inflated(own: &[u8], name: &str, size: usize) -> Vec<u8> {
    let mut writer = ZipWriter::new_append(Cursor::new(own.to_vec())).unwrap();
    writer
        .start_file(name, SimpleFileOptions::default())
        .unwrap();
    let piece = vec![b' '; 1 << 20];
    for _ in 0..size >> 20 {
        writer.write_all(&piece).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A pack with very many parts.
fn crowded(own: &[u8], parts: usize) -> Vec<u8> {
    let mut writer = ZipWriter::new_append(Cursor::new(own.to_vec())).unwrap();
    for i in 0..parts {
        writer
            .start_file(format!("p{i}"), SimpleFileOptions::default())
            .unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// The same bytes under a part of the directory that says something else: `field` is the
/// offset in each entry of the directory.
fn lying(own: &[u8], field: usize, value: &[u8]) -> Vec<u8> {
    let mut bytes = own.to_vec();
    let entries: Vec<usize> = memchr::memmem::find_iter(own, b"PK\x01\x02").collect();
    for at in entries {
        if let Some(place) = bytes.get_mut(at + field..at + field + value.len()) {
            place.copy_from_slice(value);
        }
    }
    bytes
}

/// Bombs in the packing of a document.
pub fn packing(own: fn(&str) -> Vec<u8>, part: &'static str, seed: u64) -> Vec<Bomb> {
    let mut bombs = Vec::new();
    for megabytes in [10, 300, 1_100] {
        for name in ["a.xml", "docProps/app.xml", "xl/media.bin"] {
            bombs.push(Bomb::new(
                format!("{megabytes} MB of blanks in {name}"),
                move || inflated(&own("x"), name, megabytes << 20),
            ));
        }
    }
    bombs.push(Bomb::new(format!("only a large {part}"), move || {
        let empty = ZipWriter::new(Cursor::new(Vec::new()))
            .finish()
            .unwrap()
            .into_inner();
        inflated(&empty, part, 900 << 20)
    }));
    for parts in [1_000, 60_000] {
        bombs.push(Bomb::new(format!("{parts} parts"), move || {
            crowded(&own("x"), parts)
        }));
    }
    let lies: [(&str, usize, &[u8]); 12] = [
        ("an unpacked size of nought", 24, &[0; 4]),
        ("an unpacked size of 4 GB", 24, &[0xff; 4]),
        ("a packed size of nought", 20, &[0; 4]),
        ("a packed size of 4 GB", 20, &[0xff, 0xff, 0xff, 0xfe]),
        ("another checksum", 16, &[1, 2, 3, 4]),
        ("encryption", 8, &[1, 0]),
        ("an unknown method", 10, &[99, 0]),
        ("no compression", 10, &[0, 0]),
        ("a long name", 28, &[0xff, 0xff]),
        ("a long extra field", 30, &[0xff, 0xff]),
        ("all parts at one place", 42, &[0; 4]),
        ("parts behind the end", 42, &[0xff, 0xff, 0xff, 0x7f]),
    ];
    for (name, field, value) in lies {
        bombs.push(Bomb::new(
            format!("a directory that tells of {name}"),
            move || lying(&own("x"), field, value),
        ));
    }
    for keep in [4, 22, 100, 500] {
        bombs.push(Bomb::new(format!("the first {keep} bytes"), move || {
            let mut bytes = own("x");
            bytes.truncate(keep);
            bytes
        }));
    }
    bombs.push(Bomb::repeated(
        "heads of parts",
        "PK\x03\x04",
        "PK\x03\x04",
        1_000_000,
        part,
    ));
    bombs.push(Bomb::repeated(
        "entries of a directory",
        "PK\x03\x04",
        "PK\x01\x02",
        1_000_000,
        part,
    ));
    bombs.push(Bomb::repeated(
        "ends of a directory",
        "PK\x03\x04",
        "PK\x05\x06",
        1_000_000,
        part,
    ));
    bombs.extend(damaged(own("text"), 30, seed));
    bombs
}

pub fn docx() -> Vec<Bomb> {
    let mut bombs = packing(docx_of, "word/document.xml", 61);
    bombs.extend(xml(docx_of));
    bombs
}

pub fn pptx() -> Vec<Bomb> {
    let mut bombs = packing(pptx_of, "ppt/presentation.xml", 62);
    bombs.extend(xml(pptx_of));
    bombs.push(Bomb::new("slides", || {
        office::pptx(&["<a:p><a:r><a:t>x</a:t></a:r></a:p>"; 5_000])
    }));
    bombs
}

pub fn xlsx() -> Vec<Bomb> {
    let mut bombs = packing(xlsx_of, "xl/workbook.xml", 63);
    bombs.extend(xml(xlsx_of));
    for (name, rows) in [
        ("two far corners", r#"<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>"#.to_owned()),
        ("rows", (1..200_000).map(|i| format!(r#"<row r="{i}"><c r="A{i}"><v>1</v></c></row>"#)).collect()),
        ("wide rows", (1..300).map(|i| format!(r#"<row r="{i}"><c r="XFC{i}"><v>1</v></c></row>"#)).collect()),
        ("columns of no name", r#"<row r="1"><c r="ZZZZZZZ1"><v>1</v></c><c r="1A"><v>2</v></c></row>"#.to_owned()),
        ("texts that are not there", r#"<row r="1"><c r="A1" t="s"><v>99999999999</v></c></row>"#.repeat(1000)),
        ("dates of no year", r#"<row r="1"><c r="A1" s="1"><v>1e300</v></c><c r="B1" s="1"><v>-1e9</v></c></row>"#.to_owned()),
    ] {
        bombs.push(Bomb::new(name, move || office::xlsx(&rows)));
    }
    bombs
}

pub fn epub() -> Vec<Bomb> {
    let mut bombs = packing(epub_of, "META-INF/container.xml", 64);
    bombs.extend(xml(epub_of));
    for piece in ["<div>", "<table><tr><td>", "<b>", "<svg>", "<p a=b "] {
        bombs.push(Bomb::new(format!("a chapter of {piece}"), move || {
            epub_of(&piece.repeat(200_000))
        }));
    }
    bombs
}
