//! Safe fetch: where it does not go, and what no server can do to it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod support;

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures_util::StreamExt as _;
use gori_core::{Error, ErrorKind, Loader, Result};
use gori_loaders::{Crawl, FetchPolicy, Fetcher, Resolve, Sitemap, Urls};
use support::http::{Answer, Server, html, missing, redirect, typed};

/// Answers every name by one list of addresses, and counts how often it is asked.
#[derive(Clone, Debug)]
struct Fixed(Arc<Vec<Vec<IpAddr>>>, Arc<AtomicUsize>);

impl Fixed {
    /// The answers in turn, from the first again after the last.
    fn new(answers: Vec<Vec<IpAddr>>) -> Self {
        Self(Arc::new(answers), Arc::default())
    }

    fn loopback() -> Self {
        Self::new(vec![vec![Ipv4Addr::LOCALHOST.into()]])
    }

    fn asked(&self) -> usize {
        self.1.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Resolve for Fixed {
    async fn resolve(&self, _host: &str) -> Result<Vec<IpAddr>> {
        let turn = self.1.fetch_add(1, Ordering::Relaxed);
        Ok(self.0[turn % self.0.len()].clone())
    }
}

/// Spellings of places that nobody may be sent to, with the port of a listener on loopback.
fn forbidden(port: u16) -> Vec<String> {
    let hosts = [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "127.0.0.1.",
        "127.000.000.001",
        "127.1.1.1",
        "127.255.255.254",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0x7f.1",
        "0X7F.0X0.0X0.0X1",
        "127.0x000001",
        "0177.0.0.1",
        "0177.0.0.01",
        "017700000001",
        "00000000000000000177.1",
        "0.0.0.0",
        "0.0.0.0.",
        "0",
        "0x0",
        "000",
        "localhost",
        "LOCALHOST",
        "LocalHost.",
        "localhost.",
        "foo.localhost",
        "localhost.localdomain",
        "ip6-localhost",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[0000:0000:0000:0000:0000:0000:0000:0001]",
        "[::]",
        "[::0.0.0.1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:FFFF:127.0.0.1]",
        "[::127.0.0.1]",
        "[::7f00:1]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[2002:7f00:0001::1]",
        "[2001:0:1:2:3:4:80ff:fffe]",
        "[fe80::1]",
        "[fc00::1]",
        "[fd00::1]",
        "[ff02::1]",
        "[::ffff:0:127.0.0.1]",
        "[fe80::5efe:127.0.0.1]",
        "10.0.0.1",
        "10.1",
        "0xa000001",
        "167772161",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.0.1",
        "192.168.257",
        "100.64.0.1",
        "169.254.169.254",
        "0xa9fea9fe",
        "2852039166",
        "0251.0376.0251.0376",
        "[::ffff:169.254.169.254]",
        "[::ffff:a9fe:a9fe]",
        "[fd00:ec2::254]",
        "198.18.0.1",
        "192.0.0.192",
        "224.0.0.1",
        "255.255.255.255",
        "metadata.google.internal",
        "kubernetes.default.svc.cluster.local",
        "router.lan",
        "printer.local",
        "intranet",
        // Digits and dots of other scripts, which the parser folds into ASCII.
        "１２７.０.０.１",
        "①②⑦.⓪.⓪.①",
        "127。0。0。1",
        "127．0．0．1",
        "%31%32%37.0.0.1",
        "%6c%6f%63%61%6c%68%6f%73%74",
        "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
        "loc\u{ad}alhost",
    ];
    let mut urls: Vec<String> = hosts
        .iter()
        .map(|host| format!("http://{host}:{port}/"))
        .collect();
    urls.extend([
        format!("https://127.0.0.1:{port}/"),
        format!("http:127.0.0.1:{port}"),
        format!("http:/127.0.0.1:{port}"),
        format!("http:\\\\127.0.0.1:{port}\\"),
        format!(" http://127.0.0.1:{port}/ "),
        format!("ht\ntp://127.0.\t0.1:{port}/"),
        format!("http://example.org@127.0.0.1:{port}/"),
        format!("http://127.0.0.1:{port}@127.0.0.1:{port}/"),
        format!("http://a:b@localhost:{port}/"),
        format!("http://example.org\\@127.0.0.1:{port}/"),
        format!("http://127.0.0.1:{port}#@example.org/"),
        format!("http://127.0.0.1:{port}?@example.org/"),
        format!("http://127.0.0.1:{port}\\@example.org/"),
        format!("http://[::ffff:127.0.0.1]:{port}/?x=http://example.org/"),
        format!("ftp://127.0.0.1:{port}/"),
        format!("gopher://127.0.0.1:{port}/_x"),
        format!("ws://127.0.0.1:{port}/"),
        format!("unix://127.0.0.1:{port}/"),
        "file:///etc/passwd".to_owned(),
        "file://localhost/etc/passwd".to_owned(),
        "data:text/html,x".to_owned(),
        "javascript:alert(1)".to_owned(),
        "http://".to_owned(),
        "//127.0.0.1/".to_owned(),
    ]);
    urls
}

/// A policy under which nothing but the address is in the way: the port is on the list, and
/// every name resolves to loopback.
fn open_policy(port: u16) -> FetchPolicy {
    FetchPolicy::default()
        .port(port)
        .resolver(Fixed::loopback())
}

/// The listener that must not be reached, on both families of addresses.
fn secrets() -> Vec<Server> {
    let first = Server::start(|_| html("SECRET"));
    let second = Server::at(&format!("[::1]:{}", first.port()), |_| html("SECRET"));
    [Ok(first), second].into_iter().flatten().collect()
}

fn reached(secrets: &[Server]) -> usize {
    secrets.iter().map(Server::connections).sum()
}

#[tokio::test]
async fn no_spelling_of_a_forbidden_address_is_reached_directly() {
    let secrets = secrets();
    let port = secrets[0].port();
    let fetcher = Fetcher::new(open_policy(port)).unwrap();
    let urls = forbidden(port);
    for url in &urls {
        let error = fetcher.get(url).await.unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::Refused | ErrorKind::InvalidInput),
            "{url}: {error}"
        );
    }
    println!(
        "{} spellings, {} connections",
        urls.len(),
        reached(&secrets)
    );
    assert!(urls.len() >= 60);
    assert_eq!(reached(&secrets), 0);
}

