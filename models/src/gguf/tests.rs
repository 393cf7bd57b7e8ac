//! Tests on models that are made here: a few thousand weights from a random seed, in a file
//! like any other.

mod damage;
mod file;
mod laws;
mod numbers;
mod prompts;
mod real;
mod schemas;

use std::io::Write as _;

use gori_core::{Context, Result};

use self::file::Gguf as File;
use super::Gguf;

/// A model of a file.
async fn open(file: &File) -> Result<Gguf> {
    let mut temporary = tempfile::NamedTempFile::new().unwrap();
    temporary.write_all(&file.bytes()).unwrap();
    Gguf::open(&Context::new(), temporary.path()).await
}
