//! The chat template of a model file: messages in, tokens out.
//!
//! A template is a Jinja program that came with the file, so it runs with a budget of steps, no
//! other templates to include and a cap on what it writes. Texts of messages must stay text:
//! where one contains the name of a control token, such as `<|im_end|>`, a mark is put into the
//! name before the template runs and taken out behind it, so that only what the template itself
//! wrote becomes control tokens.

use std::io::Write;

use gori_core::{Content, Error, ErrorKind, Message, Result, Speaker};
use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};
use minijinja_contrib::pycompat;

use super::header::Header;
use super::vocabulary::Vocabulary;

/// Steps a template may take: some hundred thousand messages' worth.
const STEPS: u64 = 20_000_000;
/// What a template may write beyond the texts of the messages and their number, in bytes.
const OVERHEAD: usize = 1 << 20;

/// The template for a file that has none but knows the tokens of ChatML.
const CHATML: &str = "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

/// A model's chat template.
#[derive(Debug)]
pub(super) struct Template {
    environment: Environment<'static>,
    begin: String,
    end: String,
}

impl Template {
    /// Compiles the template of a file.
    pub(super) fn of(header: &Header, vocabulary: &Vocabulary) -> Result<Self> {
        let chatml = vocabulary
            .special()
            .iter()
            .any(|(text, _)| text == "<|im_start|>");
        let source = match header.text("tokenizer.chat_template") {
            Some(template) => template,
            None if chatml => CHATML,
            None => {
                return Err(
                    Error::new(ErrorKind::Unsupported, "the file has no chat template").hint(
                        "take a model that was made for chat; their names end in Instruct or Chat",
                    ),
                );
            }
        };
        let mut environment = Environment::new();
        environment.set_fuel(Some(STEPS));
        // What a template's author saw: the settings of the transformers library.
        let syntax = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()
            .map_err(|error| {
                Error::new(ErrorKind::Internal, "the template syntax is wrong").caused_by(error)
            })?;
        environment.set_syntax(syntax);
        environment.set_undefined_behavior(UndefinedBehavior::Lenient);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_unknown_method_callback(pycompat::unknown_method_callback);
        environment.add_function("raise_exception", refuse);
        environment
            .add_template_owned("chat", source.to_owned())
            .map_err(|error| {
                Error::new(ErrorKind::Unsupported, "the chat template cannot be read")
                    .about("tokenizer.chat_template")
                    .caused_by(error)
            })?;
        let name = |key: &str| {
            let id = header.int(key, 0..=vocabulary.len().saturating_sub(1))?;
            let special = vocabulary.special().iter();
            let mut named = special.filter(|(_, at)| Some(*at as usize) == id);
            Ok::<_, Error>(
                named
                    .next()
                    .map(|(text, _)| text.clone())
                    .unwrap_or_default(),
            )
        };
        Ok(Self {
            environment,
            begin: name("tokenizer.ggml.bos_token_id")?,
            end: name("tokenizer.ggml.eos_token_id")?,
        })
    }

    /// The tokens of a conversation, up to where the model goes on.
    pub(super) fn tokens(&self, messages: &[Message], vocabulary: &Vocabulary) -> Result<Vec<u32>> {
        let texts = messages.iter().map(text).collect::<Result<Vec<_>>>()?;
        let mark = mark(&texts)?;
        let guarded: Vec<Value> = messages
            .iter()
            .zip(&texts)
            .map(|(message, text)| {
                let content = guard(text, mark, vocabulary.special());
                context! { role => role(message.speaker), content => content }
            })
            .collect();
        let size = texts.iter().map(String::len).sum::<usize>();
        let most = size.saturating_mul(2).saturating_add(OVERHEAD);
        let rendered = self.render(&guarded, most)?;
        tokens(&rendered, mark, vocabulary)
    }

    fn render(&self, messages: &[Value], most: usize) -> Result<String> {
        let mut out = Limited {
            bytes: Vec::new(),
            most,
        };
        let failed = |error: minijinja::Error| {
            Error::new(ErrorKind::Model, "the model's chat template refuses these messages")
                .hint("most templates want user and assistant in turn, and a system message only at the start")
                .caused_by(error)
        };
        let template = self.environment.get_template("chat").map_err(failed)?;
        let values = context! {
            messages => messages,
            add_generation_prompt => true,
            bos_token => self.begin.as_str(),
            eos_token => self.end.as_str(),
        };
        template
            .render_captured_to(values, &mut out)
            .map_err(failed)?;
        String::from_utf8(out.bytes).map_err(|error| {
            Error::new(ErrorKind::Internal, "a template wrote no UTF-8").caused_by(error)
        })
    }
}

