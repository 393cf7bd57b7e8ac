//! E-mail: single messages and mailboxes.

mod looks;

use gori_core::{Error, ErrorKind, Metadata, Part, Result, Time, Value};
use mail_parser::{Address, Message, MessageParser, MimeHeaders as _};
use serde::{Deserialize, Serialize};

use super::{Certainty, Event, Format, Input, Output, html, meta};
use crate::isolation::{self, Bytes};
use crate::sample::Sample;

/// A message (`.eml`): its subject, text and who wrote it to whom. HTML becomes Markdown;
/// attachments are named and not read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Eml;

/// A mailbox (`.mbox`): each message a document, [`Part::Row`] counted from 1.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mbox;

/// What a worker is to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Task {
    Eml,
    Mbox,
}

impl Format for Eml {
    fn name(&self) -> &'static str {
        "eml"
    }

    fn recognise(&self, sample: &Sample<'_>) -> Certainty {
        let named = sample.extension() == "eml" || sample.media_type == Some("message/rfc822");
        match sample.is_text() {
            true if named => Certainty::Named,
            true => looks::message(&sample.head()),
            false => Certainty::No,
        }
    }

    fn read(&self, input: &Input<'_>, output: &mut Output<'_>) -> Result<()> {
        let task = isolation::Task::Mail(Task::Eml);
        input
            .isolation
            .run(&task, input, &mut |event| output.take(event))
    }
}

impl Format for Mbox {
    fn name(&self) -> &'static str {
        "mbox"
    }

    fn recognise(&self, sample: &Sample<'_>) -> Certainty {
        if !sample.bytes.starts_with(b"From ") {
            return Certainty::No;
        }
        let named = matches!(sample.extension().as_str(), "mbox" | "mbx")
            || sample.media_type == Some("application/mbox");
        let head = sample.head();
        let message = head.split_once('\n').map_or("", |(_, message)| message);
        if named || looks::message(message) > Certainty::No {
            Certainty::Certain
        } else {
            Certainty::No
        }
    }

    fn read(&self, input: &Input<'_>, output: &mut Output<'_>) -> Result<()> {
        let task = isolation::Task::Mail(Task::Mbox);
        input
            .isolation
            .run(&task, input, &mut |event| output.take(event))
    }
}

impl Task {
    pub(crate) fn run(
        self,
        bytes: &Bytes<'_>,
        emit: &mut dyn FnMut(Event) -> Result<()>,
    ) -> Result<()> {
        let mut output = Output::new(bytes.limits, emit);
        if self == Self::Eml {
            let read = message(&bytes.bytes, Part::Whole, bytes, &mut output)?;
            return match read {
                true => Ok(()),
                false => Err(Error::new(ErrorKind::Corrupt, "no message")),
            };
        }
        let mut unread = 0u32;
        for (number, raw) in (1..).zip(messages(&bytes.bytes)) {
            bytes.stop.check()?;
            let raw = unquoted(raw);
            if !message(&raw, Part::Row(number), bytes, &mut output)? {
                unread += 1;
            }
        }
        if unread > 0 {
            output.warn(format!("{unread} messages could not be read"))?;
        }
        Ok(())
    }
}

/// The messages of a mailbox: each begins with a line `From ` after a blank one (RFC 4155).
fn messages(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut starts: Vec<usize> = memchr::memmem::find_iter(bytes, b"\n\nFrom ")
        .map(|at| at + 2)
        .chain(memchr::memmem::find_iter(bytes, b"\r\n\r\nFrom ").map(|at| at + 4))
        .collect();
    starts.push(0);
    starts.sort_unstable();
    let ends: Vec<usize> = starts
        .iter()
        .skip(1)
        .copied()
        .chain([bytes.len()])
        .collect();
    starts
        .into_iter()
        .zip(ends)
        .filter_map(move |(start, end)| {
            let message = bytes.get(start..end)?;
            let line = memchr::memchr(b'\n', message)?;
            message.get(line + 1..)
        })
}

