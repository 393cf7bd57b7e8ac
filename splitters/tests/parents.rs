//! Small chunks know the large ones they were cut from.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::text;
use gori_core::{Document, Splitter};
use gori_splitters::{Json, Markdown, Parents, Recursive, Sentence};
use proptest::prelude::*;

#[test]
fn headings_of_both_are_joined_once() {
    let text = "# A\n\n## B\n\none two three four\n\n## C\n\nfive six seven eight\n";
    let document = Document::new("a.md", text);
    for children in [12, 30] {
        let splitter = Parents::new(Markdown::chars(40), Markdown::chars(children));
        let chunks = splitter.split(&document);
        let last = chunks.last().unwrap();
        assert_eq!(last.headings, ["A", "C"], "{chunks:#?}");
        let whole = Parents::new(Recursive::chars(500), Markdown::chars(30)).split(&document);
        assert_eq!(whole.last().unwrap().headings, ["A", "C"]);
    }
}

#[test]
fn a_path_in_a_piece_is_no_path_in_the_whole() {
    let document = Document::new(
        "a.json",
        r#"{"a": {"x": 1, "y": 2}, "b": {"x": 3, "y": 4}}"#,
    );
    let splitter = Parents::new(Json::chars(25), Json::chars(10));
    let root: serde_json::Value = serde_json::from_str(&document.text).unwrap();
    let mut tried = 0;
    for chunk in splitter.split(&document) {
        if let Some(path) = &chunk.path {
            let value = root.pointer(path).unwrap().to_string();
            let last = path.rsplit('/').next().unwrap();
            let number = chunk.text().trim_matches(|c: char| !c.is_ascii_digit());
            assert!(value.contains(number), "{chunk:?}");
            assert!(
                chunk.text().contains(last) || value.contains('{'),
                "{chunk:?}"
            );
            tried += 1;
        }
    }
    assert!(tried > 2, "{tried}");
}

proptest! {
    #[test]
    fn children_lie_in_their_parents_and_make_them_up(
        text in text(), size in 1_usize..40, overlap in 0_usize..20,
    ) {
        let document = Document::new("a.txt", text);
        let parents = Recursive::chars(size * 3).overlap(overlap.min(size)).unwrap();
        let spans: Vec<_> = parents.split(&document).iter().map(|parent| parent.span()).collect();
        let splitter = Parents::new(parents, Sentence::chars(size));
        let chunks = splitter.split(&document);
        for chunk in &chunks {
            let parent = chunk.parent.clone().unwrap();
            prop_assert!(parent.start <= chunk.span().start && chunk.span().end <= parent.end);
            prop_assert!(spans.contains(&parent));
        }
    }
}
