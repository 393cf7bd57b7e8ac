//! From a question to an answer: link, ask back or draft, check, run, repair, tell.

mod answer;
mod chart;
mod explain;
mod prompt;
mod repair;

use std::sync::Arc;

use gori_core::{
    Chain, Context, Embedder, Error, ErrorKind, Llm, Message, Plan, Prompt, Result, ResultExt as _,
    Sampling, TokenCounter,
};
use serde::{Deserialize, Serialize};

pub use answer::{Attempt, Reply, SqlAnswer};

use super::{Checked, Doubt, Draft, Guard, Knowledge, Linked, Linker, Rows, Source};
use repair::Trouble;

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

    /// What a question names, without asking the model.
    ///
    /// # Errors
    /// Those of the embedder, where there is one.
    pub async fn link(&self, cx: &Context, question: &str) -> Result<Linked> {
        self.linker.link_by_meaning(cx, question).await.at("link")
    }

    /// What the model is sent for a question, given what the question names.
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`] when not even the question and one table fit.
    pub fn prompt(&self, question: &str, linked: &Linked) -> Result<Prompt> {
        let limits = self.llm.limits();
        let answer = limits
            .output
            .map_or(400, |cap| cap.0)
            .min(limits.window.0 / 4)
            .min(400);
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
            question,
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

    async fn draft(&self, cx: &Context, prompt: &Prompt) -> Result<String> {
        Ok(self.llm.complete(cx, prompt).await.at("draft")?.text)
    }

    /// One draft: checked and run, or what is the trouble with it.
    async fn attempt(
        &self,
        cx: &Context,
        written: &str,
    ) -> Result<(String, std::result::Result<(Checked, Rows), Trouble>)> {
        let draft = match Draft::from_answer(written) {
            Ok(draft) => draft,
            Err(error) => return Ok((written.to_owned(), Err(Trouble::of_error(&error)))),
        };
        let sql = draft.text().to_owned();
        let checked = match self.guard.check(&draft) {
            Ok(checked) => checked,
            Err(rejected) => return Ok((sql, Err(Trouble::of_check(&rejected)))),
        };
        match self.source.run(cx, &checked).await {
            Ok(rows) => Ok((sql, Ok((checked, rows)))),
            // What the database says of a statement may be mended; that it is away may not.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::InvalidInput | ErrorKind::Refused | ErrorKind::TooLarge
                ) =>
            {
                Ok((sql, Err(Trouble::of_error(&error))))
            }
            Err(error) => Err(error.at("run")),
        }
    }

    async fn answer(&self, cx: &Context, question: &str, linked: Linked) -> Result<SqlAnswer> {
        let mut prompt = self.prompt(question, &linked)?;
        let mut attempts = Vec::new();
        let mut empty: Option<(Checked, Rows)> = None;
        for round in 0..=self.options.repairs {
            let written = self.draft(cx, &prompt).await?;
            let (sql, outcome) = self.attempt(cx, &written).await?;
            let trouble = match outcome {
                Ok((checked, rows)) => {
                    match repair::missed_value(&checked, &rows, self.guard.catalog()) {
                        Some(trouble) if round < self.options.repairs => {
                            empty = Some((checked, rows));
                            trouble
                        }
                        _ => {
                            attempts.push(Attempt { sql, trouble: None });
                            return Ok(self.tell(cx, question, &linked, checked, rows, attempts));
                        }
                    }
                }
                Err(trouble) => trouble,
            };
            prompt
                .messages
                .push(Message::assistant(format!("```sql\n{sql}\n```")));
            prompt.messages.push(Message::user(trouble.request()));
            prompt.tokens = None;
            attempts.push(Attempt {
                sql,
                trouble: Some(trouble.what),
            });
        }
        // An empty answer that could not be bettered is still an answer.
        if let Some((checked, rows)) = empty {
            return Ok(self.tell(cx, question, &linked, checked, rows, attempts));
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

    fn tell(
        &self,
        cx: &Context,
        question: &str,
        linked: &Linked,
        checked: Checked,
        rows: Rows,
        attempts: Vec<Attempt>,
    ) -> SqlAnswer {
        let assumptions = answer::assumptions(linked, &checked, &self.knowledge);
        SqlAnswer {
            question: question.to_owned(),
            sentence: answer::sentence(&rows),
            explanation: explain::explain(&checked),
            follow_ups: answer::follow_ups(self.guard.catalog(), &checked, &rows),
            chart: chart::chart(question, &rows),
            sql: checked.sql().to_owned(),
            rows,
            assumptions,
            attempts,
            usage: cx.usage().total(),
        }
    }
}

impl<S: Source, L: Llm> Chain for Ask<S, L> {
    type Input = String;
    type Output = Reply;

    async fn call(&self, cx: &Context, question: String) -> Result<Reply> {
        if question.trim().is_empty() {
            return Err(Error::invalid("the question is empty"));
        }
        let linked = self.link(cx, &question).await?;
        match linked.doubt.clone().filter(|_| self.options.gate) {
            Some(Doubt::Clarify { question, options }) => Ok(Reply::Clarify { question, options }),
            Some(Doubt::Unanswerable { missing }) => Ok(Reply::Unanswerable { missing }),
            None => Ok(Reply::Answer(Box::new(
                self.answer(cx, &question, linked).await?,
            ))),
        }
    }

    fn plan(&self) -> Plan {
        Plan::stage(format!(
            "ask {} with {}",
            self.source.dialect(),
            self.llm.id()
        ))
    }
}
