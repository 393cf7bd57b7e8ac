//! JSON is cut at its structure, and a chunk tells where in it it lies.
#![allow(clippy::unwrap_used, reason = "tests")]

use gori_core::{Document, Splitter};
use gori_splitters::Json;
use proptest::prelude::*;
use serde_json::Value;

fn paths(text: &str, size: usize) -> Vec<(String, Option<String>)> {
    let document = Document::new("a.json", text);
    let chunks = Json::chars(size).split(&document);
    let both = chunks
        .iter()
        .map(|chunk| (chunk.text().to_owned(), chunk.path.clone()));
    both.collect()
}

#[test]
fn the_path_is_a_json_pointer() {
    let text = r#"{"a/b": {"m~n": [10, 20, 30], "é": "x"}, "c": null}"#;
    let found = paths(text, 12);
    let pointers: Vec<_> = found
        .iter()
        .filter_map(|(_, path)| path.as_deref())
        .collect();
    assert!(pointers.contains(&"/a~1b/m~0n"), "{found:?}");
    let root: Value = serde_json::from_str(text).unwrap();
    for pointer in pointers {
        assert!(root.pointer(pointer).is_some(), "{pointer}");
    }
    assert_eq!(paths(text, 500), [(text.to_owned(), None)]);
}

#[test]
fn lines_of_json_are_cut_between_them() {
    let text = "{\"id\": 1, \"t\": \"one\"}\n{\"id\": 2, \"t\": \"two\"}\n[3]\n4\n";
    let found = paths(text, 25);
    let texts: Vec<_> = found.iter().map(|(text, _)| text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "{\"id\": 1, \"t\": \"one\"}",
            "{\"id\": 2, \"t\": \"two\"}",
            "[3]\n4"
        ]
    );
}

#[test]
fn a_long_string_is_cut_at_the_line_breaks_written_in_it() {
    let text = r#"{"text": "First paragraph.\n\nSecond one.\nThird line."}"#;
    let texts: Vec<_> = paths(text, 30).into_iter().map(|(text, _)| text).collect();
    assert_eq!(texts[0], r#"{"text": "First paragraph.\n\n"#);
    assert_eq!(paths(text, 30)[1].1.as_deref(), Some("/text"));
}

#[test]
fn nesting_without_end_costs_no_stack_and_little_time() {
    for text in [
        "[".repeat(1 << 20),
        "{\"a\":".repeat(1 << 18),
        "[1,".repeat(1 << 18) + "]",
    ] {
        assert!(!paths(&text, 1000).is_empty());
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-z \"\\\\\n/~é한]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[a-z/~\"é]{0,4}", inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Where strings, numbers and words stand, keys with the value behind them apart.
fn scalars(text: &str) -> Vec<(usize, usize)> {
    let (mut found, mut start, mut quoted, mut escaped) = (Vec::new(), None, false, false);
    for (at, char) in text.char_indices() {
        if quoted {
            quoted = escaped || char != '"';
            escaped = char == '\\' && !escaped;
            if !quoted {
                found.push((start.take().unwrap(), at + 1));
            }
        } else if "{}[],: \n".contains(char) {
            found.extend(start.take().map(|start| (start, at)));
        } else if start.is_none() {
            (start, quoted) = (Some(at), char == '"');
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]
    #[test]
    fn scalars_that_fit_are_whole_and_pointers_lead_somewhere(
        root in value(), pretty: bool, size in 40_usize..90,
    ) {
        let text = if pretty { serde_json::to_string_pretty(&root) } else { serde_json::to_string(&root) };
        let text = text.unwrap();
        let document = Document::new("a.json", text.as_str());
        let whole = scalars(&text);
        for chunk in Json::bytes(size).split(&document) {
            if let Some(pointer) = &chunk.path {
                prop_assert!(root.pointer(pointer).is_some(), "{pointer} in {text}");
            }
            for end in [chunk.span().start, chunk.span().end] {
                let torn = whole.iter().find(|(from, to)| *from < end && end < *to && to - from < 36);
                prop_assert_eq!(torn, None, "cut at {} in {}", end, text);
            }
        }
    }
}
