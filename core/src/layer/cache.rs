//! Answers and vectors that were already paid for.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures_core::stream::BoxStream;
use futures_util::StreamExt as _;
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};

use crate::{
    Completion, Context, Delta, Embedder, Embeddings, Error, ErrorKind, Limits, Llm, Prompt,
    Result, Role, Usage,
};

/// Keeps bytes by key. It may forget; it may not give other bytes than were put in.
#[async_trait]
pub trait CacheStore: Debug + Send + Sync {
    /// What was put in under the key, if it is still there.
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>>;
    /// Keeps the value, perhaps forgetting another.
    async fn put(&self, key: &str, value: &[u8]) -> Result<()>;
}

#[async_trait]
impl<S: CacheStore + ?Sized> CacheStore for Arc<S> {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>> {
        (**self).get(key).await
    }
    async fn put(&self, key: &str, value: &[u8]) -> Result<()> {
        (**self).put(key, value).await
    }
}

/// A cache in memory that forgets what was used longest ago.
#[derive(Debug)]
pub struct MemoryCache {
    bytes: NonZeroUsize,
    state: Mutex<Lru>,
}

#[derive(Debug, Default)]
struct Lru {
    entries: HashMap<String, (u64, Vec<u8>)>,
    by_age: BTreeMap<u64, String>,
    clock: u64,
    size: usize,
}

impl Lru {
    fn touch(&mut self, key: &str) -> Option<Vec<u8>> {
        self.clock += 1;
        let (age, value) = self.entries.get_mut(key)?;
        self.by_age.remove(age);
        *age = self.clock;
        self.by_age.insert(self.clock, key.to_owned());
        Some(value.clone())
    }

    fn remove(&mut self, key: &str) {
        if let Some((age, value)) = self.entries.remove(key) {
            self.by_age.remove(&age);
            self.size -= key.len() + value.len();
        }
    }

    fn insert(&mut self, key: &str, value: &[u8], most: usize) {
        self.remove(key);
        let size = key.len() + value.len();
        if size > most {
            return;
        }
        while self.size + size > most {
            match self.by_age.first_key_value() {
                Some((_, oldest)) => self.remove(&oldest.clone()),
                None => break,
            }
        }
        self.clock += 1;
        self.size += size;
        self.by_age.insert(self.clock, key.to_owned());
        self.entries
            .insert(key.to_owned(), (self.clock, value.to_vec()));
    }
}

impl MemoryCache {
    /// Keeps at most so many bytes of keys and values.
    pub fn new(bytes: NonZeroUsize) -> Self {
        Self {
            bytes,
            state: Mutex::default(),
        }
    }
}

#[async_trait]
impl CacheStore for MemoryCache {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>> {
        Ok(self
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .touch(key))
    }
    async fn put(&self, key: &str, value: &[u8]) -> Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.insert(key, value, self.bytes.get());
        Ok(())
    }
}

/// Remembers answers by model and request, and vectors by model and text.
///
/// A remembered answer costs nothing and reports no usage. A sampled answer is remembered too:
/// the same question gets the same words again. A cache that fails is passed by. Stands
/// outermost; see the [module](super).
#[derive(Clone, Debug)]
pub struct Cache<T, S> {
    inner: T,
    store: S,
}

impl<T, S: CacheStore> Cache<T, S> {
    /// Wraps it.
    pub fn new(inner: T, store: S) -> Self {
        Self { inner, store }
    }

    async fn look_up<V: DeserializeOwned>(&self, key: &str) -> Option<V> {
        let bytes = match self.store.get(key).await {
            Ok(bytes) => bytes?,
            Err(error) => {
                tracing::warn!(%error, "the cache cannot be read");
                return None;
            }
        };
        serde_json::from_slice(&bytes).ok()
    }

