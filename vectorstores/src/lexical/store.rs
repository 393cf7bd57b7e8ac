//! The index's public face.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use gori_core::{Filter, Hit, LexicalIndex, Point, Result, Selection};

use super::engine::Engine;
use super::options::Options;
use super::write::{Write, texts};
use crate::local::fs::{Fs, OsFs};
use crate::local::offload::offload;
use crate::local::repair::repair;
use crate::local::write::Which;
use crate::local::{Repaired, Report};

/// Texts in a directory, found by their words: durable, incremental, no server. Cheap to clone;
/// clones are one index.
///
/// A point is found by the words of its text and of the [heading](gori_core::field::HEADING)
/// above it. One process writes, any number read ([`open_to_read`](Self::open_to_read)). The calls of [`LexicalIndex`] do their blocking
/// work away from the threads that run futures; the `blocking_` ones do it where they are called.
///
/// In memory are the words of what was written since the last sealing, at most
/// [`seal_after`](Options::seal_after) texts; while files are merged, their dictionary; and four
/// bytes a text of the file that a search is in.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// # let dir = tempfile::tempdir()?; let dir = dir.path();
/// use gori_core::{LexicalIndex, Metadata, Point};
/// use gori_vectorstores::lexical::{LexicalStore, Options};
///
/// let words = LexicalStore::create_or_open(dir, Options::new())?;
/// let point = |id: &str, text: &str| Point { id: id.into(), vector: vec![], text: text.into(), metadata: Metadata::new() };
/// words.upsert(&[point("a", "Keys are rotated every 90 days."), point("b", "열쇠는 서랍에 있다.")]).await?;
/// drop(words); // what was acknowledged is on disk
/// let words = LexicalStore::create_or_open(dir, Options::new())?;
/// assert_eq!(words.search("rotating a key", 1, None).await?[0].id, "a");
/// assert_eq!(words.search("열쇠", 1, None).await?[0].id, "b");
/// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct LexicalStore(Arc<Engine>);

impl LexicalStore {
    /// Opens the index in this directory, or makes it.
    ///
    /// # Errors
    /// [`Config`](gori_core::ErrorKind::Config) when a store of vectors is there;
    /// [`Busy`](gori_core::ErrorKind::Busy) when it is open elsewhere;
    /// [`Corrupt`](gori_core::ErrorKind::Corrupt) when something that was acknowledged is
    /// damaged.
    pub fn create_or_open(dir: impl Into<PathBuf>, options: Options) -> Result<Self> {
        Self::create_or_open_on(Arc::new(OsFs), dir, options)
    }

    /// As [`create_or_open`](Self::create_or_open), on another file system.
    ///
    /// # Errors
    /// As there.
    pub fn create_or_open_on(
        fs: Arc<dyn Fs>,
        dir: impl Into<PathBuf>,
        options: Options,
    ) -> Result<Self> {
        Engine::open(fs, dir.into(), options).map(|engine| Self(Arc::new(engine)))
    }

    /// Opens the index to read only, as many processes may while one writes. Every call sees
    /// what was written before it began. The options are those of the writer; where its files
    /// follow another language's rules the words are gathered anew, in memory.
    ///
    /// # Errors
    /// As [`create_or_open`](Self::create_or_open), but never
    /// [`Busy`](gori_core::ErrorKind::Busy); [`NotFound`](gori_core::ErrorKind::NotFound) when
    /// there is none.
    pub fn open_to_read(dir: impl Into<PathBuf>, options: Options) -> Result<Self> {
        let engine = Engine::follow(Arc::new(OsFs), dir.into(), options)?;
        Ok(Self(Arc::new(engine)))
    }

