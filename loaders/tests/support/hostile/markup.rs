//! HTML, and XML for every format that is made of it.

use super::{Bomb, damaged};

/// What to put around a piece of XML so that it stands where the format looks for it.
pub type Wrap = fn(&str) -> Vec<u8>;

/// XML as an attacker writes it.
pub fn xml(wrap: Wrap) -> Vec<Bomb> {
    let mut bombs = Vec::new();
    let mut repeated =
        |name: String, before: &'static str, piece: String, times: usize, after: &'static str| {
            bombs.push(Bomb::new(format!("{name} x {times}"), move || {
                wrap(&format!("{before}{}{after}", piece.repeat(times)))
            }));
        };
    for times in [600, 60_000, 1_000_000] {
        for piece in ["<a>", "<w:p>", "<item>", "<w:tbl><w:tr><w:tc>", "<a b='c'>"] {
            repeated(format!("nested {piece}"), "", piece.to_owned(), times, "");
        }
        repeated(
            "attributes".to_owned(),
            "<a",
            " b='c'".to_owned(),
            times,
            "/>",
        );
        repeated(
            "empty elements".to_owned(),
            "",
            "<a/>".to_owned(),
            times,
            "",
        );
        repeated("closing tags".to_owned(), "", "</a>".to_owned(), times, "");
        repeated(
            "references".to_owned(),
            "<a>",
            "&amp;".to_owned(),
            times,
            "</a>",
        );
        repeated(
            "unknown references".to_owned(),
            "<a>",
            "&x;".to_owned(),
            times,
            "</a>",
        );
        repeated(
            "numbers of characters".to_owned(),
            "<a>",
            "&#1114112;&#0;&#x110000;&#xd800;".to_owned(),
            times / 10,
            "</a>",
        );
    }
    for (name, before, piece, after) in [
        ("a long text", "<a>", "x ", "</a>"),
        ("a long name", "<", "a", "/>"),
        ("a long value", "<a b='", "x ", "'/>"),
        ("a long prefix", "<", "a:", "/>"),
        ("an open comment", "<!--", "-", ""),
        ("comments", "", "<!-- x -->", ""),
        ("open character data", "<![CDATA[", "]", ""),
        ("character data", "", "<![CDATA[x]]>", ""),
        ("an open instruction", "<?a ", "x?", ""),
        ("instructions", "", "<?a?>", ""),
        ("an open doctype", "<!DOCTYPE a [", "<!ENTITY b 'c'>", ""),
        ("an open tag", "<a ", "b ", ""),
        ("an open value", "<a b='", "<", ""),
        ("less than", "", "<", ""),
        ("ampersands", "<a>", "&", "</a>"),
        ("namespaces", "<a ", "xmlns:b='c' ", "/>"),
        ("noughts", "<a>", "\u{0}", "</a>"),
        ("brackets", "", "]]>", ""),
    ] {
        repeated(
            name.to_owned(),
            before,
            piece.to_owned(),
            8_000_000 / piece.len(),
            after,
        );
    }
    let laughs: String = (1..20)
        .map(|i| format!("<!ENTITY l{i} '{}'>", format!("&l{};", i - 1).repeat(10)))
        .collect();
    for (name, doctype, text) in [
        (
            "a billion laughs",
            format!("<!DOCTYPE a [<!ENTITY l0 'ha'>{laughs}]>"),
            "&l19;".to_owned(),
        ),
        (
            "one long entity many times",
            format!("<!DOCTYPE a [<!ENTITY l '{}'>]>", "x".repeat(100_000)),
            "&l;".repeat(100_000),
        ),
        (
            "an entity of itself",
            "<!DOCTYPE a [<!ENTITY l '&l;'>]>".to_owned(),
            "&l;".to_owned(),
        ),
        (
            "a file",
            "<!DOCTYPE a [<!ENTITY l SYSTEM 'file:///etc/passwd'>]>".to_owned(),
            "&l;".to_owned(),
        ),
        (
            "an address",
            "<!DOCTYPE a SYSTEM 'http://127.0.0.1:9/x.dtd'>".to_owned(),
            "x".to_owned(),
        ),
        (
            "parameter entities",
            "<!DOCTYPE a [<!ENTITY % p SYSTEM 'file:///etc/passwd'> %p;]>".to_owned(),
            "x".to_owned(),
        ),
    ] {
        // The document type stands in front of everything.
        bombs.push(Bomb::new(name, move || {
            let wrapped = wrap(&format!("<a>{text}</a>"));
            wrapped_with_doctype(&wrapped, &doctype)
        }));
    }
    bombs
}