#[tokio::test]
async fn no_redirect_leads_to_a_forbidden_address() {
    let secrets = secrets();
    let port = secrets[0].port();
    let urls = forbidden(port);
    let targets = urls.clone();
    let gate = Server::start(move |request| {
        // Some spellings are paths of this server itself.
        let index = request.path.trim_start_matches('/').parse::<usize>();
        let Some(target) = index.ok().and_then(|index| targets.get(index)) else {
            return missing();
        };
        let target: String = target
            .chars()
            .map(|c| {
                if c.is_ascii() {
                    c.to_string()
                } else {
                    let mut buffer = [0; 4];
                    c.encode_utf8(&mut buffer)
                        .bytes()
                        .map(|byte| format!("%{byte:02X}"))
                        .collect()
                }
            })
            .collect();
        redirect(&target.replace(['\n', '\t'], ""))
    });
    let host = format!("start.example.org:{}", gate.port());
    let fetcher = Fetcher::new(open_policy(port).allow_host(&host).unwrap()).unwrap();
    for (index, url) in urls.iter().enumerate() {
        let error = fetcher
            .get(&format!("http://{host}/{index}"))
            .await
            .unwrap_err();
        assert!(
            matches!(
                error.kind(),
                ErrorKind::Refused | ErrorKind::Protocol | ErrorKind::NotFound
            ),
            "{url}: {error}"
        );
    }
    println!(
        "{} redirects, {} connections",
        urls.len(),
        reached(&secrets)
    );
    assert_eq!(reached(&secrets), 0);
    assert!(
        gate.requests().len() >= urls.len(),
        "every redirect was asked for"
    );
}

