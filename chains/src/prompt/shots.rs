//! Examples for the model, the most similar to the question first.

use std::sync::Arc;

use gori_core::{Error, Message, Result, cosine};

use super::section::{Arrange, Item, List, Section};

/// An example of a question and its answer, with the vector of the question.
#[derive(Clone, Debug, PartialEq)]
pub struct Shot {
    /// What was asked.
    pub question: String,
    /// What a good answer is.
    pub answer: String,
    /// The question's vector, by the same embedder as the question that is asked now.
    pub vector: Arc<[f32]>,
}

/// How examples are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// As earlier turns of the chat: the person asks, the model answers.
    Turns,
    /// As text, `Question:` and `Answer:` on lines of their own.
    Text,
}

/// A section of the examples that are most similar to a question, at most `most`; as many as
/// fit. The most similar stands last, nearest to the question, which is where models heed it
/// most. A question with its answer is never torn apart, and of examples that ask the same only
/// the first is shown.
///
/// ```
/// use gori_chains::prompt::{few_shot, Shot, Show};
///
/// # fn main() -> gori_core::Result<()> {
/// let shot = |question: &str, vector: [f32; 2]| Shot {
///     question: question.into(),
///     answer: "…".into(),
///     vector: vector.into(),
/// };
/// let known = [shot("How many users?", [1.0, 0.0]), shot("Why?", [0.0, 1.0])];
/// let section = few_shot("examples", &[0.9, 0.1], &known, 5, Show::Turns)?.high();
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`gori_core::ErrorKind::InvalidInput`] where a vector has another length than the question's.
pub fn few_shot(
    id: impl Into<Arc<str>>,
    question: &[f32],
    known: &[Shot],
    most: usize,
    show: Show,
) -> Result<Section> {
    let mut scored = Vec::with_capacity(known.len());
    for (n, shot) in known.iter().enumerate() {
        if shot.vector.len() != question.len() {
            return Err(Error::invalid(format!(
                "example {n} has a vector of {} numbers, the question one of {}",
                shot.vector.len(),
                question.len()
            ))
            .hint("embed both with the same model"));
        }
        scored.push((cosine(&shot.vector, question), n, shot));
    }
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut asked = std::collections::HashSet::new();
    let items: Vec<Item> = scored
        .into_iter()
        .filter(|(.., shot)| asked.insert(shot.question.trim()))
        .take(most)
        .map(|(.., shot)| item(shot, show))
        .collect();
    Ok(Section::user(
        id,
        List::best(items).arrange(Arrange::Reversed),
    ))
}

fn item(shot: &Shot, show: Show) -> Item {
    match show {
        Show::Turns => Item::from(vec![
            Message::user(shot.question.as_str()),
            Message::assistant(shot.answer.as_str()),
        ]),
        Show::Text => Item::from(format!(
            "Question: {}\nAnswer: {}",
            shot.question, shot.answer
        )),
    }
}