/// Puts a document type in front when the file is XML; a packed file takes it where it is.
fn wrapped_with_doctype(file: &[u8], doctype: &str) -> Vec<u8> {
    if file.starts_with(b"PK") {
        return file.to_vec();
    }
    [doctype.as_bytes(), file].concat()
}

fn rss(piece: &str) -> Vec<u8> {
    format!("<rss version='2.0'><channel><title>t</title><item><title>a</title><description>{piece}</description></item></channel></rss>").into_bytes()
}

fn atom(piece: &str) -> Vec<u8> {
    format!("<feed xmlns='http://www.w3.org/2005/Atom'><entry><title>a</title><content type='xhtml'>{piece}</content></entry></feed>").into_bytes()
}

pub fn feeds() -> Vec<Bomb> {
    let mut bombs = xml(rss);
    bombs.extend(xml(atom));
    for (name, piece) in [
        ("entries", "<item><title>a</title></item>"),
        ("entries in entries", "<item><title>a</title>"),
        ("titles", "<item><title>a</title><title>b</title></item>"),
        (
            "escaped elements",
            "<item><description>&lt;div&gt;&lt;p&gt;</description></item>",
        ),
    ] {
        bombs.push(Bomb::repeated(
            name,
            "<rss><channel>",
            piece,
            300_000,
            "</channel></rss>",
        ));
    }
    for piece in [
        "&lt;div&gt;",
        "&lt;table&gt;&lt;tr&gt;&lt;td&gt;",
        "&lt;b&gt;",
        "&lt;p ",
    ] {
        bombs.push(Bomb::new(format!("escaped {piece}"), move || {
            rss(&piece.repeat(400_000))
        }));
    }
    bombs.extend(damaged(rss("&lt;p&gt;text"), 10, 41));
    bombs
}

pub fn html() -> Vec<Bomb> {
    let mut bombs = Vec::new();
    for times in [1_000, 100_000, 4_000_000] {
        for piece in [
            "<div>",
            "<table><tr><td>",
            "<svg>",
            "<math><mi>",
            "<template>",
            "<select><option>",
            "<ul><li>",
            "<blockquote>",
            "<b><i><u><s>",
            "<a href=x>",
            "<button>",
            "<p>",
            "<br>",
            "<h1>x",
            "<td>x",
            "<nav><form><header>",
            "<table><b>x<tr>",
            "<b></i>",
            "<a><p></a>",
            "</p>",
            "x<i></i>",
            "<img alt=x>",
            "<html a=1 b=2>",
            "<body c=1>",
            "<script></script>",
            "<style>x</style>",
            "<!--x-->",
            "<plaintext>",
            "<frameset>",
            "<object><param>",
        ] {
            // The longest of them stay below the limit of a source.
            let times = times.min(60_000_000 / piece.len());
            bombs.push(Bomb::repeated(
                format!("nested {piece}"),
                "<!doctype html>",
                piece,
                times,
                "",
            ));
        }
        bombs.push(Bomb::repeated(
            "attributes",
            "<html><p",
            " a=1",
            times,
            ">x",
        ));
        bombs.push(Bomb::new(
            format!("attributes of many names x {times}"),
            move || {
                let names: String = (0..times).map(|i| format!(" a{i}=1")).collect();
                format!("<html><p{names}>x").into_bytes()
            },
        ));
    }
    for (name, before, piece) in [
        ("a long value", "<p a='", "a "),
        ("a long name", "<", "a"),
        ("an open comment", "<!--", "a-"),
        ("an open script", "<script>", "<!--<script>"),
        ("an open tag", "<p ", "a"),
        ("entities", "", "&amp;"),
        ("unknown entities", "", "&notit;"),
        ("half an entity", "", "&#x"),
        ("noughts", "", "\0"),
        ("character data", "<svg><![CDATA[", "]]"),
        ("an open doctype", "<!doctype ", "a "),
        (
            "a cell over all columns",
            "<table><tr>",
            "<td colspan=1000 rowspan=65534>x",
        ),
    ] {
        bombs.push(Bomb::repeated(
            name,
            format!("<html>{before}"),
            piece,
            20_000_000 / piece.len(),
            "",
        ));
    }
    let formatting: String = (0..400).map(|i| format!("<b id=b{i}>")).collect();
    bombs.push(Bomb::repeated(
        "formatting that is opened anew",
        format!("<html>{formatting}"),
        "<p>x",
        200_000,
        "",
    ));
    bombs
}
