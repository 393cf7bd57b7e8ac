//! The embedding model.
//! <https://platform.openai.com/docs/api-reference/embeddings>

use std::sync::Arc;

use async_trait::async_trait;
use gori_core::{Context, Embedder, Embeddings, Error, ErrorKind, Result, Role};
use serde_json::{Map, Value as Json, json};

use crate::http::{Endpoint, Request, malformed};

/// An embedding model behind OpenAI's embeddings. Made by
/// [`Server::embedder`](super::Server::embedder) and
/// [`Server::discover_embedder`](super::Server::discover_embedder); cheap to clone.
///
/// Rows are brought to unit length, whatever the server does. A text of blanks alone, which
/// some servers refuse, is embedded as one blank.
#[derive(Clone, Debug)]
pub struct OpenAiEmbedder {
    endpoint: Endpoint,
    model: Arc<str>,
    id: Arc<str>,
    dims: usize,
    shorten: bool,
    prefixes: (Arc<str>, Arc<str>),
    batch: usize,
}

impl OpenAiEmbedder {
    /// The most texts in one request, unless said otherwise.
    pub const BATCH: usize = 128;
    /// The most bytes of text in one request: below what providers take, whatever the script.
    const BATCH_BYTES: usize = 256 << 10;

    pub(super) fn new(endpoint: Endpoint, model: &str, dims: usize) -> Result<Self> {
        if dims == 0 {
            return Err(
                Error::new(ErrorKind::Config, "vectors of no numbers hold nothing").about(model),
            );
        }
        Ok(Self {
            endpoint,
            model: model.into(),
            id: model.into(),
            dims,
            shorten: false,
            prefixes: Default::default(),
            batch: Self::BATCH,
        })
    }

    /// Asks the server for vectors shortened to the dimensions, which OpenAI's
    /// text-embedding-3 models can do (`dimensions` in the request). Part of the id.
    #[must_use]
    pub fn shortened(mut self) -> Self {
        self.shorten = true;
        self.name()
    }

    /// Puts these before each document and each question, as models such as e5 and nomic were
    /// trained: `("search_document: ", "search_query: ")`. Part of the id.
    #[must_use]
    pub fn prefixes(mut self, document: &str, query: &str) -> Self {
        self.prefixes = (document.into(), query.into());
        self.name()
    }

    /// Sends up to this many texts in one request.
    #[must_use]
    pub fn batch(mut self, texts: usize) -> Self {
        self.batch = texts.max(1);
        self
    }

    fn name(mut self) -> Self {
        let mut id = self.model.to_string();
        if self.shorten {
            id.push_str(&format!("@{}", self.dims));
        }
        let (document, query) = &self.prefixes;
        if !document.is_empty() || !query.is_empty() {
            id.push_str(&format!(" [{document}|{query}]"));
        }
        self.id = id.into();
        self
    }

    fn prefix(&self, role: Role) -> &str {
        match role {
            Role::Document => &self.prefixes.0,
            Role::Query => &self.prefixes.1,
        }
    }

    async fn request(&self, cx: &Context, inputs: &[String]) -> Result<Vec<f32>> {
        let mut body = Map::new();
        body.insert("model".into(), (*self.model).into());
        body.insert("input".into(), json!(inputs));
        body.insert("encoding_format".into(), "float".into());
        if self.shorten {
            body.insert("dimensions".into(), self.dims.into());
        }
        let body = serde_json::to_vec(&body).map_err(|e| {
            Error::new(ErrorKind::Internal, "the request could not be written").caused_by(e)
        })?;
        let json = self
            .endpoint
            .json(cx, &Request::post("/embeddings", body))
            .await?;
        decode(&json, inputs.len(), self.dims)
    }
}

#[async_trait]
impl Embedder for OpenAiEmbedder {
    fn id(&self) -> &str {
        &self.id
    }

    fn dims(&self) -> usize {
        self.dims
    }

    async fn embed(&self, cx: &Context, texts: &[&str], role: Role) -> Result<Embeddings> {
        let prefix = self.prefix(role);
        let mut data = Vec::with_capacity(texts.len() * self.dims);
        for batch in batches(texts, self.batch, Self::BATCH_BYTES) {
            let inputs: Vec<String> = batch.iter().map(|text| input(prefix, text)).collect();
            let rows = self
                .request(cx, &inputs)
                .await
                .map_err(|e| e.about(&self.model))?;
            data.extend(rows);
            cx.usage().add_embedded(inputs.len() as u64);
        }
        Embeddings::new(self.dims, data)
    }
}

fn input(prefix: &str, text: &str) -> String {
    if text.trim().is_empty() && prefix.is_empty() {
        return " ".into();
    }
    format!("{prefix}{text}")
}

