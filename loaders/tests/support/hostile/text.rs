//! Texts, Markdown and subtitles.

use super::{Bomb, damaged};
use crate::support::Random;

const MB: usize = 1 << 20;

pub fn texts() -> Vec<Bomb> {
    let mut bombs = Vec::new();
    for byte in [
        0x00u8, 0x09, 0x0a, 0x0d, 0x1b, 0x20, 0x41, 0x7f, 0x80, 0xbf, 0xc0, 0xe0, 0xf0, 0xfe, 0xff,
    ] {
        for times in [1, 60 * MB] {
            bombs.push(Bomb::repeated(
                format!("byte {byte:02x}"),
                "",
                vec![byte],
                times,
                "",
            ));
        }
    }
    let pieces: [(&str, &[u8]); 17] = [
        ("open escapes of ISO-2022-JP", b"\x1b$B"),
        ("escapes back and forth", b"\x1b$B!!\x1b(B"),
        ("byte order marks", b"\xef\xbb\xbf"),
        ("little-endian marks", b"\xff\xfe"),
        ("big-endian marks", b"\xfe\xff"),
        ("lone high surrogates", b"\xd8\x00"),
        ("lone low surrogates", b"\x00\xdc"),
        ("surrogates in UTF-8", b"\xed\xa0\x80"),
        ("overlong UTF-8", b"\xc0\xaf"),
        ("above the last character", b"\xf4\x90\x80\x80"),
        ("half a character", b"\xe0\xa0"),
        ("combining marks", "\u{301}".as_bytes()),
        ("joiners", "\u{200d}\u{1f469}".as_bytes()),
        ("directions", "\u{202e}\u{2066}".as_bytes()),
        ("EUC-KR", b"\xb0\xa1\xb3\xaa"),
        ("Shift_JIS", b"\x83\x41\x83\x42"),
        ("line separators", "\u{2028}\u{2029}\u{85}".as_bytes()),
    ];
    for (name, piece) in pieces {
        for before in ["", "text "] {
            bombs.push(Bomb::repeated(
                format!("{name} after {before:?}"),
                before,
                piece,
                20 * MB / piece.len(),
                "",
            ));
        }
    }
    for seed in 0..12u64 {
        bombs.push(Bomb::new(format!("noise {seed}"), move || {
            noise(seed, 8 * MB, 0)
        }));
        bombs.push(Bomb::new(
            format!("noise without controls {seed}"),
            move || noise(seed, 8 * MB, 0x20),
        ));
    }
    bombs
}

fn noise(seed: u64, length: usize, least: u8) -> Vec<u8> {
    let mut random = Random(seed);
    (0..length / 8)
        .flat_map(|_| random.next().to_le_bytes())
        .map(|byte| byte.max(least))
        .collect()
}

pub fn markdown() -> Vec<Bomb> {
    let mut bombs = Vec::new();
    let yaml: [(&str, &str); 16] = [
        ("flow lists", "["),
        ("flow maps", "{a: "),
        ("lists", "- "),
        ("explicit keys", "? "),
        ("anchors", "a: &a [*a]\n"),
        ("aliases", "*a "),
        ("tags", "!!x "),
        ("open quotes", "a: \"\n"),
        ("merge keys", "<<: *a\n"),
        ("documents", "a: 1\n--- \n"),
        ("directives", "%YAML 1.2\n"),
        ("tabs", "\t- a\n"),
        ("block scalars", "a: |9\n"),
        ("colons", "a: : "),
        ("keys", "a: 1\nb: 2\n"),
        ("comments", "# \n"),
    ];
    for (name, piece) in yaml {
        for times in [20, 2_000, 60_000 / piece.len()] {
            bombs.push(Bomb::repeated(
                format!("front matter of {name}"),
                "---\n",
                piece,
                times,
                "\n---\ntext\n",
            ));
        }
    }
    let laughs: String = (1..30)
        .map(|i| format!("a{i}: &a{i} [{}]\n", format!("*a{},", i - 1).repeat(9)))
        .collect();
    bombs.push(Bomb::new("aliases of aliases", move || {
        format!("---\na0: &a0 [x]\n{laughs}---\ntext\n").into_bytes()
    }));
    for piece in [
        "# ", "> ", "- ", "* ", "`", "~", "[", "](", "![", "_", "**", "|", "<", "&", "\\", "---\n",
        "===\n", "```\n", "# a\n",
    ] {
        bombs.push(Bomb::repeated(
            format!("Markdown {piece:?}"),
            "x\n",
            piece,
            20_000_000 / piece.len(),
            "",
        ));
    }
    bombs
}

pub fn subtitles() -> Vec<Bomb> {
    let mut bombs = Vec::new();
    let cue = "1\n00:00:01,000 --> 00:00:02,000\n";
    let pieces = [
        ("cues", "1\n00:00:01,000 --> 00:00:02,000\nx\n\n"),
        ("arrows", "-->"),
        ("arrows on lines", "-->\n"),
        ("times", "00:00:00,000 --> 00:00:00,000\n"),
        ("endless times", "9:"),
        ("large numbers", "99999999999999999999"),
        ("open tags", "<i"),
        ("tags", "<i></i>"),
        ("open braces", "{\\an8"),
        ("braces in tags", "<{>}"),
        ("entities", "&amp;lt;"),
        ("carriage returns", "\r"),
        ("the same line", "same\n"),
        ("two lines in turn", "one\ntwo\n"),
        ("blank lines", "\n\n"),
    ];
    for (name, piece) in pieces {
        for before in ["", cue, "WEBVTT\n\n00:01.000 --> 00:02.000\n"] {
            bombs.push(Bomb::repeated(
                format!("{name} after {before:?}"),
                before,
                piece,
                20_000_000 / piece.len(),
                "",
            ));
        }
    }
    bombs.extend(damaged(
        format!("{cue}<b>text</b>\n\n2\n00:00:03,000 --> 00:00:04,000\nmore\n").into_bytes(),
        30,
        11,
    ));
    bombs
}
