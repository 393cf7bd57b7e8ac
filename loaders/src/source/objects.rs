//! Objects of S3, Azure, Google Cloud and whatever else the `object_store` crate reaches.

use std::sync::Arc;

use futures_core::stream::BoxStream;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use gori_core::{Error, ErrorKind, Loaded, Loader, Result, Seen};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt as _};

use crate::limits::too_large;
use crate::pipeline::{Found, Job, Opened};
use crate::reader::too_long;
use crate::{Blob, Reader, pipeline};

/// Objects that are fetched at once.
const AT_ONCE: usize = 4;
/// Objects of one listing, which is sorted in memory.
const MAX_OBJECTS: usize = 2_000_000;

/// The objects under a prefix, in the order of their paths, each a source of the store's name
/// and its path.
///
/// ```
/// use std::sync::Arc;
/// use gori_loaders::Objects;
/// use gori_loaders::object_store::memory::InMemory;
///
/// let docs = Objects::new("s3://bucket", Arc::new(InMemory::new())).under("docs");
/// ```
#[derive(Clone, Debug)]
pub struct Objects {
    name: String,
    store: Arc<dyn ObjectStore>,
    prefix: Option<Path>,
    reader: Reader,
}

impl Objects {
    /// The objects of a store. `name` stands in front of their paths.
    pub fn new(name: impl Into<String>, store: Arc<dyn ObjectStore>) -> Self {
        Self {
            name: name.into(),
            store,
            prefix: None,
            reader: Reader::new(),
        }
    }

    /// Only those under this path.
    #[must_use]
    pub fn under(mut self, prefix: &str) -> Self {
        self.prefix = Some(Path::from(prefix));
        self
    }

    /// Reads the objects by this reader.
    #[must_use]
    pub fn reader(mut self, reader: Reader) -> Self {
        self.reader = reader;
        self
    }

    fn source(&self, path: &Path) -> Arc<str> {
        Arc::from(format!("{}/{path}", self.name.trim_end_matches('/')))
    }

    async fn list(&self) -> Result<Vec<ObjectMeta>> {
        let mut objects = Vec::new();
        let mut listed = self.store.list(self.prefix.as_ref());
        // Objects may be missing after an error: it has no subject.
        while let Some(object) = listed
            .try_next()
            .await
            .map_err(|error| failed(&self.name, error))?
        {
            objects.push(object);
            if objects.len() > MAX_OBJECTS {
                return Err(too_large(
                    &format!("{}: the number of objects", self.name),
                    MAX_OBJECTS,
                ));
            }
        }
        objects.sort_by(|one, other| one.location.cmp(&other.location));
        Ok(objects)
    }

    async fn found(&self, object: Result<ObjectMeta>) -> Result<Found> {
        let object = object?;
        let source = self.source(&object.location);
        let limits = self.reader.kept_limits();
        if object.size > limits.source_bytes {
            return Ok(Found::Item(Loaded::Skipped {
                source,
                reason: too_long(object.size, limits),
            }));
        }
        let about = |error| failed("", error).about(&source);
        let got = self.store.get(&object.location).await.map_err(about)?;
        let bytes = got.bytes().await.map_err(about)?;
        let blob = Blob::new(source.clone(), bytes.to_vec());
        Ok(Found::Source(Job {
            source,
            open: Box::new(move |_| Ok(Opened::Blob(blob))),
        }))
    }
}

impl Loader for Objects {
    fn load<'a>(&'a self, seen: &'a dyn Seen) -> BoxStream<'a, Result<Loaded>> {
        let objects = stream::once(self.list()).flat_map(|listed| {
            stream::iter(match listed {
                Ok(objects) => objects.into_iter().map(Ok).collect::<Vec<_>>(),
                Err(error) => vec![Err(error)],
            })
        });
        let found = objects.map(|object| self.found(object)).buffered(AT_ONCE);
        pipeline::load(Box::pin(found), &self.reader, seen)
    }
}

fn failed(name: &str, error: object_store::Error) -> Error {
    let kind = match &error {
        object_store::Error::NotFound { .. } => ErrorKind::NotFound,
        object_store::Error::PermissionDenied { .. }
        | object_store::Error::Unauthenticated { .. } => ErrorKind::Unauthorized,
        _ => ErrorKind::Unavailable,
    };
    let what = if name.is_empty() {
        "the object cannot be read".to_owned()
    } else {
        format!("{name} cannot be listed")
    };
    Error::new(kind, what).caused_by(error)
}
