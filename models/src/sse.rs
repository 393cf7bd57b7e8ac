//! Server-sent events: bytes in, events out.
//!
//! The parser is pure and keeps what is not whole yet, so where the network cuts the bytes
//! never shows. It follows <https://html.spec.whatwg.org/multipage/server-sent-events.html>:
//! lines end in LF, CR or CRLF; a byte order mark at the start and comments are passed over;
//! several `data` lines are joined by newlines; an event that no blank line has ended is not
//! dispatched. Beyond the specification, lines and events have a largest size.
//!
//! ```
//! use gori_models::sse::Parser;
//!
//! # fn main() -> gori_core::Result<()> {
//! let mut parser = Parser::new();
//! let mut events = parser.feed(b"data: {\"a\":\r\ndata: 1}\r")?;
//! events.extend(parser.feed(b"\n\r\ndata: [DONE]\n\n")?);
//! assert_eq!(events.len(), 2);
//! assert_eq!(events[0].data, "{\"a\":\n1}");
//! assert_eq!(events[1].data, "[DONE]");
//! assert!(!parser.is_inside());
//! # Ok(())
//! # }
//! ```

use gori_core::{Error, ErrorKind, Result};

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// Its `event` field; empty where it has none.
    pub name: String,
    /// Its `data` fields, joined by newlines.
    pub data: String,
}

/// Turns a byte stream into events.
#[derive(Clone, Debug)]
pub struct Parser {
    line: Vec<u8>,
    event: Event,
    has_data: bool,
    at_start: bool,
    after_cr: bool,
    max_line: usize,
    max_event: usize,
}

impl Default for Parser {
    fn default() -> Self {
        Self::new()
    }
}

impl Parser {
    /// The largest line, in bytes, unless said otherwise.
    pub const MAX_LINE: usize = 1 << 20;

    /// A parser at the start of a stream.
    pub fn new() -> Self {
        Self::with_max_line(Self::MAX_LINE)
    }

    /// A parser that takes lines up to this many bytes, and events up to four times that.
    pub fn with_max_line(max_line: usize) -> Self {
        Self {
            line: Vec::new(),
            event: Event::default(),
            has_data: false,
            at_start: true,
            after_cr: false,
            max_line,
            max_event: max_line.saturating_mul(4),
        }
    }

