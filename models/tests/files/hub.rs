//! A model hub on the loopback, asked by the machine's own curl.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};

use gori_models::files::{Catalogue, Fetch, Hub as Repo, Source};

use crate::bed::{Bed, Heard, assert_whole, content};

/// How the server answers for the weights.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Honest,
    /// Sends this many bytes of an answer and hangs up.
    Cut(usize),
    Missing,
    /// Right in length, wrong in content.
    Wrong,
    /// Never stops sending.
    Endless,
}

struct Server {
    address: String,
    /// The paths and ranges that were asked for.
    asked: Arc<Mutex<Vec<String>>>,
    manner: Arc<Mutex<Manner>>,
}

impl Server {
    fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            address: format!("http://{}", listener.local_addr().unwrap()),
            asked: Arc::default(),
            manner: Arc::new(Mutex::new(manner)),
        };
        let (asked, manner) = (server.asked.clone(), server.manner.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let manner = *manner.lock().unwrap();
                let _ = answer(stream.unwrap(), manner, &asked);
            }
        });
        server
    }

    fn settings(&self, bed: &Bed) -> Fetch {
        let mut model = bed.model();
        let names = ["config.json", "weights.bin"];
        let hub = Source::Hub(Repo {
            repo: "owner/toy".to_owned(),
            revision: "main".to_owned(),
            files: names.map(|n| (format!("data/{n}"), n.to_owned())).to_vec(),
        });
        model.sources.insert(0, hub);
        bed.settings()
            .catalogue(Catalogue::builtin().with(model).unwrap())
            .hub(&self.address)
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn answer(stream: TcpStream, manner: Manner, asked: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(&stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut start = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        if header.trim().is_empty() {
            break;
        }
        if let Some(range) = header.to_lowercase().strip_prefix("range: bytes=") {
            start = range.trim().trim_end_matches('-').parse().unwrap();
        }
    }
    let name = path.rsplit('/').next().unwrap_or_default();
    asked.lock().unwrap().push(format!("{path} from {start}"));
    let mut bytes = content(name);
    let mut out = &stream;
    let manner = if name == "weights.bin" {
        manner
    } else {
        Manner::Honest
    };
    match manner {
        Manner::Missing => {
            return out.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
        }
        Manner::Wrong => bytes[7] ^= 1,
        Manner::Endless => {
            out.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")?;
            // Until the client hangs up, which is an error here.
            loop {
                out.write_all(&[0; 64 * 1024])?;
            }
        }
        Manner::Honest | Manner::Cut(_) => {}
    }
    let rest = &bytes[start..];
    let status = match start {
        0 => "200 OK".to_owned(),
        _ => format!(
            "206 Partial Content\r\ncontent-range: bytes {start}-{}/{}",
            bytes.len() - 1,
            bytes.len()
        ),
    };
    write!(
        out,
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        rest.len()
    )?;
    let sent = match manner {
        Manner::Cut(n) => n.min(rest.len()),
        _ => rest.len(),
    };
    out.write_all(&rest[..sent])?;
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let _ = reader.read(&mut [0; 16]);
    Ok(())
}

/// Says so and gives `false` on a machine without curl, which then has no hub either.
fn have_curl() -> bool {
    let found = Command::new("curl").arg("--version").output().is_ok();
    if !found {
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED: there is no curl on this machine"
        );
    }
    found
}

#[test]
fn the_hub_gives_every_file() {
    if !have_curl() {
        return;
    }
    let (bed, server) = (Bed::new(), Server::start(Manner::Honest));
    assert_whole(&bed.fetch_with(&server.settings(&bed)).unwrap());
    let prefix = "/owner/toy/resolve/main/data";
    let wanted = ["config.json", "weights.bin"].map(|n| format!("{prefix}/{n} from 0"));
    assert_eq!(server.asked(), wanted);
    assert!(bed.calls().is_empty());
}

#[test]
fn a_cut_download_goes_on_from_where_it_was_cut() {
    if !have_curl() {
        return;
    }
    let (bed, server) = (Bed::new(), Server::start(Manner::Cut(100_000)));
    bed.client("npm", "fail");
    bed.client("pip", "fail");
    let settings = server.settings(&bed);
    bed.fetch_with(&settings).unwrap_err();
    let before = server.asked().len();
    *server.manner.lock().unwrap() = Manner::Honest;
    assert_whole(&bed.fetch_with(&settings).unwrap());
    let after = server.asked().split_off(before);
    assert_eq!(after.len(), 1, "{after:?}");
    let start: usize = after[0].rsplit(' ').next().unwrap().parse().unwrap();
    assert!(
        start >= 100_000 && start.is_multiple_of(100_000),
        "{after:?}"
    );
}

#[test]
fn a_hub_that_lacks_the_file_or_lies_sends_to_the_next_source() {
    if !have_curl() {
        return;
    }
    for (manner, said) in [
        (Manner::Missing, "404"),
        (Manner::Wrong, "has the SHA-256"),
        (Manner::Endless, "sends more than the 300007 bytes"),
    ] {
        let (bed, server) = (Bed::new(), Server::start(manner));
        let heard = Heard::new();
        let settings = server.settings(&bed).progress(heard.clone());
        assert_whole(&bed.fetch_with(&settings).unwrap());
        let failed = heard.failed.lock().unwrap();
        assert!(failed[0].starts_with("hub owner/toy: "), "{failed:?}");
        assert!(failed[0].contains(said), "{failed:?}");
        assert_eq!(bed.calls(), ["npm toy-npm"]);
    }
}

#[test]
fn a_hub_that_cannot_be_reached_sends_to_the_next_source() {
    if !have_curl() {
        return;
    }
    let (bed, server) = (Bed::new(), Server::start(Manner::Honest));
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    assert_whole(&bed.fetch_with(&server.settings(&bed).hub(nobody)).unwrap());
    assert_eq!(bed.calls(), ["npm toy-npm"]);
}
