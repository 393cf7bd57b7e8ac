//! Tables, JSON and notebooks.

use super::{Bomb, damaged};

pub fn csv() -> Vec<Bomb> {
    let mut bombs = Vec::new();
    for delimiter in [",", ";", "\t", "|"] {
        let header = format!("a{delimiter}b{delimiter}c\n");
        let row = format!("1{delimiter}2{delimiter}3\n");
        let quoted = format!("\"1\"{delimiter}\"2\"{delimiter}");
        let pieces = [
            (
                "open quote",
                format!("{header}\""),
                "x\n".to_owned(),
                20_000_000,
            ),
            ("quotes", header.clone(), "\"".to_owned(), 20_000_001),
            ("fields", header.clone(), delimiter.to_owned(), 20_000_000),
            ("quoted fields", header.clone(), quoted, 2_000_000),
            (
                "columns",
                String::new(),
                format!("a{delimiter}"),
                10_000_000,
            ),
            ("rows", header.clone(), row.clone(), 1_500_000),
            ("short rows", header.clone(), "x\n".to_owned(), 1_500_000),
            (
                "long rows",
                header.clone(),
                format!("{}\n", row.trim().repeat(1_000)),
                3_000,
            ),
            (
                "empty rows",
                header.clone(),
                format!("{delimiter}{delimiter}\n"),
                5_000_000,
            ),
            ("blank lines", header.clone(), "\n".to_owned(), 20_000_000),
            (
                "carriage returns",
                header.clone(),
                "\r".to_owned(),
                20_000_000,
            ),
            ("a long field", header.clone(), "x".to_owned(), 60_000_000),
            (
                "long fields",
                header.clone(),
                format!("{}\n", "x".repeat(900_000)),
                60,
            ),
            (
                "quotes in fields",
                header.clone(),
                "x\"\"y\"".to_owned(),
                4_000_000,
            ),
            ("noughts", header.clone(), "a\u{0}b".to_owned(), 4_000_000),
        ];
        for (name, before, piece, times) in pieces {
            bombs.push(Bomb::repeated(
                format!("{name}, {delimiter:?}"),
                before,
                piece,
                times,
                "",
            ));
        }
    }
    bombs.extend(damaged(b"a,b\n1,\"x\ny\"\n2,\"\"\"\"\n".to_vec(), 20, 21));
    bombs
}

/// Pieces of JSON: before, repeated, after, and how often.
fn pieces(size: usize) -> Vec<(String, String, String, String, usize)> {
    let piece = |name: &str, before: &str, piece: &str, after: &str| {
        (
            name.to_owned(),
            before.to_owned(),
            piece.to_owned(),
            after.to_owned(),
            size / piece.len(),
        )
    };
    vec![
        piece("open lists", "", "[", ""),
        piece("open objects", "", "{\"a\":", ""),
        piece("lists and objects", "", "[{\"a\":", ""),
        piece("numbers", "[1", ",1", "]"),
        piece("nulls", "[null", ",null", "]"),
        piece("empty texts", "[\"\"", ",\"\"", "]"),
        piece("empty lists", "[[]", ",[]", "]"),
        piece("empty objects", "[{}", ",{}", "]"),
        piece("small objects", "[{}", ",{\"a\":1}", "]"),
        piece("small lists", "[[]", ",[1]", "]"),
        piece(
            "objects of objects",
            "[{}",
            ",{\"a\":{\"b\":{\"c\":1}}}",
            "]",
        ),
        piece("one field again and again", "{\"a\":1", ",\"a\":1", "}"),
        piece("a text", "\"", "x", "\""),
        piece("a text of escapes", "{\"text\":\"", "\\u0000", "\"}"),
        piece("a text of surrogates", "[\"", "\\ud83d\\ude00", "\"]"),
        piece("lone surrogates", "[\"", "\\ud83d", "\"]"),
        piece("open text", "[\"", "\\\"", ""),
        piece("a number", "[", "9", "]"),
        piece("a fraction", "[0.", "9", "]"),
        piece("an exponent", "[1e", "9", "]"),
        piece("blanks", "[", " ", "]"),
        piece("commas", "[", ",", "]"),
        piece("colons", "{\"a\"", ":", "}"),
        piece("closing", "", "]", ""),
        piece("noughts", "[", "\u{0}", "]"),
        piece(
            "fields of records",
            "{\"records\":[{}",
            ",{\"text\":\"x\",\"a\":[1,2],\"b\":{\"c\":null}}",
            "]}",
        ),
    ]
}

pub fn json() -> Vec<Bomb> {
    let mut bombs = Vec::new();
    for size in [100_000, 4_000_000, 60_000_000] {
        for (name, before, piece, after, times) in pieces(size) {
            bombs.push(Bomb::repeated(name, before, piece, times, after));
        }
    }
    for (depth, name) in [
        (127, "the deepest"),
        (128, "one too deep"),
        (1_000_000, "far too deep"),
    ] {
        bombs.push(Bomb::new(name, move || {
            format!("{}{}", "[".repeat(depth), "]".repeat(depth)).into_bytes()
        }));
    }
    bombs
}

pub fn json_lines() -> Vec<Bomb> {
    let mut bombs = Vec::new();
    for (name, before, piece, after, times) in pieces(50_000) {
        bombs.push(Bomb::new(format!("lines of {name}"), move || {
            format!("{before}{}{after}\n", piece.repeat(times))
                .repeat(100)
                .into_bytes()
        }));
    }
    for (name, before, piece, after, times) in pieces(20_000_000) {
        bombs.push(Bomb::repeated(
            format!("{name} behind a line"),
            format!("{{\"text\":1}}\n{before}"),
            piece,
            times,
            after,
        ));
    }
    for line in [
        "{}\n",
        "[]\n",
        "1\n",
        "\n",
        "{\n",
        "nul\n",
        "{\"text\":\"x\"}\n",
    ] {
        bombs.push(Bomb::repeated(
            format!("lines {line:?}"),
            "{}\n",
            line,
            3_000_000 / line.len(),
            "",
        ));
    }
    bombs.extend(damaged(
        b"{\"text\":\"a\",\"b\":[1,{\"c\":2}]}\n{\"text\":\"b\"}\n".to_vec(),
        10,
        31,
    ));
    bombs
}

pub fn notebooks() -> Vec<Bomb> {
    let mut bombs = Vec::new();
    let end = "],\"metadata\":{},\"nbformat\":4,\"nbformat_minor\":5}";
    for size in [200_000, 30_000_000] {
        for (name, before, piece, after, times) in pieces(size) {
            bombs.push(Bomb::repeated(
                format!("cells: {name}"),
                format!("{{\"cells\":[{before}"),
                piece,
                times,
                format!("{after}{end}"),
            ));
        }
    }
    for (name, piece) in [
        ("cells", "{\"cell_type\":\"code\",\"source\":\"x\"},"),
        (
            "outputs",
            "{\"cell_type\":\"code\",\"source\":\"\",\"outputs\":[{\"text\":[\"x\"]}]},",
        ),
        (
            "lines",
            "{\"cell_type\":\"code\",\"source\":[\"\",\"\",\"\",\"\",\"\",\"\",\"\"]},",
        ),
        ("fences", "{\"cell_type\":\"code\",\"source\":\"```\"},"),
    ] {
        for times in [1_000, 300_000] {
            bombs.push(Bomb::repeated(
                format!("many {name}"),
                "{\"cells\":[",
                piece,
                times,
                format!("{{}}{end}"),
            ));
        }
    }
    bombs
}
