//! The planned prompt.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Range;

use gori_core::{Content, Fidelity, Message, Prompt, Reserve, Sampling, Speaker, Tool};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::framing::Observed;
use super::node::{Said, Sink};
use super::prefix::Prefix;
use super::report::{Account, Report};
use super::tally::{Page, Sum};
use super::text::Text;

/// A prompt that fits its budget, with an account of how it came about.
#[derive(Clone, Debug)]
pub struct PromptPlan {
    output: Output,
    total: Total,
    sum: Sum,
    report: Report,
    prefix: Prefix,
    prefix_hash: String,
    reserve: Reserve,
    tools: Vec<Tool>,
}

#[derive(Clone, Debug)]
enum Output {
    Text(String),
    Chat(Vec<Message>),
}

/// The tokens of a prompt, and how far to trust the number.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Total {
    /// All of them, with every estimate and margin.
    pub tokens: usize,
    /// Exact for one text under an exact counter; a chat is an estimate always.
    pub fidelity: Fidelity,
}

impl PromptPlan {
    /// The prompt as one text; the texts of a chat's messages, an empty line between them.
    pub fn text(&self) -> Cow<'_, str> {
        match &self.output {
            Output::Text(text) => Cow::Borrowed(text),
            Output::Chat(messages) => {
                let texts: Vec<String> = messages.iter().map(Message::to_text).collect();
                Cow::Owned(texts.join("\n\n"))
            }
        }
    }

    /// The prompt as messages; a text as one message of the person.
    pub fn messages(&self) -> Cow<'_, [Message]> {
        match &self.output {
            Output::Text(text) => Cow::Owned(vec![Message::user(text.clone())]),
            Output::Chat(messages) => Cow::Borrowed(messages),
        }
    }

    /// A request to a language model: the messages, the tools, and the reserve as the most
    /// tokens of the answer, where one was made.
    pub fn into_prompt(self) -> Prompt {
        let messages = self.messages().into_owned();
        Prompt {
            tokens: Some(self.total.tokens),
            sampling: Sampling {
                max_tokens: Some(self.reserve.0).filter(|tokens| *tokens > 0),
                ..Sampling::default()
            },
            tools: self.tools,
            ..Prompt::new(messages)
        }
    }

    /// Its tokens.
    pub fn total(&self) -> Total {
        self.total
    }

    /// The tokens of the budget that are left.
    pub fn slack(&self) -> usize {
        self.report.slack
    }

    /// What became of each section, and why.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// A hash of the stable prefix: equal exactly when its bytes are.
    pub fn prefix_hash(&self) -> &str {
        &self.prefix_hash
    }

    /// What the stable prefix was made of, for the next turn.
    pub fn prefix(&self) -> &Prefix {
        &self.prefix
    }

    /// What a provider reported for this prompt, to calibrate the
    /// [`Framing`](super::Framing) from.
    pub fn observed(&self, prompt_tokens: u64) -> Observed {
        Observed {
            messages: self.sum.messages,
            counted: self.sum.text,
            reported: prompt_tokens,
        }
    }
}

/// Writes the prompt.
#[derive(Debug)]
pub(super) struct Writer {
    chat: bool,
    text: String,
    messages: Vec<Message>,
    /// Who speaks in the message whose text is open.
    speaker: Option<Speaker>,
    prefix_hash: Option<String>,
}

impl Writer {
    pub(super) fn new(chat: bool) -> Self {
        Self {
            chat,
            text: String::new(),
            messages: Vec::new(),
            speaker: None,
            prefix_hash: None,
        }
    }

    fn close(&mut self) {
        if let (true, Some(speaker)) = (self.chat, self.speaker.take()) {
            let text = std::mem::take(&mut self.text);
            self.messages.push(Message::text(speaker, text));
        }
    }

    pub(super) fn finish(
        mut self,
        account: Account<'_>,
        prefix: Prefix,
        reserve: Reserve,
        tools: &[Tool],
    ) -> PromptPlan {
        self.close();
        let fidelity = match account.exact {
            true => Fidelity::Exact,
            false => Fidelity::Estimated {
                margin: account.margin,
            },
        };
        PromptPlan {
            total: Total {
                tokens: account.total,
                fidelity,
            },
            sum: account.sum,
            report: account.report(),
            prefix,
            prefix_hash: self.prefix_hash.unwrap_or_else(|| hash(&[], None, "")),
            reserve,
            tools: tools.to_vec(),
            output: if self.chat {
                Output::Chat(self.messages)
            } else {
                Output::Text(self.text)
            },
        }
    }
}

impl Sink for Writer {
    fn text(&mut self, text: &Text, range: Range<usize>) {
        self.text += text.as_str().get(range).unwrap_or_default();
    }

    fn message(&mut self, said: &Said) {
        self.close();
        self.messages.push(said.message.clone());
    }
}

impl Page for Writer {
    fn section(&mut self, speaker: Speaker, separator: &Text) {
        if self.speaker == Some(speaker) || (!self.chat && self.speaker.is_some()) {
            self.whole(separator);
        } else {
            self.close();
        }
        self.speaker = Some(speaker);
    }

    fn prefix_ends(&mut self) {
        self.prefix_hash = Some(hash(&self.messages, self.speaker, &self.text));
    }
}

/// A hash of messages and of the text of one that is still open, each with its length, so that
/// no two prefixes look the same.
fn hash(messages: &[Message], speaker: Option<Speaker>, text: &str) -> String {
    let mut hasher = Sha256::new();
    let mut feed = |bytes: &[u8]| {
        hasher.update((bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    for message in messages {
        feed(format!("{:?}", message.speaker).as_bytes());
        for part in &message.parts {
            match part {
                Content::Text { text } => feed(text.as_bytes()),
                other => feed(format!("{other:?}").as_bytes()),
            }
        }
    }
    feed(format!("{speaker:?}").as_bytes());
    feed(text.as_bytes());
    let digest = hasher.finalize();
    digest.iter().take(16).fold(String::new(), |mut hex, byte| {
        // Writing to a string does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
