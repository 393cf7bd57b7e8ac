//! HTML to Markdown: what a reader sees, what is left out, and that no page takes for ever.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::time::{Duration, Instant};

use gori_core::{Document, ErrorKind};
use gori_loaders::{Blob, Formats, Html, Reader};

fn read(html: impl Into<Vec<u8>>) -> Document {
    let mut documents = Reader::new().documents(Blob::new("a.html", html)).unwrap();
    assert_eq!(documents.len(), 1);
    documents.remove(0)
}

fn text(html: &str) -> String {
    read(html).text
}

#[test]
fn what_a_reader_sees_becomes_markdown() {
    let cases = [
        (
            "<h2>A  title</h2><p>one\ntwo</p><p>three",
            "## A title\n\none two\n\nthree\n",
        ),
        ("<p>a<br>b<hr>c", "a\nb\n\n---\n\nc\n"),
        (
            "<p>a <b>bold</b> and <i>thin</i><code>x</code>.",
            "a **bold** and *thin*`x`.\n",
        ),
        ("<p>no <b> </b>mark <b></b>here", "no mark here\n"),
        (
            "<p><a href='/x y?(1)'>go [on]</a> <a href='#a'>stay</a>",
            "[go \\[on\\]](/x%20y?%281%29) stay\n",
        ),
        (
            "<ul><li>a<li>b<ul><li>c</ul><li><p>d</ul>e",
            "- a\n- b\n  - c\n- d\n\ne\n",
        ),
        ("<ol start=9><li>a<li>b</ol>", "9. a\n10. b\n"),
        ("<blockquote><p>a<p>b</blockquote>c", "> a\n>\n> b\n\nc\n"),
        (
            "<pre><code class='x language-rust'>fn a() {\n    ``` }\n</code></pre>",
            "````rust\nfn a() {\n    ``` }\n````\n",
        ),
        (
            "<table><thead><tr><th>a<th>b</thead><tr><td>1|<td>2<tr><td>3</table>",
            "| a | b |\n| --- | --- |\n| 1\\| | 2 |\n| 3 |  |\n",
        ),
        (
            "<table><tr><td>layout <p>as text</table>",
            "layout\n\nas text\n",
        ),
        (
            "<p>x<script>var a = '<p>no';</script><style>p{}</style><noscript>no</noscript>",
            "x\n",
        ),
        (
            "<p>a<!-- no --><span hidden>no</span><span aria-hidden=true>no</span>b",
            "ab\n",
        ),
        (
            "<p>a&nbsp;b &amp; &lt;c&gt; &eacute;&#44032;",
            "a b & <c> é가\n",
        ),
        (
            "<p>see <img src=x alt='a picture'><img src=y>",
            "see [image: a picture]\n",
        ),
        ("<dl><dt>term<dd>what it is</dl>", "term\n: what it is\n"),
        (
            "<template><p>no</template><svg><text>no</text></svg>yes",
            "yes\n",
        ),
        ("just text", "just text\n"),
    ];
    for (html, expected) in cases {
        assert_eq!(text(html), expected, "{html}");
    }
}

#[test]
fn title_author_and_description_are_metadata() {
    let document = read(
        "<!doctype html><title> A\n title </title><meta name=Author content='Kim'>\
         <meta name=description content='What it is'><h1>Other</h1>",
    );
    assert_eq!(document.metadata["title"], "A title".into());
    assert_eq!(document.metadata["author"], "Kim".into());
    assert_eq!(document.metadata["description"], "What it is".into());
    assert_eq!(document.metadata["media_type"], "text/html".into());
    assert_eq!(
        read("<h1>Only heading</h1>x").metadata["title"],
        "Only heading".into()
    );
}

#[test]
fn the_charset_is_that_of_the_page() {
    let korean = "<meta charset=euc-kr><p>고리는 사슬의 마디";
    let bytes = encoding_rs::EUC_KR.encode(korean).0.into_owned();
    assert_eq!(read(bytes).text, "고리는 사슬의 마디\n");
    let japanese = "<meta http-equiv=Content-Type content='text/html; charset=Shift_JIS'><p>日本語";
    let bytes = encoding_rs::SHIFT_JIS.encode(japanese).0.into_owned();
    assert_eq!(read(bytes).text, "日本語\n");
}

const FRAME: &str = "<nav><ul><li><a href=/>Home</a></ul></nav><header>Banner</header>";

fn page(body: &str) -> String {
    format!("<!doctype html><body>{FRAME}{body}<footer>Imprint</footer>")
}

#[test]
fn the_main_content_is_told_from_its_frame() {
    let story = "The store survives a power cut because its log is the truth. ".repeat(10);
    let bodies = [
        format!("<main><h1>T</h1><p>{story}</main>"),
        format!("<div role=main><h1>T</h1><p>{story}</div>"),
        format!(
            "<div class=side><a href=/a>Link</a></div><div><div id=c><h1>T</h1><p>{story}<p>{story}</div></div>"
        ),
        format!("<article><header><h1>T</h1></header><p>{story}</article>"),
    ];
    for body in bodies {
        let text = text(&page(&body));
        assert!(text.starts_with("# T\n\nThe store"), "{text}");
        for gone in ["Home", "Banner", "Imprint", "Link"] {
            assert!(!text.contains(gone), "{gone} in {text}");
        }
    }
}

#[test]
fn a_page_without_a_main_part_comes_whole_and_so_does_one_that_is_asked_for() {
    let whole = text(&page("<p>short"));
    assert!(whole.contains("Home") && whole.contains("short"), "{whole}");
    let reader = Reader::new().formats(Formats::default().with(Html::whole()));
    let html = page(&format!("<main>{}</main>", "words ".repeat(100)));
    let documents = reader.documents(Blob::new("a.html", html)).unwrap();
    assert!(documents[0].text.contains("Imprint"));
}

