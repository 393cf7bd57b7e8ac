//! The values of a JSON text and where they begin. Whatever the text is, a scan ends at its
//! end and takes time in proportion to its length.

use std::ops::Range;

use memchr::memchr2;

use crate::items::Items;
use crate::ranked::{Content, DEEPEST, Ranked};

/// What tells a value from its siblings.
#[derive(Debug)]
pub(super) enum Name {
    /// A value in no other.
    Whole,
    /// An element of an array, counted from 0.
    Index(usize),
    /// A member of an object: where its key is written, with its quotes.
    Key(Range<usize>),
}

#[derive(Debug)]
pub(super) struct Structure<'t> {
    pub(super) borders: Ranked<'t>,
    /// Every value from its key on.
    pub(super) values: Items<Name>,
}

pub(super) fn scan(text: &str, range: Range<usize>) -> Structure<'_> {
    let mut scan = Scan {
        text,
        open: Vec::new(),
        deeper: 0,
        found: Structure {
            borders: Ranked::new(text),
            values: Items::new(),
        },
    };
    let mut at = range.start;
    while at < range.end {
        at = scan.step(at, range.end).max(at + 1);
    }
    while let Some(open) = scan.open.pop() {
        scan.found.values.end(open.item, range.end);
    }
    scan.found
}

/// An object or array that is not closed yet.
#[derive(Debug)]
struct Open {
    object: bool,
    /// Its place among the values.
    item: usize,
    /// The key that waits for its value.
    key: Option<Range<usize>>,
    /// How many members or elements are complete.
    index: usize,
    /// It holds something.
    filled: bool,
}

struct Scan<'t> {
    text: &'t str,
    open: Vec<Open>,
    /// How many brackets are open below the deepest level that is looked at.
    deeper: usize,
    found: Structure<'t>,
}

impl Scan<'_> {
    /// Takes what begins at an offset; gives the offset behind it.
    fn step(&mut self, at: usize, end: usize) -> usize {
        let bytes = self.text.as_bytes();
        match bytes.get(at).copied().unwrap_or(b' ') {
            b'{' | b'[' if self.open.len() >= DEEPEST => self.deeper += 1,
            b'}' | b']' if self.deeper > 0 => self.deeper -= 1,
            _ if self.deeper > 0 => return self.skip(at, end),
            open @ (b'{' | b'[') => self.begin(at, open == b'{'),
            b'}' | b']' => self.close(at),
            b',' => self.next(),
            b'"' => return self.string(at, end),
            b':' | b' ' | b'\n' | b'\r' | b'\t' => {}
            _ => return self.scalar(at, end),
        }
        at + 1
    }

    fn skip(&self, at: usize, end: usize) -> usize {
        let quoted = self.text.as_bytes().get(at) == Some(&b'"');
        if quoted {
            string_end(self.text, at, end)
        } else {
            at + 1
        }
    }

    /// Adds the value that begins here, or at its key; gives its place.
    fn value(&mut self, at: usize, content: Content) -> usize {
        let rank = self.open.len();
        let (start, parent, name) = match self.open.last_mut() {
            None => (at, None, Name::Whole),
            Some(open) => {
                open.filled = true;
                match open.key.take() {
                    Some(key) => (key.start, Some(open.item), Name::Key(key)),
                    None => (at, Some(open.item), Name::Index(open.index)),
                }
            }
        };
        self.found.borders.mark(start, rank, content);
        self.found.values.push(start..at + 1, parent, name)
    }

    fn begin(&mut self, at: usize, object: bool) {
        let item = self.value(at, Content::Verbatim);
        self.open.push(Open {
            object,
            item,
            key: None,
            index: 0,
            filled: false,
        });
    }

    fn close(&mut self, at: usize) {
        let rank = self.open.len();
        if let Some(open) = self.open.pop() {
            // The bracket stands apart from what it closes, so that what fits stays whole.
            if open.filled {
                self.found.borders.mark(at, rank, Content::Verbatim);
            }
            self.found.values.end(open.item, at + 1);
        }
    }

    fn next(&mut self) {
        if let Some(open) = self.open.last_mut() {
            open.index += 1;
            open.key = None;
        }
    }

    fn string(&mut self, at: usize, end: usize) -> usize {
        let behind = string_end(self.text, at, end);
        match self.open.last_mut() {
            Some(open) if open.object && open.key.is_none() => {
                open.key = Some(at..behind);
            }
            _ => {
                let item = self.value(at, Content::Prose);
                self.found.values.end(item, behind);
            }
        }
        behind
    }

    /// A number, a word, or whatever stands there; at the top level, all up to the end of the
    /// line.
    fn scalar(&mut self, at: usize, end: usize) -> usize {
        let rest = self.text.get(at..end).unwrap_or_default();
        let top = self.open.is_empty();
        let ends = |c: char| match c {
            '\n' | '\r' => true,
            '{' | '[' | '"' | '}' | ']' | ',' | ':' | ' ' | '\t' => !top,
            _ => false,
        };
        let behind = at + rest.find(ends).unwrap_or(rest.len());
        let item = self.value(at, Content::Prose);
        self.found.values.end(item, behind);
        behind
    }
}

/// The offset behind the quote that ends a string; `end` where none does.
fn string_end(text: &str, start: usize, end: usize) -> usize {
    let mut at = start + 1;
    while let Some(found) = text
        .as_bytes()
        .get(at..end)
        .and_then(|b| memchr2(b'"', b'\\', b))
    {
        at += found;
        if text.as_bytes().get(at) == Some(&b'"') {
            return at + 1;
        }
        // The character behind a backslash is taken with it, whatever it is.
        at += 2;
    }
    end
}
