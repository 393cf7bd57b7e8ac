//! Lists of addresses, sitemaps and crawls.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod support;

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use gori_core::{ErrorKind, Loaded, Result};
use gori_loaders::{Crawl, FetchPolicy, Fetcher, Resolve, Sitemap, Urls};
use gori_testkit::conformance::loader::laws;
use support::http::{Answer, Server, html, missing, redirect, typed};
use support::pdf::{lines, pages};
use support::{documents, errors, load, worker};

#[derive(Debug)]
struct Loopback;

#[async_trait]
impl Resolve for Loopback {
    async fn resolve(&self, _host: &str) -> Result<Vec<IpAddr>> {
        Ok(vec![Ipv4Addr::LOCALHOST.into()])
    }
}

fn site() -> Server {
    Server::start(|request| {
        match request.path.as_str() {
        "/" => html(
            "<title>Start</title><p>start <a href=/a>a</a> <a href='b#x'>b</a> <a href=/b>b again</a>
             <a href=/private/x>private</a> <a href=/doc.pdf>pdf</a> <a rel=nofollow href=/not>not</a>
             <a href=http://elsewhere.example.org/>elsewhere</a> <a href=mailto:a@b>mail</a>
             <a href=/moved>moved</a> <a href=/gone>gone</a> <a href=/away>away</a>",
        ),
        "/a" => html("<p>page a <a href=/a/deep>deeper</a> <a href=/>back</a>"),
        "/a/deep" => html("<p>deep page <a href=/a/deep/er>deeper</a>"),
        "/a/deep/er" => html("<p>too deep"),
        "/b" => html("<meta name=robots content='noindex, nofollow'><p>hidden <a href=/c>c</a>"),
        "/c" | "/not" => html("<p>must not be reached"),
        "/moved" => redirect("/a"),
        "/away" => redirect("http://elsewhere.example.org/"),
        "/doc.pdf" => typed("application/pdf", pages(&[lines(&["a page"])], "")),
        "/robots.txt" => typed("text/plain", "User-agent: *\nDisallow: /private\n"),
        "/sitemap.xml" => typed(
            "application/xml",
            "<sitemapindex><sitemap><loc>/pages.xml</loc></sitemap><sitemap><loc>/missing.xml</loc></sitemap></sitemapindex>",
        ),
        "/pages.xml" => typed(
            "text/xml",
            "<urlset xmlns='x'><url><loc>/a</loc></url><url><loc> /b </loc></url><url><loc>/a</loc></url>
             <url><loc>http://elsewhere.example.org/</loc></url></urlset>",
        ),
        _ => missing(),
    }
    })
}

fn fetcher(server: &Server) -> (Fetcher, String) {
    let host = format!("site.example.org:{}", server.port());
    let policy = FetchPolicy::default()
        .resolver(Loopback)
        .allow_host(&host)
        .unwrap();
    (Fetcher::new(policy).unwrap(), format!("http://{host}"))
}

fn paths<'a>(items: &'a [Result<Loaded>], origin: &str) -> Vec<&'a str> {
    let documents = documents(items).into_iter();
    documents
        .map(|document| document.source.strip_prefix(origin).unwrap())
        .collect()
}

