//! Encoders of BERT's family, in process: MiniLM, BGE, E5, GTE and their like.
//!
//! The forward pass is our own. Tokens of all texts of a batch stand in one
//! matrix, so no time goes into padding; the weights of a 16-bit file are widened once, when it
//! is opened. It needs three files as the model hub has them: `config.json`, `tokenizer.json`
//! and the weights as safetensors.

mod batch;
mod config;
mod files;
mod forward;
mod weights;

use std::fmt;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use gori_core::{Context, Embedder, Embeddings, Error, ErrorKind, Result, Role, Stop};

pub use self::files::Files;

use self::config::Config;
use self::forward::Forward;
use self::weights::Weights;
use crate::coverage::Coverage;
use crate::safetensors::TensorFile;
use crate::simd::Kernels;
use crate::tokenizer::TextTokenizer;
use crate::work::{Cores, off_executor};

/// How the vectors of a text's tokens become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pooling {
    /// Their mean: MiniLM, E5, GTE.
    Mean,
    /// The first one's, `[CLS]`: BGE.
    First,
}

impl Pooling {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::First => "first",
        }
    }
}

/// How to open an [`Encoder`].
///
/// ```
/// use gori_models::bert::Options;
///
/// let options = Options { max_tokens: 128, ..Options::default() };
/// assert!(options.threads.is_none());
/// ```
#[derive(Clone, Debug)]
pub struct Options {
    /// The model's name in the embedder's id; without one, the name in the config.json.
    pub name: Option<String>,
    /// Threads that compute at a time, over all calls; without a number, as many as the process
    /// has cores.
    pub threads: Option<NonZeroUsize>,
    /// Tokens of a text that are read, `[CLS]` and `[SEP]` included; what follows is left out.
    /// 256 is what MiniLM was trained with. At most the model's own window.
    pub max_tokens: usize,
    /// How tokens become one vector; without a choice, what `1_Pooling/config.json` beside the
    /// config.json says, and the mean where there is none.
    pub pooling: Option<Pooling>,
    /// Put before every text that is searched for, as in E5's `passage: `.
    pub document_prefix: String,
    /// Put before every text that searches, as in E5's `query: `.
    pub query_prefix: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            name: None,
            threads: None,
            max_tokens: 256,
            pooling: None,
            document_prefix: String::new(),
            query_prefix: String::new(),
        }
    }
}

/// An encoder, ready to run. Clones share the weights.
///
/// ```no_run
/// use gori_core::{Context, Embedder, Role};
/// use gori_models::bert::{Encoder, Options};
///
/// # async fn run() -> gori_core::Result<()> {
/// let encoder = Encoder::open("models/all-MiniLM-L6-v2", &Options::default())?;
/// let rows = encoder.embed(&Context::new(), &["a cat", "a dog"], Role::Document).await?;
/// assert_eq!((rows.len(), rows.dims()), (2, 384));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Encoder(Arc<Inner>);

struct Inner {
    id: String,
    config: Config,
    weights: Weights,
    tokenizer: TextTokenizer,
    coverage: Coverage,
    cores: Cores,
    kernels: Kernels,
    pooling: Pooling,
    prefixes: (String, String),
}

impl Encoder {
    /// Opens the model in a directory: `config.json`, `tokenizer.json`, and the weights as
    /// `model.safetensors` or the only other `*.safetensors`.
    ///
    /// # Errors
    /// As [`Encoder::from_files`]; [`ErrorKind::NotFound`] also when the directory holds no
    /// weights, or several files of which none is called `model.safetensors`.
    pub fn open(directory: impl AsRef<Path>, options: &Options) -> Result<Self> {
        Self::from_files(&Files::in_directory(directory.as_ref())?, options)
    }

