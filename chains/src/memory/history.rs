//! Where conversations are kept.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use gori_core::{Error, ErrorKind, Message, Result};

/// What is known of a conversation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Transcript {
    /// What was said before the messages, in short.
    pub summary: Option<String>,
    /// How many messages the summary stands for.
    pub folded: usize,
    /// The messages after those, oldest first.
    pub messages: Vec<Message>,
}

/// Keeps conversations by name.
///
/// # For implementors
/// What was appended is there when the call returns. Messages keep the order in which they were
/// appended; those of one call stay together.
#[async_trait]
pub trait History: Debug + Send + Sync {
    /// Adds messages to the end of a conversation, which need not exist yet.
    async fn append(&self, session: &str, messages: &[Message]) -> Result<()>;

    /// The conversation; an empty one where there is none of this name.
    async fn load(&self, session: &str) -> Result<Transcript>;

    /// Replaces the summary by one that stands for the first `folded` messages of the whole
    /// conversation, where the last one stood for `before` of them.
    ///
    /// # Errors
    /// [`ErrorKind::Busy`] where somebody else has stored a summary since: load again.
    async fn fold(&self, session: &str, before: usize, folded: usize, summary: &str) -> Result<()>;

    /// Forgets a conversation. One that does not exist is fine.
    async fn forget(&self, session: &str) -> Result<()>;
}

macro_rules! forward {
    ($($pointer:ty),*) => {$(
        #[async_trait]
        impl<H: History + ?Sized> History for $pointer {
            async fn append(&self, session: &str, messages: &[Message]) -> Result<()> {
                (**self).append(session, messages).await
            }
            async fn load(&self, session: &str) -> Result<Transcript> {
                (**self).load(session).await
            }
            async fn fold(&self, session: &str, before: usize, folded: usize, summary: &str) -> Result<()> {
                (**self).fold(session, before, folded, summary).await
            }
            async fn forget(&self, session: &str) -> Result<()> {
                (**self).forget(session).await
            }
        }
    )*};
}
forward!(&H, Arc<H>, Box<H>);

pub(super) fn overtaken(session: &str) -> Error {
    Error::new(ErrorKind::Busy, "another summary was stored meanwhile").about(session)
}

/// Conversations in the memory of this process. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct InProcess {
    sessions: Arc<Mutex<BTreeMap<String, Kept>>>,
}

#[derive(Clone, Debug, Default)]
struct Kept {
    summary: Option<String>,
    folded: usize,
    messages: Vec<Message>,
}

impl InProcess {
    /// No conversations yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn sessions(&self) -> MutexGuard<'_, BTreeMap<String, Kept>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl History for InProcess {
    async fn append(&self, session: &str, messages: &[Message]) -> Result<()> {
        let mut sessions = self.sessions();
        let kept = sessions.entry(session.to_owned()).or_default();
        kept.messages.extend_from_slice(messages);
        Ok(())
    }

    async fn load(&self, session: &str) -> Result<Transcript> {
        let kept = self.sessions().get(session).cloned().unwrap_or_default();
        Ok(Transcript {
            summary: kept.summary,
            folded: kept.folded,
            messages: kept
                .messages
                .get(kept.folded..)
                .unwrap_or_default()
                .to_vec(),
        })
    }

    async fn fold(&self, session: &str, before: usize, folded: usize, summary: &str) -> Result<()> {
        let mut sessions = self.sessions();
        match sessions.get_mut(session) {
            Some(kept) if kept.folded == before => {
                kept.summary = Some(summary.to_owned());
                kept.folded = folded.min(kept.messages.len());
                Ok(())
            }
            _ => Err(overtaken(session)),
        }
    }

    async fn forget(&self, session: &str) -> Result<()> {
        self.sessions().remove(session);
        Ok(())
    }
}