/// A message without the `>` that a mailbox puts in front of lines that begin with `From `.
fn unquoted(message: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(message.len());
    for line in message.split_inclusive(|byte| *byte == b'\n') {
        let quotes = line.iter().take_while(|byte| **byte == b'>').count();
        let rest = line.get(quotes..).unwrap_or_default();
        let line = if quotes > 0 && rest.starts_with(b"From ") {
            line.get(1..).unwrap_or_default()
        } else {
            line
        };
        plain.extend_from_slice(line);
    }
    plain
}

/// Reads a message. False when it is none.
fn message(raw: &[u8], part: Part, bytes: &Bytes<'_>, output: &mut Output<'_>) -> Result<bool> {
    let Some(message) = MessageParser::default().parse(raw) else {
        return Ok(false);
    };
    if message.headers().is_empty() {
        return Ok(false);
    }
    let subject = message.subject().unwrap_or_default().trim().to_owned();
    let body = body(&message, bytes)?;
    let attachments: Vec<String> = message
        .attachments()
        .filter_map(|part| part.attachment_name())
        .map(str::to_owned)
        .collect();
    let mut text = String::new();
    if !subject.is_empty() {
        text.push_str(&format!("# {subject}\n\n"));
    }
    text.push_str(body.trim());
    if !attachments.is_empty() {
        text.push_str(&format!("\n\nAttachments: {}\n", attachments.join(", ")));
    }
    output.part(part, text, metadata(&message, subject))?;
    Ok(true)
}

/// The plain text of a message, or its HTML as Markdown when that is all there is.
fn body(message: &Message<'_>, bytes: &Bytes<'_>) -> Result<String> {
    let plain = (0..).map_while(|i| message.text_body.get(i).and(message.body_text(i)));
    let is_html = message
        .text_body
        .iter()
        .zip(&message.html_body)
        .any(|(text, html)| {
            // The parser turns HTML into text by itself; here it becomes Markdown instead.
            text == html
                && message
                    .part(*text)
                    .and_then(|part| part.content_type())
                    .is_some_and(|kind| kind.subtype() == Some("html"))
        });
    if !is_html {
        return Ok(plain.collect::<Vec<_>>().join("\n\n"));
    }
    let mut text = String::new();
    for i in 0..message.html_body.len() {
        let Some(page) = message.body_html(i) else {
            continue;
        };
        let page = html::to_markdown(&page, bytes.limits, &|| bytes.stop.check())?;
        text.push_str(&page);
        text.push('\n');
    }
    Ok(text)
}

fn metadata(message: &Message<'_>, subject: String) -> Metadata {
    let mut metadata = Metadata::new();
    metadata.insert(meta::MEDIA_TYPE.to_owned(), "message/rfc822".into());
    if !subject.is_empty() {
        metadata.insert(meta::TITLE.to_owned(), subject.into());
    }
    if let Some(from) = addresses(message.from()).into_iter().next() {
        metadata.insert(meta::AUTHOR.to_owned(), from.into());
    }
    let to = addresses(message.to());
    if !to.is_empty() {
        let to = to.into_iter().map(Value::from).collect::<Vec<_>>();
        metadata.insert("to".to_owned(), to.into());
    }
    if let Some(date) = message.date() {
        let millis = date.to_timestamp().saturating_mul(1000);
        metadata.insert("date".to_owned(), Time::from_millis(millis).into());
    }
    if let Some(id) = message.message_id() {
        metadata.insert("message_id".to_owned(), id.into());
    }
    metadata
}

/// Addresses as `Name <name@example.org>`.
fn addresses(address: Option<&Address<'_>>) -> Vec<String> {
    let Some(address) = address else {
        return Vec::new();
    };
    let shown = address
        .iter()
        .filter_map(|one| match (one.name(), one.address()) {
            (Some(name), Some(address)) => Some(format!("{name} <{address}>")),
            (name, address) => name.or(address).map(str::to_owned),
        });
    shown.take(100).collect()
}
