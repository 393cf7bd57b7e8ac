//! A bounded crawl.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use futures_core::stream::BoxStream;
use futures_util::stream;
use gori_core::{Error, ErrorKind, Loaded, Loader, Result, Seen};
use reqwest::Url;
use tokio::time::Instant;

use super::links::{self, Links};
use super::robots::Robots;
use super::{apart, job, shown};
use crate::fetch::{FetchPolicy, Fetched, Fetcher};
use crate::pipeline::Found;
use crate::{Reader, pipeline};

/// A pause that robots.txt asks for is kept up to this; a site that asks for more is not for
/// crawling.
const MAX_DELAY: Duration = Duration::from_secs(30);
/// Addresses that wait to be fetched.
const MAX_WAITING: usize = 100_000;

/// The pages that can be reached by links from a first one, nearest first.
///
/// By default it stays on the host of the first page, goes three links deep, fetches 200
/// pages, one at a time with half a second between them, and does what robots.txt says. A
/// page that asks not to be indexed is passed over with that reason; its links are followed.
///
/// ```no_run
/// use gori_loaders::Crawl;
///
/// let docs = Crawl::new("https://example.org/docs/")?.under("/docs/").depth(5);
/// # Ok::<(), gori_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Crawl {
    start: Url,
    depth: usize,
    pages: usize,
    hosts: Vec<String>,
    under: Option<String>,
    pause: Duration,
    ignore_robots: bool,
    fetcher: Fetcher,
    reader: Reader,
}

impl Crawl {
    /// From this page, by a fetcher for the public internet.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] when it is no address of a page, and those of
    /// [`Fetcher::new`].
    pub fn new(start: &str) -> Result<Self> {
        let mut start =
            Url::parse(start).map_err(|error| Error::invalid(format!("no address: {error}")))?;
        start.set_fragment(None);
        let host = start
            .host_str()
            .ok_or_else(|| Error::invalid("an address without a host"))?
            .to_owned();
        Ok(Self {
            start,
            depth: 3,
            pages: 200,
            hosts: vec![host],
            under: None,
            pause: Duration::from_millis(500),
            ignore_robots: false,
            fetcher: Fetcher::new(FetchPolicy::default())?,
            reader: Reader::new(),
        })
    }

    /// Links from the first page that are followed. 3; with 0 it is the first page alone.
    #[must_use]
    pub fn depth(mut self, most: usize) -> Self {
        self.depth = most;
        self
    }

    /// Pages that are fetched. 200.
    #[must_use]
    pub fn pages(mut self, most: usize) -> Self {
        self.pages = most;
        self
    }

    /// Follows links to this host too.
    #[must_use]
    pub fn host(mut self, host: &str) -> Self {
        self.hosts.push(host.to_ascii_lowercase());
        self
    }

    /// Follows only links whose path starts so.
    #[must_use]
    pub fn under(mut self, path: &str) -> Self {
        self.under = Some(path.to_owned());
        self
    }

    /// The pause between two requests to a host, unless robots.txt asks for a longer one.
    #[must_use]
    pub fn pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// Does not ask for robots.txt, as one may on a site of one's own.
    #[must_use]
    pub fn ignore_robots(mut self) -> Self {
        self.ignore_robots = true;
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

    fn wants(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        self.hosts.iter().any(|wanted| wanted == host)
            && self
                .under
                .as_deref()
                .is_none_or(|under| url.path().starts_with(under))
    }
}

impl Loader for Crawl {
    fn load<'a>(&'a self, seen: &'a dyn Seen) -> BoxStream<'a, Result<Loaded>> {
        let walk = Walk {
            crawl: self,
            known: HashSet::from([self.start.clone()]),
            waiting: VecDeque::from([(self.start.clone(), 0)]),
            left: self.pages,
            robots: HashMap::new(),
            next: HashMap::new(),
        };
        let found = stream::unfold(
            walk,
            |mut walk| async move { Some((walk.next().await?, walk)) },
        );
        pipeline::load(Box::pin(found), &self.reader, seen)
    }
}

struct Walk<'a> {
    crawl: &'a Crawl,
    known: HashSet<Url>,
    waiting: VecDeque<(Url, usize)>,
    left: usize,
    robots: HashMap<String, Robots>,
    /// When a host may be asked again.
    next: HashMap<String, Instant>,
}

