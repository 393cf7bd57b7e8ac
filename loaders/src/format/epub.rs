//! Books: EPUB, a ZIP file of XHTML chapters.

use std::collections::HashMap;

use gori_core::{Error, ErrorKind, Metadata, Part, Result};

use super::{Certainty, Event, Format, Input, Output, html, meta};
use crate::isolation::{self, Bytes};
use crate::pack::{Pack, has_part};
use crate::sample::Sample;
use crate::xml::{self, Node};

/// Books, one document a chapter, in reading order: a part of the chapter's file name.
#[derive(Clone, Copy, Debug, Default)]
pub struct Epub;

impl Format for Epub {
    fn name(&self) -> &'static str {
        "epub"
    }

    fn recognise(&self, sample: &Sample<'_>) -> Certainty {
        let named =
            sample.extension() == "epub" || sample.media_type == Some("application/epub+zip");
        if has_part(sample.bytes, "META-INF/container.xml") {
            Certainty::Certain
        } else if named && sample.bytes.starts_with(b"PK") {
            Certainty::Named
        } else {
            Certainty::No
        }
    }

    fn read(&self, input: &Input<'_>, output: &mut Output<'_>) -> Result<()> {
        input
            .isolation
            .run(&isolation::Task::Epub, input, &mut |event| {
                output.take(event)
            })
    }
}

/// The work of a worker.
pub(crate) fn run(bytes: &Bytes<'_>, emit: &mut dyn FnMut(Event) -> Result<()>) -> Result<()> {
    let mut output = Output::new(bytes.limits, emit);
    let mut pack = Pack::open(&bytes.bytes, bytes.limits, bytes.stop)?;
    let package = package_path(&pack.need("META-INF/container.xml")?, bytes)?;
    let part = pack.need(&package)?;
    let book = Book::read(&part, bytes)?;
    let folder = package.rsplit_once('/').map_or("", |(folder, _)| folder);
    for chapter in book.chapters() {
        let path = join(folder, chapter);
        let Some(part) = pack.read(&path)? else {
            output.warn(format!("the chapter `{chapter}` is missing"))?;
            continue;
        };
        let decoded = crate::charset::decode(&part, None);
        let text = html::to_markdown(&decoded.text, bytes.limits, &|| bytes.stop.check());
        match text {
            Ok(text) => output.part(Part::Named(path), text, book.metadata.clone())?,
            Err(error) if error.kind() == ErrorKind::Cancelled => return Err(error),
            Err(error) => output.warn(format!("chapter `{chapter}`: {}", error.message()))?,
        }
    }
    Ok(())
}

/// Where the package stands (EPUB 3.3, 4.2.6.3.1).
fn package_path(container: &[u8], bytes: &Bytes<'_>) -> Result<String> {
    let mut path = None;
    xml::walk(
        container,
        bytes.limits,
        &|| bytes.stop.check(),
        &mut |node| {
            if let Node::Open("rootfile", attrs) = node {
                path = path
                    .take()
                    .or_else(|| attrs.get("full-path").map(str::to_owned));
            }
            Ok(())
        },
    )?;
    path.ok_or_else(|| Error::new(ErrorKind::Corrupt, "the book names no package"))
}

#[derive(Default)]
struct Book {
    metadata: Metadata,
    files: HashMap<String, String>,
    spine: Vec<String>,
}

impl Book {
    fn read(package: &[u8], bytes: &Bytes<'_>) -> Result<Self> {
        let mut book = Self::default();
        let mut text = String::new();
        xml::walk(package, bytes.limits, &|| bytes.stop.check(), &mut |node| {
            match node {
                Node::Open("item", attrs) => {
                    if let (Some(id), Some(href)) = (attrs.get("id"), attrs.get("href")) {
                        book.files.insert(id.to_owned(), href.to_owned());
                    }
                }
                Node::Open("itemref", attrs) => {
                    book.spine.extend(attrs.get("idref").map(str::to_owned))
                }
                Node::Open(..) => text.clear(),
                Node::Text(piece) => text.push_str(piece),
                Node::Close(name) => {
                    let field = match name {
                        "title" => meta::TITLE,
                        "creator" => meta::AUTHOR,
                        "publisher" => "publisher",
                        "subject" => "subject",
                        _ => return Ok(()),
                    };
                    if !text.trim().is_empty() {
                        let field = book.metadata.entry(field.to_owned());
                        field.or_insert_with(|| text.trim().into());
                    }
                }
            }
            Ok(())
        })?;
        book.metadata
            .insert(meta::MEDIA_TYPE.to_owned(), "application/epub+zip".into());
        Ok(book)
    }

    fn chapters(&self) -> impl Iterator<Item = &str> {
        self.spine
            .iter()
            .filter_map(|id| self.files.get(id))
            .map(String::as_str)
    }
}

/// A path inside of the book, with `%20` and the like resolved.
fn join(folder: &str, href: &str) -> String {
    let href = href.split('#').next().unwrap_or_default();
    let mut bytes = Vec::with_capacity(href.len());
    let mut rest = href.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = (*first == b'%')
            .then(|| after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok()))
            .flatten()
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(hex.unwrap_or(*first));
        rest = if hex.is_some() {
            after.get(2..).unwrap_or_default()
        } else {
            after
        };
    }
    let href = String::from_utf8_lossy(&bytes).into_owned();
    let mut steps: Vec<&str> = folder.split('/').filter(|step| !step.is_empty()).collect();
    for step in href.split('/') {
        match step {
            "" | "." => {}
            ".." => drop(steps.pop()),
            step => steps.push(step),
        }
    }
    steps.join("/")
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_path_is_seen_from_the_package() {
        assert_eq!(
            super::join("OEBPS", "text/a%20b.xhtml#c"),
            "OEBPS/text/a b.xhtml"
        );
        assert_eq!(super::join("OEBPS", "../100%/x"), "100%/x");
    }
}
