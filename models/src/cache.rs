//! A cache of answers and vectors in a SQLite file, shared by processes.

use std::fmt;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use gori_core::layer::CacheStore;
use gori_core::{Error, ErrorKind, Result};
use rusqlite::{Connection, ErrorCode, OptionalExtension, TransactionBehavior, params};
use sha2::{Digest, Sha256};

/// How long a process waits for another that writes.
const PATIENCE: Duration = Duration::from_secs(5);
/// An entry counts as used again at most this often, in seconds, so that reading seldom writes.
const USED_EVERY: i64 = 60;
/// Marks the file as ours: "gori" in ASCII.
const APPLICATION: i32 = 0x676f_7269;
const FORMAT: i32 = 1;

/// Keeps bytes by key in a SQLite file, up to a size, and forgets what was used longest ago.
///
/// Several processes may share the file. Values carry a checksum, so a damaged one is forgotten
/// and never given. Put it under [`Cache`](gori_core::layer::Cache), around a language model or
/// an embedder:
///
/// ```
/// use std::num::NonZeroU64;
/// use gori_core::layer::Cache;
/// use gori_core::{Context, Llm, Prompt};
/// use gori_models::cache::SqliteCache;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let dir = tempfile::tempdir()?;
/// # let llm = gori_testkit::ScriptedLlm::new(["said once"]);
/// let store = SqliteCache::open(dir.path().join("answers.sqlite"), NonZeroU64::new(64 << 20).unwrap())?;
/// let llm = Cache::new(llm, store);
/// for _ in 0..2 {
///     let answer = llm.complete(&Context::new(), &Prompt::user("?")).await?;
///     assert_eq!(answer.text, "said once");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SqliteCache {
    path: Arc<PathBuf>,
    connection: Arc<Mutex<Connection>>,
    most: u64,
}

impl fmt::Debug for SqliteCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteCache")
            .field("path", &self.path)
            .field("bytes", &self.most)
            .finish_non_exhaustive()
    }
}

impl SqliteCache {
    /// Opens the file, or makes it, to keep at most so many bytes of keys and values. The file
    /// itself is somewhat larger.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] where the file is something else or damaged: remove it, it is
    /// only a cache. [`ErrorKind::Io`] where it cannot be opened.
    pub fn open(path: impl AsRef<Path>, bytes: NonZeroU64) -> Result<Self> {
        let path = path.as_ref().to_owned();
        let connection = Connection::open(&path)
            .and_then(prepare)
            .map_err(|e| failed(e).about(path.display()))?;
        let connection = connection.ok_or_else(|| {
            Error::new(
                ErrorKind::Corrupt,
                "this SQLite file is no cache of this version",
            )
            .about(path.display())
            .hint("give another path, or remove the file")
        })?;
        Ok(Self {
            path: Arc::new(path),
            connection: Arc::new(Mutex::new(connection)),
            most: bytes.get(),
        })
    }

    /// The bytes of all keys and values.
    ///
    /// # Errors
    /// [`ErrorKind::Io`], [`ErrorKind::Busy`] or [`ErrorKind::Corrupt`].
    pub fn size(&self) -> Result<u64> {
        self.with(|connection| size(connection))
    }

    fn with<R>(&self, f: impl FnOnce(&mut Connection) -> rusqlite::Result<R>) -> Result<R> {
        let mut connection = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        f(&mut connection).map_err(|e| failed(e).about(self.path.display()))
    }

    /// Away from the threads that serve others: a disk may take its time.
    async fn aside<R: Send + 'static>(
        &self,
        f: impl FnOnce(&Self) -> Result<R> + Send + 'static,
    ) -> Result<R> {
        let cache = self.clone();
        let done = tokio::task::spawn_blocking(move || f(&cache)).await;
        done.map_err(|e| Error::new(ErrorKind::Internal, "the cache's thread failed").caused_by(e))?
    }
}

