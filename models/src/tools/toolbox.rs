//! Typed functions as tools.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use gori_core::{Error, Result, Tool};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::structured::schema_of;

pub(super) type Function = dyn Fn(&str) -> BoxFuture<'static, Result<String>> + Send + Sync;

/// Functions that a model may call, by name, and the bounds of calling them. Cheap to clone.
#[derive(Clone)]
pub struct Toolbox {
    pub(super) tools: BTreeMap<String, (Tool, Arc<Function>)>,
    pub(super) rounds: u32,
    pub(super) timeout: Duration,
    pub(super) at_once: usize,
    pub(super) max_result: usize,
}

impl fmt::Debug for Toolbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Toolbox")
            .field("tools", &self.tools.keys())
            .field("rounds", &self.rounds)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl Default for Toolbox {
    fn default() -> Self {
        Self {
            tools: BTreeMap::new(),
            rounds: 8,
            timeout: Duration::from_secs(30),
            at_once: 8,
            max_result: 64 << 10,
        }
    }
}

impl Toolbox {
    /// No tool, 8 rounds, 30 s a call, 8 calls at once, results of up to 64 KiB.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a function of this name, in place of one with the same. Its arguments are told to
    /// the model by their JSON Schema. What it returns is given to the model, a string as it
    /// is and all else as JSON; so is what its error says.
    #[must_use]
    pub fn with<A, R, F, Fut>(mut self, name: &str, description: &str, function: F) -> Self
    where
        A: JsonSchema + DeserializeOwned,
        R: Serialize,
        F: Fn(A) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R>> + Send + 'static,
    {
        let tool = Tool {
            name: name.to_owned(),
            description: description.to_owned(),
            parameters: schema_of::<A>(),
        };
        let call = move |arguments: &str| -> BoxFuture<'static, Result<String>> {
            match read(arguments) {
                Ok(arguments) => {
                    let answer = function(arguments);
                    Box::pin(async move { write(&answer.await?) })
                }
                Err(error) => Box::pin(std::future::ready(Err(error))),
            }
        };
        self.tools.insert(tool.name.clone(), (tool, Arc::new(call)));
        self
    }

    /// Lets the model call tools at most so many times in a row before it must answer.
    #[must_use]
    pub fn rounds(mut self, most: u32) -> Self {
        self.rounds = most;
        self
    }

    /// Ends a call that takes longer.
    #[must_use]
    pub fn timeout(mut self, time: Duration) -> Self {
        self.timeout = time;
        self
    }

    /// Runs at most so many calls of one round at the same time.
    #[must_use]
    pub fn at_once(mut self, calls: usize) -> Self {
        self.at_once = calls.max(1);
        self
    }

    /// Gives the model at most so many bytes of a result, and says where more were cut off.
    #[must_use]
    pub fn max_result(mut self, bytes: usize) -> Self {
        self.max_result = bytes;
        self
    }

    /// The tools as a prompt names them.
    pub fn tools(&self) -> impl Iterator<Item = &Tool> {
        self.tools.values().map(|(tool, _)| tool)
    }
}

fn read<A: DeserializeOwned>(arguments: &str) -> Result<A> {
    let arguments = if arguments.trim().is_empty() {
        "{}"
    } else {
        arguments
    };
    serde_json::from_str(arguments)
        .map_err(|e| Error::invalid(format!("the arguments do not fit: {e}")))
}

fn write(answer: &impl Serialize) -> Result<String> {
    let json = serde_json::to_value(answer)
        .map_err(|e| Error::invalid(format!("the result cannot be written as JSON: {e}")))?;
    Ok(match json {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    })
}
