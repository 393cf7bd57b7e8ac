//! PDF, one document a page, by two engines.
//!
//! pdfboss reads first, or pdfium where it was chosen. pdf-extract, behind the feature of that
//! name since few files need it and it costs a tenth of a build, is the second opinion on the
//! pages where the first gives an error, nothing although there is something, or more than one
//! replacement character in a hundred. All run as [`Task`]s of the
//! [`isolation`](crate::isolation); this file is the part that stays outside and trusts none.

mod boss;
#[cfg(feature = "pdf-extract")]
mod extract;
mod pages;
#[cfg(feature = "pdfium")]
pub(crate) mod pdfium;

use std::collections::BTreeMap;

use gori_core::{Error, ErrorKind, Metadata, Part, Result};
use serde::{Deserialize, Serialize};

use self::pages::{Mapping, Page, runs};
use super::{Certainty, Event, Format, Input, Output, meta};
use crate::isolation::{self, Bytes};
use crate::sample::Sample;

/// PDF by pages: [`Part::Page`], counted from 1.
///
/// A page that cannot be read is reported and does not end the others. Reported are also
/// pages without text, such as scans, and pages whose characters have no mapping to Unicode.
/// The bytes are hostile: they are parsed in a worker process where there is one, see
/// [`Isolation`](crate::Isolation).
#[derive(Clone, Copy, Debug)]
pub struct Pdf {
    first: Engine,
    second_opinion: bool,
}

/// Who reads first.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) enum Engine {
    Boss,
    #[cfg(feature = "pdfium")]
    Pdfium,
}

impl Default for Pdf {
    fn default() -> Self {
        Self {
            first: Engine::Boss,
            second_opinion: cfg!(feature = "pdf-extract"),
        }
    }
}

impl Pdf {
    /// The first engine alone.
    pub fn first_engine_only() -> Self {
        Self {
            second_opinion: false,
            ..Self::default()
        }
    }

    /// Chromium's engine first.
    ///
    /// Its library is the file that the environment variable `GORI_PDFIUM` names, or else the
    /// system's `libpdfium`; without either each file is an error that says so. It is C++ and
    /// so reads in a worker process alone, unless
    /// [`Isolation::in_process`](crate::Isolation::in_process) was chosen.
    #[cfg(feature = "pdfium")]
    pub fn pdfium() -> Self {
        Self {
            first: Engine::Pdfium,
            ..Self::default()
        }
    }
}

/// What an engine is asked to do. Gives a [`Part::Whole`] without text that carries the
/// metadata of the document, then each page with its text, blank ones too.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Task {
    First(Engine),
    /// These pages alone, in this order.
    Second {
        pages: Vec<u32>,
    },
}

impl Task {
    pub(crate) fn is_deadly(&self) -> bool {
        !matches!(self, Self::First(Engine::Boss))
    }

    pub(crate) fn run(
        &self,
        bytes: Bytes<'_>,
        emit: &mut dyn FnMut(Event) -> Result<()>,
    ) -> Result<()> {
        match self {
            Self::First(Engine::Boss) => boss::run(bytes, emit),
            #[cfg(feature = "pdfium")]
            Self::First(Engine::Pdfium) => pdfium::run(bytes, emit),
            #[cfg(feature = "pdf-extract")]
            Self::Second { pages } => extract::run(bytes, pages, emit),
            // The worker may be another build than the program that asks it.
            #[cfg(not(feature = "pdf-extract"))]
            Self::Second { .. } => Err(Error::new(
                ErrorKind::Unsupported,
                "this build has one PDF engine",
            )
            .hint("build with the feature `pdf-extract`")),
        }
    }
}

/// Pages that a second opinion is asked of at most when the first engine could not even
/// count them.
const PAGES_UNCOUNTED: u32 = 5_000;

impl Format for Pdf {
    fn name(&self) -> &'static str {
        "pdf"
    }

    fn recognise(&self, sample: &Sample<'_>) -> Certainty {
        // Readers look for the header in the first kilobyte, after whatever a mail server
        // or a printer put in front of it.
        const HEAD: usize = 1024;
        let head = sample.bytes.get(..HEAD).unwrap_or(sample.bytes);
        if head.starts_with(b"%PDF-") {
            return Certainty::Certain;
        }
        let named = sample.extension() == "pdf" || sample.media_type == Some("application/pdf");
        match memchr::memmem::find(head, b"%PDF-") {
            Some(_) if named || !sample.is_text() => Certainty::Certain,
            None if named && !sample.is_text() => Certainty::Named,
            _ => Certainty::No,
        }
    }

    fn read(&self, input: &Input<'_>, output: &mut Output<'_>) -> Result<()> {
        let mut first = First::default();
        let task = isolation::Task::Pdf(Task::First(self.first));
        if !input.isolation.bears(&task) {
            return Err(
                Error::new(ErrorKind::Config, "pdfium reads in a worker process alone")
                    .hint("call `gori_loaders::worker::serve_if_asked` first of all in `main`"),
            );
        }
        let failed = input
            .isolation
            .run(&task, input, &mut |event| first.take(event, output))
            .err();
        if let Some(error) = failed {
            let hopeless = matches!(
                error.kind(),
                ErrorKind::Unauthorized
                    | ErrorKind::Cancelled
                    | ErrorKind::Config
                    | ErrorKind::TooLarge
            );
            if hopeless || output.is_stopped() {
                return Err(error);
            }
            first.failed = Some(error);
        }
        let asked = first.doubtful();
        let second = if asked.is_empty() || !self.second_opinion {
            BTreeMap::new()
        } else {
            second_opinion(&asked, input, output)?
        };
        first.finish(second, output)
    }
}

