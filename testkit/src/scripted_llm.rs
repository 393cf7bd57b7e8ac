//! A language model that says what it was told to say.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures_core::stream::BoxStream;
use futures_util::StreamExt as _;
use gori_core::{
    Completion, Context, Delta, Error, ErrorKind, Finish, Limits, Llm, Prompt, Result, Usage,
    Window,
};

type Reply = Box<dyn FnOnce(&Prompt) -> Result<String> + Send>;

/// Says the scripted answers in turn, and remembers every prompt. A prompt beyond the script
/// is an error.
///
/// It counts words as tokens, and keeps to the prompt's most tokens and stop texts as a real
/// model does.
#[derive(Clone)]
pub struct ScriptedLlm {
    limits: Limits,
    script: Arc<Mutex<VecDeque<Reply>>>,
    prompts: Arc<Mutex<Vec<Prompt>>>,
}

impl std::fmt::Debug for ScriptedLlm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ScriptedLlm").finish_non_exhaustive()
    }
}

impl ScriptedLlm {
    /// Answers in turn.
    pub fn new<S: Into<String>>(answers: impl IntoIterator<Item = S>) -> Self {
        let llm = Self {
            limits: Limits {
                window: Window(4096),
                output: None,
            },
            script: Arc::default(),
            prompts: Arc::default(),
        };
        answers.into_iter().fold(llm, |llm, answer| {
            let answer = answer.into();
            llm.then(move |_| Ok(answer))
        })
    }

    /// A further answer, worked out from the prompt, or a failure.
    #[must_use]
    pub fn then(self, reply: impl FnOnce(&Prompt) -> Result<String> + Send + 'static) -> Self {
        self.script.lock().unwrap().push_back(Box::new(reply));
        self
    }

    /// With these limits instead of a window of 4096 tokens.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Every prompt so far.
    pub fn prompts(&self) -> Vec<Prompt> {
        self.prompts.lock().unwrap().clone()
    }

    fn answer(&self, cx: &Context, prompt: &Prompt) -> Result<Answer> {
        cx.check()?;
        self.prompts.lock().unwrap().push(prompt.clone());
        let reply = self.script.lock().unwrap().pop_front();
        let reply = reply.ok_or_else(|| Error::new(ErrorKind::Model, "the script has ended"))?;
        let (text, finish) = bounded(reply(prompt)?, prompt);
        let words = |text: &str| text.split_whitespace().count() as u64;
        let usage = Usage {
            prompt_tokens: prompt.messages.iter().map(|m| words(&m.to_text())).sum(),
            completion_tokens: words(&text),
            requests: 1,
            ..Usage::default()
        };
        cx.usage().add(usage);
        Ok(Answer {
            text,
            finish,
            usage,
        })
    }
}

struct Answer {
    text: String,
    finish: Finish,
    usage: Usage,
}

/// The answer up to the first stop text or the most words.
fn bounded(mut text: String, prompt: &Prompt) -> (String, Finish) {
    let sampling = &prompt.sampling;
    let stops = sampling
        .stop
        .iter()
        .filter_map(|stop| text.find(stop.as_str()));
    if let Some(at) = stops.min() {
        text.truncate(at);
    }
    let most = sampling.max_tokens.unwrap_or(usize::MAX);
    if text.split_whitespace().count() <= most {
        return (text, Finish::Stop);
    }
    let cut = text.split_inclusive(' ').take(most).collect::<String>();
    (cut.trim_end().to_owned(), Finish::Length)
}

#[async_trait]
impl Llm for ScriptedLlm {
    fn id(&self) -> &str {
        "scripted"
    }
    fn limits(&self) -> Limits {
        self.limits
    }
    async fn complete(&self, cx: &Context, prompt: &Prompt) -> Result<Completion> {
        let Answer {
            text,
            finish,
            usage,
        } = self.answer(cx, prompt)?;
        Ok(Completion {
            text,
            tool_calls: Vec::new(),
            finish,
            usage,
            model: "scripted".into(),
            extra: serde_json::Map::new(),
        })
    }
    async fn stream(
        &self,
        cx: &Context,
        prompt: &Prompt,
    ) -> Result<BoxStream<'static, Result<Delta>>> {
        let Answer {
            text,
            finish,
            usage,
        } = self.answer(cx, prompt)?;
        let words: Vec<_> = text
            .split_inclusive(' ')
            .map(|word| Ok(Delta::Text(word.to_owned())))
            .collect();
        let end = Ok(Delta::End { finish, usage });
        Ok(futures_util::stream::iter(words.into_iter().chain([end])).boxed())
    }
}
