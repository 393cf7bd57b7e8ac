//! Archives as sources.

use std::io::Write as _;

use super::{Bomb, damaged, packed};
use crate::support::office;

fn zip_of(text: &str) -> Vec<u8> {
    office::pack_texts(&[("a.txt", text), ("b/c.md", "# c")])
}

pub fn zips() -> Vec<Bomb> {
    let mut bombs = packed::packing(zip_of, "a.txt", 71);
    for name in [
        "../a.txt",
        "/etc/passwd",
        "a/../../b.txt",
        "..\\a.txt",
        "C:\\a.txt",
        "a\0b.txt",
        "",
        ".",
        "..",
        "//a",
        "\u{202e}txt.a",
        "con.txt",
    ] {
        bombs.push(Bomb::new(format!("an entry named {name:?}"), move || {
            office::pack_texts(&[(name, "text"), ("ok.txt", "text")])
        }));
    }
    bombs
}

/// A tar file of these headers and contents, with no check of any kind.
fn tar_of(name: &[u8], kind: u8, size: &[u8], content: &[u8]) -> Vec<u8> {
    let mut header = [0u8; 512];
    let length = name.len().min(100);
    header[..length].copy_from_slice(&name[..length]);
    header[100..108].copy_from_slice(b"0000644\0");
    let length = size.len().min(12);
    header[124..124 + length].copy_from_slice(&size[..length]);
    header[156] = kind;
    header[257..265].copy_from_slice(b"ustar\x0000");
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut file = header.to_vec();
    file.extend_from_slice(content);
    file.resize(file.len().div_ceil(512) * 512, 0);
    file
}

fn octal(size: usize) -> Vec<u8> {
    format!("{size:011o}\0").into_bytes()
}

fn gzip(pieces: usize, piece: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..pieces {
        encoder.write_all(piece).unwrap();
    }
    encoder.finish().unwrap()
}

pub fn tars() -> Vec<Bomb> {
    let mut bombs = Vec::new();
    let text = || tar_of(b"a.txt", b'0', &octal(4), b"text");
    let sizes: [&[u8]; 8] = [
        b"77777777777\0",
        b"\x80\0\0\0\0\0\0\0\0\0\0\xff",
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"-1\0",
        b"99999999999\0",
        b"            ",
        b"\0",
    ];
    for size in sizes {
        for kind in [b'0', b'L', b'x', b'g', b'S'] {
            bombs.push(Bomb::new(
                format!("kind {} of size {size:?}", kind as char),
                move || [tar_of(b"a.txt", kind, size, b"text"), text()].concat(),
            ));
        }
    }
    for kind in [
        b'1', b'2', b'3', b'4', b'5', b'6', b'7', b'K', b'V', b'Z', 0, 255,
    ] {
        bombs.push(Bomb::new(format!("kind {kind}"), move || {
            [tar_of(b"a.txt", kind, &octal(4), b"/etc"), text()].concat()
        }));
    }
    for name in [
        &b"../a.txt"[..],
        b"/etc/passwd",
        b"a/../../b.txt",
        b"",
        b"\xff\xfe",
        b".",
    ] {
        bombs.push(Bomb::new(format!("an entry named {name:?}"), move || {
            [tar_of(name, b'0', &octal(4), b"text"), text()].concat()
        }));
    }
    bombs.push(Bomb::new("entries", move || {
        tar_of(b"a", b'0', &octal(0), b"").repeat(100_000)
    }));
    bombs.push(Bomb::new("long names", move || {
        tar_of(b"a", b'L', &octal(512), &[b'a'; 512]).repeat(20_000)
    }));
    bombs.push(Bomb::new("one very long name", move || {
        tar_of(b"a", b'L', &octal(50 << 20), &vec![b'a'; 50 << 20])
    }));
    bombs.push(Bomb::new("records of PAX", move || {
        tar_of(
            b"a",
            b'x',
            &octal(20 << 20),
            &b"13 path=abcd\n".repeat((20 << 20) / 13),
        )
    }));
    for megabytes in [100, 2_000] {
        bombs.push(Bomb::new(format!("{megabytes} MB gzipped"), move || {
            let size = megabytes << 20;
            let mut encoder =
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            encoder
                .write_all(&tar_of(b"a.txt", b'0', &octal(size), b""))
                .unwrap();
            for _ in 0..megabytes {
                encoder.write_all(&vec![0; 1 << 20]).unwrap();
            }
            encoder.finish().unwrap()
        }));
    }
    bombs.push(Bomb::new("members of gzip", || {
        gzip(1, b"").repeat(500_000)
    }));
    bombs.push(Bomb::new("gzip in gzip", || {
        gzip(1, &gzip(1, &gzip(1_000, &[0; 1 << 20])))
    }));
    bombs.push(Bomb::new("half a gzip", move || {
        let mut file = gzip(1, &text());
        file.truncate(file.len() / 2);
        file
    }));
    bombs.extend(damaged([text(), text()].concat(), 10, 72));
    bombs.extend(damaged(gzip(1, &text()), 10, 73));
    bombs
}
