//! Text to tree, with the limits held before a tree is built.
//!
//! html5ever's own tokenizer compares each attribute of a tag with all before it, and its
//! tree builder walks all open elements for many a tag, so that both are quadratic on a
//! hostile page. Here html5gum cuts the tags and tells of one attribute at a time: the
//! attributes are counted before any is kept, and no tag reaches html5ever's tree builder
//! once a limit is passed.

use gori_core::{Error, Result};
use html5ever::interface::tree_builder::TreeSink as _;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{Doctype, Tag, TagKind, Token, TokenSink as _, TokenSinkResult};
use html5ever::tree_builder::{TreeBuilder, TreeBuilderOpts};
use html5ever::{Attribute, LocalName, QualName, ns};
use html5gum::emitters::callback::{Callback, CallbackEmitter, CallbackEvent};
use html5gum::{
    Emitter, ForwardingEmitter, Readable as _, Reader, Span, State, StringReader, Tokenizer,
};

use super::Check;
use super::dom::{Document, Handle, Sink};
use crate::Limits;
use crate::limits::too_large;

/// The attributes that the tree builder or the writer looks at. The rest is not kept.
const KEPT: &[&str] = &[
    "alt",
    "aria-hidden",
    "class",
    "content",
    "encoding",
    "hidden",
    "href",
    "id",
    "name",
    "rel",
    "role",
    "src",
    "start",
    "title",
    "type",
];

/// How many events pass between two looks at the stop flag.
const EVENTS_A_CHECK: u32 = 4096;
/// And how many reads of the text: a script of any length is a single event.
const READS_A_CHECK: u32 = 1 << 16;

/// Elements and texts of one page. Each takes some 140 bytes and its attributes, so that the
/// tree of the worst page stays below 300 MB; the longest pages that people write have a
/// tenth of that.
const MAX_NODES: usize = 1_500_000;

/// Parses a page.
///
/// # Errors
/// `TooLarge` when a limit is passed, and those of `check`.
pub(super) fn parse(html: &str, limits: &Limits, check: Check<'_>) -> Result<Document> {
    let builder = TreeBuilder::new(Sink::new(), TreeBuilderOpts::default());
    let mut guard = Guard {
        builder,
        // Each tag takes three bytes or more; unclosed formatting elements, which the builder
        // opens anew in each paragraph, are what makes more nodes than that.
        max_nodes: (html.len() / 2 + 1024).min(MAX_NODES),
        limits,
        check,
        tag: None,
        keeps_value: false,
        attributes: 0,
        next_state: None,
        events: 0,
    };
    let emitter = Tokens(CallbackEmitter::new(Events(&mut guard)));
    let text = Watched {
        text: html.to_reader(),
        reads: 0,
        check,
    };
    if let Some(Ok(error) | Err(error)) = Tokenizer::new_with_emitter(text, emitter).next() {
        return Err(error);
    }
    Ok(guard.builder.sink.finish())
}

/// The charset that a page declares in its head, as far as ASCII can tell.
pub(super) fn declared_charset(bytes: &[u8]) -> Option<String> {
    const HEAD: usize = 4096;
    let head = bytes.get(..HEAD).unwrap_or(bytes).to_ascii_lowercase();
    let at = memchr::memmem::find(&head, b"charset")?;
    let rest = head.get(at + b"charset".len()..)?;
    let label: String = rest
        .iter()
        .map(|byte| char::from(*byte))
        .skip_while(|c| c.is_ascii_whitespace() || matches!(c, '=' | '"' | '\''))
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':'))
        .collect();
    (!label.is_empty()).then_some(label)
}

/// The text of a page, whose reading ends once the work may stop.
struct Watched<'a> {
    text: StringReader<'a>,
    reads: u32,
    check: Check<'a>,
}

impl Watched<'_> {
    fn watch(&mut self) -> Result<()> {
        self.reads = self.reads.wrapping_add(1);
        match self.reads.is_multiple_of(READS_A_CHECK) {
            true => (self.check)(),
            false => Ok(()),
        }
    }
}

impl Reader for Watched<'_> {
    type Error = Error;

    fn read_byte(&mut self) -> Result<Option<u8>> {
        self.watch()?;
        let Ok(byte) = self.text.read_byte();
        Ok(byte)
    }

    fn try_read_string(&mut self, wanted: &[u8], case_sensitive: bool) -> Result<bool> {
        let Ok(read) = self.text.try_read_string(wanted, case_sensitive);
        Ok(read)
    }

    fn read_until<'b>(
        &'b mut self,
        needle: &[u8],
        one: &'b mut [u8; 4],
    ) -> Result<Option<&'b [u8]>> {
        self.watch()?;
        let Ok(read) = self.text.read_until(needle, one);
        Ok(read)
    }
}

/// Stands between the two crates, and says no.
struct Guard<'a> {
    builder: TreeBuilder<Handle, Sink>,
    max_nodes: usize,
    limits: &'a Limits,
    check: Check<'a>,
    tag: Option<Tag>,
    /// Whether the value that comes next belongs to an attribute that is kept.
    keeps_value: bool,
    attributes: usize,
    next_state: Option<State>,
    events: u32,
}

