//! The blocks of HTML and its headings, in one pass over the tags. No tree is built: elements
//! that overlap or are never closed cost nothing but the right rank of a border.

use std::ops::Range;

use super::names::{Role, ends, role};
use super::tags::{Token, next, raw_end};
use crate::ranked::{Content, DEEPEST, Ranked};

/// Where a page may be cut.
#[derive(Debug)]
pub(super) struct Page<'t> {
    pub(super) borders: Ranked<'t>,
    pub(super) headings: Vec<Heading<'t>>,
}

#[derive(Debug)]
pub(super) struct Heading<'t> {
    /// Where its section begins: at its tag, or at those of the blocks that begin with it.
    pub(super) start: usize,
    level: u8,
    title: &'t str,
    /// It follows a shallower heading at once and stands in the same section.
    pub(super) joins: bool,
}

impl<'t> Heading<'t> {
    /// Brings the path of headings to this one.
    pub(super) fn follow(&self, path: &mut Vec<(u8, &'t str)>) {
        path.retain(|(outer, _)| *outer < self.level);
        if !self.title.is_empty() {
            path.push((self.level, self.title));
        }
    }
}

/// An element that is open.
#[derive(Debug)]
struct Open<'t> {
    name: &'t [u8],
    /// Headings and blocks within are not looked at apart.
    whole: bool,
}

struct Scan<'t> {
    text: &'t str,
    page: Page<'t>,
    open: Vec<Open<'t>>,
    /// The first of the start tags with nothing but blanks behind them.
    lead: Option<usize>,
    /// Something that is no tag of a block stands behind the last heading.
    content: bool,
}

pub(super) fn scan(text: &str, range: Range<usize>) -> Page<'_> {
    let mut scan = Scan {
        text,
        page: Page {
            borders: Ranked::new(text),
            headings: Vec::new(),
        },
        open: Vec::new(),
        lead: None,
        content: true,
    };
    // Behind the last `>` there is no tag, and none is looked for again and again.
    let bytes = text.as_bytes().get(..range.end).unwrap_or_default();
    let tags = memchr::memrchr(b'>', bytes).map_or(0, |last| last + 1);
    let bytes = bytes.get(..tags).unwrap_or_default();
    let mut at = range.start;
    while let Some((token, span)) = next(bytes, at) {
        scan.between(at..span.start);
        at = match token {
            Token::Aside => span.end,
            Token::Start(name) => scan.start(bytes, name, span),
            Token::End(name) => scan.end(bytes, name, span),
        };
    }
    scan.page
}

impl<'t> Scan<'t> {
    /// Takes note of the text between two tags.
    fn between(&mut self, range: Range<usize>) {
        let text = self.text.get(range).unwrap_or_default();
        if !text.trim_ascii().is_empty() {
            self.content = true;
            self.lead = None;
        }
    }

    fn start(&mut self, bytes: &'t [u8], name: Range<usize>, span: Range<usize>) -> usize {
        let name = bytes.get(name).unwrap_or_default();
        let lower = lower(name);
        let role = role(lower.name());
        if self.open.last().is_some_and(|open| open.whole) {
            return self.raw(bytes, role, name, span.end);
        }
        if role == Role::Inline {
            (self.content, self.lead) = (true, None);
            return span.end;
        }
        self.imply(lower.name());
        let content = match role {
            Role::Preformatted | Role::Raw => Content::Verbatim,
            _ => Content::Prose,
        };
        self.page.borders.mark(span.start, self.open.len(), content);
        match role {
            Role::Heading(level) => return self.heading(bytes, level, name, span),
            Role::Block | Role::Loose | Role::Preformatted => self.push(name, role, lower.name()),
            Role::Raw => self.content = true,
            Role::Void | Role::Inline => {}
        }
        match role {
            Role::Block => self.lead = self.lead.or(Some(span.start)),
            _ => self.lead = None,
        }
        self.raw(bytes, role, name, span.end)
    }