    /// Takes the next bytes and gives the events that they complete.
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`] where a line or an event is above its limit; nothing that
    /// follows can be trusted then.
    pub fn feed(&mut self, mut bytes: &[u8]) -> Result<Vec<Event>> {
        let mut events = Vec::new();
        while !bytes.is_empty() {
            if std::mem::take(&mut self.after_cr) && bytes.first() == Some(&b'\n') {
                bytes = bytes.get(1..).unwrap_or_default();
                continue;
            }
            let end = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
            let (part, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
            if self.line.len() + part.len() > self.max_line {
                return Err(too_large("a line", self.max_line));
            }
            self.line.extend_from_slice(part);
            bytes = rest;
            if let Some((terminator, rest)) = rest.split_first() {
                self.after_cr = *terminator == b'\r';
                bytes = rest;
                events.extend(self.end_line()?);
            }
        }
        Ok(events)
    }

    /// Whether the stream stands inside an event: if it ends here, that event is lost.
    pub fn is_inside(&self) -> bool {
        self.has_data || !self.line.is_empty()
    }

    fn end_line(&mut self) -> Result<Option<Event>> {
        let bytes = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&bytes);
        let mut line = text.as_ref();
        if std::mem::take(&mut self.at_start) {
            line = line.strip_prefix('\u{feff}').unwrap_or(line);
        }
        if line.is_empty() {
            return Ok(self.dispatch());
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => self.add_data(value)?,
            "event" => value.clone_into(&mut self.event.name),
            // Comments have no field name; `id` and `retry` matter only to who reconnects.
            _ => {}
        }
        Ok(None)
    }

    fn add_data(&mut self, value: &str) -> Result<()> {
        if std::mem::replace(&mut self.has_data, true) {
            self.event.data.push('\n');
        }
        if self.event.data.len() + value.len() > self.max_event {
            return Err(too_large("an event", self.max_event));
        }
        self.event.data.push_str(value);
        Ok(())
    }

    fn dispatch(&mut self) -> Option<Event> {
        let event = std::mem::take(&mut self.event);
        std::mem::take(&mut self.has_data).then_some(event)
    }
}

fn too_large(what: &str, limit: usize) -> Error {
    Error::new(
        ErrorKind::TooLarge,
        format!("{what} of the event stream is longer than {limit} bytes"),
    )
    .transient(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(parts: &[&[u8]]) -> (Vec<Event>, bool) {
        let mut parser = Parser::new();
        let mut events = Vec::new();
        for part in parts {
            events.extend(parser.feed(part).unwrap());
        }
        (events, parser.is_inside())
    }

    fn data(text: &str) -> Event {
        Event {
            name: String::new(),
            data: text.into(),
        }
    }

    /// Each with the data of its events, and whether it ends inside one.
    fn fixtures() -> Vec<(&'static [u8], Vec<Event>, bool)> {
        vec![
            (b"data: a\n\ndata: b\n\n", vec![data("a"), data("b")], false),
            (
                b"data: a\r\n\r\ndata: b\r\r",
                vec![data("a"), data("b")],
                false,
            ),
            (
                b"data: a\r\rdata: b\n\r\n",
                vec![data("a"), data("b")],
                false,
            ),
            ("\u{feff}data: a\n\n".as_bytes(), vec![data("a")], false),
            ("\n\u{feff}data: a\n\n".as_bytes(), vec![], false),
            (
                b": a comment\n\n:\ndata: a\n: another\n\n",
                vec![data("a")],
                false,
            ),
            (
                b"data: a\ndata: b\ndata\ndata:\n\n",
                vec![data("a\nb\n\n")],
                false,
            ),
            (
                b"data:a\n\ndata:  b\n\n",
                vec![data("a"), data(" b")],
                false,
            ),
            (b"data\n\n", vec![data("")], false),
            (
                b"event: error\ndata: {}\n\n",
                vec![Event {
                    name: "error".into(),
                    data: "{}".into(),
                }],
                false,
            ),
            (b"event: ping\n\ndata: a\n\n", vec![data("a")], false),
            (
                b"id: 7\nretry: 100\nunknown: x\ndata: a\n\n",
                vec![data("a")],
                false,
            ),
            (b"data: [DONE] \n\n", vec![data("[DONE] ")], false),
            (b"data: a\n\ndata: lost", vec![data("a")], true),
            (b"data: a\n\ndata: lost\n", vec![data("a")], true),
            (b"data: a\n\ndata: lost\r", vec![data("a")], true),
            (b"", vec![], false),
            (b"\r\n\r\n\n\r", vec![], false),
            (
                "data: 한국어 👩‍👩‍👧 é\n\n".as_bytes(),
                vec![data("한국어 👩‍👩‍👧 é")],
                false,
            ),
            (b"data: \xff\xfe\n\n", vec![data("\u{fffd}\u{fffd}")], false),
            (
                b"<html><body>502 Bad Gateway</body></html>\n\n",
                vec![],
                false,
            ),
        ]
    }

    #[test]
    fn every_fixture_gives_the_same_events_wherever_it_is_split() {
        let mut tried = 0;
        for (bytes, events, inside) in fixtures() {
            let expected = (events, inside);
            for first in 0..=bytes.len() {
                for second in first..=bytes.len() {
                    let parts = [&bytes[..first], &bytes[first..second], &bytes[second..]];
                    assert_eq!(parse(&parts), expected, "{bytes:?} at {first}, {second}");
                    tried += 1;
                }
            }
            let bytewise: Vec<&[u8]> = bytes.chunks(1).collect();
            assert_eq!(parse(&bytewise), expected, "{bytes:?} byte by byte");
        }
        println!("{tried} splits");
    }

    #[test]
    fn a_line_or_event_above_its_limit_is_refused_before_it_is_kept() {
        let mut parser = Parser::with_max_line(16);
        assert!(parser.feed(b"data: 1234567890\n").is_ok());
        assert_eq!(
            parser.feed(b"data: 12345678901").unwrap_err().kind(),
            ErrorKind::TooLarge
        );
        let mut parser = Parser::with_max_line(16);
        let many = b"data: 1234567890\n".repeat(7);
        assert_eq!(parser.feed(&many).unwrap_err().kind(), ErrorKind::TooLarge);
    }

    #[test]
    fn a_multi_byte_character_over_many_chunks_stays_whole() {
        let bytes = "data: 가\n\n".as_bytes();
        let parts: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(parse(&parts).0, [data("가")]);
    }
}
