//! XML as a walk over elements, attributes and text, under limits.
//!
//! Names come without their namespace prefix: the formats that are read here are told apart
//! by the file they stand in. Entities of a document's own are not expanded, so that none can
//! grow or reach outside.

use gori_core::{Error, ErrorKind, Result};
use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

use crate::Limits;
use crate::limits::too_large;

/// A step of the walk.
pub(crate) enum Node<'a> {
    Open(&'a str, &'a Attrs),
    Text(&'a str),
    Close(&'a str),
}

/// The attributes of an element, by name without prefix.
#[derive(Debug, Default)]
pub(crate) struct Attrs(Vec<(String, String)>);

impl Attrs {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Every value under this name: two prefixes may share a name.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(move |(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }
}

/// How many nodes pass between two looks at the stop flag.
const NODES_A_CHECK: u32 = 4096;

/// Walks a document.
///
/// # Errors
/// `Corrupt` when it is no XML, `TooLarge` when a limit is passed, and those of `check` and
/// of `each`.
pub(crate) fn walk(
    bytes: &[u8],
    limits: &Limits,
    check: &dyn Fn() -> Result<()>,
    each: &mut dyn FnMut(Node<'_>) -> Result<()>,
) -> Result<()> {
    let text = crate::charset::decode(bytes, declared(bytes).as_deref());
    let mut reader = Reader::from_str(&text.text);
    // Real files hold loose ends; an element that was never opened is passed over.
    reader.config_mut().check_end_names = false;
    reader.config_mut().allow_unmatched_ends = true;
    let mut depth = 0usize;
    let mut count = 0u32;
    loop {
        count = count.wrapping_add(1);
        if count.is_multiple_of(NODES_A_CHECK) {
            check()?;
        }
        let broken = |error: &dyn std::fmt::Display| {
            Error::new(ErrorKind::Corrupt, format!("no readable XML: {error}"))
        };
        match reader.read_event().map_err(|error| broken(&error))? {
            Event::Start(start) => {
                depth += 1;
                if depth > limits.depth {
                    return Err(too_large("the depth of elements", limits.depth));
                }
                let attrs = attributes(&start, limits)?;
                each(Node::Open(&local(start.name().as_ref()), &attrs))?;
            }
            Event::Empty(start) => {
                let attrs = attributes(&start, limits)?;
                let name = local(start.name().as_ref());
                each(Node::Open(&name, &attrs))?;
                each(Node::Close(&name))?;
            }
            Event::End(end) => {
                depth = depth.saturating_sub(1);
                each(Node::Close(&local(end.name().as_ref())))?;
            }
            Event::Text(text) => {
                each(Node::Text(&text))?;
            }
            Event::CData(data) => {
                each(Node::Text(&data))?;
            }
            Event::GeneralRef(reference) => {
                if let Some(c) = character(&reference) {
                    each(Node::Text(c.encode_utf8(&mut [0; 4])))?;
                }
            }
            Event::Eof => return Ok(()),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
}

fn local(name: &str) -> String {
    name.rsplit(':').next().unwrap_or_default().to_owned()
}

fn attributes(start: &BytesStart<'_>, limits: &Limits) -> Result<Attrs> {
    let mut attrs = Attrs::default();
    // The check for doubles compares each with all before it; the count comes first.
    for attribute in start.attributes().with_checks(false) {
        if attrs.0.len() >= limits.attributes {
            let what = "the number of attributes of an element";
            return Err(too_large(what, limits.attributes));
        }
        let Ok(attribute) = attribute else { continue };
        // A value with an entity of the document's own stays as it is written.
        let value = quick_xml::escape::unescape(&attribute.value);
        let value = value.unwrap_or_else(|_| attribute.value.clone());
        attrs
            .0
            .push((local(attribute.key.as_ref()), value.into_owned()));
    }
    Ok(attrs)
}

/// The character of a reference: one of XML's five names, or a number.
fn character(reference: &BytesRef<'_>) -> Option<char> {
    if let Ok(Some(c)) = reference.resolve_char_ref() {
        return Some(c);
    }
    match &**reference {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some('\u{a0}'),
        _ => None,
    }
}

/// The charset of the XML declaration.
fn declared(bytes: &[u8]) -> Option<String> {
    const HEAD: usize = 200;
    let head = String::from_utf8_lossy(bytes.get(..HEAD).unwrap_or(bytes)).into_owned();
    let declaration = head.strip_prefix("<?xml")?.split("?>").next()?.to_owned();
    let (_, rest) = declaration.split_once("encoding")?;
    let rest = rest.trim_start().strip_prefix('=')?.trim_start();
    let quote = rest.chars().next()?;
    rest.get(1..)?.split(quote).next().map(str::to_owned)
}
