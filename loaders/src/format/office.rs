//! Office documents: DOCX, PPTX and XLSX, which are ZIP files of XML.

mod docx;
mod pptx;
mod rels;
mod table;
mod xlsx;

use gori_core::{Metadata, Result};
use serde::{Deserialize, Serialize};

use super::{Certainty, Event, Format, Input, Output, meta};
use crate::isolation::{self, Bytes};
use crate::pack::{Pack, has_part};
use crate::sample::Sample;
use crate::xml::{self, Node};

/// Word documents: headings, paragraphs, lists, tables, links and notes as Markdown.
///
/// Deleted text of tracked changes is left out, inserted text is in.
#[derive(Clone, Copy, Debug, Default)]
pub struct Docx;

/// Presentations: each slide a page with its title, text, tables and notes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pptx;

/// Workbooks: each sheet a part of its name, its rows a Markdown table.
#[derive(Clone, Copy, Debug, Default)]
pub struct Xlsx;

/// Which kind of document a worker is to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Task {
    Docx,
    Pptx,
    Xlsx,
}

impl Task {
    pub(crate) fn run(
        self,
        bytes: Bytes<'_>,
        emit: &mut dyn FnMut(Event) -> Result<()>,
    ) -> Result<()> {
        let mut output = Output::new(bytes.limits, emit);
        match self {
            Self::Docx => docx::read(&bytes, &mut output),
            Self::Pptx => pptx::read(&bytes, &mut output),
            Self::Xlsx => xlsx::read(bytes, &mut output),
        }
    }

    /// Extensions, the part that every such file has, and its media type.
    fn marks(self) -> (&'static [&'static str], &'static str, &'static str) {
        match self {
            Self::Docx => (
                &["docx", "docm", "dotx"],
                "word/document.xml",
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            ),
            Self::Pptx => (
                &["pptx", "pptm", "ppsx"],
                "ppt/presentation.xml",
                "application/vnd.openxmlformats-officedocument.presentationml.presentation",
            ),
            Self::Xlsx => (
                &["xlsx", "xlsm"],
                "xl/workbook.xml",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            ),
        }
    }

    fn recognise(self, sample: &Sample<'_>) -> Certainty {
        let (extensions, part, media_type) = self.marks();
        let named = extensions.contains(&sample.extension().as_str())
            || sample.media_type == Some(media_type);
        if has_part(sample.bytes, part) {
            Certainty::Certain
        } else if named && sample.bytes.starts_with(b"PK") {
            Certainty::Named
        } else {
            Certainty::No
        }
    }

    fn read(self, input: &Input<'_>, output: &mut Output<'_>) -> Result<()> {
        let task = isolation::Task::Office(self);
        input
            .isolation
            .run(&task, input, &mut |event| output.take(event))
    }
}

macro_rules! formats {
    ($($format:ident $name:literal)*) => {$(
        impl Format for $format {
            fn name(&self) -> &'static str {
                $name
            }

            fn recognise(&self, sample: &Sample<'_>) -> Certainty {
                Task::$format.recognise(sample)
            }

            fn read(&self, input: &Input<'_>, output: &mut Output<'_>) -> Result<()> {
                Task::$format.read(input, output)
            }
        }
    )*};
}
formats! { Docx "docx" Pptx "pptx" Xlsx "xlsx" }

/// Title and author, from the properties that all three keep in the same place.
fn properties(pack: &mut Pack<'_>, task: Task, bytes: &Bytes<'_>) -> Result<Metadata> {
    let mut metadata = Metadata::new();
    let (_, _, media_type) = task.marks();
    metadata.insert(meta::MEDIA_TYPE.to_owned(), media_type.into());
    let Some(core) = pack.read("docProps/core.xml")? else {
        return Ok(metadata);
    };
    let mut field = None;
    let mut text = String::new();
    xml::walk(&core, bytes.limits, &|| bytes.stop.check(), &mut |node| {
        match node {
            Node::Open(name, _) => {
                text.clear();
                field = match name {
                    "title" => Some(meta::TITLE),
                    "creator" => Some(meta::AUTHOR),
                    "subject" => Some("subject"),
                    "keywords" => Some("keywords"),
                    _ => None,
                };
            }
            Node::Text(piece) => text.push_str(piece),
            Node::Close(_) => {
                if let (Some(field), false) = (field.take(), text.trim().is_empty()) {
                    metadata.insert(field.to_owned(), text.trim().into());
                }
            }
        }
        Ok(())
    })?;
    Ok(metadata)
}
