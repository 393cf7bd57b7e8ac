//! Where a model's files lie.

use std::path::{Path, PathBuf};

use gori_core::{Error, ErrorKind, Result};
use serde::Deserialize;

use super::Pooling;

/// The files of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// The shape of the model: `config.json`.
    pub config: PathBuf,
    /// Its tokenizer: `tokenizer.json`.
    pub tokenizer: PathBuf,
    /// Its weights, as safetensors in 32-bit or 16-bit numbers.
    pub weights: PathBuf,
}

impl Files {
    /// The files in a directory, by their usual names.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there are no weights, or several files of which none is
    /// called `model.safetensors`; [`ErrorKind::Io`] when the directory cannot be read.
    pub fn in_directory(directory: &Path) -> Result<Self> {
        let usual = directory.join("model.safetensors");
        Ok(Self {
            config: directory.join("config.json"),
            tokenizer: directory.join("tokenizer.json"),
            weights: if usual.is_file() {
                usual
            } else {
                only_weights(directory)?
            },
        })
    }

    /// What sentence-transformers keeps beside the config about pooling.
    pub(super) fn pooling(&self) -> Result<Pooling> {
        #[derive(Deserialize)]
        struct File {
            #[serde(default)]
            pooling_mode_cls_token: bool,
            #[serde(default)]
            pooling_mode_mean_tokens: bool,
        }
        let path = self.config.with_file_name("1_Pooling").join("config.json");
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Pooling::Mean),
            Err(e) => return Err(Error::io(path.display(), e)),
        };
        match serde_json::from_slice(&bytes) {
            Ok(File {
                pooling_mode_cls_token: false,
                pooling_mode_mean_tokens: true,
            }) => Ok(Pooling::Mean),
            Ok(File {
                pooling_mode_cls_token: true,
                pooling_mode_mean_tokens: false,
            }) => Ok(Pooling::First),
            Ok(_) => Err(
                Error::new(ErrorKind::Unsupported, "a pooling other than mean or first")
                    .about(path.display())
                    .hint("choose one in the options"),
            ),
            Err(e) => Err(Error::new(ErrorKind::Config, "this is no pooling config")
                .about(path.display())
                .caused_by(e)),
        }
    }
}

/// The only safetensors file of a directory.
fn only_weights(directory: &Path) -> Result<PathBuf> {
    let io = |e| Error::io(directory.display(), e);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(io)? {
        let path = entry.map_err(io)?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "safetensors")
        {
            found.push(path);
        }
    }
    match (found.pop(), found.is_empty()) {
        (Some(only), true) => Ok(only),
        (Some(_), false) => Err(Error::new(
            ErrorKind::NotFound,
            "several safetensors files and none called model.safetensors",
        )
        .about(directory.display())
        .hint("name the files with Encoder::from_files")),
        (None, _) => Err(Error::new(ErrorKind::NotFound, "no safetensors file")
            .about(directory.display())
            .hint("put config.json, tokenizer.json and model.safetensors there")),
    }
}
