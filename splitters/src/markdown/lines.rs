//! Lines of Markdown and what a single one of them can say.

use memchr::memchr2;

/// A line without its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line<'t> {
    /// Its offset in the text.
    pub(crate) start: usize,
    /// What is not yet looked at.
    pub(crate) rest: &'t str,
    /// Columns of blank before the rest, counted from where the container begins.
    pub(crate) indent: usize,
}

/// The lines of a text; LF, CR LF and CR end them. `offset` is where the text starts.
pub(crate) fn lines(text: &str, offset: usize) -> impl Iterator<Item = Line<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
        let bytes = rest.as_bytes();
        let end = memchr2(b'\n', b'\r', bytes).unwrap_or(bytes.len());
        let crlf = bytes.get(end..).is_some_and(|end| end.starts_with(b"\r\n"));
        let start = offset + at;
        at += end + if crlf { 2 } else { 1 };
        Some(Line::new(start, rest.get(..end).unwrap_or_default()))
    })
}

impl<'t> Line<'t> {
    fn new(start: usize, text: &'t str) -> Self {
        let line = Self {
            start,
            rest: text,
            indent: 0,
        };
        line.behind(0)
    }

    /// The line behind this many bytes of the rest, its blanks counted.
    pub(crate) fn behind(self, bytes: usize) -> Self {
        let rest = self.rest.get(bytes..).unwrap_or_default();
        let trimmed = rest.trim_start_matches([' ', '\t']);
        let blanks = rest.bytes().take(rest.len() - trimmed.len());
        let indent = blanks.fold(0, |column, blank| match blank {
            b'\t' => column / 4 * 4 + 4,
            _ => column + 1,
        });
        Self {
            rest: trimmed,
            indent,
            ..self
        }
    }

    pub(crate) fn is_blank(&self) -> bool {
        self.rest.is_empty()
    }

    fn first(&self) -> u8 {
        self.rest.bytes().next().unwrap_or(b' ')
    }

    /// How many times the rest begins with its first byte.
    fn run(&self) -> usize {
        let first = self.first();
        self.rest.bytes().take_while(|byte| *byte == first).count()
    }

    /// `## Title ##`: level and title.
    pub(crate) fn heading(&self) -> Option<(u8, &'t str)> {
        let level = u8::try_from(self.run()).ok().filter(|level| *level <= 6)?;
        let title = self.rest.trim_start_matches('#');
        let opens = self.first() == b'#' && (title.is_empty() || title.starts_with([' ', '\t']));
        let title = title.trim();
        // The closing hashes are no part of the title, if a blank stands before them.
        let closed = title.trim_end_matches('#');
        let closes = closed.is_empty() || closed.ends_with([' ', '\t']);
        opens.then(|| (level, if closes { closed.trim_end() } else { title }))
    }

    /// The underline of a heading: its level.
    pub(crate) fn underline(&self) -> Option<u8> {
        let level = match self.first() {
            b'=' => 1,
            b'-' => 2,
            _ => return None,
        };
        self.rest
            .get(self.run()..)?
            .trim()
            .is_empty()
            .then_some(level)
    }

    /// The start of fenced code: its character and length.
    pub(crate) fn fence(&self) -> Option<(u8, usize)> {
        let (first, length) = (self.first(), self.run());
        let info = self.rest.get(length..)?;
        match first {
            b'`' if length >= 3 => (!info.contains('`')).then_some((first, length)),
            b'~' if length >= 3 => Some((first, length)),
            _ => None,
        }
    }

    /// Whether it ends code fenced so.
    pub(crate) fn closes(&self, (first, length): (u8, usize)) -> bool {
        let run = self.run();
        self.first() == first
            && run >= length
            && self
                .rest
                .get(run..)
                .is_some_and(|rest| rest.trim().is_empty())
    }

    /// `---`, `* * *`, `___`.
    pub(crate) fn is_break(&self) -> bool {
        let first = self.first();
        matches!(first, b'-' | b'*' | b'_')
            && self
                .rest
                .bytes()
                .all(|b| b == first || b == b' ' || b == b'\t')
            && self.rest.bytes().filter(|b| *b == first).count() >= 3
    }

    /// The marker of a list item: its length, and whether it may interrupt a paragraph.
    pub(crate) fn marker(&self) -> Option<(usize, bool)> {
        let bytes = self.rest.as_bytes();
        let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
        let length = match (digits, bytes.get(digits)) {
            (0, Some(b'-' | b'*' | b'+')) => 1,
            (1..=9, Some(b'.' | b')')) => digits + 1,
            _ => return None,
        };
        let rest = self.rest.get(length..)?;
        let spaced = rest.is_empty() || rest.starts_with([' ', '\t']);
        // Of ordered lists only one that starts at 1 may: a year may well begin a line.
        let first = self.rest.get(..digits)?.trim_start_matches('0') == "1";
        let interrupts = !rest.trim().is_empty() && (digits == 0 || first);
        spaced.then_some((length, interrupts))
    }

    /// The row under a table's header: how many cells it has.
    pub(crate) fn delimiter_cells(&self) -> Option<usize> {
        let valid = self
            .rest
            .bytes()
            .all(|b| matches!(b, b'|' | b'-' | b':' | b' ' | b'\t'));
        if !valid || !self.rest.contains('-') {
            return None;
        }
        let cells = self
            .rest
            .trim()
            .trim_start_matches('|')
            .trim_end_matches('|');
        let is_cell = |cell: &str| {
            let cell = cell.trim();
            let cell = cell.strip_prefix(':').unwrap_or(cell);
            let cell = cell.strip_suffix(':').unwrap_or(cell);
            !cell.is_empty() && cell.bytes().all(|b| b == b'-')
        };
        let count = cells.split('|').count();
        // A single cell needs a bar, or it is the underline of a heading.
        let barred = count > 1 || self.rest.contains('|');
        (barred && cells.split('|').all(is_cell)).then_some(count)
    }

    /// How many cells it has as a row of a table.
    pub(crate) fn cells(&self) -> usize {
        let row = self.rest.trim();
        let row = row.strip_prefix('|').unwrap_or(row);
        let (mut cells, mut escaped, mut last) = (1, false, b' ');
        for byte in row.bytes() {
            cells += usize::from(byte == b'|' && !escaped);
            escaped = byte == b'\\' && !escaped;
            last = byte;
        }
        let closed = last == b'|' && !row.ends_with("\\|");
        cells - usize::from(closed)
    }
}