/// What the first engine gave.
#[derive(Default)]
struct First {
    metadata: Metadata,
    /// Pages that wait: from the first doubtful one on, so that all come in order.
    waiting: Vec<Page>,
    last: u32,
    given: bool,
    /// Of all pages that were given.
    mapping: Mapping,
    failed: Option<Error>,
}

impl First {
    fn take(&mut self, event: Event, output: &mut Output<'_>) -> Result<()> {
        match event {
            Event::Part {
                part: Part::Page(number),
                text,
                metadata,
            } => {
                self.last = number;
                let page = Page::new(number, text, &metadata);
                // The pages in front wait too as long as none has text, because a document
                // that is blank as a whole is doubtful as a whole.
                if self.waiting.is_empty() && !page.is_doubtful() && !page.is_blank() {
                    self.give(page, output)
                } else {
                    self.waiting.push(page);
                    Ok(())
                }
            }
            Event::Part { metadata, .. } => {
                self.metadata = metadata;
                Ok(())
            }
            Event::Warning(message) | Event::Skipped(message) => output.warn(message),
        }
    }

    fn give(&mut self, page: Page, output: &mut Output<'_>) -> Result<()> {
        self.given |= !page.is_blank();
        self.mapping += page.mapping();
        let mut metadata = self.metadata.clone();
        metadata.insert(meta::MEDIA_TYPE.to_owned(), "application/pdf".into());
        output.part(Part::Page(page.number), page.text, metadata)
    }

    /// The pages on which a second opinion is wanted.
    fn doubtful(&self) -> Vec<u32> {
        let all_blank = !self.given && self.waiting.iter().all(Page::is_blank);
        let mut pages: Vec<u32> = self
            .waiting
            .iter()
            .filter(|page| all_blank || page.is_doubtful())
            .map(|page| page.number)
            .collect();
        if self.failed.is_some() {
            pages.extend(self.last + 1..=PAGES_UNCOUNTED);
        }
        pages
    }

    /// Gives the pages that wait, each by the engine that read it better, and the report.
    fn finish(mut self, mut second: BTreeMap<u32, String>, output: &mut Output<'_>) -> Result<()> {
        let mut blank = Vec::new();
        let mut garbled = Vec::new();
        let mut waiting = std::mem::take(&mut self.waiting);
        let known: Vec<u32> = waiting.iter().map(|page| page.number).collect();
        let beyond = second.keys().filter(|page| !known.contains(page));
        let beyond: Vec<u32> = beyond.copied().collect();
        waiting.extend(beyond.into_iter().map(Page::unread));
        for mut page in waiting {
            if let Some(other) = second.remove(&page.number) {
                page.or_better(other);
            }
            if page.is_blank() {
                blank.push(page.number);
            } else if page.is_garbled() {
                garbled.push(page.number);
            }
            self.give(page, output)?;
        }
        if !garbled.is_empty() {
            output.warn(format!(
                "{:.1} % of the characters have no mapping to Unicode, most of them on {}",
                100.0 * self.mapping.unmapped(),
                runs(&garbled)
            ))?;
        }
        if let Some(error) = self.failed {
            if !self.given {
                return Err(match cfg!(feature = "pdf-extract") {
                    true => error,
                    false => {
                        error.hint("a build with the feature `pdf-extract` asks a second engine")
                    }
                });
            }
            // The pages that were read are worth having; the error says what is missing.
            output.warn(format!("the rest could not be read: {}", error.message()))?;
        }
        match (self.given, blank.is_empty()) {
            (true, false) => output.warn(format!("no text on {}", runs(&blank))),
            (false, _) => output.skip("no page has text; is it a scan?"),
            (true, true) => Ok(()),
        }
    }
}

fn locked() -> Error {
    Error::new(ErrorKind::Unauthorized, "the document asks for a password")
        .hint("save a copy without one")
}

/// Asks the second engine. Its own failure is no error of the source: the first engine's text
/// is still there.
fn second_opinion(
    pages: &[u32],
    input: &Input<'_>,
    output: &mut Output<'_>,
) -> Result<BTreeMap<u32, String>> {
    let mut texts = BTreeMap::new();
    let task = isolation::Task::Pdf(Task::Second {
        pages: pages.to_vec(),
    });
    if !input.isolation.bears(&task) {
        return Ok(texts);
    }
    let failed = input.isolation.run(&task, input, &mut |event| {
        if let Event::Part {
            part: Part::Page(number),
            text,
            ..
        } = event
        {
            texts.insert(number, text);
        }
        Ok(())
    });
    match failed {
        Err(error) if error.kind() == ErrorKind::Cancelled => Err(error),
        Err(_) if output.is_stopped() => Ok(texts),
        _ => Ok(texts),
    }
}