impl Walk<'_> {
    /// Fetches the next page and queues its links.
    async fn next(&mut self) -> Option<Result<Found>> {
        let (url, depth) = self.waiting.pop_front()?;
        self.left = self.left.checked_sub(1)?;
        let source = shown(url.as_str());
        let skipped = |reason: &str| {
            Some(Ok(Found::Item(Loaded::Skipped {
                source: source.as_str().into(),
                reason: reason.to_owned(),
            })))
        };
        if let Err(reason) = self.may(&url).await {
            return skipped(&reason);
        }
        let fetched = match self.crawl.fetcher.get(url.as_str()).await {
            Ok(fetched) => fetched,
            Err(error) => return Some(Err(error.about(&source))),
        };
        // A redirect may lead off the host: what is there was not asked for.
        let Ok(at) = Url::parse(&fetched.url) else {
            return skipped("a redirect to nowhere");
        };
        if at != url && !self.crawl.wants(&at) {
            return skipped("a redirect that leaves the site");
        }
        if at != url && !self.known.insert(at.clone()) {
            return skipped("a redirect to a page that is loaded itself");
        }
        let links = self.links(&fetched, &at).await;
        let no_index = links.no_index || fetched.no_index;
        if depth < self.crawl.depth {
            self.queue(links, depth + 1);
        }
        if no_index {
            return skipped("the page asks not to be indexed");
        }
        Some(Ok(job(fetched.into_blob(source))))
    }

    fn queue(&mut self, links: Links, depth: usize) {
        for url in links.urls {
            if self.waiting.len() < MAX_WAITING
                && self.crawl.wants(&url)
                && self.known.insert(url.clone())
            {
                self.waiting.push_back((url, depth));
            }
        }
    }

    /// The links of a page. Parsing goes to a thread: a large page takes a while.
    async fn links(&self, fetched: &Fetched, at: &Url) -> Links {
        let declared = fetched.content_type.clone().unwrap_or_default();
        let is_html = declared.is_empty() || declared.contains("html");
        if !is_html {
            return Links::default();
        }
        let (bytes, at) = (fetched.bytes.clone(), at.clone());
        let limits = self.crawl.reader.kept_limits().clone();
        let links = apart(move || {
            let charset = declared
                .split_once("charset=")
                .map(|(_, label)| label.trim_matches('"'));
            links::of(&bytes, charset, &at, &limits)
        });
        links.await.unwrap_or_default()
    }

    /// Waits until the host may be asked again, and says whether it lets this page be fetched.
    async fn may(&mut self, url: &Url) -> Result<(), String> {
        let origin = url.origin().ascii_serialization();
        let mut pause = self.crawl.pause;
        if !self.crawl.ignore_robots {
            if !self.robots.contains_key(&origin) {
                let robots = self.fetch_robots(url).await;
                self.robots.insert(origin.clone(), robots);
            }
            let robots = self.robots.get(&origin).cloned().unwrap_or_default();
            let path = match url.query() {
                Some(query) => format!("{}?{query}", url.path()),
                None => url.path().to_owned(),
            };
            if !robots.allows(&path) {
                return Err("robots.txt does not allow it".to_owned());
            }
            pause = pause.max(robots.delay.unwrap_or_default());
            if pause > MAX_DELAY {
                return Err(format!("robots.txt asks for {pause:?} between two pages"));
            }
        }
        if let Some(next) = self.next.get(&origin) {
            tokio::time::sleep_until(*next).await;
        }
        self.next.insert(origin, Instant::now() + pause);
        Ok(())
    }

    /// What a site says (RFC 9309, 2.3.1): where there is no file everything is allowed, and
    /// where the server fails nothing is.
    async fn fetch_robots(&self, url: &Url) -> Robots {
        let Ok(at) = url.join("/robots.txt") else {
            return Robots::default();
        };
        match self.crawl.fetcher.get(at.as_str()).await {
            Ok(fetched) => Robots::parse(&fetched.bytes, &self.crawl.fetcher.policy().user_agent),
            Err(error) => match error.kind() {
                ErrorKind::NotFound | ErrorKind::Unauthorized | ErrorKind::Protocol => {
                    Robots::default()
                }
                _ => Robots::closed(),
            },
        }
    }
}
