//! Tree to Markdown.
//!
//! One walk without recursion over opening and closing of elements. Inline text collects in a
//! line; a block closes the line before it and puts its own marks (`>`, list indent) in front.

mod line;
mod table;

use gori_core::Result;

use self::line::Lines;
use super::Check;
use super::dom::{Data, Document, Id};
use super::main_content::{SILENT, is_around};

/// How many nodes pass between two looks at the stop flag.
const NODES_A_CHECK: usize = 4096;

/// Writes what is under `root` as Markdown.
///
/// # Errors
/// Those of `check`.
pub(super) fn markdown(document: &Document, root: Id, check: Check<'_>) -> Result<String> {
    let mut writer = Writer {
        document,
        lines: Lines::default(),
        lists: Vec::new(),
        skips_frame: root != document.root(),
    };
    let mut next = Some((root, true));
    let mut count = 0usize;
    while let Some((id, opening)) = next {
        count += 1;
        if count.is_multiple_of(NODES_A_CHECK) {
            check()?;
        }
        next = if opening {
            match writer.open(id) {
                Enter::Yes => document
                    .children(id)
                    .next()
                    .map_or(Some((id, false)), |child| Some((child, true))),
                Enter::No => beyond(document, id, root),
            }
        } else {
            writer.close(id);
            beyond(document, id, root)
        };
    }
    Ok(writer.lines.finish())
}

/// What comes after a node is done: its sibling, or the end of its parent.
fn beyond(document: &Document, id: Id, root: Id) -> Option<(Id, bool)> {
    if id == root {
        return None;
    }
    match document.node(id)?.next {
        Some(sibling) => Some((sibling, true)),
        None => Some((document.parent(id)?, false)),
    }
}

enum Enter {
    Yes,
    No,
}

struct Writer<'d> {
    document: &'d Document,
    lines: Lines,
    /// The lists that are open: the number of the next item, or none for bullets.
    lists: Vec<Option<u64>>,
    /// Inside of the main content, what frames it is left out.
    skips_frame: bool,
}