#[tokio::test]
async fn neither_a_crawl_nor_a_sitemap_nor_a_list_leads_to_a_forbidden_address() {
    let secrets = secrets();
    let port = secrets[0].port();
    let urls = forbidden(port);
    let targets = urls.clone();
    let site = Server::start(move |request| match request.path.as_str() {
        "/" => html(
            targets
                .iter()
                .map(|url| format!("<a href=\"{url}\">x</a>"))
                .collect::<String>(),
        ),
        "/sitemap.xml" => {
            let locs: String = targets
                .iter()
                .map(|url| format!("<url><loc>{}</loc></url>", url.replace('&', "&amp;")))
                .collect();
            let lists: String = targets
                .iter()
                .map(|url| format!("<sitemap><loc>{url}</loc></sitemap>"))
                .collect();
            typed("application/xml", format!("<urlset>{locs}{lists}</urlset>"))
        }
        _ => missing(),
    });
    let host = format!("start.example.org:{}", site.port());
    let fetcher = Fetcher::new(open_policy(port).allow_host(&host).unwrap()).unwrap();
    // The crawl is told to follow links to any of these hosts: the fetcher alone is in the
    // way.
    let mut crawl = Crawl::new(&format!("http://{host}/"))
        .unwrap()
        .pause(Duration::ZERO);
    for url in &urls {
        if let Ok(url) = url::Url::parse(url)
            && let Some(host) = url.host_str()
        {
            crawl = crawl.host(host);
        }
    }
    let crawl = crawl.fetcher(fetcher.clone()).ignore_robots();
    let sitemap = Sitemap::new(&format!("http://{host}/sitemap.xml")).unwrap();
    let sitemap = sitemap.fetcher(fetcher.clone());
    let list = Urls::new(&urls).unwrap().fetcher(fetcher.clone());
    let mut tried = 0;
    for loader in [&crawl as &dyn Loader, &sitemap, &list] {
        let items: Vec<_> = loader.load(&()).collect().await;
        tried += items.len();
        for item in &items {
            assert!(!format!("{item:?}").contains("SECRET"), "{item:?}");
        }
    }
    for url in urls.iter().filter(|url| url.starts_with("http")) {
        if let Ok(at) = Sitemap::new(url) {
            let items: Vec<_> = at.fetcher(fetcher.clone()).load(&()).collect().await;
            tried += items.len();
            assert!(items.iter().all(|item| item.is_err()));
        }
    }
    println!("{tried} items, {} connections", reached(&secrets));
    assert_eq!(reached(&secrets), 0);
}

#[tokio::test]
async fn a_name_that_resolves_to_a_forbidden_address_is_not_reached_and_asked_once() {
    let secrets = secrets();
    let port = secrets[0].port();
    let v4: IpAddr = Ipv4Addr::LOCALHOST.into();
    let v6: IpAddr = Ipv6Addr::LOCALHOST.into();
    let mapped: IpAddr = Ipv4Addr::LOCALHOST.to_ipv6_mapped().into();
    let any: IpAddr = Ipv4Addr::UNSPECIFIED.into();
    let private: IpAddr = Ipv4Addr::new(10, 0, 0, 1).into();
    let mut fetches = 0;
    for answers in [
        vec![vec![v4]],
        vec![vec![v6]],
        vec![vec![mapped]],
        vec![vec![any]],
        vec![vec![private, v4], vec![v4]],
        vec![vec![v6, mapped], vec![any], vec![v4]],
        vec![vec![], vec![v4]],
    ] {
        let resolver = Fixed::new(answers);
        let policy = FetchPolicy::default().port(port).resolver(resolver.clone());
        let fetcher = Fetcher::new(policy).unwrap();
        for _ in 0..10 {
            fetches += 1;
            let asked = resolver.asked();
            let error = fetcher
                .get(&format!("http://rebind.example.org:{port}/"))
                .await
                .unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
            // A second look-up is what rebinding needs: its answer would be another one.
            assert!(resolver.asked() - asked <= 1, "asked again");
        }
    }
    println!("{fetches} fetches, {} connections", reached(&secrets));
    assert_eq!(reached(&secrets), 0);
}

#[tokio::test]
async fn an_answer_is_connected_to_as_it_was_checked() {
    let server = Server::start(|_| html("fine"));
    let resolver = Fixed::loopback();
    let host = format!("trusted.example.org:{}", server.port());
    let policy = FetchPolicy::default()
        .resolver(resolver.clone())
        .allow_host(&host)
        .unwrap();
    let fetched = Fetcher::new(policy)
        .unwrap()
        .get(&format!("http://{host}/"))
        .await
        .unwrap();
    assert_eq!(fetched.bytes, b"fine");
    assert_eq!(resolver.asked(), 1, "one look-up a connection");
}

