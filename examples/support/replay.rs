//! A model whose answers are written down, or read back.

use std::collections::{BTreeMap, VecDeque};
use std::io::Write as _;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use gori::{
    Completion, Context, Delta, Error, ErrorKind, Finish, Limits, Llm, Prompt, Result, Usage,
    Window,
};
use serde::{Deserialize, Serialize};

/// One answer of a model: for which arm, question and round.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    arm: String,
    id: String,
    text: String,
}

/// Where answers are written to or read from.
#[derive(Debug, Default)]
pub struct Tape {
    file: Option<Mutex<std::fs::File>>,
    read: Mutex<BTreeMap<(String, String), VecDeque<String>>>,
    replays: bool,
}

impl Tape {
    pub fn open(record: Option<&str>, replay: Option<&str>) -> Result<Self> {
        let mut tape = Self::default();
        if let Some(path) = replay {
            tape.replays = true;
            let text = std::fs::read_to_string(path).map_err(|e| Error::io(path, e))?;
            for line in text.lines().filter(|line| !line.trim().is_empty()) {
                let line: Line = serde_json::from_str(line)
                    .map_err(|e| Error::new(ErrorKind::Corrupt, e.to_string()).about(path))?;
                tape.read
                    .get_mut()
                    .map_err(|_| poisoned())?
                    .entry((line.arm, line.id))
                    .or_default()
                    .push_back(line.text);
            }
        }
        if let Some(path) = record {
            tape.file = Some(Mutex::new(
                std::fs::File::create(path).map_err(|e| Error::io(path, e))?,
            ));
        }
        Ok(tape)
    }
}

fn poisoned() -> Error {
    Error::new(
        ErrorKind::Internal,
        "a thread failed while it held the tape",
    )
}

/// A model of which every answer goes to the tape, or comes from it.
#[derive(Clone, Debug)]
pub struct Recorder {
    llm: Option<Arc<dyn Llm>>,
    tape: Arc<Tape>,
    arm: String,
    id: Arc<Mutex<String>>,
}

impl Recorder {
    pub fn new(llm: Option<Arc<dyn Llm>>, tape: Arc<Tape>, arm: &str) -> Self {
        Self {
            llm,
            tape,
            arm: arm.to_owned(),
            id: Arc::default(),
        }
    }

    /// The answers that follow belong to this question.
    pub fn begin(&self, id: &str) {
        if let Ok(mut now) = self.id.lock() {
            id.clone_into(&mut now);
        }
    }

    fn on_tape(&self, id: &str) -> Result<Option<Completion>> {
        if !self.tape.replays {
            return Ok(None);
        }
        let mut read = self.tape.read.lock().map_err(|_| poisoned())?;
        let text = read
            .get_mut(&(self.arm.clone(), id.to_owned()))
            .and_then(VecDeque::pop_front);
        let text = text.ok_or_else(|| {
            Error::new(
                ErrorKind::Model,
                format!("no further answer for {id} is on the tape"),
            )
        })?;
        Ok(Some(Completion {
            text,
            tool_calls: Vec::new(),
            finish: Finish::Stop,
            usage: Usage::default(),
            model: "tape".into(),
            extra: Default::default(),
        }))
    }
}

#[async_trait]
impl Llm for Recorder {
    fn id(&self) -> &str {
        self.llm.as_ref().map_or("tape", |llm| llm.id())
    }

    fn limits(&self) -> Limits {
        self.llm.as_ref().map_or(
            Limits {
                window: Window(4096),
                output: None,
            },
            |llm| llm.limits(),
        )
    }

    async fn complete(&self, cx: &Context, prompt: &Prompt) -> Result<Completion> {
        let id = self.id.lock().map_err(|_| poisoned())?.clone();
        if let Some(completion) = self.on_tape(&id)? {
            return Ok(completion);
        }
        let llm = self
            .llm
            .as_ref()
            .ok_or_else(|| Error::invalid("there is neither a model nor a tape"))?;
        let completion = llm.complete(cx, prompt).await?;
        if let Some(file) = &self.tape.file {
            let line = Line {
                arm: self.arm.clone(),
                id,
                text: completion.text.clone(),
            };
            let text = serde_json::to_string(&line).map_err(|e| Error::invalid(e.to_string()))?;
            let mut file = file.lock().map_err(|_| poisoned())?;
            writeln!(file, "{text}").map_err(|e| Error::io("the tape", e))?;
        }
        Ok(completion)
    }

    async fn stream(
        &self,
        _cx: &Context,
        _prompt: &Prompt,
    ) -> Result<BoxStream<'static, Result<Delta>>> {
        Err(Error::new(ErrorKind::Unsupported, "a tape does not stream"))
    }
}