/// Makes the tables. `None` where the file belongs to something else, which is left as it is.
fn prepare(mut connection: Connection) -> rusqlite::Result<Option<Connection>> {
    connection.busy_timeout(PATIENCE)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let number =
        |name: &str| transaction.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    match (number("application_id")?, number("user_version")?) {
        (APPLICATION, FORMAT) => {}
        (0, 0) if is_empty(&transaction)? => transaction.execute_batch(&format!(
            "CREATE TABLE entry (key TEXT PRIMARY KEY, value BLOB NOT NULL, sum BLOB NOT NULL, size INTEGER NOT NULL, used INTEGER NOT NULL) WITHOUT ROWID;
             CREATE INDEX entry_used ON entry (used);
             CREATE TABLE total (size INTEGER NOT NULL);
             INSERT INTO total VALUES (0);
             CREATE TRIGGER added AFTER INSERT ON entry BEGIN UPDATE total SET size = size + new.size; END;
             CREATE TRIGGER removed AFTER DELETE ON entry BEGIN UPDATE total SET size = size - old.size; END;
             PRAGMA application_id = {APPLICATION};
             PRAGMA user_version = {FORMAT};"
        ))?,
        _ => return Ok(None),
    }
    transaction.commit()?;
    // What a power cut loses is only remembered answers; the file itself stays whole.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    Ok(Some(connection))
}

fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| {
        row.get(0)
    })
}

fn size(connection: &Connection) -> rusqlite::Result<u64> {
    connection
        .query_row("SELECT size FROM total", [], |row| row.get::<_, i64>(0))
        .map(|n| u64::try_from(n).unwrap_or(0))
}

fn get(connection: &mut Connection, key: &str) -> rusqlite::Result<Option<Vec<u8>>> {
    let found = connection
        .prepare_cached("SELECT value, sum, used FROM entry WHERE key = ?1")?
        .query_row([key], |row| {
            Ok((
                row.get::<_, Vec<u8>>(0)?,
                row.get::<_, Vec<u8>>(1)?,
                row.get::<_, i64>(2)?,
            ))
        })
        .optional()?;
    let Some((value, sum, used)) = found else {
        return Ok(None);
    };
    if sum != checksum(key, &value) {
        connection.execute("DELETE FROM entry WHERE key = ?1", [key])?;
        return Ok(None);
    }
    let now = now();
    if now - used > USED_EVERY {
        connection.execute(
            "UPDATE entry SET used = ?2 WHERE key = ?1",
            params![key, now],
        )?;
    }
    Ok(Some(value))
}

fn put(connection: &mut Connection, key: &str, value: &[u8], most: u64) -> rusqlite::Result<()> {
    let bytes = key.len().saturating_add(value.len()) as u64;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Not INSERT OR REPLACE, which removes without telling the triggers.
    transaction.execute("DELETE FROM entry WHERE key = ?1", [key])?;
    if bytes <= most {
        let sum = checksum(key, value);
        transaction.execute(
            "INSERT INTO entry (key, value, sum, size, used) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![key, value, sum.as_slice(), bytes as i64, now()],
        )?;
        while size(&transaction)? > most {
            transaction.execute(
                "DELETE FROM entry WHERE key IN (SELECT key FROM entry WHERE key <> ?1 ORDER BY used LIMIT 16)",
                [key],
            )?;
        }
    }
    transaction.commit()
}

fn checksum(key: &str, value: &[u8]) -> [u8; 32] {
    Sha256::new()
        .chain_update(key)
        .chain_update([0])
        .chain_update(value)
        .finalize()
        .into()
}

fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

fn failed(error: rusqlite::Error) -> Error {
    let kind = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => ErrorKind::Busy,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => ErrorKind::Corrupt,
        Some(ErrorCode::ReadOnly) => ErrorKind::ReadOnly,
        _ => ErrorKind::Io,
    };
    let message = format!("the cache failed: {error}");
    let wrong = Error::new(kind, message).caused_by(error);
    match kind {
        ErrorKind::Corrupt => wrong.hint("remove the file: it is only a cache"),
        _ => wrong,
    }
}

#[async_trait]
impl CacheStore for SqliteCache {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>> {
        let key = key.to_owned();
        self.aside(move |cache| cache.with(|connection| get(connection, &key)))
            .await
    }

