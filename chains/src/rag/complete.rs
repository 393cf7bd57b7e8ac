//! The model writes the answer.

use futures_core::stream::BoxStream;
use futures_util::StreamExt as _;
use gori_core::{
    Answer, Chain, Context, Delta, Error, ErrorKind, Llm, Plan, Result, Source, StreamChain, Usage,
};

use super::Fitted;

/// A link in which a language model writes the answer.
pub fn complete<L: Llm>(llm: L) -> Complete<L> {
    Complete { llm }
}

/// A language model as the last link of a chain. Made by [`complete`].
#[derive(Clone, Debug)]
pub struct Complete<L> {
    llm: L,
}

/// A piece of an answer that is being written.
#[derive(Clone, Debug, PartialEq)]
pub enum AnswerDelta {
    /// More text.
    Text(String),
    /// The end: the whole answer with its sources and its cost.
    End(Answer),
}

fn answer(text: String, sources: Vec<Source>, usage: Usage, model: &str) -> Answer {
    Answer {
        text,
        quotes: Vec::new(),
        sources,
        usage,
        model: Some(model.into()),
    }
}

impl<L: Llm> Chain for Complete<L> {
    type Input = Fitted;
    type Output = Answer;

    async fn call(&self, cx: &Context, input: Fitted) -> Result<Answer> {
        let completion = self.llm.complete(cx, &input.prompt).await?;
        Ok(answer(
            completion.text,
            input.sources,
            completion.usage,
            &completion.model,
        ))
    }

    fn plan(&self) -> Plan {
        Plan::stage(format!("complete with {}", self.llm.id()))
    }
}

impl<L: Llm> StreamChain for Complete<L> {
    type Item = AnswerDelta;

    async fn stream(
        &self,
        cx: &Context,
        input: Fitted,
    ) -> Result<BoxStream<'static, Result<AnswerDelta>>> {
        let deltas = self.llm.stream(cx, &input.prompt).await?;
        let (text, model) = (String::new(), self.llm.id().to_owned());
        let writing = Writing {
            deltas,
            text,
            sources: input.sources,
            model,
        };
        Ok(futures_util::stream::unfold(Some(writing), next).boxed())
    }
}

struct Writing {
    deltas: BoxStream<'static, Result<Delta>>,
    text: String,
    sources: Vec<Source>,
    model: String,
}

async fn next(writing: Option<Writing>) -> Option<(Result<AnswerDelta>, Option<Writing>)> {
    let mut writing = writing?;
    loop {
        return Some(match writing.deltas.next().await {
            Some(Ok(Delta::Text(text))) => {
                writing.text += &text;
                (Ok(AnswerDelta::Text(text)), Some(writing))
            }
            Some(Ok(Delta::End { usage, .. })) => {
                let Writing {
                    text,
                    sources,
                    model,
                    ..
                } = writing;
                (
                    Ok(AnswerDelta::End(answer(text, sources, usage, &model))),
                    None,
                )
            }
            Some(Ok(_)) => continue,
            Some(Err(error)) => (Err(error), None),
            None => {
                let error = Error::new(ErrorKind::Protocol, "the answer stopped before its end");
                (Err(error.transient(true)), None)
            }
        });
    }
}
