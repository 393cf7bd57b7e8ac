//! HTML is cut at headings and blocks, and what fits is not torn.
#![allow(clippy::unwrap_used, reason = "tests")]

use gori_core::{Document, Splitter};
use gori_splitters::Html;
use proptest::prelude::*;

fn headings(text: &str) -> Vec<String> {
    let document = Document::new("a.html", text);
    let chunks = Html::chars(500).split(&document);
    chunks
        .iter()
        .map(|chunk| chunk.headings.join("/"))
        .collect()
}

#[test]
fn the_path_of_headings_is_kept() {
    let text = "<body>intro<section><h1>A</h1><p>a<h2 class=\"x\">B <b>bold</b></h2>b</section>\
                <div><H2><a href='#'>C</a></H2>c</div><h4>D</h4><h1>E</h1>e</body>";
    assert_eq!(
        headings(text),
        ["", "A", "A/B <b>bold", "A/C", "A/C/D", "E"]
    );
}

#[test]
fn a_heading_with_nothing_below_it_stands_with_its_first_subsection() {
    let document = Document::new("a.html", "<h1>A</h1>\n<div><h2>B</h2>\n<p>b</p></div>");
    let chunks = Html::chars(500).split(&document);
    assert_eq!(chunks.len(), 1);
    assert_eq!(chunks[0].headings, ["A", "B"]);
}

#[test]
fn what_looks_like_a_heading_in_a_script_a_comment_or_an_attribute_is_none() {
    for text in [
        "<script>s = '<h1>no</h1>'</script>x",
        "<!-- <h1>no</h1> -->x",
        "<p title='<h1>no</h1>'>x</p>",
        "<pre>&lt;h1> <h1>no</h1></pre>x",
        "<table><tr><td><h1>no</h1></td></tr></table>x",
        "<h7>no</h7>x",
        "<style><h1>no</h1>",
    ] {
        assert_eq!(headings(text), [""], "{text}");
    }
}

#[test]
fn a_section_begins_with_the_blocks_that_begin_with_its_heading() {
    let document = Document::new("a.html", "<p>x</p>\n<section>\n<h2>A</h2>a</section>");
    let chunks = Html::chars(500).split(&document);
    assert_eq!(chunks[1].text(), "<section>\n<h2>A</h2>a</section>");
}

#[test]
fn a_table_too_long_is_cut_between_its_rows() {
    let row = |n: usize| format!("<tr><td>{n}</td><td>value of {n}</td></tr>\n");
    let text = format!("<table>\n{}</table>", (10..40).map(row).collect::<String>());
    let document = Document::new("a.html", text.as_str());
    let chunks = Html::chars(120).split(&document);
    assert!(chunks.len() > 5);
    for chunk in &chunks[1..] {
        assert!(chunk.text().starts_with("<tr>"), "{:?}", chunk.text());
    }
}

#[test]
fn hostile_markup_costs_time_in_proportion_to_its_length() {
    let parts = [
        "<div>",
        "<p",
        "<a \"",
        "</",
        "<!--",
        "<b x='",
        "<h1>",
        "<script>",
        "<pre>",
        "<table><tr><td>",
        "<",
        "<a x=\"",
    ];
    for part in parts {
        let document = Document::new("a.html", part.repeat((1 << 20) / part.len()));
        assert!(!Html::chars(1000).split(&document).is_empty());
    }
}

/// A block of a page: its text, and whether it must stay whole.
fn block() -> impl Strategy<Value = (String, bool)> {
    let words = "[a-z]{1,7}( [a-z]{1,7}){0,5}";
    prop_oneof![
        words.prop_map(|w| (format!("<p>{w}</p>\n"), false)),
        words.prop_map(|w| (format!("<p>{w}<br>{w}\n"), false)),
        words.prop_map(|w| (
            format!("<table><tr><td>{w}</td><td><p>{w}</p></td></tr></table>\n"),
            true
        )),
        words.prop_map(|w| (format!("<pre>{w}\n\n<b>{w}</b>\n</pre>"), true)),
        words.prop_map(|w| (format!("<ul><li>{w}<li>{w}</ul>"), true)),
        words.prop_map(|w| (format!("<h2>{w}</h2>"), true)),
        words.prop_map(|w| (format!("{w}. {w}"), false)),
        Just(("<div>".to_owned(), false)),
        Just(("</div>".to_owned(), false)),
        Just(("<!-- x -->".to_owned(), false)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]
    #[test]
    fn blocks_that_fit_are_whole(blocks in prop::collection::vec(block(), 0..14), size in 1_usize..300) {
        let text: String = blocks.iter().map(|(text, _)| text.as_str()).collect();
        let document = Document::new("a.html", text.as_str());
        let chunks = Html::bytes(size).split(&document);
        let mut at = 0;
        for (block, whole) in &blocks {
            let (start, end) = (at, at + block.trim_end().len());
            at += block.len();
            // Blanks before the next block count as the block's.
            if !whole || block.len() > size {
                continue;
            }
            for chunk in &chunks {
                for border in [chunk.span().start, chunk.span().end] {
                    prop_assert!(border <= start || border >= end, "{block:?} is torn in chunks of {size} of {text:?}");
                }
            }
        }
    }
}