    async fn keep<V: Serialize + Sync>(&self, key: &str, value: &V) {
        let kept = match serde_json::to_vec(value) {
            Ok(bytes) => self.store.put(key, &bytes).await,
            Err(error) => {
                Err(Error::new(ErrorKind::Internal, "not to be encoded").caused_by(error))
            }
        };
        if let Err(error) = kept {
            tracing::warn!(%error, "the cache cannot be written");
        }
    }
}

fn key_of(parts: &impl Serialize) -> Result<String> {
    let bytes = serde_json::to_vec(parts).map_err(|error| {
        Error::invalid("the request cannot be written as JSON").caused_by(error)
    })?;
    Ok(Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

#[async_trait]
impl<L: Llm, S: CacheStore> Llm for Cache<L, S> {
    fn id(&self) -> &str {
        self.inner.id()
    }
    fn limits(&self) -> Limits {
        self.inner.limits()
    }
    async fn complete(&self, cx: &Context, prompt: &Prompt) -> Result<Completion> {
        let key = key_of(&("llm", self.inner.id(), prompt))?;
        if let Some(completion) = self.look_up::<Completion>(&key).await {
            return Ok(Completion {
                usage: Usage::default(),
                ..completion
            });
        }
        let completion = self.inner.complete(cx, prompt).await?;
        self.keep(&key, &completion).await;
        Ok(completion)
    }
    /// A remembered answer comes in one piece. A new one is not remembered.
    async fn stream(
        &self,
        cx: &Context,
        prompt: &Prompt,
    ) -> Result<BoxStream<'static, Result<Delta>>> {
        let key = key_of(&("llm", self.inner.id(), prompt))?;
        let Some(known) = self.look_up::<Completion>(&key).await else {
            return self.inner.stream(cx, prompt).await;
        };
        let calls = known.tool_calls.into_iter().map(Delta::ToolCall);
        let text = (!known.text.is_empty()).then_some(Delta::Text(known.text));
        let end = Delta::End {
            finish: known.finish,
            usage: Usage::default(),
        };
        let deltas: Vec<_> = text.into_iter().chain(calls).chain([end]).map(Ok).collect();
        Ok(futures_util::stream::iter(deltas).boxed())
    }
}

#[async_trait]
impl<E: Embedder, S: CacheStore> Embedder for Cache<E, S> {
    fn id(&self) -> &str {
        self.inner.id()
    }
    fn dims(&self) -> usize {
        self.inner.dims()
    }
    /// Only texts that are not remembered are embedded.
    async fn embed(&self, cx: &Context, texts: &[&str], role: Role) -> Result<Embeddings> {
        let role_name = match role {
            Role::Document => "document",
            Role::Query => "query",
        };
        let mut rows: Vec<Option<Vec<f32>>> = Vec::with_capacity(texts.len());
        let mut keys = Vec::with_capacity(texts.len());
        for text in texts {
            let key = key_of(&("vector", self.inner.id(), role_name, text))?;
            let row = self.look_up::<Vec<f32>>(&key).await;
            rows.push(row.filter(|row| row.len() == self.dims()));
            keys.push(key);
        }
        let missing: Vec<usize> = rows
            .iter()
            .enumerate()
            .filter(|(_, row)| row.is_none())
            .map(|(i, _)| i)
            .collect();
        let wanted: Vec<&str> = missing
            .iter()
            .filter_map(|i| texts.get(*i).copied())
            .collect();
        if !wanted.is_empty() {
            let fresh = self.inner.embed(cx, &wanted, role).await?;
            for (i, row) in missing.into_iter().zip(fresh.rows()) {
                if let (Some(key), Some(place)) = (keys.get(i), rows.get_mut(i)) {
                    self.keep(key, &row).await;
                    *place = Some(row.to_vec());
                }
            }
        }
        Embeddings::new(self.dims(), rows.into_iter().flatten().flatten().collect())
    }
    fn coverage(&self, text: &str) -> f32 {
        self.inner.coverage(text)
    }
}
