//! What all of them share: a model, a counter, a task, and prompts that fit.

use gori_core::{Context, Error, ErrorKind, Llm, Reserve, Result, TokenCounter};

use crate::prompt::{
    Budget, Framing, List, Memo, Outcome, PromptBuilder, PromptPlan, Section, Truncate,
    UNTRUSTED_RULE, Unit,
};

/// Bytes that are looked at for each token of room. A token of prose is about four bytes; only
/// long runs of blanks have more than this.
const BYTES_A_TOKEN: usize = 16;

/// What is to be done with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    pub(super) instruction: String,
    pub(super) combine: String,
    pub(super) answer: usize,
    pub(super) at_once: usize,
}

impl Task {
    /// An instruction, such as `Summarise the text in three sentences.` The text itself is
    /// quoted below it, as material that gives no orders.
    pub fn new(instruction: impl Into<String>) -> Self {
        let instruction = instruction.into();
        Self {
            combine: format!(
                "The notes below were made from parts of one text, in order, each for this task: \
                 {instruction} Do the task for the whole text from the notes alone."
            ),
            instruction,
            answer: 512,
            at_once: 4,
        }
    }

    /// The instruction for making one answer of several, where another than the usual is wanted.
    #[must_use]
    pub fn combine(self, instruction: impl Into<String>) -> Self {
        let combine = instruction.into();
        Self { combine, ..self }
    }

    /// The most tokens of an answer, 512 unless said otherwise; never more than a quarter of the
    /// window or what the model writes.
    #[must_use]
    pub fn answer(self, tokens: usize) -> Self {
        let answer = tokens.max(1);
        Self { answer, ..self }
    }

    /// How many calls are made at the same time where their order does not matter, 4 unless said
    /// otherwise.
    #[must_use]
    pub fn at_once(self, calls: usize) -> Self {
        let at_once = calls.max(1);
        Self { at_once, ..self }
    }
}

/// A model with a task.
#[derive(Clone, Debug)]
pub(super) struct Desk<L, C> {
    pub(super) llm: L,
    pub(super) counter: C,
    pub(super) task: Task,
}

/// A prompt for the first part of a text, and how many bytes of the text are in it.
pub(super) struct Piece {
    pub(super) plan: PromptPlan,
    pub(super) bytes: usize,
}

impl<L: Llm, C: TokenCounter> Desk<L, C> {
    pub(super) fn budget(&self) -> Result<Budget> {
        let limits = self.llm.limits();
        let cap = limits.output.map_or(usize::MAX, |cap| cap.0);
        let reserve = Reserve(self.task.answer.min(limits.window.0 / 4).min(cap));
        Budget::new(limits, reserve)
    }

    fn prompt(instruction: &str) -> PromptBuilder {
        PromptBuilder::chat(Framing::CAREFUL)
            .section(Section::system("task", instruction).required())
            .section(Section::system("rule", UNTRUSTED_RULE).required())
    }

    /// A prompt for as much of the text as fits beside what was found out so far.
    pub(super) fn piece(&self, text: &str, so_far: Option<&str>) -> Result<Piece> {
        let budget = self.budget()?;
        let most = budget.input().saturating_mul(BYTES_A_TOKEN);
        let end = (0..=most.min(text.len()))
            .rev()
            .find(|at| text.is_char_boundary(*at));
        let near = text.get(..end.unwrap_or(0)).unwrap_or(text);
        let whole = self.plan(&budget, near, so_far)?;
        let row = whole.report().sections.iter().find(|row| row.id == "text");
        let bytes = match row.map(|row| &row.outcome) {
            Some(Outcome::Cut { out, .. }) => out.first().map_or(near.len(), |span| span.from),
            _ => near.len(),
        };
        if bytes == 0 && !text.is_empty() {
            return Err(Error::new(
                ErrorKind::Internal,
                "a piece of a text has nothing in it",
            ));
        }
        Ok(Piece { plan: whole, bytes })
    }

    fn plan(&self, budget: &Budget, text: &str, so_far: Option<&str>) -> Result<PromptPlan> {
        let mut prompt = Self::prompt(&self.task.instruction);
        if let Some(so_far) = so_far {
            prompt = prompt.section(
                Section::user("so far", so_far.to_owned())
                    .untrusted()
                    .required(),
            );
        }
        let text = Section::user("text", text)
            .untrusted()
            .required()
            .shrink(Truncate::tail(Unit::Sentence))
            .min(budget.input() / 8);
        prompt
            .section(text)
            .plan(budget, &self.counter)
            .map_err(larger)
    }

    /// A prompt for as many notes as fit, at least two, and how many they are.
    pub(super) fn notes(&self, notes: &[String]) -> Result<(PromptPlan, usize)> {
        let items = List::earliest(notes.iter().map(String::as_str)).min_items(notes.len().min(2));
        let plan = Self::prompt(&self.task.combine)
            .section(Section::user("notes", items).untrusted().required())
            .plan(&self.budget()?, &self.counter)
            .map_err(larger)?;
        let row = plan.report().sections.iter().find(|row| row.id == "notes");
        let kept = match row.map(|row| &row.outcome) {
            Some(Outcome::Picked { kept, .. }) => kept.len(),
            _ => notes.len(),
        };
        Ok((plan, kept))
    }

    /// The model's answer, cut to a quarter of the room where it is longer than was asked for.
    pub(super) async fn ask(&self, cx: &Context, plan: PromptPlan) -> Result<String> {
        cx.check()?;
        let text = self.llm.complete(cx, &plan.into_prompt()).await?.text;
        let text = text.trim().to_owned();
        if text.is_empty() {
            return Err(Error::new(ErrorKind::Model, "the model answered nothing"));
        }
        let budget = self.budget()?;
        let most = Budget::of(budget.reserve().0.min(budget.input() / 4).max(1));
        let answer = Section::user("answer", text)
            .required()
            .shrink(Truncate::tail(Unit::Sentence));
        let short = PromptBuilder::text()
            .section(answer)
            .build()?
            .plan_with(&most, &Memo::new(&self.counter))?;
        Ok(short.text().into_owned())
    }
}

fn larger(error: Error) -> Error {
    match error.kind() {
        ErrorKind::TooLarge => error.hint("shorten the task, or take a model with a larger window"),
        _ => error,
    }
}