#[tokio::test]
async fn a_crawl_goes_as_far_as_it_may() {
    let server = site();
    let (fetcher, origin) = fetcher(&server);
    let crawl = Crawl::new(&format!("{origin}/#top")).unwrap();
    let crawl = crawl
        .fetcher(fetcher)
        .reader(worker())
        .pause(Duration::ZERO)
        .depth(2);
    let items = load(&crawl).await;
    assert_eq!(paths(&items, &origin), ["/", "/a", "/doc.pdf", "/a/deep"]);
    let skipped: Vec<(&str, &str)> = items
        .iter()
        .filter_map(|item| match item {
            Ok(Loaded::Skipped { source, reason }) => {
                Some((source.strip_prefix(&*origin).unwrap(), reason.as_str()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(
        skipped,
        [
            ("/b", "the page asks not to be indexed"),
            ("/private/x", "robots.txt does not allow it"),
            ("/moved", "a redirect to a page that is loaded itself"),
        ]
    );
    let errors: Vec<_> = errors(&items).iter().map(|error| error.kind()).collect();
    assert_eq!(
        errors,
        [ErrorKind::NotFound, ErrorKind::Refused],
        "gone and away"
    );
    let asked: Vec<String> = server
        .requests()
        .into_iter()
        .map(|request| request.path)
        .collect();
    for never in ["/private/x", "/c", "/not", "/a/deep/er"] {
        assert!(
            !asked.iter().any(|path| path == never),
            "{never} was asked for"
        );
    }
    assert_eq!(
        asked.iter().filter(|path| *path == "/robots.txt").count(),
        1
    );
    assert_eq!(documents(&items)[0].metadata["title"], "Start".into());
}

#[tokio::test]
async fn a_crawl_keeps_its_number_of_pages_its_path_and_its_pause() {
    let server = site();
    let (fetcher, origin) = fetcher(&server);
    let crawl = |start: &str| {
        let crawl = Crawl::new(&format!("{origin}{start}")).unwrap();
        crawl
            .fetcher(fetcher.clone())
            .reader(worker())
            .pause(Duration::ZERO)
    };
    assert_eq!(
        paths(&load(&crawl("/").pages(2)).await, &origin),
        ["/", "/a"]
    );
    assert_eq!(
        paths(&load(&crawl("/a").under("/a")).await, &origin),
        ["/a", "/a/deep", "/a/deep/er"]
    );
    assert_eq!(paths(&load(&crawl("/").depth(0)).await, &origin), ["/"]);
    let start = Instant::now();
    load(&crawl("/a").under("/a").pause(Duration::from_millis(150))).await;
    assert!(
        start.elapsed() >= Duration::from_millis(300),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn a_site_whose_robots_txt_fails_is_left_alone() {
    let server = Server::start(|request| match request.path.as_str() {
        "/robots.txt" => Answer::Whole(503, Vec::new(), Vec::new()),
        _ => html("<p>text"),
    });
    let (fetcher, origin) = fetcher(&server);
    let items = load(&Crawl::new(&origin).unwrap().fetcher(fetcher)).await;
    assert!(
        matches!(&items[..], [Ok(Loaded::Skipped { .. })]),
        "{items:?}"
    );
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_sitemap_gives_its_pages_and_a_missing_list_is_an_error_of_the_whole() {
    let server = site();
    let (fetcher, origin) = fetcher(&server);
    let with = |path: &str| {
        Sitemap::new(&format!("{origin}{path}"))
            .unwrap()
            .fetcher(fetcher.clone())
    };
    let items = load(&with("/pages.xml")).await;
    assert_eq!(paths(&items, &origin), ["/a", "/b"]);
    let items = load(&with("/sitemap.xml")).await;
    let [Err(error)] = &items[..] else {
        panic!("{items:?}");
    };
    assert_eq!((error.kind(), error.subject()), (ErrorKind::NotFound, None));
    assert!(error.message().contains("/missing.xml"), "{error}");
    let items = load(&with("/pages.xml").pages(1)).await;
    assert_eq!(paths(&items, &origin), ["/a"]);
}

#[tokio::test]
async fn the_web_keeps_the_laws_of_loaders() {
    let server = site();
    let (fetcher, origin) = fetcher(&server);
    let urls = Urls::new(["/", "/gone", "/a", "/doc.pdf"].map(|path| format!("{origin}{path}")));
    let urls = urls.unwrap().fetcher(fetcher.clone()).reader(worker());
    let tried = laws(&urls).await;
    println!("{tried:?}");
    assert_eq!((tried.sources, tried.errors), (3, 1));
    let crawl = Crawl::new(&format!("{origin}/"))
        .unwrap()
        .pause(Duration::ZERO);
    println!(
        "{:?}",
        laws(&crawl.fetcher(fetcher.clone()).reader(worker())).await
    );
    let sitemap = Sitemap::new(&format!("{origin}/pages.xml"))
        .unwrap()
        .fetcher(fetcher);
    println!("{:?}", laws(&sitemap).await);
}