    /// The offset behind raw text, where the element holds such.
    fn raw(&self, bytes: &[u8], role: Role, name: &[u8], at: usize) -> usize {
        match role {
            Role::Raw => raw_end(bytes, at, name),
            _ => at,
        }
    }

    fn push(&mut self, name: &'t [u8], role: Role, lower: &[u8]) {
        if self.open.len() < DEEPEST {
            let whole = role == Role::Preformatted || lower == b"svg";
            self.open.push(Open { name, whole });
        }
    }

    /// Closes what a start tag of this name ends.
    fn imply(&mut self, new: &[u8]) {
        while self
            .open
            .last()
            .is_some_and(|open| ends(lower(open.name).name(), new))
        {
            self.open.pop();
        }
    }

    fn end(&mut self, bytes: &'t [u8], name: Range<usize>, span: Range<usize>) -> usize {
        let name = bytes.get(name).unwrap_or_default();
        let same = |open: &Open<'_>| open.name.eq_ignore_ascii_case(name);
        let raw = role(lower(name).name()) == Role::Raw;
        let depth = self.open.iter().rposition(same);
        if let Some(depth) = depth.or(raw.then_some(self.open.len())) {
            self.open.truncate(depth);
            self.page
                .borders
                .mark(behind_blanks(bytes, span.end), depth, Content::Prose);
            self.lead = None;
        }
        span.end
    }

    /// Takes a heading up to its end tag, or to the next tag of a block.
    fn heading(&mut self, bytes: &'t [u8], level: u8, name: &[u8], span: Range<usize>) -> usize {
        let (mut first, mut last, mut at) = (None, span.end, span.end);
        let behind = loop {
            let Some((token, tag)) = next(bytes, at) else {
                break bytes.len();
            };
            let inner = self.text.get(at..tag.start).unwrap_or_default();
            if !inner.trim().is_empty() {
                let start = at + (inner.len() - inner.trim_start().len());
                first = first.or(Some(start));
                last = at + inner.trim_end().len();
            }
            match token {
                Token::End(end)
                    if bytes
                        .get(end.clone())
                        .is_some_and(|end| end.eq_ignore_ascii_case(name)) =>
                {
                    break tag.end;
                }
                Token::Start(name) | Token::End(name)
                    if role(lower(bytes.get(name.clone()).unwrap_or_default()).name())
                        != Role::Inline =>
                {
                    break tag.start;
                }
                _ => at = tag.end,
            }
        };
        let title = first
            .and_then(|first| self.text.get(first..last))
            .unwrap_or_default();
        let in_table = self
            .open
            .iter()
            .any(|open| open.name.eq_ignore_ascii_case(b"table"));
        if !in_table {
            let start = self.lead.unwrap_or(span.start);
            let before = self.page.headings.last();
            let joins = !self.content && before.is_some_and(|before| before.level < level);
            self.page.headings.push(Heading {
                start,
                level,
                title,
                joins,
            });
        }
        (self.content, self.lead) = (false, None);
        self.page.borders.mark(
            behind_blanks(bytes, behind),
            self.open.len(),
            Content::Prose,
        );
        behind
    }
}

/// The first offset at or behind `at` that is no blank.
fn behind_blanks(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    let blanks = rest.iter().position(|byte| !byte.is_ascii_whitespace());
    at + blanks.unwrap_or(rest.len())
}

/// A name in lower case; one longer than any that is known is none of them.
struct Lower {
    bytes: [u8; LONGEST],
    length: usize,
}

const LONGEST: usize = 12;

impl Lower {
    fn name(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

fn lower(name: &[u8]) -> Lower {
    let mut bytes = [0; LONGEST];
    let length = if name.len() <= LONGEST { name.len() } else { 0 };
    for (lower, byte) in bytes.iter_mut().zip(name.iter().take(length)) {
        *lower = byte.to_ascii_lowercase();
    }
    Lower { bytes, length }
}
