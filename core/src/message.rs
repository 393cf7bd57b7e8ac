//! What is said to a model and by it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Speaker {
    /// Whoever sets the rules.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
    /// A tool that the model called.
    Tool,
}

/// One turn of a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Who speaks.
    pub speaker: Speaker,
    /// What is said, in order.
    pub parts: Vec<Content>,
}

/// A piece of a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Content {
    /// Text.
    Text {
        /// The text.
        text: String,
    },
    /// A picture, as data.
    Image {
        /// Such as `image/png`.
        media_type: String,
        /// The bytes of the file.
        data: Arc<[u8]>,
    },
    /// The model calls a tool.
    ToolCall(ToolCall),
    /// What a tool answered.
    ToolResult {
        /// The id of the call it answers.
        id: String,
        /// The answer.
        text: String,
    },
}

/// A call of a tool by the model. Its arguments are data that the model wrote.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// Ties the result to the call.
    pub id: String,
    /// The tool.
    pub name: String,
    /// The arguments, as JSON text that may be invalid.
    pub arguments: String,
}

impl Message {
    /// A message that is only text.
    pub fn text(speaker: Speaker, text: impl Into<String>) -> Self {
        Self {
            speaker,
            parts: vec![Content::Text { text: text.into() }],
        }
    }

    /// A text of the rules.
    pub fn system(text: impl Into<String>) -> Self {
        Self::text(Speaker::System, text)
    }

    /// A text of the person.
    pub fn user(text: impl Into<String>) -> Self {
        Self::text(Speaker::User, text)
    }

    /// A text of the model.
    pub fn assistant(text: impl Into<String>) -> Self {
        Self::text(Speaker::Assistant, text)
    }

    /// The text of its text parts, joined.
    pub fn to_text(&self) -> String {
        self.parts
            .iter()
            .filter_map(|part| match part {
                Content::Text { text } | Content::ToolResult { text, .. } => Some(text.as_str()),
                _ => None,
            })
            .collect()
    }
}
