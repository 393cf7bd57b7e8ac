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
    match name.strip_prefix("local") {
        Some("") => local("smollm2").await,
        Some(rest) if rest.starts_with(':') => local(rest.trim_start_matches(':')).await,
        _ => remote(name).await,
    }
}

/// A model in process, from the catalogue or from a file.
#[cfg(feature = "local-llm")]
async fn local(name: &str) -> Result<(Arc<dyn Llm>, Arc<dyn TokenCounter>)> {
    use gori::models::files::Fetch;
    use gori::models::gguf::Gguf;
    let cx = Context::new();
    let model = if name.ends_with(".gguf") || name.contains(['/', '\\']) {
        Gguf::open(&cx, name).await?
    } else {
        let fetch = Fetch::from_env().progress(Arc::new(super::show_fetch));
        Gguf::fetch(&cx, name, &fetch).await?
    };
    let counter = Arc::new(model.counter());
    Ok((Arc::new(model), counter))
}

#[cfg(not(feature = "local-llm"))]
async fn local(_: &str) -> Result<(Arc<dyn Llm>, Arc<dyn TokenCounter>)> {
    Err(Error::new(
        ErrorKind::Unsupported,
        "this build has no language model in process",
    )
    .hint("run `cargo run --release --features local-llm --example ask -- --llm local ...`"))
}

async fn remote(name: &str) -> Result<(Arc<dyn Llm>, Arc<dyn TokenCounter>)> {
    if !name.starts_with("http://") && !name.starts_with("https://") {
        return Err(Error::new(
            ErrorKind::Unsupported,
            format!("`--llm {name}` is no address and no local model"),
        )
        .hint(
            "give `local`, `local:NAME`, or the base URL of an OpenAI-compatible server, such as http://127.0.0.1:8080/v1",
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
