//! Presentations (ECMA-376 part 1, chapters 19 and 21).

use gori_core::{Part, Result};

use super::table::Table;
use super::{Task, properties, rels};
use crate::format::Output;
use crate::isolation::Bytes;
use crate::pack::Pack;
use crate::xml::{self, Attrs, Node};

const PRESENTATION: &str = "ppt/presentation.xml";

pub(super) fn read(bytes: &Bytes<'_>, output: &mut Output<'_>) -> Result<()> {
    let mut pack = Pack::open(&bytes.bytes, bytes.limits, bytes.stop)?;
    let metadata = properties(&mut pack, Task::Pptx, bytes)?;
    let presentation = pack.need(PRESENTATION)?;
    let rels = rels::of(&mut pack, PRESENTATION, bytes)?;
    // The order of the slides is that of this list and not that of their file names.
    let mut order = Vec::new();
    xml::walk(
        &presentation,
        bytes.limits,
        &|| bytes.stop.check(),
        &mut |node| {
            // Of its two attributes `id` and `r:id`, the second is the relation.
            if let Node::Open("sldId", attrs) = node {
                order.extend(attrs.all("id").find_map(|id| rels.get(id)).cloned());
            }
            Ok(())
        },
    )?;
    for (number, slide) in (1..).zip(order) {
        let Some(part) = pack.read(&slide.target)? else {
            continue;
        };
        let mut shapes = Shapes::default();
        shapes.read(&part, bytes)?;
        let notes = rels::of(&mut pack, &slide.target, bytes)?;
        let notes = notes.into_values().find(|rel| rel.kind == "notesSlide");
        if let Some(notes) = notes
            && let Some(part) = pack.read(&notes.target)?
        {
            let mut spoken = Shapes::default();
            spoken.read(&part, bytes)?;
            if !spoken.text.trim().is_empty() {
                shapes.text.push_str("\nNotes:\n\n");
                shapes.text.push_str(spoken.text.trim_start());
            }
        }
        let mut metadata = metadata.clone();
        if let Some(title) = shapes.title {
            metadata.insert("slide".to_owned(), title.into());
        }
        output.part(Part::Page(number), shapes.text, metadata)?;
    }
    Ok(())
}

/// The text of the shapes of a slide.
#[derive(Default)]
struct Shapes {
    text: String,
    title: Option<String>,
    paragraph: String,
    level: usize,
    /// The kind of placeholder that the shape is.
    placeholder: Placeholder,
    in_text: bool,
    silent: usize,
    table: Option<(Table, String)>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Placeholder {
    #[default]
    Other,
    Title,
    /// Number, date and footer of the slide, and its picture on the page of notes.
    Frame,
}

impl Shapes {
    fn read(&mut self, part: &[u8], bytes: &Bytes<'_>) -> Result<()> {
        xml::walk(part, bytes.limits, &|| bytes.stop.check(), &mut |node| {
            match node {
                Node::Open(name, attrs) => self.open(name, attrs),
                Node::Text(text) if self.in_text && self.silent == 0 => {
                    self.paragraph.push_str(text);
                }
                Node::Text(_) => {}
                Node::Close(name) => self.close(name),
            }
            Ok(())
        })
    }

    fn open(&mut self, name: &str, attrs: &Attrs) {
        match name {
            "Fallback" => self.silent += 1,
            "sp" => self.placeholder = Placeholder::Other,
            "ph" => {
                self.placeholder = match attrs.get("type") {
                    Some("title" | "ctrTitle") => Placeholder::Title,
                    Some("sldNum" | "dt" | "ftr" | "hdr" | "sldImg") => Placeholder::Frame,
                    _ => Placeholder::Other,
                };
            }
            "p" => {
                self.paragraph.clear();
                self.level = 0;
            }
            "pPr" => {
                let level = attrs.get("lvl").and_then(|level| level.parse().ok());
                self.level = level.unwrap_or(0usize).min(8);
            }
            "t" => self.in_text = true,
            "br" => self.paragraph.push('\n'),
            "tbl" => self.table = Some(Default::default()),
            "tr" => {
                if let Some((table, _)) = &mut self.table {
                    table.open_row();
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "Fallback" => self.silent = self.silent.saturating_sub(1),
            "t" => self.in_text = false,
            "p" => self.close_paragraph(),
            "sp" if !self.text.is_empty() && !self.text.ends_with("\n\n") => {
                self.text.push('\n');
            }
            "tc" => {
                if let Some((table, cell)) = &mut self.table {
                    table.cell(cell);
                    cell.clear();
                }
            }
            "tbl" => {
                if let Some((table, _)) = self.table.take() {
                    self.text.push_str(&table.markdown());
                    self.text.push('\n');
                }
            }
            _ => {}
        }
    }

    fn close_paragraph(&mut self) {
        let text = std::mem::take(&mut self.paragraph);
        let text = text.trim();
        if text.is_empty() || self.placeholder == Placeholder::Frame {
            return;
        }
        if let Some((_, cell)) = &mut self.table {
            cell.push_str(text);
            cell.push('\n');
        } else if self.placeholder == Placeholder::Title && self.title.is_none() {
            let title = text.replace('\n', " ");
            self.text.push_str(&format!("# {title}\n"));
            self.title = Some(title);
        } else if self.level > 0 {
            let indent = "  ".repeat(self.level - 1);
            self.text.push_str(&format!("{indent}- {text}\n"));
        } else {
            self.text.push_str(text);
            self.text.push('\n');
        }
    }
}
