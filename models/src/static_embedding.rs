//! Static embeddings: one row a token and no network, for boards too small for an encoder.
//!
//! The layout is that of model2vec and wordllama: a `tokenizer.json`, and safetensors with one
//! matrix, a row for each id. A text's vector is the mean of the rows of its tokens, scaled to
//! length 1. It knows neither order nor context, and costs microseconds.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use gori_core::{Context, Embedder, Embeddings, Error, ErrorKind, Result, Role, Stop};

use crate::coverage::Coverage;
use crate::safetensors::{Numbers, TensorFile};
use crate::tokenizer::TextTokenizer;
use crate::work::{Cores, lock, off_executor};

/// The files of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// Its tokenizer: `tokenizer.json`.
    pub tokenizer: PathBuf,
    /// Its matrix, as safetensors in 32-bit or 16-bit numbers.
    pub weights: PathBuf,
}

/// How to open a [`StaticEmbedder`].
///
/// ```
/// use gori_models::static_embedding::Options;
///
/// assert!(Options::default().normalise);
/// ```
#[derive(Clone, Debug)]
pub struct Options {
    /// The model's name in the embedder's id; without one, that of the weights' directory.
    pub name: Option<String>,
    /// Threads that compute at a time, over all calls; without a number, as many as the process
    /// has cores.
    pub threads: Option<NonZeroUsize>,
    /// Tokens of a text that are read; what follows is left out.
    pub max_tokens: usize,
    /// Scales vectors to length 1. Without it a text of no known token has a vector of zeros,
    /// which a store may refuse.
    pub normalise: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            name: None,
            threads: None,
            max_tokens: 512,
            normalise: true,
        }
    }
}

/// A matrix of token vectors, ready to look up. Clones share it.
///
/// ```no_run
/// use gori_core::{Context, Embedder, Role};
/// use gori_models::static_embedding::{Options, StaticEmbedder};
///
/// # async fn run() -> gori_core::Result<()> {
/// let embedder = StaticEmbedder::open("models/potion", &Options::default())?;
/// let rows = embedder.embed(&Context::new(), &["a cat"], Role::Document).await?;
/// assert_eq!(rows.len(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct StaticEmbedder(Arc<Inner>);

struct Inner {
    id: String,
    dims: usize,
    rows: Numbers,
    tokenizer: TextTokenizer,
    /// The id of tokens that the vocabulary does not know: they say nothing.
    unknown: Option<u32>,
    coverage: Coverage,
    cores: Cores,
    normalise: bool,
}

/// Texts that are done by one thread at a time.
const TEXTS: usize = 64;

impl StaticEmbedder {
    /// Opens the model in a directory: `tokenizer.json`, and the matrix as `model.safetensors` or
    /// the only other `*.safetensors`.
    ///
    /// # Errors
    /// As [`StaticEmbedder::from_files`]; [`ErrorKind::NotFound`] also when the directory holds no
    /// weights, or several files of which none is called `model.safetensors`.
    pub fn open(directory: impl AsRef<Path>, options: &Options) -> Result<Self> {
        let files = crate::bert::Files::in_directory(directory.as_ref())?;
        let (tokenizer, weights) = (files.tokenizer, files.weights);
        Self::from_files(&Files { tokenizer, weights }, options)
    }

