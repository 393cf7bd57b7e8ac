//! Sitemaps (sitemaps.org, protocol 0.9): lists of addresses, and lists of such lists.

use std::collections::{HashSet, VecDeque};
use std::io::Read as _;

use flate2::read::MultiGzDecoder;
use futures_core::stream::BoxStream;
use futures_util::{StreamExt as _, stream};
use gori_core::{Error, ErrorKind, Loaded, Loader, Result, Seen};
use reqwest::Url;

use super::{AT_ONCE, apart, found, shown};
use crate::fetch::{FetchPolicy, Fetcher};
use crate::limits::too_large;
use crate::xml::{self, Node};
use crate::{Limits, Reader, pipeline};

/// Lists of one index that are read.
const MAX_LISTS: usize = 1_000;

/// The pages of a sitemap, or of all sitemaps of an index, in their order.
///
/// Pages on other hosts than the sitemap's are passed over, as the protocol asks.
///
/// ```no_run
/// use gori_loaders::Sitemap;
///
/// let docs = Sitemap::new("https://example.org/sitemap.xml")?.pages(500);
/// # Ok::<(), gori_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Sitemap {
    url: Url,
    pages: usize,
    fetcher: Fetcher,
    reader: Reader,
}

impl Sitemap {
    /// The sitemap at this address, by a fetcher for the public internet.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] when it is no address, and those of [`Fetcher::new`].
    pub fn new(url: &str) -> Result<Self> {
        Ok(Self {
            url: Url::parse(url).map_err(|error| Error::invalid(format!("no address: {error}")))?,
            pages: 1_000,
            fetcher: Fetcher::new(FetchPolicy::default())?,
            reader: Reader::new(),
        })
    }

    /// Pages that are fetched at most. 1,000.
    #[must_use]
    pub fn pages(mut self, most: usize) -> Self {
        self.pages = most;
        self
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

    /// The addresses of all pages.
    async fn urls(&self) -> Result<Vec<Url>> {
        let mut pages = Vec::new();
        let mut known = HashSet::from([self.url.clone()]);
        let mut lists = VecDeque::from([self.url.clone()]);
        while let Some(list) = lists.pop_front() {
            // A list that is missing leaves pages out: an error of the whole, without a
            // subject, so that nobody takes those pages for deleted.
            let failed = |error: Error| {
                let what = format!("the sitemap {}: {}", shown(list.as_str()), error.message());
                Error::new(error.kind(), what).caused_by(error)
            };
            let fetched = self.fetcher.get(list.as_str()).await.map_err(failed)?;
            let (site, most) = (self.url.clone(), self.pages);
            let limits = self.reader.kept_limits().clone();
            let read = apart(move || List::read(fetched.bytes, &site, most, &limits));
            let read = read.await.unwrap_or_else(|| Ok(List::default()));
            let read = read.map_err(failed)?;
            for list in read.lists {
                if known.insert(list.clone()) {
                    lists.push_back(list);
                }
            }
            if known.len() > MAX_LISTS {
                return Err(too_large("the number of sitemaps", MAX_LISTS));
            }
            pages.extend(read.pages);
            if pages.len() >= self.pages {
                break;
            }
        }
        let mut known = HashSet::new();
        pages.retain(|page| known.insert(page.clone()));
        pages.truncate(self.pages);
        Ok(pages)
    }
}

impl Loader for Sitemap {
    fn load<'a>(&'a self, seen: &'a dyn Seen) -> BoxStream<'a, Result<Loaded>> {
        let urls = stream::once(async move {
            match self.urls().await {
                Ok(urls) => stream::iter(urls.into_iter().map(Ok).collect::<Vec<_>>()),
                Err(error) => stream::iter(vec![Err(error)]),
            }
        });
        let fetched = urls.flatten().map(move |url| async move {
            let url: Url = url?;
            let fetched = self.fetcher.get(url.as_str()).await;
            fetched
                .map(|fetched| found(url.as_str(), fetched))
                .map_err(|error| error.about(shown(url.as_str())))
        });
        pipeline::load(Box::pin(fetched.buffered(AT_ONCE)), &self.reader, seen)
    }
}

/// A sitemap may be gzipped as a file, beside whatever the transport does.
fn unpacked(bytes: Vec<u8>, limits: &Limits) -> Result<Vec<u8>> {
    /// What the protocol allows, and a little.
    const MAX_BYTES: u64 = 60 << 20;
    if !bytes.starts_with(b"\x1f\x8b") {
        return Ok(bytes);
    }
    let ratio = (bytes.len() as u64)
        .saturating_mul(limits.ratio)
        .max(1 << 20);
    let most = MAX_BYTES.min(ratio);
    let mut plain = Vec::new();
    let decoder = MultiGzDecoder::new(bytes.as_slice());
    decoder
        .take(most + 1)
        .read_to_end(&mut plain)
        .map_err(|error| Error::new(ErrorKind::Corrupt, format!("the sitemap: {error}")))?;
    if plain.len() as u64 > most {
        return Err(too_large("the sitemap", most));
    }
    Ok(plain)
}

/// What one sitemap holds: pages, or other sitemaps.
#[derive(Debug, Default)]
struct List {
    pages: Vec<Url>,
    lists: Vec<Url>,
}

impl List {
    /// Reads a sitemap: of its pages `most`, of its lists one more than may be read at all.
    fn read(bytes: Vec<u8>, site: &Url, most: usize, limits: &Limits) -> Result<Self> {
        let bytes = unpacked(bytes, limits)?;
        let mut list = Self::default();
        let mut text: Option<String> = None;
        let mut in_list = false;
        xml::walk(&bytes, limits, &|| Ok(()), &mut |node| {
            match node {
                Node::Open("sitemap", _) => in_list = true,
                Node::Open("url", _) => in_list = false,
                Node::Open("loc", _) => text = Some(String::new()),
                Node::Text(piece) => {
                    if let Some(text) = &mut text {
                        text.push_str(piece);
                    }
                }
                Node::Close("loc") => {
                    if let Some(url) = text.take() {
                        list.take(in_list, url.trim(), site, most);
                    }
                }
                _ => {}
            }
            Ok(())
        })?;
        Ok(list)
    }

    fn take(&mut self, is_list: bool, url: &str, site: &Url, most: usize) {
        let (urls, most) = match is_list {
            true => (&mut self.lists, MAX_LISTS + 1),
            false => (&mut self.pages, most),
        };
        if urls.len() >= most {
            return;
        }
        if let Ok(url) = site.join(url)
            && url.host_str() == site.host_str()
        {
            urls.push(url);
        }
    }
}
