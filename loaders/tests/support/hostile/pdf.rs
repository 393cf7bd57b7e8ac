//! PDF files that never end, never stop growing, or lead back into themselves.

use std::io::Write as _;

use super::{Bomb, damaged};
use crate::support::pdf::{Pdf, lines, pages};

const CATALOG: &str = "<< /Type /Catalog /Pages 2 0 R >>";

fn deflated(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// Blanks that unpack from a thousandth of their size.
fn inflating(megabytes: usize) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..megabytes {
        encoder.write_all(&vec![b' '; 1 << 20]).unwrap();
    }
    encoder.finish().unwrap()
}

/// A file with one page whose content stream and dictionary of the stream are given, and
/// whatever objects its resources name from number 6 on.
fn page(dict: &str, content: &[u8], resources: &str, others: &[Vec<u8>]) -> Vec<u8> {
    let mut pdf = Pdf::default();
    let root = pdf.add(CATALOG);
    pdf.add("<< /Type /Pages /Count 1 /Kids [3 0 R] /MediaBox [0 0 612 792] >>");
    pdf.add(format!("<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> {resources} >> >>"));
    pdf.stream(dict, content);
    pdf.add("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>");
    for other in others {
        pdf.add(other);
    }
    pdf.bytes(root)
}

fn stream(dict: &str, content: &[u8]) -> Vec<u8> {
    [
        format!("<< /Length {} {dict} >>\nstream\n", content.len()).as_bytes(),
        content,
        b"\nendstream",
    ]
    .concat()
}

/// A page tree of these nodes; the first is number 2.
fn tree(nodes: &[String]) -> Vec<u8> {
    let mut pdf = Pdf::default();
    let root = pdf.add(CATALOG);
    for node in nodes {
        pdf.add(node);
    }
    pdf.bytes(root)
}

fn trees(bombs: &mut Vec<Bomb>) {
    for (name, nodes) in [
        (
            "a tree that is its own child",
            vec!["<< /Type /Pages /Count 1 /Kids [2 0 R] >>".to_owned()],
        ),
        (
            "two nodes in a ring",
            vec![
                "<< /Type /Pages /Count 1 /Kids [3 0 R] >>".to_owned(),
                "<< /Type /Pages /Count 1 /Kids [2 0 R] /Parent 3 0 R >>".to_owned(),
            ],
        ),
        (
            "a parent of itself",
            vec![
                "<< /Type /Pages /Count 1 /Kids [3 0 R] >>".to_owned(),
                "<< /Type /Page /Parent 3 0 R >>".to_owned(),
            ],
        ),
        (
            "a page count of two thousand millions",
            vec!["<< /Type /Pages /Count 2147483647 /Kids [] >>".to_owned()],
        ),
        (
            "a negative page count",
            vec![
                "<< /Type /Pages /Count -5 /Kids [3 0 R] >>".to_owned(),
                "<< /Type /Page >>".to_owned(),
            ],
        ),
        (
            "one page ten million times",
            vec![
                format!(
                    "<< /Type /Pages /Count 10000000 /Kids [{}] >>",
                    "3 0 R ".repeat(2_000_000)
                ),
                "<< /Type /Page >>".to_owned(),
            ],
        ),
        (
            "kids that are there themselves",
            vec![format!(
                "<< /Type /Pages /Count 1 /Kids {} >>",
                "[<< /Kids ".repeat(50_000)
            )],
        ),
        (
            "two children that are one, forty deep",
            (0..40)
                .map(|i| format!("<< /Type /Pages /Count 2 /Kids [{0} 0 R {0} 0 R] >>", i + 3))
                .chain(["<< /Type /Page >>".to_owned()])
                .collect(),
        ),
        (
            "ten thousand levels",
            (0..10_000)
                .map(|i| format!("<< /Type /Pages /Count 1 /Kids [{} 0 R] >>", i + 3))
                .chain(["<< /Type /Page >>".to_owned()])
                .collect(),
        ),
        ("an object that is itself", vec!["2 0 R".to_owned()]),
        (
            "objects in a ring",
            vec!["3 0 R".to_owned(), "4 0 R".to_owned(), "2 0 R".to_owned()],
        ),
    ] {
        bombs.push(Bomb::new(name, move || tree(&nodes)));
    }
}

