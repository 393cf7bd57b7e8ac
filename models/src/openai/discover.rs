//! Asking a server for its model and its limits.

use gori_core::{Context, Error, ErrorKind, Limits, Result, Window};
use serde_json::{Value as Json, json};

use super::{OpenAi, OpenAiEmbedder, Server};
use crate::http::{Endpoint, Request, malformed};
use crate::tokens::Catalog;

impl Server {
    /// The language model of a server that serves one, with the window it is served with, as
    /// llama-server, vLLM and llamafile tell it; the first of [`Server::models`] that is.
    ///
    /// # Errors
    /// What the network gives; `NotFound` where the server serves several models or none, and
    /// what [`Server::discover_model`] gives.
    pub async fn discover(&self, cx: &Context) -> Result<OpenAi> {
        let models = self.models(cx).await?;
        match models.as_slice() {
            [model] => self.discover_model(cx, model).await,
            [] => Err(Error::new(
                ErrorKind::NotFound,
                "the server serves no model",
            )),
            several => Err(
                Error::new(ErrorKind::NotFound, "the server serves several models")
                    .hint(format!("name one of {}", several.join(", "))),
            ),
        }
    }

    /// The language model of this name, with the window that the server tells, or else that
    /// the published [`Catalog`] knows.
    ///
    /// # Errors
    /// What the network gives, and `NotFound` where neither knows the window: give it with
    /// [`Server::model_with`].
    pub async fn discover_model(&self, cx: &Context, id: &str) -> Result<OpenAi> {
        let endpoint = self.endpoint()?;
        let limits = match served_window(&endpoint, cx, id).await? {
            Some(window) => Limits {
                window,
                output: None,
            },
            None => Catalog::published()
                .get(id)
                .map_err(|e| {
                    e.hint("the server does not tell it either: give the limits of this model")
                })?
                .limits(),
        };
        self.model_with(id, limits)
    }

    /// The ids of the models that the server serves.
    ///
    /// # Errors
    /// What the network gives.
    pub async fn models(&self, cx: &Context) -> Result<Vec<String>> {
        let json = self.endpoint()?.json(cx, &Request::get("/models")).await?;
        ids(&json)
    }

    /// The embedding model of this name, whose dimensions are found by embedding one word.
    ///
    /// # Errors
    /// What the network gives, and `Protocol` or `Model` where the server gives no vector.
    pub async fn discover_embedder(&self, cx: &Context, id: &str) -> Result<OpenAiEmbedder> {
        let body = json!({ "model": id, "input": ["dimensions"], "encoding_format": "float" });
        let request = Request::post("/embeddings", body.to_string().into_bytes());
        let json = self
            .endpoint()?
            .json(cx, &request)
            .await
            .map_err(|e| e.about(id))?;
        let vector = json.pointer("/data/0/embedding").and_then(Json::as_array);
        let dims = vector
            .map(Vec::len)
            .ok_or_else(|| malformed("no embedding"))?;
        self.embedder(id, dims)
    }
}

fn ids(json: &Json) -> Result<Vec<String>> {
    let data = json
        .get("data")
        .and_then(Json::as_array)
        .ok_or_else(|| malformed("no list of models"))?;
    let id = |model: &Json| model.get("id").and_then(Json::as_str).map(str::to_owned);
    data.iter()
        .map(id)
        .collect::<Option<_>>()
        .ok_or_else(|| malformed("a model without an id"))
}

/// The window that the server tells, in one of the ways that servers have.
async fn served_window(endpoint: &Endpoint, cx: &Context, id: &str) -> Result<Option<Window>> {
    // llama-server: the context of one slot, which is what a request gets.
    match endpoint.json(cx, &Request::get("//props")).await {
        Ok(props) => {
            if let Some(window) = positive(props.pointer("/default_generation_settings/n_ctx")) {
                return Ok(Some(window));
            }
        }
        // Who has no such page says so in many ways; who cannot be reached is reached below.
        Err(error) if error.is_transient() => return Err(error),
        Err(_) => {}
    }
    let models = endpoint.json(cx, &Request::get("/models")).await?;
    let data = models.get("data").and_then(Json::as_array);
    let is_it = |model: &&Json| model.get("id").and_then(Json::as_str) == Some(id);
    let model = data.and_then(|data| data.iter().find(is_it));
    Ok(model.and_then(|model| {
        // vLLM and SGLang; then LM Studio and OpenRouter.
        let names = ["max_model_len", "max_context_length", "context_length"];
        names.into_iter().find_map(|name| positive(model.get(name)))
    }))
}

fn positive(number: Option<&Json>) -> Option<Window> {
    let tokens = usize::try_from(number?.as_u64()?).ok()?;
    (tokens > 0).then_some(Window(tokens))
}
