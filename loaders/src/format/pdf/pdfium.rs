//! Chromium's engine, from a library that is found at run time.

use std::sync::OnceLock;

use gori_core::{Error, ErrorKind, Metadata, Part, Result};
use pdfium_render::prelude::{
    PdfDocument, PdfDocumentMetadataTagType as Tag, PdfPage, Pdfium, PdfiumError,
    PdfiumInternalError,
};

use super::pages::INCOMPLETE;
use crate::format::{Event, meta};
use crate::isolation::Bytes;

/// The variable that names the library's file. Without it the system's is taken.
pub(crate) const LIBRARY: &str = "GORI_PDFIUM";

/// It can be initialised once in a process. Or why it could not.
static ENGINE: OnceLock<Result<Pdfium, String>> = OnceLock::new();

/// The engine. A worker asks for it before it gives up the right to open files.
pub(crate) fn engine() -> Result<&'static Pdfium> {
    let engine = ENGINE.get_or_init(|| {
        let bindings = match std::env::var_os(LIBRARY) {
            Some(path) => Pdfium::bind_to_library(std::path::PathBuf::from(path)),
            None => Pdfium::bind_to_system_library(),
        };
        bindings
            .map(Pdfium::new)
            .map_err(|error| format!("{error:?}"))
    });
    engine.as_ref().map_err(|cause| {
        Error::new(ErrorKind::Config, format!("no library of pdfium: {cause}"))
            .hint(format!("name its file in the variable `{LIBRARY}`"))
    })
}

/// Reads every page in order.
pub(super) fn run(bytes: Bytes<'_>, emit: &mut dyn FnMut(Event) -> Result<()>) -> Result<()> {
    let engine = engine()?;
    let document = engine.load_pdf_from_byte_vec(bytes.bytes, None);
    let document = document.map_err(|error| failed(&error))?;
    emit(Event::Part {
        part: Part::Whole,
        text: String::new(),
        metadata: metadata(&document),
    })?;
    let pages = document.pages();
    for index in pages.as_range() {
        bytes.stop.check()?;
        let text = pages.get(index).and_then(|page| text(&page));
        let mut metadata = Metadata::new();
        if text.is_err() {
            metadata.insert(INCOMPLETE.to_owned(), true.into());
        }
        emit(Event::Part {
            part: Part::Page(u32::try_from(index).unwrap_or_default().saturating_add(1)),
            text: text.unwrap_or_default(),
            metadata,
        })?;
    }
    Ok(())
}

/// The characters in the order in which the engine puts them, its line breaks among them.
fn text(page: &PdfPage<'_>) -> std::result::Result<String, PdfiumError> {
    let text = page.text()?;
    let chars = text.chars();
    let chars = chars.iter().filter_map(|char| char.unicode_char());
    Ok(chars.filter(|char| !matches!(char, '\r' | '\0')).collect())
}

fn metadata(document: &PdfDocument<'_>) -> Metadata {
    let names = [
        (meta::TITLE, Tag::Title),
        (meta::AUTHOR, Tag::Author),
        ("subject", Tag::Subject),
        ("keywords", Tag::Keywords),
    ];
    let mut metadata = Metadata::new();
    for (name, tag) in names {
        let value = document.metadata().get(tag);
        let value = value.map(|value| value.value().trim().to_owned());
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            metadata.insert(name.to_owned(), value.into());
        }
    }
    metadata
}

fn failed(error: &PdfiumError) -> Error {
    match error {
        PdfiumError::PdfiumLibraryInternalError(PdfiumInternalError::PasswordError) => {
            super::locked()
        }
        error => Error::new(ErrorKind::Corrupt, format!("no readable PDF: {error:?}")),
    }
}
