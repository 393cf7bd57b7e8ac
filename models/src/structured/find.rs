//! Finding JSON in what a model wrote.

use serde_json::Value as Json;

/// How many places a text is tried from, so that a page of braces stays cheap.
const TRIES: usize = 200;

/// The objects and arrays that stand in a text, in order and not within each other: the whole
/// text, the content of fences, or between sentences.
pub(crate) fn objects(text: &str) -> Vec<Json> {
    parts(text).0
}

/// The objects and arrays in a text, and the text between them.
pub(crate) fn parts(text: &str) -> (Vec<Json>, Vec<&str>) {
    let (mut found, mut between) = (Vec::new(), Vec::new());
    // Of the text, what is between begins here, and is looked through from there.
    let (mut rest, mut from) = (text, 0);
    for _ in 0..TRIES {
        let Some(start) = rest.get(from..).and_then(|rest| rest.find(['{', '['])) else {
            break;
        };
        let (before, value) = rest.split_at(from + start);
        let mut values = serde_json::Deserializer::from_str(value).into_iter::<Json>();
        match values.next() {
            Some(Ok(json)) => {
                found.push(json);
                between.push(before);
                (rest, from) = (value.get(values.byte_offset()..).unwrap_or_default(), 0);
            }
            _ => from += start + 1,
        }
    }
    between.push(rest);
    (found, between)
}

/// The values that the text may mean, the likeliest first: all of it, then what stands in it.
pub(crate) fn candidates(text: &str) -> Vec<Json> {
    match serde_json::from_str(text.trim()) {
        Ok(whole) => vec![whole],
        Err(_) => objects(text),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn json_is_found_wherever_models_put_it() {
        let value = json!({"a": "}{\"", "b": [1, {"c": null}]});
        for text in [
            value.to_string(),
            format!("\n {value:#} \n"),
            format!("```json\n{value}\n```"),
            format!("Sure! Here it is:\n```\n{value:#}\n```\nAnything else?"),
            format!("<tool_call>{value}</tool_call>"),
            format!("I think {{that}} [sic] it is {value}, or {{so."),
        ] {
            assert_eq!(candidates(&text), std::slice::from_ref(&value), "{text}");
        }
        assert_eq!(candidates("one {\"a\":1} two {\"a\":2}").len(), 2);
        assert_eq!(candidates("42"), [json!(42)]);
        for text in ["", "no", "{", "[[[", "{'a': 1}"] {
            assert!(candidates(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn what_stands_between_is_kept() {
        let (found, between) = parts("so [sic {\"a\":1} and [2]{] end");
        assert_eq!(found, [json!({"a": 1}), json!([2])]);
        assert_eq!(between, ["so [sic ", " and ", "{] end"]);
    }

    #[test]
    fn a_page_of_braces_is_cheap() {
        assert!(objects(&"[".repeat(1 << 20)).is_empty());
        assert!(objects(&"{\"a\":".repeat(1 << 18)).is_empty());
    }

    proptest! {
        #[test]
        fn any_object_in_any_prose_is_found(before in "[^{\\[]{0,40}", key in "[a-z]{1,5}", value in ".{0,20}", after in "[^{\\[]{0,40}") {
            let object = json!({ key: value });
            let found = objects(&format!("{before}{object}{after}"));
            prop_assert_eq!(found, [object]);
        }
    }
}