    /// Makes an index of all that is whole in a damaged one: every record that its checksum
    /// vouches for, the newest for each id. The old files stay in the directory under other
    /// names, so that nothing is thrown away; the words are gathered anew when it is next
    /// opened. Blocks.
    ///
    /// # Errors
    /// [`Busy`](gori_core::ErrorKind::Busy) when the index is open elsewhere,
    /// [`Corrupt`](gori_core::ErrorKind::Corrupt) when nothing says what index this was.
    pub fn repair(dir: impl AsRef<Path>) -> Result<Repaired> {
        Self::repair_on(&OsFs, dir)
    }

    /// As [`repair`](Self::repair), on another file system.
    ///
    /// # Errors
    /// As there.
    pub fn repair_on(fs: &dyn Fs, dir: impl AsRef<Path>) -> Result<Repaired> {
        repair(fs, dir.as_ref())
    }

    /// What opening the index found and mended.
    pub fn report(&self) -> &Report {
        &self.0.report
    }

    /// Where the index is.
    pub fn dir(&self) -> &Path {
        &self.0.dir
    }

    /// Drops what is dead and merges all into one file. Searches go on meanwhile, writes wait.
    ///
    /// # Errors
    /// Those of the disk; the index is as it was.
    pub async fn compact(&self) -> Result<()> {
        let engine = Arc::clone(&self.0);
        offload(move || engine.compact()).await
    }

    /// Reads everything and checks every checksum. Takes as long as reading the disk does.
    ///
    /// # Errors
    /// [`Corrupt`](gori_core::ErrorKind::Corrupt), naming the file and the place.
    pub async fn verify(&self) -> Result<()> {
        let engine = Arc::clone(&self.0);
        offload(move || engine.verify()).await
    }

    /// [`verify`](Self::verify), on this thread.
    ///
    /// # Errors
    /// As there.
    pub fn blocking_verify(&self) -> Result<()> {
        self.0.verify()
    }

    /// [`LexicalIndex::upsert`], on this thread.
    ///
    /// # Errors
    /// As there.
    pub fn blocking_upsert(&self, points: &[Point]) -> Result<()> {
        let slot = self.0.enqueue(Write::Upsert(texts(points)?))?;
        self.0.finish(&slot).map(drop)
    }

    /// [`LexicalIndex::delete`], on this thread.
    ///
    /// # Errors
    /// As there.
    pub fn blocking_delete(&self, which: &Selection<'_>) -> Result<u64> {
        let slot = self.0.enqueue(Write::Delete(Which::of(which)))?;
        self.0.finish(&slot)
    }

    /// [`LexicalIndex::search`], on this thread.
    ///
    /// # Errors
    /// As there.
    pub fn blocking_search(
        &self,
        query: &str,
        k: usize,
        filter: Option<&Filter>,
    ) -> Result<Vec<Hit>> {
        self.0.search(query, k, filter)
    }

    /// [`compact`](Self::compact), on this thread.
    ///
    /// # Errors
    /// As there.
    pub fn blocking_compact(&self) -> Result<()> {
        self.0.compact()
    }

    /// Puts a write in line at once, so that it keeps its place even when the future is
    /// dropped, and waits until it is done.
    async fn finish(&self, write: Write) -> Result<u64> {
        let slot = self.0.enqueue(write)?;
        let engine = Arc::clone(&self.0);
        offload(move || engine.finish(&slot)).await
    }
}

#[async_trait]
impl LexicalIndex for LexicalStore {
    async fn upsert(&self, points: &[Point]) -> Result<()> {
        self.finish(Write::Upsert(texts(points)?)).await.map(drop)
    }

    async fn search(&self, query: &str, k: usize, filter: Option<&Filter>) -> Result<Vec<Hit>> {
        let engine = Arc::clone(&self.0);
        let (query, filter) = (query.to_owned(), filter.cloned());
        offload(move || engine.search(&query, k, filter.as_ref())).await
    }

    async fn delete(&self, which: &Selection<'_>) -> Result<u64> {
        self.finish(Write::Delete(Which::of(which))).await
    }

    async fn count(&self) -> Result<u64> {
        let engine = Arc::clone(&self.0);
        offload(move || Ok(engine.view()?.len() as u64)).await
    }
}
