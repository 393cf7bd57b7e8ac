//! The language model of `--llm`.

use std::sync::Arc;

use gori::{Error, ErrorKind, Llm, Result, TokenCounter};

/// The model and what counts its tokens.
pub async fn open(name: &str) -> Result<(Arc<dyn Llm>, Arc<dyn TokenCounter>)> {
    Err(Error::new(
        ErrorKind::Unsupported,
        format!("no model `{name}`"),
    ))
}
