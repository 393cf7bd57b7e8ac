//! The YAML block between `---` lines at the top of a Markdown file.

use gori_core::{Metadata, Value};
use saphyr_parser::{Event, Parser, ScalarStyle};

/// Front matter above this size is left as text.
const MAX_BYTES: usize = 64 << 10;
/// How deep maps may be nested; deeper ones are refused.
const MAX_DEPTH: usize = 16;

/// Where front matter stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found<'t> {
    pub(super) yaml: &'t str,
    /// The byte after the closing line.
    pub(super) end: usize,
    /// The lines that it takes with both marks.
    pub(super) lines: usize,
}

/// Finds the block: the first line is `---`, and a later line is `---` or `...`.
pub(super) fn find(text: &str) -> Option<Found<'_>> {
    let mut at = 0;
    let mut start = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let bare = line.trim_end();
        if number == 0 {
            if bare != "---" {
                return None;
            }
            start = line.len();
        } else if bare == "---" || bare == "..." {
            return Some(Found {
                yaml: text.get(start..at)?,
                end: at + line.len(),
                lines: number + 1,
            });
        }
        at += line.len();
        if at > MAX_BYTES {
            return None;
        }
    }
    None
}

/// Reads a block into metadata: scalars and lists under their keys, maps under `outer.inner`.
///
/// The parser gives events and expands nothing, so aliases, which make small files large,
/// have no effect: an alias is left out.
pub(super) fn parse(yaml: &str) -> Result<Metadata, String> {
    let mut reader = Reader::default();
    let mut parser = Parser::new_from_str(yaml);
    while let Some(event) = parser.next_event() {
        let (event, _) = event.map_err(|error| error.to_string())?;
        reader.take(event)?;
    }
    Ok(reader.fields)
}

#[derive(Default)]
struct Reader {
    fields: Metadata,
    open: Vec<Open>,
}

/// A container that is being read.
enum Open {
    /// A map, with the key whose value comes next.
    Map(Option<String>),
    List(Vec<Value>),
}

impl Reader {
    fn take(&mut self, event: Event<'_>) -> Result<(), String> {
        match event {
            Event::MappingStart(..) => self.push(Open::Map(None))?,
            Event::SequenceStart(..) => self.push(Open::List(Vec::new()))?,
            Event::MappingEnd => {
                self.open.pop();
                self.value_done();
            }
            Event::SequenceEnd => {
                if let Some(Open::List(list)) = self.open.pop() {
                    self.value(Some(Value::List(list)));
                }
            }
            Event::Scalar(text, style, ..) => self.scalar(&text, style),
            Event::Alias(_) => self.value(None),
            _ => {}
        }
        Ok(())
    }

    fn push(&mut self, open: Open) -> Result<(), String> {
        if self.open.len() >= MAX_DEPTH {
            return Err(format!("nested deeper than {MAX_DEPTH}"));
        }
        self.open.push(open);
        Ok(())
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle) {
        if let Some(Open::Map(key @ None)) = self.open.last_mut() {
            *key = Some(text.to_owned());
            return;
        }
        self.value(plain_value(text, style));
    }

    /// A value is complete: it goes to the list or under the path of keys.
    fn value(&mut self, value: Option<Value>) {
        let in_list = self.is_in_list();
        match (self.open.last_mut(), value) {
            (Some(Open::List(list)), Some(value)) => list.push(value),
            // A map inside of a list has no path of its own; its values are left out.
            (Some(Open::Map(Some(_))), Some(value)) if !in_list => {
                let path: Vec<&str> = self.open.iter().filter_map(Open::key).collect();
                self.fields.insert(path.join("."), value);
            }
            _ => {}
        }
        self.value_done();
    }

    fn is_in_list(&self) -> bool {
        self.open.iter().any(|open| matches!(open, Open::List(_)))
    }

    /// The next scalar of the innermost map is a key again.
    fn value_done(&mut self) {
        if let Some(Open::Map(key)) = self.open.last_mut() {
            *key = None;
        }
    }
}

impl Open {
    fn key(&self) -> Option<&str> {
        match self {
            Self::Map(key) => key.as_deref(),
            Self::List(_) => None,
        }
    }
}

/// A scalar by YAML's core schema. Quoted ones are text whatever they hold; null is nothing.
fn plain_value(text: &str, style: ScalarStyle) -> Option<Value> {
    if style != ScalarStyle::Plain {
        return Some(Value::Str(text.to_owned()));
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return None,
        "true" | "True" | "TRUE" => return Some(Value::Bool(true)),
        "false" | "False" | "FALSE" => return Some(Value::Bool(false)),
        _ => {}
    }
    if let Ok(int) = text.parse::<i64>() {
        return Some(Value::Int(int));
    }
    let numeric = text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
    match text.parse::<f64>() {
        Ok(float) if numeric && float.is_finite() => Some(Value::Float(float)),
        _ => Some(Value::Str(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_is_found_with_its_lines() {
        let found = find("---\r\ntitle: x\r\n---\r\nbody").unwrap();
        assert_eq!((found.yaml, found.lines), ("title: x\r\n", 3));
        assert_eq!(find("----\ntitle: x\n---\n"), None);
        assert_eq!(
            find("---\ntitle: x\n"),
            None,
            "never closed: a rule, then text"
        );
        assert_eq!(find("\n---\ntitle: x\n---\n"), None);
    }

    #[test]
    fn scalars_lists_and_maps_become_fields() {
        let fields = parse(
            "title: \"고리: a chain\"\ntags: [a, 'b', 3]\ndraft: false\nweight: 2.5\nid: 007x\n\
             author:\n  name: Kim\n  links:\n    home: https://example.org\nnone: ~\n\
             list:\n  - one\n  - two\nauthors:\n  - name: in a list\ntext: |\n  two\n  lines\n",
        )
        .unwrap();
        assert_eq!(fields.get("title"), Some(&"고리: a chain".into()));
        assert_eq!(
            fields.get("tags"),
            Some(&Value::List(vec!["a".into(), "b".into(), 3.into()]))
        );
        assert_eq!(fields.get("draft"), Some(&false.into()));
        assert_eq!(fields.get("weight"), Some(&2.5.into()));
        assert_eq!(fields.get("id"), Some(&"007x".into()));
        assert_eq!(fields.get("author.name"), Some(&"Kim".into()));
        assert_eq!(
            fields.get("author.links.home"),
            Some(&"https://example.org".into())
        );
        assert_eq!(fields.get("none"), None);
        assert_eq!(
            fields.get("list"),
            Some(&Value::List(vec!["one".into(), "two".into()]))
        );
        assert_eq!(fields.get("text"), Some(&"two\nlines\n".into()));
    }

    #[test]
    fn aliases_and_depth_cannot_make_a_small_block_large() {
        let mut laughs = "a0: &a0 [lol, lol, lol]\n".to_owned();
        for i in 1..40 {
            laughs.push_str(&format!("a{i}: &a{i} [*a{0}, *a{0}, *a{0}]\n", i - 1));
        }
        let fields = parse(&laughs).unwrap();
        assert!(fields.len() <= 40);
        assert!(parse(&"[".repeat(10_000)).is_err());
        assert!(parse(&"a: {".repeat(10_000)).is_err());
    }
}
