//! Word documents (ECMA-376 part 1, chapter 17).

use std::collections::HashMap;

use gori_core::{Part, Result};

use super::rels::{self, Rel};
use super::table::Table;
use super::{Task, properties};
use crate::format::Output;
use crate::isolation::Bytes;
use crate::pack::Pack;
use crate::xml::{self, Attrs, Node};

const DOCUMENT: &str = "word/document.xml";

pub(super) fn read(bytes: &Bytes<'_>, output: &mut Output<'_>) -> Result<()> {
    let mut pack = Pack::open(&bytes.bytes, bytes.limits, bytes.stop)?;
    let metadata = properties(&mut pack, Task::Docx, bytes)?;
    let document = pack.need(DOCUMENT)?;
    let mut body = Body {
        levels: heading_levels(&mut pack, bytes)?,
        links: rels::of(&mut pack, DOCUMENT, bytes)?,
        ..Body::default()
    };
    body.read(&document, bytes)?;
    for notes in ["word/footnotes.xml", "word/endnotes.xml"] {
        if let Some(notes) = pack.read(notes)? {
            body.read(&notes, bytes)?;
        }
    }
    output.part(Part::Whole, body.text, metadata)
}

/// The level of the headings by the id of their style, which is in the language of whoever
/// wrote the document; only the name of the style or its outline level tells.
fn heading_levels(pack: &mut Pack<'_>, bytes: &Bytes<'_>) -> Result<HashMap<String, usize>> {
    let mut levels = HashMap::new();
    let Some(styles) = pack.read("word/styles.xml")? else {
        return Ok(levels);
    };
    let mut style = String::new();
    xml::walk(&styles, bytes.limits, &|| bytes.stop.check(), &mut |node| {
        let Node::Open(name, attrs) = node else {
            return Ok(());
        };
        let value = attrs.get("val").unwrap_or_default();
        let level = match name {
            "style" => {
                style = attrs.get("styleId").unwrap_or_default().to_owned();
                None
            }
            "name" => {
                let value = value.to_lowercase();
                let level = value
                    .strip_prefix("heading ")
                    .and_then(|level| level.parse().ok());
                level.or((value == "title").then_some(1))
            }
            "outlineLvl" => value.parse::<usize>().ok().map(|level| level + 1),
            _ => None,
        };
        if let Some(level) = level.filter(|level| (1..=6).contains(level)) {
            levels.entry(style.clone()).or_insert(level);
        }
        Ok(())
    })?;
    Ok(levels)
}

/// The text as it grows.
#[derive(Default)]
struct Body {
    levels: HashMap<String, usize>,
    links: HashMap<String, Rel>,
    text: String,
    paragraph: Paragraph,
    /// How deep we are in text that does not count: deleted, or the twin of a drawing.
    silent: usize,
    in_text: bool,
    tables: Vec<(Table, String)>,
    link: Option<(usize, String)>,
}

#[derive(Default)]
struct Paragraph {
    text: String,
    heading: usize,
    /// The level of a list item, from 1.
    item: usize,
}

impl Body {
    fn read(&mut self, part: &[u8], bytes: &Bytes<'_>) -> Result<()> {
        xml::walk(part, bytes.limits, &|| bytes.stop.check(), &mut |node| {
            match node {
                Node::Open(name, attrs) => self.open(name, attrs),
                Node::Text(text) if self.in_text && self.silent == 0 => {
                    self.paragraph.text.push_str(text);
                }
                Node::Text(_) => {}
                Node::Close(name) => self.close(name),
            }
            Ok(())
        })
    }

    fn open(&mut self, name: &str, attrs: &Attrs) {
        match name {
            "del" | "Fallback" | "moveFrom" => self.silent += 1,
            "p" => self.paragraph = Paragraph::default(),
            "pStyle" => {
                let level = attrs.get("val").and_then(|style| self.levels.get(style));
                self.paragraph.heading = level.copied().unwrap_or_default();
            }
            "ilvl" => {
                let level = attrs.get("val").and_then(|level| level.parse().ok());
                self.paragraph.item = 1 + level.unwrap_or(0usize).min(8);
            }
            "numId" if self.paragraph.item == 0 => self.paragraph.item = 1,
            "t" => self.in_text = true,
            "tab" => self.paragraph.text.push(' '),
            "br" | "cr" => self.paragraph.text.push('\n'),
            "noBreakHyphen" => self.paragraph.text.push('-'),
            "hyperlink" => {
                let target = attrs.get("id").and_then(|id| self.links.get(id));
                let target = target.filter(|rel| rel.kind == "hyperlink");
                self.link = target.map(|rel| (self.paragraph.text.len(), rel.target.clone()));
            }
            "tbl" => self.tables.push(Default::default()),
            "tr" => {
                if let Some((table, _)) = self.tables.last_mut() {
                    table.open_row();
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "del" | "Fallback" | "moveFrom" => self.silent = self.silent.saturating_sub(1),
            "t" => self.in_text = false,
            "hyperlink" => self.close_link(),
            "p" => self.close_paragraph(),
            "tc" => {
                if let Some((table, cell)) = self.tables.last_mut() {
                    table.cell(cell);
                    cell.clear();
                }
            }
            "tbl" => {
                let Some((table, _)) = self.tables.pop() else {
                    return;
                };
                let table = table.markdown();
                match self.tables.last_mut() {
                    Some((_, cell)) => cell.push_str(&table),
                    None => self.block(&table),
                }
            }
            _ => {}
        }
    }

    fn close_link(&mut self) {
        let Some((start, target)) = self.link.take() else {
            return;
        };
        let text = &mut self.paragraph.text;
        let label = text.get(start..).unwrap_or_default().to_owned();
        if !label.trim().is_empty() {
            text.truncate(start);
            text.push_str(&format!("[{label}]({target})"));
        }
    }

    fn close_paragraph(&mut self) {
        let paragraph = std::mem::take(&mut self.paragraph);
        self.link = None;
        let text = paragraph.text.trim();
        if text.is_empty() {
            return;
        }
        if let Some((_, cell)) = self.tables.last_mut() {
            cell.push_str(text);
            cell.push('\n');
        } else if paragraph.heading > 0 {
            let marks = "#".repeat(paragraph.heading);
            self.block(&format!("{marks} {}", text.replace('\n', " ")));
        } else if paragraph.item > 0 {
            // Items stand together; whether they are numbered is told in another part.
            let indent = "  ".repeat(paragraph.item - 1);
            let after_item = self
                .text
                .lines()
                .next_back()
                .is_some_and(|line| line.trim_start().starts_with("- "));
            if !after_item {
                self.block("");
            }
            self.text
                .push_str(&format!("{indent}- {}\n", text.replace('\n', " ")));
        } else {
            self.block(text);
        }
    }

    /// A block apart from the one before it.
    fn block(&mut self, text: &str) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
        self.text.push_str(text);
        if !text.is_empty() && !text.ends_with('\n') {
            self.text.push('\n');
        }
    }
}
