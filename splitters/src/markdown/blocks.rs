//! The blocks of Markdown: where they begin and which must not be torn.
//!
//! One pass over the lines by the rules of CommonMark 0.31 and of GitHub's tables, as far as
//! they decide where a heading, fenced code or a table is. What stands within a line is not
//! parsed.

use std::ops::Range;

use super::html::{self, Ending};
use super::lines::{Line, lines};

/// Deeper lists than this are taken as text.
const DEEPEST: usize = 32;

/// Front matter longer than this, in lines, is a text that begins with a rule.
const FRONT_MATTER: usize = 200;

/// A block, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block<'t> {
    pub(crate) start: usize,
    /// It is part of a larger block: an item of a list, code in an item or a quotation.
    pub(crate) inner: bool,
    pub(crate) content: Content<'t>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content<'t> {
    /// A heading that is in no list or quotation.
    Heading { level: u8, title: &'t str },
    /// Code, a table, front matter: not to be torn.
    Verbatim,
    /// Anything else.
    Text,
}

impl Block<'_> {
    /// The level of a heading.
    pub(crate) fn level(&self) -> Option<u8> {
        match self.content {
            Content::Heading { level, .. } => Some(level),
            _ => None,
        }
    }
}

/// The blocks of a range of the text, in order.
pub(crate) fn scan(text: &str, range: Range<usize>) -> Vec<Block<'_>> {
    let inside = text.get(range.clone()).unwrap_or_default();
    let mut scan = Scan::new(text);
    let front = if range.start == 0 {
        front_matter(inside)
    } else {
        0
    };
    if front > 0 {
        scan.push(0, false, Content::Verbatim);
    }
    for line in lines(inside.get(front..).unwrap_or_default(), range.start + front) {
        scan.line(line);
    }
    scan.blocks
}

/// The length of the YAML or TOML before the text.
fn front_matter(text: &str) -> usize {
    let mut all = lines(text, 0);
    let Some(fence) = all.next().map(|line| line.rest.trim_end()) else {
        return 0;
    };
    if fence != "---" && fence != "+++" {
        return 0;
    }
    let mut all = all.take(FRONT_MATTER);
    let Some(close) = all.find(|line| line.indent == 0 && line.rest.trim_end() == fence) else {
        return 0;
    };
    close.start + fence.len()
}

/// The top-level block that the lines are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Nothing,
    Paragraph,
    List,
    Quote,
    Table,
    Indented,
}

#[derive(Clone, Copy, Debug)]
struct Fence {
    mark: (u8, usize),
    /// It stands in a quotation, and ends with it.
    quoted: bool,
    /// The column where the item of a list begins that it stands in, and ends with.
    column: usize,
}

#[derive(Debug)]
struct Scan<'t> {
    text: &'t str,
    blocks: Vec<Block<'t>>,
    open: Open,
    /// The columns where the contents of the open items begin, outermost first.
    items: Vec<usize>,
    /// The line before began an item and nothing else: a blank line ends it.
    hollow: bool,
    /// A paragraph is open that the next line may continue; it may be within an item.
    paragraph: bool,
    /// The line before, where it is the last of a paragraph.
    last: Option<Line<'t>>,
    fence: Option<Fence>,
    html: Option<Ending>,
    /// Code within an item ended; what follows in the item is a part of its own.
    after_code: bool,
}

