//! Feeds: RSS 0.9 to 2.0 and Atom.

use gori_core::{ErrorKind, Metadata, Part, Result};

use super::{Certainty, Format, Input, Output, html, meta};
use crate::sample::Sample;
use crate::xml::{self, Attrs, Node};

/// Feeds, one document an entry: a part of the entry's id or link, its HTML as Markdown.
#[derive(Clone, Copy, Debug, Default)]
pub struct Feed;

impl Format for Feed {
    fn name(&self) -> &'static str {
        "feed"
    }

    fn recognise(&self, sample: &Sample<'_>) -> Certainty {
        // The root element follows the declaration and comments of unknown length.
        const HEAD: usize = 1024;
        let head = sample.bytes.get(..HEAD).unwrap_or(sample.bytes);
        let has = |mark: &[u8]| memchr::memmem::find(head, mark).is_some();
        if !sample.is_text() || !sample.text_starts_with(&["<"]) {
            return Certainty::No;
        }
        let rss = has(b"<rss") || has(b"http://purl.org/rss/1.0/");
        if rss || (has(b"<feed") && has(b"http://www.w3.org/2005/Atom")) {
            Certainty::Certain
        } else {
            Certainty::No
        }
    }

    fn read(&self, input: &Input<'_>, output: &mut Output<'_>) -> Result<()> {
        let mut feed = Walk::default();
        let mut entries = 0u64;
        xml::walk(input.bytes, input.limits, &|| input.check(), &mut |node| {
            let Some(entry) = feed.take(node) else {
                return Ok(());
            };
            entries += 1;
            give(entry, entries, &feed.title, input, output)
        })?;
        if entries == 0 {
            return output.skip("no entry in the feed");
        }
        Ok(())
    }
}

fn give(
    entry: Entry,
    number: u64,
    feed: &str,
    input: &Input<'_>,
    output: &mut Output<'_>,
) -> Result<()> {
    let body = if entry.content.is_empty() {
        &entry.summary
    } else {
        &entry.content
    };
    let body = match html::to_markdown(body, input.limits, &|| input.check()) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::TooLarge => {
            output.warn(format!("entry {number}: {}", error.message()))?;
            String::new()
        }
        Err(error) => return Err(error),
    };
    let mut metadata = Metadata::new();
    metadata.insert(meta::MEDIA_TYPE.to_owned(), "application/atom+xml".into());
    let fields = [
        (meta::TITLE, &entry.title),
        (meta::AUTHOR, &entry.author),
        ("link", &entry.link),
        ("published", &entry.published),
        ("feed", &feed.to_owned()),
    ];
    for (name, value) in fields.iter().filter(|(_, value)| !value.trim().is_empty()) {
        metadata.insert((*name).to_owned(), value.trim().into());
    }
    let title = entry.title.trim();
    let text = match (title.is_empty(), body.is_empty()) {
        (false, _) => format!("# {title}\n\n{body}"),
        (true, _) => body,
    };
    let id = [&entry.id, &entry.link]
        .into_iter()
        .find(|id| !id.trim().is_empty());
    let id = id.map_or_else(|| number.to_string(), |id| id.trim().to_owned());
    output.part(Part::Named(id), text, metadata)
}

#[derive(Default)]
struct Entry {
    title: String,
    id: String,
    link: String,
    author: String,
    published: String,
    summary: String,
    content: String,
}

/// Which text of an entry is being read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    Title,
    Id,
    Link,
    Author,
    Published,
    Summary,
    Content,
}

#[derive(Default)]
struct Walk {
    title: String,
    entry: Option<Entry>,
    field: Option<(Field, usize)>,
    depth: usize,
}

impl Walk {
    /// Takes a node; gives an entry when it is complete.
    fn take(&mut self, node: Node<'_>) -> Option<Entry> {
        match node {
            Node::Open(name, attrs) => {
                self.depth += 1;
                self.open(name, attrs);
                None
            }
            Node::Text(text) => {
                self.text(text);
                None
            }
            Node::Close(name) => {
                let done = self.close(name);
                self.depth = self.depth.saturating_sub(1);
                done
            }
        }
    }

    fn open(&mut self, name: &str, attrs: &Attrs) {
        if matches!(name, "item" | "entry") && self.entry.is_none() {
            self.entry = Some(Entry::default());
            self.field = None;
            return;
        }
        if self.field.is_some() {
            // XHTML inside of an Atom entry is the content itself, not its text alone.
            self.text(&format!("<{name}>"));
            return;
        }
        let Some(entry) = &mut self.entry else {
            if name == "title" && self.title.is_empty() {
                self.field = Some((Field::Title, self.depth));
            }
            return;
        };
        let field = match name {
            "title" => Field::Title,
            "id" | "guid" => Field::Id,
            "link" => {
                let alternate = matches!(attrs.get("rel"), None | Some("alternate"));
                if let (true, Some(href)) = (alternate, attrs.get("href")) {
                    entry.link = href.to_owned();
                }
                Field::Link
            }
            "creator" | "name" | "author" => Field::Author,
            "pubDate" | "published" | "updated" | "date" => Field::Published,
            "description" | "summary" => Field::Summary,
            "encoded" | "content" => Field::Content,
            _ => return,
        };
        // An author of Atom holds its name in an element of its own.
        if name != "author" || attrs.get("type").is_some() {
            self.field = Some((field, self.depth));
        } else {
            self.field = None;
        }
    }

    fn text(&mut self, text: &str) {
        let Some((field, _)) = self.field else { return };
        let Some(entry) = &mut self.entry else {
            self.title.push_str(text);
            return;
        };
        let into = match field {
            Field::Title => &mut entry.title,
            Field::Id => &mut entry.id,
            Field::Link => &mut entry.link,
            Field::Author => &mut entry.author,
            Field::Published => &mut entry.published,
            Field::Summary => &mut entry.summary,
            Field::Content => &mut entry.content,
        };
        into.push_str(text);
    }

    fn close(&mut self, name: &str) -> Option<Entry> {
        match self.field {
            Some((_, depth)) if depth == self.depth => self.field = None,
            Some(_) => self.text(&format!("</{name}>")),
            None if matches!(name, "item" | "entry") => return self.entry.take(),
            None => {}
        }
        None
    }
}
