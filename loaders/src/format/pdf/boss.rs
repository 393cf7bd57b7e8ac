//! The first engine: pdfboss.

use gori_core::{Error, ErrorKind, Metadata, Part, Result};
use pdfboss_core::Document;
use pdfboss_output::extract_text_reporting_cached;
use pdfboss_text::{FontCache, ReadingOrder};

use super::locked;
use super::pages::INCOMPLETE;
use crate::format::{Event, meta};
use crate::isolation::Bytes;

/// Reads every page in order.
pub(super) fn run(bytes: Bytes<'_>, emit: &mut dyn FnMut(Event) -> Result<()>) -> Result<()> {
    let document = Document::load(bytes.bytes).map_err(|error| failed(&error))?;
    if document.is_locked() {
        return Err(locked());
    }
    emit(Event::Part {
        part: Part::Whole,
        text: String::new(),
        metadata: metadata(&document),
    })?;
    let fonts = FontCache::default();
    for index in 0..document.page_count() {
        bytes.stop.check()?;
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        let read = document.page(index).and_then(|page| {
            // The generic form of this, which takes layers that were read once, would be compiled a
            // second time, here, and be nearly half of what compiling this crate takes.
            extract_text_reporting_cached(&document, &page, &fonts, ReadingOrder::Content)
        });
        let (text, complete) = match read {
            Ok((text, report)) => (text, report.is_complete()),
            Err(pdfboss_core::Error::Encrypted) => return Err(locked()),
            Err(_) => (String::new(), false),
        };
        let mut metadata = Metadata::new();
        if !complete {
            metadata.insert(INCOMPLETE.to_owned(), true.into());
        }
        emit(Event::Part {
            part: Part::Page(number),
            text,
            metadata,
        })?;
    }
    Ok(())
}

fn metadata(document: &Document) -> Metadata {
    let info = document.metadata();
    let mut metadata = Metadata::new();
    for (name, value) in [
        (meta::TITLE, info.title),
        (meta::AUTHOR, info.author),
        ("subject", info.subject),
        ("keywords", info.keywords),
    ] {
        let value = value.map(|value| value.trim().to_owned());
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            metadata.insert(name.to_owned(), value.into());
        }
    }
    metadata
}

fn failed(error: &pdfboss_core::Error) -> Error {
    match error {
        pdfboss_core::Error::Encrypted => locked(),
        error => Error::new(ErrorKind::Corrupt, format!("no readable PDF: {error}")),
    }
}
