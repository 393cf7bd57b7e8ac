//! A GGUF model as a language model like any other.

use std::fs::File;
use std::io::BufReader;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::task::Poll;

use async_trait::async_trait;
use futures_util::stream::{BoxStream, Stream, StreamExt as _};
use gori_core::{
    Completion, Context, Delta, Error, ErrorKind, Finish, Limits, Llm, Prompt, Result,
    ResultExt as _, StopGuard, Usage, Window,
};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::counter::GgufCounter;
use super::engine::{Event, Job, Parts, start};
use super::header::Header;
use super::model::Model;
use super::template::Template;
use super::vocabulary::Vocabulary;
use crate::files::{self, Fetch};
use crate::work::off_executor;

/// A language model in process. Cheap to clone; clones share the weights and the queue.
///
/// # Answers
/// Without a temperature in the prompt the likeliest token is always taken, so the same prompt
/// gives the same answer; with one, a seed gives the same answer again on the same machine.
/// Without `max_tokens` an answer has at most 1024. A conversation that goes on from the last
/// one is not read again from its start: [`Usage::cached_tokens`] tells how much was kept.
///
/// # Errors
/// [`ErrorKind::TooLarge`] when prompt and answer do not fit the window,
/// [`ErrorKind::Unsupported`] for images and tools; [`ErrorKind::InvalidInput`] for a JSON schema
/// with parts that cannot be enforced, before a token is written; [`ErrorKind::Model`] when the
/// chat template refuses the messages.
///
/// # JSON
/// With [`Format::Json`](gori_core::Format::Json) every token that would break the schema is ruled
/// out before it is drawn, so even a tiny model's answer parses and fits, unless it ends with
/// [`Finish::Length`] first. The template is not told of the schema: say in the prompt what the
/// fields are for.
#[derive(Clone, Debug)]
pub struct Gguf {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    id: Arc<str>,
    window: usize,
    vocabulary: Arc<Vocabulary>,
    jobs: Sender<Job>,
}

/// How a model is opened.
#[derive(Clone, Debug, Default)]
pub struct GgufBuilder {
    threads: Option<NonZeroUsize>,
    window: Option<Window>,
}

impl GgufBuilder {
    /// Threads that compute. Default: all cores that the process may use.
    #[must_use]
    pub fn threads(mut self, threads: NonZeroUsize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// A smaller window than the model has, to bound the memory that a long conversation
    /// takes. A larger one is cut to the model's.
    #[must_use]
    pub fn window(mut self, window: Window) -> Self {
        self.window = Some(window);
        self
    }

    /// Reads a model file, off the executor. Takes as long as reading the file and about a
    /// second for each 1.5 gigabytes of it.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] and [`ErrorKind::Io`] for the file, [`ErrorKind::Corrupt`] for
    /// what is in it, [`ErrorKind::Unsupported`] for a model of another kind.
    pub async fn open(self, cx: &Context, path: impl AsRef<Path>) -> Result<Gguf> {
        let path = path.as_ref().to_owned();
        let name = path.display().to_string();
        let read = off_executor(cx, move |stop| self.read(&path, stop)).await;
        read.map_err(|error| match error.subject() {
            // What it is about is a part of the file: name both.
            Some(part) => {
                let subject = format!("{name}: {part}");
                error.about(subject)
            }
            None => error.about(name),
        })
    }

    fn read(self, path: &PathBuf, stop: &gori_core::Stop) -> Result<Gguf> {
        let io = |error| Error::io(path.display(), error);
        let mut file = File::open(path).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        let header = Header::read(BufReader::new(&mut file), length)?;
        let vocabulary = Arc::new(Vocabulary::of(&header)?);
        let template = Template::of(&header, &vocabulary)?;
        let threads = self.threads.map_or(0, NonZeroUsize::get);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|n| format!("gori-llm-{n}"))
            .build()
            .map_err(|error| {
                Error::new(ErrorKind::Unavailable, "the system has no threads left")
                    .caused_by(error)
            })?;
        let model = pool.install(|| Model::load(&mut file, &header, stop))?;
        let context = model.shape.context;
        let window = self.window.map_or(context, |window| window.0.min(context));
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let id: Arc<str> = header.text("general.name").unwrap_or(&stem).into();
        let parts = Parts {
            model,
            vocabulary: vocabulary.clone(),
            template,
            window,
        };
        let jobs = start(parts, pool)?;
        Ok(Gguf {
            shared: Arc::new(Shared {
                id,
                window,
                vocabulary,
                jobs,
            }),
        })
    }
}

