//! HTML to Markdown text.
//!
//! Three steps, each with its own limits: [`parse`] turns bytes into a tree and refuses what
//! is too deep or too wide before the tree builder sees it, [`main_content`] finds the part
//! that is worth reading, [`write`] writes it as Markdown.

mod dom;
#[cfg(feature = "web")]
mod links;
mod main_content;
mod parse;
mod write;

use gori_core::{Metadata, Part, Result};

use self::dom::Document;
use super::{Certainty, Format, Input, Output, meta};
#[cfg(any(feature = "epub", feature = "feed", feature = "mail"))]
use crate::Limits;
use crate::charset::decode;
use crate::sample::Sample;

/// HTML as Markdown text: headings, paragraphs, lists, tables, links, quotes and code.
///
/// By default the main content of a page, without navigation, header and footer; a page in
/// which no main content can be told apart comes whole.
#[derive(Clone, Copy, Debug, Default)]
pub struct Html {
    whole: bool,
}

impl Html {
    /// The whole page, navigation included.
    pub fn whole() -> Self {
        Self { whole: true }
    }
}

impl Format for Html {
    fn name(&self) -> &'static str {
        "html"
    }

    fn recognise(&self, sample: &Sample<'_>) -> Certainty {
        if !sample.is_text() {
            return Certainty::No;
        }
        if begins_a_page(sample) {
            return Certainty::Certain;
        }
        let named = matches!(sample.extension().as_str(), "html" | "htm" | "xhtml");
        let declared = matches!(
            sample.media_type,
            Some("text/html" | "application/xhtml+xml")
        );
        if named || declared {
            Certainty::Named
        } else {
            Certainty::No
        }
    }

    fn read(&self, input: &Input<'_>, output: &mut Output<'_>) -> Result<()> {
        let declared = input.charset.map(str::to_owned);
        let declared = declared.or_else(|| parse::declared_charset(input.bytes));
        let decoded = decode(input.bytes, declared.as_deref());
        if let Some(warning) = decoded.warning {
            output.warn(warning)?;
        }
        let document = parse::parse(&decoded.text, input.limits, &|| input.check())?;
        let root = if self.whole {
            document.root()
        } else {
            main_content::find(&document)
        };
        let text = write::markdown(&document, root, &|| input.check())?;
        output.part(Part::Whole, text, metadata(&document))
    }
}

/// Whether a page begins here, behind an XML declaration and comments.
fn begins_a_page(sample: &Sample<'_>) -> bool {
    if !sample.text_starts_with(&["<"]) {
        return false;
    }
    let head = sample.head();
    let mut rest = head.trim_start();
    loop {
        let end = match rest {
            rest if rest.starts_with("<?") => "?>",
            rest if rest.starts_with("<!--") => "-->",
            _ => break,
        };
        let Some((_, after)) = rest.split_once(end) else {
            return false;
        };
        rest = after.trim_start();
    }
    ["<!doctype html", "<html"].iter().any(|start| {
        rest.get(..start.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(start))
    })
}

#[cfg(feature = "web")]
pub(crate) use links::links;

/// Fails once the work may stop.
pub(crate) type Check<'a> = &'a dyn Fn() -> Result<()>;

/// Markdown text of a fragment that another format carries, such as an entry of a feed.
#[cfg(any(feature = "epub", feature = "feed", feature = "mail"))]
pub(crate) fn to_markdown(html: &str, limits: &Limits, check: Check<'_>) -> Result<String> {
    let document = parse::parse(html, limits, check)?;
    write::markdown(&document, document.root(), check)
}

fn metadata(document: &Document) -> Metadata {
    let mut metadata = Metadata::new();
    metadata.insert(meta::MEDIA_TYPE.to_owned(), "text/html".into());
    let fields = [
        (meta::TITLE, document.title()),
        (meta::AUTHOR, document.meta("author")),
        ("description", document.meta("description")),
    ];
    for (name, value) in fields {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            metadata.insert(name.to_owned(), value.into());
        }
    }
    metadata
}
