//! The store's public face.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use async_trait::async_trait;
use gori_core::{Capabilities, Filter, Hit, Point, Result, Search, Selection, VectorStore};

use super::engine::Engine;
use super::fs::{Fs, OsFs};
use super::offload::offload;
use super::options::{Durability, Options};
use super::points::Points;
use super::repair::{Repaired, repair};
use super::report::Report;
use super::write::{Which, Write};

/// Points in a directory: durable, exact, no server. Cheap to clone; clones are one store.
///
/// One process writes, any number read ([`open_to_read`](Self::open_to_read)). The calls of
/// [`VectorStore`] do their blocking work away from the threads that run futures; the
/// `blocking_` ones do it where they are called.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// # let dir = tempfile::tempdir()?; let dir = dir.path();
/// use gori_core::{Metadata, Point, Search, VectorStore};
/// use gori_vectorstores::{LocalStore, Options};
///
/// let store = LocalStore::create_or_open(dir, Options::new(2).embedder("by hand"))?;
/// let cat = Point { id: "cat".into(), vector: vec![1.0, 0.1], text: "a cat".into(), metadata: Metadata::new() };
/// store.upsert(&[cat]).await?; // on disk from here on
/// drop(store);
/// let store = LocalStore::open(dir)?;
/// assert_eq!(store.search(&Search::new(&[1.0, 0.0], 1)).await?[0].text, "a cat");
/// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct LocalStore(Arc<Handle>);

/// How large a store is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Points that are there.
    pub points: u64,
    /// Points that were replaced or deleted and still take room.
    pub dead: u64,
    /// Bytes of all files.
    pub disk_bytes: u64,
}

impl LocalStore {
    /// Opens the store in this directory, or makes it.
    ///
    /// # Errors
    /// [`Config`](gori_core::ErrorKind::Config) when the store there is for other vectors:
    /// another dimension, metric or embedder; [`Busy`](gori_core::ErrorKind::Busy) when
    /// another process writes to it; [`Corrupt`](gori_core::ErrorKind::Corrupt) when
    /// something that was acknowledged is damaged.
    pub fn create_or_open(dir: impl Into<PathBuf>, options: Options) -> Result<Self> {
        Self::create_or_open_on(Arc::new(OsFs), dir, options)
    }

    /// Opens the store in this directory, every write durable.
    ///
    /// # Errors
    /// As [`create_or_open`](Self::create_or_open), and
    /// [`NotFound`](gori_core::ErrorKind::NotFound) when there is none.
    pub fn open(dir: impl Into<PathBuf>) -> Result<Self> {
        let engine = Engine::open(Arc::new(OsFs), dir.into(), None, Durability::Sync)?;
        Ok(Self::of(engine))
    }

    /// Opens the store to read only, as many processes may while one writes. Every call sees
    /// what was written before it began.
    ///
    /// # Errors
    /// As [`open`](Self::open), but never [`Busy`](gori_core::ErrorKind::Busy).
    pub fn open_to_read(dir: impl Into<PathBuf>) -> Result<Self> {
        Ok(Self::of(Engine::follow(Arc::new(OsFs), dir.into())?))
    }

    /// Makes a store of all that is whole in a damaged one: every record that its checksum
    /// vouches for, the newest for each id. The old files stay in the directory under other
    /// names, so that nothing is thrown away. Blocks.
    ///
    /// # Errors
    /// [`Busy`](gori_core::ErrorKind::Busy) when the store is open elsewhere,
    /// [`Corrupt`](gori_core::ErrorKind::Corrupt) when nothing says what store this was.
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

    /// As [`create_or_open`](Self::create_or_open), on another file system.
    ///
    /// # Errors
    /// As there.
    pub fn create_or_open_on(
        fs: Arc<dyn Fs>,
        dir: impl Into<PathBuf>,
        options: Options,
    ) -> Result<Self> {
        let engine = Engine::open(fs, dir.into(), Some(&options), options.durability)?;
        Ok(Self::of(engine))
    }

    fn of(engine: Engine) -> Self {
        let engine = Arc::new(engine);
        let flusher = match engine.durability {
            Durability::Group(period) if engine.is_writer() => Some(flush_every(&engine, period)),
            _ => None,
        };
        let keeper = engine.works_in_background().then(|| keep(&engine));
        Self(Arc::new(Handle {
            engine,
            flusher,
            keeper,
        }))
    }

    /// What opening the store found and mended.
    pub fn report(&self) -> &Report {
        &self.0.engine.report
    }

    /// Where the store is.
    pub fn dir(&self) -> &Path {
        &self.0.engine.dir
    }

    /// How large the store is.
    ///
    /// # Errors
    /// Those of reading the directory.
    pub fn stats(&self) -> Result<Stats> {
        self.0.engine.stats()
    }

    /// All points as they are now, oldest first. Reads from disk: not for async threads.
    ///
    /// # Errors
    /// In a store opened to read, those of reading what is new.
    pub fn points(&self) -> Result<Points> {
        Points::new(self.0.engine.view()?)
    }

    /// Reads everything and checks every checksum. Takes as long as reading the disk does.
    ///
    /// # Errors
    /// [`Corrupt`](gori_core::ErrorKind::Corrupt), naming the file and the place.
    pub async fn verify(&self) -> Result<()> {
        let handle = Arc::clone(&self.0);
        offload(move || handle.engine.verify()).await
    }

    /// [`verify`](Self::verify), on this thread.
    ///
    /// # Errors
    /// As there.
    pub fn blocking_verify(&self) -> Result<()> {
        self.0.engine.verify()
    }

    /// Waits until all that was acknowledged would outlive a power cut. With
    /// [`Durability::Sync`] it already does.
    ///
    /// # Errors
    /// Those of the disk; the store is read-only from then on.
    pub async fn flush(&self) -> Result<()> {
        let handle = Arc::clone(&self.0);
        offload(move || handle.engine.flush()).await
    }