    async fn put(&self, key: &str, value: &[u8]) -> Result<()> {
        let (key, value) = (key.to_owned(), value.to_vec());
        let put =
            move |cache: &Self| cache.with(|connection| put(connection, &key, &value, cache.most));
        self.aside(put).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(dir: &tempfile::TempDir, bytes: u64) -> SqliteCache {
        SqliteCache::open(dir.path().join("c.sqlite"), NonZeroU64::new(bytes).unwrap()).unwrap()
    }

    #[tokio::test]
    async fn it_gives_what_was_put_in_over_openings() {
        let dir = tempfile::tempdir().unwrap();
        cache(&dir, 1000).put("a", b"one").await.unwrap();
        cache(&dir, 1000).put("a", b"two").await.unwrap();
        let again = cache(&dir, 1000);
        assert_eq!(again.get("a").await.unwrap().as_deref(), Some(&b"two"[..]));
        assert_eq!(again.get("b").await.unwrap(), None);
        assert_eq!(again.size().unwrap(), 4, "a replaced value does not count");
    }

    #[tokio::test]
    async fn it_stays_within_its_size_and_forgets_the_oldest() {
        let dir = tempfile::tempdir().unwrap();
        let cache = cache(&dir, 1_000);
        for number in 0..200 {
            cache
                .put(&format!("key {number:03}"), &[7; 93])
                .await
                .unwrap();
            assert!(cache.size().unwrap() <= 1_000);
            assert!(
                cache
                    .get(&format!("key {number:03}"))
                    .await
                    .unwrap()
                    .is_some(),
                "the newest stays"
            );
        }
        cache.put("large", &[0; 2_000]).await.unwrap();
        assert_eq!(
            cache.get("large").await.unwrap(),
            None,
            "nothing else was thrown out for it"
        );
        assert!(cache.get("key 199").await.unwrap().is_some());
    }

    #[tokio::test]
    async fn a_damaged_value_is_forgotten_and_not_given() {
        let dir = tempfile::tempdir().unwrap();
        let cache = cache(&dir, 1_000);
        cache.put("a", b"right").await.unwrap();
        let other = Connection::open(dir.path().join("c.sqlite")).unwrap();
        other
            .execute("UPDATE entry SET value = x'77726f6e67'", [])
            .unwrap();
        assert_eq!(cache.get("a").await.unwrap(), None);
        assert_eq!(cache.size().unwrap(), 0);
    }

    #[test]
    fn what_is_no_cache_is_refused_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.txt");
        let bytes = NonZeroU64::new(1).unwrap();
        std::fs::write(
            &path,
            "my notes, which are long enough to be no empty file".repeat(40),
        )
        .unwrap();
        let error = SqliteCache::open(&path, bytes).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
        let database = dir.path().join("mine.sqlite");
        Connection::open(&database)
            .unwrap()
            .execute_batch("CREATE TABLE mine (x)")
            .unwrap();
        assert_eq!(
            SqliteCache::open(&database, bytes).unwrap_err().kind(),
            ErrorKind::Corrupt
        );
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn many_writers_share_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c.sqlite");
        let bytes = NonZeroU64::new(5_000).unwrap();
        // Each with a connection of its own, as processes have.
        let writers = (0..4).map(|writer| {
            let cache = SqliteCache::open(&path, bytes).unwrap();
            tokio::spawn(async move {
                for number in 0..50 {
                    let value = format!("{number}").repeat(20);
                    cache
                        .put(&format!("{number}"), value.as_bytes())
                        .await
                        .unwrap();
                    if let Some(found) = cache.get(&format!("{}", 49 - number)).await.unwrap() {
                        assert_eq!(
                            found,
                            format!("{}", 49 - number).repeat(20).into_bytes(),
                            "writer {writer}"
                        );
                    }
                }
            })
        });
        for done in futures_util::future::join_all(writers).await {
            done.unwrap();
        }
        assert!(SqliteCache::open(&path, bytes).unwrap().size().unwrap() <= 5_000);
    }
}
