//! Messages and mailboxes.

use super::{Bomb, damaged};

const HEADER: &str =
    "From: a@example.org\r\nTo: b@example.org\r\nSubject: s\r\nMessage-ID: <1@example.org>\r\n";
const MIXED: &str = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n";

/// Parts in parts, as deep as asked.
fn nested(depth: usize) -> Vec<u8> {
    let mut message = HEADER.to_owned();
    for i in 0..depth {
        message.push_str(&format!(
            "Content-Type: multipart/mixed; boundary=b{i}\r\n\r\n--b{i}\r\n"
        ));
    }
    message.push_str("\r\ntext\r\n");
    message.into_bytes()
}

/// Messages in messages.
fn forwarded(depth: usize) -> Vec<u8> {
    format!(
        "{}\r\ntext\r\n",
        format!("{HEADER}Content-Type: message/rfc822\r\n\r\n").repeat(depth)
    )
    .into_bytes()
}

pub fn messages() -> Vec<Bomb> {
    let mut bombs = Vec::new();
    for depth in [10, 100, 1_000, 20_000, 300_000] {
        bombs.push(Bomb::new(format!("parts {depth} deep"), move || {
            nested(depth)
        }));
        bombs.push(Bomb::new(format!("messages {depth} deep"), move || {
            forwarded(depth)
        }));
    }
    let pieces = [
        ("fields", HEADER.to_owned(), "X-A: b\r\n"),
        ("folded lines", format!("{HEADER}X-A: b\r\n"), " c\r\n"),
        ("receivers", format!("{HEADER}Cc: "), "a@b.org, "),
        ("groups", format!("{HEADER}Cc: "), "g: a@b.org;, "),
        ("comments", format!("{HEADER}Cc: "), "("),
        ("quotes", format!("{HEADER}Cc: "), "\"a\\\""),
        (
            "encoded words",
            format!("{HEADER}Subject: "),
            "=?utf-8?B?7JWI64WV?= ",
        ),
        ("open words", format!("{HEADER}Subject: "), "=?utf-8?B?"),
        (
            "words of bytes",
            format!("{HEADER}Subject: "),
            "=?euc-kr?Q?=b0=a1?=",
        ),
        ("references", format!("{HEADER}References: "), "<1@b.org> "),
        (
            "stations",
            HEADER.to_owned(),
            "Received: from a (b [1.2.3.4]) by c with d id e for <f>; Sun, 22 Nov 2026 10:00:00 +0000\r\n",
        ),
        (
            "dates",
            HEADER.to_owned(),
            "Date: Sun, 99 Nov 99999999999 10:00:00 +9999\r\n",
        ),
        (
            "parameters",
            format!("{HEADER}Content-Type: text/plain"),
            "; a*0*=utf-8''b",
        ),
        (
            "continued names",
            format!("{HEADER}Content-Disposition: attachment"),
            "; filename*1=\"x\"",
        ),
        ("boundaries", format!("{HEADER}{MIXED}"), "--b\r\n"),
        ("ends of parts", format!("{HEADER}{MIXED}"), "--b--\r\n"),
        (
            "parts",
            format!("{HEADER}{MIXED}"),
            "--b\r\nContent-Type: text/plain\r\n\r\nx\r\n",
        ),
        (
            "attachments",
            format!("{HEADER}{MIXED}"),
            "--b\r\nContent-Disposition: attachment; filename=a.exe\r\n\r\nx\r\n",
        ),
        (
            "pages",
            format!("{HEADER}{MIXED}"),
            "--b\r\nContent-Type: text/html\r\n\r\n<div><p>x\r\n",
        ),
        (
            "Base64",
            format!("{HEADER}Content-Transfer-Encoding: base64\r\n\r\n"),
            "QUFB\r\n",
        ),
        (
            "no Base64",
            format!("{HEADER}Content-Transfer-Encoding: base64\r\n\r\n"),
            "=*\r\n",
        ),
        (
            "quoted characters",
            format!("{HEADER}Content-Transfer-Encoding: quoted-printable\r\n\r\n"),
            "=3D=",
        ),
        (
            "a page",
            format!("{HEADER}Content-Type: text/html\r\n\r\n"),
            "<div>",
        ),
        ("noughts", format!("{HEADER}\r\n"), "\0"),
        ("colons", String::new(), ":"),
    ];
    for (name, before, piece) in pieces {
        for size in [100_000, 20_000_000] {
            bombs.push(Bomb::repeated(
                name,
                before.clone(),
                piece,
                size / piece.len(),
                "",
            ));
        }
    }
    bombs.extend(damaged(nested(3), 20, 51));
    bombs
}

pub fn mailboxes() -> Vec<Bomb> {
    let mut bombs = Vec::new();
    let from = "From a@b Sun Nov 22 10:00:00 2026\n";
    for (name, piece) in [
        ("messages", format!("{from}{HEADER}\nx\n\n")),
        ("messages without a header", format!("{from}\nx\n\n")),
        ("lines that begin messages", format!("{from}\n")),
        ("lines that begin nothing", from.to_owned()),
        ("quoted lines", ">From a\n".to_owned()),
        ("quotes", ">".to_owned()),
        ("blank lines", "\n".to_owned()),
    ] {
        for size in [1_000, 1_000_000, 60_000_000] {
            bombs.push(Bomb::repeated(
                name,
                format!("{from}{HEADER}\n"),
                piece.clone(),
                size / piece.len(),
                "",
            ));
        }
    }
    for depth in [10, 1_000, 100_000] {
        bombs.push(Bomb::new(
            format!("parts {depth} deep in each"),
            move || {
                [from.as_bytes(), &nested(depth), b"\n\n"]
                    .concat()
                    .repeat(3)
            },
        ));
    }
    bombs.extend(damaged(
        format!("{from}{HEADER}\nx\n\n{from}{HEADER}\ny\n").into_bytes(),
        40,
        52,
    ));
    bombs
}