/// Cuts a batch into ones of at most so many texts and bytes; a text above that is alone.
fn batches<'a, 't>(
    texts: &'a [&'t str],
    most: usize,
    bytes: usize,
) -> impl Iterator<Item = &'a [&'t str]> {
    let mut rest = texts;
    std::iter::from_fn(move || {
        let mut sum = 0_usize;
        let fit = rest
            .iter()
            .take(most)
            .take_while(|text| {
                sum = sum.saturating_add(text.len());
                sum <= bytes
            })
            .count();
        let (batch, after) = rest.split_at_checked(fit.max(1))?;
        rest = after;
        Some(batch)
    })
}

/// The rows in the order of the texts, each of unit length.
pub(super) fn decode(json: &Json, texts: usize, dims: usize) -> Result<Vec<f32>> {
    let data = json
        .get("data")
        .and_then(Json::as_array)
        .ok_or_else(|| malformed("no data"))?;
    if data.len() != texts {
        return Err(malformed(&format!(
            "{} vectors for {texts} texts",
            data.len()
        )));
    }
    let mut rows: Vec<Option<Vec<f32>>> = vec![None; texts];
    for (place, item) in data.iter().enumerate() {
        let index = item
            .get("index")
            .and_then(Json::as_u64)
            .map_or(Some(place), |i| usize::try_from(i).ok());
        let row = index
            .and_then(|index| rows.get_mut(index))
            .filter(|row| row.is_none());
        *row.ok_or_else(|| malformed("a vector for no text, or two for one"))? =
            Some(row_of(item, dims)?);
    }
    Ok(rows.into_iter().flatten().flatten().collect())
}

fn row_of(item: &Json, dims: usize) -> Result<Vec<f32>> {
    let numbers = item
        .get("embedding")
        .and_then(Json::as_array)
        .ok_or_else(|| malformed("no embedding"))?;
    if numbers.len() != dims {
        return Err(Error::new(
            ErrorKind::Model,
            format!(
                "the model gives vectors of {} numbers, not of {dims}",
                numbers.len()
            ),
        )
        .hint("make the embedder with the dimensions of its model"));
    }
    let row: Option<Vec<f64>> = numbers.iter().map(Json::as_f64).collect();
    let row = row.ok_or_else(|| malformed("an embedding that is not all numbers"))?;
    let length = row.iter().map(|x| x * x).sum::<f64>().sqrt();
    if !(length.is_finite() && length > 0.0) {
        return Err(Error::new(
            ErrorKind::Model,
            "the model gave a vector without direction, which would poison an index",
        ));
    }
    Ok(row.into_iter().map(|x| (x / length) as f32).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_in_the_order_of_the_texts_and_of_unit_length() {
        let json = json!({"data": [
            {"index": 1, "embedding": [0.0, 2.0]},
            {"index": 0, "embedding": [3.0, 4.0]},
        ]});
        assert_eq!(decode(&json, 2, 2).unwrap(), [0.6, 0.8, 0.0, 1.0]);
    }

    #[test]
    fn rows_that_are_missing_doubled_or_unusable_are_refused() {
        let of = |data: Json| decode(&json!({"data": data}), 2, 2).unwrap_err().kind();
        let ok = || json!({"index": 0, "embedding": [1.0, 0.0]});
        assert_eq!(of(json!([ok()])), ErrorKind::Protocol);
        assert_eq!(
            of(json!([ok(), ok()])),
            ErrorKind::Protocol,
            "index 0 twice"
        );
        assert_eq!(
            of(json!([ok(), {"index": 2, "embedding": [1.0, 0.0]}])),
            ErrorKind::Protocol
        );
        assert_eq!(
            of(json!([ok(), {"index": 1, "embedding": [1.0]}])),
            ErrorKind::Model
        );
        assert_eq!(
            of(json!([ok(), {"index": 1, "embedding": [0.0, 0.0]}])),
            ErrorKind::Model
        );
        assert_eq!(
            of(json!([ok(), {"index": 1, "embedding": [1.0, null]}])),
            ErrorKind::Protocol
        );
    }

    #[test]
    fn batches_keep_every_text_in_order_within_their_limits() {
        let texts = ["aaaa", "bb", "cccccccccc", "d", "e", "f"];
        let cut: Vec<&[&str]> = batches(&texts, 2, 6).collect();
        assert_eq!(
            cut,
            [&["aaaa", "bb"][..], &["cccccccccc"], &["d", "e"], &["f"]]
        );
        assert_eq!(batches(&[], 2, 6).count(), 0);
    }

    #[test]
    fn blanks_are_sent_as_one_blank() {
        assert_eq!(
            (input("", ""), input("", "\n\t"), input("q: ", "")),
            (" ".into(), " ".into(), "q: ".into())
        );
    }
}