fn streams(bombs: &mut Vec<Bomb>) {
    for megabytes in [50, 500, 3_000] {
        bombs.push(Bomb::new(format!("{megabytes} MB of blanks"), move || {
            page("/Filter /FlateDecode", &inflating(megabytes), "", &[])
        }));
    }
    bombs.push(Bomb::new("deflated twice", || {
        page(
            "/Filter [/FlateDecode /FlateDecode]",
            &deflated(&inflating(4_000)),
            "",
            &[],
        )
    }));
    bombs.push(Bomb::new("runs", || {
        page(
            "/Filter /RunLengthDecode",
            &[0x81, b' '].repeat(8_000_000),
            "",
            &[],
        )
    }));
    bombs.push(Bomb::new("a thousand filters", || {
        page(
            &format!("/Filter [{}]", "/ASCIIHexDecode ".repeat(1_000)),
            &b"20".repeat(100_000),
            "",
            &[],
        )
    }));
    for (filter, piece) in [
        ("ASCII85Decode", "z"),
        ("ASCIIHexDecode", "20"),
        ("LZWDecode", "\u{80}\u{0b}`P\"\u{0c}"),
        ("CCITTFaxDecode", "\u{0}"),
        ("JBIG2Decode", "\u{0}\u{0}"),
        ("DCTDecode", "x"),
        ("JPXDecode", "x"),
        ("Crypt", "x"),
        ("Unknown", "x"),
    ] {
        bombs.push(Bomb::new(format!("a stream of {filter}"), move || {
            page(
                &format!("/Filter /{filter}"),
                piece.repeat(8_000_000 / piece.len()).as_bytes(),
                "",
                &[],
            )
        }));
    }
    for columns in ["2147483647", "-1", "0", "99999999999999"] {
        bombs.push(Bomb::new(format!("a predictor of {columns} columns"), move || {
            page(&format!("/Filter /FlateDecode /DecodeParms << /Predictor 12 /Colors 32 /BitsPerComponent 16 /Columns {columns} >>"), &inflating(1), "", &[])
        }));
    }
    for length in ["-1", "99999999999", "4 0 R", "(x)"] {
        bombs.push(Bomb::new(format!("a length of {length}"), move || {
            let file = page("", b"BT /F1 12 Tf (x) Tj ET", "", &[]);
            let text =
                String::from_utf8_lossy(&file).replace("/Length 22", &format!("/Length {length}"));
            text.into_bytes()
        }));
    }
}

fn contents(bombs: &mut Vec<Bomb>) {
    for (name, piece) in [
        ("texts", "BT /F1 12 Tf (a) Tj ET\n"),
        ("saved states", "q "),
        ("restored states", "Q "),
        ("matrices", "2 0 0 2 9 9 cm "),
        ("lists", "["),
        ("dictionaries", "<< /A "),
        ("open strings", "(a"),
        ("escapes", "\\"),
        ("open hexadecimals", "<4"),
        ("pictures", "BI /W 9999 /H 9999 ID x "),
        ("numbers", "1 "),
        ("long numbers", "9"),
        ("names", "/A"),
        ("operators", "Tj "),
        ("fonts", "/F1 1e38 Tf "),
        ("rises", "1e38 Ts 1e38 Tz 1e38 Tc "),
        ("lines", "T* "),
        ("marked content", "/P << /ActualText (x) >> BDC "),
        ("spacing", "BT /F1 9 Tf [(a) -1e30 (b) 1e30] TJ ET "),
    ] {
        bombs.push(Bomb::new(format!("content of {name}"), move || {
            pages(&[piece.repeat(12_000_000 / piece.len()).into_bytes()], "")
        }));
    }
    let form = |inner: &str| {
        stream(
            "/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 6 0 R /Y 7 0 R >> >>",
            inner.as_bytes(),
        )
    };
    let shown = "/XObject << /X 6 0 R >>";
    bombs.push(Bomb::new("a form in itself", move || {
        page("", b"/X Do", shown, &[form("/X Do")])
    }));
    bombs.push(Bomb::new("two forms in each other", move || {
        page("", b"/X Do", shown, &[form("/Y Do"), form("/X Do")])
    }));
    bombs.push(Bomb::new("a form many times in itself", move || {
        page("", b"/X Do", shown, &[form(&"/X Do ".repeat(100))])
    }));
    bombs.push(Bomb::new("forms in forms, each ten times", move || {
        let forms: Vec<Vec<u8>> = (0..12)
            .map(|i| stream(&format!("/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /Font << /F1 5 0 R >> /XObject << /X {} 0 R >> >>", i + 7), "/X Do ".repeat(10).as_bytes()))
            .chain([stream("/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /Font << /F1 5 0 R >> >>", b"BT /F1 9 Tf (x) Tj ET")])
            .collect();
        page("", b"/X Do", shown, &forms)
    }));
}