impl Gguf {
    /// Opens a model with all cores and its whole window. See [`GgufBuilder::open`].
    ///
    /// # Errors
    /// As [`GgufBuilder::open`].
    pub async fn open(cx: &Context, path: impl AsRef<Path>) -> Result<Self> {
        Self::builder().open(cx, path).await
    }

    /// Looks a model up by its name in the catalogue, fetches it where it is not here yet, and
    /// opens it: `smollm2`, `qwen2.5-coder`.
    ///
    /// # Errors
    /// Those of [`files::fetch`] and of [`GgufBuilder::open`].
    pub async fn fetch(cx: &Context, name: &str, settings: &Fetch) -> Result<Self> {
        let folder = files::fetch(name, settings).await?;
        Self::open(cx, folder.only("gguf")?).await
    }

    /// Opens a model in another way.
    pub fn builder() -> GgufBuilder {
        GgufBuilder::default()
    }

    /// The exact counter of the model's tokens.
    pub fn counter(&self) -> GgufCounter {
        GgufCounter {
            id: self.shared.id.clone(),
            vocabulary: self.shared.vocabulary.clone(),
        }
    }

    /// Queues the prompt and waits until its answer begins.
    async fn begin(&self, cx: &Context, prompt: &Prompt) -> Result<Answer> {
        if !prompt.tools.is_empty() {
            return Err(
                Error::new(ErrorKind::Unsupported, "local models take no tools")
                    .hint("ask for JSON of a schema that names the tool and its arguments"),
            );
        }
        let guard = cx.stop_on_drop();
        let (reply, events) = unbounded_channel();
        let job = Job {
            prompt: prompt.clone(),
            stop: guard.stop(),
            reply,
        };
        self.shared.jobs.send(job).map_err(|_| gone())?;
        let mut answer = Answer {
            events,
            cx: cx.clone(),
            ended: false,
            _guard: guard,
        };
        match answer.events.recv().await {
            Some(Ok(_)) => Ok(answer),
            Some(Err(error)) => Err(error),
            None => Err(gone()),
        }
    }
}

fn gone() -> Error {
    Error::new(ErrorKind::Internal, "the thread of a model panicked")
}

/// An answer that is being written. Dropping it stops the model.
struct Answer {
    events: UnboundedReceiver<Result<Event>>,
    cx: Context,
    ended: bool,
    _guard: StopGuard,
}

impl Stream for Answer {
    type Item = Result<Delta>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        task: &mut std::task::Context<'_>,
    ) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        loop {
            let event = match self.events.poll_recv(task) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(event) => event,
            };
            let item = match event {
                Some(Ok(Event::Begun)) => continue,
                Some(Ok(Event::Delta(delta))) => Ok(delta),
                Some(Err(error)) => Err(error),
                None => Err(gone()),
            };
            if let Ok(Delta::End { usage, .. }) = &item {
                self.cx.usage().add(*usage);
            }
            self.ended = !matches!(item, Ok(Delta::Text(_)));
            return Poll::Ready(Some(item));
        }
    }
}

#[async_trait]
impl Llm for Gguf {
    fn id(&self) -> &str {
        &self.shared.id
    }

    fn limits(&self) -> Limits {
        Limits {
            window: Window(self.shared.window),
            output: None,
        }
    }

    async fn complete(&self, cx: &Context, prompt: &Prompt) -> Result<Completion> {
        let mut deltas = self.begin(cx, prompt).await.about(&self.shared.id)?;
        let mut text = String::new();
        let (mut finish, mut usage) = (Finish::Stop, Usage::default());
        while let Some(delta) = deltas.next().await {
            match delta.about(&self.shared.id)? {
                Delta::Text(more) => text.push_str(&more),
                Delta::End {
                    finish: why,
                    usage: all,
                } => (finish, usage) = (why, all),
                _ => {}
            }
        }
        Ok(Completion {
            text,
            tool_calls: Vec::new(),
            finish,
            usage,
            model: self.shared.id.clone(),
            extra: Default::default(),
        })
    }

    async fn stream(
        &self,
        cx: &Context,
        prompt: &Prompt,
    ) -> Result<BoxStream<'static, Result<Delta>>> {
        let answer = self.begin(cx, prompt).await.about(&self.shared.id)?;
        let id = self.shared.id.clone();
        Ok(answer.map(move |delta| delta.about(&id)).boxed())
    }
}