#[tokio::test]
async fn an_allowed_host_is_allowed_under_its_name_and_port_alone() {
    let server = Server::start(|_| html("fine"));
    let port = server.port();
    let with = |host: &str| {
        let policy = FetchPolicy::default()
            .resolver(Fixed::loopback())
            .allow_host(host)
            .unwrap();
        Fetcher::new(policy).unwrap()
    };
    let fetcher = with(&format!("a.example.org:{port}"));
    assert!(
        fetcher
            .get(&format!("http://a.example.org:{port}/"))
            .await
            .is_ok()
    );
    assert!(
        fetcher
            .get(&format!("http://A.Example.ORG.:{port}/"))
            .await
            .is_ok()
    );
    for other in [
        format!("http://b.example.org:{port}/"),
        format!("http://127.0.0.1:{port}/"),
        "http://a.example.org:22/".to_owned(),
        format!("http://a.example.org.evil.org:{port}/"),
    ] {
        let error = fetcher.get(&other).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused, "{other}: {error}");
    }
    assert!(
        with(&format!("[::ffff:127.0.0.1]:{port}"))
            .get(&format!("http://127.0.0.1:{port}/"))
            .await
            .is_err()
    );
    assert!(
        with(&format!("127.0.0.1:{port}"))
            .get(&format!("http://127.1:{port}/"))
            .await
            .is_ok()
    );
    assert!(FetchPolicy::default().allow_host("a/b").is_err());
    assert!(FetchPolicy::default().allow_host("u@h").is_err());
}

/// Run by the test below in a process of its own, which has the variables.
const CHILD: &str = "GORI_TEST_PROXY_CHILD";

#[tokio::test]
async fn proxy_variables_are_not_used() {
    if let Ok(port) = std::env::var(CHILD) {
        let host = format!("target.example.org:{port}");
        let policy = FetchPolicy::default()
            .resolver(Fixed::loopback())
            .allow_host(&host)
            .unwrap();
        let fetched = Fetcher::new(policy)
            .unwrap()
            .get(&format!("http://{host}/"))
            .await
            .unwrap();
        assert_eq!(fetched.bytes, b"direct");
        let port: u16 = port.parse().unwrap();
        let refused = Fetcher::new(open_policy(port)).unwrap();
        assert!(
            refused
                .get(&format!("http://127.0.0.1:{port}/"))
                .await
                .is_err()
        );
        return;
    }
    let proxy = Server::start(|_| html("by the proxy"));
    let target = Server::start(|_| html("direct"));
    let address = format!("http://{}", proxy.address);
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "proxy_variables_are_not_used"]);
    child.env(CHILD, target.port().to_string());
    let names = [
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
    ];
    for name in names {
        child.env(name, &address);
    }
    child.env_remove("NO_PROXY").env_remove("no_proxy");
    let output = child.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    println!(
        "{} variables, {} connections to the proxy",
        names.len(),
        proxy.connections()
    );
    assert_eq!((proxy.connections(), target.requests().len()), (0, 1));
}

#[tokio::test]
async fn a_proxy_is_used_when_told_and_still_leads_to_no_forbidden_address() {
    let proxy = Server::start(|_| html("by the proxy"));
    let resolver = Fixed::new(vec![vec![Ipv4Addr::new(93, 184, 216, 34).into()]]);
    let with = |resolver: Fixed| {
        let policy = FetchPolicy::default().resolver(resolver);
        Fetcher::new(policy.proxy(&format!("http://{}", proxy.address)).unwrap()).unwrap()
    };
    let fetched = with(resolver)
        .get("http://public.example.org/a?b")
        .await
        .unwrap();
    assert_eq!(fetched.bytes, b"by the proxy");
    assert_eq!(proxy.requests()[0].path, "http://public.example.org/a?b");
    for url in [
        "http://127.0.0.1/",
        "http://10.0.0.1/",
        "http://[::1]/",
        "http://localhost/",
    ] {
        let error = with(Fixed::loopback()).get(url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused, "{url}");
    }
    let error = with(Fixed::loopback())
        .get("http://inside.example.org/")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert_eq!(proxy.requests().len(), 1);
}

