//! From a question to an answer: link, ask back or draft, check, run, repair, tell.

mod answer;
mod chart;
mod explain;
mod prompt;
mod repair;

use std::sync::Arc;

use gori_core::{
    Chain, Context, Embedder, Error, ErrorKind, Llm, Plan, Prompt, Result, ResultExt as _,
    Sampling, TokenCounter,
};
use serde::{Deserialize, Serialize};

pub use answer::{Asked, Attempt, Drafted, Reply, SqlAnswer, Turn};
#[cfg(feature = "chart")]
pub use chart::Theme;
pub use chart::{Chart, Mark};

use super::{Checked, Doubt, Draft, Guard, Knowledge, Linked, Linker, Rows, Source};
use repair::Trouble;

/// The most tokens of an answer; a statement is far shorter.
const ANSWER: usize = 400;

/// How questions are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AskOptions {
    /// How often the model may mend its draft.
    pub repairs: usize,
    /// How many tables it is shown, besides those that join them.
    pub tables: usize,
    /// The most tokens of prompt, where that is less than what the model's window leaves.
    pub budget: usize,
    /// Whether doubtful questions are asked back instead of drafted.
    pub gate: bool,
}

impl Default for AskOptions {
    /// Two repairs, five tables, 3,000 tokens, and doubt is asked back.
    fn default() -> Self {
        Self {
            repairs: 2,
            tables: 5,
            budget: 3000,
            gate: true,
        }
    }
}

/// Answers questions about a database.
///
/// A [`Chain`] from a question to a [`Reply`]. The model sees the tables that the question
/// names, what is known about them and a few examples; it writes a draft, and only what the
/// [`Guard`] has checked runs.
#[derive(Clone, Debug)]
pub struct Ask<S, L> {
    source: S,
    llm: L,
    counter: Arc<dyn TokenCounter>,
    guard: Guard,
    knowledge: Arc<Knowledge>,
    linker: Linker,
    options: AskOptions,
}

impl<S: Source, L: Llm> Ask<S, L> {
    /// Looks the database over and indexes it with what is known about it.
    ///
    /// # Errors
    /// Those of the source.
    pub async fn new(
        cx: &Context,
        source: S,
        llm: L,
        counter: Arc<dyn TokenCounter>,
        knowledge: impl Into<Arc<Knowledge>>,
    ) -> Result<Self> {
        let knowledge = knowledge.into();
        let catalog = Arc::new(source.catalog(cx).await?);
        let linker = Linker::new(Arc::clone(&catalog), Arc::clone(&knowledge))
            .with_values(cx, &source)
            .await?;
        Ok(Self {
            source,
            llm,
            counter,
            guard: Guard::new(catalog),
            knowledge,
            linker,
            options: AskOptions::default(),
        })
    }

    /// With these options.
    #[must_use]
    pub fn options(mut self, options: AskOptions) -> Self {
        self.options = options;
        self
    }

    /// With an embedder, so that questions may say in other words what the names say.
    ///
    /// # Errors
    /// Those of the embedder.
    pub async fn with_embedder(
        mut self,
        cx: &Context,
        embedder: Arc<dyn Embedder>,
    ) -> Result<Self> {
        self.linker = self.linker.with_embedder(cx, embedder).await?;
        Ok(self)
    }

    /// The guard, to check other statements by.
    pub fn guard(&self) -> &Guard {
        &self.guard
    }

    /// The same with other knowledge, such as what was learnt since.
    ///
    /// # Errors
    /// Those of the embedder, where there is one.
    pub async fn knowing(
        mut self,
        cx: &Context,
        knowledge: impl Into<Arc<Knowledge>>,
    ) -> Result<Self> {
        self.knowledge = knowledge.into();
        let knowledge = Arc::clone(&self.knowledge);
        self.linker = self.linker.knowing(cx, knowledge).await?;
        Ok(self)
    }

    /// What is known.
    pub fn knowledge(&self) -> &Knowledge {
        &self.knowledge
    }

    /// What a question names, without asking the model. A question that goes on from another
    /// also names what that one named.
    ///
    /// # Errors
    /// Those of the embedder, where there is one.
    pub async fn link(&self, cx: &Context, asked: impl Into<Asked>) -> Result<Linked> {
        let text = asked.into().whole();
        self.linker.link_by_meaning(cx, &text).await.at("link")
    }

