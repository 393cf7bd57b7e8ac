//! Asking for a value, and asking again.

use std::error::Error as StdError;
use std::fmt;
use std::marker::PhantomData;

use gori_core::{
    Completion, Context, Error, ErrorKind, Finish, Format, Llm, Message, Prompt, Result, Usage,
};
use jsonschema::Validator;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::find::candidates;
use super::schema_of;

/// How many errors a model is told of at once.
const ERRORS: usize = 8;

/// Asks a language model for a value of a type.
#[derive(Debug)]
pub struct Structured<T> {
    name: String,
    repairs: u32,
    explain: bool,
    of: PhantomData<fn() -> T>,
}

/// A value, and how it came about.
#[derive(Clone, Debug, PartialEq)]
pub struct Found<T> {
    /// The value.
    pub value: T,
    /// The text that it was found in.
    pub raw: String,
    /// How often the model was asked, 1 where the first answer fitted.
    pub attempts: u32,
    /// What all attempts cost.
    pub usage: Usage,
}

/// What a model wrote in the place of what was asked for: the source of the error that
/// [`Structured::ask`] ends in. Neither `Display` nor `Debug` repeats the text.
#[derive(Clone, PartialEq, Eq)]
pub struct RawAnswer {
    /// The last answer.
    pub text: String,
    /// What is wrong with it.
    pub errors: Vec<String>,
}

impl fmt::Display for RawAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an answer of {} bytes", self.text.len())
    }
}

impl fmt::Debug for RawAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl StdError for RawAnswer {}

impl<T> Clone for Structured<T> {
    fn clone(&self) -> Self {
        Self {
            name: self.name.clone(),
            ..*self
        }
    }
}

impl<T: JsonSchema + DeserializeOwned> Default for Structured<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: JsonSchema + DeserializeOwned> Structured<T> {
    /// Two repairs, and the schema also told in words.
    pub fn new() -> Self {
        let plain = |c: char| {
            if c.is_ascii_alphanumeric() || c == '_' {
                c
            } else {
                '_'
            }
        };
        Self {
            name: T::schema_name().chars().map(plain).collect(),
            repairs: 2,
            explain: true,
            of: PhantomData,
        }
    }

    /// Asks again at most so often where an answer does not fit.
    #[must_use]
    pub fn repairs(mut self, most: u32) -> Self {
        self.repairs = most;
        self
    }

    /// Whether the prompt tells the schema in words too, at the end of the last message. On
    /// unless said otherwise, since many servers are not held to a schema, or a model does
    /// better that reads it; off saves the tokens where the server enforces it.
    #[must_use]
    pub fn explain(mut self, explain: bool) -> Self {
        self.explain = explain;
        self
    }

    /// Asks, finds the JSON, checks it, and asks again where it does not fit.
    ///
    /// # Errors
    /// What the model gives. [`ErrorKind::Model`] where no answer fitted, with the last one as
    /// a [`RawAnswer`] in its source; [`ErrorKind::TooLarge`] where the answer reached the most
    /// tokens it may write before it was whole.
    pub async fn ask(&self, llm: &impl Llm, cx: &Context, prompt: &Prompt) -> Result<Found<T>> {
        let schema = schema_of::<T>();
        let validator = jsonschema::validator_for(&schema).map_err(|e| {
            let message = format!("the schema of `{}` is not valid: {e}", self.name);
            Error::new(ErrorKind::Config, message)
        })?;
        let mut prompt = self.prompt(prompt, &schema);
        let mut usage = Usage::default();
        let mut attempts = 0;
        loop {
            attempts += 1;
            let completion = self.complete(llm, cx, &mut prompt).await?;
            usage += completion.usage;
            let raw = completion.text;
            let errors = match read(&raw, &validator) {
                Ok(value) => {
                    return Ok(Found {
                        value,
                        raw,
                        attempts,
                        usage,
                    });
                }
                Err(errors) => errors,
            };
            if completion.finish == Finish::Length {
                return Err(cut_off(raw, errors));
            }
            if attempts > self.repairs {
                return Err(does_not_fit(attempts, raw, errors));
            }
            prompt.messages.extend(again(raw, &errors));
        }
    }

    fn prompt(&self, prompt: &Prompt, schema: &Json) -> Prompt {
        let mut prompt = prompt.clone();
        prompt.format = Format::Json {
            name: self.name.clone(),
            schema: schema.clone(),
        };
        if self.explain {
            let words = format!("Answer with JSON alone that fits this JSON Schema:\n{schema}");
            prompt.messages.push(Message::user(words));
        }
        prompt.tokens = None;
        prompt
    }

    /// A server may refuse the format as such: then the words have to do.
    async fn complete(
        &self,
        llm: &impl Llm,
        cx: &Context,
        prompt: &mut Prompt,
    ) -> Result<Completion> {
        match llm.complete(cx, prompt).await {
            Err(error)
                if self.explain
                    && prompt.format != Format::Text
                    && matches!(
                        error.kind(),
                        ErrorKind::InvalidInput | ErrorKind::Unsupported
                    ) =>
            {
                tracing::debug!(%error, "the format was refused: asking without it");
                prompt.format = Format::Text;
                llm.complete(cx, prompt).await
            }
            other => other,
        }
    }
}

/// The first value in the text that fits, or what is wrong with the likeliest.
fn read<T: DeserializeOwned>(text: &str, validator: &Validator) -> Result<T, Vec<String>> {
    let mut wrong = None;
    for candidate in candidates(text) {
        let errors: Vec<String> = validator
            .iter_errors(&candidate)
            .take(ERRORS)
            .map(|error| format!("at `{}`: {error}", error.instance_path()))
            .collect();
        let errors = if errors.is_empty() {
            match serde_json::from_value(candidate) {
                Ok(value) => return Ok(value),
                Err(error) => vec![error.to_string()],
            }
        } else {
            errors
        };
        wrong.get_or_insert(errors);
    }
    Err(wrong.unwrap_or_else(|| vec!["there is no JSON in it".into()]))
}

fn again(raw: String, errors: &[String]) -> [Message; 2] {
    let list: String = errors.iter().map(|error| format!("- {error}\n")).collect();
    let words =
        format!("That does not fit the schema:\n{list}Answer again, with the whole JSON alone.");
    [Message::assistant(raw), Message::user(words)]
}

fn does_not_fit(attempts: u32, text: String, errors: Vec<String>) -> Error {
    let message = format!(
        "no answer of {attempts} fitted the schema; the last: {}",
        errors.join("; ")
    );
    Error::new(ErrorKind::Model, message)
        .hint("the last answer is a RawAnswer in the error's source")
        .caused_by(RawAnswer { text, errors })
}

fn cut_off(text: String, errors: Vec<String>) -> Error {
    Error::new(
        ErrorKind::TooLarge,
        "the answer was cut off before its JSON was whole",
    )
    .hint("raise Sampling::max_tokens")
    .caused_by(RawAnswer { text, errors })
}
