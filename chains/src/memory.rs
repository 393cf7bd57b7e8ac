//! Conversations that outlive their window.
//!
//! A [`ChatMemory`] keeps a conversation in a [`History`]: in process, or in SQLite with the
//! feature `sqlite`. What a prompt gets of it is planned as everything else is: the latest
//! messages within so many tokens, tool calls never without their results, and a summary of
//! what fell out, written by a model within bounds of its own.
//!
//! ```
//! use gori_chains::memory::{ChatMemory, InProcess};
//! use gori_chains::prompt::{Budget, Framing, PromptBuilder, Section};
//! # use gori_core::{Fidelity, Message, TokenCounter};
//! # #[derive(Debug)] struct Words;
//! # impl TokenCounter for Words {
//! #     fn id(&self) -> &str { "words" }
//! #     fn fidelity(&self) -> Fidelity { Fidelity::Exact }
//! #     fn count(&self, text: &str) -> usize { text.split_whitespace().count() }
//! # }
//! # async fn run() -> gori_core::Result<()> {
//! # let counter = Words;
//! let memory = ChatMemory::new(InProcess::new(), "session 7").keep(2_000);
//! memory.add(&[Message::user("My name is Ada."), Message::assistant("Hello Ada.")]).await?;
//!
//! let plan = PromptBuilder::chat(Framing::CAREFUL)
//!     .section(Section::system("rules", "Be brief.").required())
//!     .sections(memory.sections().await?)
//!     .section(Section::user("question", "What is my name?").required().tail())
//!     .plan(&Budget::of(200), &counter)?;
//! assert_eq!(plan.messages().len(), 4);
//! # Ok(())
//! # }
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(run()).unwrap();
//! ```

mod condense;
mod history;
mod pairs;
#[cfg(feature = "sqlite")]
mod sqlite;

use gori_core::{Context, Llm, Message, Result, TokenCounter};

use crate::prompt::{List, Section, Size};

pub use history::{History, InProcess, Transcript};
#[cfg(feature = "sqlite")]
pub use sqlite::Sqlite;

/// The name of the section that holds the latest messages.
pub const HISTORY: &str = "history";
/// The name of the section that holds the summary of what came before them.
pub const SUMMARY: &str = "summary";

/// A conversation, kept in a history and fitted into prompts. See the [module](self).
#[derive(Clone, Debug)]
pub struct ChatMemory<H> {
    history: H,
    session: String,
    keep: usize,
    summary: usize,
}

impl<H: History> ChatMemory<H> {
    /// The conversation of this name. Keeps 4,000 tokens of messages and a summary of at most
    /// 400 unless said otherwise.
    pub fn new(history: H, session: impl Into<String>) -> Self {
        Self {
            history,
            session: session.into(),
            keep: 4_000,
            summary: 400,
        }
    }

    /// The most tokens of messages that a prompt gets.
    #[must_use]
    pub fn keep(self, tokens: usize) -> Self {
        Self {
            keep: tokens,
            ..self
        }
    }

    /// The most tokens of the summary of what fell out.
    #[must_use]
    pub fn summary(self, tokens: usize) -> Self {
        Self {
            summary: tokens,
            ..self
        }
    }

    /// Adds what was said. When it returns, the history has it.
    ///
    /// # Errors
    /// Those of the history.
    pub async fn add(&self, messages: &[Message]) -> Result<()> {
        self.history.append(&self.session, messages).await
    }

    /// The summary, where there is one, and the latest messages, as sections of a chat prompt.
    /// Messages are left out in steps of an eighth of what is kept, so that the beginning of
    /// the prompt stays the same for several turns. A tool call that never got its result, and
    /// a result without its call, are left out: providers refuse them.
    ///
    /// # Errors
    /// Those of the history.
    pub async fn sections(&self) -> Result<Vec<Section>> {
        let transcript = self.history.load(&self.session).await?;
        let mut sections = Vec::new();
        if let Some(summary) = transcript.summary {
            let text = format!("What was said before, in short:\n{summary}");
            sections.push(Section::system(SUMMARY, text).high());
        }
        sections.push(self.window(&transcript.messages));
        Ok(sections)
    }

    /// The latest messages that fit.
    fn window(&self, messages: &[Message]) -> Section {
        let items = pairs::whole(messages)
            .into_iter()
            .map(|range| messages.get(range).unwrap_or_default().to_vec());
        Section::user(HISTORY, List::latest(items))
            .max(Size::Tokens(self.keep))
            .step(self.keep / 8)
    }

    /// Has the model fold what no longer fits into the summary. Call it after an answer, when
    /// nobody waits. Gives how many messages were folded in; none where all still fit.
    ///
    /// Each call of the model stays within its window. Where one fails, what was folded in
    /// before it is kept, and nothing is lost: messages leave the prompt, never the history's
    /// account, before their summary is stored.
    ///
    /// # Errors
    /// Those of the history and of the model.
    pub async fn condense(
        &self,
        cx: &Context,
        llm: &impl Llm,
        counter: &impl TokenCounter,
    ) -> Result<usize> {
        condense::run(self, cx, llm, counter).await
    }

    /// Forgets the conversation.
    ///
    /// # Errors
    /// Those of the history.
    pub async fn forget(&self) -> Result<()> {
        self.history.forget(&self.session).await
    }
}
