//! Lines of Markdown as they grow: collapsed blanks, prefixes, fences, links.

/// The text written so far, and the line that is being written.
#[derive(Debug, Default)]
pub(super) struct Lines {
    done: String,
    line: String,
    /// A blank was read that is written once more text comes.
    blank: bool,
    /// A paragraph ended, and a blank line is written once another line comes.
    gap: bool,
    /// What stands in front of each line: quotes and list indents.
    prefixes: Vec<Prefix>,
    fence: Option<Fence>,
    /// Where in `line` the text of the open links begins.
    links: Vec<usize>,
    /// Emphasis marks that wait for the text behind them.
    pending_mark: Option<&'static str>,
}

#[derive(Debug)]
struct Prefix {
    first: String,
    rest: String,
    used: bool,
}

#[derive(Debug)]
struct Fence {
    language: String,
    body: String,
}

impl Lines {
    /// Adds text of the page: runs of blanks become one, none at the start of a line.
    pub(super) fn text(&mut self, text: &str) {
        if let Some(fence) = &mut self.fence {
            fence.body.push_str(text);
            return;
        }
        for c in text.chars() {
            if c.is_whitespace() && c != '\u{a0}' {
                self.blank = true;
                continue;
            }
            self.flush_blank();
            self.flush_mark();
            self.line.push(if c == '\u{a0}' { ' ' } else { c });
        }
    }

    /// Adds marks as they stand.
    pub(super) fn raw(&mut self, marks: &str) {
        if let Some(fence) = &mut self.fence {
            fence.body.push_str(marks);
            return;
        }
        self.flush_blank();
        self.line.push_str(marks);
    }

    fn flush_blank(&mut self) {
        if self.blank && !self.line.is_empty() && !self.line.ends_with(' ') {
            self.line.push(' ');
        }
        self.blank = false;
    }

    fn flush_mark(&mut self) {
        if let Some(mark) = self.pending_mark.take() {
            self.line.push_str(mark);
        }
    }

    /// Opens or closes emphasis or code. An opening mark waits for its text, so that the
    /// blank before it stays outside and an element without text leaves no mark.
    pub(super) fn mark(&mut self, mark: &'static str, opens: bool) {
        if self.fence.is_some() {
            return;
        }
        if opens {
            self.flush_blank();
            self.flush_mark();
            self.pending_mark = Some(mark);
        } else if self.pending_mark.take().is_none() {
            self.line.push_str(mark);
        }
    }

    /// Ends the line, when there is one.
    pub(super) fn line_break(&mut self) {
        if let Some(fence) = &mut self.fence {
            fence.body.push('\n');
            return;
        }
        self.blank = false;
        self.links.clear();
        self.pending_mark = None;
        let line = std::mem::take(&mut self.line);
        if !line.trim().is_empty() {
            self.write_line(line.trim_end());
        }
    }

    /// Ends the line and the paragraph. The blank line is written with what comes next, when
    /// it is known which quotes and items go on.
    pub(super) fn blank_line(&mut self) {
        self.line_break();
        // A list item whose mark is not written yet stays with its first line.
        let begins = self.prefixes.iter().any(|prefix| !prefix.used);
        self.gap |= self.fence.is_none() && !self.done.is_empty() && !begins;
    }

    fn write_line(&mut self, line: &str) {
        if std::mem::take(&mut self.gap) {
            let going_on = self.prefixes.iter().filter(|prefix| prefix.used);
            let quote: String = going_on.map(|prefix| &*prefix.rest).collect();
            self.done.push_str(quote.trim_end());
            self.done.push('\n');
        }
        for prefix in &mut self.prefixes {
            self.done.push_str(if prefix.used {
                &prefix.rest
            } else {
                &prefix.first
            });
            prefix.used = true;
        }
        self.done.push_str(line);
        self.done.push('\n');
    }

    /// Puts something in front of the next line, and something else of those after it.
    pub(super) fn indent(&mut self, first: &str, rest: &str) {
        self.prefixes.push(Prefix {
            first: first.to_owned(),
            rest: rest.to_owned(),
            used: false,
        });
    }

    /// Takes back the innermost indent.
    pub(super) fn outdent(&mut self) {
        self.line_break();
        self.prefixes.pop();
    }

    /// What comes is code, line by line as it stands.
    pub(super) fn open_fence(&mut self, language: &str) {
        self.fence.get_or_insert_with(|| Fence {
            language: language.to_owned(),
            body: String::new(),
        });
    }

    /// The code ends. The fence is longer than any run of backticks in it.
    pub(super) fn close_fence(&mut self) {
        let Some(fence) = self.fence.take() else {
            return;
        };
        let body = fence.body.trim_matches('\n');
        if body.trim().is_empty() {
            return;
        }
        let mut longest = 0;
        let mut run = 0;
        for c in body.chars() {
            run = if c == '`' { run + 1 } else { 0 };
            longest = longest.max(run);
        }
        let marks = "`".repeat(3.max(longest + 1));
        self.write_line(&format!("{marks}{}", fence.language));
        for line in body.lines() {
            self.write_line(line.trim_end());
        }
        self.write_line(&marks);
    }

    /// A link begins here.
    pub(super) fn open_link(&mut self) {
        if self.fence.is_none() {
            self.flush_blank();
            self.flush_mark();
            self.links.push(self.line.len());
        }
    }

    /// The link ends here. A link without text, or across lines, leaves just its text.
    pub(super) fn close_link(&mut self, target: &str) {
        let Some(start) = self.links.pop() else {
            return;
        };
        let Some(text) = self
            .line
            .get(start..)
            .filter(|text| !text.trim().is_empty())
        else {
            return;
        };
        let text = text.replace('[', "\\[").replace(']', "\\]");
        let target = target
            .replace(' ', "%20")
            .replace('(', "%28")
            .replace(')', "%29");
        self.line.truncate(start);
        self.line.push_str(&format!("[{text}]({target})"));
    }

    /// All that was written.
    pub(super) fn finish(mut self) -> String {
        self.close_fence();
        self.line_break();
        let end = self.done.trim_end().len();
        self.done.truncate(end);
        if !self.done.is_empty() {
            self.done.push('\n');
        }
        self.done
    }
}