/// How a template says that it cannot write these messages.
fn refuse(why: String) -> Result<Value, minijinja::Error> {
    Err(minijinja::Error::new(
        minijinja::ErrorKind::InvalidOperation,
        why,
    ))
}

fn role(speaker: Speaker) -> &'static str {
    match speaker {
        Speaker::System => "system",
        Speaker::User => "user",
        Speaker::Assistant => "assistant",
        Speaker::Tool => "tool",
    }
}

/// The text of a message, where it is all text.
fn text(message: &Message) -> Result<String> {
    let mut text = String::new();
    for part in &message.parts {
        match part {
            Content::Text { text: part } | Content::ToolResult { text: part, .. } => {
                text.push_str(part)
            }
            _ => {
                return Err(Error::new(
                    ErrorKind::Unsupported,
                    "local models take messages of text alone",
                ));
            }
        }
    }
    Ok(text)
}

/// A character that no message has: one of those that Unicode sets aside for use within a program.
fn mark(texts: &[String]) -> Result<char> {
    let mut free =
        ('\u{FDD0}'..='\u{FDEF}').filter(|c| !texts.iter().any(|text| text.contains(*c)));
    free.next().ok_or_else(|| {
        Error::invalid("the messages use all of Unicode's noncharacters U+FDD0 to U+FDEF")
            .hint("remove them: they are no text")
    })
}

/// Puts the mark into every name of a control token, and into what could become one together
/// with what a template writes before or behind the text.
fn guard(text: &str, mark: char, special: &[(String, u32)]) -> String {
    let firsts = firsts(special);
    let mut out = String::with_capacity(text.len() + 8);
    let closes = special.iter().any(|(name, _)| {
        let tails = name.char_indices().skip(1);
        tails
            .into_iter()
            .any(|(at, _)| name.get(at..).is_some_and(|tail| text.starts_with(tail)))
    });
    if closes {
        out.push(mark);
    }
    for (at, c) in text.char_indices() {
        out.push(c);
        if !firsts.contains(&c) {
            continue;
        }
        let rest = text.get(at..).unwrap_or_default();
        let opens =
            |(name, _): &(String, u32)| rest.starts_with(name.as_str()) || name.starts_with(rest);
        if special.iter().any(opens) {
            out.push(mark);
        }
    }
    out
}

/// The characters that names of control tokens begin with: one or two, mostly.
fn firsts(special: &[(String, u32)]) -> Vec<char> {
    let mut firsts: Vec<char> = special
        .iter()
        .filter_map(|(name, _)| name.chars().next())
        .collect();
    firsts.sort_unstable();
    firsts.dedup();
    firsts
}

/// Control tokens where their names stand whole, the tokens of the text between them elsewhere.
fn tokens(rendered: &str, mark: char, vocabulary: &Vocabulary) -> Result<Vec<u32>> {
    let mut ids = Vec::new();
    let mut plain = 0;
    let mut next = 0;
    let firsts = firsts(vocabulary.special());
    let text = |from: usize, to: usize, ids: &mut Vec<u32>| -> Result<()> {
        let piece = rendered.get(from..to).unwrap_or_default().replace(mark, "");
        ids.extend(vocabulary.encode(&piece)?);
        Ok(())
    };
    for (at, c) in rendered.char_indices() {
        if at < next || !firsts.contains(&c) {
            continue;
        }
        let rest = rendered.get(at..).unwrap_or_default();
        let named = vocabulary
            .special()
            .iter()
            .find(|(name, _)| rest.starts_with(name.as_str()));
        if let Some((name, id)) = named {
            text(plain, at, &mut ids)?;
            ids.push(*id);
            next = at + name.len();
            plain = next;
        }
    }
    text(plain, rendered.len(), &mut ids)?;
    if let Some(first) = vocabulary
        .first()
        .filter(|first| ids.first() != Some(first))
    {
        ids.insert(0, first);
    }
    Ok(ids)
}

struct Limited {
    bytes: Vec<u8>,
    most: usize,
}

impl Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.bytes.len().saturating_add(bytes.len()) > self.most {
            return Err(std::io::Error::other("the template writes without end"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
