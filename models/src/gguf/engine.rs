//! The thread that a model runs on: one answer at a time, in the order they were asked for.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use gori_core::{Delta, Error, ErrorKind, Finish, Format, Prompt, Result, Stop, Usage};
use rayon::ThreadPool;
use tokio::sync::mpsc::UnboundedSender;

use super::constraint::Constraint;
use super::forward::Cache;
use super::model::Model;
use super::sample::Sampler;
use super::template::Template;
use super::text::{Step, Writer};
use super::vocabulary::Vocabulary;

/// Answer tokens where a prompt does not say how many: small models can go on for ever.
pub(super) const MOST: usize = 1024;

/// All of a model that its thread and its counters read.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) model: Model,
    pub(super) vocabulary: Arc<Vocabulary>,
    pub(super) template: Template,
    pub(super) window: usize,
}

/// What the thread says of an answer: that it has begun, then its pieces.
#[derive(Debug)]
pub(super) enum Event {
    /// The prompt fits and its turn has come.
    Begun,
    Delta(Delta),
}

/// A question to the thread.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) prompt: Prompt,
    pub(super) stop: Stop,
    /// Unbounded, since an answer is bounded by its tokens and the thread must not wait.
    pub(super) reply: UnboundedSender<Result<Event>>,
}

impl Job {
    fn fail(self, error: Error) {
        // Nobody waits any more when the receiver is gone.
        let _ = self.reply.send(Err(error));
    }
}

/// Starts the thread. It ends when the sender is dropped.
pub(super) fn start(parts: Parts, pool: ThreadPool) -> Result<Sender<Job>> {
    let (send, jobs) = channel();
    let thread = std::thread::Builder::new().name("gori-llm".to_owned());
    let run = move || {
        pool.install(|| {
            Engine {
                parts,
                jobs,
                waiting: VecDeque::new(),
                cache: Cache::default(),
            }
            .run()
        })
    };
    thread.spawn(run).map_err(|error| {
        Error::new(ErrorKind::Unavailable, "the system has no thread left").caused_by(error)
    })?;
    Ok(send)
}

struct Engine {
    parts: Parts,
    jobs: Receiver<Job>,
    waiting: VecDeque<Job>,
    /// The last conversation: one that goes on finds its beginning here.
    cache: Cache,
}

/// An answer that is being written.
struct Answer {
    sampler: Sampler,
    writer: Writer,
    constraint: Option<Constraint>,
    /// Tokens it may still have.
    left: usize,
    usage: Usage,
}

impl Engine {
    fn run(mut self) {
        loop {
            let job = match self.waiting.pop_front() {
                Some(job) => job,
                None => match self.jobs.recv() {
                    Ok(job) => job,
                    Err(_) => return,
                },
            };
            match self.answer(&job) {
                Ok(()) => {}
                Err(error) => job.fail(error),
            }
        }
    }

    /// Tells those whose time is up while they wait, so that they do not wait for others too.
    fn look_at_the_queue(&mut self) {
        self.waiting.extend(self.jobs.try_iter());
        let all = std::mem::take(&mut self.waiting);
        for job in all {
            match job.stop.check() {
                Ok(()) => self.waiting.push_back(job),
                Err(error) => job.fail(error),
            }
        }
    }

    fn answer(&mut self, job: &Job) -> Result<()> {
        job.stop.check()?;
        let (prompt, mut answer) = self.begin(&job.prompt)?;
        if job.reply.send(Ok(Event::Begun)).is_err() {
            return Ok(());
        }
        let mut next = prompt;
        loop {
            let mut scores = self.parts.model.run(&mut self.cache, &next, &job.stop)?;
            if let Some(constraint) = &mut answer.constraint {
                constraint.mask(&mut scores)?;
            }
            let token = answer.sampler.draw(&scores);
            answer.usage.completion_tokens += 1;
            answer.left -= 1;
            let (text, finish) = self.take(&mut answer, token)?;
            if !text.is_empty() && job.reply.send(Ok(Event::Delta(Delta::Text(text)))).is_err() {
                return Ok(());
            }
            if let Some(finish) = finish {
                let end = Delta::End {
                    finish,
                    usage: answer.usage,
                };
                let _ = job.reply.send(Ok(Event::Delta(end)));
                return Ok(());
            }
            next = vec![token];
            self.look_at_the_queue();
        }
    }

    /// The tokens of a prompt that the cache does not hold yet, and an answer without any.
    fn begin(&mut self, prompt: &Prompt) -> Result<(Vec<u32>, Answer)> {
        let Parts {
            model,
            vocabulary,
            template,
            window,
        } = &self.parts;
        let sampler = Sampler::new(&prompt.sampling)?;
        let constraint = match &prompt.format {
            Format::Text => None,
            Format::Json { schema, .. } => Some(Constraint::new(vocabulary, schema)?),
            _ => {
                return Err(Error::new(
                    ErrorKind::Unsupported,
                    "this format is not supported",
                ));
            }
        };
        let tokens = template.tokens(&prompt.messages, vocabulary)?;
        let room = window.saturating_sub(tokens.len());
        let wanted = prompt.sampling.max_tokens;
        if room < wanted.unwrap_or(1) || wanted == Some(0) || tokens.is_empty() {
            return Err(does_not_fit(tokens.len(), wanted, *window));
        }
        let kept = self.cache.keep(&tokens, &model.shape);
        let usage = Usage {
            prompt_tokens: tokens.len() as u64,
            cached_tokens: kept as u64,
            completion_tokens: 0,
            requests: 1,
        };
        let answer = Answer {
            sampler,
            writer: Writer::new(&prompt.sampling.stop),
            constraint,
            left: wanted.unwrap_or(MOST.min(room)),
            usage,
        };
        Ok((tokens.get(kept..).unwrap_or_default().to_vec(), answer))
    }

    /// The text that a token adds, and why the answer ends if it does.
    fn take(&self, answer: &mut Answer, token: u32) -> Result<(String, Option<Finish>)> {
        let vocabulary = &self.parts.vocabulary;
        if vocabulary.is_end(token) {
            return Ok((answer.writer.end(), Some(Finish::Stop)));
        }
        let whole = match &mut answer.constraint {
            Some(constraint) => constraint.take(token)?,
            None => false,
        };
        Ok(match answer.writer.push(vocabulary.bytes(token)) {
            Step::Stopped(text) => (text, Some(Finish::Stop)),
            Step::More(text) if whole => (text + &answer.writer.end(), Some(Finish::Stop)),
            Step::More(text) if answer.left == 0 => {
                (text + &answer.writer.end(), Some(Finish::Length))
            }
            Step::More(text) => (text, None),
        })
    }
}

fn does_not_fit(tokens: usize, wanted: Option<usize>, window: usize) -> Error {
    match wanted {
        Some(0) => Error::invalid("an answer of 0 tokens was asked for"),
        _ if tokens == 0 => Error::invalid("the prompt is empty"),
        wanted => Error::new(
            ErrorKind::TooLarge,
            format!(
                "a prompt of {tokens} tokens with {} for the answer does not fit a window of {window}",
                wanted.unwrap_or(1)
            ),
        )
        .hint("shorten the prompt or allow fewer tokens for the answer"),
    }
}