#[tokio::test]
async fn credentials_stay_with_their_origin() {
    let other = Server::start(|_| html("other"));
    let target = format!("http://other.example.org:{}/", other.port());
    let first = Server::start(move |request| match request.path.as_str() {
        "/away" => redirect(&target),
        _ => html("own"),
    });
    let host = format!("own.example.org:{}", first.port());
    let policy = FetchPolicy::default()
        .resolver(Fixed::loopback())
        .allow_host(&host)
        .unwrap()
        .allow_host(&format!("other.example.org:{}", other.port()))
        .unwrap()
        .authorization(&format!("http://{host}"), "Bearer SECRET")
        .unwrap();
    assert!(!format!("{policy:?}").contains("SECRET"));
    let fetcher = Fetcher::new(policy).unwrap();
    fetcher.get(&format!("http://{host}/")).await.unwrap();
    fetcher.get(&format!("http://{host}/away")).await.unwrap();
    let has = |server: &Server| {
        let requests = server.requests();
        let headers = requests.iter().flat_map(|request| request.headers.clone());
        headers
            .filter(|header| header.starts_with("authorization:"))
            .count()
    };
    assert_eq!((has(&first), has(&other)), (2, 0));
    assert!(
        other.requests()[0]
            .headers
            .iter()
            .all(|header| !header.starts_with("referer"))
    );
}

#[test]
fn neither_a_policy_nor_a_fetcher_shows_a_password() {
    let policy = FetchPolicy::default()
        .proxy("http://user:SECRET@proxy.example.org:8080")
        .unwrap()
        .authorization(
            "https://user:SECRET@docs.example.org/?SECRET",
            "Bearer SECRET",
        )
        .unwrap();
    for shown in [
        format!("{policy:?}"),
        format!("{:?}", Fetcher::new(policy.clone()).unwrap()),
    ] {
        assert!(!shown.contains("SECRET"), "{shown}");
        assert!(shown.contains("proxy.example.org"), "{shown}");
    }
}

fn secret_free(error: &Error) {
    for shown in [error.to_string(), format!("{error:?}")] {
        assert!(!shown.contains("SECRET"), "{shown}");
    }
}

#[tokio::test]
async fn no_error_shows_a_query() {
    let server = Server::start(|request| match request.path.split('?').next().unwrap() {
        "/missing" => missing(),
        "/loop" => redirect("/loop?key=SECRET"),
        "/picture" => typed("image/png", "x"),
        "/broken" => Answer::Whole(
            200,
            vec![("Content-Encoding".into(), "gzip".into())],
            b"no gzip".to_vec(),
        ),
        _ => Answer::Whole(500, vec![("Retry-After".into(), "7".into())], Vec::new()),
    });
    let host = format!("a.example.org:{}", server.port());
    let closed = "a.example.org:1";
    let policy = FetchPolicy::default()
        .resolver(Fixed::loopback())
        .allow_host(&host)
        .unwrap()
        .allow_host(closed)
        .unwrap();
    let fetcher = Fetcher::new(policy).unwrap();
    let cases = [
        (
            format!("http://{host}/missing?key=SECRET#SECRET"),
            ErrorKind::NotFound,
        ),
        (format!("http://{host}/loop?key=SECRET"), ErrorKind::Refused),
        (
            format!("http://{host}/picture?key=SECRET"),
            ErrorKind::Refused,
        ),
        (
            format!("http://{host}/broken?key=SECRET"),
            ErrorKind::Protocol,
        ),
        (
            format!("http://{host}/fails?key=SECRET"),
            ErrorKind::Unavailable,
        ),
        (format!("http://{closed}/?key=SECRET"), ErrorKind::Network),
        (
            "http://user:SECRET@a.example.org/".to_owned(),
            ErrorKind::Refused,
        ),
        ("http://10.0.0.1/?key=SECRET".to_owned(), ErrorKind::Refused),
        (
            "http://[SECRET/?key=SECRET".to_owned(),
            ErrorKind::InvalidInput,
        ),
    ];
    for (url, kind) in cases {
        let error = fetcher.get(&url).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        secret_free(&error);
        if kind == ErrorKind::Unavailable {
            assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
        }
    }
}

fn gzipped(piece: &[u8], times: usize) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..times {
        encoder.write_all(piece).unwrap();
    }
    encoder.finish().unwrap()
}

/// Peak of the memory of this process, in bytes.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap_or_default();
    line.split_whitespace()
        .nth(1)
        .and_then(|kb| kb.parse::<u64>().ok())
        .unwrap_or_default()
        * 1024
}

/// Set in the process of its own in which memory is measured.
const MEMORY_CHILD: &str = "GORI_TEST_MEMORY_CHILD";

