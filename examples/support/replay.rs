//! A model whose answers are written down, or read back.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use gori::{
    Completion, Context, Delta, Error, ErrorKind, Finish, Limits, Llm, Prompt, Result, Usage,
    Window,
};
use serde::{Deserialize, Serialize};

/// The first line of a tape.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    model: String,
}

/// One answer of a model: for which arm, question and round.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    arm: String,
    id: String,
    text: String,
}

type Answers = BTreeMap<(String, String), Vec<String>>;

/// Where answers are written to or read from.
#[derive(Debug, Default)]
pub struct Tape {
    model: String,
    file: Option<Mutex<std::fs::File>>,
    /// What was read, and what was answered in this run.
    answers: Mutex<Answers>,
    replays: bool,
}

impl Tape {
    pub fn open(model: Option<&str>, record: Option<&str>, replay: Option<&str>) -> Result<Self> {
        let mut tape = Self {
            model: model.unwrap_or("a tape").to_owned(),
            ..Self::default()
        };
        if let Some(path) = replay {
            tape.replays = true;
            let text = std::fs::read_to_string(path).map_err(|e| Error::io(path, e))?;
            let (head, answers) = read(&text)
                .map_err(|e| Error::new(ErrorKind::Corrupt, e.to_string()).about(path))?;
            tape.model = head.model;
            tape.answers = Mutex::new(answers);
        }
        if let Some(path) = record {
            tape.go_on(path)?;
        }
        Ok(tape)
    }

    /// Writes to a file, behind the answers that an earlier run of the same model left there.
    fn go_on(&mut self, path: &str) -> Result<()> {
        let before = match std::fs::read_to_string(path) {
            Ok(text) => Some(text),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
            Err(e) => return Err(Error::io(path, e)),
        };
        if let Some(text) = &before {
            let (head, answers) = read(text)
                .map_err(|e| Error::new(ErrorKind::Corrupt, e.to_string()).about(path))?;
            if head.model != self.model {
                return Err(
                    Error::invalid(format!("it holds answers of {}", head.model))
                        .about(path)
                        .hint("record into another file"),
                );
            }
            self.answers = Mutex::new(answers);
        }
        let file = std::fs::File::options()
            .create(true)
            .append(true)
            .open(path)
            .map_err(|e| Error::io(path, e))?;
        self.file = Some(Mutex::new(file));
        if before.is_none() {
            self.write(&Head {
                model: self.model.clone(),
            })?;
        }
        Ok(())
    }

    /// Whose answers they are.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// The answer of a round, of this arm or, for an arm without repair, of the one with it.
    fn answer(&self, arm: &str, id: &str, round: usize) -> Result<Option<String>> {
        let answers = self.answers.lock().map_err(|_| poisoned())?;
        let of = |arm: &str| {
            answers
                .get(&(arm.to_owned(), id.to_owned()))
                .and_then(|all| all.get(round))
                .cloned()
        };
        Ok(of(arm).or_else(|| of(arm.strip_suffix("-norepair")?)))
    }

    fn keep(&self, arm: &str, id: &str, text: &str) -> Result<()> {
        self.answers
            .lock()
            .map_err(|_| poisoned())?
            .entry((arm.to_owned(), id.to_owned()))
            .or_default()
            .push(text.to_owned());
        self.write(&Line {
            arm: arm.to_owned(),
            id: id.to_owned(),
            text: text.to_owned(),
        })
    }

    fn write(&self, line: &impl Serialize) -> Result<()> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let text = serde_json::to_string(line).map_err(|e| Error::invalid(e.to_string()))?;
        let mut file = file.lock().map_err(|_| poisoned())?;
        writeln!(file, "{text}").map_err(|e| Error::io("the tape", e))
    }
}

fn read(text: &str) -> serde_json::Result<(Head, Answers)> {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let head = serde_json::from_str(lines.next().unwrap_or_default())?;
    let mut answers = Answers::new();
    for line in lines {
        let Line { arm, id, text } = serde_json::from_str(line)?;
        answers.entry((arm, id)).or_default().push(text);
    }
    Ok((head, answers))
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
    /// The question, and how many answers it had.
    now: Arc<Mutex<(String, usize)>>,
}

impl Recorder {
    pub fn new(llm: Option<Arc<dyn Llm>>, tape: Arc<Tape>, arm: &str) -> Self {
        Self {
            llm,
            tape,
            arm: arm.to_owned(),
            now: Arc::default(),
        }
    }

    /// The answers that follow belong to this question.
    pub fn begin(&self, id: &str) {
        if let Ok(mut now) = self.now.lock() {
            *now = (id.to_owned(), 0);
        }
    }
}

/// An answer that is known already.
fn known(text: String) -> Completion {
    Completion {
        text,
        tool_calls: Vec::new(),
        finish: Finish::Stop,
        usage: Usage::default(),
        model: "tape".into(),
        extra: Default::default(),
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
        let (id, round) = {
            let mut now = self.now.lock().map_err(|_| poisoned())?;
            let (id, round) = now.clone();
            now.1 += 1;
            (id, round)
        };
        if let Some(text) = self.tape.answer(&self.arm, &id, round)? {
            return Ok(known(text));
        }
        let llm = self
            .llm
            .as_ref()
            .filter(|_| !self.tape.replays)
            .ok_or_else(|| {
                Error::new(
                    ErrorKind::Model,
                    format!("no further answer for {id} is on the tape"),
                )
            })?;
        let completion = llm.complete(cx, prompt).await?;
        self.tape.keep(&self.arm, &id, &completion.text)?;
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