    /// Opens a model from its files.
    ///
    /// # Errors
    /// - [`ErrorKind::NotFound`] or [`ErrorKind::Io`]: a file is missing or cannot be read.
    /// - [`ErrorKind::Corrupt`]: a file is cut off or damaged, or a weight is not finite.
    /// - [`ErrorKind::Unsupported`]: the model is not of BERT's family.
    /// - [`ErrorKind::Model`]: the files do not belong together.
    /// - [`ErrorKind::Config`]: `max_tokens` is beyond the model's window, or too few.
    pub fn from_files(files: &Files, options: &Options) -> Result<Self> {
        let config = Config::open(&files.config)?;
        if options.max_tokens > config.window() {
            let window = config.window();
            return Err(Error::new(
                ErrorKind::Config,
                format!(
                    "max_tokens is {}, the model's window {window}",
                    options.max_tokens
                ),
            )
            .about(files.config.display())
            .hint(format!("set max_tokens to {window} or less")));
        }
        let tokenizer = TextTokenizer::open(&files.tokenizer, options.max_tokens, true)?;
        if tokenizer.vocabulary() > config.vocabulary {
            return Err(Error::new(
                ErrorKind::Model,
                format!(
                    "the tokenizer knows {} tokens, the model {}",
                    tokenizer.vocabulary(),
                    config.vocabulary
                ),
            )
            .about(files.tokenizer.display())
            .hint("take both files from one model"));
        }
        let mut file = TensorFile::open(&files.weights)?;
        let kernels = Kernels::best();
        let weights = Weights::read(&mut file, &config, kernels)?;
        let pooling = match options.pooling {
            Some(pooling) => pooling,
            None => files.pooling()?,
        };
        let mut fingerprint = file.fingerprint();
        tokenizer.add_to(&mut fingerprint);
        for prefix in [&options.document_prefix, &options.query_prefix] {
            fingerprint.add(prefix.as_bytes());
        }
        let id = format!(
            "bert/{}/{}/{}/{}/{fingerprint}",
            options.name.as_ref().unwrap_or(&config.name),
            weights.dtype().as_str(),
            options.max_tokens,
            pooling.as_str(),
        );
        Ok(Self(Arc::new(Inner {
            id,
            config,
            weights,
            coverage: tokenizer.coverage(),
            tokenizer,
            cores: Cores::new(options.threads),
            kernels,
            pooling,
            prefixes: (
                options.document_prefix.clone(),
                options.query_prefix.clone(),
            ),
        })))
    }

    /// Encodes texts on the calling thread and as many more as the work is worth: about one for
    /// each 512 tokens. Gives a row-major matrix with a unit vector a text, in order.
    ///
    /// For callers without an executor; inside one, [`Embedder::embed`] does the same without
    /// blocking it. Texts are taken as they are: no prefix is put before them.
    ///
    /// # Errors
    /// [`ErrorKind::Cancelled`] or [`ErrorKind::Timeout`] when `stop` says so, at the latest after
    /// one layer of about 512 tokens.
    pub fn encode(&self, texts: &[&str], stop: &Stop) -> Result<Vec<f32>> {
        self.0.encode(texts, stop)
    }

    /// The most tokens of a text that are read.
    pub fn max_tokens(&self) -> usize {
        self.0.tokenizer.max_tokens()
    }
}

impl Inner {
    fn forward(&self) -> Forward<'_> {
        Forward {
            config: &self.config,
            weights: &self.weights,
            kernels: self.kernels,
        }
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder")
            .field("id", &self.0.id)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Embedder for Encoder {
    fn id(&self) -> &str {
        &self.0.id
    }

    fn dims(&self) -> usize {
        self.0.config.hidden
    }

    async fn embed(&self, cx: &Context, texts: &[&str], role: Role) -> Result<Embeddings> {
        let prefix = match role {
            Role::Document => &self.0.prefixes.0,
            Role::Query => &self.0.prefixes.1,
        };
        let texts: Vec<String> = texts.iter().map(|text| format!("{prefix}{text}")).collect();
        let inner = Arc::clone(&self.0);
        let dims = self.dims();
        cx.usage().add_embedded(texts.len() as u64);
        let data = off_executor(cx, move |stop| {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            inner.encode(&texts, stop)
        })
        .await?;
        Embeddings::new(dims, data)
    }

    fn coverage(&self, text: &str) -> f32 {
        self.0.coverage.share(text)
    }
}