impl Writer<'_> {
    fn open(&mut self, id: Id) -> Enter {
        let document = self.document;
        let name = match document.node(id).map(|node| &node.data) {
            Some(Data::Text(text)) => {
                self.lines.text(text);
                return Enter::No;
            }
            Some(Data::Element { name, .. }) => &**name,
            Some(Data::Root) => return Enter::Yes,
            _ => return Enter::No,
        };
        if SILENT.contains(&name) || self.is_hidden(id) {
            return Enter::No;
        }
        if self.skips_frame && is_around(document, id) {
            return Enter::No;
        }
        match name {
            "br" => self.lines.line_break(),
            "hr" => {
                self.lines.blank_line();
                self.lines.raw("---");
                self.lines.blank_line();
            }
            "img" => self.image(id),
            "table" if table::is_data(document, id) => {
                self.lines.blank_line();
                for row in table::rows(document, id) {
                    self.lines.raw(&row);
                    self.lines.line_break();
                }
                self.lines.blank_line();
                return Enter::No;
            }
            "ul" => self.list(None),
            "ol" => {
                let start = document
                    .attr(id, "start")
                    .and_then(|start| start.parse().ok());
                self.list(Some(start.unwrap_or(1)));
            }
            "li" => self.item(),
            "blockquote" => {
                self.lines.blank_line();
                self.lines.indent("> ", "> ");
            }
            "pre" => {
                self.lines.blank_line();
                let language = self.language(id).to_owned();
                self.lines.open_fence(&language);
            }
            "code" | "kbd" | "samp" | "tt" => self.lines.mark("`", true),
            "b" | "strong" => self.lines.mark("**", true),
            "i" | "em" => self.lines.mark("*", true),
            "a" if self.link(id).is_some() => self.lines.open_link(),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.lines.blank_line();
                let level = name.trim_start_matches('h').parse().unwrap_or(1);
                self.lines.raw(&"#".repeat(level));
                self.lines.raw(" ");
            }
            "dd" => {
                self.lines.line_break();
                self.lines.raw(": ");
            }
            "td" | "th" => self.lines.text(" "),
            _ if is_line(name) => self.lines.line_break(),
            _ if is_block(name) => self.lines.blank_line(),
            _ => {}
        }
        Enter::Yes
    }

    fn close(&mut self, id: Id) {
        let Some(name) = self.document.name(id) else {
            return;
        };
        match name {
            "ul" | "ol" => {
                self.lists.pop();
                if self.lists.is_empty() {
                    self.lines.blank_line();
                } else {
                    self.lines.line_break();
                }
            }
            "li" => {
                self.lines.outdent();
                self.lines.line_break();
            }
            "blockquote" => {
                self.lines.outdent();
                self.lines.blank_line();
            }
            "pre" => {
                self.lines.close_fence();
                self.lines.blank_line();
            }
            "code" | "kbd" | "samp" | "tt" => self.lines.mark("`", false),
            "b" | "strong" => self.lines.mark("**", false),
            "i" | "em" => self.lines.mark("*", false),
            "a" => {
                if let Some(target) = self.link(id).map(str::to_owned) {
                    self.lines.close_link(&target);
                }
            }
            _ if is_line(name) => self.lines.line_break(),
            _ if is_block(name) => self.lines.blank_line(),
            _ => {}
        }
    }

    fn list(&mut self, first: Option<u64>) {
        if self.lists.is_empty() {
            self.lines.blank_line();
        } else {
            self.lines.line_break();
        }
        self.lists.push(first);
    }

    fn item(&mut self) {
        self.lines.line_break();
        match self.lists.last_mut() {
            Some(Some(number)) => {
                let mark = format!("{number}. ");
                *number = number.saturating_add(1);
                self.lines.indent(&mark, &" ".repeat(mark.len()));
            }
            _ => self.lines.indent("- ", "  "),
        }
    }

    fn image(&mut self, id: Id) {
        let alt = self.document.attr(id, "alt").unwrap_or_default();
        if !alt.trim().is_empty() {
            self.lines.text(&format!("[image: {}]", alt.trim()));
        }
    }

    /// The target of a link that leads somewhere.
    fn link(&self, id: Id) -> Option<&str> {
        let target = self.document.attr(id, "href")?.trim();
        let leads = !target.is_empty()
            && !target.starts_with('#')
            && !target.starts_with("javascript:")
            && !target.starts_with("data:");
        leads.then_some(target)
    }

    fn is_hidden(&self, id: Id) -> bool {
        self.document.attr(id, "hidden").is_some()
            || self.document.attr(id, "aria-hidden") == Some("true")
    }

    /// The language of a code block, from the class that highlighters use.
    fn language(&self, id: Id) -> &str {
        let inner = self.document.children(id).next();
        [Some(id), inner]
            .into_iter()
            .flatten()
            .filter_map(|id| self.document.attr(id, "class"))
            .flat_map(str::split_whitespace)
            .find_map(|class| {
                class
                    .strip_prefix("language-")
                    .or_else(|| class.strip_prefix("lang-"))
            })
            .unwrap_or_default()
    }
}

/// Elements that start a line but no paragraph.
fn is_line(name: &str) -> bool {
    matches!(
        name,
        "tr" | "dt" | "dd" | "option" | "legend" | "summary" | "figcaption" | "caption"
    )
}

/// Elements that stand apart.
fn is_block(name: &str) -> bool {
    matches!(
        name,
        "p" | "div"
            | "section"
            | "article"
            | "main"
            | "header"
            | "footer"
            | "nav"
            | "aside"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "table"
            | "dl"
            | "figure"
            | "form"
            | "fieldset"
            | "address"
            | "details"
            | "hgroup"
            | "body"
            | "html"
            | "thead"
            | "tbody"
            | "tfoot"
            | "center"
            | "title"
    )
}