fn fonts(bombs: &mut Vec<Bomb>) {
    let with = |font: &str, others: &[Vec<u8>]| {
        let own = [&[font.as_bytes().to_vec()][..], others].concat();
        page(
            "",
            b"BT /F2 12 Tf (abc) Tj <0041004200430000ffff> Tj ET",
            "/Font << /F2 6 0 R >>",
            &own,
        )
    };
    let maps = [
        (
            "a range of four thousand millions",
            "1 begincodespacerange <00> <ffffffff> endcodespacerange 1 beginbfrange <00000000> <ffffffff> <0041> endbfrange",
        ),
        (
            "a range that runs backwards",
            "1 beginbfrange <ffff> <0000> <0041> endbfrange",
        ),
        ("ranges without end", "999999999 beginbfrange <00> "),
        (
            "long targets",
            "1 beginbfrange <0000> <ffff> <0041004100410041004100410041004100410041> endbfrange",
        ),
        (
            "characters of themselves",
            "/CIDInit /ProcSet findresource begin /A usecmap 2147483647 begincidrange <0000> <ffff> 2147483647 endcidrange",
        ),
    ];
    for (name, map) in maps {
        bombs.push(Bomb::new(format!("a map of {name}"), move || {
            with("<< /Type /Font /Subtype /Type0 /BaseFont /A /Encoding /Identity-H /ToUnicode 7 0 R /DescendantFonts [8 0 R] >>", &[stream("", map.as_bytes()), b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /A /CIDSystemInfo << /Registry (A) /Ordering (I) /Supplement 0 >> >>".to_vec()])
        }));
        bombs.push(Bomb::new(
            format!("a map of {name}, many times"),
            move || {
                with(
                    "<< /Type /Font /Subtype /Type1 /BaseFont /A /ToUnicode 7 0 R >>",
                    &[stream("", map.repeat(20_000).as_bytes())],
                )
            },
        ));
    }
    for (name, font) in [
        ("its own descendant", "<< /Type /Font /Subtype /Type0 /BaseFont /A /Encoding /Identity-H /DescendantFonts [6 0 R] >>".to_owned()),
        ("its own encoding", "<< /Type /Font /Subtype /Type0 /BaseFont /A /Encoding 6 0 R /DescendantFonts [6 0 R] >>".to_owned()),
        ("many widths", format!("<< /Type /Font /Subtype /Type1 /BaseFont /A /FirstChar -2147483648 /LastChar 2147483647 /Widths [{}] >>", "1e38 ".repeat(500_000))),
        ("many differences", format!("<< /Type /Font /Subtype /Type1 /BaseFont /A /Encoding << /Differences [{}] >> >>", "99999 /a ".repeat(300_000))),
        ("glyphs that show it", "<< /Type /Font /Subtype /Type3 /FontBBox [0 0 1 1] /FontMatrix [1 0 0 1 0 0] /CharProcs << /a 4 0 R >> /Encoding << /Differences [97 /a] >> /FirstChar 97 /LastChar 97 /Widths [1] /Resources << /Font << /F2 6 0 R >> >> >>".to_owned()),
        ("a file that is a page", "<< /Type /Font /Subtype /TrueType /BaseFont /A /FontDescriptor << /FontFile2 4 0 R /FontFile3 3 0 R >> >>".to_owned()),
        ("widths of two thousand millions", "<< /Type /Font /Subtype /Type0 /BaseFont /A /Encoding /Identity-H /DescendantFonts [<< /Type /Font /Subtype /CIDFontType2 /W [0 2147483647 500 1 4294967295 7] >>] >>".to_owned()),
    ] {
        bombs.push(Bomb::new(format!("a font of {name}"), move || with(&font, &[])));
    }
}

fn structure(bombs: &mut Vec<Bomb>) {
    for (name, piece) in [
        ("lists", "["),
        ("dictionaries", "<< /A "),
        ("strings", "("),
        ("names", "/"),
        ("references", "1 0 R "),
        ("objects", "1 0 obj "),
        ("comments", "%"),
        ("ends", "endobj "),
        ("tables", "xref\n0 1\n"),
        ("trailers", "trailer << /Root 1 0 R >> "),
        ("starts", "startxref 9 %%EOF "),
    ] {
        for size in [100_000, 8_000_000] {
            bombs.push(Bomb::repeated(
                format!("open {name}"),
                "%PDF-1.7\n1 0 obj\n",
                piece,
                size / piece.len(),
                "\n%%EOF",
            ));
        }
    }
    for (name, tail) in [
        (
            "a table before itself",
            "xref\n0 1\n0000000000 65535 f \ntrailer << /Size 9 /Root 1 0 R /Prev 9 >>\nstartxref\n9\n%%EOF",
        ),
        (
            "a table of four thousand millions",
            "xref\n0 4294967295\n0000000000 65535 f \ntrailer << /Size 4294967295 /Root 1 0 R >>\nstartxref\n9\n%%EOF",
        ),
        (
            "a stream of a table",
            "1 0 obj << /Type /XRef /W [8 8 8] /Size 2147483647 /Index [0 2147483647] /Root 1 0 R /Length 4 >> stream\nabcd\nendstream endobj\nstartxref\n9\n%%EOF",
        ),
        (
            "fields of two thousand millions of bytes",
            "1 0 obj << /Type /XRef /W [2147483647 2147483647 2147483647] /Size 9 /Root 1 0 R /Length 4 >> stream\nabcd\nendstream endobj\nstartxref\n9\n%%EOF",
        ),
        (
            "objects in themselves",
            "1 0 obj << /Type /ObjStm /N 2147483647 /First 2147483647 /Extends 1 0 R /Length 4 >> stream\n1 0 \nendstream endobj trailer << /Root 1 0 R >>\nstartxref\n9\n%%EOF",
        ),
        (
            "a start behind the end",
            "trailer << /Root 1 0 R >>\nstartxref\n99999999999999999999\n%%EOF",
        ),
    ] {
        bombs.push(Bomb::new(name, move || {
            format!("%PDF-1.7\n{tail}\n").into_bytes()
        }));
    }
    for (v, r) in [(1, 2), (2, 3), (4, 4), (5, 6), (9, 9)] {
        bombs.push(Bomb::new(format!("encryption {v}/{r}"), move || {
            let mut pdf = Pdf::default();
            let root = pdf.add(CATALOG);
            pdf.add("<< /Type /Pages /Count 0 /Kids [] >>");
            pdf.trailer(&format!("/ID [<00> <00>] /Encrypt << /Filter /Standard /V {v} /R {r} /Length 2147483647 /P -4 /O <{0}> /U <{0}> /OE <00> /UE <00> /Perms <00> /CF << /StdCF << /CFM /AESV3 >> >> /StmF /StdCF >>", "41".repeat(48)));
            pdf.bytes(root)
        }));
    }
}

pub fn bombs() -> Vec<Bomb> {
    let mut bombs = Vec::new();
    trees(&mut bombs);
    streams(&mut bombs);
    contents(&mut bombs);
    fonts(&mut bombs);
    structure(&mut bombs);
    bombs
}

/// Sound files of many kinds to be damaged.
pub fn sound() -> Vec<Vec<u8>> {
    let text = lines(&["A line of text", "another (with) \\ signs", "and a third"]);
    let map = b"/CIDInit /ProcSet findresource begin begincmap 1 begincodespacerange <0000> <ffff> endcodespacerange\n\
        2 beginbfrange <0000> <0010> <ac00> <0020> <0022> [<0041> <0042> <d83dde00>] endbfrange 1 beginbfchar <0030> <00660069> endbfchar endcmap end end";
    let cid = "<< /Type /Font /Subtype /Type0 /BaseFont /A /Encoding /Identity-H /ToUnicode 7 0 R /DescendantFonts [8 0 R] >>";
    let mapped = page("", b"BT /F2 12 Tf 72 700 Td <000000010020003000220003> Tj ET", "/Font << /F2 6 0 R >>", &[
        cid.as_bytes().to_vec(),
        stream("/Filter /FlateDecode", &deflated(map)),
        b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /A /DW 500 /W [0 [500 600] 5 9 700] /CIDSystemInfo << /Registry (Adobe) /Ordering (Korea1) /Supplement 1 >> >>".to_vec(),
    ]);
    let form = stream(
        "/Type /XObject /Subtype /Form /BBox [0 0 612 792] /Matrix [1 0 0 1 5 5] /Resources << /Font << /F1 5 0 R >> >>",
        &text,
    );
    let glyphs = "<< /Type /Font /Subtype /Type3 /FontBBox [0 0 1 1] /FontMatrix [.001 0 0 .001 0 0] /CharProcs << /a 7 0 R >> /Encoding << /Differences [97 /a] >> /FirstChar 97 /LastChar 97 /Widths [1000] >>";
    vec![
        pages(&[text.clone(), lines(&["second page"]), Vec::new()], ""),
        page("/Filter /FlateDecode", &deflated(&text), "", &[]),
        page("/Filter [/ASCIIHexDecode /FlateDecode]", &deflated(&text).iter().map(|byte| format!("{byte:02x}")).collect::<String>().into_bytes(), "", &[]),
        mapped,
        page("", b"q 2 0 0 2 0 0 cm /X Do Q /X Do", "/XObject << /X 6 0 R >>", &[form]),
        page("", b"BT /F2 12 Tf (aaa) Tj ET", "/Font << /F2 6 0 R >>", &[glyphs.as_bytes().to_vec(), stream("", b"1000 0 d0 0 0 750 750 re f")]),
        page("", b"BT /F1 12 Tf [(ab) -300 (cd) 20 (ef)] TJ 0 -14 Td /P << /ActualText <feffac00> >> BDC (x) Tj EMC ET BI /W 1 /H 1 /BPC 8 /CS /G ID x EI", "", &[]),
        packed_objects(&text),
    ]
}

/// A file of PDF 1.5: its objects in a stream, its table in another.
fn packed_objects(text: &[u8]) -> Vec<u8> {
    let objects = [
        CATALOG,
        "<< /Type /Pages /Count 1 /Kids [3 0 R] /MediaBox [0 0 612 792] >>",
        "<< /Type /Page /Parent 2 0 R /Contents 5 0 R /Resources << /Font << /F1 4 0 R >> >> >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ];
    let (mut head, mut body) = (String::new(), String::new());
    for (i, object) in objects.iter().enumerate() {
        head.push_str(&format!("{} {} ", i + 1, body.len()));
        body.push_str(object);
        body.push(' ');
    }
    let packed = deflated(format!("{head}{body}").as_bytes());
    let mut file = b"%PDF-1.5\n".to_vec();
    let contents = file.len();
    file.extend(
        [
            b"5 0 obj\n".to_vec(),
            stream("", text),
            b"\nendobj\n".to_vec(),
        ]
        .concat(),
    );
    let container = file.len();
    file.extend(
        [
            b"6 0 obj\n".to_vec(),
            stream(
                &format!(
                    "/Type /ObjStm /N 4 /First {} /Filter /FlateDecode",
                    head.len()
                ),
                &packed,
            ),
            b"\nendobj\n".to_vec(),
        ]
        .concat(),
    );
    let table = file.len();
    let mut rows = vec![0u8, 0, 0, 0];
    for i in 0..4u8 {
        rows.extend([2, 0, 6, i]);
    }
    for at in [contents, container, table] {
        rows.extend([1, (at >> 8) as u8, at as u8, 0]);
    }
    file.extend(
        [
            b"7 0 obj\n".to_vec(),
            stream("/Type /XRef /W [1 2 1] /Size 8 /Root 1 0 R", &rows),
            b"\nendobj\n".to_vec(),
        ]
        .concat(),
    );
    file.extend(format!("startxref\n{table}\n%%EOF\n").bytes());
    file
}

/// Damaged copies of sound files.
pub fn mutations(count: usize) -> Vec<Bomb> {
    let sound = sound();
    let each = count.div_ceil(sound.len());
    let bombs = (100..)
        .zip(sound)
        .flat_map(|(seed, file)| damaged(file, each, seed));
    bombs.take(count).collect()
}