    /// Indexes everything, drops what is dead, and merges all into one segment, or into as few
    /// as their [largest size](Options::largest_segment) allows. Searches go on meanwhile, and
    /// writes but for moments.
    ///
    /// # Errors
    /// Those of the disk; the store is as it was.
    pub async fn compact(&self) -> Result<()> {
        let handle = Arc::clone(&self.0);
        offload(move || handle.engine.maintain(true)).await
    }

    /// [`compact`](Self::compact), on this thread.
    ///
    /// # Errors
    /// As there.
    pub fn blocking_compact(&self) -> Result<()> {
        self.0.engine.maintain(true)
    }

    /// Puts a write in line at once, so that it keeps its place even when the future is
    /// dropped, and waits until it is done.
    async fn finish(&self, write: Write) -> Result<u64> {
        let slot = self.0.engine.enqueue(write)?;
        let handle = Arc::downgrade(&self.0);
        offload(move || match handle.upgrade() {
            Some(handle) => handle.engine.finish(&slot),
            // Whoever dropped the store has done what was in line, and dropped this future.
            None => Ok(0),
        })
        .await
    }

    /// [`VectorStore::upsert`], on this thread.
    ///
    /// # Errors
    /// As there.
    pub fn blocking_upsert(&self, points: &[Point]) -> Result<()> {
        let engine = &self.0.engine;
        engine
            .write(Write::upsert(points, engine.identity.dims)?)
            .map(drop)
    }

    /// [`VectorStore::delete`], on this thread.
    ///
    /// # Errors
    /// As there.
    pub fn blocking_delete(&self, which: &Selection<'_>) -> Result<u64> {
        self.0.engine.write(Write::Delete(Which::of(which)))
    }

    /// [`VectorStore::search`], on this thread.
    ///
    /// # Errors
    /// As there.
    pub fn blocking_search(&self, query: &Search<'_>) -> Result<Vec<Hit>> {
        let engine = &self.0.engine;
        query.check(engine.identity.dims)?;
        let (metric, beam) = (engine.identity.metric, engine.tuning.beam);
        engine.ask(|view| view.search(metric, beam, query))
    }
}

#[async_trait]
impl VectorStore for LocalStore {
    fn capabilities(&self) -> Capabilities {
        let engine = &self.0.engine;
        let mut capabilities = Capabilities::new(engine.identity.dims);
        capabilities.metric = engine.identity.metric;
        capabilities.embedder.clone_from(&engine.identity.embedder);
        capabilities.exact = !engine.seen().has_graph();
        capabilities.durable = engine.durability == Durability::Sync;
        capabilities
    }

    async fn upsert(&self, points: &[Point]) -> Result<()> {
        let write = Write::upsert(points, self.0.engine.identity.dims)?;
        self.finish(write).await.map(drop)
    }

    async fn search(&self, query: &Search<'_>) -> Result<Vec<Hit>> {
        let handle = self.clone();
        let (vector, filter) = (query.vector.to_vec(), query.filter.cloned());
        let (k, min_score, with_vectors) = (query.k, query.min_score, query.with_vectors);
        offload(move || {
            handle.blocking_search(&Search {
                vector: &vector,
                filter: filter.as_ref(),
                k,
                min_score,
                with_vectors,
            })
        })
        .await
    }

    async fn delete(&self, which: &Selection<'_>) -> Result<u64> {
        self.finish(Write::Delete(Which::of(which))).await
    }

    async fn get(&self, ids: &[&str]) -> Result<Vec<Point>> {
        let handle = Arc::clone(&self.0);
        let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        offload(move || {
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            handle.engine.ask(|view| view.get(&ids))
        })
        .await
    }

    async fn count(&self, filter: Option<&Filter>) -> Result<u64> {
        let handle = Arc::clone(&self.0);
        let filter = filter.cloned();
        offload(move || Ok(handle.engine.ask(|view| view.count(filter.as_ref()))? as u64)).await
    }
}

/// The engine, with the thread that syncs it now and then.
#[derive(Debug)]
struct Handle {
    engine: Arc<Engine>,
    flusher: Option<(Sender<()>, JoinHandle<()>)>,
    keeper: Option<JoinHandle<()>>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.engine.rest();
        if let Some(thread) = self.keeper.take() {
            // As below.
            let _ = thread.join();
        }
        if let Some((stop, thread)) = self.flusher.take() {
            drop(stop);
            // It only ends, and a panic in it has left nothing to mend here.
            let _ = thread.join();
        }
        // Does what is in line and syncs. There is nobody left to be told of an error: the
        // futures of those writes are gone, and what is not on disk now is within the bound
        // that the durability promised.
        let _ = self.engine.flush();
    }
}

/// The thread that indexes and merges.
fn keep(engine: &Arc<Engine>) -> JoinHandle<()> {
    let (wake, woken) = channel();
    engine.wake_by(wake);
    let engine = Arc::clone(engine);
    std::thread::spawn(move || {
        while woken.recv().is_ok() {
            // Nothing is lost when it fails: searches go on without the index, and the next
            // sealed log brings the next try.
            let _ = engine.maintain(false);
        }
    })
}

fn flush_every(engine: &Arc<Engine>, period: Duration) -> (Sender<()>, JoinHandle<()>) {
    let engine = Arc::clone(engine);
    let (stop, stopped) = channel();
    let thread = std::thread::spawn(move || {
        while stopped.recv_timeout(period) == Err(RecvTimeoutError::Timeout) {
            if engine.is_dirty() {
                // The log remembers the failure and tells it to the next write.
                let _ = engine.flush();
            }
        }
    });
    (stop, thread)
}