impl Guard<'_> {
    fn event(&mut self, event: CallbackEvent<'_>) -> Result<()> {
        self.events = self.events.wrapping_add(1);
        if self.events.is_multiple_of(EVENTS_A_CHECK) {
            (self.check)()?;
        }
        match event {
            CallbackEvent::OpenStartTag { name } => {
                self.attributes = 0;
                self.tag = Some(tag(TagKind::StartTag, name));
            }
            CallbackEvent::AttributeName { name } => self.attribute(name)?,
            CallbackEvent::AttributeValue { value } => {
                let attrs = self.tag.as_mut().map(|tag| &mut tag.attrs);
                if self.keeps_value
                    && let Some(attr) = attrs.and_then(|attrs| attrs.last_mut())
                {
                    attr.value = tendril(value);
                }
            }
            CallbackEvent::CloseStartTag { self_closing } => {
                if let Some(mut tag) = self.tag.take() {
                    tag.self_closing = self_closing;
                    self.token(Token::TagToken(tag))?;
                }
            }
            CallbackEvent::EndTag { name } => {
                self.attributes = 0;
                self.token(Token::TagToken(tag(TagKind::EndTag, name)))?;
            }
            CallbackEvent::String { value } => {
                for (i, piece) in value.split(|byte| *byte == 0).enumerate() {
                    if i > 0 {
                        self.token(Token::NullCharacterToken)?;
                    }
                    if !piece.is_empty() {
                        self.token(Token::CharacterTokens(tendril(piece)))?;
                    }
                }
            }
            CallbackEvent::Doctype {
                name, force_quirks, ..
            } => self.token(Token::DoctypeToken(Doctype {
                name: Some(tendril(name)),
                public_id: None,
                system_id: None,
                force_quirks,
            }))?,
            CallbackEvent::Comment { .. } | CallbackEvent::Error(_) => {}
        }
        Ok(())
    }

    fn attribute(&mut self, name: &[u8]) -> Result<()> {
        self.attributes += 1;
        if self.attributes > self.limits.attributes {
            return Err(too_large(
                "the number of attributes of an element",
                self.limits.attributes,
            ));
        }
        self.keeps_value = false;
        let Some(tag) = &mut self.tag else {
            return Ok(());
        };
        let Some(kept) = KEPT.iter().find(|kept| kept.as_bytes() == name) else {
            return Ok(());
        };
        if tag.attrs.iter().all(|attr| &*attr.name.local != *kept) {
            self.keeps_value = true;
            tag.attrs.push(Attribute {
                name: QualName::new(None, ns!(), LocalName::from(*kept)),
                value: StrTendril::new(),
            });
        }
        Ok(())
    }

    fn token(&mut self, token: Token) -> Result<()> {
        self.next_state = match self.builder.process_token(token, 1) {
            TokenSinkResult::Plaintext => Some(State::PlainText),
            TokenSinkResult::RawData(RawKind::Rcdata) => Some(State::RcData),
            TokenSinkResult::RawData(RawKind::Rawtext) => Some(State::RawText),
            TokenSinkResult::RawData(_) => Some(State::ScriptData),
            TokenSinkResult::Script(_) => Some(State::Data),
            TokenSinkResult::Continue | TokenSinkResult::EncodingIndicator(_) => None,
        };
        if self.builder.sink.deepest() > self.limits.depth {
            return Err(too_large("the depth of elements", self.limits.depth));
        }
        if self.builder.sink.len() > self.max_nodes {
            return Err(too_large("the number of elements", self.max_nodes));
        }
        Ok(())
    }
}

fn tag(kind: TagKind, name: &[u8]) -> Tag {
    Tag {
        kind,
        name: LocalName::from(&*String::from_utf8_lossy(name)),
        self_closing: false,
        attrs: Vec::new(),
        had_duplicate_attributes: false,
    }
}

fn tendril(bytes: &[u8]) -> StrTendril {
    StrTendril::from_slice(&String::from_utf8_lossy(bytes))
}

/// Gives html5gum's events to the guard. The first error ends the tokens.
struct Events<'g, 'a>(&'g mut Guard<'a>);

impl Callback<Error, ()> for Events<'_, '_> {
    fn handle_event(&mut self, event: CallbackEvent<'_>, _: Span<()>) -> Option<Error> {
        self.0.event(event).err()
    }
}

/// Tells html5gum what the tree builder knows of the element that is open.
struct Tokens<'g, 'a>(CallbackEmitter<Events<'g, 'a>, Error>);

impl ForwardingEmitter for Tokens<'_, '_> {
    type Token = Error;

    fn inner(&mut self) -> &mut impl Emitter<Token = Error> {
        &mut self.0
    }

    fn emit_eof(&mut self) {
        self.0.emit_eof();
        let builder = &self.0.callback_mut().0.builder;
        let _ = builder.process_token(Token::EOFToken, 1);
        builder.end();
    }

    fn emit_current_tag(&mut self) -> Option<State> {
        let _ = self.0.emit_current_tag();
        self.0.callback_mut().0.next_state.take()
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&mut self) -> bool {
        let builder = &self.0.callback_mut().0.builder;
        builder.adjusted_current_node_present_but_not_in_html_namespace()
    }
}