    /// Opens a model from its files.
    ///
    /// # Errors
    /// - [`ErrorKind::NotFound`] or [`ErrorKind::Io`]: a file is missing or cannot be read.
    /// - [`ErrorKind::Corrupt`]: a file is cut off or damaged, or a number is not finite.
    /// - [`ErrorKind::Model`]: there is not one matrix with a row for each token.
    /// - [`ErrorKind::Config`]: `max_tokens` is 0.
    pub fn from_files(files: &Files, options: &Options) -> Result<Self> {
        let tokenizer = TextTokenizer::open(&files.tokenizer, options.max_tokens, false)?;
        let mut file = TensorFile::open(&files.weights)?;
        let (name, [count, dims]) = only_matrix(&file).ok_or_else(|| {
            Error::new(
                ErrorKind::Model,
                "there is not one matrix of token vectors in this file",
            )
            .about(files.weights.display())
            .hint("the layout of model2vec or wordllama is needed here")
        })?;
        if dims == 0 || tokenizer.vocabulary() > count {
            let known = tokenizer.vocabulary();
            return Err(Error::new(
                ErrorKind::Model,
                format!("the tokenizer knows {known} tokens, the matrix is {count} by {dims}"),
            )
            .about(files.weights.display())
            .hint("take both files from one model"));
        }
        let rows = file.read(&name, &[count, dims])?;
        let mut fingerprint = file.fingerprint();
        tokenizer.add_to(&mut fingerprint);
        let id = format!(
            "static/{}/{}/{}/{}/{fingerprint}",
            options
                .name
                .clone()
                .unwrap_or_else(|| directory_name(&files.weights)),
            rows.dtype().as_str(),
            options.max_tokens,
            if options.normalise { "unit" } else { "mean" },
        );
        Ok(Self(Arc::new(Inner {
            id,
            dims,
            rows,
            unknown: tokenizer.unknown()?,
            coverage: tokenizer.coverage(),
            tokenizer,
            cores: Cores::new(options.threads),
            normalise: options.normalise,
        })))
    }

    /// Encodes texts on the calling thread and others. Gives a row-major matrix with a row a text,
    /// in order. For callers without an executor; inside one, see [`Embedder::embed`].
    ///
    /// # Errors
    /// [`ErrorKind::Cancelled`] or [`ErrorKind::Timeout`] when `stop` says so.
    pub fn encode(&self, texts: &[&str], stop: &Stop) -> Result<Vec<f32>> {
        self.0.encode(texts, stop)
    }
}

/// The only tensor with two dimensions.
fn only_matrix(file: &TensorFile) -> Option<(String, [usize; 2])> {
    let mut found = file.names().filter_map(|name| match file.shape(name) {
        Some([rows, columns]) => Some((name.to_owned(), [*rows, *columns])),
        _ => None,
    });
    found.next().filter(|_| found.next().is_none())
}

fn directory_name(path: &Path) -> String {
    let name = path.parent().and_then(Path::file_name);
    name.map_or_else(
        || "model".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    )
}

impl Inner {
    fn encode(&self, texts: &[&str], stop: &Stop) -> Result<Vec<f32>> {
        let mut out = vec![0.0; texts.len() * self.dims];
        let groups: Vec<_> = (texts.chunks(TEXTS))
            .zip(out.chunks_mut(TEXTS * self.dims))
            .map(Mutex::new)
            .collect();
        self.cores
            .run(groups.len(), groups.len(), stop, |group, (): &mut ()| {
                let Some(group) = groups.get(group) else {
                    return Ok(());
                };
                let (texts, rows) = &mut *lock(group);
                for (text, row) in texts.iter().zip(rows.chunks_exact_mut(self.dims)) {
                    self.encode_one(text, row, stop)?;
                }
                Ok(())
            })?;
        drop(groups);
        Ok(out)
    }

    fn encode_one(&self, text: &str, row: &mut [f32], stop: &Stop) -> Result<()> {
        let mut count = 0.0_f32;
        for id in self.tokenizer.ids(text, stop)? {
            if Some(id) != self.unknown {
                self.rows.add_to(id as usize * self.dims, row);
                count += 1.0;
            }
        }
        if self.normalise {
            crate::unit::normalise(row);
        } else if count > 0.0 {
            for x in row {
                *x /= count;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for StaticEmbedder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StaticEmbedder")
            .field("id", &self.0.id)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Embedder for StaticEmbedder {
    fn id(&self) -> &str {
        &self.0.id
    }

    fn dims(&self) -> usize {
        self.0.dims
    }

    async fn embed(&self, cx: &Context, texts: &[&str], _role: Role) -> Result<Embeddings> {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        let inner = Arc::clone(&self.0);
        cx.usage().add_embedded(texts.len() as u64);
        let data = off_executor(cx, move |stop| {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            inner.encode(&texts, stop)
        })
        .await?;
        Embeddings::new(self.0.dims, data)
    }

    fn coverage(&self, text: &str) -> f32 {
        self.0.coverage.share(text)
    }
}
