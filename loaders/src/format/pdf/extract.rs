//! The second engine: pdf-extract. It panics on some files, so each page has its own guard;
//! against its endless loops and overflows of the stack only a worker process helps.

use std::panic::{AssertUnwindSafe, catch_unwind};

use gori_core::{Error, ErrorKind, Metadata, Part, Result};
use pdf_extract::{Document, PlainTextOutput, output_doc_page};

use crate::format::Event;
use crate::isolation::Bytes;

/// Reads the pages that are asked for and there.
pub(super) fn run(
    bytes: Bytes<'_>,
    pages: &[u32],
    emit: &mut dyn FnMut(Event) -> Result<()>,
) -> Result<()> {
    let unreadable = |cause: String| Error::new(ErrorKind::Corrupt, cause);
    let mut document = guarded(|| Document::load_mem(&bytes.bytes))
        .ok_or_else(|| unreadable("the second engine gave up".to_owned()))?
        .map_err(|error| unreadable(format!("no readable PDF: {error}")))?;
    if document.is_encrypted() {
        let opened = guarded(|| document.decrypt("").is_ok());
        if opened != Some(true) {
            return Err(Error::new(
                ErrorKind::Unauthorized,
                "the document asks for a password",
            ));
        }
    }
    let there = guarded(|| document.get_pages()).unwrap_or_default();
    for number in pages.iter().filter(|page| there.contains_key(page)) {
        bytes.stop.check()?;
        let text = guarded(|| {
            let mut text = String::new();
            let mut output = PlainTextOutput::new(&mut text);
            let read = output_doc_page(&document, &mut output, *number);
            read.is_ok().then_some(text)
        });
        if let Some(Some(text)) = text {
            emit(Event::Part {
                part: Part::Page(*number),
                text,
                metadata: Metadata::new(),
            })?;
        }
    }
    Ok(())
}

/// Runs a step of the engine; a panic gives nothing.
fn guarded<T>(step: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(step)).ok()
}