#[tokio::test]
async fn no_server_costs_more_than_its_limits() {
    if std::env::var_os(MEMORY_CHILD).is_none() {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args([
            "--exact",
            "no_server_costs_more_than_its_limits",
            "--nocapture",
        ]);
        let output = child.env(MEMORY_CHILD, "1").output().unwrap();
        println!("{}", String::from_utf8_lossy(&output.stdout));
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        return;
    }
    // 1 GiB in 1 MB; 60 MB at just under the ratio; both made before memory is measured.
    let bomb = gzipped(&vec![0; 1 << 20], 1024);
    let noise: Vec<u8> = (0..200u32)
        .flat_map(|i| (i.wrapping_mul(2_654_435_761)).to_le_bytes())
        .collect();
    let slow_bomb = gzipped(&[noise, vec![0; 60_000]].concat(), 1000);
    let server = Server::start(move |request| {
        let gzip = |body: &Vec<u8>| {
            let headers = vec![
                ("Content-Encoding".into(), "gzip".into()),
                ("Content-Type".into(), "text/plain".into()),
            ];
            Answer::Whole(200, headers, body.clone())
        };
        let text = || vec![("Content-Type".into(), "text/plain".into())];
        let ok: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n";
        match request.path.as_str() {
            "/endless" => Answer::Endless(text(), vec![b'x'; 1 << 16], Duration::ZERO),
            "/dripping" => Answer::Endless(text(), b"x".to_vec(), Duration::from_millis(50)),
            "/silent" => Answer::Raw(Vec::new()),
            "/half-a-head" => Answer::Raw(ok.to_vec()),
            "/stalling" => Answer::Raw([ok, &b"Content-Length: 100\r\n\r\nsome"[..]].concat()),
            "/bombing" => gzip(&bomb),
            "/slowly-bombing" => gzip(&slow_bomb),
            "/declared" => Answer::Raw([ok, &b"Content-Length: 99999999999\r\n\r\n"[..]].concat()),
            "/headers" => Answer::Raw([ok, &b"X: y\r\n".repeat(200_000)].concat()),
            "/long-header" => Answer::Raw([ok, b"X: ", &vec![b'y'; 1 << 20][..]].concat()),
            "/redirects" => redirect("/redirects"),
            _ => missing(),
        }
    });
    let host = format!("a.example.org:{}", server.port());
    let policy = FetchPolicy::default()
        .resolver(Fixed::loopback())
        .allow_host(&host)
        .unwrap();
    let mut policy = policy;
    policy.first_byte = Duration::from_millis(800);
    policy.connect = Duration::from_millis(200);
    policy.idle = Duration::from_secs(1);
    policy.total = Duration::from_secs(3);
    let fetcher = Fetcher::new(policy).unwrap();
    let paths = [
        ("/endless", ErrorKind::TooLarge),
        ("/dripping", ErrorKind::Timeout),
        ("/silent", ErrorKind::Timeout),
        ("/half-a-head", ErrorKind::Timeout),
        ("/stalling", ErrorKind::Timeout),
        ("/bombing", ErrorKind::TooLarge),
        ("/slowly-bombing", ErrorKind::TooLarge),
        ("/declared", ErrorKind::TooLarge),
        ("/headers", ErrorKind::Network),
        ("/long-header", ErrorKind::Network),
        ("/redirects", ErrorKind::Refused),
    ];
    let before = peak_memory();
    let start = Instant::now();
    for (path, kind) in paths {
        let start = Instant::now();
        let error = fetcher
            .get(&format!("http://{host}{path}"))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), kind, "{path}: {error}");
        assert!(
            start.elapsed() < Duration::from_secs(5),
            "{path}: {:?}",
            start.elapsed()
        );
    }
    let grown = peak_memory().saturating_sub(before);
    println!(
        "{} servers in {:?}, memory up by {} KiB",
        paths.len(),
        start.elapsed(),
        grown >> 10
    );
    // The server of this test is in the same process; its buffers are counted with the rest.
    assert!(grown <= 64 << 20, "{grown}");
}

#[tokio::test]
async fn dropping_a_fetch_closes_its_connection() {
    let server = Server::start(|_| Answer::Raw(Vec::new()));
    let host = format!("a.example.org:{}", server.port());
    let policy = FetchPolicy::default()
        .resolver(Fixed::loopback())
        .allow_host(&host)
        .unwrap();
    let fetcher = Fetcher::new(policy).unwrap();
    let url = format!("http://{host}/");
    let fetch = tokio::time::timeout(Duration::from_millis(200), fetcher.get(&url));
    assert!(fetch.await.is_err());
    assert_eq!(server.connections(), 1);
}
