//! The web: addresses, sitemaps and crawls, all through [`Fetcher`](crate::Fetcher).

mod crawl;
mod links;
mod robots;
mod sitemap;

use std::sync::Arc;

use futures_core::stream::BoxStream;
use futures_util::{StreamExt as _, stream};
use gori_core::{Loaded, Loader, Result, Seen};

pub use crawl::Crawl;
pub use sitemap::Sitemap;

use crate::fetch::{FetchPolicy, Fetched, Fetcher};
use crate::pipeline::{Found, Job, Opened};
use crate::{Blob, Reader, pipeline};

/// Pages that are fetched at once.
const AT_ONCE: usize = 4;

/// A list of addresses, fetched in its order. The source of each is its address as given.
///
/// Needs a tokio runtime, as everything that fetches does.
///
/// ```no_run
/// use gori_loaders::Urls;
///
/// let docs = Urls::new(["https://example.org/a.html", "https://example.org/b.pdf"])?;
/// # Ok::<(), gori_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Urls {
    urls: Vec<Arc<str>>,
    fetcher: Fetcher,
    reader: Reader,
}

impl Urls {
    /// These addresses, by a fetcher for the public internet.
    ///
    /// # Errors
    /// When the fetcher cannot be set up, see [`Fetcher::new`].
    pub fn new(urls: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Self> {
        Ok(Self {
            urls: urls
                .into_iter()
                .map(|url| Arc::from(url.as_ref()))
                .collect(),
            fetcher: Fetcher::new(FetchPolicy::default())?,
            reader: Reader::new(),
        })
    }

    /// Fetches by this fetcher.
    #[must_use]
    pub fn fetcher(mut self, fetcher: Fetcher) -> Self {
        self.fetcher = fetcher;
        self
    }

    /// Reads the pages by this reader.
    #[must_use]
    pub fn reader(mut self, reader: Reader) -> Self {
        self.reader = reader;
        self
    }
}

impl Loader for Urls {
    fn load<'a>(&'a self, seen: &'a dyn Seen) -> BoxStream<'a, Result<Loaded>> {
        let fetcher = &self.fetcher;
        let fetched = stream::iter(&self.urls).map(move |url| async move {
            let fetched = fetcher.get(url).await;
            fetched
                .map(|fetched| found(url, fetched))
                .map_err(|error| error.about(shown(url)))
        });
        pipeline::load(Box::pin(fetched.buffered(AT_ONCE)), &self.reader, seen)
    }
}

/// What was fetched as a source.
fn found(url: &str, fetched: Fetched) -> Found {
    let blob = fetched.into_blob(shown(url));
    job(blob)
}

fn job(blob: Blob) -> Found {
    Found::Source(Job {
        source: blob.source.clone(),
        open: Box::new(move |_| Ok(Opened::Blob(blob))),
    })
}

/// Does something that takes a while on a thread that may block: parsing a large page or list
/// would hold up everything else that the runtime does. Nothing when it came to no end.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let thread = std::thread::Builder::new().name("gori-links".to_owned());
    thread.spawn(move || drop(sender.send(work()))).ok()?;
    receiver.await.ok()
}

/// The address as the name of a source: without user and password, which are refused anyway,
/// and without a fragment. The query stays, since it tells one page from another.
fn shown(url: &str) -> String {
    match reqwest::Url::parse(url) {
        Ok(mut url) => {
            let _ = url.set_username("");
            let _ = url.set_password(None);
            url.set_fragment(None);
            url.to_string()
        }
        Err(_) => url.chars().take(200).collect(),
    }
}
