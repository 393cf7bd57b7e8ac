//! From a goal in words to a checked plan, by the grammar where it can read and by a language model where it cannot.
//!
//! The model answers with a plan as data, held to a schema that knows the units there are, never with unit text. The
//! check decides: what it refuses goes back to the model with its diagnoses, a bounded number of times, and then
//! comes out as refused. Nothing the model says is rendered without having passed.

use gori_core::{Chain, Context, Error, ErrorKind, Format, Llm, Message, Prompt, Result, Sampling};

use super::answer::{self, Answer};
use super::ask::Tongue;
use super::grammar::{Question, read};
use super::prompt;
use super::scope::Scope;
use crate::check::{Checked, Diagnosis, Refusal};
use crate::forecast::Forecast;
use crate::inventory::Inventory;
use crate::name::PlanName;
use crate::plan::Plan;

/// How often a model may try, if nothing else is said.
const ATTEMPTS: usize = 3;

/// The most units that are offered as a choice.
const CHOICES: usize = 8;

/// What came of a goal.
#[derive(Debug, Clone)]
pub enum Planned {
    /// A plan that passed the check.
    Plan(Box<Proposal>),
    /// Something has to be asked back before there can be a plan.
    Questions {
        /// The questions.
        questions: Vec<Question>,
        /// Sentences that nobody could read.
        unread: Vec<String>,
    },
    /// What was proposed last, and why it was refused.
    Refused {
        /// The plan, if the answer was one at all.
        plan: Option<Box<Plan>>,
        /// What is wrong with it.
        diagnoses: Vec<Diagnosis>,
        /// How often the model tried.
        attempts: usize,
    },
}

impl Planned {
    /// What comes of a plan that nobody was asked for: it passes, or it is refused.
    #[must_use]
    pub fn checked(inventory: Inventory, plan: Plan) -> Self {
        match Proposal::checked(inventory, plan.clone(), 0) {
            Ok(proposal) => Self::Plan(Box::new(proposal)),
            Err(refusal) => Self::Refused {
                plan: Some(Box::new(plan)),
                diagnoses: refusal.diagnoses,
                attempts: 0,
            },
        }
    }
}

/// A plan that passed, with what is known about it.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// The plan. Its remarks are the risks that were seen.
    pub plan: Checked<Plan>,
    /// Times, critical path and what failures do.
    pub forecast: Forecast,
    /// How often a model was asked; 0 if the grammar read the goal.
    pub attempts: usize,
}

impl Proposal {
    fn checked(inventory: Inventory, plan: Plan, attempts: usize) -> Result<Self, Refusal> {
        let plan = Checked::new(inventory, plan)?;
        let forecast = Forecast::new(&plan);
        Ok(Self {
            plan,
            forecast,
            attempts,
        })
    }
}

/// The chain from a goal to a plan. Generic over the language model; without one use [`read`].
#[derive(Debug, Clone)]
pub struct Planner<L> {
    llm: L,
    inventory: Inventory,
    name: PlanName,
    attempts: usize,
    grammar: bool,
}

impl<L: Llm> Planner<L> {
    /// A planner over an inventory; the plans get this name.
    pub fn new(llm: L, inventory: Inventory, name: PlanName) -> Self {
        Self {
            llm,
            inventory,
            name,
            attempts: ATTEMPTS,
            grammar: true,
        }
    }

    /// How often the model may try, at least once.
    #[must_use]
    pub fn attempts(mut self, attempts: usize) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// Without the grammar: every goal goes to the model. For measuring models.
    #[must_use]
    pub fn model_only(mut self) -> Self {
        self.grammar = false;
        self
    }

    /// A goal that names no unit: no answer to it could be a plan.
    fn which_units(&self, goal: &str) -> Planned {
        let units = &self.inventory.units;
        let question = Question {
            about: String::new(),
            question: Tongue::of(goal).which_units(),
            // More than a person reads through are no choice.
            choices: match units.len() {
                ..=CHOICES => units.iter().map(|u| u.at().to_string()).collect(),
                _ => Vec::new(),
            },
        };
        Planned::Questions {
            questions: vec![question],
            unread: vec![goal.to_owned()],
        }
    }

    async fn ask(&self, cx: &Context, goal: &str, read: Option<&Plan>) -> Result<Planned> {
        let scope = Scope::of(goal, &self.inventory);
        if scope.units.is_empty() {
            return Ok(self.which_units(goal));
        }
        let mut messages = prompt::messages(goal, &scope);
        let mut last = (None, Vec::new());
        for attempt in 1..=self.attempts {
            cx.check()?;
            let prompt = Prompt {
                messages: messages.clone(),
                sampling: Sampling {
                    temperature: Some(0.0),
                    max_tokens: Some(1024),
                    ..Sampling::default()
                },
                format: Format::Json {
                    name: "plan".into(),
                    schema: answer::schema(&scope),
                },
                ..Prompt::default()
            };
            let completion = self.llm.complete(cx, &prompt).await?;
            let (plan, diagnoses) = match answer::parse(&completion.text, &self.name) {
                Ok(Answer::Questions(questions)) => {
                    return Ok(Planned::Questions {
                        questions,
                        unread: Vec::new(),
                    });
                }
                Ok(Answer::Plan(plan)) => {
                    let mut diagnoses = answer::faithful(&scope, &plan, read);
                    if diagnoses.is_empty() {
                        let inventory = self.inventory.clone();
                        match Proposal::checked(inventory, (*plan).clone(), attempt) {
                            Ok(proposal) => return Ok(Planned::Plan(Box::new(proposal))),
                            Err(refusal) => diagnoses = refusal.diagnoses,
                        }
                    }
                    (Some(plan), diagnoses)
                }
                Err(diagnosis) => (None, vec![diagnosis]),
            };
            messages.push(Message::assistant(completion.text));
            messages.push(Message::user(prompt::refused(&diagnoses)));
            last = (plan, diagnoses);
        }
        Ok(Planned::Refused {
            plan: last.0,
            diagnoses: last.1,
            attempts: self.attempts,
        })
    }
}

impl<L: Llm> Chain for Planner<L> {
    type Input = String;
    type Output = Planned;

    async fn call(&self, cx: &Context, goal: String) -> Result<Planned> {
        if goal.trim().is_empty() {
            return Err(Error::new(ErrorKind::InvalidInput, "the goal is empty")
                .hint("say what shall start after what"));
        }
        if !self.grammar {
            return self.ask(cx, &goal, None).await;
        }
        let reading = read(&goal, &self.inventory, &self.name);
        if !reading.questions.is_empty() {
            return Ok(Planned::Questions {
                questions: reading.questions,
                unread: reading.unread,
            });
        }
        if reading.unread.is_empty() {
            return Ok(Planned::checked(self.inventory.clone(), reading.plan));
        }
        self.ask(cx, &goal, Some(&reading.plan)).await
    }
}