/// Pages that other parsers take minutes or gigabytes for. The first number is how many times
/// the piece is repeated.
fn bombs() -> Vec<(&'static str, String)> {
    let repeat = |count: usize, piece: &str| piece.repeat(count);
    let attributes = |count: usize| -> String { (0..count).map(|i| format!(" a{i}=1")).collect() };
    let formatting: String = (0..400).map(|i| format!("<b id=b{i}>")).collect();
    vec![
        ("nested div", repeat(100_000, "<div>")),
        ("nested table", repeat(20_000, "<table><tr><td>")),
        ("nested svg", format!("<svg>{}", repeat(100_000, "<g>"))),
        ("nested svg roots", repeat(100_000, "<svg>")),
        ("nested math", repeat(100_000, "<math><mi>")),
        ("nested template", repeat(50_000, "<template>")),
        ("nested select", repeat(100_000, "<select><option>")),
        ("nested lists", repeat(50_000, "<ul><li>")),
        ("nested quotes", repeat(50_000, "<blockquote>")),
        ("nested formatting", repeat(50_000, "<b><i><u><s>")),
        ("nested links", repeat(50_000, "<a href=x>")),
        ("nested button", repeat(100_000, "<button>")),
        ("unclosed paragraphs", repeat(300_000, "<p>")),
        (
            "unclosed formatting",
            format!("{formatting}{}", repeat(200_000, "<p>x")),
        ),
        (
            "foster parents",
            format!("<table>{}", repeat(100_000, "<b>x<tr>")),
        ),
        ("attributes", format!("<p{}>x", attributes(100_000))),
        (
            "attributes of an end",
            format!("<p></p{}>x", attributes(100_000)),
        ),
        (
            "attributes after a desynchronised quote",
            format!("<script>i <n \"</script><p{}>", attributes(100_000)),
        ),
        (
            "attributes behind an empty comment",
            format!("<!--><p{}>", attributes(100_000)),
        ),
        ("attributes of html", repeat(50_000, "<html a=1 b=2 c=3>")),
        (
            "a long attribute",
            format!("<p a='{}'>x", repeat(2_000_000, "a ")),
        ),
        ("a long tag name", format!("<{}>x", repeat(2_000_000, "a"))),
        (
            "an open comment",
            format!("x<!--{}", repeat(2_000_000, "a-")),
        ),
        (
            "an open script",
            format!("x<script>{}", repeat(500_000, "<!--<script>")),
        ),
        ("an open tag", format!("x<p {}", repeat(2_000_000, "a"))),
        ("entities", repeat(500_000, "&amp;")),
        ("unknown entities", repeat(500_000, "&notit;")),
        ("end tags alone", repeat(300_000, "</p>")),
        ("wrong end tags", repeat(100_000, "<b></i>")),
        ("adoption", repeat(50_000, "<a><p></a>")),
        ("noughts", repeat(2_000_000, "\0")),
        (
            "wide table",
            format!("<table><tr>{}", repeat(500_000, "<td>x")),
        ),
        (
            "long table",
            format!("<table>{}", repeat(200_000, "<tr><td>x<td>y")),
        ),
        ("headings", repeat(200_000, "<h1>x")),
        ("images", repeat(200_000, "<img alt=x>")),
        (
            "open doctype",
            format!("<!doctype {}", repeat(1_000_000, "a ")),
        ),
        (
            "cdata",
            format!("<svg><![CDATA[{}", repeat(1_000_000, "]]")),
        ),
        (
            "plaintext",
            format!("<plaintext>{}", repeat(500_000, "<p>")),
        ),
        (
            "nested forms and nav",
            repeat(50_000, "<nav><form><header>"),
        ),
        ("texts around elements", repeat(300_000, "x<i></i>")),
    ]
}

#[test]
fn no_page_takes_for_ever() {
    let bombs = bombs();
    let (mut read, mut refused) = (0, 0);
    let mut slowest = (Duration::ZERO, "");
    for (name, html) in &bombs {
        let start = Instant::now();
        let result = Reader::new().documents(Blob::new("a.html", html.as_str()));
        let took = start.elapsed();
        slowest = slowest.max((took, name));
        assert!(took < Duration::from_secs(10), "{name}: {took:?}");
        match result {
            Ok(_) => read += 1,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::TooLarge, "{name}: {error}");
                refused += 1;
            }
        }
    }
    println!(
        "{} pages: {read} read, {refused} refused, slowest {slowest:?}",
        bombs.len()
    );
    assert!(refused >= 10, "the limits must have something to do");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig {
        cases: 256,
        failure_persistence: None,
        ..Default::default()
    })]

    #[test]
    fn every_word_outside_of_what_is_silent_comes_through(
        words in proptest::collection::vec("[a-z]{3,8}", 1..30),
        tags in proptest::collection::vec(
            proptest::sample::select(vec!["p", "div", "li", "ul", "b", "td", "tr", "table", "h1",
                "blockquote", "a href=/x", "code", "section", "dl", "dd", "ol", "em", "tbody"]),
            1..30,
        ),
        closing in proptest::collection::vec(proptest::bool::ANY, 30),
    ) {
        let mut html = String::new();
        for (i, word) in words.iter().enumerate() {
            let tag = tags[i % tags.len()];
            let name = tag.split(' ').next().unwrap();
            html.push_str(&format!("<{tag}>{word} "));
            if closing[i % closing.len()] {
                html.push_str(&format!("</{name}>"));
            }
        }
        let text = text(&html);
        for word in &words {
            proptest::prop_assert!(text.contains(word), "{word} of {html} is not in {text}");
        }
    }
}