    /// What the model is sent for a question, given what the question names.
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`] when not even the question and one table fit.
    pub fn prompt(&self, asked: impl Into<Asked>, linked: &Linked) -> Result<Prompt> {
        let limits = self.llm.limits();
        let answer = limits
            .output
            .map_or(ANSWER, |cap| cap.0)
            .min(limits.window.0 / 4)
            .min(ANSWER);
        let budget = limits
            .window
            .0
            .saturating_sub(answer)
            .min(self.options.budget);
        let parts = prompt::Parts {
            catalog: self.guard.catalog(),
            knowledge: &self.knowledge,
            linked,
            tables: self.options.tables,
            asked: &asked.into(),
        };
        let (messages, tokens) = parts.fit(self.counter.as_ref(), budget)?;
        let mut prompt = Prompt::new(messages).sampling(Sampling {
            max_tokens: Some(answer),
            temperature: Some(0.0),
            seed: Some(7),
            ..Sampling::default()
        });
        prompt.tokens = Some(tokens);
        Ok(prompt)
    }

    /// Has the model write a statement, and mend it until the guard lets it through. Nothing
    /// runs. `attempts` are what was tried before, with what was wrong with each.
    ///
    /// # Errors
    /// [`ErrorKind::Model`] when the attempts, `repairs` and one, are used up; those of the model.
    pub async fn draft(
        &self,
        cx: &Context,
        asked: &Asked,
        linked: &Linked,
        mut attempts: Vec<Attempt>,
    ) -> Result<Drafted> {
        let base = self.prompt(asked.clone(), linked)?;
        while attempts.len() <= self.options.repairs {
            let prompt = repair::conversation(&base, &attempts);
            let written = self.llm.complete(cx, &prompt).await.at("draft")?.text;
            let (sql, trouble) = match Draft::from_answer(&written) {
                Err(error) => (written, Trouble::of_error(&error)),
                Ok(draft) => match self.guard.check(&draft) {
                    Ok(checked) => {
                        let assumptions = answer::assumptions(linked, &checked, &self.knowledge);
                        return Ok(Drafted {
                            written: draft.text().to_owned(),
                            explanation: explain::explain(&checked),
                            assumptions,
                            checked,
                            attempts,
                        });
                    }
                    Err(rejected) => (draft.text().to_owned(), Trouble::of_check(&rejected)),
                },
            };
            attempts.push(Attempt {
                sql,
                trouble: Some(trouble.what),
            });
        }
        let last = attempts
            .last()
            .and_then(|a| a.trouble.clone())
            .unwrap_or_default();
        Err(Error::new(
            ErrorKind::Model,
            format!(
                "no draft of {} could be run; the last: {last}",
                attempts.len()
            ),
        )
        .hint("ask in other words, add what is missing to the knowledge, or ask another model"))
    }

    /// Runs a checked statement, a model's or a person's, as the answer to a question.
    ///
    /// # Errors
    /// Those of the source; [`ErrorKind::InvalidInput`] is what the database says of the
    /// statement, and may be mended.
    pub async fn run(
        &self,
        cx: &Context,
        asked: &Asked,
        linked: &Linked,
        checked: Checked,
    ) -> Result<SqlAnswer> {
        let rows = self.source.run(cx, &checked).await.at("run")?;
        Ok(self.tell(cx, &asked.question, linked, checked, rows))
    }

    async fn answer(&self, cx: &Context, asked: &Asked, linked: &Linked) -> Result<SqlAnswer> {
        let mut attempts = Vec::new();
        let mut empty: Option<SqlAnswer> = None;
        loop {
            let drafted = match self.draft(cx, asked, linked, attempts).await {
                Ok(drafted) => drafted,
                // An empty answer that could not be bettered is still an answer.
                Err(error) if error.kind() == ErrorKind::Model => {
                    return empty.take().ok_or(error);
                }
                Err(error) => return Err(error),
            };
            attempts = drafted.attempts;
            let sql = drafted.written;
            let trouble = match self.run(cx, asked, linked, drafted.checked).await {
                Ok(mut answer) => {
                    attempts.push(Attempt {
                        sql: sql.clone(),
                        trouble: answer.note.clone(),
                    });
                    answer.attempts.clone_from(&attempts);
                    answer.usage = cx.usage().total();
                    if answer.note.is_none() || attempts.len() > self.options.repairs {
                        return Ok(answer);
                    }
                    empty = Some(answer);
                    continue;
                }
                // What the database says of a statement may be mended; that it is away may not.
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::InvalidInput | ErrorKind::Refused | ErrorKind::TooLarge
                    ) =>
                {
                    Trouble::of_error(&error)
                }
                Err(error) => return Err(error),
            };
            attempts.push(Attempt {
                sql,
                trouble: Some(trouble.what),
            });
        }
    }

    /// Answers a question, which may go on from others.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] for an empty question, [`ErrorKind::Model`] when no draft
    /// could be run, and those of the model and of the source.
    pub async fn reply(&self, cx: &Context, asked: &Asked) -> Result<Reply> {
        if asked.question.trim().is_empty() {
            return Err(Error::invalid("the question is empty"));
        }
        let linked = self.link(cx, asked.clone()).await?;
        match linked.doubt.clone().filter(|_| self.options.gate) {
            Some(Doubt::Clarify { question, options }) => Ok(Reply::Clarify { question, options }),
            Some(Doubt::Unanswerable { missing }) => Ok(Reply::Unanswerable { missing }),
            None => Ok(Reply::Answer(Box::new(
                self.answer(cx, asked, &linked).await?,
            ))),
        }
    }

    fn tell(
        &self,
        cx: &Context,
        question: &str,
        linked: &Linked,
        checked: Checked,
        rows: Rows,
    ) -> SqlAnswer {
        let assumptions = answer::assumptions(linked, &checked, &self.knowledge);
        let note = repair::missed_value(&checked, &rows, self.guard.catalog());
        SqlAnswer {
            question: question.to_owned(),
            sentence: answer::sentence(&rows),
            explanation: explain::explain(&checked),
            follow_ups: answer::follow_ups(self.guard.catalog(), &checked, &rows),
            chart: Chart::of(question, &rows).map(|chart| chart.vega_lite()),
            note: note.map(|trouble| trouble.what),
            sql: checked.sql().to_owned(),
            rows,
            assumptions,
            attempts: Vec::new(),
            usage: cx.usage().total(),
        }
    }
}

impl<S: Source, L: Llm> Chain for Ask<S, L> {
    type Input = String;
    type Output = Reply;

    async fn call(&self, cx: &Context, question: String) -> Result<Reply> {
        self.reply(cx, &question.into()).await
    }

    fn plan(&self) -> Plan {
        Plan::stage(format!(
            "ask {} with {}",
            self.source.dialect(),
            self.llm.id()
        ))
    }
}
