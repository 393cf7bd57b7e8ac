//! The language model of `--llm`.

use std::sync::Arc;

use gori::models::http::ApiKey;
use gori::models::openai::Server;
use gori::models::tokens::{Catalog, Estimate};
use gori::{Context, Error, ErrorKind, Llm, Result, TokenCounter};

/// The environment variable with the key of a server that wants one.
const KEY: &str = "OPENAI_API_KEY";

/// The model, and what counts its tokens: exactly where its encoding is known, else an
/// estimate with a margin.
pub async fn open(name: &str) -> Result<(Arc<dyn Llm>, Arc<dyn TokenCounter>)> {
    if !name.starts_with("http://") && !name.starts_with("https://") {
        return Err(Error::new(
            ErrorKind::Unsupported,
            format!("`--llm {name}` is no address"),
        )
        .hint(
            "give the base URL of an OpenAI-compatible server, such as http://127.0.0.1:8080/v1",
        ));
    }
    let (base, model) = match name.split_once('#') {
        Some((base, model)) => (base, Some(model)),
        None => (name, None),
    };
    let mut server = Server::at(base);
    if std::env::var_os(KEY).is_some() {
        server = server.key(ApiKey::from_env(KEY)?);
    }
    let cx = Context::new();
    let llm = match model {
        Some(model) => server.discover_model(&cx, model).await?,
        None => server.discover(&cx).await?,
    };
    let counter = match Catalog::published().get(llm.id()) {
        Ok(card) => card.counter(),
        Err(_) => Arc::new(Estimate::new()),
    };
    Ok((Arc::new(llm), counter))
}