impl<'t> Scan<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            text,
            blocks: Vec::new(),
            open: Open::Nothing,
            items: Vec::new(),
            hollow: false,
            paragraph: false,
            last: None,
            fence: None,
            html: None,
            after_code: false,
        }
    }

    fn push(&mut self, start: usize, inner: bool, content: Content<'t>) {
        match self.blocks.last_mut() {
            // Several things may begin in one line, as in an item that is code: the last
            // one decides whether the line may be torn, the first whether it is inner.
            Some(last) if last.start == start => last.content = content,
            _ => self.blocks.push(Block {
                start,
                inner,
                content,
            }),
        }
    }

    fn line(&mut self, line: Line<'t>) {
        if self.in_fence(line) || self.in_html(line) {
            return;
        }
        let hollow = std::mem::take(&mut self.hollow);
        if line.is_blank() {
            if hollow {
                self.items.pop();
            }
            self.end_paragraph();
            if matches!(self.open, Open::Paragraph | Open::Table | Open::Quote) {
                self.open = Open::Nothing;
            }
            return;
        }
        self.leave_items(line);
        let base = self.items.last().copied().unwrap_or(0);
        let line = Line {
            indent: line.indent.saturating_sub(base),
            ..line
        };
        self.block(line, base);
    }

    fn end_paragraph(&mut self) {
        self.paragraph = false;
        self.last = None;
    }

    /// Whether the line is fenced code, or its end.
    fn in_fence(&mut self, line: Line<'t>) -> bool {
        let Some(fence) = self.fence else {
            return false;
        };
        let mut line = line;
        if fence.quoted {
            if line.rest.starts_with('>') {
                line = unquote(line);
            } else {
                self.end_fence();
                return false;
            }
        } else if line.indent < fence.column && !line.is_blank() {
            self.end_fence();
            return false;
        }
        if line.indent < fence.column + 4 && line.closes(fence.mark) {
            self.end_fence();
        }
        true
    }

    fn end_fence(&mut self) {
        self.fence = None;
        self.after_code = true;
    }

    /// Whether the line is part of HTML that begins in a line before.
    fn in_html(&mut self, line: Line<'t>) -> bool {
        let Some(ending) = self.html else {
            return false;
        };
        if html::closes(line.rest, ending) {
            self.html = None;
            self.end_paragraph();
            if self.items.is_empty() {
                self.open = Open::Nothing;
            }
        }
        true
    }

    /// Leaves the items that the line does not belong to.
    fn leave_items(&mut self, line: Line<'t>) {
        // Outside of the paragraph's item any item may begin, and not only one that interrupts.
        let outside = self
            .items
            .last()
            .is_some_and(|column| line.indent < *column);
        let begins = begins_block(line) || outside && line.marker().is_some();
        if self.items.is_empty() || self.paragraph && !begins {
            return;
        }
        while self
            .items
            .last()
            .is_some_and(|column| line.indent < *column)
        {
            self.items.pop();
            // The paragraph was the item's, and an empty item may stand here.
            self.end_paragraph();
        }
        if self.items.is_empty() && (line.indent >= 4 || line.marker().is_none()) {
            self.open = Open::Nothing;
            self.after_code = false;
        }
    }

    /// The line, where it begins or continues a block; `base` is the column of its item.
    fn block(&mut self, line: Line<'t>, base: usize) {
        if line.indent >= 4 {
            self.indented(line);
        } else if line.rest.starts_with('>') {
            self.quote(line);
        } else if let Some(heading) = line.heading() {
            self.heading(line.start, heading);
        } else if let Some(mark) = line.fence() {
            self.code(
                line.start,
                Fence {
                    mark,
                    quoted: false,
                    column: base,
                },
            );
        } else if let Some(ending) = html::opens(line.rest) {
            self.html(line, ending);
        } else if !self.paragraph && html::is_tag(line.rest) {
            self.html(line, Ending::Blank);
        } else if let Some(level) = line.underline().filter(|_| self.top_paragraph()) {
            self.underlined(line, level);
        } else if line.is_break() {
            self.part(line.start);
            self.end_paragraph();
        } else if let Some((length, interrupts)) = line.marker() {
            // Below a quotation it stands outside of the paragraph, which it need not interrupt.
            let outside = self.open == Open::Quote || !self.items.is_empty();
            if interrupts || !self.paragraph || outside {
                self.item(line, length, base);
            } else {
                self.text(line);
            }
        } else if self.begins_table(line) {
            self.table();
        } else {
            self.text(line);
        }
    }

    fn top_paragraph(&self) -> bool {
        self.paragraph && self.open == Open::Paragraph && self.items.is_empty()
    }

    /// Begins a block that is text: of its own, or a part of an item where it must be one.
    fn part(&mut self, start: usize) {
        if self.items.is_empty() {
            self.push(start, false, Content::Text);
            self.open = Open::Nothing;
        } else if self.after_code {
            self.push(start, true, Content::Text);
        }
        self.after_code = false;
    }

    fn indented(&mut self, line: Line<'t>) {
        if self.open == Open::Table && self.items.is_empty() {
            // Code ends a table, where it would go on with a paragraph.
            self.end_paragraph();
        }
        if self.paragraph {
            self.last = Some(line);
        } else if self.items.is_empty() {
            if self.open != Open::Indented {
                self.push(line.start, false, Content::Verbatim);
            }
            self.open = Open::Indented;
        } else {
            self.part(line.start);
        }
    }

    fn quote(&mut self, line: Line<'t>) {
        if self.open != Open::Quote || self.after_code {
            let inner = self.open == Open::Quote || !self.items.is_empty();
            if !inner || self.after_code {
                self.push(line.start, inner, Content::Text);
            }
            self.after_code = false;
        }
        if self.items.is_empty() {
            self.open = Open::Quote;
        }
        let inside = unquote(line);
        self.end_paragraph();
        match inside.fence().filter(|_| inside.indent < 4) {
            Some(mark) => {
                let fence = Fence {
                    mark,
                    quoted: true,
                    column: 0,
                };
                self.push(line.start, self.open == Open::Quote, Content::Verbatim);
                self.fence = Some(fence);
            }
            None => {
                self.paragraph = inside.indent < 4 && !inside.is_blank() && !ends_itself(inside)
            }
        }
    }

    fn heading(&mut self, start: usize, (level, title): (u8, &'t str)) {
        self.end_paragraph();
        if self.items.is_empty() {
            self.open = Open::Nothing;
            self.after_code = false;
            self.push(start, false, Content::Heading { level, title });
        } else {
            self.part(start);
        }
    }

    fn code(&mut self, start: usize, fence: Fence) {
        self.end_paragraph();
        let inner = !self.items.is_empty();
        if !inner {
            self.open = Open::Nothing;
        }
        self.push(start, inner, Content::Verbatim);
        self.fence = Some(fence);
    }

    fn html(&mut self, line: Line<'t>, ending: Ending) {
        self.end_paragraph();
        self.part(line.start);
        let closed = ending != Ending::Blank && html::closes(line.rest, ending);
        self.html = (!closed).then_some(ending);
    }

    /// Makes the open paragraph a heading.
    fn underlined(&mut self, line: Line<'t>, level: u8) {
        self.end_paragraph();
        self.open = Open::Nothing;
        if let Some(block) = self.blocks.last_mut() {
            let title = self
                .text
                .get(block.start..line.start)
                .unwrap_or_default()
                .trim();
            block.content = Content::Heading { level, title };
        }
    }

    fn item(&mut self, line: Line<'t>, length: usize, base: usize) {
        let inner = self.open == Open::List || !self.items.is_empty();
        self.push(line.start, inner, Content::Text);
        if self.items.is_empty() {
            self.open = Open::List;
        }
        self.after_code = false;
        self.end_paragraph();
        let inside = line.behind(length);
        // Five blanks or more are one, and code that is indented by the rest.
        let blanks = if inside.is_blank() || inside.indent > 4 {
            1
        } else {
            inside.indent
        };
        let column = base + line.indent + length + blanks;
        if self.items.len() >= DEEPEST {
            self.paragraph = true;
            return;
        }
        self.items.push(column);
        self.hollow = inside.is_blank();
        if !self.hollow {
            let indent = inside.indent - blanks;
            self.block(Line { indent, ..inside }, column);
        }
    }

    fn begins_table(&self, line: Line<'t>) -> bool {
        let (Some(header), true) = (self.last, self.paragraph) else {
            return false;
        };
        header.rest.contains('|') && line.delimiter_cells().is_some_and(|n| n == header.cells())
    }

    /// Makes the last line of the paragraph the header of a table.
    fn table(&mut self) {
        let Some(header) = self.last else {
            return;
        };
        let inner = !self.items.is_empty();
        self.push(header.start, inner, Content::Verbatim);
        if !inner {
            self.open = Open::Table;
        }
        self.end_paragraph();
        // Rows go on until a blank line, as a paragraph does.
        self.paragraph = true;
        self.after_code = inner;
    }

    fn text(&mut self, line: Line<'t>) {
        if self.open == Open::Table && self.items.is_empty() {
            return;
        }
        if !self.paragraph {
            self.part(line.start);
            if self.items.is_empty() {
                self.open = Open::Paragraph;
            }
        }
        self.paragraph = true;
        self.last = Some(line);
    }
}

/// The line without the marks of quotations.
fn unquote(line: Line<'_>) -> Line<'_> {
    let mut line = line;
    while line.rest.starts_with('>') {
        line = line.behind(1);
        line.indent = line.indent.saturating_sub(1);
    }
    line
}

/// Whether the line is a block of its own, which no other line continues.
fn ends_itself(line: Line<'_>) -> bool {
    line.heading().is_some() || line.is_break() || html::opens(line.rest).is_some()
}

/// Whether the line ends a paragraph that it does not belong to by its indent.
fn begins_block(line: Line<'_>) -> bool {
    line.indent < 4
        && (line.rest.starts_with('>')
            || line.heading().is_some()
            || line.fence().is_some()
            || line.is_break()
            || html::opens(line.rest).is_some())
        || line.marker().is_some_and(|(_, interrupts)| interrupts)
}
